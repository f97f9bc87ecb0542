package wasim

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// Phone is an account: a number, the primary device that can be told what to
// do, and the companions linked to it. Its methods may be called from any
// goroutine; acts of one phone take effect in the order of the calls.
type Phone struct {
	srv    *Server
	number string
	name   string // at the beginning; see Name
	lid    types.JID

	renamed      atomic.Pointer[string] // the name in the app state; nil: never changed
	channelTerms atomic.Bool            // a companion may create channels

	// secrets are made at first use, so that adding a phone is cheap.
	once    sync.Once
	secrets *phoneSecrets

	// mu guards the account.
	mu              sync.Mutex
	linked          []*companion // by device number
	lastDevice      uint16
	groups          map[*group]struct{}
	privacy         map[string]string
	blocked         map[string]struct{} // user parts of LIDs
	about           aboutText
	pictureID       string
	audience        statusAudience
	timer           defaultTimer
	business        *BusinessProfile        // nil: an ordinary account
	profileWatcher  map[*companion]struct{} // who has looked at it
	available       bool
	wasOnline       bool      // as those who watch were told last
	lastSeen        time.Time // when it went offline, at first when it was made
	mediaForgotten  bool
	addressing      types.AddressingMode
	presenceWatcher map[*companion]*conn // by the connection they asked on
	presencePhones  map[*Phone]struct{}  // phones that watch
	deviceWatcher   map[*companion]deviceWatch

	app     appState
	history phoneHistory

	sendMu sync.Mutex // one send at a time, so that order on the wire is call order
	signal phoneSignal
	inbox  inbox

	messages journal[messageKey, PhoneMessage]
	receipts journal[int, PhoneReceipt]
	calls    journal[string, PhoneCall]
	presence journal[int, PhonePresence]
	typed    journal[int, PhoneTyping]
	garbled  map[string]int // by message id, under sendMu: see AsUndecryptable
	peers    peerSet
}

// phoneSecrets are the primary device's long-lived keys.
type phoneSecrets struct {
	device *store.Device
	store  *signalStore
}

func newPhone(s *Server, number, lid, name string) *Phone {
	p := &Phone{srv: s, number: number, name: name, lid: types.NewJID(lid, types.HiddenUserServer), lastSeen: s.now()}
	p.messages.limit = s.options.KeepMessages
	p.receipts.limit = s.options.KeepMessages
	p.calls.limit = s.options.KeepMessages
	p.presence.limit = s.options.KeepMessages
	p.typed.limit = s.options.KeepMessages
	p.history.sent.limit = maxSentParts
	return p
}

// JID is the account's phone-number address.
func (p *Phone) JID() types.JID { return pnOf(p.number) }

// LID is the account's hidden address, under which others see it.
func (p *Phone) LID() types.JID { return p.lid }

// Number is the phone number's digits.
func (p *Phone) Number() string { return p.number }

// Name is the push name, as the account was added with it or any of its devices
// has changed it.
func (p *Phone) Name() string {
	if name := p.renamed.Load(); name != nil {
		return *name
	}
	return p.name
}

// Devices lists the linked companions by device number.
func (p *Phone) Devices() []DeviceInfo {
	linked := p.companions()
	infos := make([]DeviceInfo, len(linked))
	for i, device := range linked {
		infos[i] = device.info()
	}
	return infos
}

// SetAddressing chooses the address that the account's own messages carry as
// their sender one to one: LID, which is the default, or the phone number, as
// accounts that have not been migrated do.
func (p *Phone) SetAddressing(mode types.AddressingMode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addressing = mode
}

func (p *Phone) addressingMode() types.AddressingMode {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.addressing
}

// secret gives the keys, making them the first time.
func (p *Phone) secret() *phoneSecrets {
	p.once.Do(func() {
		state := newSignalStore()
		identity := keys.NewKeyPair()
		pn := p.JID()
		p.secrets = &phoneSecrets{store: state, device: &store.Device{
			IdentityKey:    identity,
			RegistrationID: 1 + binary.BigEndian.Uint32(randomBytes(4))%16380,
			SignedPreKey:   identity.CreateSignedPreKey(1),
			ID:             &pn,
			LID:            p.lid,
			Identities:     state, Sessions: state, PreKeys: state, SenderKeys: state,
			AppStateKeys: state, AppState: state,
		}}
	})
	return p.secrets
}

func (p *Phone) identityKey() *keys.KeyPair { return p.secret().device.IdentityKey }
func (p *Phone) registrationID() uint32     { return p.secret().device.RegistrationID }

