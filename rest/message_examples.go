package rest

// bodyExample is a body that an operation takes, for the OpenAPI document, where
// examples of the single fields would not make one.
type bodyExample struct{ name, body string }

// sendExamples has a body of sendMessage for each type.
func sendExamples() []bodyExample {
	const to = `"to":"6281234567890@s.whatsapp.net"`
	return []bodyExample{
		{"text", `{"type":"text",` + to + `,"text":"Hello there!"}`},
		{"reply", `{"type":"text",` + to + `,"text":"At ten","replyTo":"3EB0C431C26A1916E07A"}`},
		{"poll", `{"type":"poll",` + to + `,"name":"Pizza or pasta?","options":["Pizza","Pasta"],"selectableCount":1}`},
		{"location", `{"type":"location",` + to + `,"latitude":-6.1754,"longitude":106.8272,"name":"Monas"}`},
		{"contact", `{"type":"contact",` + to + `,"contact":{"name":"Alice","phone":"+6281234567890"}}`},
		{"image", `{"type":"image",` + to + `,"media":{"data":"` + onePixel + `","caption":"One pixel"}}`},
		{"video", `{"type":"video",` + to + `,"media":{"url":"https://example.com/film.mp4","caption":"The film"}}`},
		{"audio", `{"type":"audio",` + to + `,"media":{"url":"https://example.com/note.ogg","voice":true}}`},
		{"document", `{"type":"document",` + to + `,"media":{"data":"aGVsbG8=","filename":"hello.txt","mimetype":"text/plain"}}`},
		{"sticker", `{"type":"sticker",` + to + `,"media":{"url":"https://example.com/sticker.webp"}}`},
		{"scheduled", `{"type":"text",` + to + `,"text":"In time","scheduledAt":1719662400000,"expiresAt":1719666000000}`},
	}
}

// onePixel is a PNG.
const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
