package rest

import (
	"context"
	"net/http"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
)

const (
	tagMessages = "Messages"

	messagesPath = sessionPath + "/messages"
)

// sendTypes are the contract's types of messages to send.
func sendTypes() []string {
	return []string{"text", "poll", "location", "contact", "image", "video", "audio", "document", "sticker"}
}

// maxSendBody bounds the body of sendMessage: 16 MiB in base64, and the rest.
const maxSendBody = 23 << 20

// SendResult is the contract's answer of sendMessage: 200 when WhatsApp was
// waited for, 202 when it is queued.
type SendResult struct {
	contract.SendResult
}

// httpStatus is the status of this very result.
func (r SendResult) httpStatus() int {
	if r.Mode == string(models.SendAsync) {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// inSendMessage is the input of sendMessage.
type inSendMessage struct {
	inSession
	Async          *bool    `query:"async" json:"-" description:"true: queue it, answer 202 and tell the outcome by message.status events."`
	IdempotencyKey string   `header:"Idempotency-Key" json:"-" maxLength:"255" description:"Names this request within the organization for 24 hours: a repeat gives the first result and sends nothing." example:"order-4711"`
	Type           string   `json:"type" required:"true" enum:"text,poll,location,contact,image,video,audio,document,sticker" description:"What to send." example:"text"`
	To             string   `json:"to" required:"true" description:"A person, by phone number or LID, a group, or, for texts and files, a channel of the account's own." example:"6281234567890@s.whatsapp.net"`
	Text           string   `json:"text" maxLength:"65536" description:"The text, of type text." example:"Hello there!"`
	LinkPreview    *bool    `json:"linkPreview" description:"Of type text: show the title of the first page it links to. Default false." example:"false"`
	Mentions       []string `json:"mentions" description:"People named in the text or caption, which holds @ and the digits of each one's address." example:"[]"`
	ReplyTo        string   `json:"replyTo" description:"The message to reply to, by WhatsApp's id; it must be of the same chat." example:""`
	Name           string   `json:"name" description:"Of type poll: the question, at most 255 characters. Of type location: what the place is called." example:"Pizza or pasta?"`
	Options        []string `json:"options" description:"Of type poll: 2 to 12 different options of at most 100 characters." example:"[\"Pizza\",\"Pasta\"]"`
	Selectable     *int32   `json:"selectableCount" minimum:"0" maximum:"12" description:"Of type poll: how many a voter may choose; 0: any number. Default 1." example:"1"`
	Latitude       *float64 `json:"latitude" minimum:"-90" maximum:"90" description:"Of type location." example:"-6.1754"`
	Longitude      *float64 `json:"longitude" minimum:"-180" maximum:"180" description:"Of type location." example:"106.8272"`
	Address        string   `json:"address" description:"Of type location: the place's address." example:"Jl. Merdeka 1, Jakarta"`
	Contact        *inCard  `json:"contact" description:"Of type contact: name and number."`
	VCard          string   `json:"vcard" description:"Of type contact: a whole vCard instead." example:""`
	Media          *inMedia `json:"media" description:"Of type image, video, audio, document and sticker."`
	ViewOnce       *bool    `json:"viewOnce" description:"Of type image, video and voice notes: it may be seen once only. Default false." example:"false"`
	ScheduledAt    *int64   `json:"scheduledAt" description:"Send it at that time, Unix epoch milliseconds, at most a year ahead: 202. A time that has passed: as soon as it can. 0: not scheduled." example:"1719662400000"`
	ExpiresAt      *int64   `json:"expiresAt" description:"Give up when it could not be sent until then, Unix epoch milliseconds." example:"1719662400000"`
}

// inCard is a person's name and number.
type inCard struct {
	Name  string `json:"name" description:"The person's name." example:"Alice"`
	Phone string `json:"phone" description:"The phone number, digits with an optional +." example:"+6281234567890"`
}

// inMedia is a file: data or url.
type inMedia struct {
	Data     string `json:"data" description:"Base64, or a data: URI, at most 16 MiB decoded." example:"iVBORw0KGgo="`
	URL      string `json:"url" description:"The gateway fetches it instead: http or https, public addresses only unless allowed by configuration." example:"https://example.com/offer.pdf"`
	Mimetype string `json:"mimetype" description:"Its media type; found out when absent." example:"image/png"`
	Caption  string `json:"caption" maxLength:"1024" description:"Of images, videos and documents." example:"Our offer"`
	Filename string `json:"filename" maxLength:"255" description:"Of documents." example:"offer.pdf"`
	Voice    bool   `json:"voice" description:"A voice note: Ogg with Opus." example:"false"`
	GIF      bool   `json:"gif" description:"Of videos: plays as a GIF." example:"false"`
}

// inChange is the body of operations that change a message.
type inChange struct {
	inMessage
	Chat string `json:"chat" required:"true" description:"The address of the chat it is in." example:"6281234567890@s.whatsapp.net"`
}

// inSenderChange is inChange with the message's sender.
type inSenderChange struct {
	inChange
	Sender string `json:"sender" description:"Who sent it; empty: the account itself where that matters, else whoever sent one of that id in the chat." example:""`
}

// inTakeBack is the input of revokeMessage and removeReaction, which are DELETEs
// with a body.
type inTakeBack struct{ inSenderChange }

// ForceRequestBody has the OpenAPI document show the body.
func (inTakeBack) ForceRequestBody() {}

// inEditMessage is the input of editMessage.
type inEditMessage struct {
	inChange
	Text     string   `json:"text" required:"true" maxLength:"65536" description:"The new text." example:"Hello!"`
	Mentions []string `json:"mentions" description:"People named in the text." example:"[]"`
}

// inForwardMessage is the input of forwardMessage.
type inForwardMessage struct {
	inSenderChange
	To string `json:"to" required:"true" description:"A person, by phone number or LID, a group, or, for texts and files, a channel of the account's own." example:"6281234567890@s.whatsapp.net"`
}

// inAddReaction is the input of addReaction.
type inAddReaction struct {
	inSenderChange
	Emoji string `json:"emoji" required:"true" description:"One emoji." example:"👍"`
}

// inVoteMessage is the input of voteMessage.
type inVoteMessage struct {
	inSenderChange
	Options []string `json:"options" required:"true" nullable:"false" description:"The texts of the options chosen; none takes the vote back, a single-choice poll takes one at most." example:"[\"Pizza\"]"`
}

func messageRows() []route {
	return []route{
		row(spec{
			Operation: "sendMessage", Tag: tagMessages, Method: http.MethodPost, Pattern: messagesPath,
			Field: "Mutation.sendMessage", Status: http.StatusOK, OtherStatus: http.StatusAccepted, Live: true, MaxBody: maxSendBody,
			Summary: "Send a message.",
			Notes: "One stored intent with one id of WhatsApp's, however often it is tried. By default it waits for WhatsApp: 501 while the session " +
				"is not connected, 429 with `Retry-After` over its limit. With `async` it is queued, also while the session is offline, survives a " +
				"restart and is sent when the session is back: 202. 502 with the reason `send_outcome_unknown` and `waMessageId` in its details when " +
				"WhatsApp did not answer in time: the gateway goes on with the same id, so do not send again.",
			Faults:   []fault.Code{fault.Conflict, fault.RateLimited},
			Examples: sendExamples(),
			Answers:  map[int]map[string]any{http.StatusAccepted: {"mode": "async", "status": "queued"}},
		}, func(ctx context.Context, root gen.ResolverRoot, in inSendMessage) (*models.Outgoing, error) {
			input, err := in.input()
			if err != nil {
				return nil, behindSession(ctx, root, in.Session, err)
			}
			return root.Mutation().SendMessage(ctx, in.Session, input)
		}, presentSend),
		row(changing("editMessage", http.MethodPatch, messagePath, "Replace the text of a text message of the account's own, or of such a post in a channel that it may write in. Captions: over GraphQL."),
			func(ctx context.Context, root gen.ResolverRoot, in inEditMessage) (*models.Outgoing, error) {
				// The contract's edits are of texts. What else is wrong, the resolver says.
				if m, err := root.Query().Message(ctx, in.Session, in.Message); err == nil && m != nil && m.HasMedia {
					return nil, fault.Invalid("waMessageId", "only texts can be edited here")
				}
				input := gen.EditMessageInput{Chat: in.Chat, WaMessageID: in.Message, Text: in.Text}
				if len(in.Mentions) > 0 {
					input.Mentions = graphql.OmittableOf(in.Mentions)
				}
				return root.Mutation().EditMessage(ctx, in.Session, input)
			}, presentSend),
		row(changing("revokeMessage", http.MethodDelete, messagePath, "Take a message back for everyone."),
			func(ctx context.Context, root gen.ResolverRoot, in inTakeBack) (*models.Outgoing, error) {
				return root.Mutation().RevokeMessage(ctx, in.Session, gen.RevokeMessageInput{Chat: in.Chat, WaMessageID: in.Message, Sender: in.sender()})
			}, presentSend),
		row(changing("forwardMessage", http.MethodPost, messagePath+"/forward", "Send a message to another chat, marked as forwarded."),
			func(ctx context.Context, root gen.ResolverRoot, in inForwardMessage) (*models.Outgoing, error) {
				return root.Mutation().ForwardMessage(ctx, in.Session, gen.ForwardMessageInput{
					Chat: in.Chat, WaMessageID: in.Message, Sender: in.sender(), To: in.To,
				})
			}, presentSend),
		row(changing("addReaction", http.MethodPost, messagePath+"/reaction", "React to a message; a reaction before is replaced."),
			func(ctx context.Context, root gen.ResolverRoot, in inAddReaction) (*models.Outgoing, error) {
				return root.Mutation().AddReaction(ctx, in.Session, gen.AddReactionInput{
					Chat: in.Chat, WaMessageID: in.Message, Sender: in.sender(), Emoji: in.Emoji,
				})
			}, presentSend),
		row(changing("removeReaction", http.MethodDelete, messagePath+"/reaction", "Take the account's reaction back. Repeating it changes nothing."),
			func(ctx context.Context, root gen.ResolverRoot, in inTakeBack) (*models.Outgoing, error) {
				return root.Mutation().RemoveReaction(ctx, in.Session, gen.MessageKeyInput{Chat: in.Chat, WaMessageID: in.Message, Sender: in.sender()})
			}, presentSend),
		row(changing("voteMessage", http.MethodPost, messagePath+"/vote", "Vote in a poll; a vote before is replaced."),
			func(ctx context.Context, root gen.ResolverRoot, in inVoteMessage) (*models.Outgoing, error) {
				if in.Options == nil {
					return nil, behindSession(ctx, root, in.Session, fault.Missing("options"))
				}
				return root.Mutation().VoteMessage(ctx, in.Session, gen.VoteMessageInput{
					Chat: in.Chat, WaMessageID: in.Message, Sender: in.sender(), Options: in.Options,
				})
			}, presentSend),
	}
}

// changing describes an operation that changes a message.
func changing(operation, method, pattern, summary string) spec {
	field := "Mutation." + operation
	return spec{
		Operation: operation, Tag: tagMessages, Method: method, Pattern: pattern, Field: field, Status: http.StatusOK, Live: true,
		Summary: summary, Faults: []fault.Code{fault.RateLimited},
	}
}

// sender is the message's sender as a resolver takes it.
func (in inSenderChange) sender() graphql.Omittable[*string] {
	if in.Sender == "" {
		return graphql.Omittable[*string]{}
	}
	return graphql.OmittableOf(&in.Sender)
}

// given turns a text that may be absent into an input field.
func given(text string) graphql.Omittable[*string] {
	if text == "" {
		return graphql.Omittable[*string]{}
	}
	return graphql.OmittableOf(&text)
}

// input turns the contract's body into the schema's input.
func (in inSendMessage) input() (gen.SendMessageInput, error) {
	input := gen.SendMessageInput{To: in.To, Content: &gen.MessageContentInput{}}
	input.Async = omit(in.Async)
	input.ReplyTo, input.IdempotencyKey = given(in.ReplyTo), given(in.IdempotencyKey)
	input.ScheduledAt, input.ExpiresAt = millis(in.ScheduledAt), millis(in.ExpiresAt)
	return input, in.content(input.Content)
}

func millis(at *int64) graphql.Omittable[*models.Millis] {
	if at == nil {
		return graphql.Omittable[*models.Millis]{}
	}
	return graphql.OmittableOf(new(models.Millis(*at)))
}

// content fills in what is sent.
func (in inSendMessage) content(c *gen.MessageContentInput) error {
	switch in.Type {
	case "":
		return fault.Missing("type")
	case "text":
		text := &gen.TextContentInput{Text: in.Text, LinkPreview: omit(in.LinkPreview)}
		if len(in.Mentions) > 0 {
			text.Mentions = graphql.OmittableOf(in.Mentions)
		}
		c.Text = graphql.OmittableOf(text)
	case "poll":
		c.Poll = graphql.OmittableOf(&gen.PollInput{Name: in.Name, Options: in.Options, SelectableCount: omit(in.Selectable)})
	case "location":
		if in.Latitude == nil {
			return fault.Missing("latitude")
		}
		if in.Longitude == nil {
			return fault.Missing("longitude")
		}
		c.Location = graphql.OmittableOf(&gen.LocationInput{
			Latitude: *in.Latitude, Longitude: *in.Longitude, Name: given(in.Name), Address: given(in.Address),
		})
	case "contact":
		card := &gen.ContactCardInput{Vcard: given(in.VCard)}
		if in.Contact != nil {
			card.Name, card.Phone = given(in.Contact.Name), given(in.Contact.Phone)
		} else if in.VCard == "" {
			return fault.Missing("contact")
		}
		c.Contact = graphql.OmittableOf(card)
	default:
		return in.file(c)
	}
	return nil
}

// file fills in a file of the kinds that have one.
func (in inSendMessage) file(c *gen.MessageContentInput) error {
	if !slices.Contains(sendTypes(), in.Type) {
		return fault.Invalid("type", "type is not one of the contract's")
	}
	if in.Media == nil {
		return fault.Missing("media")
	}
	m := in.Media
	file := &gen.MediaInput{
		Data: given(m.Data), URL: given(m.URL), Mimetype: given(m.Mimetype), Caption: given(m.Caption), Filename: given(m.Filename),
		Voice: graphql.OmittableOf(&m.Voice), ViewOnce: omit(in.ViewOnce), Gif: graphql.OmittableOf(&m.GIF),
	}
	if len(in.Mentions) > 0 {
		file.Mentions = graphql.OmittableOf(in.Mentions)
	}
	kinds := map[string]*graphql.Omittable[*gen.MediaInput]{
		"image": &c.Image, "video": &c.Video, "audio": &c.Audio, "document": &c.Document, "sticker": &c.Sticker,
	}
	*kinds[in.Type] = graphql.OmittableOf(file)
	return nil
}

func presentSend(o *models.Outgoing) SendResult { return SendResult{o.Shape()} }

// behindSession keeps the order of checks for input that only the row can judge:
// a session that the caller cannot see is 404 whatever the body holds.
func behindSession(ctx context.Context, root gen.ResolverRoot, session string, bad error) error {
	if _, err := root.Query().Session(ctx, session); err != nil {
		return err
	}
	return bad
}
