package wasim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waServerSync"
	"go.mau.fi/whatsmeow/store"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
)

// appState is an account's state that all of its devices share, such as the
// push name: collections of encrypted patches. Patch n of a collection, from 1,
// has version n.
type appState struct {
	mu          sync.Mutex
	collections map[string][][]byte

	// writing is held while the phone writes a patch, whose hash depends on the
	// one before.
	writing sync.Mutex
	started bool // the phone has written its first patches

	known knownState // what the phone has decoded
}

// appStateIQ takes and gives patches.
func (s *Server) appStateIQ(device *companion, n *node) (node, *StanzaError) {
	request := firstChild(n)
	if request.Tag != "sync" {
		return node{}, ErrBadRequest
	}
	p := device.phone
	var answers []node
	var changed []string
	for _, asked := range request.GetChildrenByTag("collection") {
		conflict := false
		if _, brings := asked.GetOptionalChildByTag("patch"); brings {
			_, conflict = s.faults.take(FaultStateConflict, p.number)
		}
		answer, written := p.app.exchange(&asked, conflict)
		s.spoilPatch(p, &answer)
		if written {
			changed = append(changed, textOf(&asked, "name"))
		}
		answers = append(answers, answer)
	}
	for _, name := range changed {
		p.announceAppState(name, device)
		s.spawn(func() { p.lookAtState(name) })
	}
	return resultOf(n, node{Tag: "sync", Content: answers}), nil
}

// exchange answers one collection: with the patches the device lacks, after
// taking the one it brings. A patch on an old version is a conflict, and any is if
// conflict says so.
func (a *appState) exchange(asked *node, conflict bool) (answer node, written bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name, from := textOf(asked, "name"), numberOf(asked, "version")
	answer = node{Tag: "collection", Attrs: attrs{"name": name}}
	patches := a.collections[name]
	if from < 0 || from > len(patches) {
		from = 0
	}
	if patch, ok := asked.GetOptionalChildByTag("patch"); ok {
		if !conflict && numberOf(asked, "version") == len(patches) {
			a.append(name, contentOf(patch))
			written = true
		} else {
			answer.Attrs["type"] = "error"
			answer.Content = []node{patchNodes(patches, from), {Tag: "error", Attrs: attrs{"code": "409", "text": ErrConflict.Text}}}
		}
	} else if len(patches) > from {
		answer.Content = []node{patchNodes(patches, from)}
	}
	answer.Attrs["version"] = strconv.Itoa(len(a.collections[name]))
	return answer, written
}

// append adds a patch. The caller holds the lock.
func (a *appState) append(name string, patch []byte) {
	if a.collections == nil {
		a.collections = map[string][][]byte{}
	}
	a.collections[name] = append(a.collections[name], patch)
}

// patchNodes writes the patches behind a version. Devices upload them without a
// version, the server adds it; one that is no patch at all is passed on as it is.
func patchNodes(patches [][]byte, from int) node {
	list := make([]node, 0, len(patches)-from)
	for i := from; i < len(patches); i++ {
		raw := patches[i]
		var patch waServerSync.SyncdPatch
		if proto.Unmarshal(raw, &patch) == nil {
			patch.Version = &waServerSync.SyncdVersion{Version: proto.Uint64(uint64(i + 1))}
			if versioned, err := proto.Marshal(&patch); err == nil {
				raw = versioned
			}
		}
		list = append(list, node{Tag: "patch", Content: raw})
	}
	return node{Tag: "patches", Content: list}
}

// spoilPatch lets the broken MAC fault strike the last patch that a device gets.
func (s *Server) spoilPatch(p *Phone, answer *node) {
	list := answer.GetChildByTag("patches")
	patches := list.GetChildren()
	if len(patches) == 0 {
		return
	}
	if _, ok := s.faults.take(FaultStateMAC, p.number); !ok {
		return
	}
	last := &patches[len(patches)-1]
	var patch waServerSync.SyncdPatch
	if proto.Unmarshal(contentOf(*last), &patch) != nil || len(patch.PatchMAC) == 0 {
		return
	}
	patch.PatchMAC[0] ^= 0xff
	if spoiled, err := proto.Marshal(&patch); err == nil {
		last.Content = spoiled
	}
}

