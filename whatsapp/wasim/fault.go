package wasim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// FaultKind names a way to misbehave.
type FaultKind string

// The faults. "Now" means when the fault is set, for sockets open then.
const (
	// FaultDropSocket cuts sockets now, without a close frame, and further ones
	// when they would become active after their log-in, while the fault lasts.
	FaultDropSocket FaultKind = "drop_socket"
	// FaultWithholdAcks relays a companion's messages but does not acknowledge them.
	FaultWithholdAcks FaultKind = "withhold_acks"
	// FaultDuplicate delivers messages to the phone's companions twice.
	FaultDuplicate FaultKind = "duplicate"
	// FaultReorder delivers a message to a companion behind the one that follows it.
	FaultReorder FaultKind = "reorder"
	// FaultRefuseSend answers a companion's messages with Fault.Code and relays nothing.
	FaultRefuseSend FaultKind = "refuse_send"
	// FaultRefuseQuery answers a companion's questions with Fault.Code: about groups,
	// people, settings, keys, places to upload to, and for a pairing code. Messages,
	// receipts and what keeps the connection alive are spared.
	FaultRefuseQuery FaultKind = "refuse_query"
	// FaultBan cuts sockets now and refuses log-ins: with a temporary ban (402) if
	// the fault ends by itself after For, else for good (403).
	FaultBan FaultKind = "ban"
	// FaultReplaced tells sockets now, and further ones right after their log-in
	// while the fault lasts, that another client took over.
	FaultReplaced FaultKind = "replaced"
	// FaultClientOutdated cuts sockets now and refuses log-ins and registrations
	// as too old (405).
	FaultClientOutdated FaultKind = "client_outdated"
	// FaultSlow delays each stanza to a companion by Fault.Delay, at most until all
	// faults are cleared.
	FaultSlow FaultKind = "slow"
	// FaultOffline is a broken network: sockets are cut now and again as soon as
	// they come back.
	FaultOffline FaultKind = "offline"
	// FaultPhoneOffline leaves the companions alone but lets the phone itself
	// neither receive nor confirm anything until the fault ends.
	FaultPhoneOffline FaultKind = "phone_offline"
	// FaultStateConflict refuses a companion's app state patches as made on an old
	// version (409). A client that gets no newer patches with it tries once more.
	FaultStateConflict FaultKind = "state_conflict"
	// FaultStateMAC breaks the seal of app state patches on their way to a companion.
	FaultStateMAC FaultKind = "state_mac"
	// FaultHistoryCorrupt uploads history whose content is damaged.
	FaultHistoryCorrupt FaultKind = "history_corrupt"
	// FaultHistoryMissing tells of history that cannot be downloaded (404).
	FaultHistoryMissing FaultKind = "history_missing"
	// FaultGroupedReceipts gathers receipts for the phone's messages in groups for
	// Fault.Delay and passes those for one message on in one stanza.
	FaultGroupedReceipts FaultKind = "grouped_receipts"
	// FaultMediaStatus answers downloads of media with the status Fault.Code. This
	// and the other faults of downloads strike the phone whose account uploaded
	// the file; profile pictures are spared.
	FaultMediaStatus FaultKind = "media_status"
	// FaultMediaSlow stops in the middle of a download for Fault.Delay.
	FaultMediaSlow FaultKind = "media_slow"
	// FaultMediaCut ends downloads in the middle.
	FaultMediaCut FaultKind = "media_cut"
	// FaultMediaCorrupt changes a byte of downloads.
	FaultMediaCorrupt FaultKind = "media_corrupt"
	// FaultMediaUpload answers a companion's uploads with the status Fault.Code.
	FaultMediaUpload FaultKind = "media_upload"
)

const (
	// defaultRefusal is the code of FaultRefuseSend: a malformed stanza, in
	// WhatsApp's numbers.
	defaultRefusal = 479
	// defaultQueryRefusal is the code of FaultRefuseQuery: a problem of WhatsApp's own.
	defaultQueryRefusal = 500
	// defaultBanCode is the reason of a temporary ban: sent to too many people.
	defaultBanCode = 101
	defaultDelay   = 200 * time.Millisecond
)

// Fault is one misbehaviour. A fault with neither For nor Count lasts until
// [Server.ClearFaults], except drop_socket and replaced, which then act once, now.
type Fault struct {
	Kind  FaultKind
	Phone string        // digits; empty means every phone
	For   time.Duration // how long it lasts; 0 means no end in time
	Count int           // how many times it acts; 0 means any number
	Code  int           // refuse_send, refuse_query: the error, 0 = 479 and 500; ban: the reason, 0 = 101; media_…: the status, 0 = 404, uploads 500
	Delay time.Duration // slow: per stanza; media_slow: per download; grouped_receipts: to wait; 0 = 200 ms

	until time.Time
}

// ErrUnknownFault is returned by [Server.SetFault] for a kind that does not exist.
var ErrUnknownFault = errors.New("unknown fault kind")

