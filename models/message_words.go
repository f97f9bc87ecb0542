package models

import (
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxWord bounds a word, in characters: longer ones are no words.
	maxWord = 64
	// maxWords bounds how many words of one message are found, maxWordBytes how large
	// they are together: PostgreSQL takes a megabyte, with what it adds.
	maxWords     = 10_000
	maxWordBytes = 256 << 10
)

// wordsOf divides a text into words the way both databases then know them: letters
// and digits, in lower case and without accents. Scripts that write no spaces are
// divided into pairs of characters.
func wordsOf(text string) []string {
	var (
		words []string
		size  int
		word  []rune
		ideas []rune // of a script without spaces
	)
	full := func() bool { return len(words) >= maxWords || size >= maxWordBytes }
	add := func(word []rune) {
		if n := len(word); n > 0 && n <= maxWord && !full() {
			words = append(words, string(word))
			size += len(words[len(words)-1])
		}
	}
	end := func() {
		add(word)
		word = word[:0]
		if len(ideas) == 1 {
			add(ideas)
		}
		for i := 0; i+1 < len(ideas) && !full(); i++ {
			add(ideas[i : i+2])
		}
		ideas = ideas[:0]
	}
	for _, r := range norm.NFKD.String(text) {
		if full() {
			break
		}
		switch {
		case unicode.Is(unicode.Mn, r): // an accent
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			if len(word) > 0 {
				end()
			}
			ideas = append(ideas, r)
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			if len(ideas) > 0 {
				end()
			}
			word = append(word, unicode.ToLower(r))
		default:
			end()
		}
	}
	end()
	return words
}

// wordsOfMessage is what a message is found by: its text or caption, and the name
// of its file.
func wordsOfMessage(m *Message) []string {
	text := m.Body
	if m.Content.Media != nil {
		text += " " + m.Content.Media.Filename
	}
	if m.Content.Location != nil {
		text += " " + m.Content.Location.Address
	}
	return wordsOf(text)
}
