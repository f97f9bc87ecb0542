package rest

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/whatsapp"
)

const (
	tagContacts = "Contacts"

	contactsPath = sessionPath + "/contacts"
	contactPath  = contactsPath + "/{jid}"
)

// Identity is the contract's Identity.
type Identity = contract.Identity

func presentIdentity(i *models.Identity) Identity { return i.Shape() }

// Contact is the contract's Contact.
type Contact struct {
	DM       bool           `json:"dm" required:"true" description:"Whether there is a chat with the person." example:"true"`
	Groups   []ContactGroup `json:"groups" required:"true" nullable:"false" description:"Groups that both the person and the account are in."`
	Identity Identity       `json:"identity" required:"true" description:"The person."`
}

// ContactGroup is a group that a contact is in.
type ContactGroup struct {
	JID      string `json:"jid" required:"true" description:"The group's address." example:"120363021234567890@g.us"`
	LastSeen int64  `json:"lastSeen" required:"true" description:"When the person was last seen there, Unix epoch milliseconds." example:"1719662400000"`
	Name     string `json:"name" required:"true" description:"The group's name." example:"Project Team"`
	Role     string `json:"role" required:"true" enum:"member,admin" description:"What the person may do there; the creator is an admin here." example:"member"`
	Tag      string `json:"tag" required:"true" description:"The name as shown in the group, ~ in front when it is only the person's own choice; empty when none is known." example:"~Alice"`
}

// ContactCheck is the contract's answer of checkContact.
type ContactCheck struct {
	BusinessName string `json:"businessName,omitempty" description:"The verified business name; absent when it is no business." example:"Acme Corp"`
	IsOnWhatsApp bool   `json:"isOnWhatsApp" required:"true" description:"Whether the number has an account." example:"true"`
	JID          string `json:"jid" required:"true" description:"The account's address by phone number; empty when there is none." example:"6281234567890@s.whatsapp.net"`
	LID          string `json:"lid,omitempty" description:"The account's stable id; absent when WhatsApp does not tell it." example:"205227043110953@lid"`
	Query        string `json:"query" required:"true" description:"The number as asked." example:"+6281234567890"`
}

// ContactAbout is the contract's answer of getContactAbout.
type ContactAbout struct {
	About string `json:"about" required:"true" description:"What the person says about themselves; empty when that is nothing, or hidden." example:"Hey there! I am using WhatsApp."`
}

// ContactPicture is the contract's answer of getContactPicture.
type ContactPicture struct {
	ID  string `json:"id" required:"true" description:"Changes with the picture." example:"1719662400"`
	URL string `json:"url" required:"true" description:"WhatsApp's own address of it, good for some days and without a credential." example:"https://pps.whatsapp.net/v/t61.24694-24/1.jpg"`
}

// inContacts is the input of the list of contacts.
type inContacts struct {
	inSession
	cursorPage
	Source string `query:"source" json:"-" enum:"dm,group" description:"dm: there is a chat with the person; group: the person is in a group that the account is in." example:"dm"`
	Group  string `query:"group" json:"-" description:"Members of this group." example:"120363021234567890@g.us"`
	Q      string `query:"q" json:"-" description:"Part of a name or of the phone number, whatever its case; at most 100 characters." example:"ali"`
}

// inContact is the input of getContact.
type inContact struct {
	inSession
	LID string `path:"lid" json:"-" description:"The person's address, by LID or phone number; @ may be written as %40." example:"205227043110953@lid"`
}

// inPerson is the input of operations that ask WhatsApp about a person.
type inPerson struct {
	inSession
	JID string `path:"jid" json:"-" description:"The person's address, by phone number or LID; @ may be written as %40." example:"6281234567890@s.whatsapp.net"`
}

// inPicture is the input of getContactPicture.
type inPicture struct {
	inPerson
	Preview *bool `query:"preview" json:"-" description:"true: the small picture of about 96 pixels instead of the large one." example:"true"`
}

// inCheck is the input of checkContact.
type inCheck struct {
	inSession
	Phone string `query:"phone" json:"-" description:"The phone number in digits, with an optional + (in a query: %2B)." example:"6281234567890"`
}

// filter turns the contract's query into the schema's.
func (in inContacts) filter() (*gen.ContactFilter, error) {
	filter := &gen.ContactFilter{}
	switch source := models.ContactSource(in.Source); source {
	case "":
	case models.FromDM, models.FromGroup:
		filter.Source = graphql.OmittableOf(&source)
	default:
		return nil, fault.Invalid("source", "source must be dm or group")
	}
	if in.Group != "" {
		filter.Group = graphql.OmittableOf(&in.Group)
	}
	if in.Q != "" {
		filter.Q = graphql.OmittableOf(&in.Q)
	}
	return filter, nil
}

