package rest

import (
	"net/http"

	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"

	"wagateway/graph"
	"wagateway/models/fault"
)

// inSocket is what the address of the socket says.
type inSocket struct {
	Ticket string `query:"ticket" json:"-" required:"true" description:"From createRealtimeTicket; good once." example:"rt_5XQZ3KJH2L7MNPQRSTUVWXYZ23"`
	After  string `query:"after" json:"-" description:"Continue behind the event with this id. Absent: only what happens from now on." example:"evt_01J9XYZABCDEF0123456789AB"`
}

// addRealtime describes the WebSocket of events, which is no row of the table:
// its ticket is its credential.
func (d *document) addRealtime() error {
	oc, err := d.NewOperationContext(http.MethodGet, graph.RealtimePath)
	if err != nil {
		return err
	}
	oc.SetID(realtimeOperation)
	oc.SetTags(tagRealtime)
	oc.SetSummary("The WebSocket: one event in each text frame.")
	oc.SetDescription("Each frame is the envelope of an event. A failure is a frame with the body of an error, then the socket is closed " +
		"with 4000 + the status of that error: 4400 `cursor_expired`, 4401 when the credential that made the ticket ended, 4429 too many streams. What the client sends is ignored.")
	oc.AddReqStructure(inSocket{})
	oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusSwitchingProtocols), func(cu *openapi.ContentUnit) { cu.Description = "The socket is open." })
	for _, code := range []fault.Code{fault.Validation, fault.Unauthorized, fault.Unavailable, fault.Internal} {
		oc.AddRespStructure(nil, openapi.WithHTTPStatus(statusOf(code)), openapi.WithReference(responsesPrefix+responseName(code)))
	}
	// An empty requirement says that no other credential is needed.
	if exposed, ok := oc.(openapi31.OperationExposer); ok {
		exposed.Operation().WithSecurity(map[string][]string{})
	}
	return d.AddOperation(oc)
}