// lookAtState lets the phone decode what companions wrote; when it is offline, once
// it is back.
func (p *Phone) lookAtState(name string) {
	if p.srv.faults.strikes(FaultPhoneOffline, p.number) {
		return
	}
	p.app.writing.Lock()
	defer p.app.writing.Unlock()
	processor := appstate.NewProcessor(p.secret().device, waLog.Noop)
	if _, err := p.catchUpLocked(p.srv.ctx, processor, name); err != nil {
		p.srv.log.Warn("phone could not read app state", "collection", name, "error", err)
	}
}

// wakeState is lookAtState for every collection, in the background.
func (p *Phone) wakeState() {
	p.app.mu.Lock()
	names := slices.Collect(maps.Keys(p.app.collections))
	p.app.mu.Unlock()
	for _, name := range names {
		p.srv.spawn(func() { p.lookAtState(name) })
	}
}

// announceAppState tells the account's other companions that a collection changed.
func (p *Phone) announceAppState(name string, except *companion) {
	p.app.mu.Lock()
	version := strconv.Itoa(len(p.app.collections[name]))
	p.app.mu.Unlock()
	for _, device := range p.companions() {
		if device != except {
			device.deliver(p.srv.serverNotification("server_sync", node{
				Tag: "collection", Attrs: attrs{"name": name, "version": version},
			}))
		}
	}
}

// welcome gives a new companion what it needs of the account's state: the key,
// the push name, and the history. It happens once, in the background.
func (p *Phone) welcome(device *companion) {
	device.mu.Lock()
	welcomed := device.welcomed
	device.welcomed = true
	device.mu.Unlock()
	if welcomed {
		return
	}
	p.srv.spawn(func() {
		if err := p.shareAppState(p.srv.ctx, device); err != nil {
			p.srv.log.Warn("app state not shared", "error", err)
		}
		if err := p.giveHistory(p.srv.ctx, device); err != nil {
			p.srv.log.Warn("history not given", "error", err)
		}
	})
}

// giveAppState sends a companion the key of the account's state.
func (p *Phone) giveAppState(device *companion) {
	p.srv.spawn(func() {
		if err := p.shareAppState(p.srv.ctx, device); err != nil {
			p.srv.log.Warn("app state not shared", "error", err)
		}
	})
}

func (p *Phone) shareAppState(ctx context.Context, device *companion) error {
	if err := p.startAppState(ctx); err != nil {
		return err
	}
	state := p.secret().store
	id, err := state.GetLatestAppStateSyncKeyID(ctx)
	if err != nil {
		return fmt.Errorf("finding app state key: %w", err)
	}
	key, err := state.GetAppStateSyncKey(ctx, id)
	if err != nil || key == nil {
		return errors.Join(errors.New("no app state key"), err)
	}
	return p.sendPeer(ctx, device, &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type: waE2E.ProtocolMessage_APP_STATE_SYNC_KEY_SHARE.Enum(),
		AppStateSyncKeyShare: &waE2E.AppStateSyncKeyShare{Keys: []*waE2E.AppStateSyncKey{{
			KeyID:   &waE2E.AppStateSyncKeyId{KeyID: id},
			KeyData: &waE2E.AppStateSyncKeyData{KeyData: key.Data, Timestamp: &key.Timestamp, Fingerprint: keyFingerprint()},
		}}},
	}})
}

