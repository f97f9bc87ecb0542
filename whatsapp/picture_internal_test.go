package whatsapp

import (
	"bytes"
	"encoding/base64"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/fault"
)

// striped draws a picture whose left and right thirds are red, the middle blue and
// the rest transparent.
func striped(t *testing.T, width, height int) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height / 2 {
			c := color.NRGBA{R: 255, A: 255}
			if x > width/3 && x < 2*width/3 {
				c = color.NRGBA{B: 255, A: 255}
			}
			picture.Set(x, y, c)
		}
	}
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, picture))
	return out.Bytes()
}

func TestPicturesBecomeSquares(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ width, height, side int }{{900, 300, 300}, {300, 100, 100}, {3000, 1000, 640}, {1, 1, 1}, {5, 2000, 5}} {
		raw := striped(t, test.width, test.height)
		for _, encoded := range []string{base64.StdEncoding.EncodeToString(raw), "data:image/png;base64," + base64.StdEncoding.EncodeToString(raw)} {
			made, err := profilePicture(encoded)
			require.NoError(t, err)
			picture, err := jpeg.Decode(bytes.NewReader(made))
			require.NoError(t, err)
			assert.Equal(t, image.Rect(0, 0, test.side, test.side), picture.Bounds())
			if test.width < 3*test.height || test.side < 100 {
				continue
			}
			r, _, b, _ := picture.At(test.side/2, test.side/4).RGBA()
			assert.True(t, r < 0x4000 && b > 0xc000, "the middle is blue")
			r, g, b, _ := picture.At(test.side/2, test.side-5).RGBA()
			assert.Greater(t, min(r, g, b), uint32(0xf000), "what is transparent is white")
		}
	}
}

func TestBadPictures(t *testing.T) {
	t.Parallel()
	good := striped(t, 10, 10)
	// A PNG of a few bytes that says it is 30,000 pixels wide and high.
	bomb := bytes.Clone(good)
	copy(bomb[16:24], []byte{0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30})
	sum := crc32.ChecksumIEEE(bomb[12:29])
	copy(bomb[29:33], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	encode := base64.StdEncoding.EncodeToString
	for name, bad := range map[string]string{
		"nothing": "", "no base64": "%%%", "no picture": encode([]byte("GIF89a")), "text": encode([]byte("hello")),
		"cut": encode(good[:len(good)-20]), "a bomb": encode(bomb), "too large": strings.Repeat("A", 7<<20),
		"a data: URI that is none": "data:image/png", "a data: URI that is not base64": "data:image/png,abc",
	} {
		_, err := profilePicture(bad)
		require.Equal(t, fault.Validation, fault.CodeOf(err), name)
		assert.Equal(t, "picture", fault.From(err).Details()["field"], name)
	}
	_, err := profilePicture(encode(bomb))
	assert.ErrorContains(t, err, "megapixels", "refused before it is unpacked")
	_, err = squareJPEG(make([]byte, maxPicture+1))
	assert.ErrorContains(t, err, "5 MiB")
}
