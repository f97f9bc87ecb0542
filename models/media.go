package models

// MediaStatus is where the file of a message is.
type MediaStatus string

// The states. Remote becomes stored, expired or failed; expired and failed become
// remote again when the phone has given the file another time; a file that is kept
// for a time only becomes remote when that is over.
const (
	MediaRemote   MediaStatus = "remote"   // at WhatsApp's
	MediaStored   MediaStatus = "stored"   // in our storage
	MediaUploaded MediaStatus = "uploaded" // sent by us: in our storage and at WhatsApp's
	MediaExpired  MediaStatus = "expired"  // WhatsApp no longer has it
	MediaFailed   MediaStatus = "failed"   // it could not be got, or is not what the message says
)

// MediaFile is the file of a message: where it is.
type MediaFile struct {
	MessageID  int64
	SessionID  string
	Status     MediaStatus
	StorageKey string // of our storage; "" not there
	Mimetype   string
	Size       int64  // bytes; 0 unknown
	SHA256     []byte // of the file itself
	DirectPath string // at WhatsApp's; "" not there
	Thumbnail  []byte // a small JPEG; nil none
	Attempts   int
	NextTryAt  Millis // when to try to get it again; 0: at once
	Error      string // why it is not there
	CreatedAt  Millis
	UpdatedAt  Millis
}

// NewMedia is the file of a new message, stored in the transaction of its row.
type NewMedia struct {
	Status     MediaStatus
	StorageKey string
	Mimetype   string
	Size       int64
	SHA256     []byte
	DirectPath string
	Thumbnail  []byte
	NextTryAt  Millis // when to get it, where it is remote; 0: at once
}
