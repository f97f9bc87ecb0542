package mediafile

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"wagateway/models/fault"
)

// MaxInline is the contract's bound of a file that is given within a request, in
// bytes after decoding.
const MaxInline = 16 << 20

// Decode writes the file that data holds to dst: base64, or a data: URI (RFC
// 2397), either with the letters of base64 or of base64url, with or without
// padding and white space. declared is the media type that a data: URI names, ""
// otherwise.
//
// All of data is read before the first byte is written, and it is written in
// pieces: nothing of the file's size is allocated. What is not base64, or holds
// nothing, is a validation error about the field; more than limit bytes is
// [fault.MediaTooLarge]. Errors of dst are passed on.
func Decode(field, data string, limit int64, dst io.Writer) (declared string, size int64, err error) {
	if data == "" {
		return "", 0, fault.Missing(field)
	}
	write := writeBase64
	if rest, isURI := cutScheme(data); isURI {
		header, payload, ok := strings.Cut(rest, ",")
		if !ok {
			return "", 0, fault.Invalid(field, field+" is a data: URI without a comma")
		}
		var encoded bool
		if declared, encoded, err = readHeader(header); err != nil {
			return "", 0, fault.Invalid(field, field+" is a data: URI with a media type that is none").Because(err)
		}
		data = payload
		if !encoded {
			write = writePercent
		}
	}
	if size, err = write(data, io.Discard); err != nil {
		return "", 0, fault.Invalid(field, field+" must be base64 or a data: URI").Because(err)
	}
	switch {
	case size == 0:
		return "", 0, fault.Invalid(field, field+" is an empty file")
	case size > limit:
		return "", 0, fault.MediaTooLarge(field, limit)
	}
	if _, err := write(data, dst); err != nil {
		return "", 0, fmt.Errorf("writing a decoded file: %w", err)
	}
	return declared, size, nil
}

func cutScheme(data string) (rest string, ok bool) {
	const scheme = "data:"
	if len(data) < len(scheme) || !strings.EqualFold(data[:len(scheme)], scheme) {
		return data, false
	}
	return data[len(scheme):], true
}

// readHeader reads what stands between scheme and comma: a media type, which may
// be missing, its parameters, and whether the rest is base64.
func readHeader(header string) (declared string, encoded bool, err error) {
	if end := strings.LastIndexByte(header, ';'); end >= 0 && strings.EqualFold(strings.TrimSpace(header[end+1:]), "base64") {
		header, encoded = header[:end], true
	}
	if kind, _, _ := strings.Cut(header, ";"); strings.TrimSpace(kind) == "" {
		return "", encoded, nil
	}
	declared, _, err = mime.ParseMediaType(header)
	if errors.Is(err, mime.ErrInvalidMediaParameter) {
		err = nil // the type itself is right
	}
	return declared, encoded, err
}

// piece is how many characters are decoded at once: a multiple of four.
const piece = 32 << 10

var (
	errLetters = errors.New("letters of base64 and of base64url")
	errPadding = errors.New("characters behind the padding")
	errPercent = errors.New("a percent sign without two hex digits")
)

// writeBase64 decodes in pieces. Percent signs stand for characters as in any
// other address.
func writeBase64(data string, dst io.Writer) (size int64, err error) {
	letters := base64.RawStdEncoding
	if strings.ContainsAny(data, "-_") {
		if strings.ContainsAny(data, "+/") {
			return 0, errLetters
		}
		letters = base64.RawURLEncoding
	}
	in, out := make([]byte, 0, piece), make([]byte, piece/4*3)
	flush := func() error {
		n, err := letters.Decode(out, in)
		if err != nil {
			return err
		}
		in = in[:0]
		size += int64(n)
		_, err = dst.Write(out[:n])
		return err
	}
	all, padding := 0, 0
	for i := 0; i < len(data); i++ {
		c, width, err := unescape(data, i)
		if err != nil {
			return size, err
		}
		i += width - 1
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		case c == '=':
			padding++
			continue
		case padding > 0:
			return size, errPadding
		}
		all++
		if in = append(in, c); len(in) == piece {
			if err := flush(); err != nil {
				return size, err
			}
		}
	}
	if padding > 2 || (padding > 0 && (all+padding)%4 != 0) {
		return size, errPadding
	}
	return size, flush()
}

// writePercent decodes what is no base64: text with percent signs.
func writePercent(data string, dst io.Writer) (size int64, err error) {
	out := make([]byte, 0, piece)
	for i := 0; i < len(data); i++ {
		c, width, err := unescape(data, i)
		if err != nil {
			return size, err
		}
		i += width - 1
		if out = append(out, c); len(out) == piece {
			if _, err := dst.Write(out); err != nil {
				return size, err
			}
			out = out[:0]
		}
		size++
	}
	_, err = dst.Write(out)
	return size, err
}

// unescape gives the character at i and how many bytes it takes.
func unescape(data string, i int) (c byte, width int, err error) {
	if data[i] != '%' {
		return data[i], 1, nil
	}
	if i+2 >= len(data) {
		return 0, 0, errPercent
	}
	high, low := hexDigit(data[i+1]), hexDigit(data[i+2])
	if high < 0 || low < 0 {
		return 0, 0, errPercent
	}
	return byte(high<<4 | low), 3, nil
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
