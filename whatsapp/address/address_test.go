package address_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

type parse func(field, s string) (string, error)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		parse  parse
		reason fault.Reason
		good   map[string]string // input → canonical
		bad    []string
	}{
		"person": {
			parse: address.ParsePerson, reason: fault.ReasonInvalidJID,
			good: map[string]string{
				"6281234567890@s.whatsapp.net":   "6281234567890@s.whatsapp.net",
				"6281234567890@c.us":             "6281234567890@s.whatsapp.net",
				"12345@s.whatsapp.net":           "12345@s.whatsapp.net",
				"123456789012345@s.whatsapp.net": "123456789012345@s.whatsapp.net",
				"205227043110953@lid":            "205227043110953@lid",
			},
			bad: []string{
				"6281234567890", "@s.whatsapp.net", "1234@s.whatsapp.net", "1234567890123456@s.whatsapp.net",
				"06281234567890@s.whatsapp.net", "6281234567890:3@s.whatsapp.net", "6281234567890.0:3@s.whatsapp.net", "+6281234567890@s.whatsapp.net",
				"6281234567890@s.whatsapp.net ", "6281234567890@S.WHATSAPP.NET", "6281234567890@s.whatsapp.net@lid", "205227043110953:1@lid",
				"6281234567890@g.us", "120363041234567890@g.us", "120363012345678901@newsletter", "6281234567890@s.whatsapp.net\x00",
			},
		},
		"group": {
			parse: address.ParseGroup, reason: fault.ReasonInvalidJID,
			good: map[string]string{
				"120363041234567890@g.us":      "120363041234567890@g.us",
				"12345-67890@g.us":             "12345-67890@g.us",
				"491700000001-1512345678@g.us": "491700000001-1512345678@g.us",
			},
			bad: []string{
				"120363041234567890", "@g.us", "-@g.us", "12345-@g.us", "-67890@g.us", "12345-67890-12345@g.us", "12345--67890@g.us",
				"120363041234567890@g.us/x", "120363041234567890@s.whatsapp.net", "120363041234567890:1@g.us", " 120363041234567890@g.us",
			},
		},
		"channel": {
			parse: address.ParseChannel, reason: fault.ReasonInvalidJID,
			good: map[string]string{"120363012345678901@newsletter": "120363012345678901@newsletter"},
			bad:  []string{"120363012345678901@g.us", "120363012345678901", "12345-67890@newsletter", "@newsletter"},
		},
		"phone": {
			parse: address.ParsePhone,
			good:  map[string]string{"6281234567890": "6281234567890", "1234567": "1234567", "123456789012345": "123456789012345"},
			bad:   []string{"123456", "1234567890123456", "+6281234567890", "0281234567890", "628 1234567890", "628-1234567890", "6281234567890@s.whatsapp.net"},
		},
		"written phone": {
			parse: address.ParseWrittenPhone,
			good:  map[string]string{"6281234567890": "6281234567890", "+6281234567890": "6281234567890"},
			bad:   []string{"+", "++6281234567890", "+0281234567890", " +6281234567890", "+62 81234567890", "+123456"},
		},
		"channel invite": {
			parse: address.ParseChannelInvite, reason: fault.ReasonInvalidInvite,
			good: map[string]string{
				"0029VaAbCdEfGhIjKlMnOp":                                         "0029VaAbCdEfGhIjKlMnOp",
				"https://whatsapp.com/channel/0029VaAbCdEfGhIjKlMnOp":            "0029VaAbCdEfGhIjKlMnOp",
				"https://www.whatsapp.com/channel/0029VaAbCdEfGhIjKlMnOp/?x=1#y": "0029VaAbCdEfGhIjKlMnOp",
				"whatsapp.com/channel/0029VaAbCdEfGhIjKlMnOp":                    "0029VaAbCdEfGhIjKlMnOp",
			},
			bad: []string{
				"short", "https://whatsapp.com/channel/", "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv", "https://whatsapp.com/channel/a/b/AbCdEfGhIjKl",
				"https://evil.org/whatsapp.com/channel/0029VaAbCdEfGhIjKlMnOp",
			},
		},
		"invite": {
			parse: address.ParseInvite, reason: fault.ReasonInvalidInvite,
			good: map[string]string{
				"AbCdEfGhIjKlMnOpQrStUv":                                   "AbCdEfGhIjKlMnOpQrStUv",
				"https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv":         "AbCdEfGhIjKlMnOpQrStUv",
				"http://Chat.WhatsApp.com/AbCdEfGhIjKlMnOpQrStUv/":         "AbCdEfGhIjKlMnOpQrStUv",
				"chat.whatsapp.com/invite/AbCdEfGhIjKlMnOpQrStUv?mode=r_t": "AbCdEfGhIjKlMnOpQrStUv",
				"https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv#top":     "AbCdEfGhIjKlMnOpQrStUv",
			},
			bad: []string{
				"short", "https://chat.whatsapp.com/", "https://example.com/AbCdEfGhIjKlMnOpQrStUv", "https://chat.whatsapp.com.evil.org/AbCdEfGhIjKl",
				"https://whatsapp.com/channel/0029VaAbCdEfGhIjKlMnOp", "AbCdEfGhIjKl MnOpQrStUv", "AbCdEfGhIjKlMnOpQrStÜv", "https://chat.whatsapp.com/a/b/AbCdEfGhIjKl", "https://chat.whatsapp.com/../AbCdEfGhIjKl",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for given, canonical := range test.good {
				parsed, err := test.parse("to", given)
				require.NoError(t, err, given)
				assert.Equal(t, canonical, parsed)
				again, err := test.parse("to", parsed)
				require.NoError(t, err, "the canonical form parses")
				assert.Equal(t, parsed, again)
			}
			bad := append(test.bad, "", "@", " ", "\n", "６２８１２３４５６７８９０@s.whatsapp.net", "٦٢٨١٢٣٤٥٦٧٨", "\xff\xfe@lid",
				strings.Repeat("1", 1<<16), strings.Repeat("1", 1<<16)+"@g.us", strings.Repeat("@", 1<<10))
			for _, given := range bad {
				_, err := test.parse("to[3]", given)
				require.Error(t, err, "%.40q", given)
				f := fault.From(err)
				assert.Equal(t, fault.Validation, f.Code(), "%.40q", given)
				assert.Equal(t, "to[3]", f.Details()["field"])
				assert.True(t, strings.HasPrefix(f.Message(), "to[3] "), f.Message())
				if given != "" {
					assert.Equal(t, test.reason, f.Reason())
					assert.Less(t, len(f.Message()), 200, "the input is not echoed")
				}
			}
		})
	}
}

