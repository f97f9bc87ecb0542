package models

// Identity gives the person as far as the member's row tells: everything but
// FirstSeenAt and UpdatedAt, which are 0.
func (m *GroupMember) Identity() *Identity {
	return &Identity{
		ID:           m.IdentityID,
		SessionID:    m.SessionID,
		LID:          m.LID,
		PhoneJID:     m.PhoneJID,
		PhoneNumber:  m.PhoneNumber,
		ContactName:  m.ContactName,
		PushName:     m.PushName,
		BusinessName: m.BusinessName,
	}
}

// Tag is the name as WhatsApp shows it in the group, see [Identity.Tag].
func (m *GroupMember) Tag() string {
	i := Identity{ContactName: m.ContactName, PushName: m.PushName, BusinessName: m.BusinessName}
	return i.Tag()
}
