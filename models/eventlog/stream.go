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

func subject(organization, session, name string) string {
	return "evt." + token(organization) + "." + session + "." + name
}

// ensure makes the organization's stream if it is not there, and sets the
// retention of now.
func (l *Log) ensure(ctx context.Context, organization string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.streams[organization] {
		return nil
	}
	maxBytes := l.config.MaxBytes
	if maxBytes == 0 {
		maxBytes = -1
	}
	_, err := l.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: streamName(organization), Subjects: []string{"evt." + token(organization) + ".>"},
		Storage: jetstream.FileStorage, Discard: jetstream.DiscardOld,
		MaxAge: l.config.Retention, MaxBytes: maxBytes, Replicas: l.config.Replicas,
		Duplicates: min(dedupWindow, l.config.Retention), DenyDelete: true,
		Metadata: map[string]string{"organization": organization},
	})
	if err != nil {
		return Down(fmt.Errorf("making the organization's stream: %w", err))
	}
	l.streams[organization] = true
	return nil
}

// Info says what the log keeps of one organization: for metrics and lag.
type Info struct {
	First, Last Position // of what is kept; First > Last when nothing is
	Bytes       uint64
	Events      uint64
	FirstAt     int64 // epoch milliseconds when the first was appended, 0 when nothing is kept
	LastAt      int64 // the same of the last
}

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
	info := Info{First: Position(state.FirstSeq), Last: Position(state.LastSeq), Bytes: state.Bytes, Events: state.Msgs}
	if state.Msgs > 0 {
		info.FirstAt, info.LastAt = state.FirstTime.UnixMilli(), state.LastTime.UnixMilli()
	}
	return info, nil
}