// bundle hands out the primary device's keys with a new one-time key.
func (p *Phone) bundle() []node {
	secret := p.secret()
	answer := []node{
		{Tag: "registration", Content: binary.BigEndian.AppendUint32(nil, secret.device.RegistrationID)},
		{Tag: "type", Content: []byte{5}},
		{Tag: "identity", Content: secret.device.IdentityKey.Pub[:]},
		keyNode("skey", secret.device.SignedPreKey),
	}
	if oneTime, err := secret.store.GenOnePreKey(context.Background()); err == nil {
		answer = append(answer, keyNode("key", oneTime))
	}
	return answer
}

// companions copies the list of linked devices.
func (p *Phone) companions() []*companion {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.linked)
}

// companion finds a linked device, or nil.
func (p *Phone) companion(id uint16) *companion {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, device := range p.linked {
		if device.id == id {
			return device
		}
	}
	return nil
}

// reserveDevice chooses a device number. Numbers are reused as late as possible.
func (p *Phone) reserveDevice() (uint16, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range maxDeviceID {
		p.lastDevice = p.lastDevice%maxDeviceID + 1
		taken := slices.ContainsFunc(p.linked, func(c *companion) bool { return c.id == p.lastDevice })
		if !taken {
			return p.lastDevice, nil
		}
	}
	return 0, ErrTooManyDevices
}

// addDevice links a device and tells those who cached the device list.
func (p *Phone) addDevice(device *companion) {
	p.mu.Lock()
	p.linked = append(p.linked, device)
	slices.SortFunc(p.linked, func(a, b *companion) int { return int(a.id) - int(b.id) })
	p.mu.Unlock()
	p.announceDevice("add", device)
}

// announceDevice tells a change of the device list to the account's other
// companions and to everybody who asked for the list.
func (p *Phone) announceDevice(change string, changed *companion) {
	p.mu.Lock()
	linked := slices.Clone(p.linked)
	watchers := maps.Clone(p.deviceWatcher)
	p.mu.Unlock()
	byNumber, byLID := p.deviceNews(change, changed, linked)
	for watcher, asked := range watchers {
		if watcher.phone == p {
			continue // hears of it below
		}
		if asked.byNumber {
			watcher.deliver(byNumber)
		}
		if asked.byLID {
			watcher.deliver(byLID)
		}
	}
	pns, _ := deviceLists(p, linked)
	own := make([]node, len(pns))
	for i, jid := range pns {
		own[i] = node{Tag: "device", Attrs: attrs{"jid": jid}}
	}
	sync := node{Tag: "notification", Attrs: attrs{
		"from": p.JID(), "id": p.srv.nextID(), "type": "account_sync", "t": p.srv.nowText(),
	}, Content: []node{{Tag: "devices", Attrs: attrs{"dhash": listHash(pns)}, Content: own}}}
	for _, device := range linked {
		if device != changed {
			device.deliver(sync)
		}
	}
}

// deviceNews are the notifications of a changed device list. whatsmeow ignores
// one under an address whose list it has not cached, so there is one for each
// address.
func (p *Phone) deviceNews(change string, changed *companion, linked []*companion) (byNumber, byLID node) {
	pns, lids := deviceLists(p, linked)
	index := strconv.Itoa(int(changed.id))
	news := func(address, list, device attrs) node {
		address["id"], address["type"], address["t"] = p.srv.nextID(), "devices", p.srv.nowText()
		device["key-index"] = index
		return node{Tag: "notification", Attrs: address, Content: []node{{
			Tag: change, Attrs: list, Content: []node{{Tag: "device", Attrs: device}},
		}}}
	}
	byNumber = news(attrs{"from": p.JID(), "lid": p.lid}, attrs{"device_hash": listHash(pns)}, attrs{"jid": changed.pn()})
	byLID = news(attrs{"from": p.lid}, attrs{"device_hash": listHash(lids)}, attrs{"jid": changed.lid()})
	return byNumber, byLID
}

// deviceLists gives the addresses of the primary device and the companions.
func deviceLists(p *Phone, linked []*companion) (pns, lids []types.JID) {
	pns, lids = []types.JID{p.JID()}, []types.JID{p.lid}
	for _, device := range linked {
		pns, lids = append(pns, device.pn()), append(lids, device.lid())
	}
	return pns, lids
}

// deviceWatch is by which addresses somebody asked for a device list.
type deviceWatch struct{ byNumber, byLID bool }

// devicesFor lists an account's devices for a companion that will cache them
// under the address it asked by.
func (p *Phone) devicesFor(asking *companion, by types.JID) []*companion {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deviceWatcher == nil {
		p.deviceWatcher = map[*companion]deviceWatch{}
	}
	watch := p.deviceWatcher[asking]
	if by.Server == types.HiddenUserServer {
		watch.byLID = true
	} else {
		watch.byNumber = true
	}
	p.deviceWatcher[asking] = watch
	return slices.Clone(p.linked)
}
