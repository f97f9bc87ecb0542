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

// sendTypes are the contract's types of messages to send, of which this version
// sends the first.
func sendTypes() []string {
	return []string{"text", "poll", "location", "contact", "image", "video", "audio", "document", "sticker"}
}

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
	Async          string   `query:"async" json:"-" enum:"true,false" description:"true: queue it, answer 202 and tell the outcome by message.status events."`
	IdempotencyKey string   `header:"Idempotency-Key" json:"-" maxLength:"255" description:"Names this request within the organization for 24 hours: a repeat gives the first result and sends nothing." example:"order-4711"`
	Type           string   `json:"type" required:"true" enum:"text,poll,location,contact,image,video,audio,document,sticker" description:"What to send. This version sends text." example:"text"`
	To             string   `json:"to" required:"true" description:"A person, by phone number or LID, or a group." example:"6281234567890@s.whatsapp.net"`
	Text           string   `json:"text" maxLength:"65536" description:"The text, of type text." example:"Hello there!"`
	Mentions       []string `json:"mentions" description:"People named in the text, which holds @ and the digits of each one's address." example:"[]"`
	ReplyTo        string   `json:"replyTo" description:"The message to reply to, by WhatsApp's id; it must be of the same chat." example:""`
}

func messageRows() []route {
	return []route{
		row(spec{
			Operation: "sendMessage", Tag: tagMessages, Method: http.MethodPost, Pattern: messagesPath,
			Field: "Mutation.sendMessage", Status: http.StatusOK, OtherStatus: http.StatusAccepted, Live: true,
			Summary: "Send a message.",
			Notes: "One stored intent with one id of WhatsApp's, however often it is tried. By default it waits for WhatsApp: 501 while the session " +
				"is not connected, 429 with `Retry-After` over its limit. With `async` it is queued, also while the session is offline, survives a " +
				"restart and is sent when the session is back: 202. 502 with the reason `send_outcome_unknown` and `waMessageId` in its details when " +
				"WhatsApp did not answer in time: the gateway goes on with the same id, so do not send again.",
			Faults: []fault.Code{fault.Conflict, fault.RateLimited},
		}, func(ctx context.Context, root gen.ResolverRoot, in inSendMessage) (*models.Outgoing, error) {
			input, err := in.input()
			if err != nil {
				return nil, behindSession(ctx, root, in.Session, err)
			}
			return root.Mutation().SendMessage(ctx, in.Session, input)
		}, presentSend),
	}
}

// input turns the contract's body into the schema's input.
func (in inSendMessage) input() (gen.SendMessageInput, error) {
	input := gen.SendMessageInput{To: in.To, Content: &gen.MessageContentInput{}}
	switch {
	case in.Type == "":
		return input, fault.Missing("type")
	case !slices.Contains(sendTypes(), in.Type):
		return input, fault.Invalid("type", "type is not one of the contract's")
	case in.Type != "text":
		return input, fault.Invalid("type", "type "+in.Type+" is not sent by this version")
	}
	switch in.Async {
	case "", "false":
	case "true":
		input.Async = graphql.OmittableOf(new(true))
	default:
		return input, fault.Invalid("async", "async must be true or false")
	}
	text := &gen.TextContentInput{Text: in.Text}
	if len(in.Mentions) > 0 {
		text.Mentions = graphql.OmittableOf(in.Mentions)
	}
	input.Content.Text = graphql.OmittableOf(text)
	if in.ReplyTo != "" {
		input.ReplyTo = graphql.OmittableOf(&in.ReplyTo)
	}
	if in.IdempotencyKey != "" {
		input.IdempotencyKey = graphql.OmittableOf(&in.IdempotencyKey)
	}
	return input, nil
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
