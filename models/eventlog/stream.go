package eventlog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// token stands for an organization in stream names and subjects, whatever
// characters its opaque id has; the id itself is in the stream's metadata.
func token(organization string) string {
	sum := sha256.Sum256([]byte(organization))
	return hex.EncodeToString(sum[:16])
}

func streamName(organization string) string { return "EVT_" + token(organization) }

func subjectRoot(organization string) string { return "evt." + token(organization) + "." }

func subject(organization, session, name string) string {
	return subjectRoot(organization) + session + "." + name
}

// ensure makes the organization's stream if it is not there, sets the retention
// of now, and tells whether the stream takes atomic batches. Callers that come
// while the log is asked share the answer; each waits no longer than its context.
func (l *Log) ensure(ctx context.Context, organization string) (atomic bool, err error) {
	l.mu.Lock()
	atomic, ok := l.streams[organization]
	l.mu.Unlock()
	if ok {
		return atomic, nil
	}
	answer := l.making.DoChan(organization, func() (any, error) {
		bounded, cancel := context.WithTimeout(l.life, patience)
		defer cancel()
		return l.makeStream(bounded, organization)
	})
	select {
	case got := <-answer:
		atomic, _ = got.Val.(bool)
		return atomic, got.Err
	case <-ctx.Done():
		return false, Down(fmt.Errorf("making the organization's stream: %w", ctx.Err()))
	}
}

func (l *Log) makeStream(ctx context.Context, organization string) (bool, error) {
	maxBytes := l.config.MaxBytes
	if maxBytes == 0 {
		maxBytes = -1
	}
	stream, err := l.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: streamName(organization), Subjects: []string{subjectRoot(organization) + ">"},
		Storage: jetstream.FileStorage, Discard: jetstream.DiscardOld,
		MaxAge: l.config.Retention, MaxBytes: maxBytes, Replicas: l.config.Replicas,
		Duplicates: min(dedupWindow, l.config.Retention), DenyDelete: true,
		AllowDirect: true, AllowAtomicPublish: true,
		Metadata: map[string]string{"organization": organization},
	})
	if err != nil {
		return false, Down(fmt.Errorf("making the organization's stream: %w", err))
	}
	atomic := stream.CachedInfo().Config.AllowAtomicPublish // a server that does not know it leaves it out
	l.mu.Lock()
	l.streams[organization] = atomic
	readers := l.tails[organization]
	l.mu.Unlock()
	if readers != nil { // before anything is written that they could take for what follows
		readers.standsOn(stream.CachedInfo().Created.UnixNano())
	}
	return atomic, nil
}

// forget makes the next ensure ask the log again: the stream may be gone.
func (l *Log) forget(organization string) {
	l.mu.Lock()
	delete(l.streams, organization)
	l.mu.Unlock()
}

// Info says what the log keeps of one organization: for metrics and lag.
type Info struct {
	First, Last Position // of what is kept; First > Last when nothing is
	Bytes       uint64   // on the disk
	Events      uint64
	FirstAt     int64 // epoch milliseconds when the first was appended, 0 when nothing is kept
	LastAt      int64 // the same of the last

	made int64 // Unix nanoseconds: which stream it is, should another one take its place
}

// Lag tells how many events stand between a reader's position and the end.
func (i Info) Lag(at Position) uint64 {
	if at >= i.Last {
		return 0
	}
	return uint64(i.Last - at)
}

// Expired reports whether the event after a position is no longer kept. Position
// 0 never is: it begins with what is kept.
func (i Info) Expired(at Position) bool { return at != 0 && at+1 < i.First }

// Info asks for the state of an organization's log. One that has no event yet
// gets the zero Info.
func (l *Log) Info(ctx context.Context, organization string) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stream, err := l.js.Stream(ctx, streamName(organization))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return Info{}, nil
	}
	if err != nil {
		return Info{}, Down(fmt.Errorf("asking for the organization's stream: %w", err))
	}
	state := stream.CachedInfo().State
	info := Info{made: stream.CachedInfo().Created.UnixNano(), First: Position(state.FirstSeq), Last: Position(state.LastSeq), Bytes: state.Bytes, Events: state.Msgs}
	if state.Msgs > 0 {
		info.FirstAt, info.LastAt = state.FirstTime.UnixMilli(), state.LastTime.UnixMilli()
	}
	return info, nil
}

// Usage says what the whole log holds, of every organization.
type Usage struct {
	Bytes         uint64
	Organizations int
}

// Usage asks how much the whole log holds.
func (l *Log) Usage(ctx context.Context) (Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	account, err := l.js.AccountInfo(ctx)
	if err != nil {
		return Usage{}, Down(fmt.Errorf("asking for the log's size: %w", err))
	}
	return Usage{Bytes: account.Store, Organizations: account.Streams}, nil
}
