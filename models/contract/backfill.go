package contract

// BackfillJob is a reading of all that WhatsApp knows of an account's contacts and
// groups.
type BackfillJob struct {
	Contacts       int    `json:"contacts" required:"true" description:"People whose names were stored so far." example:"128"`
	Error          string `json:"error" required:"true" description:"Why it failed; empty otherwise. interrupted: the gateway stopped." example:""`
	FinishedAt     *int64 `json:"finishedAt" required:"true" description:"When it ended, Unix epoch milliseconds; null while it runs." example:"1719662460000"`
	GroupMembers   int    `json:"groupMembers" required:"true" description:"Members stored so far, of all groups together." example:"342"`
	Groups         int    `json:"groups" required:"true" description:"Groups stored so far." example:"14"`
	ID             string `json:"id" required:"true" description:"A ULID." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	OrganizationID string `json:"organizationId" required:"true" description:"The organization of the session." example:"org_01J9ABC"`
	SessionID      string `json:"sessionId" required:"true" description:"The session." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	StartedAt      int64  `json:"startedAt" required:"true" description:"When it began, Unix epoch milliseconds." example:"1719662460000"`
	Status         string `json:"status" required:"true" enum:"running,completed,failed" description:"Where it stands." example:"running"`
}
