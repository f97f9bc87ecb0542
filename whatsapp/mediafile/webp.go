package mediafile

import (
	"bytes"
	"encoding/binary"
	"image"

	"golang.org/x/image/webp"
)

// webpHead is how much of a WebP file says how large it is and whether it moves.
const webpHead = 30

// readWebP tells the size of a WebP picture, and whether it is animated, from its
// beginning (the WebP container specification).
func readWebP(head []byte) (config image.Config, animated bool, err error) {
	if len(head) >= webpHead && string(head[12:16]) == "VP8X" {
		// The library reads pictures in this form that stand still only.
		config.Width = uint24(head[24:]) + 1
		config.Height = uint24(head[27:]) + 1
		return config, head[20]&0x02 != 0, nil
	}
	config, err = webp.DecodeConfig(bytes.NewReader(head))
	return config, false, err
}

func uint24(b []byte) int {
	return int(binary.LittleEndian.Uint16(b)) | int(b[2])<<16
}
