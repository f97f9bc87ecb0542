// Package mediafile tells what a file is that somebody wants to send: how it is
// given inline, of which type it is, whether a message of the wanted kind can hold
// it, and what WhatsApp wants to know of it.
//
// Files come from strangers. Nothing here allocates by what a file says of itself
// before that is bounded, and no file is held in memory.
package mediafile

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"time"

	"wagateway/models"
	"wagateway/models/fault"
)

// What the contract calls the input.
const (
	mediaField    = "media"
	mimetypeField = "media.mimetype"
	voiceField    = "media.voice"
)

const (
	// MaxPixels bounds a picture: more than any phone's camera takes, and less than
	// what makes other people's phones fail.
	MaxPixels = 100 << 20
	// maxThumbnailPixels bounds a picture that gets a thumbnail, for which it is
	// unpacked: up to 15 bytes for each pixel of a progressive JPEG.
	maxThumbnailPixels = 16 << 20
	// imageHead is how far into a JPEG its size may stand: behind what a camera puts
	// there, a preview of up to 64 KiB and a colour profile among it.
	imageHead = 1 << 20
)

// Wish is what a file is to be.
type Wish struct {
	// Type is the kind of message: image, video, audio, document or sticker.
	Type models.MessageType
	// Voice asks for a voice note, which is a kind of audio.
	Voice bool
	// Mimetype is what the caller or the file's server says it is; "" nothing.
	Mimetype string
	// Filename may tell what nothing else does; "" unknown.
	Filename string
}

// Facts is what is known of a file.
type Facts struct {
	Mimetype      string        // the true one
	Width, Height int           // pixels of a picture or film as it is shown; 0 unknown
	Length        time.Duration // of Opus in Ogg and of the MP4 family; 0 unknown
	Animated      bool          // a sticker that moves
	Thumbnail     []byte        // a JPEG of at most 10 KiB of an image; nil none
}

// Inspector looks at files. It is safe for concurrent use; pictures are unpacked
// one at a time, because each may take a hundred megabytes or two.
type Inspector struct {
	unpacking chan struct{}
}

// New makes an inspector.
func New() *Inspector { return &Inspector{unpacking: make(chan struct{}, 1)} }

// Inspect looks at a file of size bytes. A file that is empty, is not what it is
// said to be, that a message of this kind cannot hold, or a picture that is
// damaged or too large is a validation error about the field media or one in it.
// Other errors are those of reading. ctx bounds waiting for other pictures.
func (i *Inspector) Inspect(ctx context.Context, file io.ReaderAt, size int64, wish Wish) (Facts, error) {
	if size == 0 {
		return Facts{}, fault.Invalid(mediaField, "the file is empty")
	}
	head := make([]byte, min(size, headSize))
	if n, err := file.ReadAt(head, 0); n < len(head) {
		return Facts{}, fmt.Errorf("reading a file: %w", err)
	}
	kind, err := Sniff(head, wish.Mimetype, wish.Filename)
	if err != nil {
		return Facts{}, err
	}
	facts := Facts{Mimetype: kind}
	if _, _, isOpus := opusHead(head); isOpus && kind == "audio/ogg" {
		facts.Mimetype = opusType
		facts.Length = opusLength(file, size, head)
	}
	if err := facts.suit(wish); err != nil {
		return Facts{}, err
	}
	if container[kind] == "iso" {
		iso := readISO(file, size)
		facts.Length, facts.Width, facts.Height = iso.length, iso.width, iso.height
	}
	if wish.Type != models.MessageImage && wish.Type != models.MessageSticker {
		return facts, nil
	}
	if err := i.look(ctx, file, size, &facts); err != nil {
		return Facts{}, err
	}
	return facts, nil
}

// kinds are the types that messages can hold, as WhatsApp's own apps show and play
// them.
var kinds = map[models.MessageType]struct {
	types []string
	want  string
}{
	models.MessageImage:   {[]string{"image/jpeg", "image/png", "image/webp"}, "an image must be JPEG, PNG or WebP"},
	models.MessageSticker: {[]string{"image/webp"}, "a sticker must be WebP"},
	models.MessageVideo:   {[]string{"video/mp4", "video/3gpp", "video/quicktime"}, "a video must be MP4, 3GPP or QuickTime"},
	models.MessageAudio: {
		[]string{"audio/mpeg", opusType, "audio/mp4", "audio/aac", "audio/amr", "audio/wav"},
		"audio must be MP3, Ogg with Opus, MP4, AAC, AMR or WAV",
	},
}

// suit refuses a file that a message of the kind cannot hold.
func (f *Facts) suit(wish Wish) error {
	if wish.Type == models.MessageDocument {
		return nil
	}
	kind, ok := kinds[wish.Type]
	if !ok {
		return fmt.Errorf("looking at a file: a message of type %s has none", wish.Type)
	}
	if wish.Voice && f.Mimetype != opusType {
		return fault.MediaType(voiceField, "a voice note must be Ogg with Opus").With("mimetype", f.Mimetype)
	}
	if wish.Type == models.MessageAudio && wish.Mimetype == "" && f.Mimetype == "video/mp4" {
		f.Mimetype = "audio/mp4" // the same files, and nobody says otherwise
	}
	if slices.Contains(kind.types, f.Mimetype) {
		return nil
	}
	return fault.MediaType(mediaField, kind.want).With("mimetype", f.Mimetype)
}

// look finds what there is to know of a picture.
func (i *Inspector) look(ctx context.Context, file io.ReaderAt, size int64, facts *Facts) error {
	config, animated, err := readConfig(file, size, facts.Mimetype)
	if err != nil {
		return fault.MediaType(mediaField, "the picture is damaged").Because(err)
	}
	facts.Animated = animated
	if config.Width <= 0 || config.Height <= 0 {
		return fault.MediaType(mediaField, "the picture is damaged")
	}
	pixels := int64(config.Width) * int64(config.Height)
	if pixels > MaxPixels {
		return fault.Invalid(mediaField, "the picture has too many pixels").With("max", MaxPixels)
	}
	facts.Width, facts.Height = config.Width, config.Height
	turn := upright
	if facts.Mimetype == "image/jpeg" {
		if turn = readOrientation(file, size); turn.sideways() {
			facts.Width, facts.Height = facts.Height, facts.Width
		}
	}
	if animated || pixels > maxThumbnailPixels {
		return nil
	}
	select {
	case i.unpacking <- struct{}{}:
		defer func() { <-i.unpacking }()
	case <-ctx.Done():
		return fmt.Errorf("waiting to look at a picture: %w", context.Cause(ctx))
	}
	// One that cannot be unpacked here may still be shown elsewhere, as some
	// arithmetic-coded JPEGs are: it goes without.
	if picture, err := unpack(file, size, facts.Mimetype); err == nil {
		facts.Thumbnail = thumbnail(picture, turn)
	}
	return nil
}

// readConfig reads a picture's size. The library's registry is not used: it would
// try formats that nobody asked for.
func readConfig(file io.ReaderAt, size int64, kind string) (config image.Config, animated bool, err error) {
	r := io.NewSectionReader(file, 0, min(size, imageHead))
	switch kind {
	case "image/jpeg":
		config, err = jpeg.DecodeConfig(r)
	case "image/png":
		config, err = png.DecodeConfig(r)
	case "image/webp":
		head := make([]byte, min(size, 64<<10))
		if n, err := file.ReadAt(head, 0); n < len(head) {
			return config, false, err
		}
		config, animated, err = readWebP(head)
	default:
		err = errors.New("no picture")
	}
	return config, animated, err
}
