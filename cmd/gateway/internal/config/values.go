package config

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// HexBytes is a 32-byte key written as 64 hex digits; nil when unset.
type HexBytes []byte

// KeyBytes is a key of at least 32 bytes written in hex or base64; nil when unset.
type KeyBytes []byte

// Level is the least severe level that is logged. It is a type of its own
// because [slog.Level] also accepts names like "info+2".
type Level slog.Level

// Level makes it a [slog.Leveler].
func (l Level) Level() slog.Level { return slog.Level(l) }

// minKey is the least entropy that the key derivation for encryption at rest accepts.
const minKey = 32

// ParseKey reads a key of at least 32 bytes in hex, or in base64 of any of its
// four forms. Surrounding white space is ignored. The error never repeats the key.
func ParseKey(text string) (KeyBytes, error) {
	text = strings.TrimSpace(text)
	decoders := []func(string) ([]byte, error){
		hex.DecodeString,
		base64.StdEncoding.DecodeString,
		base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString,
		base64.RawURLEncoding.DecodeString,
	}
	for _, decode := range decoders {
		key, err := decode(text)
		if err != nil {
			continue
		}
		if len(key) < minKey {
			return nil, fmt.Errorf("must be at least %d bytes, not %d", minKey, len(key))
		}
		return key, nil
	}
	return nil, errors.New("must be hex or base64")
}

// parsers reads the types that the env library does not know. Their errors
// stand alone, without the value: some values are secrets.
func parsers() map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[HexBytes]():      func(text string) (any, error) { return parseHex(text) },
		reflect.TypeFor[KeyBytes]():      func(text string) (any, error) { return ParseKey(text) },
		reflect.TypeFor[Level]():         func(text string) (any, error) { return parseLevel(text) },
		reflect.TypeFor[time.Duration](): func(text string) (any, error) { return parseDuration(text) },
		reflect.TypeFor[int64]():         func(text string) (any, error) { return parseInt(text) },
		reflect.TypeFor[bool]():          func(text string) (any, error) { return parseBool(text) },
	}
}

func parseHex(text string) (HexBytes, error) {
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != minKey {
		return nil, errors.New("must be 64 hex digits")
	}
	return key, nil
}

func parseLevel(text string) (Level, error) {
	switch strings.ToLower(text) {
	case "debug":
		return Level(slog.LevelDebug), nil
	case "info":
		return Level(slog.LevelInfo), nil
	case "warn":
		return Level(slog.LevelWarn), nil
	case "error":
		return Level(slog.LevelError), nil
	}
	return 0, fmt.Errorf("must be debug, info, warn or error, not %q", text)
}

func parseBool(text string) (bool, error) {
	on, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return false, fmt.Errorf("must be true or false, not %q", text)
	}
	return on, nil
}

func parseDuration(text string) (time.Duration, error) {
	duration, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("must be a time such as 168h or 30m, not %q", text)
	}
	return duration, nil
}

func parseInt(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("must be a whole number, not %q", text)
	}
	return n, nil
}