// FuzzParse checks for every kind that what is accepted is canonical, short,
// plain ASCII, and survives making and parsing again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"6281234567890@s.whatsapp.net", "6281234567890@c.us", "205227043110953@lid", "12345-67890@g.us", "120363041234567890@g.us",
		"120363012345678901@newsletter", "6281234567890", "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		for _, kind := range []struct {
			parse parse
			make  func(string) string
		}{
			{address.ParsePerson, func(s string) string {
				user, server, _ := strings.Cut(s, "@")
				if server == "lid" {
					return address.MakeLID(user)
				}
				return address.MakePhoneJID(user)
			}},
			{address.ParseGroup, func(s string) string { return address.MakeGroupJID(strings.TrimSuffix(s, "@g.us")) }},
			{address.ParseChannel, func(s string) string { return address.MakeChannelJID(strings.TrimSuffix(s, "@newsletter")) }},
			{address.ParsePhone, func(s string) string { return s }},
			{address.ParseInvite, func(s string) string { return "https://chat.whatsapp.com/" + s }},
		} {
			parsed, err := kind.parse("field", given)
			if err != nil {
				assert.Empty(t, parsed)
				assert.Equal(t, fault.Validation, fault.CodeOf(err))
				continue
			}
			again, err := kind.parse("field", kind.make(parsed))
			require.NoError(t, err)
			assert.Equal(t, parsed, again)
			assert.LessOrEqual(t, len(parsed), 80)
			assert.Equal(t, -1, strings.IndexFunc(parsed, func(r rune) bool { return r <= ' ' || r > '~' }))
		}
	})
}
