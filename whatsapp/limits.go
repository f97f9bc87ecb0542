package whatsapp

import (
	"time"
	"unicode/utf8"

	"wagateway/models/fault"
)

// The limits of WhatsApp that are checked here, so that a request which can only
// fail never leaves the gateway. Lengths count Unicode code points.
const (
	// maxGroupSubject is WhatsApp's since late 2022; it was 25 before, which
	// whatsmeow's documentation of ReqCreateGroup still says. A longer one is
	// refused with code 406.
	maxGroupSubject = 100
	// maxGroupDescription is what WhatsApp's own apps let one type, since the
	// same time; it was 512 before.
	maxGroupDescription = 2048
	// maxGroupMembers is WhatsApp's size of a group, the creator counted, since
	// late 2022 ("up to 1024 people", faq.whatsapp.com); an add beyond it is
	// declined with code 419.
	maxGroupMembers = 1024
	// maxPushName and maxAbout are what WhatsApp's own apps let one type.
	maxPushName, maxAbout = 25, 139
	// maxPictureSide is the width and height in pixels that WhatsApp's own apps
	// scale profile pictures to.
	maxPictureSide = 640
	// maxText is what WhatsApp's own apps let one type into a message.
	maxText = 65_536
)

// The limits of this gateway.
const (
	// actTimeout bounds each request to WhatsApp, and acts that make several. whatsmeow
	// alone would wait 75 s for each answer, longer than callers and proxies do.
	actTimeout = 20 * time.Second
	// storeTimeout bounds storing the result of an act that has been done, which
	// goes on when the caller has gone.
	storeTimeout = 10 * time.Second
	// fetchTimeout bounds one question of the background, a listing of a
	// thousand groups included.
	fetchTimeout = 60 * time.Second
	// fetchRounds is how often a group that changes while it is fetched is
	// fetched again before its notifications are trusted alone.
	fetchRounds = 3
	// maxFetchTries is how often a group that cannot be fetched is tried; reading
	// all groups is tried for as long as the session is connected.
	maxFetchTries = 6
	// maxFullSyncs is how many sessions of a process read all their groups at
	// once: a listing is held in memory while it is stored.
	maxFullSyncs = 8
	// maxMentions is the size of a group: nobody else can be meant.
	maxMentions = maxGroupMembers
	// maxMessageID is more than any client of WhatsApp's makes, 32 characters.
	maxMessageID = 128
	// maxIdempotencyKey bounds the names that callers give to requests (contract §2).
	maxIdempotencyKey = 255
	// sendPage is how many queued sends of a session are in memory at most, and
	// maxSettling how many whose outcome is being stored.
	sendPage, maxSettling = 64, 64
	// maxSendTries is how often a message that fails before it leaves, for a
	// reason that time may mend, is tried.
	maxSendTries = 5
	// maxSendPause bounds the pause before a message is tried again.
	maxSendPause = time.Minute
	// maxChecks is how many numbers are checked at once: more look to WhatsApp like
	// somebody who collects numbers.
	maxChecks = 50
	// maxContactName bounds the names of the address book.
	maxContactName = 100
	// maxPicture is how large a picture may come in, in bytes, and maxPicturePixels
	// how large it may be unpacked: about 100 MB for a moment.
	maxPicture, maxPicturePixels = 5 << 20, 25_000_000
	// nameBatch is how many people are stored in one transaction.
	nameBatch = 500
)

// checkSubject checks a group's name; field is what the caller calls it.
func checkSubject(field, subject string) error {
	switch n := utf8.RuneCountInString(subject); {
	case blank(subject):
		return fault.Missing(field)
	case n > maxGroupSubject:
		return fault.Invalid(field, field+" must have at most 100 characters").With("max", maxGroupSubject)
	}
	return nil
}

func checkDescription(field, description string) error {
	if utf8.RuneCountInString(description) > maxGroupDescription {
		return fault.Invalid(field, field+" must have at most 2048 characters").With("max", maxGroupDescription)
	}
	return nil
}

// disappearingTimes are the timers that WhatsApp's apps offer, in seconds: never, a
// day, a week, 90 days. Groups take no others.
func disappearingTimes() []int { return []int{0, 86_400, 604_800, 7_776_000} }
