package mediafile

import (
	"bytes"
	"encoding/binary"
	"io"
	"time"
)

// The layout of an Ogg page (RFC 3533 §6) and of Opus in it (RFC 7845).
const (
	oggHeader   = 27                        // bytes before the table of segments
	oggMaxPage  = oggHeader + 255 + 255*255 // bytes of the largest page
	opusRate    = 48_000                    // granules in a second, whatever the sound was recorded with
	opusHeadMin = 19                        // bytes of an OpusHead without a channel table
)

// maxPlay is longer than any voice note; a longer one has a broken last page.
const maxPlay = 24 * time.Hour

// oggPage is a page's header, read.
type oggPage struct {
	granule uint64 // all ones: no packet ends here
	serial  uint32
	body    int // where it begins
	size    int // of the whole page
}

// readOggPage reads the header at the beginning of data, which may end before the
// page does.
func readOggPage(data []byte) (oggPage, bool) {
	if len(data) < oggHeader || string(data[:4]) != "OggS" || data[4] != 0 {
		return oggPage{}, false
	}
	segments := int(data[26])
	if len(data) < oggHeader+segments {
		return oggPage{}, false
	}
	p := oggPage{
		granule: binary.LittleEndian.Uint64(data[6:]), serial: binary.LittleEndian.Uint32(data[14:]),
		body: oggHeader + segments, size: oggHeader + segments,
	}
	for _, n := range data[oggHeader : oggHeader+segments] {
		p.size += int(n)
	}
	return p, true
}

// opusHead finds the stream of Opus that a file begins with and the samples to
// leave out at its beginning.
func opusHead(head []byte) (page oggPage, preSkip uint16, ok bool) {
	page, ok = readOggPage(head)
	if !ok || len(head) < page.body+opusHeadMin {
		return page, 0, false
	}
	packet := head[page.body:]
	// Major versions other than 0 are of another format (§5.1).
	if string(packet[:8]) != "OpusHead" || packet[8]&0xf0 != 0 {
		return page, 0, false
	}
	return page, binary.LittleEndian.Uint16(packet[10:]), true
}

// opusLength tells how long a file of Opus in Ogg plays: what its last page ends
// with. 0: that cannot be told.
func opusLength(file io.ReaderAt, size int64, head []byte) time.Duration {
	first, preSkip, ok := opusHead(head)
	if !ok {
		return 0
	}
	from := max(0, size-2*oggMaxPage) // the last page may end no packet
	tail := make([]byte, size-from)
	if n, err := file.ReadAt(tail, from); n < len(tail) && err != nil {
		return 0
	}
	for at := len(tail); ; {
		if at = bytes.LastIndex(tail[:at], []byte("OggS")); at < 0 {
			return 0
		}
		page, ok := readOggPage(tail[at:])
		if !ok || page.serial != first.serial || page.granule == ^uint64(0) || page.size > len(tail)-at {
			continue // sound that looks like a page, another stream, or a page that is cut off
		}
		if page.granule < uint64(preSkip) {
			return 0
		}
		samples := page.granule - uint64(preSkip)
		if samples > uint64(maxPlay/time.Second)*opusRate {
			return 0
		}
		return time.Duration(samples) * time.Second / opusRate
	}
}
