package whatsapp

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-vcard"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// TextContent is a text.
type TextContent struct {
	Text        string   // 1 to 65,536 characters
	Mentions    []string // people named in the text, at most 1,024
	LinkPreview bool     // show the title of the first page it links to
}

// PollContent is a poll.
type PollContent struct {
	Name       string   // 1 to 255 characters
	Options    []string // 2 to 12 different ones of 1 to 100 characters
	Selectable *int     // how many a voter may choose; 0: any number; nil: 1
}

// LocationContent is a place.
type LocationContent struct {
	Latitude, Longitude float64 // degrees
	Name                string  // at most 100 characters
	Address             string  // at most 255 characters
}

// ContactContent is a person's card: a name and a number, or a vCard.
type ContactContent struct {
	Name  string // 1 to 100 characters
	Phone string // digits with an optional +
	VCard string // at most 64 KiB
}

// checkContent reads what is sent into a draft.
func (n NewSend) checkContent(d *draft) error {
	given := 0
	for _, set := range []bool{n.Text != nil, n.Media != nil, n.Poll != nil, n.Location != nil, n.Contact != nil} {
		if set {
			given++
		}
	}
	switch {
	case given == 0:
		return fault.Missing("text")
	case given > 1:
		return fault.Invalid("content", "content must be of one kind")
	case n.Text != nil:
		return n.Text.into(d)
	case n.Media != nil:
		return n.Media.into(d)
	case n.Poll != nil:
		return n.Poll.into(d)
	case n.Location != nil:
		return n.Location.into(d)
	default:
		return n.Contact.into(d)
	}
}

func (c *TextContent) into(d *draft) (err error) {
	if err := checkText("text", c.Text); err != nil {
		return err
	}
	d.kind, d.body, d.preview = models.MessageText, c.Text, c.LinkPreview
	d.message = &waE2E.Message{Conversation: proto.String(c.Text)}
	d.mentions, err = parseMentions(c.Mentions)
	return err
}

// The limits of polls, as WhatsApp's own apps have them.
const (
	maxPollName, maxPollOption = 255, 100
	minPollOptions             = 2
	maxPollOptions             = 12
	// secretSize is the length of a message's secret, with which votes are encrypted.
	secretSize = 32
)

func (c *PollContent) into(d *draft) error {
	if err := checkShort("name", c.Name, maxPollName); err != nil {
		return err
	}
	if len(c.Options) < minPollOptions || len(c.Options) > maxPollOptions {
		return fault.Invalid("options", fmt.Sprintf("options must have %d to %d entries", minPollOptions, maxPollOptions)).With("max", maxPollOptions)
	}
	creation := &waE2E.PollCreationMessage{Name: proto.String(c.Name)}
	for i, option := range c.Options {
		field := fmt.Sprintf("options[%d]", i)
		if err := checkShort(field, option, maxPollOption); err != nil {
			return err
		}
		if slices.Contains(c.Options[:i], option) {
			return fault.Invalid(field, field+" is there twice")
		}
		creation.Options = append(creation.Options, &waE2E.PollCreationMessage_Option{OptionName: proto.String(option)})
	}
	selectable := 1
	if c.Selectable != nil {
		selectable = *c.Selectable
	}
	if selectable < 0 || selectable > len(c.Options) {
		return fault.Invalid("selectableCount", "selectableCount must be 0 to the number of options").With("max", len(c.Options))
	}
	creation.SelectableOptionsCount = proto.Uint32(uint32(selectable))
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails
	d.kind, d.body = models.MessagePoll, c.Name
	d.details.Poll = &models.Poll{Name: c.Name, Options: c.Options, SelectableCount: selectable}
	d.message = &waE2E.Message{MessageContextInfo: &waE2E.MessageContextInfo{MessageSecret: secret}}
	if selectable == 1 {
		d.message.PollCreationMessageV3 = creation // what apps make of a single choice
	} else {
		d.message.PollCreationMessage = creation
	}
	return nil
}

// The limits of places and cards: this gateway's, above what apps show.
const (
	maxPlaceName, maxPlaceAddress = 100, 255
	maxCardName                   = 100
	maxCard                       = 64 << 10
)

