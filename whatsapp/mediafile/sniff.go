package mediafile

import (
	"bytes"
	"errors"
	"mime"
	"path"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"wagateway/models/fault"
)

// headSize is how much of a file says what it is; the library looks no further.
const headSize = 3072

const (
	unknownType = "application/octet-stream"
	textType    = "text/plain"
	opusType    = "audio/ogg; codecs=opus" // what WhatsApp's own apps call a voice note
)

// Sniff tells a file's media type from its beginning, at least 3 KiB of it where
// there are as many. declared is what somebody said, "" nothing; the content
// decides. Where the content does not tell (text, an archive, bytes of any kind)
// what was said counts, and then the filename's ending.
//
// What was said of another family than the content is a lie: a validation error
// about media.mimetype. A type of the same family is set right.
func Sniff(head []byte, declared, filename string) (string, error) {
	said := ""
	if declared != "" {
		var err error
		if said, err = normalize(declared); err != nil {
			return "", fault.Invalid(mimetypeField, mimetypeField+" must be a media type such as image/jpeg").Because(err)
		}
	}
	found := detect(head)
	if said == "" || said == unknownType {
		if named, err := normalize(mime.TypeByExtension(path.Ext(filename))); err == nil {
			if merged, ok := merge(found, named); ok {
				return merged, nil
			}
		}
		return base(found.String()), nil
	}
	merged, ok := merge(found, said)
	if !ok {
		return "", fault.MediaType(mimetypeField, mimetypeField+" says "+said+", but the file is "+base(found.String()))
	}
	return merged, nil
}

// detect adds what the library does not look at: MP3 files whose tag is longer
// than what it reads.
func detect(head []byte) *mimetype.MIME {
	found := mimetype.Detect(head)
	if found.Is(unknownType) && bytes.HasPrefix(head, []byte("ID3")) {
		return mimetype.Lookup("audio/mpeg")
	}
	return found
}

// aliases are names in use for a type that has another.
var aliases = map[string]string{
	"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png",
	"audio/mp3": "audio/mpeg", "audio/x-m4a": "audio/mp4", "audio/m4a": "audio/mp4", "audio/mp4a-latm": "audio/mp4",
	"audio/opus": "audio/ogg", "application/ogg": "audio/ogg", "audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "audio/vnd.wave": "audio/wav",
	"audio/x-aac": "audio/aac", "audio/aacp": "audio/aac", "audio/amr-nb": "audio/amr", "audio/3gpp": "audio/mp4", "video/x-m4v": "video/mp4",
	"application/x-pdf": "application/pdf", "application/x-zip-compressed": "application/zip", "binary/octet-stream": unknownType,
}

// normalize gives a type without parameters under its usual name.
func normalize(name string) (string, error) {
	parsed, _, err := mime.ParseMediaType(name)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return "", err
	}
	if kind, sub, _ := strings.Cut(parsed, "/"); kind == "" || sub == "" || len(parsed) > 255 { // RFC 6838 §4.2
		return "", errors.New("no type and subtype")
	}
	return base(parsed), nil
}

// base is normalize for what is known to be a type.
func base(name string) string {
	name, _, _ = strings.Cut(name, ";")
	if usual, ok := aliases[name]; ok {
		return usual
	}
	return name
}

// merge gives the type of content that is said to be something, if both can be true.
func merge(found *mimetype.MIME, said string) (string, bool) {
	content := base(found.String())
	known := mimetype.Lookup(said)
	switch {
	case content == said:
		return said, true
	case content == unknownType:
		return said, !certain[said]
	case family(found) == "text":
		return said, textual(said)
	case kindOf(content) == "application" && known != nil && hasAncestor(known, found):
		return said, true // an office document within an archive, for one
	case container[content] != "" && container[content] == container[said] && kindOf(content) != kindOf(said):
		return said, kindOf(content) == "video" // which may hold sound alone
	case strings.HasPrefix(said, kindOf(content)+"/"):
		return content, true
	}
	return content, false
}

// certain are types that the content always shows: what is not found to be one is
// none.
var certain = map[string]bool{
	"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true, "application/pdf": true,
	"video/mp4": true, "video/quicktime": true, "video/3gpp": true, "video/webm": true, "audio/mp4": true, "audio/ogg": true, "audio/amr": true,
	"application/zip": true, "text/html": true, "application/json": true,
}

// textual reports whether a file of text can be of this type.
func textual(said string) bool {
	switch kindOf(said) {
	case "audio", "font":
		return strings.HasSuffix(said, "mpegurl") // lists of what to play
	case "video":
		return false
	case "image":
		return strings.HasSuffix(said, "+xml")
	}
	switch said {
	case "application/pdf", "application/zip", "application/gzip":
		return false
	}
	return true
}

func kindOf(name string) string {
	kind, _, _ := strings.Cut(name, "/")
	return kind
}

// family is text for all that is text of some kind, markup and program text too.
func family(found *mimetype.MIME) string {
	for m := found; m != nil; m = m.Parent() {
		if m.Is(textType) {
			return "text"
		}
	}
	return kindOf(found.String())
}

func hasAncestor(m, wanted *mimetype.MIME) bool {
	for m = m.Parent(); m != nil; m = m.Parent() {
		if m.Is(wanted.String()) {
			return true
		}
	}
	return false
}

// container names what files of these types are made of. It may hold sound, film
// or both.
var container = map[string]string{
	"video/mp4": "iso", "audio/mp4": "iso", "video/3gpp": "iso", "video/3gpp2": "iso", "video/quicktime": "iso",
	"audio/ogg": "ogg", "video/ogg": "ogg",
	"audio/webm": "matroska", "video/webm": "matroska", "video/x-matroska": "matroska", "audio/x-matroska": "matroska",
}
