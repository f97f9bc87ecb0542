package whatsapp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.mau.fi/util/emojirunes"
)

func TestIsEmoji(t *testing.T) {
	t.Parallel()
	const (
		england = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
		newer   = "\U0001facb" // no character yet
	)
	for emoji := range strings.FieldsSeq(`
		👍 👎 ❤ ❤️ 😂 😮 😢 🙏 🎉 🔥 💯 ✅ ❌ ☑ ☑️ ✔ ✔️ ☺ ☺️ ☹ ☠ ☠️ ⭐ ⚡ ☀ ☀️ ☎ ⌚ ⏰ ▶ ▶️ ◀ ⏸ ↔ ↩️ ⤴ ⬅ ⬛ 〰 〰️ 〽 ㊗ ㊙️ Ⓜ Ⓜ️ ℹ ℹ️ ‼ ‼️ ⁉ ™ © ©️ ® ®️
		🅰 🅱️ 🅾 🅿 🆎 🆗 🆘 🈁 🈂 🈚 🉐 🀄 🃏 ♠ ♥ ♥️ ♂ ♀️ ♾ ⚕ ⚧ ⚧️ 🌍 🕊 🕊️ 🖐 🖐️ 🗿 🛒 🛸 🟠 🟰 🤌 🥹 🦱 🧿 🩵 🪿 🫠 🫨 🫶
		👍🏻 👍🏿 🫱🏻‍🫲🏿 ☝🏽 ✌🏾 🤷🏽‍♀️ 🤷‍♂ 👩🏽‍💻 👨‍⚕️ 🧑‍🎄 👩‍❤️‍💋‍👨 👩🏻‍❤️‍💋‍👨🏿 👨‍👩‍👧‍👦 👩‍👩‍👧‍👦 🧑🏿‍🤝‍🧑🏻 👁️‍🗨️ 🐻‍❄️ 🐦‍⬛ ❤️‍🔥 🧑‍🧑‍🧒‍🧒 🙂‍↔️ 👨🏻‍🦱 🐈‍⬛
		🏳️‍🌈 🏳‍🌈 🏳️‍⚧️ 🏴‍☠️ 🏁 🇩🇪 🇺🇸 🇺🇳 🇦🇶 0️⃣ 1️⃣ 1⃣ 9️⃣ #️⃣ *️⃣ 🔟 ` + england + ` ` + newer) {
		assert.True(t, isEmoji(emoji), "%s %+q", emoji, emoji)
	}
	for _, r := range emojirunes.EmojiRunes {
		part := isFlagLetter(r) || isSkinTone(r) || r == 0x200d || r == 0xfe0f || r == 0x20e3 || r >= 0xe0000
		assert.Equal(t, !part, isEmoji(string(r)), "%+q", r)
	}
	for _, text := range []string{
		"", " ", "a", "1", "#", "+", "!", "ok", "é", "ß", "日", "ا", "\x00", "\xff", "�",
		"´", "°", "¨", "^", "⠿", "𝄞", "€", "$", "∑", "≤", "√", "♯", "☃︎", "→", "│", "█", "🀀", "🂡", "🄰", "🜀", "𝐀",
		"🇩", "🇩🇪🇫", "🇩🇪🇫🇷", "🇩🏻", "🏻", "🏿", "👍🏻🏻", "\u200d", "\ufe0f", "\u20e3", "1\ufe0f", "12\u20e3", "a\u20e3", "👍\u20e3", "\U000e0067\U000e007f",
		"👍👍", "👍 ", " 👍", "👍!", "x👍", "👍\n", "❤️❤️", "👩\u200d", "\u200d👩", "👩\u200d\u200d💻", "👩\u200da", "❤\ufe0f\ufe0f", "❤\ufe0e", "👍\u0301",
		"🏴\U000e007f", "🏴\U000e0067", "🏴\U000e0067x\U000e007f", strings.Repeat("👩\u200d", 20) + "👩",
	} {
		assert.False(t, isEmoji(text), "%s %+q", text, text)
	}
}
