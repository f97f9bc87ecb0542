package mediafile_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
)

// picture is a picture whose four quarters have colours of their own: red, green,
// blue and black, from the upper left to the lower right.
func picture(w, h int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{A: 255}
			switch {
			case x < w/2 && y < h/2:
				c.R = 255
			case y < h/2:
				c.G = 255
			case x < w/2:
				c.B = 255
			}
			p.SetRGBA(x, y, c)
		}
	}
	return p
}

func jpegOf(t testing.TB, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, jpeg.Encode(&out, p, nil))
	return out.Bytes()
}

func pngOf(t testing.TB, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, p))
	return out.Bytes()
}

func gifOf(t testing.TB, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, gif.Encode(&out, p, nil))
	return out.Bytes()
}

// turned gives a JPEG an orientation, as a camera does.
func turned(file []byte, order binary.AppendByteOrder, orientation uint16) []byte {
	mark := "II*\x00"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		mark = "MM\x00*"
	}
	exif := append([]byte("Exif\x00\x00"), mark...)
	exif = order.AppendUint32(exif, 8)
	exif = order.AppendUint16(exif, 2)
	exif = append(exif, make([]byte, 12)...) // another tag
	exif = order.AppendUint16(exif, 0x0112)
	exif = order.AppendUint16(exif, 3)
	exif = order.AppendUint32(exif, 1)
	exif = order.AppendUint16(exif, orientation)
	exif = order.AppendUint16(exif, 0)
	exif = order.AppendUint32(exif, 0)
	out := append([]byte{}, file[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(exif)+2))
	out = append(out, exif...)
	return append(out, file[2:]...)
}

func unbase64(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// The smallest WebP pictures there are: one pixel, without and with loss.
var (
	webpLossless = unbase64("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	webpLossy    = unbase64("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
)

// webpExtended is the beginning of a WebP file in the form that can move.
func webpExtended(w, h int, animated bool) []byte {
	flags := byte(0x10)
	if animated {
		flags |= 0x02
	}
	w, h = w-1, h-1
	out := append([]byte("RIFF\x64\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00"), flags, 0, 0, 0,
		byte(w), byte(w>>8), byte(w>>16), byte(h), byte(h>>8), byte(h>>16))
	return append(out, make([]byte, 70)...)
}

// page makes a page of Ogg. Its checksum is not looked at.
func page(serial uint32, granule uint64, body []byte) []byte {
	out := append([]byte("OggS\x00\x00"), make([]byte, 8)...)
	binary.LittleEndian.PutUint64(out[6:], granule)
	out = binary.LittleEndian.AppendUint32(out, serial)
	out = append(out, make([]byte, 8)...)
	segments := len(body)/255 + 1
	out = append(out, byte(segments))
	for range segments - 1 {
		out = append(out, 255)
	}
	out = append(out, byte(len(body)%255))
	return append(out, body...)
}

const preSkip = 312

// opus is a file of Opus in Ogg that plays for so many samples at 48 kHz.
func opus(samples uint64) []byte {
	head := append([]byte("OpusHead\x01\x01"), preSkip&0xff, preSkip>>8, 0x80, 0xbb, 0, 0, 0, 0, 0)
	out := page(7, 0, head)
	out = append(out, page(7, 0, []byte("OpusTags\x00\x00\x00\x00\x00\x00\x00\x00"))...)
	out = append(out, page(7, samples/2, bytes.Repeat([]byte("OggS"), 500))...)
	return append(out, page(7, samples+preSkip, bytes.Repeat([]byte{0xfc}, 1000))...)
}

// vorbis is the beginning of Ogg with other sound.
func vorbis() []byte { return page(7, 0, []byte("\x01vorbis\x00\x00\x00\x00\x01\x44\xac\x00\x00")) }

// iso is the beginning of a file of the MP4 family.
func iso(brand string) []byte {
	return append([]byte("\x00\x00\x00\x18ftyp"+brand+"\x00\x00\x02\x00"+brand+"mp42"), make([]byte, 40)...)
}

// box makes a box of a file of the MP4 family.
func box(kind string, contents ...[]byte) []byte {
	out := append(make([]byte, 4), kind...)
	for _, content := range contents {
		out = append(out, content...)
	}
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}

// largeBox is a box in the form for more than 4 GiB.
func largeBox(kind string, content []byte) []byte {
	out := append([]byte{0, 0, 0, 1}, kind...)
	out = binary.BigEndian.AppendUint64(out, uint64(len(content)+16))
	return append(out, content...)
}

// mvhd is a movie's header in one of its two forms.
func mvhd(version byte, scale uint32, length uint64) []byte {
	out := []byte{version, 0, 0, 0}
	if version == 1 {
		out = append(out, make([]byte, 16)...)
		out = binary.BigEndian.AppendUint32(out, scale)
		out = binary.BigEndian.AppendUint64(out, length)
	} else {
		out = append(out, make([]byte, 8)...)
		out = binary.BigEndian.AppendUint32(out, scale)
		out = binary.BigEndian.AppendUint32(out, uint32(length))
	}
	return box("mvhd", append(out, make([]byte, 80)...))
}

// tkhd is a track's header with the beginning of its matrix.
func tkhd(a, b uint32, width, height uint16) []byte {
	out := make([]byte, 84)
	binary.BigEndian.PutUint32(out[40:], a)
	binary.BigEndian.PutUint32(out[44:], b)
	binary.BigEndian.PutUint16(out[76:], width)
	binary.BigEndian.PutUint16(out[80:], height)
	return box("tkhd", out)
}

// mpeg is the beginning of an MP3, without and with a tag in front.
var (
	mpeg       = append([]byte("\xff\xfb\x90\x64"), make([]byte, 500)...)
	mpegTagged = append([]byte("ID3\x03\x00\x00\x00\x02\x00\x00"), make([]byte, 5000)...)
	wav        = append([]byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"), make([]byte, 40)...)
	aac        = append([]byte("\xff\xf1\x50\x80\x02\x1f\xfc"), make([]byte, 40)...)
	amr        = append([]byte("#!AMR\n\x3c"), make([]byte, 40)...)
	pdf        = []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	zipped     = append([]byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"), make([]byte, 40)...)
	binaryData = []byte("\x00\x01\x02\x03\xfe\x80 nothing known")
	html       = []byte("<!DOCTYPE html><html><script>alert(1)</script></html>")
	svg        = []byte(`<svg xmlns="http://www.w3.org/2000/svg"></svg>`)
	plain      = []byte("just a few words\n")
)

// fixPNG sets the checksum of a changed head right.
func fixPNG(file []byte) []byte {
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}
