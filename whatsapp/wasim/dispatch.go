package wasim

// dispatch handles one stanza of the client. It runs on the connection's
// reader, so one client's stanzas are handled in order.
func (c *conn) dispatch(n *node) {
	device := c.companion.Load()
	if n.Tag == "iq" {
		c.dispatchIQ(n, device)
		return
	}
	if device == nil {
		return
	}
	s := c.srv
	switch n.Tag {
	case "message":
		s.companionMessage(c, device, n)
	case "receipt":
		s.channelReceipt(device, n)
		s.companionReceipt(c, device, n)
	case "ack":
		device.acknowledge(ackKey{textOf(n, "class"), textOf(n, "id"), textOf(n, "to"), textOf(n, "participant")})
	case "presence":
		s.companionPresence(c, device, n)
	case "chatstate":
		s.companionTyping(device, n)
	case "call":
		s.companionCall(c, device, n)
	case "ib":
		// A client tells nothing here that we use.
	default:
		s.log.Debug("unknown stanza", "tag", n.Tag)
	}
}

// dispatchIQ answers a question or takes the answer to one of ours.
func (c *conn) dispatchIQ(n *node, device *companion) {
	kind := textOf(n, "type")
	if kind == "result" || kind == "error" {
		if c.registration != nil {
			c.registration.answered(n)
		}
		return
	}
	namespace := textOf(n, "xmlns")
	switch {
	case namespace == "w:p":
		c.send(resultOf(n))
	case namespace == "md" && device == nil:
		c.registrationIQ(n)
	case device == nil:
		c.send(errorOf(n, ErrNotAuthorized))
	case namespace == "passive":
		c.srv.passiveIQ(c, device, n)
	case namespace == "md":
		c.deviceIQ(device, n)
	default:
		if fault, strikes := c.srv.faults.take(FaultRefuseQuery, device.phone.number); strikes {
			c.send(errorOf(n, fault.refusal()))
			return
		}
		answer, refusal := c.srv.answer(namespace, device, n)
		if refusal != nil {
			answer = errorOf(n, refusal)
		}
		c.send(answer)
	}
}

// deviceIQ is the md namespace of a linked device.
func (c *conn) deviceIQ(device *companion, n *node) {
	if firstChild(n).Tag == "remove-companion-device" {
		c.srv.logoutIQ(c, device, n)
		return
	}
	c.send(resultOf(n))
}

// answer gives the answer to a linked device's question.
func (s *Server) answer(namespace string, device *companion, n *node) (node, *StanzaError) {
	switch namespace {
	case "encrypt":
		return s.encryptIQ(device, n)
	case "usync":
		return s.usyncIQ(device, n)
	case "w:g2":
		return s.groupIQ(device, n)
	case "w:m":
		return s.mediaIQ(device, n), nil
	case "w:sync:app:state":
		return s.appStateIQ(device, n)
	case "privacy":
		return s.privacyIQ(device, n)
	case "blocklist":
		return s.blocklistIQ(device, n)
	case "w:profile:picture":
		return s.pictureIQ(device, n)
	case "status":
		return s.statusIQ(device, n), nil
	case "disappearing_mode":
		return s.disappearingIQ(device, n)
	case "w:biz":
		return s.businessIQ(n)
	case "w:qr":
		return s.linkIQ(device, n)
	case "w:mex":
		return s.mexIQ(device, n)
	case "newsletter":
		return s.newsletterIQ(device, n)
	case "tos":
		return s.termsIQ(device, n), nil
	case "abt":
		return resultOf(n, node{Tag: "props", Attrs: attrs{"protocol": "1", "ab_key": "wasim"}}), nil
	default:
		s.log.Debug("question without an answer of its own", "namespace", namespace, "child", firstChild(n).Tag)
		return resultOf(n), nil
	}
}