// ErrBadFault is returned by [Server.SetFault] for values that make no sense.
var ErrBadFault = errors.New("bad fault")

// ErrNoPhone is returned for a number nobody added.
var ErrNoPhone = errors.New("no such phone")

// faultTable holds the faults that are set.
type faultTable struct {
	now func() time.Time
	// set is the table's size, read without the lock: the common case is none.
	set   atomic.Int32
	acted *atomic.Int64
	mu    sync.Mutex
	table []*Fault
	ended chan struct{} // closed when all are cleared; nil: nobody waits for that
}

// take asks whether a fault of that kind strikes the phone now, and counts it.
func (t *faultTable) take(kind FaultKind, number string) (Fault, bool) {
	if t.set.Load() == 0 {
		return Fault{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire()
	for i, f := range t.table {
		if f.Kind != kind || (f.Phone != "" && f.Phone != number) {
			continue
		}
		t.acted.Add(1)
		struck := *f
		if f.Count > 0 {
			if f.Count--; f.Count == 0 {
				t.table = slices.Delete(t.table, i, i+1)
				t.set.Store(int32(len(t.table)))
			}
		}
		return struck, true
	}
	return Fault{}, false
}

// strikes asks whether a fault of that kind is set for the phone, without
// counting it.
func (t *faultTable) strikes(kind FaultKind, number string) bool {
	if t.set.Load() == 0 {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire()
	return slices.ContainsFunc(t.table, func(f *Fault) bool { return f.Kind == kind && (f.Phone == "" || f.Phone == number) })
}

// expire drops faults whose time is over. The caller holds the lock.
func (t *faultTable) expire() {
	now := t.now()
	t.table = slices.DeleteFunc(t.table, func(f *Fault) bool { return !f.until.IsZero() && !now.Before(f.until) })
	t.set.Store(int32(len(t.table)))
}

func (t *faultTable) add(f Fault) {
	if f.For > 0 {
		f.until = t.now().Add(f.For)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.table = append(t.table, &f)
	t.set.Store(int32(len(t.table)))
}

func (t *faultTable) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.table = nil
	t.set.Store(0)
	if t.ended != nil {
		close(t.ended)
		t.ended = nil
	}
}

// ending gives a channel that is closed when all faults are cleared.
func (t *faultTable) ending() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended == nil {
		t.ended = make(chan struct{})
	}
	return t.ended
}

// list copies the faults that are still set.
func (t *faultTable) list() []Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire()
	out := make([]Fault, len(t.table))
	for i, f := range t.table {
		out[i] = *f
	}
	return out
}

// check completes a fault and refuses a senseless one.
func (f *Fault) check() error {
	switch f.Kind {
	case FaultDropSocket, FaultWithholdAcks, FaultDuplicate, FaultReorder, FaultReplaced,
		FaultClientOutdated, FaultOffline, FaultPhoneOffline,
		FaultStateConflict, FaultStateMAC, FaultHistoryCorrupt, FaultHistoryMissing:
	case FaultRefuseSend:
		if f.Code == 0 {
			f.Code = defaultRefusal
		}
	case FaultRefuseQuery:
		if f.Code == 0 {
			f.Code = defaultQueryRefusal
		}
	case FaultBan:
		if f.Code == 0 {
			f.Code = defaultBanCode
		}
	case FaultMediaCut, FaultMediaCorrupt:
	case FaultMediaStatus, FaultMediaUpload:
		if err := f.checkStatus(); err != nil {
			return err
		}
	case FaultSlow, FaultMediaSlow, FaultGroupedReceipts:
		if f.Delay == 0 {
			f.Delay = defaultDelay
		}
	default:
		return fmt.Errorf("%w: %q", ErrUnknownFault, f.Kind)
	}
	if f.For < 0 || f.Count < 0 || f.Delay < 0 || f.Code < 0 {
		return fmt.Errorf("%w: %s with a negative value", ErrBadFault, f.Kind)
	}
	return nil
}

// checkStatus completes the status that a media fault answers with.
func (f *Fault) checkStatus() error {
	switch {
	case f.Code == 0 && f.Kind == FaultMediaUpload:
		f.Code = http.StatusInternalServerError
	case f.Code == 0:
		f.Code = http.StatusNotFound
	case f.Code < 400 || f.Code > 599:
		return fmt.Errorf("%w: %d is not the status of a failure", ErrBadFault, f.Code)
	}
	return nil
}

// refusal is the answer to a question that is refused.
func (f Fault) refusal() *StanzaError { return &StanzaError{Code: f.Code, Text: "refused"} }

// banReason is the failure that a ban shows at log-in.
func banReason(f Fault, now time.Time) attrs {
	if f.until.IsZero() {
		return attrs{"reason": "403", "location": "wasim"}
	}
	left := max(1, int(f.until.Sub(now).Round(time.Second)/time.Second))
	return attrs{"reason": "402", "code": strconv.Itoa(f.Code), "expire": strconv.Itoa(left), "location": "wasim"}
}
