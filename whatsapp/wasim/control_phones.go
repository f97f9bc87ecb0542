package wasim

import (
	"cmp"
	"net/http"
	"slices"
)

type phoneJSON struct {
	Phone   string       `json:"phone"`
	Name    string       `json:"name"`
	JID     string       `json:"jid"`
	LID     string       `json:"lid"`
	Devices []deviceJSON `json:"devices"`
}

type deviceJSON struct {
	ID        uint16 `json:"id"`
	Connected bool   `json:"connected"`
	Pending   int    `json:"pending"`
}

func (p *Phone) json() phoneJSON {
	out := phoneJSON{Phone: p.number, Name: p.Name(), JID: p.JID().String(), LID: p.lid.String(), Devices: []deviceJSON{}}
	for _, device := range p.Devices() {
		out.Devices = append(out.Devices, deviceJSON{device.ID, device.Connected, device.Pending})
	}
	return out
}

func (s *Server) controlPhones(*http.Request) (any, error) {
	s.mu.RLock()
	phones := make([]*Phone, 0, len(s.phones))
	for _, p := range s.phones {
		phones = append(phones, p)
	}
	s.mu.RUnlock()
	slices.SortFunc(phones, func(a, b *Phone) int { return cmp.Compare(a.number, b.number) })
	out := make([]phoneJSON, len(phones))
	for i, p := range phones {
		out[i] = p.json()
	}
	return map[string]any{"phones": out}, nil
}

func (s *Server) controlAddPhone(r *http.Request) (any, error) {
	body, err := readBody[struct {
		Phone string `json:"phone"`
		Name  string `json:"name"`
	}](r)
	if err != nil {
		return nil, err
	}
	p, err := s.AddPhone(body.Phone, body.Name)
	if err != nil {
		return nil, err
	}
	return p.json(), nil
}

func (s *Server) controlPhone(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	return p.json(), nil
}

func (s *Server) controlScan(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[struct {
		QR string `json:"qr"`
	}](r)
	if err != nil {
		return nil, err
	}
	if err = p.ScanQR(r.Context(), body.QR); err != nil {
		return nil, err
	}
	return p.json(), nil
}

func (s *Server) controlEnterCode(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[struct {
		Code string `json:"code"`
	}](r)
	if err != nil {
		return nil, err
	}
	if err = p.EnterCode(r.Context(), body.Code); err != nil {
		return nil, err
	}
	return p.json(), nil
}

func (s *Server) controlLogout(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	return map[string]int{"devices": p.LogoutDevices()}, nil
}
