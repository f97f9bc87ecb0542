package whatsapp

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.mau.fi/util/emojirunes"
)

const (
	// maxEmoji is more bytes than any emoji has: families of four with skin tones.
	maxEmoji = 64
	// keycap encloses a digit, # or * before it.
	keycap = "\u20e3"
	// asPicture asks for the coloured form of a symbol; without it ❤ is an emoji too.
	asPicture = "\ufe0f"
	// joiner makes one emoji of several.
	joiner = "\u200d"
	// endTag ends the name of a region's flag, which is written in invisible letters.
	endTag = "\U000e007f"
)

// isEmoji reports whether a text has the form of one emoji (Unicode's UTS #51): a keycap, a
// country's flag, or a picture or several joined ones, each with a skin tone or a region's name.
// It does not know which of these forms fonts have a picture for: new ones come each year.
func isEmoji(text string) bool {
	if len(text) > maxEmoji {
		return false
	}
	if key, found := strings.CutSuffix(text, keycap); found {
		key = strings.TrimSuffix(key, asPicture)
		return len(key) == 1 && strings.ContainsAny(key, "0123456789#*")
	}
	if runes := []rune(text); len(runes) == 2 && isFlagLetter(runes[0]) && isFlagLetter(runes[1]) {
		return true
	}
	for part := range strings.SplitSeq(text, joiner) {
		if !isPicture(part) {
			return false
		}
	}
	return true
}

// isPicture reports whether a text is one emoji that nothing is joined with.
func isPicture(text string) bool {
	first, size := utf8.DecodeRuneInString(text)
	if !isPictograph(first) {
		return false
	}
	rest := strings.TrimPrefix(text[size:], asPicture)
	if next, size := utf8.DecodeRuneInString(rest); isSkinTone(next) {
		rest = rest[size:]
	}
	name, found := strings.CutSuffix(rest, endTag)
	return rest == "" || found && name != "" && strings.IndexFunc(name, isNoTag) < 0
}

// isPictograph reports whether a character can be an emoji, or begin one.
func isPictograph(r rune) bool {
	switch {
	case isFlagLetter(r), isSkinTone(r), !isNoTag(r), strings.ContainsRune(keycap+asPicture+joiner+endTag, r):
		return false // parts of emoji
	case r == '©', r == '®', emojirunes.Is(r):
		return true
	}
	// Unicode keeps these for emoji to come: what has no meaning yet may be newer than our table.
	return r >= 0x1f000 && r <= 0x1faff && !unicode.IsGraphic(r)
}

// isFlagLetter reports whether a character is half of a country's flag.
func isFlagLetter(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

func isSkinTone(r rune) bool { return r >= 0x1f3fb && r <= 0x1f3ff }

// isNoTag reports whether a character is none of the invisible letters.
func isNoTag(r rune) bool { return r < 0xe0020 || r > 0xe007e }
