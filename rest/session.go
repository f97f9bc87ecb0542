package rest

import (
	"context"
	"net/http"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/contract"
)

const (
	tagAdmin    = "Admin"
	tagSessions = "Sessions"

	sessionsPath = "/api/v1/sessions"
	sessionPath  = sessionsPath + "/{session}"
)

// Session is the contract's Session.
type Session = contract.Session

func presentSession(s *models.Session) Session { return s.Shape() }

// Me is the contract's answer of sessionMe.
type Me struct {
	Connected   bool   `json:"connected" required:"true" description:"Whether it is connected right now, so that live operations work." example:"true"`
	PhoneNumber string `json:"phoneNumber" required:"true" description:"The account's number in digits." example:"6281234567890"`
	PushName    string `json:"pushName" required:"true" description:"The account's own name; empty when unknown." example:"Acme Support"`
	SessionID   string `json:"sessionId" required:"true" description:"The session." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	Status      string `json:"status" required:"true" enum:"stopped,starting,scan_qr_code,working,failed" description:"Where the session stands." example:"working"`
	WAJID       string `json:"waJid" required:"true" description:"The account's address." example:"6281234567890@s.whatsapp.net"`
	WALID       string `json:"waLid" required:"true" description:"The account's stable id." example:"205227043110953@lid"`
}

// millisOrNull gives a time, nil when it is unknown or never was.
func millisOrNull(m models.Millis) *int64 {
	if m == 0 {
		return nil
	}
	n := int64(m)
	return &n
}

// inSession is the input of operations about one session.
type inSession struct {
	Session string `path:"session" json:"-" description:"The session's id." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
}

// inCreateSession is the input of createSession.
type inCreateSession struct {
	Label           *string `json:"label" maxLength:"100" description:"A name for people." example:"Support line"`
	AutoRead        *bool   `json:"autoRead" description:"Mark incoming messages read. Default false."`
	PresenceTyping  *bool   `json:"presenceTyping" description:"Show typing before a message is sent. Default false."`
	AutoRejectCalls *bool   `json:"autoRejectCalls" description:"Reject calls that come in. Default false."`
	Start           *bool   `json:"start" description:"Begin pairing at once. Default false." example:"true"`
	RatePerMin      *int32  `json:"ratePerMin" minimum:"1" maximum:"1000" description:"Sends a minute. Default 20." example:"20"`
	RatePerHour     *int32  `json:"ratePerHour" minimum:"1" maximum:"50000" description:"Sends an hour. Default 600." example:"600"`
	ProxyURL        *string `json:"proxyUrl" description:"Connect through this http, https or socks5 proxy. Write-only."`
	HistoryDays     *int32  `json:"historyDays" minimum:"0" maximum:"3650" description:"Days of history to ask for at pairing. Default 0."`
}

// inUpdateSession is the input of updateSession: absent fields stay.
type inUpdateSession struct {
	inSession
	Label           *string `json:"label" maxLength:"100" description:"A name for people." example:"Support line"`
	AutoRead        *bool   `json:"autoRead" description:"Mark incoming messages read."`
	PresenceTyping  *bool   `json:"presenceTyping" description:"Show typing before a message is sent."`
	AutoRejectCalls *bool   `json:"autoRejectCalls" description:"Reject calls that come in."`
	RatePerMin      *int32  `json:"ratePerMin" minimum:"1" maximum:"1000" description:"Sends a minute." example:"20"`
	RatePerHour     *int32  `json:"ratePerHour" minimum:"1" maximum:"50000" description:"Sends an hour." example:"600"`
	ProxyURL        *string `json:"proxyUrl" description:"Connect through this proxy from the next connection on; empty: none. Write-only."`
	HistoryDays     *int32  `json:"historyDays" minimum:"0" maximum:"3650" description:"Days of history to ask for at the next pairing."`
}

