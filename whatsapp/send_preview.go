package whatsapp

import (
	"bytes"
	"context"
	"net/url"
	"regexp"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
)

const (
	// previewTime and previewSize bound reading a page for what it says of itself.
	previewTime = 5 * time.Second
	previewSize = 512 << 10
	// maxPreviewTitle and maxPreviewDescription are what phones show of them.
	maxPreviewTitle, maxPreviewDescription = 255, 512
)

// links finds addresses in a text.
var links = regexp.MustCompile(`https?://[^\s<>"']+`)

// addPreview shows what the first page that a text links to says of itself. A page
// that cannot be had is left out.
func (s *Service) addPreview(ctx context.Context, d *draft) {
	link := strings.TrimRight(links.FindString(d.body), ".,;:!?)")
	if link == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	var page bounded
	if _, err := s.cfg.Media.Guard.Fetch(ctx, "text", link, 16*previewSize, &page); err != nil && page.Len() == 0 {
		s.log.DebugContext(ctx, "a page to show was not had", "error", err)
		return
	}
	preview := previewOf(link, page.Bytes())
	if preview == nil {
		return
	}
	d.details.LinkPreview = preview
	text := &waE2E.ExtendedTextMessage{
		Text: proto.String(d.body), MatchedText: &preview.URL, PreviewType: waE2E.ExtendedTextMessage_NONE.Enum(),
	}
	if preview.Title != "" {
		text.Title = &preview.Title
	}
	if preview.Description != "" {
		text.Description = &preview.Description
	}
	d.message = &waE2E.Message{ExtendedTextMessage: text}
}

// bounded keeps the beginning of what is written to it.
type bounded struct{ bytes.Buffer }

// Write implements [io.Writer]; it fails when there is enough, which ends the
// reading.
func (b *bounded) Write(p []byte) (int, error) {
	if room := previewSize - b.Len(); len(p) > room {
		b.Buffer.Write(p[:room])
		return 0, errTooLarge
	}
	return b.Buffer.Write(p)
}

// previewOf reads the head of a page; nil when it says nothing of itself.
func previewOf(link string, page []byte) *models.LinkPreview {
	if _, err := url.Parse(link); err != nil {
		return nil
	}
	preview := models.LinkPreview{URL: link}
	var title, ogTitle, description, ogDescription string
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		token := tokens.Token()
		if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		if token.DataAtom == atom.Body {
			break
		}
		if token.DataAtom == atom.Title && title == "" && tokens.Next() == html.TextToken {
			title = tokens.Token().Data
			continue
		}
		if token.DataAtom != atom.Meta {
			continue
		}
		var name, content string
		for _, a := range token.Attr {
			switch a.Key {
			case "property", "name":
				name = strings.ToLower(a.Val)
			case "content":
				content = a.Val
			}
		}
		switch name {
		case "og:title":
			ogTitle = content
		case "og:description":
			ogDescription = content
		case "description":
			description = content
		}
	}
	preview.Title = shortened(firstOf(ogTitle, title), maxPreviewTitle)
	preview.Description = shortened(firstOf(ogDescription, description), maxPreviewDescription)
	if preview.Title == "" && preview.Description == "" {
		return nil
	}
	return &preview
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if !blank(text) {
			return text
		}
	}
	return ""
}

// shortened gives a text in one line, of at most so many characters.
func shortened(text string, most int) string {
	runes := []rune(storable(strings.Join(strings.Fields(text), " ")))
	return string(runes[:min(len(runes), most)])
}
