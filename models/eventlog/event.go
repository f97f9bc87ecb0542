package eventlog

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Event is one event of the contract (§6) and where it stands in the log.
type Event struct {
	Seq          Position        // set by the log, 0 before
	ID           string          // "evt_" and a ULID; unique
	Organization string          // opaque, from the identity provider
	Session      string          // ULID
	Name         string          // "message", "message.status", …
	Key          string          // what order is kept by, e.g. the chat; "" is fine
	At           int64           // epoch milliseconds
	Payload      json.RawMessage // JSON; nil stands for {}
}

// Position is a place in one organization's log: that of an event with this
// sequence number. 0 is before the first event that is kept.
type Position uint64

// Filter chooses events of one organization. Empty fields choose all.
type Filter struct {
	Organization string // required
	Session      string
	Names        []string
}

// envelope is the contract's JSON, field by field in its order.
type envelope struct {
	Schema       string          `json:"schema"`
	ID           string          `json:"id"`
	Event        string          `json:"event"`
	Session      string          `json:"session"`
	Organization string          `json:"organization"`
	Timestamp    int64           `json:"timestamp"`
	Payload      json.RawMessage `json:"payload"`
}

// headerKey carries Event.Key, which is no part of the contract's envelope.
const headerKey = "Event-Key"

var (
	idShape    = regexp.MustCompile(`^evt_[0-7][0-9A-HJKMNP-TV-Z]{25}$`)
	tokenShape = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	nameShape  = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)*$`)
)

// Envelope gives the contract's JSON, the same bytes on every channel. It fails
// when Payload is no JSON.
func (e Event) Envelope() ([]byte, error) {
	payload := e.Payload
	if payload == nil {
		payload = json.RawMessage("{}")
	}
	body, err := json.Marshal(envelope{"v1", e.ID, e.Name, e.Session, e.Organization, e.At, payload})
	if err != nil {
		return nil, fmt.Errorf("encoding event %s: %w", e.ID, err)
	}
	return body, nil
}

func (e Event) message() (*nats.Msg, error) {
	if !idShape.MatchString(e.ID) || !tokenShape.MatchString(e.Session) || !nameShape.MatchString(e.Name) || e.Organization == "" {
		return nil, fmt.Errorf("event %q of session %q named %q cannot be logged", e.ID, e.Session, e.Name)
	}
	body, err := e.Envelope()
	if err != nil {
		return nil, err
	}
	msg := nats.NewMsg(subject(e.Organization, e.Session, e.Name))
	msg.Data = body
	msg.Header.Set(jetstream.MsgIDHeader, e.ID)
	if e.Key != "" {
		msg.Header.Set(headerKey, e.Key)
	}
	return msg, nil
}

func decode(msg jetstream.Msg, at Position) (Event, error) {
	var body envelope
	if err := json.Unmarshal(msg.Data(), &body); err != nil {
		return Event{}, fmt.Errorf("decoding event at %d: %w", at, err)
	}
	return Event{
		Seq: at, ID: body.ID, Organization: body.Organization, Session: body.Session, Name: body.Event,
		Key: msg.Headers().Get(headerKey), At: body.Timestamp, Payload: body.Payload,
	}, nil
}

func (f Filter) matches(e Event) bool {
	return (f.Session == "" || f.Session == e.Session) && (len(f.Names) == 0 || slices.Contains(f.Names, e.Name))
}
