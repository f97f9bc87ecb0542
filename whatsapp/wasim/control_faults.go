package wasim

import (
	"encoding/json"
	"net/http"
	"time"
)

// duration is a time span as callers write it: "1.5s", or a number of seconds.
type duration time.Duration

// UnmarshalJSON reads either form.
func (d *duration) UnmarshalJSON(data []byte) error {
	var seconds float64
	if json.Unmarshal(data, &seconds) == nil {
		if seconds < 0 || seconds > (365*24*time.Hour).Seconds() {
			return badRequest("a duration must be between 0 and a year")
		}
		*d = duration(seconds * float64(time.Second))
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return badRequest("a duration is a text such as \"5s\" or a number of seconds")
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return badRequest("%q is not a duration such as \"5s\"", text)
	}
	*d = duration(parsed)
	return nil
}

type faultRequest struct {
	Kind  FaultKind `json:"kind"`
	Phone string    `json:"phone"`
	For   duration  `json:"for"`
	Count int       `json:"count"`
	Code  int       `json:"code"`
	Delay duration  `json:"delay"`
}

type shownFault struct {
	Kind  FaultKind `json:"kind"`
	Phone string    `json:"phone,omitempty"`
	For   string    `json:"for,omitempty"`
	Count int       `json:"count,omitempty"`
	Code  int       `json:"code,omitempty"`
	Delay string    `json:"delay,omitempty"`
}

func (s *Server) controlFaults(*http.Request) (any, error) {
	out := []shownFault{}
	for _, f := range s.Faults() {
		shown := shownFault{Kind: f.Kind, Phone: f.Phone, Count: f.Count, Code: f.Code}
		if f.For > 0 {
			shown.For = f.For.String()
		}
		if f.Delay > 0 {
			shown.Delay = f.Delay.String()
		}
		out = append(out, shown)
	}
	return map[string]any{"faults": out}, nil
}

func (s *Server) controlSetFault(r *http.Request) (any, error) {
	body, err := readBody[faultRequest](r)
	if err != nil {
		return nil, err
	}
	f := Fault{
		Kind: body.Kind, Phone: body.Phone, For: time.Duration(body.For), Count: body.Count,
		Code: body.Code, Delay: time.Duration(body.Delay),
	}
	if err = s.SetFault(f); err != nil {
		return nil, err
	}
	return s.controlFaults(r)
}

func (s *Server) controlClearFaults(r *http.Request) (any, error) {
	s.ClearFaults()
	return s.controlFaults(r)
}
