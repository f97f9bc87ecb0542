package rest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/mdp/qrterminal/v3"
	"rsc.io/qr"

	"wagateway/graph/gen"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/whatsapp"
)

// QR is the contract's answer of sessionQR.
type QR = contract.QR

// PairingCode is the contract's answer of sessionPairingCode.
type PairingCode = contract.PairingCode

// inPairingCode is the input of sessionPairingCode.
type inPairingCode struct {
	inSession
	Phone string `json:"phone" required:"true" pattern:"^[1-9][0-9]{6,14}$" description:"The account's number: digits with country code, without +." example:"6281234567890"`
}

func presentQR(c *whatsapp.QRCode) QR { return c.Shape() }

// qrPicture answers with the code as a PNG picture, black on white with the
// quiet zone that scanners need, about 500 pixels wide.
func qrPicture(w http.ResponseWriter, c *whatsapp.QRCode) error {
	// Level L: WhatsApp's codes are long and shown on screens, where nothing gets dirty.
	code, err := qr.Encode(c.Code, qr.L)
	if err != nil {
		return fmt.Errorf("drawing QR code: %w", err)
	}
	writeQR(w, "image/png", code.PNG())
	return nil
}

// qrText answers with the code drawn in half blocks, for a terminal with light
// text on a dark ground: curl -H 'Accept: text/plain' shows it.
func qrText(w http.ResponseWriter, c *whatsapp.QRCode) error {
	var drawing bytes.Buffer
	qrterminal.GenerateHalfBlock(c.Code, qrterminal.L, &drawing)
	writeQR(w, "text/plain; charset=utf-8", drawing.Bytes())
	return nil
}

func writeQR(w http.ResponseWriter, mediaType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body)
}

func pairingRows() []route {
	return []route{
		row(spec{
			Operation: "sessionQR", Tag: tagSessions, Method: http.MethodGet, Pattern: sessionPath + "/qr",
			Field: "Query.sessionQR", Status: http.StatusOK,
			Summary: "The QR code to scan now.",
			Notes: "When none is ready, pairing starts and the answer is 404 until there is one; codes change about every 20 seconds. " +
				"400 when already paired. `Accept: image/png` gives the picture, `Accept: text/plain` draws it for a terminal.",
			Faults: []fault.Code{fault.Validation},
		}, func(ctx context.Context, root gen.ResolverRoot, in inSession) (*whatsapp.QRCode, error) {
			return root.Query().SessionQR(ctx, in.Session)
		}, presentQR,
			representation[*whatsapp.QRCode]{mediaType: "image/png", write: qrPicture},
			representation[*whatsapp.QRCode]{mediaType: "text/plain", write: qrText}),
		row(spec{
			Operation: "sessionPairingCode", Tag: tagSessions, Method: http.MethodPost, Pattern: sessionPath + "/pairing-code",
			Field: "Mutation.sessionPairingCode", Status: http.StatusOK,
			Summary: "A code to type on the phone instead of scanning.",
			Notes:   "400 when the number is malformed or the session is already paired.",
			Faults:  []fault.Code{fault.Upstream},
		}, func(ctx context.Context, root gen.ResolverRoot, in inPairingCode) (*whatsapp.PairingCode, error) {
			p, err := root.Mutation().SessionPairingCode(ctx, in.Session, gen.SessionPairingCodeInput{Phone: in.Phone})
			if err != nil {
				return nil, err
			}
			return p.PairingCode, nil
		}, presentPairingCode),
	}
}

func presentPairingCode(c *whatsapp.PairingCode) PairingCode { return c.Shape() }