func (c *LocationContent) into(d *draft) error {
	switch {
	case !(c.Latitude >= -90 && c.Latitude <= 90): // not a number, either
		return fault.Invalid("latitude", "latitude must be -90 to 90")
	case !(c.Longitude >= -180 && c.Longitude <= 180):
		return fault.Invalid("longitude", "longitude must be -180 to 180")
	}
	if err := checkName("name", c.Name, maxPlaceName); err != nil {
		return err
	}
	if err := checkName("address", c.Address, maxPlaceAddress); err != nil {
		return err
	}
	place := &waE2E.LocationMessage{DegreesLatitude: &c.Latitude, DegreesLongitude: &c.Longitude}
	if c.Name != "" {
		place.Name = &c.Name
	}
	if c.Address != "" {
		place.Address = &c.Address
	}
	d.kind, d.body = models.MessageLocation, c.Name
	d.details.Location = &models.Location{Latitude: c.Latitude, Longitude: c.Longitude, Name: c.Name, Address: c.Address}
	d.message = &waE2E.Message{LocationMessage: place}
	return nil
}

func (c *ContactContent) into(d *draft) error {
	name, card, err := c.card()
	if err != nil {
		return err
	}
	d.kind, d.body = models.MessageContact, name
	d.details.Contacts = []models.ContactCard{{Name: name, Phone: phoneOf(card), VCard: card}}
	d.message = &waE2E.Message{ContactMessage: &waE2E.ContactMessage{DisplayName: &name, Vcard: &card}}
	return nil
}

// card gives the person's name and vCard.
func (c *ContactContent) card() (name, card string, err error) {
	if c.VCard != "" {
		if c.Name != "" || c.Phone != "" {
			return "", "", fault.Invalid("vcard", "vcard takes the place of name and phone")
		}
		return parseCard(c.VCard)
	}
	if err := checkShort("contact.name", c.Name, maxCardName); err != nil {
		return "", "", err
	}
	if strings.ContainsAny(c.Name, "\r\n") { // what follows a bare CR would be a line of the card to many readers
		return "", "", fault.Invalid("contact.name", "contact.name must be one line")
	}
	digits, err := address.ParseWrittenPhone("contact.phone", c.Phone)
	if err != nil {
		return "", "", err
	}
	made := make(vcard.Card)
	made.SetValue(vcard.FieldVersion, "3.0")
	made.SetValue(vcard.FieldFormattedName, c.Name)
	made.AddName(&vcard.Name{GivenName: c.Name})
	// With waid, phones offer to write to the number.
	made.Add(vcard.FieldTelephone, &vcard.Field{Value: "+" + digits, Params: vcard.Params{"TYPE": {"CELL"}, "waid": {digits}}})
	var text strings.Builder
	if err := vcard.NewEncoder(&text).Encode(made); err != nil {
		return "", "", fmt.Errorf("encoding a card: %w", err)
	}
	return c.Name, text.String(), nil
}

// parseCard gives the name of a card that a caller made.
func parseCard(card string) (name, same string, err error) {
	if len(card) > maxCard {
		return "", "", fault.Invalid("vcard", "vcard must have at most 64 KiB").With("max", maxCard)
	}
	if storable(card) != card {
		return "", "", fault.Invalid("vcard", "vcard must be UTF-8 without NUL")
	}
	read := vcard.NewDecoder(strings.NewReader(card))
	first, err := read.Decode()
	if err != nil {
		return "", "", fault.Invalid("vcard", "vcard is no vCard").Because(err)
	}
	if _, err := read.Decode(); err != io.EOF { //nolint:errorlint // given bare
		return "", "", fault.Invalid("vcard", "vcard must be one vCard")
	}
	name = first.PreferredValue(vcard.FieldFormattedName)
	if name == "" {
		return "", "", fault.Invalid("vcard", "vcard must have a name (FN)")
	}
	return name, card, nil
}

// checkShort checks a required name of at most so many characters.
func checkShort(field, text string, most int) error {
	switch {
	case blank(text):
		return fault.Missing(field)
	case utf8.RuneCountInString(text) > most:
		return fault.Invalid(field, fmt.Sprintf("%s must have at most %d characters", field, most)).With("max", most)
	case storable(text) != text:
		return fault.Invalid(field, field+" must be UTF-8 without NUL")
	}
	return nil
}