func sessionRows() []route {
	return []route{
		row(spec{
			Operation: "adminListSessions", Tag: tagAdmin, Method: http.MethodGet, Pattern: "/api/v1/admin/sessions",
			Field: "Query.adminListSessions", Status: http.StatusOK,
			Summary: "Every organization's sessions, oldest first.",
		}, func(ctx context.Context, root gen.ResolverRoot, in page) (*gen.SessionConnection, error) {
			return root.Query().AdminListSessions(ctx, in.first(), in.after())
		}, presentSessions),
		row(spec{
			Operation: "listSessions", Tag: tagSessions, Method: http.MethodGet, Pattern: sessionsPath,
			Field: "Query.sessions", Status: http.StatusOK,
			Summary: "The organization's sessions, oldest first.",
		}, func(ctx context.Context, root gen.ResolverRoot, in page) (*gen.SessionConnection, error) {
			return root.Query().Sessions(ctx, in.first(), in.after())
		}, presentSessions),
		row(spec{
			Operation: "createSession", Tag: tagSessions, Method: http.MethodPost, Pattern: sessionsPath,
			Field: "Mutation.createSession", Status: http.StatusCreated,
			Summary: "Create a session.",
			Notes:   "Without `start` it is `stopped`; with it, pairing begins: fetch `qr`, or ask for a pairing code. Not idempotent.",
			Answers: map[int]map[string]any{http.StatusCreated: {"gatewayId": "", "lastConnectedAt": nil, "phoneNumber": "", "status": "stopped", "waJid": "", "waLid": ""}},
		}, func(ctx context.Context, root gen.ResolverRoot, in inCreateSession) (*models.Session, error) {
			p, err := root.Mutation().CreateSession(ctx, gen.CreateSessionInput{
				Label: omit(in.Label), AutoRead: omit(in.AutoRead), PresenceTyping: omit(in.PresenceTyping), AutoRejectCalls: omit(in.AutoRejectCalls),
				Start: omit(in.Start), RatePerMin: omit(in.RatePerMin), RatePerHour: omit(in.RatePerHour),
				ProxyURL: omit(in.ProxyURL), HistoryDays: omit(in.HistoryDays),
			})
			if err != nil {
				return nil, err
			}
			return p.Session, nil
		}, presentSession),
		row(spec{
			Operation: "getSession", Tag: tagSessions, Method: http.MethodGet, Pattern: sessionPath,
			Field: "Query.session", Status: http.StatusOK,
			Summary: "One session.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inSession) (*models.Session, error) {
			return root.Query().Session(ctx, in.Session)
		}, presentSession),
		row(spec{
			Operation: "updateSession", Tag: tagSessions, Method: http.MethodPatch, Pattern: sessionPath,
			Field: "Mutation.updateSession", Status: http.StatusOK,
			Summary: "Change a session's settings.",
			Notes:   "Absent fields stay.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inUpdateSession) (*models.Session, error) {
			p, err := root.Mutation().UpdateSession(ctx, in.Session, gen.UpdateSessionInput{
				Label: omit(in.Label), AutoRead: omit(in.AutoRead), PresenceTyping: omit(in.PresenceTyping), AutoRejectCalls: omit(in.AutoRejectCalls),
				RatePerMin: omit(in.RatePerMin), RatePerHour: omit(in.RatePerHour),
				ProxyURL: omit(in.ProxyURL), HistoryDays: omit(in.HistoryDays),
			})
			if err != nil {
				return nil, err
			}
			return p.Session, nil
		}, presentSession),
		act(spec{
			Operation: "deleteSession", Tag: tagSessions, Method: http.MethodDelete, Pattern: sessionPath,
			Field: "Mutation.deleteSession", Status: http.StatusNoContent,
			Summary: "Remove a session with all its stored data.",
			Notes:   "A paired one is unlinked first where WhatsApp can be reached.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inSession) (*gen.DeleteSessionPayload, error) {
			return root.Mutation().DeleteSession(ctx, in.Session)
		}),
		row(spec{
			Operation: "sessionMe", Tag: tagSessions, Method: http.MethodGet, Pattern: sessionPath + "/me",
			Field: "Query.sessionMe", Status: http.StatusOK,
			Summary: "The account of a paired session.",
			Notes:   "404 until it is paired.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inSession) (*gen.SessionAccount, error) {
			return root.Query().SessionMe(ctx, in.Session)
		}, presentMe),
		row(spec{
			Operation: "startSession", Tag: tagSessions, Method: http.MethodPost, Pattern: sessionPath + ":start",
			Field: "Mutation.startSession", Status: http.StatusOK,
			Summary: "Connect a paired session, in the background.",
			Notes:   "On one that is not paired, pairing begins. Repeating it changes nothing.",
			Answers: map[int]map[string]any{http.StatusOK: {"status": "starting"}},
		}, func(ctx context.Context, root gen.ResolverRoot, in inSession) (*models.Session, error) {
			p, err := root.Mutation().StartSession(ctx, in.Session)
			if err != nil {
				return nil, err
			}
			return p.Session, nil
		}, presentSession),
		row(spec{
			Operation: "stopSession", Tag: tagSessions, Method: http.MethodPost, Pattern: sessionPath + ":stop",
			Field: "Mutation.stopSession", Status: http.StatusOK,
			Summary: "Disconnect; the session stays paired.",
			Notes:   "Repeating it changes nothing.",
			Answers: map[int]map[string]any{http.StatusOK: {"gatewayId": "", "status": "stopped"}},
		}, func(ctx context.Context, root gen.ResolverRoot, in inSession) (*models.Session, error) {
			p, err := root.Mutation().StopSession(ctx, in.Session)
			if err != nil {
				return nil, err
			}
			return p.Session, nil
		}, presentSession),
		row(spec{
			Operation: "restartSession", Tag: tagSessions, Method: http.MethodPost, Pattern: sessionPath + ":restart",
			Field: "Mutation.restartSession", Status: http.StatusOK,
			Summary: "Stop and start.",
			Answers: map[int]map[string]any{http.StatusOK: {"status": "starting"}},
		}, func(ctx context.Context, root gen.ResolverRoot, in inSession) (*models.Session, error) {
			p, err := root.Mutation().RestartSession(ctx, in.Session)
			if err != nil {
				return nil, err
			}
			return p.Session, nil
		}, presentSession),
		row(spec{
			Operation: "logoutSession", Tag: tagSessions, Method: http.MethodPost, Pattern: sessionPath + ":logout",
			Field: "Mutation.logoutSession", Status: http.StatusOK,
			Summary: "Unlink the device and keep the session.",
			Notes:   "It can be paired again. Repeating it changes nothing.",
			Answers: map[int]map[string]any{http.StatusOK: {"gatewayId": "", "phoneNumber": "", "status": "stopped", "waJid": "", "waLid": ""}},
		}, func(ctx context.Context, root gen.ResolverRoot, in inSession) (*models.Session, error) {
			p, err := root.Mutation().LogoutSession(ctx, in.Session)
			if err != nil {
				return nil, err
			}
			return p.Session, nil
		}, presentSession),
	}
}

func presentSessions(c *gen.SessionConnection) nullEndList[Session] {
	l := nullEndList[Session]{Data: presentEach(c.Nodes, presentSession)}
	if next := nextCursor(c.PageInfo); next != "" {
		l.NextCursor = &next
	}
	return l
}

func presentMe(a *gen.SessionAccount) Me {
	return Me{
		Connected: a.Connected, PhoneNumber: a.PhoneNumber, PushName: a.PushName, SessionID: a.Session.ID,
		Status: string(a.Session.Status), WAJID: a.WaJID, WALID: a.WaLID,
	}
}
