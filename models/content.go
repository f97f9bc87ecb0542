package models

import (
	"encoding/json"
	"fmt"
)

// Content is what a message says beyond its text. At most one of the pointers and
// Contacts is set, the one that belongs to the message's type; a text may have a
// LinkPreview. It is stored as JSON: names are short and never change their meaning.
type Content struct {
	Media       *Media        `json:"media,omitempty"`
	Poll        *Poll         `json:"poll,omitempty"`
	Location    *Location     `json:"location,omitempty"`
	Contacts    []ContactCard `json:"contacts,omitempty"`
	LinkPreview *LinkPreview  `json:"preview,omitempty"`
	System      *System       `json:"system,omitempty"`
	// TargetSender is who sent the message that this one changes: an address, "" unknown.
	TargetSender string `json:"targetSender,omitempty"`
	// Options are the texts of the options that a vote chose.
	Options []string `json:"options,omitzero"`

	ViewOnce  bool `json:"viewOnce,omitempty"`
	Forwarded bool `json:"forwarded,omitempty"`
	// EphemeralSeconds is after how long it disappears; 0: it stays.
	EphemeralSeconds int `json:"ephemeral,omitempty"`
}

// IsZero reports whether it says nothing.
func (c *Content) IsZero() bool {
	return c.Media == nil && c.Poll == nil && c.Location == nil && len(c.Contacts) == 0 && c.LinkPreview == nil && c.System == nil &&
		c.TargetSender == "" && c.Options == nil && !c.ViewOnce && !c.Forwarded && c.EphemeralSeconds == 0
}

// Media describes the file of a message; where the file is says [MediaFile].
type Media struct {
	Mimetype  string `json:"mimetype"`
	Size      int64  `json:"size"` // bytes; 0 unknown
	Filename  string `json:"filename,omitempty"`
	Width     int    `json:"width,omitempty"`  // pixels; 0 unknown
	Height    int    `json:"height,omitempty"` // pixels; 0 unknown
	Seconds   int    `json:"seconds,omitempty"`
	Voice     bool   `json:"voice,omitempty"`    // a voice note
	Animated  bool   `json:"animated,omitempty"` // a sticker that moves, or a video that plays as a GIF
	VideoNote bool   `json:"videoNote,omitempty"`
}

// Poll is a question with options.
type Poll struct {
	Name            string   `json:"name"`
	Options         []string `json:"options"`
	SelectableCount int      `json:"selectable,omitempty"` // how many a voter may choose; 0: any number
}

// Location is a place.
type Location struct {
	Latitude  float64 `json:"lat"`
	Longitude float64 `json:"lng"`
	Name      string  `json:"name,omitempty"`
	Address   string  `json:"address,omitempty"`
	URL       string  `json:"url,omitempty"`
	Live      bool    `json:"live,omitempty"` // the first place of one that is shared as it changes
}

// ContactCard is a person's card.
type ContactCard struct {
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"` // the first number in it, as it is written there
	VCard string `json:"vcard"`
}

// LinkPreview is what a text shows of a page it links to.
type LinkPreview struct {
	URL         string `json:"url"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

// System is something that WhatsApp says of the chat.
type System struct {
	Kind string `json:"kind"` // ephemeral_setting, or what WhatsApp calls it
}

// encode gives the content as it is stored; "" for one that says nothing.
func (c *Content) encode() (string, error) {
	if c.IsZero() {
		return "", nil
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encoding the content of a message: %w", err)
	}
	return string(encoded), nil
}

// decodeContent reads what encode made.
func decodeContent(stored string) (c Content, err error) {
	if stored == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(stored), &c); err != nil {
		return c, fmt.Errorf("reading the content of a message: %w", err)
	}
	return c, nil
}

// Reaction is what somebody reacted to a message with.
type Reaction struct {
	MessageID int64
	Identity  Identity
	FromMe    bool
	Emoji     string
	At        Millis
}

// PollVote is what somebody chose in a poll.
type PollVote struct {
	MessageID int64
	Identity  Identity
	Options   []string
	At        Millis
}
