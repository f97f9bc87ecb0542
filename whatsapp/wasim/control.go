package wasim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"go.mau.fi/whatsmeow/types"
)

// maxControlBody bounds a control request's body.
const maxControlBody = 1 << 20

// handler serves everything on the one address: what clients of WhatsApp ask
// for, and the control API beside it.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws/chat", s.serveSocket)
	mux.HandleFunc("POST /mms/", s.upload)
	mux.HandleFunc("POST /newsletter/", s.upload)
	mux.HandleFunc("DELETE /mms/", s.removeFile)
	mux.HandleFunc("GET /mms/", s.download)
	mux.HandleFunc("GET /blob/", s.download)
	mux.HandleFunc("GET /{$}", s.versionPage)
	s.control(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, &controlError{http.StatusNotFound, "no such path: " + r.URL.Path})
	})
	return mux
}

// versionPage is what whatsmeow.GetLatestVersion reads.
func (s *Server) versionPage(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintf(w, `{"client_revision":%d,"server":"wasim"}`, s.options.LatestRevision)
}

// control adds the control API: a row per call.
func (s *Server) control(mux *http.ServeMux) {
	routes := []struct {
		method, path string
		call         func(*http.Request) (any, error)
	}{
		{"GET", "/info", s.controlInfo},
		{"GET", "/stats", func(*http.Request) (any, error) { return s.Stats(), nil }},
		{"GET", "/phones", s.controlPhones},
		{"POST", "/phones", s.controlAddPhone},
		{"GET", "/phones/{phone}", s.controlPhone},
		{"POST", "/phones/{phone}/scan", s.controlScan},
		{"POST", "/phones/{phone}/enter-code", s.controlEnterCode},
		{"GET", "/phones/{phone}/messages", s.controlMessages},
		{"POST", "/phones/{phone}/messages", s.controlSend},
		{"GET", "/phones/{phone}/messages/{id}/media", s.controlFile},
		{"POST", "/phones/{phone}/forget-media", s.controlForgetMedia},
		{"POST", "/media/expire", s.controlExpire},
		{"GET", "/phones/{phone}/receipts", s.controlReceipts},
		{"POST", "/phones/{phone}/read", s.controlRead},
		{"POST", "/phones/{phone}/typing", s.controlTyping},
		{"POST", "/phones/{phone}/available", s.controlAvailable},
		{"POST", "/phones/{phone}/watch", s.controlWatch},
		{"GET", "/phones/{phone}/seen", s.controlSeen},
		{"GET", "/phones/{phone}/calls", s.controlCalls},
		{"POST", "/phones/{phone}/calls", s.controlPlaceCall},
		{"POST", "/phones/{phone}/calls/{id}/{act}", s.controlAnswerCall},
		{"POST", "/phones/{phone}/channels", s.controlCreateChannel},
		{"POST", "/phones/{phone}/channels/{jid}/messages", s.controlPost},
		{"POST", "/phones/{phone}/channels/{jid}/follow", s.controlFollow},
		{"POST", "/phones/{phone}/channels/{jid}/mute", s.controlMuteChannel},
		{"POST", "/phones/{phone}/logout-devices", s.controlLogout},
		{"GET", "/phones/{phone}/state", s.controlState},
		{"POST", "/phones/{phone}/state", s.controlSetState},
		{"POST", "/phones/{phone}/labels", s.controlLabel},
		{"POST", "/phones/{phone}/contacts", s.controlContact},
		{"GET", "/phones/{phone}/profile", s.controlProfile},
		{"POST", "/phones/{phone}/profile", s.controlSetProfile},
		{"POST", "/phones/{phone}/block", s.controlBlock},
		{"POST", "/phones/{phone}/privacy", s.controlPrivacy},
		{"POST", "/phones/{phone}/history", s.controlHistory},
		{"POST", "/phones/{phone}/groups", s.controlCreateGroup},
		{"POST", "/phones/{phone}/join", s.controlJoin},
		{"POST", "/phones/{phone}/leave", s.controlLeave},
		{"GET", "/groups", s.controlGroups},
		{"GET", "/groups/{jid}", s.controlGroup},
		{"PATCH", "/groups/{jid}", s.controlChangeGroup},
		{"POST", "/groups/{jid}/members", s.controlMembers},
		{"POST", "/groups/{jid}/links", s.controlLinks},
		{"GET", "/channels", s.controlChannels},
		{"GET", "/channels/{jid}", s.controlChannel},
		{"GET", "/faults", s.controlFaults},
		{"POST", "/faults", s.controlSetFault},
		{"DELETE", "/faults", s.controlClearFaults},
	}
	// A page in a browser on this machine must not be able to play the phones.
	sameOrigin := http.NewCrossOriginProtection()
	paths := map[string]bool{}
	for _, route := range routes {
		mux.Handle(route.method+" "+route.path, sameOrigin.Handler(localOnly(controlCall(route.call))))
		if !paths[route.path] {
			paths[route.path] = true
			mux.HandleFunc(route.path, func(w http.ResponseWriter, r *http.Request) {
				fail(w, &controlError{http.StatusMethodNotAllowed, r.Method + " is not offered here"})
			})
		}
	}
}

