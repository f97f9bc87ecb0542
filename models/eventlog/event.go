package eventlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Event is one event of the contract (§6) and where it stands in the log.
//
// Fields of an event that was read share memory with all of its readers: do not
// modify them, nor what they point to.
type Event struct {
	Seq          Position        // set by the log, 0 before
	ID           string          // "evt_" and a ULID; unique
	Organization string          // opaque, from the identity provider
	Session      string          // ULID
	Name         string          // "message", "message.status", …
	Key          string          // what order is kept by, e.g. the chat; "" is fine
	At           int64           // epoch milliseconds
	Payload      json.RawMessage // JSON; nil stands for {}

	stored []byte // the envelope of an event that was read, of which Payload is a part
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

// MaxEnvelope is how many bytes an event's envelope may have: a payload of 1 MiB
// and what stands around it. A larger one is refused for ever.
const MaxEnvelope = 1<<20 + 8<<10

// ErrUnloggable marks the error of an event that can never be logged: its
// fields are not of the shapes above, or it is too large.
var ErrUnloggable = errors.New("the event cannot be logged")

// Headers carry what readers need, so that they parse no JSON. The id is in
// JetStream's own header, session and name are in the subject.
const (
	headerKey     = "Event-Key"
	headerAt      = "Event-At"
	headerPayload = "Event-Payload" // where in the envelope the payload begins
)

var (
	idShape    = regexp.MustCompile(`^evt_[0-7][0-9A-HJKMNP-TV-Z]{25}$`)
	tokenShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	nameShape  = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)*$`)
	keyShape   = regexp.MustCompile(`^([!-~]([ -~]{0,254}[!-~])?)?$`) // a header keeps no other bytes
)

// Envelope gives the contract's JSON, the same bytes on every channel. Of an
// event that was read these are the bytes in the log. It fails when Payload is
// no JSON.
func (e Event) Envelope() ([]byte, error) {
	if e.stored != nil {
		return e.stored, nil
	}
	body, _, err := e.encode()
	return body, err
}

// encode makes the envelope, field by field in the contract's order, and tells
// where its payload begins.
func (e Event) encode() (body []byte, payload int, err error) {
	var out bytes.Buffer
	out.Grow(len(e.Payload) + 256)
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	head := struct {
		Schema       string `json:"schema"`
		ID           string `json:"id"`
		Event        string `json:"event"`
		Session      string `json:"session"`
		Organization string `json:"organization"`
		Timestamp    int64  `json:"timestamp"`
	}{"v1", e.ID, e.Name, e.Session, e.Organization, e.At}
	if err = encoder.Encode(head); err != nil {
		return nil, 0, fmt.Errorf("encoding event %s: %w", e.ID, err)
	}
	out.Truncate(out.Len() - len("}\n"))
	out.WriteString(`,"payload":`)
	payload = out.Len()
	if e.Payload == nil {
		out.WriteString("{}")
	} else if err = json.Compact(&out, e.Payload); err != nil {
		return nil, 0, fmt.Errorf("encoding event %s: %w", e.ID, err)
	}
	out.WriteByte('}')
	return out.Bytes(), payload, nil
}

// message makes what is published. Its errors are [ErrUnloggable].
func (e Event) message() (*nats.Msg, error) {
	if !idShape.MatchString(e.ID) || !tokenShape.MatchString(e.Session) || !nameShape.MatchString(e.Name) ||
		!keyShape.MatchString(e.Key) || e.Organization == "" {
		return nil, fmt.Errorf("event %q of session %q named %q: %w", e.ID, e.Session, e.Name, ErrUnloggable)
	}
	body, payload, err := e.encode()
	if err != nil {
		return nil, errors.Join(ErrUnloggable, err)
	}
	if len(body) > MaxEnvelope {
		return nil, fmt.Errorf("event %s has %d bytes, more than %d: %w", e.ID, len(body), MaxEnvelope, ErrUnloggable)
	}
	msg := &nats.Msg{Subject: subject(e.Organization, e.Session, e.Name), Data: body, Header: nats.Header{
		jetstream.MsgIDHeader: {e.ID},
		headerAt:              {strconv.FormatInt(e.At, 10)},
		headerPayload:         {strconv.Itoa(payload)},
	}}
	if e.Key != "" {
		msg.Header.Set(headerKey, e.Key)
	}
	return msg, nil
}

// decode reads a stored message. What somebody else wrote into the stream has no
// id and is chosen by no filter: it must not stop the readers.
func decode(organization string, msg *nats.Msg) (Event, error) {
	seq, err := strconv.ParseUint(told(msg, jetstream.SequenceHeader), 10, 64)
	if err != nil {
		return Event{}, fmt.Errorf("reading an event's position: %w", err)
	}
	e := Event{Seq: Position(seq), Organization: organization}
	_, rest, ours := strings.Cut(told(msg, jetstream.SubjectHeader), subjectRoot(organization))
	session, name, named := strings.Cut(rest, ".")
	at, timed := number(msg.Header.Get(headerAt))
	payload, placed := number(msg.Header.Get(headerPayload))
	if !ours || !named || !timed || !placed || payload <= 0 || payload >= int64(len(msg.Data)-1) {
		return e, nil
	}
	e.ID, e.Session, e.Name, e.Key, e.At = msg.Header.Get(jetstream.MsgIDHeader), session, name, msg.Header.Get(headerKey), at
	e.stored, e.Payload = msg.Data, json.RawMessage(msg.Data[payload:len(msg.Data)-1])
	return e, nil
}

// told gives a header that the server adds: it comes after any of the same name
// that was stored.
func told(msg *nats.Msg, header string) string {
	values := msg.Header.Values(header)
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

func number(text string) (n int64, ok bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

func (f Filter) matches(e Event) bool {
	return e.ID != "" && (f.Session == "" || f.Session == e.Session) && (len(f.Names) == 0 || slices.Contains(f.Names, e.Name))
}
