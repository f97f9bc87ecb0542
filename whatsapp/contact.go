package whatsapp

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waSyncAction"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// CheckedNumber tells whether a phone number is on WhatsApp.
type CheckedNumber struct {
	Query        string // as the caller wrote it
	OnWhatsApp   bool
	JID          string // by phone number; "" when it is not on WhatsApp
	LID          string // "" when WhatsApp does not tell it
	BusinessName string // the verified name; "" when it is no business
}

// ContactPicture is where a profile picture can be fetched for some days, without
// a credential.
type ContactPicture struct {
	ID  string // changes with the picture
	URL string
}

// BlockedContact is somebody whom the account has blocked.
type BlockedContact struct {
	LID      string // "" when only the number is known
	PhoneJID string // "" unknown
}

// JID is the address to show, by number where known.
func (b BlockedContact) JID() string {
	if b.PhoneJID != "" {
		return b.PhoneJID
	}
	return b.LID
}

// SavedContact is an entry of the account's address book.
type SavedContact struct {
	JID       string
	FullName  string // 1 to 100 characters
	FirstName string // at most 100 characters; "": the full name's first word
}

// CheckContacts asks WhatsApp which phone numbers, digits with an optional "+",
// have an account, at most 50 at once; the answers have the order of the numbers.
// What it tells of known people is stored, strangers are not. Blocks at most 20 s.
func (s *Service) CheckContacts(ctx context.Context, sessionID string, phones []string) ([]CheckedNumber, error) {
	if len(phones) == 0 {
		return nil, fault.Missing("phones")
	}
	if len(phones) > maxChecks {
		return nil, fault.Invalid("phones", "phones must have at most 50 numbers").With("max", maxChecks)
	}
	return s.checkNumbers(ctx, sessionID, phones, func(i int) string { return "phones[" + strconv.Itoa(i) + "]" })
}

// CheckContact is [Service.CheckContacts] for one number.
func (s *Service) CheckContact(ctx context.Context, sessionID, phone string) (*CheckedNumber, error) {
	checked, err := s.checkNumbers(ctx, sessionID, []string{phone}, func(int) string { return "phone" })
	if err != nil {
		return nil, err
	}
	return &checked[0], nil
}

// checkNumbers asks about numbers; field is what the caller calls each.
func (s *Service) checkNumbers(ctx context.Context, sessionID string, phones []string, field func(int) string) ([]CheckedNumber, error) {
	numbers := make([]string, len(phones))
	asked := make([]string, 0, len(phones))
	seen := make(map[string]bool, len(phones))
	for i, given := range phones {
		number, err := address.ParseWrittenPhone(field(i), given)
		if err != nil {
			return nil, err
		}
		if numbers[i] = number; !seen[number] {
			seen[number] = true
			asked = append(asked, "+"+number)
		}
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	answers, err := ask(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) ([]types.IsOnWhatsAppResponse, error) {
		return cli.IsOnWhatsApp(ctx, asked)
	})
	if err != nil {
		return nil, err
	}
	found, people := x.onWhatsApp(ctx, answers)
	if err := s.complete(ctx, x, people); err != nil {
		return nil, err
	}
	checked := make([]CheckedNumber, len(phones))
	for i, given := range phones {
		checked[i] = found[numbers[i]]
		checked[i].Query = given
	}
	return checked, nil
}

// onWhatsApp reads which of the asked numbers are on WhatsApp, by their digits,
// and what that tells of people.
func (x *session) onWhatsApp(ctx context.Context, answers []types.IsOnWhatsAppResponse) (map[string]CheckedNumber, []models.Person) {
	found := make(map[string]CheckedNumber, len(answers))
	var people []models.Person
	for _, answer := range answers {
		if !answer.IsIn {
			continue
		}
		person := x.person(ctx, answer.JID, answer.PhoneNumber)
		if person == (models.Person{}) {
			continue
		}
		if answer.VerifiedName != nil {
			person.BusinessName = answer.VerifiedName.Details.GetVerifiedName()
		}
		people = append(people, person)
		query, _, _ := strings.Cut(strings.TrimPrefix(answer.Query, "+"), "@")
		if query == "" {
			query, _, _ = strings.Cut(person.PhoneJID, "@")
		}
		checked := CheckedNumber{OnWhatsApp: true, JID: person.PhoneJID, LID: person.LID, BusinessName: person.BusinessName}
		if checked.JID == "" {
			checked.JID = address.MakePhoneJID(query)
		}
		found[query] = checked
	}
	return found, people
}

