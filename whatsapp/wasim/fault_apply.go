package wasim

import "fmt"

// SetFault makes the server misbehave. It gives an error wrapping
// [ErrUnknownFault] or [ErrNoPhone] for a fault that could never act.
func (s *Server) SetFault(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Phone != "" {
		if _, ok := s.Phone(f.Phone); !ok {
			return fmt.Errorf("%w: %s", ErrNoPhone, f.Phone)
		}
	}
	once := f.For == 0 && f.Count == 0 && (f.Kind == FaultDropSocket || f.Kind == FaultReplaced)
	if !once {
		s.faults.add(f)
	}
	s.strike(f)
	return nil
}

// Faults lists what is set at the moment.
func (s *Server) Faults() []Fault { return s.faults.list() }

// ClearFaults ends all faults.
func (s *Server) ClearFaults() {
	s.faults.clear()
	s.wakePhones()
}

// strike does what a fault does to sockets that are open now.
func (s *Server) strike(f Fault) {
	switch f.Kind {
	case FaultDropSocket, FaultBan, FaultClientOutdated, FaultOffline:
		s.eachSocket(f.Phone, func(c *conn) {
			s.stats.faults.Add(1)
			c.drop()
		})
	case FaultReplaced:
		s.eachSocket(f.Phone, func(c *conn) {
			s.stats.faults.Add(1)
			c.conflict("replaced", nil)
		})
	case FaultPhoneOffline:
		if f.For > 0 {
			s.after(f.For, s.wakePhones)
		}
	default:
		// The others wait for their occasion.
	}
}

// eachSocket visits the connections of a phone, or all logged-in ones.
func (s *Server) eachSocket(number string, visit func(*conn)) {
	s.mu.RLock()
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.RUnlock()
	for _, c := range conns {
		device := c.companion.Load()
		if device != nil && (number == "" || device.phone.number == number) {
			visit(c)
		}
	}
}

// wakePhones lets phones look at their inbox and app state again.
func (s *Server) wakePhones() {
	s.mu.RLock()
	phones := make([]*Phone, 0, len(s.phones))
	for _, p := range s.phones {
		phones = append(phones, p)
	}
	s.mu.RUnlock()
	for _, p := range phones {
		p.wakeInbox()
		p.wakeState()
	}
}