// startAppState makes the key and the first patches, once. Nobody is told:
// companions fetch everything when they get the key, and could not read it before.
func (p *Phone) startAppState(ctx context.Context) error {
	p.app.writing.Lock()
	defer p.app.writing.Unlock()
	if p.app.started {
		return nil
	}
	fingerprint, err := proto.Marshal(keyFingerprint())
	if err != nil {
		return fmt.Errorf("marshalling key fingerprint: %w", err)
	}
	if err = p.secret().store.PutAppStateSyncKey(ctx, []byte{0, 0, 0, 0, 0, 1}, store.AppStateSyncKey{
		Data: randomBytes(32), Fingerprint: fingerprint, Timestamp: p.srv.now().UnixMilli(),
	}); err != nil {
		return fmt.Errorf("storing app state key: %w", err)
	}
	if name := p.Name(); name != "" {
		if err = p.mutateLocked(ctx, appstate.BuildSettingPushName(name)); err != nil {
			return err
		}
	}
	p.app.started = true
	return nil
}

func keyFingerprint() *waE2E.AppStateSyncKeyFingerprint {
	return &waE2E.AppStateSyncKeyFingerprint{RawID: proto.Uint32(1), CurrentIndex: proto.Uint32(0), DeviceIndexes: []uint32{0}}
}

// Mutate is the phone writing app state, such as muting a chat. Build the patch
// with whatsmeow's appstate package.
func (p *Phone) Mutate(ctx context.Context, patch appstate.PatchInfo) error {
	if err := p.startAppState(ctx); err != nil {
		return err
	}
	p.app.writing.Lock()
	defer p.app.writing.Unlock()
	if err := p.mutateLocked(ctx, patch); err != nil {
		return err
	}
	p.announceAppState(string(patch.Type), nil)
	return nil
}

// mutateLocked writes a patch on top of what the phone knows of the collection,
// catching up with what companions wrote first.
func (p *Phone) mutateLocked(ctx context.Context, patch appstate.PatchInfo) error {
	secret, name := p.secret(), string(patch.Type)
	processor := appstate.NewProcessor(secret.device, waLog.Noop)
	state, err := p.catchUpLocked(ctx, processor, name)
	if err != nil {
		return err
	}
	id, err := secret.store.GetLatestAppStateSyncKeyID(ctx)
	if err != nil {
		return fmt.Errorf("finding app state key: %w", err)
	}
	encoded, err := processor.EncodePatch(ctx, id, state, patch)
	if err != nil {
		return fmt.Errorf("encoding patch: %w", err)
	}
	p.app.mu.Lock()
	if len(p.app.collections[name]) != int(state.Version) {
		p.app.mu.Unlock()
		return ErrConflict
	}
	p.app.append(name, encoded)
	p.app.mu.Unlock()
	// EncodePatch does not tell the new hash; decoding one's own patch does.
	_, err = p.catchUpLocked(ctx, processor, name)
	return err
}

// catchUpLocked applies the patches that the phone has not seen.
func (p *Phone) catchUpLocked(ctx context.Context, processor *appstate.Processor, name string) (appstate.HashState, error) {
	version, hash, err := p.secret().store.GetAppStateVersion(ctx, name)
	state := appstate.HashState{Version: version, Hash: hash}
	if err != nil {
		return state, fmt.Errorf("reading app state version: %w", err)
	}
	p.app.mu.Lock()
	patches := p.app.collections[name]
	p.app.mu.Unlock()
	if len(patches) == int(version) {
		return state, nil
	}
	list, err := appstate.ParsePatchList(ctx, &node{
		Tag: "collection", Attrs: attrs{"name": name}, Content: []node{patchNodes(patches, int(version))},
	}, nil)
	if err != nil {
		return state, fmt.Errorf("parsing patches: %w", err)
	}
	mutations, state, err := processor.DecodePatches(ctx, list, state, true)
	p.app.known.apply(mutations, p.chatOf)
	if name := p.app.known.pushName(); name != "" {
		p.renamed.Store(&name)
	}
	if err != nil {
		return state, fmt.Errorf("decoding patches: %w", err)
	}
	return state, nil
}
