package wasim

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// deviceRef names a device of an account; device 0 is the phone.
type deviceRef struct {
	phone  *Phone
	device uint16
}

// envelope is a message on its way from one device to all it is for.
type envelope struct {
	sender *Phone
	device uint16 // of the sender; 0 is the phone itself
	id     string
	to     types.JID
	at     time.Time

	// attrs are those that recipients see too: type, edit, category.
	attrs attrs
	// common are the children that recipients see besides their own <enc>.
	common []node
	// each holds the encryption for one device.
	each map[deviceRef]node
	// shared is the sender key encryption for everybody in a group.
	shared []node
	// direct is the only encryption of a message to one device: an answer to a
	// retry receipt, or a message to the sender's own phone.
	direct *node
	// participant and recipient complete the address of a direct message.
	participant, recipient types.JID
	// clear is the message itself, from a phone for other phones.
	clear *waE2E.Message
	// phash is the sender's view of all devices concerned.
	phash string
	// plain is what goes to a channel, <plaintext> or <reaction>; serverID is the
	// channel's message that a reaction is for, mediaID the handle of a file's upload.
	plain    *node
	serverID int
	mediaID  string
	// labels are what the encryptions of a phone's message say of it, readers who
	// is to get a story.
	labels  attrs
	readers []*Phone
	// unavailable and garbled replace the encryptions for companions.
	unavailable string
	garbled     bool
}

// accepted is the server's answer to a message.
type accepted struct {
	at time.Time
	// code is the error, 0 if the message was taken.
	code int
	// phash is the server's view of all devices concerned, if it matters.
	phash string
	// serverID is the number of a message in its channel, else 0.
	serverID int
}

// companionMessage takes a message from a companion: relay it, acknowledge it.
func (s *Server) companionMessage(c *conn, device *companion, n *node) {
	number := device.phone.number
	if refusal, ok := s.faults.take(FaultRefuseSend, number); ok {
		s.stats.refused.Add(1)
		c.send(messageAck(n, accepted{at: s.now(), code: refusal.Code}))
		return
	}
	outcome := s.relay(s.open(device, n))
	if _, ok := s.faults.take(FaultWithholdAcks, number); ok {
		return
	}
	c.send(messageAck(n, outcome))
}

// messageAck acknowledges a message. Its time is the one that callers see.
func messageAck(n *node, outcome accepted) node {
	a := attrs{"class": "message", "id": n.Attrs["id"], "from": n.Attrs["to"], "t": unixText(outcome.at)}
	copyAttrs(a, n.Attrs, "type", "participant")
	if outcome.code != 0 {
		a["error"] = outcome.code
	}
	if outcome.phash != "" {
		a["phash"] = outcome.phash
	}
	if outcome.serverID != 0 {
		a["server_id"] = outcome.serverID
	}
	return node{Tag: "ack", Attrs: a}
}

// open reads a companion's message stanza.
func (s *Server) open(from *companion, n *node) *envelope {
	e := &envelope{
		sender: from.phone, device: from.id, id: textOf(n, "id"), to: jidOf(n, "to").ToNonAD(), at: s.now(),
		attrs: attrs{}, phash: textOf(n, "phash"),
		participant: jidOf(n, "participant"), recipient: jidOf(n, "recipient"),
	}
	copyAttrs(e.attrs, n.Attrs, "type", "edit", "category")
	for _, child := range n.GetChildren() {
		switch child.Tag {
		case "participants":
			e.each = s.openParticipants(child)
		case "enc":
			if textOf(&child, "type") == "skmsg" {
				e.shared = append(e.shared, child)
			} else {
				e.direct = &child
				e.to = jidOf(n, "to") // a direct message names the device
			}
		case "plaintext", "reaction":
			e.plain, e.serverID, e.mediaID = &child, numberOf(n, "server_id"), textOf(n, "media_id")
		case "device-identity", "meta", "biz", "bot":
			e.common = append(e.common, child)
		}
	}
	return e
}

// openParticipants reads who gets which encryption.
func (s *Server) openParticipants(list node) map[deviceRef]node {
	each := map[deviceRef]node{}
	for _, to := range list.GetChildren() {
		jid := jidOf(&to, "jid")
		enc, ok := to.GetOptionalChildByTag("enc")
		phone := s.phoneOf(jid)
		if ok && phone != nil {
			each[deviceRef{phone, jid.Device}] = enc
		}
	}
	return each
}

// listHash is WhatsApp's hash of a list of devices, which tells a sender that
// its list is outdated.
func listHash(devices []types.JID) string {
	texts := make([]string, len(devices))
	for i, jid := range devices {
		texts[i] = jid.ADString()
	}
	slices.Sort(texts)
	sum := sha256.Sum256([]byte(strings.Join(texts, "")))
	return "2:" + base64.RawStdEncoding.EncodeToString(sum[:6])
}
