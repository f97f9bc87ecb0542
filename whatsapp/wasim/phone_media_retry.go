package wasim

import (
	"errors"
	"fmt"
	"strconv"

	"go.mau.fi/whatsmeow/proto/waMmsRetry"
	"go.mau.fi/whatsmeow/util/gcmutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"
	"google.golang.org/protobuf/proto"
)

var errMediaRetry = errors.New("media retry request cannot be read")

// ForgetMedia makes the phone answer as if it had none of its files any more
// when a companion asks it to upload one again; false ends that. A phone has the
// file of every message it knows, whether it is expired on the server or not.
func (p *Phone) ForgetMedia(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mediaForgotten = on
}

// answerMediaRetry uploads a file again for a companion that found it expired,
// and tells it the new path; or tells why not.
func (p *Phone) answerMediaRetry(r receiptOut) {
	device := p.companion(r.device)
	body := node{Content: r.content}
	rmr, ok := body.GetOptionalChildByTag("rmr")
	if device == nil || !ok {
		return
	}
	content, err := p.uploadAgain(r.id, rmr, body.GetChildByTag("encrypt"))
	if err != nil {
		p.srv.log.Debug("phone could not answer a media retry", "message_id", r.id, "error", err)
		code := waMmsRetry.MediaRetryNotification_NOT_FOUND
		if errors.Is(err, errMediaRetry) {
			code = waMmsRetry.MediaRetryNotification_DECRYPTION_ERROR
		}
		content = []node{{Tag: "error", Attrs: attrs{"code": strconv.Itoa(int(code))}}}
	}
	content = append(content, node{Tag: "rmr", Attrs: rmr.Attrs})
	device.deliver(node{Tag: "notification", Attrs: attrs{
		"from": p.JID(), "id": r.id, "type": "mediaretry", "t": p.srv.nowText(),
	}, Content: content})
}

// uploadAgain gives the encrypted answer with the file's new path.
func (p *Phone) uploadAgain(id string, rmr, request node) ([]node, error) {
	known, ok := p.find(jidOf(&rmr, "jid"), id)
	part, _ := mediaOf(known.Message)
	if !ok || part == nil {
		return nil, ErrNoMessage
	}
	key := hkdfutil.SHA256(part.GetMediaKey(), nil, []byte("WhatsApp Media Retry Notification"), 32)
	iv := contentOf(request.GetChildByTag("enc_iv"))
	if len(iv) != 12 {
		return nil, errMediaRetry
	}
	var asked waMmsRetry.ServerErrorReceipt
	plain, err := gcmutil.Decrypt(key, iv, contentOf(request.GetChildByTag("enc_p")), []byte(id))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMediaRetry, err)
	}
	if err = proto.Unmarshal(plain, &asked); err != nil || asked.GetStanzaID() != id {
		return nil, errMediaRetry
	}
	p.mu.Lock()
	forgotten := p.mediaForgotten
	p.mu.Unlock()
	file, ok := p.srv.media.get(part.GetDirectPath())
	if forgotten || !ok {
		return nil, ErrNoMedia
	}
	told, err := proto.Marshal(&waMmsRetry.MediaRetryNotification{
		StanzaID: proto.String(id), DirectPath: proto.String(p.srv.media.again(file)), Result: waMmsRetry.MediaRetryNotification_SUCCESS.Enum(),
	})
	if err != nil {
		return nil, fmt.Errorf("marshalling answer: %w", err)
	}
	iv = randomBytes(12)
	sealed, err := gcmutil.Encrypt(key, iv, told, []byte(id))
	if err != nil {
		return nil, fmt.Errorf("encrypting answer: %w", err)
	}
	return []node{{Tag: "encrypt", Content: []node{{Tag: "enc_p", Content: sealed}, {Tag: "enc_iv", Content: iv}}}}, nil
}

// routeMediaRetry gives a companion's request to its own phone.
func (s *Server) routeMediaRetry(r receiptOut) {
	if !s.faults.strikes(FaultPhoneOffline, r.from.number) {
		r.from.answerMediaRetry(r)
	}
}