// complete stores what an answer of WhatsApp's tells of people who are known.
func (s *Service) complete(ctx context.Context, x *session, people []models.Person) error {
	ctx, cancel := storing(ctx)
	defer cancel()
	err := s.db.Identities.Complete(ctx, x.id, people)
	s.changes.notify(err)
	return err
}

// ContactAbout gives what a person says about themselves; "" when that is nothing
// or hidden. Who is not on WhatsApp is fault.NotFound.
func (s *Service) ContactAbout(ctx context.Context, sessionID, personJID string) (string, error) {
	x, jid, err := s.livePerson(ctx, sessionID, personJID)
	if err != nil {
		return "", err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	info, err := x.userInfo(asking, jid)
	if err != nil {
		return "", err
	}
	person := x.person(ctx, jid, info.LID)
	if info.VerifiedName != nil {
		person.BusinessName = info.VerifiedName.Details.GetVerifiedName()
	}
	return info.Status, s.complete(ctx, x, []models.Person{person})
}

// userInfo asks WhatsApp about somebody; who has no account is fault.NotFound.
func (x *session) userInfo(ctx context.Context, jid types.JID) (types.UserInfo, error) {
	return ask(ctx, x, contactAnswers(), func(ctx context.Context, cli *whatsmeow.Client) (types.UserInfo, error) {
		infos, err := cli.GetUserInfo(ctx, []types.JID{jid})
		if err != nil {
			return types.UserInfo{}, err
		}
		info := infos[jid]
		// Everybody has at least the phone's own device.
		if len(info.Devices) == 0 && info.LID.IsEmpty() {
			return types.UserInfo{}, fault.NoSuch("contact")
		}
		return info, nil
	})
}

// ContactPicture gives a person's profile picture, the small one with preview;
// fault.NotFound when there is none that the account may see.
func (s *Service) ContactPicture(ctx context.Context, sessionID, personJID string, preview bool) (*ContactPicture, error) {
	x, jid, err := s.livePerson(ctx, sessionID, personJID)
	if err != nil {
		return nil, err
	}
	none := fault.NoSuch("picture")
	return ask(ctx, x, answers{401: none, 404: none}, func(ctx context.Context, cli *whatsmeow.Client) (*ContactPicture, error) {
		info, err := cli.GetProfilePictureInfo(ctx, jid, &whatsmeow.GetProfilePictureParams{Preview: preview})
		if errors.Is(err, whatsmeow.ErrProfilePictureNotSet) || err == nil && info == nil {
			return nil, none
		}
		if err != nil {
			return nil, err
		}
		return &ContactPicture{ID: info.ID, URL: info.URL}, nil
	})
}

// BlockContact blocks a person. Repeating it changes nothing.
func (s *Service) BlockContact(ctx context.Context, sessionID, personJID string) error {
	return s.changeBlocklist(ctx, sessionID, personJID, events.BlocklistChangeActionBlock)
}

// UnblockContact takes a person off the block list. Repeating it changes nothing.
func (s *Service) UnblockContact(ctx context.Context, sessionID, personJID string) error {
	return s.changeBlocklist(ctx, sessionID, personJID, events.BlocklistChangeActionUnblock)
}

func (s *Service) changeBlocklist(ctx context.Context, sessionID, personJID string, action events.BlocklistChangeAction) error {
	x, jid, err := s.livePerson(ctx, sessionID, personJID)
	if err != nil {
		return err
	}
	if x.isOwn(jid) {
		return fault.Invalid("jid", "an account cannot block itself")
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	if jid.Server == types.DefaultUserServer && x.otherAddress(ctx, jid).IsEmpty() {
		// whatsmeow needs the LID and would ask too, but not say who has no account.
		info, err := x.userInfo(asking, jid)
		if err != nil {
			return err
		}
		if err := s.complete(ctx, x, []models.Person{x.person(ctx, jid, info.LID)}); err != nil {
			return err
		}
	}
	return tell(asking, x, contactAnswers(), func(ctx context.Context, cli *whatsmeow.Client) error {
		_, err := cli.UpdateBlocklist(ctx, jid, action)
		return err
	})
}

// Blocklist gives whom the account has blocked.
func (s *Service) Blocklist(ctx context.Context, sessionID string) ([]BlockedContact, error) {
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	list, err := ask(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) (*types.Blocklist, error) {
		return cli.GetBlocklist(ctx)
	})
	if err != nil {
		return nil, err
	}
	blocked := []BlockedContact{}
	for _, jid := range list.JIDs {
		if person := x.person(ctx, jid, types.EmptyJID); person != (models.Person{}) {
			blocked = append(blocked, BlockedContact{LID: person.LID, PhoneJID: person.PhoneJID})
		}
	}
	return blocked, nil
}

// SaveContact writes a person into the account's address book, as its phone and
// other devices then show it, and gives the contact as stored.
func (s *Service) SaveContact(ctx context.Context, sessionID string, contact SavedContact) (*models.Identity, error) {
	for _, name := range []struct{ field, value string }{{"fullName", contact.FullName}, {"firstName", contact.FirstName}} {
		if utf8.RuneCountInString(name.value) > maxContactName {
			return nil, fault.Invalid(name.field, name.field+" must have at most 100 characters").With("max", maxContactName)
		}
	}
	if blank(contact.FullName) {
		return nil, fault.Missing("fullName")
	}
	x, jid, err := s.livePerson(ctx, sessionID, contact.JID)
	if err != nil {
		return nil, err
	}
	if contact.FirstName == "" {
		contact.FirstName = strings.Fields(contact.FullName)[0]
	}
	person := x.person(ctx, jid, types.EmptyJID)
	if err := s.sendState(ctx, x, savedContactPatch(jid, person, contact)); err != nil {
		return nil, err
	}
	saving, done := storing(ctx)
	defer done()
	person.ContactName = contact.FullName
	ids, err := s.db.Identities.Upsert(saving, x.id, []models.Person{person})
	s.changes.notify(err)
	if err != nil {
		return nil, err
	}
	return s.db.Identities.GetByID(saving, ids[0])
}

// savedContactPatch is the app state of an entry, which whatsmeow has no builder
// for. Entries are kept by number where it is known, as phones do.
func savedContactPatch(jid types.JID, person models.Person, contact SavedContact) appstate.PatchInfo {
	action := &waSyncAction.ContactAction{
		FullName: proto.String(contact.FullName), FirstName: proto.String(contact.FirstName), SaveOnPrimaryAddressbook: proto.Bool(true),
	}
	key := jid.String()
	if person.PhoneJID != "" {
		key = person.PhoneJID
		if person.LID != "" {
			action.LidJID = proto.String(person.LID)
		}
	}
	return appstate.PatchInfo{Type: appstate.WAPatchCriticalUnblockLow, Mutations: []appstate.MutationInfo{{
		Index: []string{appstate.IndexContact, key}, Version: 2,
		Value: &waSyncAction.SyncActionValue{ContactAction: action},
	}}}
}

// livePerson gives the session for a live act about a person, and their address.
func (s *Service) livePerson(ctx context.Context, sessionID, personJID string) (*session, types.JID, error) {
	canonical, err := address.ParsePerson("jid", personJID)
	if err != nil {
		return nil, types.JID{}, err
	}
	jid, err := parseCanonical(canonical)
	if err != nil {
		return nil, types.JID{}, err
	}
	x, err := s.live(ctx, sessionID)
	return x, jid, err
}

// contactAnswers says what codes mean as the answer to a question about a person.
func contactAnswers() answers { return answers{404: fault.NoSuch("contact")} }