func contactRows() []route {
	return []route{
		row(spec{
			Operation: "listContacts", Tag: tagContacts, Method: http.MethodGet, Pattern: contactsPath,
			Field: "Session.contacts", Status: http.StatusOK,
			Summary: "People the session knows.",
			Notes:   "In the order the gateway got to know them. `source`, `group` and `q` combine.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inContacts) (*gen.ContactConnection, error) {
			s, err := root.Query().Session(ctx, in.Session)
			if err != nil {
				return nil, err
			}
			filter, err := in.filter()
			if err != nil {
				return nil, err
			}
			return root.Session().Contacts(ctx, s, filter, in.first(), in.after())
		}, presentContacts),
		row(spec{
			Operation: "checkContact", Tag: tagContacts, Method: http.MethodGet, Pattern: contactsPath + "/check",
			Field: "Query.checkContact", Status: http.StatusOK, Live: true,
			Summary: "Whether a phone number is on WhatsApp.",
			Notes:   "Strangers do not become contacts by it. GraphQL checks up to 50 numbers at once.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inCheck) (*whatsapp.CheckedNumber, error) {
			return root.Query().CheckContact(ctx, in.Session, in.Phone)
		}, presentCheck),
		row(spec{
			Operation: "getContact", Tag: tagContacts, Method: http.MethodGet, Pattern: contactsPath + "/{lid}",
			Field: "Query.contact", Status: http.StatusOK,
			Summary: "One person the session knows.",
		}, getContact, func(c Contact) Contact { return c }),
		row(spec{
			Operation: "getContactAbout", Tag: tagContacts, Method: http.MethodGet, Pattern: contactPath + "/about",
			Field: "Query.contactAbout", Status: http.StatusOK, Live: true,
			Summary: "What a person says about themselves.",
			Notes:   "404 when the person is not on WhatsApp.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inPerson) (*gen.ContactAbout, error) {
			return root.Query().ContactAbout(ctx, in.Session, in.JID)
		}, func(a *gen.ContactAbout) ContactAbout { return ContactAbout{About: a.About} }),
		row(spec{
			Operation: "getContactPicture", Tag: tagContacts, Method: http.MethodGet, Pattern: contactPath + "/picture",
			Field: "Query.contactPicture", Status: http.StatusOK, Live: true,
			Summary: "Where a person's profile picture is.",
			Notes:   "404 when there is none that the account may see.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inPicture) (*whatsapp.ContactPicture, error) {
			return root.Query().ContactPicture(ctx, in.Session, in.JID, in.Preview != nil && *in.Preview)
		}, func(p *whatsapp.ContactPicture) ContactPicture { return ContactPicture{ID: p.ID, URL: p.URL} }),
		act(spec{
			Operation: "blockContact", Tag: tagContacts, Method: http.MethodPost, Pattern: contactPath + "/block",
			Field: "Mutation.blockContact", Status: http.StatusNoContent, Live: true,
			Summary: "Block a person.",
			Notes:   "They can no longer write to or call the account. Repeating it changes nothing.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inPerson) (*gen.BlockContactPayload, error) {
			return root.Mutation().BlockContact(ctx, in.Session, in.JID)
		}),
		act(spec{
			Operation: "unblockContact", Tag: tagContacts, Method: http.MethodPost, Pattern: contactPath + "/unblock",
			Field: "Mutation.unblockContact", Status: http.StatusNoContent, Live: true,
			Summary: "Take a person off the block list.",
			Notes:   "Repeating it changes nothing.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inPerson) (*gen.UnblockContactPayload, error) {
			return root.Mutation().UnblockContact(ctx, in.Session, in.JID)
		}),
	}
}

// getContact puts the contract's Contact together.
func getContact(ctx context.Context, root gen.ResolverRoot, in inContact) (Contact, error) {
	person, err := root.Query().Contact(ctx, in.Session, in.LID)
	if err != nil {
		return Contact{}, err
	}
	chat, err := root.Contact().Dm(ctx, person)
	if err != nil {
		return Contact{}, err
	}
	groups, err := root.Contact().Groups(ctx, person)
	if err != nil {
		return Contact{}, err
	}
	return Contact{DM: chat != nil, Groups: presentEach(groups, presentMembership), Identity: presentIdentity(person)}, nil
}

func presentMembership(m *models.Membership) ContactGroup {
	role := m.Role
	if role == models.RoleSuperAdmin {
		role = models.RoleAdmin
	}
	return ContactGroup{JID: m.GroupJID, LastSeen: int64(m.LastSeenAt), Name: m.Subject, Role: string(role), Tag: m.Tag}
}

func presentContacts(c *gen.ContactConnection) emptyEndList[Identity] {
	return emptyEndList[Identity]{Data: presentEach(c.Nodes, presentIdentity), NextCursor: nextCursor(c.PageInfo)}
}

func presentCheck(c *whatsapp.CheckedNumber) ContactCheck {
	return ContactCheck{BusinessName: c.BusinessName, IsOnWhatsApp: c.OnWhatsApp, JID: c.JID, LID: c.LID, Query: c.Query}
}
