package whatsapp

import (
	"context"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// QRCode is what the phone scans.
type QRCode struct {
	Code      string // the raw text
	ExpiresAt models.Millis
}

// Shape is the code as the contract shows it.
func (c *QRCode) Shape() contract.QR {
	return contract.QR{Code: c.Code, ExpiresAt: int64(c.ExpiresAt)}
}

// PairingCode is what somebody types on the phone.
type PairingCode struct {
	Code      string // eight characters, "ABCD-1234"
	ExpiresAt models.Millis
}

// Shape is the code as the contract shows it.
func (c *PairingCode) Shape() contract.PairingCode {
	return contract.PairingCode{Code: c.Code, ExpiresAt: int64(c.ExpiresAt)}
}

// PairingUpdate is a step of pairing. Do not modify what it points to.
type PairingUpdate struct {
	Status       models.SessionStatus
	StatusReason models.StatusReason
	QR           *QRCode         // to show now; nil: none
	PairingCode  *PairingCode    // to show now; nil: none was asked for
	Session      *models.Session // as stored
}

// differs reports whether two updates are different steps: other things of the session
// may change meanwhile.
func (u PairingUpdate) differs(next PairingUpdate) bool {
	return u.Status != next.Status || u.StatusReason != next.StatusReason || u.Session.Paired() != next.Session.Paired() ||
		orNone(u.QR) != orNone(next.QR) || orNone(u.PairingCode) != orNone(next.PairingCode)
}

// orNone gives what is pointed to; the zero value for nil.
func orNone[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

// SessionQR gives the QR code to show now. When there is none, pairing is started
// and the answer is fault.NotFound with ReasonQRNotReady until there is one. A
// paired session is fault.Validation with ReasonAlreadyPaired.
func (s *Service) SessionQR(ctx context.Context, sessionID string) (*QRCode, error) {
	x, err := s.session(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return order(ctx, x, func(o *owner) (*QRCode, error) {
		if o.row.Paired() {
			return nil, alreadyPaired()
		}
		if o.pairing != nil && o.pairing.qr != nil {
			return o.pairing.qr, nil
		}
		if err := o.start(ctx); err != nil {
			return nil, err
		}
		return nil, fault.New(fault.NotFound, fault.ReasonQRNotReady, "no QR code is ready yet")
	})
}

// SessionPairingCode asks WhatsApp for a code for this number, 7 to 15 digits,
// starting the pairing if need be. It blocks until there is one, at most about
// half a minute. A paired session is fault.Validation with ReasonAlreadyPaired.
func (s *Service) SessionPairingCode(ctx context.Context, sessionID, phone string) (*PairingCode, error) {
	number, err := address.ParsePhone("phone", phone)
	if err != nil {
		return nil, err
	}
	x, err := s.session(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timing.Login)
	defer cancel()
	answer, err := order(ctx, x, func(o *owner) (<-chan codeAnswer, error) {
		if o.row.Paired() {
			return nil, alreadyPaired()
		}
		if err := o.start(ctx); err != nil {
			return nil, err
		}
		return o.requestCode(number), nil
	})
	if err != nil {
		return nil, err
	}
	select {
	case a := <-answer:
		return a.code, a.err
	case <-x.mail.closed:
		return nil, x.ended()
	case <-ctx.Done():
		return nil, fault.New(fault.Upstream, fault.ReasonTimeout, "WhatsApp did not answer in time").Because(ctx.Err())
	}
}

func alreadyPaired() error {
	return fault.New(fault.Validation, fault.ReasonAlreadyPaired, "the session is already paired")
}