// localOnly refuses callers from other machines.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			fail(w, &controlError{http.StatusForbidden, "the control API answers to this machine only"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// controlCall turns a call into a handler: its value becomes JSON, its error a
// status.
func controlCall(call func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
		value, err := call(r)
		if err != nil {
			fail(w, err)
			return
		}
		writeJSON(w, http.StatusOK, value)
	})
}

// controlError is an error with the status it is told with.
type controlError struct {
	status  int
	message string
}

func (e *controlError) Error() string { return e.message }

func badRequest(format string, a ...any) error {
	return &controlError{http.StatusBadRequest, fmt.Sprintf(format, a...)}
}

// fail tells an error.
func fail(w http.ResponseWriter, err error) {
	writeJSON(w, statusOf(err), map[string]string{"error": err.Error()})
}

// statusOf gives the status of an error of this package.
func statusOf(err error) int {
	var told *controlError
	var refusal *StanzaError
	switch {
	case errors.As(err, &told):
		return told.status
	case errors.Is(err, ErrNoPhone), errors.Is(err, ErrUnknownCode), errors.Is(err, ErrNoMessage), errors.Is(err, ErrNoMedia):
		return http.StatusNotFound
	case errors.Is(err, ErrWrongKind), errors.Is(err, ErrMediaBroken):
		return http.StatusConflict
	case errors.Is(err, ErrBadNumber), errors.Is(err, ErrBadCode), errors.Is(err, ErrUnknownFault), errors.Is(err, ErrBadFault):
		return http.StatusBadRequest
	case errors.Is(err, ErrPhoneExists), errors.Is(err, ErrWrongCode), errors.Is(err, ErrPairingRefused),
		errors.Is(err, ErrPairingEnded), errors.Is(err, ErrTooManyDevices):
		return http.StatusConflict
	case errors.As(err, &refusal):
		return statusOfRefusal(refusal)
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.Is(err, ErrClosed), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// statusOfRefusal tells WhatsApp's refusals in three statuses: what does not
// exist, what cannot be asked, and what may not be done.
func statusOfRefusal(refusal *StanzaError) int {
	switch refusal.Code {
	case ErrNotFound.Code:
		return http.StatusNotFound
	case ErrBadRequest.Code, ErrNotAcceptable.Code:
		return http.StatusBadRequest
	}
	return http.StatusConflict
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// readBody reads a JSON object into the type, strictly: no unknown field, nothing
// behind it.
func readBody[T any](r *http.Request) (T, error) {
	var body T
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return body, &controlError{http.StatusRequestEntityTooLarge, "body too large"}
		}
		return body, badRequest("body is not the expected JSON: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return body, badRequest("something follows the JSON object")
	}
	return body, nil
}

// pathPhone finds the phone in the path.
func (s *Server) pathPhone(r *http.Request) (*Phone, error) {
	number := r.PathValue("phone")
	p, ok := s.Phone(number)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoPhone, number)
	}
	return p, nil
}

// address reads an account or group as callers write it: digits, a JID by phone
// number or LID, or a group's JID.
func address(text string) (types.JID, error) {
	if validNumber(text) {
		return pnOf(text), nil
	}
	jid, err := types.ParseJID(text)
	if err != nil || jid.User == "" || (!isUser(jid) && jid.Server != types.GroupServer) {
		return types.EmptyJID, badRequest("%q is neither a phone number nor a JID of an account or group", text)
	}
	return jid, nil
}

func addresses(texts []string) ([]types.JID, error) {
	jids := make([]types.JID, len(texts))
	for i, text := range texts {
		jid, err := address(text)
		if err != nil {
			return nil, err
		}
		if jid.Server == types.GroupServer {
			return nil, badRequest("%q is a group", text)
		}
		jids[i] = jid
	}
	return jids, nil
}

func (s *Server) controlInfo(*http.Request) (any, error) {
	return map[string]string{"url": s.URL(), "rootKey": s.RootKeyHex()}, nil
}
