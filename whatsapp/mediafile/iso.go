package mediafile

import (
	"encoding/binary"
	"io"
	"iter"
	"time"
)

// maxBoxes bounds how many boxes are looked at on one level. Films have a dozen,
// those in fragments hundreds, with what tells their length in front.
const maxBoxes = 1000

// isoBox is a box of a file of the MP4 family (ISO/IEC 14496-12): where its
// content is.
type isoBox struct {
	kind     string
	from, to int64
}

// isoBoxes gives the boxes between two places of a file, as far as they make
// sense.
func isoBoxes(file io.ReaderAt, from, to int64) iter.Seq[isoBox] {
	return func(yield func(isoBox) bool) {
		for range maxBoxes {
			var head [16]byte
			n, _ := file.ReadAt(head[:min(16, max(0, to-from))], from)
			if n < 8 {
				return
			}
			size, content := int64(binary.BigEndian.Uint32(head[:])), from+8
			switch {
			case size == 0: // the last one
				size = to - from
			case size == 1 && n == 16:
				size, content = int64(binary.BigEndian.Uint64(head[8:])), from+16
			}
			// The subtraction cannot overflow where an addition would.
			if size < content-from || size > to-from {
				return
			}
			if !yield(isoBox{string(head[4:8]), content, from + size}) {
				return
			}
			from += size
		}
	}
}

// isoFacts is what the head of a film says.
type isoFacts struct {
	length        time.Duration // 0 unknown
	width, height int           // of the first track that can be seen, as it is shown; 0 there is none
}

// readISO reads the head of a file of the MP4 family, wherever it stands.
func readISO(file io.ReaderAt, size int64) (facts isoFacts) {
	for box := range isoBoxes(file, 0, size) {
		if box.kind != "moov" {
			continue
		}
		for inner := range isoBoxes(file, box.from, box.to) {
			switch inner.kind {
			case "mvhd":
				facts.length = isoLength(readBox(file, inner))
			case "trak":
				for part := range isoBoxes(file, inner.from, inner.to) {
					if part.kind == "tkhd" && facts.width == 0 {
						facts.width, facts.height = isoSize(readBox(file, part))
					}
				}
			}
		}
		return facts
	}
	return facts
}

// readBox reads the beginning of a box, more than what is wanted of any.
func readBox(file io.ReaderAt, box isoBox) []byte {
	content := make([]byte, min(128, box.to-box.from))
	n, _ := file.ReadAt(content, box.from)
	return content[:n]
}

// isoLength reads a movie header (§8.2.2): times in units of its own.
func isoLength(header []byte) time.Duration {
	var scale, length uint64
	switch {
	case len(header) >= 20 && header[0] == 0:
		scale, length = uint64(binary.BigEndian.Uint32(header[12:])), uint64(binary.BigEndian.Uint32(header[16:]))
		if length == 1<<32-1 {
			return 0 // not known
		}
	case len(header) >= 32 && header[0] == 1:
		scale, length = uint64(binary.BigEndian.Uint32(header[20:])), binary.BigEndian.Uint64(header[24:])
	}
	if scale == 0 || length/scale >= uint64(maxPlay/time.Second) {
		return 0
	}
	return time.Duration(length/scale)*time.Second + time.Duration(length%scale)*time.Second/time.Duration(scale)
}

// isoSize reads a track header (§8.3.2): a matrix and the size before it, both in
// fixed-point numbers. A phone that is held upright turns by the matrix.
func isoSize(header []byte) (width, height int) {
	matrix := 40
	if len(header) > 0 && header[0] == 1 {
		matrix = 52
	}
	if len(header) < matrix+44 {
		return 0, 0
	}
	width = int(binary.BigEndian.Uint16(header[matrix+36:]))
	height = int(binary.BigEndian.Uint16(header[matrix+40:]))
	if width == 0 || height == 0 {
		return 0, 0 // sound
	}
	a, b := binary.BigEndian.Uint32(header[matrix:]), binary.BigEndian.Uint32(header[matrix+4:])
	if a == 0 && b != 0 {
		width, height = height, width
	}
	return width, height
}
