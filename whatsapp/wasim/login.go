package wasim

import (
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

// greet starts the stream after the handshake: a registration or a log-in.
func (c *conn) greet() {
	payload := c.session.payload
	number := ""
	if payload.DevicePairingData == nil {
		number = strconv.FormatUint(payload.GetUsername(), 10)
	}
	if _, ok := c.srv.faults.take(FaultOffline, number); ok {
		c.drop()
		return
	}
	version := payload.GetUserAgent().GetAppVersion().GetTertiary()
	if _, ok := c.srv.faults.take(FaultClientOutdated, number); ok || version < c.srv.options.MinimumRevision {
		c.fail(attrs{"reason": "405", "location": "wasim"})
		return
	}
	if payload.DevicePairingData != nil {
		c.register()
		return
	}
	c.login(number)
}

// login lets a linked device in.
func (c *conn) login(number string) {
	s := c.srv
	if ban, ok := s.faults.take(FaultBan, number); ok {
		c.fail(banReason(ban, s.now()))
		return
	}
	phone, ok := s.Phone(number)
	if !ok {
		c.fail(attrs{"reason": "401", "location": "wasim"})
		return
	}
	device := phone.companion(uint16(c.session.payload.GetDevice()))
	if device == nil || device.noise != c.session.clientKey {
		c.fail(attrs{"reason": "401", "location": "wasim"})
		return
	}
	c.companion.Store(device)
	if !device.attach(c) {
		c.fail(attrs{"reason": "401", "location": "wasim"})
		return
	}
	c.send(node{Tag: "success", Attrs: attrs{
		"t": s.nowText(), "lid": device.lid(), "props": "0", "companion_enc_static": "none", "location": "wasim",
	}})
	if _, ok = s.faults.take(FaultReplaced, number); ok {
		c.conflict("replaced", nil)
	}
}

// passiveIQ switches between the passive and the active phase. The backlog goes
// out behind the answer, because the client reports itself connected by it.
func (s *Server) passiveIQ(c *conn, device *companion, request *node) {
	child := firstChild(request)
	if child.Tag != "active" {
		c.send(resultOf(request))
		return
	}
	if _, ok := s.faults.take(FaultDropSocket, device.phone.number); ok {
		c.drop()
		return
	}
	c.send(resultOf(request))
	device.goLive(c)
	device.phone.welcome(device)
}

// logoutIQ is a companion unlinking itself or another companion of its account.
func (s *Server) logoutIQ(c *conn, device *companion, request *node) {
	child := firstChild(request)
	target := jidOf(&child, "jid")
	if target.User != device.phone.number && target.User != device.phone.lid.User {
		c.send(errorOf(request, ErrForbidden))
		return
	}
	if target.Device == device.id {
		// Who logs itself out deletes its keys at the answer, and must not be told
		// to by a stream error as well.
		c.finish(resultOf(request))
	} else {
		c.send(resultOf(request))
	}
	device.phone.unlinkDevices(func(other *companion) bool { return other.id == target.Device })
}

// streamError ends the streams of all of the account's companions with a code.
func (p *Phone) streamError(code int) {
	for _, device := range p.companions() {
		if on := device.socket(); on != nil {
			on.finish(node{Tag: "stream:error", Attrs: attrs{"code": strconv.Itoa(code)}})
		}
	}
}

// StreamError ends the streams of all of the account's companions with a code,
// as WhatsApp does for maintenance (503) or a restart (515).
func (p *Phone) StreamError(code int) { p.streamError(code) }

// LogoutDevices is the user removing every linked device on the phone. It gives
// how many there were.
func (p *Phone) LogoutDevices() int {
	return p.unlinkDevices(func(*companion) bool { return true })
}

// LogoutDevice removes one linked device; false if there is none of that number.
func (p *Phone) LogoutDevice(id uint16) bool {
	return p.unlinkDevices(func(c *companion) bool { return c.id == id }) > 0
}

// unlinkDevices removes the companions that match and tells those who cached
// the device list.
func (p *Phone) unlinkDevices(match func(*companion) bool) int {
	p.mu.Lock()
	var gone []*companion
	kept := p.linked[:0:0]
	for _, device := range p.linked {
		if match(device) {
			gone = append(gone, device)
		} else {
			kept = append(kept, device)
		}
	}
	p.linked = kept
	p.mu.Unlock()
	for _, device := range gone {
		device.unlink()
		p.forgetDevice(device)
		p.announceDevice("remove", device)
	}
	return len(gone)
}

// devicePN is a device's phone-number address.
func (c *companion) pn() types.JID { return deviceJID(c.phone.JID(), c.id) }
