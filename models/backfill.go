package models

import "wagateway/models/contract"

// BackfillStatus is where a backfill stands.
type BackfillStatus string

// The states of a backfill. Running becomes one of the others, once.
const (
	BackfillRunning   BackfillStatus = "running"
	BackfillCompleted BackfillStatus = "completed"
	BackfillFailed    BackfillStatus = "failed"
)

// BackfillInterrupted is the error of a backfill whose process ended before it did.
const BackfillInterrupted = "interrupted"

// BackfillJob is one reading of all that WhatsApp knows of an account's contacts
// and groups.
type BackfillJob struct {
	ID             string // ULID
	SessionID      string
	OrganizationID string
	Status         BackfillStatus
	BackfillCounts
	Error      string // why it failed, for people; "" otherwise
	StartedAt  Millis
	FinishedAt Millis // 0: it is running
}

// BackfillCounts is how much a backfill has stored.
type BackfillCounts struct {
	Contacts     int // people of the address book, or with a name of their own
	Groups       int
	GroupMembers int // of all groups together
}

// Shape is the job as the contract shows it.
func (j *BackfillJob) Shape() contract.BackfillJob {
	return contract.BackfillJob{
		Contacts: j.Contacts, Error: j.Error, FinishedAt: millisOrNull(j.FinishedAt), GroupMembers: j.GroupMembers, Groups: j.Groups,
		ID: j.ID, OrganizationID: j.OrganizationID, SessionID: j.SessionID, StartedAt: int64(j.StartedAt), Status: string(j.Status),
	}
}
