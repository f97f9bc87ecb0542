package wasim

import (
	"errors"
	"fmt"
)

const (
	// frameHeader is the length prefix of a frame, big endian.
	frameHeader = 3
	// maxFrame is the largest frame the prefix can tell.
	maxFrame = 1<<24 - 1
	// maxHandshakeFrame bounds what a stranger may send before the handshake;
	// real ones are below 2 KiB.
	maxHandshakeFrame = 64 << 10
	// prologueLength is the length of the bytes before the first frame.
	prologueLength = 4
)

var (
	errFrameTooLarge = errors.New("frame too large")
	errBadPrologue   = errors.New("not a WhatsApp connection")
)

// frameReader cuts a stream of websocket messages into frames. A frame may
// start and end anywhere in a message.
type frameReader struct {
	// fetch returns the next message.
	fetch func() ([]byte, error)
	// limit is the largest acceptable frame.
	limit int
	buf   []byte
}

// fill reads until at least n bytes are buffered.
func (r *frameReader) fill(n int) error {
	for len(r.buf) < n {
		data, err := r.fetch()
		if err != nil {
			return err
		}
		r.buf = append(r.buf, data...)
	}
	return nil
}

// take removes n buffered bytes. The result is valid for ever: the buffer is
// only ever appended to behind it.
func (r *frameReader) take(n int) []byte {
	taken := r.buf[:n:n]
	r.buf = r.buf[n:]
	if len(r.buf) == 0 {
		r.buf = nil
	}
	return taken
}

// prologue reads the bytes in front of the first frame: "WA", then two version
// bytes, which take part in the handshake.
func (r *frameReader) prologue() ([]byte, error) {
	if err := r.fill(prologueLength); err != nil {
		return nil, fmt.Errorf("reading prologue: %w", err)
	}
	header := r.take(prologueLength)
	if header[0] != 'W' || header[1] != 'A' {
		return nil, errBadPrologue
	}
	return header, nil
}

// frame reads the next frame's content.
func (r *frameReader) frame() ([]byte, error) {
	if err := r.fill(frameHeader); err != nil {
		return nil, err
	}
	length := int(r.buf[0])<<16 | int(r.buf[1])<<8 | int(r.buf[2])
	if length > r.limit {
		return nil, errFrameTooLarge
	}
	if err := r.fill(frameHeader + length); err != nil {
		return nil, err
	}
	return r.take(frameHeader + length)[frameHeader:], nil
}

// appendFrame writes a frame behind dst.
func appendFrame(dst, data []byte) ([]byte, error) {
	if len(data) > maxFrame {
		return dst, errFrameTooLarge
	}
	dst = append(dst, byte(len(data)>>16), byte(len(data)>>8), byte(len(data)))
	return append(dst, data...), nil
}
