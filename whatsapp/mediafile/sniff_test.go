package mediafile_test

import (
	"image"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/fault"
	"wagateway/whatsapp/mediafile"
)

func TestSniff(t *testing.T) {
	t.Parallel()
	pic := image.NewRGBA(image.Rect(0, 0, 2, 2))
	const lie = "a lie"
	for name, test := range map[string]struct {
		content        []byte
		declared, file string
		want           string
	}{
		"nothing said":                    {jpegOf(t, pic), "", "", "image/jpeg"},
		"nothing known":                   {binaryData, "", "", "application/octet-stream"},
		"said to be bytes":                {pngOf(t, pic), "application/octet-stream", "", "image/png"},
		"true":                            {pngOf(t, pic), "image/png", "", "image/png"},
		"true with parameters":            {plain, "Text/Plain; charset=utf-8", "", "text/plain"},
		"true by another name":            {jpegOf(t, pic), "image/jpg", "", "image/jpeg"},
		"set right":                       {pngOf(t, pic), "image/jpeg", "x.jpg", "image/png"},
		"HTML as a picture":               {html, "image/png", "", lie},
		"PDF as a picture":                {pdf, "image/png", "", lie},
		"SVG as a picture of dots":        {svg, "image/png", "", lie},
		"nothing known as a picture":      {binaryData, "image/jpeg", "", lie},
		"words as sound":                  {plain, "audio/mpeg", "", lie},
		"words as film":                   {plain, "video/mp4", "", lie},
		"picture as film":                 {jpegOf(t, pic), "video/mp4", "", lie},
		"film as a picture":               {iso("isom"), "image/jpeg", "", lie},
		"film as a picture of its family": {iso("isom"), "image/heic", "", lie},
		"film as MP3":                     {iso("isom"), "audio/mpeg", "", lie},
		"picture as a document":           {jpegOf(t, pic), "application/pdf", "", lie},
		"PDF as words":                    {pdf, "text/plain", "", lie},
		"words as PDF":                    {html, "application/pdf", "", lie},
		"nothing known as PDF":            {binaryData, "application/pdf", "", lie},
		"MP4 with sound":                  {iso("isom"), "audio/mp4", "", "audio/mp4"},
		"M4A":                             {iso("M4A "), "", "", "audio/mp4"},
		"M4A by its Apple name":           {iso("M4A "), "audio/x-m4a", "", "audio/mp4"},
		"M4A as film":                     {iso("M4A "), "video/mp4", "", lie},
		"M4V":                             {iso("M4V "), "", "", "video/mp4"},
		"QuickTime":                       {iso("qt  "), "video/quicktime", "", "video/quicktime"},
		"MP4 as QuickTime":                {iso("isom"), "video/quicktime", "", "video/mp4"},
		"3GPP":                            {iso("3gp4"), "", "", "video/3gpp"},
		"Ogg":                             {opus(10), "audio/ogg; codecs=opus", "", "audio/ogg"},
		"Ogg by an old name":              {opus(10), "application/ogg", "", "audio/ogg"},
		"Opus":                            {opus(10), "audio/opus", "", "audio/ogg"},
		"MP3":                             {mpeg, "audio/mp3", "", "audio/mpeg"},
		"MP3 with a long tag":             {mpegTagged[:3072], "", "", "audio/mpeg"},
		"WAV":                             {wav, "audio/x-wav", "", "audio/wav"},
		"AAC":                             {aac, "", "", "audio/aac"},
		"AMR":                             {amr, "", "", "audio/amr"},
		"WebP":                            {webpLossy, "", "", "image/webp"},
		"SVG":                             {svg, "image/svg+xml", "", "image/svg+xml"},
		"words by name":                   {plain, "", "notes.css", "text/css"},
		"words without a name":            {plain, "", "notes", "text/plain"},
		"words as JSON":                   {plain, "application/json", "", "application/json"},
		"CSV as Excel":                    {[]byte("a,b\n1,2\n3,4\n"), "application/vnd.ms-excel", "", "application/vnd.ms-excel"},
		"archive as a document":           {zipped, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		"name that lies":                  {html, "", "cat.png", "text/html"},
		"name that lies about bytes":      {binaryData, "", "cat.png", "application/octet-stream"},
		"own type":                        {binaryData, "application/vnd.acme.part", "", "application/vnd.acme.part"},
		"PDF as an archive":               {pdf, "application/zip", "", "application/pdf"},
	} {
		got, err := mediafile.Sniff(test.content, test.declared, test.file)
		if test.want == lie {
			require.Error(t, err, name)
			assert.Equal(t, fault.Validation, fault.CodeOf(err), name)
			assert.Equal(t, fault.ReasonMediaType, fault.From(err).Reason(), name)
			assert.Equal(t, "media.mimetype", fault.From(err).Details()["field"], name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, test.want, got, name)
	}
	for _, declared := range []string{"image", "image/", "/png", "a b/c", "image/png\x00", "image/png\r\nX: y", "äöü", "image/" + string(make([]byte, 300))} {
		_, err := mediafile.Sniff(plain, declared, "")
		require.Error(t, err, declared)
		assert.Equal(t, "media.mimetype", fault.From(err).Details()["field"], declared)
	}
}
