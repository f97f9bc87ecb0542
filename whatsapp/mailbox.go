package whatsapp

import "sync"

// mailbox holds the work for a session's owner. Posting never blocks: event
// handlers and other sessions must not wait for an owner that waits itself.
type mailbox struct {
	mu     sync.Mutex
	work   []func(*owner)
	shut   bool
	wake   chan struct{} // a token when there is work
	closed chan struct{} // closed by close
}

func newMailbox() *mailbox {
	return &mailbox{wake: make(chan struct{}, 1), closed: make(chan struct{})}
}

// put adds work; false when nobody will do it.
func (m *mailbox) put(work func(*owner)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shut {
		return false
	}
	m.work = append(m.work, work)
	select {
	case m.wake <- struct{}{}:
	default: // already awake
	}
	return true
}

// take waits for work and takes all of it, in the order it came.
func (m *mailbox) take() []func(*owner) {
	<-m.wake
	m.mu.Lock()
	defer m.mu.Unlock()
	work := m.work
	m.work = nil
	return work
}

// close refuses further work. What is inside and was not taken is dropped.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.shut {
		m.shut, m.work = true, nil
		close(m.closed)
	}
}
