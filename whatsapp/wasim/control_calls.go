package wasim

import (
	"net/http"
	"time"
)

type callJSON struct {
	ID         string    `json:"id"`
	From       string    `json:"from"`
	To         string    `json:"to"`
	Video      bool      `json:"video"`
	FromMe     bool      `json:"fromMe"`
	State      CallState `json:"state"`
	Reason     string    `json:"reason"`
	At         time.Time `json:"at"`
	RejectedBy []string  `json:"rejectedBy"`
}

func (c PhoneCall) json() callJSON {
	return callJSON{
		ID: c.ID, From: c.From.String(), To: c.To.String(), Video: c.Video, FromMe: c.FromMe, State: c.State, Reason: c.Reason,
		At: c.At.UTC(), RejectedBy: textsOf(c.RejectedBy),
	}
}

func (s *Server) controlCalls(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	calls := p.Calls()
	out := make([]callJSON, len(calls))
	for i, c := range calls {
		out[i] = c.json()
	}
	return map[string]any{"calls": out}, nil
}

func (s *Server) controlPlaceCall(r *http.Request) (any, error) {
	p, body, err := phoneBody[struct {
		To    string `json:"to"`
		Video bool   `json:"video"`
	}](s, r)
	if err != nil {
		return nil, err
	}
	to, err := address(body.To)
	if err != nil {
		return nil, err
	}
	id, err := p.Call(r.Context(), to, body.Video)
	if err != nil {
		return nil, err
	}
	return p.callJSON(id), nil
}

// callJSON shows one call; the zero call if there is none.
func (p *Phone) callJSON(id string) callJSON {
	entry, _ := p.calls.get(id)
	return entry.json()
}

// endJSON is why a call ends; the body may be left out.
type endJSON struct {
	Reason string `json:"reason"`
}

// controlAnswerCall accepts, rejects or ends a call.
func (s *Server) controlAnswerCall(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	var body endJSON
	if r.ContentLength != 0 {
		if body, err = readBody[endJSON](r); err != nil {
			return nil, err
		}
	}
	id, act := r.PathValue("id"), r.PathValue("act")
	switch act {
	case "accept":
		err = p.AcceptCall(r.Context(), id)
	case "reject":
		err = p.RejectCall(r.Context(), id)
	case "terminate":
		err = p.EndCall(r.Context(), id, body.Reason)
	default:
		return nil, &controlError{http.StatusNotFound, "a call can be accepted, rejected or terminated"}
	}
	if err != nil {
		return nil, err
	}
	return p.callJSON(id), nil
}
