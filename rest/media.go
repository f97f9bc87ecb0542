package rest

import (
	"bytes"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/graph/gen"
	"wagateway/models/fault"
)

const messagePath = messagesPath + "/{mid}"

// inMessage is the input of operations about one message.
type inMessage struct {
	inSession
	Message string `path:"mid" json:"-" description:"WhatsApp's id of it." example:"3EB0C431C26A1916E07A"`
}

// inMessageMedia is the input of getMessageMedia.
type inMessageMedia struct {
	inMessage
	Chat      string `query:"chat" json:"-" description:"The chat it is in; needed only where several chats have a message of that id." example:"6281234567890@s.whatsapp.net"`
	Thumbnail *bool  `query:"thumbnail" json:"-" description:"true: the small JPEG that came with the message instead." example:"false"`
}

func mediaRows() []route {
	return []route{
		streamed(spec{
			Operation: "getMessageMedia", Tag: tagMessages, Method: http.MethodGet, Pattern: messagePath + "/media",
			Field: "Mutation.fetchMedia", Status: http.StatusOK, Live: true, Ranges: true,
			Summary: "The file of a message.",
			Notes: "Served from the gateway's storage, also while the session is offline. A file that is not there yet is got from WhatsApp, or from the " +
				"phone where WhatsApp no longer has it, and kept: 501 while the session is not connected, 404 with the reason `media_gone` when nobody " +
				"has it any more, 502 when it could not be had. Ranges, `ETag` and `If-None-Match` work; 416 for a range outside the file.",
		}, "application/octet-stream", serveMedia),
	}
}

// serveMedia sends the file of a message, or its thumbnail.
func serveMedia(a *api, w http.ResponseWriter, r *http.Request, in inMessageMedia) error {
	ctx := r.Context()
	message, err := a.root.Query().Message(ctx, in.Session, in.Message)
	if err != nil {
		return err
	}
	if in.Chat != "" {
		chat, err := a.root.Query().Chat(ctx, in.Session, in.Chat)
		if err != nil {
			return err
		}
		if message, err = a.core.DB.Messages.InChat(ctx, chat, in.Message); err != nil {
			return err
		}
	}
	if in.Thumbnail != nil && *in.Thumbnail {
		return a.serveThumbnail(w, r, message.ID)
	}
	payload, err := a.root.Mutation().FetchMedia(ctx, in.Session, gen.MessageKeyInput{
		Chat: message.ChatJID, WaMessageID: message.WAMessageID, Sender: graphql.OmittableOf(&message.SenderJID),
	})
	if err != nil {
		return err
	}
	file, stored, err := a.core.WhatsApp.OpenMedia(ctx, payload.Message)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	header := w.Header()
	header.Set("Content-Type", safeType(stored.Mimetype))
	if len(stored.SHA256) > 0 {
		header.Set("ETag", `"`+hex.EncodeToString(stored.SHA256)+`"`)
	}
	if media := payload.Message.Content.Media; media != nil && media.Filename != "" {
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": media.Filename}))
	}
	guardFile(header)
	return serveContent(w, r, stored.CreatedAt.Time(), file)
}

// serveThumbnail sends the small picture that came with a message.
func (a *api) serveThumbnail(w http.ResponseWriter, r *http.Request, messageID int64) error {
	file, err := a.core.DB.Media.Get(r.Context(), messageID)
	if err != nil {
		return err
	}
	if len(file.Thumbnail) == 0 {
		return fault.NoSuch("thumbnail")
	}
	w.Header().Set("Content-Type", "image/jpeg")
	guardFile(w.Header())
	return serveContent(w, r, file.CreatedAt.Time(), bytes.NewReader(file.Thumbnail))
}

// serveContent is http.ServeContent with the contract's error in place of the
// plain text that net/http writes for a range outside the file.
func serveContent(w http.ResponseWriter, r *http.Request, modified time.Time, content io.ReadSeeker) error {
	inner := &rangeWriter{ResponseWriter: w}
	http.ServeContent(inner, r, "", modified, content)
	if !inner.refused {
		return nil
	}
	for _, name := range []string{"Content-Disposition", "ETag", "Last-Modified", "Cache-Control"} {
		w.Header().Del(name)
	}
	return fault.New(fault.Validation, fault.ReasonRange, "the file has no such range").With("field", "Range")
}

// rangeWriter holds back a 416 and its text. All else passes, files by the
// connection's own ReadFrom.
type rangeWriter struct {
	http.ResponseWriter

	refused bool
}

func (w *rangeWriter) WriteHeader(status int) {
	if w.refused = status == http.StatusRequestedRangeNotSatisfiable; !w.refused {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *rangeWriter) Write(p []byte) (int, error) {
	if w.refused {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p) //nolint:wrapcheck // what net/http gave, for net/http
}

// ReadFrom implements io.ReaderFrom.
func (w *rangeWriter) ReadFrom(from io.Reader) (int64, error) {
	if w.refused {
		return io.Copy(io.Discard, from) //nolint:wrapcheck // as Write
	}
	return io.Copy(w.ResponseWriter, from) //nolint:wrapcheck // as Write
}

// guardFile keeps browsers from running what somebody has sent.
func guardFile(header http.Header) {
	header.Set("Cache-Control", "private, max-age=86400")
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	header.Set("X-Content-Type-Options", "nosniff")
}

// safeType is the media type that a sender gave, if it is one; else bytes.
func safeType(given string) string {
	kind, params, err := mime.ParseMediaType(given)
	if err != nil || !strings.Contains(kind, "/") {
		return "application/octet-stream"
	}
	return mime.FormatMediaType(kind, params)
}
