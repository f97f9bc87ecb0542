package mediafile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

const (
	// thumbnailSide is the longest side of a thumbnail in pixels, and
	// maxThumbnail its bytes: it travels within the message.
	thumbnailSide, maxThumbnail = 100, 10 << 10
)

// unpack reads a whole picture, whose pixels have been bounded.
func unpack(file io.ReaderAt, size int64, kind string) (image.Image, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(file, 0, size), 64<<10)
	switch kind {
	case "image/jpeg":
		return jpeg.Decode(r)
	case "image/png":
		return png.Decode(r)
	case "image/webp":
		return webp.Decode(r)
	}
	return nil, errors.New("no picture")
}

// thumbnail makes a small JPEG, the right way up, on white; nil when it does not
// get small enough.
func thumbnail(picture image.Image, turn orientation) []byte {
	from := picture.Bounds()
	if from.Empty() {
		return nil
	}
	width, height := from.Dx(), from.Dy()
	if longest := max(width, height); longest > thumbnailSide {
		width, height = max(1, width*thumbnailSide/longest), max(1, height*thumbnailSide/longest)
	}
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.BiLinear.Scale(small, small.Bounds(), picture, from, draw.Over, nil)
	small = turn.apply(small)
	for quality := 80; quality > 0; quality -= 25 {
		var out bytes.Buffer
		if jpeg.Encode(&out, small, &jpeg.Options{Quality: quality}) == nil && out.Len() <= maxThumbnail {
			return out.Bytes()
		}
	}
	return nil
}

// orientation is how a camera was held (Exif 2.3, tag 0x0112): 1 to 8.
type orientation uint16

// upright is a picture that is shown as it is stored.
const upright orientation = 1

// sideways reports whether the picture is shown with its sides exchanged.
func (o orientation) sideways() bool { return o >= 5 && o <= 8 }

// apply turns a picture as it is to be shown.
func (o orientation) apply(src *image.RGBA) *image.RGBA {
	if o <= upright || o > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if o.sideways() {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch o {
			case upright: // returned above
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			dst.SetRGBA(tx, ty, src.RGBAAt(x, y))
		}
	}
	return dst
}

// readOrientation finds how a JPEG is to be shown; upright when it does not say.
func readOrientation(file io.ReaderAt, size int64) orientation {
	// Exif is the first thing in a file that has it.
	head := make([]byte, min(size, 128<<10))
	n, _ := file.ReadAt(head, 0)
	return findOrientation(head[:n])
}

// findOrientation walks a JPEG's segments to the one with Exif.
func findOrientation(head []byte) orientation {
	const (
		marker   = 0xff
		app1     = 0xe1
		startSOS = 0xda
	)
	for at := 2; at+4 <= len(head) && head[at] == marker; {
		kind, length := head[at+1], int(binary.BigEndian.Uint16(head[at+2:]))
		if kind == startSOS || length < 2 || at+2+length > len(head) {
			return upright
		}
		segment := head[at+4 : at+2+length]
		if kind == app1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return tiffOrientation(segment[6:])
		}
		at += 2 + length
	}
	return upright
}

// tiffOrientation looks for the tag in the first directory of the TIFF within Exif.
func tiffOrientation(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		const entry, tag, short = 12, 0x0112, 3
		if len(entries) < entry {
			return upright
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if found := orientation(order.Uint16(entries[8:])); found >= upright && found <= 8 {
				return found
			}
			return upright
		}
		entries = entries[entry:]
	}
	return upright
}
