package models

import "wagateway/models/contract"

// Identity is a person as one session knows them: a stable LID, perhaps a phone
// number, and names. Rows are keyed by LID where it is known and merged when a
// LID ↔ phone mapping arrives late. At least one of LID and PhoneJID is set.
type Identity struct {
	ID           int64 `gorm:"primaryKey"`
	SessionID    string
	LID          string `gorm:"column:lid"`       // 205227043110953@lid
	PhoneJID     string `gorm:"column:phone_jid"` // 6281234567890@s.whatsapp.net
	PhoneNumber  string
	ContactName  string // from the address book of the account
	PushName     string // what the person calls themselves
	BusinessName string
	FirstSeenAt  Millis
	UpdatedAt    Millis `gorm:"autoUpdateTime:false"`
}

// Name is the name to show: the address book's, else the business's, else the
// person's own; "" when none is known.
func (i *Identity) Name() string {
	switch {
	case i.ContactName != "":
		return i.ContactName
	case i.BusinessName != "":
		return i.BusinessName
	default:
		return i.PushName
	}
}

// Tag is the name as WhatsApp shows it among group members: "~" in front when
// it is only a push name; "" when none is known.
func (i *Identity) Tag() string {
	if i.ContactName == "" && i.BusinessName == "" && i.PushName != "" {
		return "~" + i.PushName
	}
	return i.Name()
}

// Address is the one to show: by phone number where known, else the LID.
func (i *Identity) Address() string {
	if i.PhoneJID != "" {
		return i.PhoneJID
	}
	return i.LID
}

// Shape is the person as the contract shows it.
func (i *Identity) Shape() contract.Identity {
	return contract.Identity{
		BusinessName: i.BusinessName,
		FirstSeenAt:  int64(i.FirstSeenAt),
		ID:           i.ID,
		LID:          i.LID,
		Name:         i.Name(),
		PhoneJID:     i.PhoneJID,
		PhoneNumber:  i.PhoneNumber,
		UpdatedAt:    int64(i.UpdatedAt),
	}
}

// looks is the shape without the times: what makes a change one for others.
func (i *Identity) looks() contract.Identity {
	shape := i.Shape()
	shape.FirstSeenAt, shape.UpdatedAt = 0, 0
	return shape
}

// participant is the person as an event of a group names them.
func (i *Identity) participant() contract.Participant {
	return contract.Participant{JID: i.Address(), LID: i.LID, PhoneJID: i.PhoneJID}
}
