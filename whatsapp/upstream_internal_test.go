package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/socket"

	"wagateway/models/fault"
)

func TestUpstream(t *testing.T) {
	t.Parallel()
	iq := func(code int) error { return &whatsmeow.IQError{Code: code, Text: "in words of its own"} }
	for name, test := range map[string]struct {
		err    error
		known  answers
		code   fault.Code
		reason fault.Reason
		detail any // details.code
	}{
		"bad request":               {iq(400), groupAnswers(), fault.Upstream, fault.ReasonWhatsApp, 400},
		"not authorized":            {iq(401), groupAnswers(), fault.Forbidden, fault.ReasonNotGroupAdmin, nil},
		"not an admin":              {iq(403), groupAnswers(), fault.Forbidden, fault.ReasonNotGroupAdmin, nil},
		"not a member":              {iq(403), readAnswers(), fault.Forbidden, fault.ReasonNotGroupMember, nil},
		"unknown group":             {iq(404), groupAnswers(), fault.NotFound, "", nil},
		"not allowed":               {iq(405), groupAnswers(), fault.Upstream, fault.ReasonWhatsApp, 405},
		"not acceptable":            {iq(406), groupAnswers(), fault.Upstream, fault.ReasonWhatsApp, 406},
		"conflict":                  {iq(409), groupAnswers(), fault.Upstream, fault.ReasonWhatsApp, 409},
		"group gone":                {iq(410), groupAnswers(), fault.NotFound, "", nil},
		"resource limit":            {iq(419), groupAnswers(), fault.Upstream, fault.ReasonWhatsApp, 419},
		"locked":                    {iq(423), groupAnswers(), fault.Upstream, fault.ReasonWhatsApp, 423},
		"rate over limit":           {iq(429), groupAnswers(), fault.Upstream, fault.ReasonWhatsApp, 429},
		"server error":              {iq(500), groupAnswers(), fault.Upstream, fault.ReasonWhatsApp, 500},
		"unavailable":               {iq(503), groupAnswers(), fault.Upstream, fault.ReasonWhatsApp, 503},
		"unheard of":                {iq(599), nil, fault.Upstream, fault.ReasonWhatsApp, 599},
		"no meaning given":          {iq(403), nil, fault.Upstream, fault.ReasonWhatsApp, 403},
		"invite unknown":            {iq(406), inviteAnswers(), fault.Validation, fault.ReasonInvalidInvite, nil},
		"invite revoked":            {iq(410), inviteAnswers(), fault.Validation, fault.ReasonInvalidInvite, nil},
		"sentinel: invite invalid":  {whatsmeow.ErrInviteLinkInvalid, inviteAnswers(), fault.Validation, fault.ReasonInvalidInvite, nil},
		"sentinel: invite revoked":  {whatsmeow.ErrInviteLinkRevoked, inviteAnswers(), fault.Validation, fault.ReasonInvalidInvite, nil},
		"sentinel: no right":        {whatsmeow.ErrGroupInviteLinkUnauthorized, readAnswers(), fault.Forbidden, fault.ReasonNotGroupAdmin, nil},
		"sentinel: not in group":    {whatsmeow.ErrNotInGroup, readAnswers(), fault.Forbidden, fault.ReasonNotGroupMember, nil},
		"sentinel: group not found": {whatsmeow.ErrGroupNotFound, readAnswers(), fault.NotFound, "", nil},
		"iq timed out":              {whatsmeow.ErrIQTimedOut, groupAnswers(), fault.Upstream, fault.ReasonTimeout, nil},
		"message timed out":         {whatsmeow.ErrMessageTimedOut, groupAnswers(), fault.Upstream, fault.ReasonTimeout, nil},
		"deadline":                  {context.DeadlineExceeded, groupAnswers(), fault.Upstream, fault.ReasonTimeout, nil},
		"cancelled":                 {context.Canceled, groupAnswers(), fault.Unavailable, "", nil},
		"not connected":             {whatsmeow.ErrNotConnected, groupAnswers(), fault.NotImplemented, fault.ReasonNotConnected, nil},
		"not logged in":             {whatsmeow.ErrNotLoggedIn, groupAnswers(), fault.NotImplemented, fault.ReasonNotConnected, nil},
		"nil client":                {whatsmeow.ErrClientIsNil, groupAnswers(), fault.NotImplemented, fault.ReasonNotConnected, nil},
		"disconnected meanwhile":    {whatsmeow.ErrIQDisconnected, groupAnswers(), fault.Upstream, fault.ReasonOutcomeUnknown, nil},
		"socket closed before":      {socket.ErrSocketClosed, groupAnswers(), fault.NotImplemented, fault.ReasonNotConnected, nil},
		"socket closed meanwhile":   {net.ErrClosed, groupAnswers(), fault.Upstream, fault.ReasonOutcomeUnknown, nil},
		"closed by WhatsApp":        {websocket.CloseError{Code: websocket.StatusGoingAway}, groupAnswers(), fault.Upstream, fault.ReasonOutcomeUnknown, nil},
		"broken pipe":               {&net.OpError{Op: "write", Err: syscall.EPIPE}, groupAnswers(), fault.Upstream, fault.ReasonOutcomeUnknown, nil},
		"a fault passes":            {fault.DatabaseDown(errors.New("gone")), groupAnswers(), fault.Unavailable, fault.ReasonDatabase, nil},
		"anything else":             {errors.New("a bug"), groupAnswers(), fault.Internal, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := upstream(fmt.Errorf("asking: %w", test.err), test.known)
			require.ErrorIs(t, err, test.err, "the cause stays for the log")
			f := fault.From(err)
			assert.Equal(t, test.code, f.Code())
			assert.Equal(t, test.reason, f.Reason())
			assert.Equal(t, test.detail, f.Details()["code"])
			assert.NotEmpty(t, f.Message())
		})
	}
	assert.NoError(t, upstream(nil, groupAnswers()))
}
