package whatsapp

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // a format that callers send
	"strings"

	"golang.org/x/image/draw"

	"wagateway/models/fault"
)

// pictureQuality is the JPEG quality of profile pictures.
const pictureQuality = 85

// pictureField is what callers call the picture, of people and groups alike.
const pictureField = "picture"

// profilePicture reads a picture that a caller sends, JPEG or PNG in base64 or as
// a data: URI, and makes the square JPEG of it that WhatsApp takes: its middle, at
// most 640 pixels wide. A picture larger than 5 MiB or 25 megapixels is refused
// before it is unpacked.
func profilePicture(encoded string) ([]byte, error) {
	if strings.HasPrefix(encoded, "data:") {
		head, data, found := strings.Cut(encoded, ",")
		if !found || !strings.HasSuffix(head, ";base64") {
			return nil, fault.Invalid(pictureField, pictureField+" must be base64 or a base64 data: URI")
		}
		encoded = data
	}
	if base64.StdEncoding.DecodedLen(len(encoded)) > maxPicture+2 { // padding
		return nil, fault.Invalid(pictureField, pictureField+" must have at most 5 MiB").With("max", maxPicture)
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fault.Invalid(pictureField, pictureField+" must be base64 or a base64 data: URI").Because(err)
	}
	return squareJPEG(raw)
}

// squareJPEG makes a profile picture of a JPEG or PNG.
func squareJPEG(raw []byte) ([]byte, error) {
	if len(raw) > maxPicture {
		return nil, fault.Invalid(pictureField, pictureField+" must have at most 5 MiB").With("max", maxPicture)
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return nil, notAPicture(err)
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > maxPicturePixels/config.Height {
		return nil, fault.Invalid(pictureField, pictureField+" must have at most 25 megapixels").With("max", maxPicturePixels)
	}
	picture, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, notAPicture(err)
	}
	bounds := picture.Bounds()
	side := min(bounds.Dx(), bounds.Dy())
	corner := bounds.Min.Add(image.Pt((bounds.Dx()-side)/2, (bounds.Dy()-side)/2))
	middle := image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
	size := min(side, maxPictureSide)
	square := image.NewRGBA(image.Rect(0, 0, size, size))
	// What is transparent becomes white, as in WhatsApp's own apps.
	draw.Draw(square, square.Bounds(), image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(square, square.Bounds(), picture, middle, draw.Over, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, square, &jpeg.Options{Quality: pictureQuality}); err != nil {
		return nil, fmt.Errorf("encoding a profile picture: %w", err)
	}
	return out.Bytes(), nil
}

func notAPicture(cause error) error {
	return fault.Invalid(pictureField, pictureField+" must be a JPEG or PNG picture").Because(cause)
}
