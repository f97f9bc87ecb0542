package contract

// Identity is the contract's Identity: a person, as one session knows them.
type Identity struct {
	BusinessName string `json:"businessName" required:"true" description:"The verified business name; empty when it is none." example:"Acme Corp"`
	FirstSeenAt  int64  `json:"firstSeenAt" required:"true" description:"When the gateway first saw the person, Unix epoch milliseconds." example:"1719662400000"`
	ID           int64  `json:"id" required:"true" description:"The row's number in the gateway." example:"1024"`
	LID          string `json:"lid" required:"true" description:"The stable id; empty when unknown." example:"205227043110953@lid"`
	Name         string `json:"name" required:"true" description:"The name to show; empty when none is known." example:"Alice"`
	PhoneJID     string `json:"phoneJid" required:"true" description:"The address by phone number; empty when unknown." example:"6281234567890@s.whatsapp.net"`
	PhoneNumber  string `json:"phoneNumber" required:"true" description:"The number in digits; empty when unknown." example:"6281234567890"`
	UpdatedAt    int64  `json:"updatedAt" required:"true" description:"When something about the person last changed here, Unix epoch milliseconds." example:"1719662400000"`
}
