package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
)

const (
	tagWebhooks = "Webhooks"

	webhooksPath   = "/api/v1/webhooks"
	webhookPath    = webhooksPath + "/{id}"
	deliveriesPath = webhookPath + "/deliveries"
)

// Webhook is the contract's Webhook; only the answer that creates one without a
// secret holds the secret that was made.
type Webhook struct {
	Active         bool              `json:"active" required:"true" description:"Whether it is delivered to." example:"true"`
	CreatedAt      int64             `json:"createdAt" required:"true" description:"Unix epoch milliseconds." example:"1719662400000"`
	CustomHeaders  map[string]string `json:"customHeaders" required:"true" nullable:"false" description:"Headers that are sent along." example:"{\"X-Tenant\":\"acme\"}"`
	Events         []string          `json:"events" required:"true" nullable:"false" description:"The names of the events it gets; * is all." example:"[\"message\",\"poll.vote\"]"`
	FailingSince   *int64            `json:"failingSince" required:"true" description:"Since when the endpoint as a whole fails, Unix epoch milliseconds; null: it does not."`
	ID             string            `json:"id" required:"true" description:"wh_ and a ULID." example:"wh_01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	InactiveReason string            `json:"inactiveReason,omitempty" description:"Why it is not active: deactivated, or gone when the endpoint answered 410."`
	LostEvents     int64             `json:"lostEvents,omitempty" description:"How many events were gone from the log before they could be delivered; absent: none."`
	OrganizationID string            `json:"organizationId" required:"true" description:"The organization it belongs to." example:"org_01J9ABC"`
	RetryPolicy    RetryPolicy       `json:"retryPolicy" required:"true" description:"How often and when a delivery is tried."`
	Secret         string            `json:"secret,omitempty" description:"What it signs with: only in the answer that creates it without one." example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
	SessionID      string            `json:"sessionId" required:"true" description:"The only session whose events it gets; empty: all." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	UpdatedAt      int64             `json:"updatedAt" required:"true" description:"Unix epoch milliseconds." example:"1719662400000"`
	URL            string            `json:"url" required:"true" description:"Where the events go." example:"https://example.com/webhooks/wa"`
}

// RetryPolicy says how often and when a delivery is tried.
type RetryPolicy struct {
	Attempts     int    `json:"attempts" required:"true" minimum:"1" maximum:"50" description:"Attempts in all, the first included." example:"15"`
	DelaySeconds int    `json:"delaySeconds" required:"true" minimum:"1" maximum:"3600" description:"Seconds before the second attempt." example:"2"`
	Policy       string `json:"policy" required:"true" enum:"constant,linear,exponential" description:"How the time between attempts grows." example:"exponential"`
}

// Delivery is what became of one event at one webhook.
type Delivery struct {
	Attempts       int    `json:"attempts" required:"true" description:"How often it was tried." example:"1"`
	DurationMS     int64  `json:"durationMs" required:"true" description:"How long the last attempt took." example:"42"`
	Error          string `json:"error" required:"true" description:"Why the last attempt failed; empty when it did not." example:""`
	Event          string `json:"event" required:"true" description:"What happened." example:"message"`
	EventID        string `json:"eventId" required:"true" description:"The event, the delivery's webhook-id." example:"evt_01J9XYZABCDEF0123456789AB"`
	FirstAttemptAt *int64 `json:"firstAttemptAt" required:"true" description:"When it was first tried, Unix epoch milliseconds; null: not yet." example:"1719662400000"`
	ID             string `json:"id" required:"true" description:"dlv_ and a ULID." example:"dlv_01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	LastAttemptAt  *int64 `json:"lastAttemptAt" required:"true" description:"When it was last tried, Unix epoch milliseconds; null: not yet." example:"1719662400000"`
	NextAttemptAt  *int64 `json:"nextAttemptAt" required:"true" description:"When it is tried next, Unix epoch milliseconds; null: it is not, or as soon as its turn comes."`
	ResponseStatus int    `json:"responseStatus" required:"true" description:"The HTTP status of the last answer; 0: there was none." example:"200"`
	SessionID      string `json:"sessionId" required:"true" description:"The session it happened to." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	Status         string `json:"status" required:"true" enum:"pending,delivered,failed,skipped" description:"Where it stands." example:"delivered"`
	WebhookID      string `json:"webhookId" required:"true" description:"The webhook." example:"wh_01J9ZX8K2QHV0M3T6R7P4N5W8C"`
}

func presentWebhook(w *models.Webhook) Webhook {
	return Webhook{
		Active: w.Active, CreatedAt: int64(w.CreatedAt), CustomHeaders: w.CustomHeaders, Events: append([]string{}, w.Events...),
		FailingSince: millisOrNull(w.FailingSince), ID: w.ID, InactiveReason: w.InactiveReason, LostEvents: w.LostEvents,
		OrganizationID: w.OrganizationID, SessionID: w.SessionID, UpdatedAt: int64(w.UpdatedAt), URL: w.URL,
		RetryPolicy: RetryPolicy{Attempts: w.RetryPolicy.Attempts, DelaySeconds: w.RetryPolicy.DelaySeconds, Policy: string(w.RetryPolicy.Policy)},
	}
}

func presentDelivery(d *models.Delivery) Delivery {
	return Delivery{
		Attempts: d.Attempts, DurationMS: d.DurationMS, Error: d.Error, Event: d.Event, EventID: d.EventID,
		FirstAttemptAt: millisOrNull(d.FirstAttemptAt), ID: d.ID, LastAttemptAt: millisOrNull(d.LastAttemptAt),
		NextAttemptAt: millisOrNull(d.NextAttemptAt), ResponseStatus: d.ResponseStatus, SessionID: d.SessionID,
		Status: string(d.Status), WebhookID: d.WebhookID,
	}
}

// inWebhook is the input of operations about one webhook.
type inWebhook struct {
	ID string `path:"id" json:"-" description:"The webhook's id." example:"wh_01J9ZX8K2QHV0M3T6R7P4N5W8C"`
}

// webhookBody is what createWebhook and updateWebhook have in common.
type webhookBody struct {
	Events        []string          `json:"events" description:"The names of the events to get; [\"*\"] is all, [] none. Absent: all of a new one." example:"[\"message\"]"`
	SessionID     *string           `json:"sessionId" description:"Only this session's events; empty: all."`
	Secret        *string           `json:"secret" description:"Signs the deliveries: whsec_ and base64, or any text of at least 16 characters. Write-only. Absent: a new one gets one made." example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
	CustomHeaders map[string]string `json:"customHeaders" description:"Headers to send along, all of them." example:"{\"X-Tenant\":\"acme\"}"`
	RetryPolicy   *retryPolicyBody  `json:"retryPolicy" description:"How often and when a delivery is tried."`
	Active        *bool             `json:"active" description:"Whether to deliver. Default true."`
}

type retryPolicyBody struct {
	Policy       *string `json:"policy" enum:"constant,linear,exponential" description:"How the time between attempts grows. Default exponential." example:"exponential"`
	Attempts     *int32  `json:"attempts" minimum:"1" maximum:"50" description:"Attempts in all. Default 15." example:"15"`
	DelaySeconds *int32  `json:"delaySeconds" minimum:"1" maximum:"3600" description:"Seconds before the second attempt. Default 2." example:"2"`
}

// inCreateWebhook is the input of createWebhook.
type inCreateWebhook struct {
	URL string `json:"url" required:"true" description:"http or https, without user and password; public addresses only, unless the gateway is configured otherwise." example:"https://example.com/webhooks/wa"`
	webhookBody
}

// inUpdateWebhook is the input of updateWebhook: absent fields stay.
type inUpdateWebhook struct {
	inWebhook
	URL *string `json:"url" description:"Where the events go." example:"https://example.com/webhooks/wa"`
	webhookBody
}

// inDeliveries is the input of listWebhookDeliveries.
type inDeliveries struct {
	inWebhook
	cursorPage
	Status string `query:"status" json:"-" enum:"pending,delivered,failed,skipped" description:"Only those with this status."`
}

// inRedeliver is the input of redeliver.
type inRedeliver struct {
	inWebhook
	Delivery string `path:"delivery" json:"-" description:"The delivery's id." example:"dlv_01J9ZX8K2QHV0M3T6R7P4N5W8C"`
}

func webhookRows() []route {
	return []route{
		row(spec{
			Operation: "listWebhooks", Tag: tagWebhooks, Method: http.MethodGet, Pattern: webhooksPath,
			Field: "Query.webhooks", Status: http.StatusOK,
			Summary: "The organization's webhooks, oldest first.",
		}, func(ctx context.Context, root gen.ResolverRoot, in page) (*gen.WebhookConnection, error) {
			return root.Query().Webhooks(ctx, in.first(), in.after())
		}, func(c *gen.WebhookConnection) emptyEndList[Webhook] {
			return emptyEndList[Webhook]{Data: presentEach(c.Nodes, presentWebhook), NextCursor: nextCursor(c.PageInfo)}
		}),
		row(spec{
			Operation: "createWebhook", Tag: tagWebhooks, Method: http.MethodPost, Pattern: webhooksPath,
			Field: "Mutation.createWebhook", Status: http.StatusCreated,
			Summary: "Register an endpoint.",
			Notes:   "It gets the events from now on. Without `secret` one is made, which is in this answer and nowhere else, ever.",
			Faults:  []fault.Code{fault.NotFound, fault.Conflict},
			Answers: map[int]map[string]any{http.StatusCreated: {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}, //nolint:gosec // an example
		}, func(ctx context.Context, root gen.ResolverRoot, in inCreateWebhook) (*gen.CreateWebhookPayload, error) {
			input := gen.CreateWebhookInput{
				URL: in.URL, SessionID: omit(in.SessionID), Secret: omit(in.Secret), Active: omit(in.Active),
				CustomHeaders: headerInputs(in.CustomHeaders), RetryPolicy: in.RetryPolicy.input(),
			}
			if in.Events != nil {
				input.Events = graphql.OmittableOf(in.Events)
			}
			return root.Mutation().CreateWebhook(ctx, input)
		}, presentNewWebhook),
		row(spec{
			Operation: "getWebhook", Tag: tagWebhooks, Method: http.MethodGet, Pattern: webhookPath,
			Field: "Query.webhook", Status: http.StatusOK,
			Summary: "One webhook.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inWebhook) (*models.Webhook, error) {
			return root.Query().Webhook(ctx, in.ID)
		}, presentWebhook),
		row(spec{
			Operation: "updateWebhook", Tag: tagWebhooks, Method: http.MethodPatch, Pattern: webhookPath,
			Field: "Mutation.updateWebhook", Status: http.StatusOK, Unprocessable: true,
			Summary: "Change a webhook at once.",
			Notes:   "Absent fields stay. A new `secret` overlaps with the one before for 24 hours. One that is activated goes on where it stopped.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inUpdateWebhook) (*gen.UpdateWebhookPayload, error) {
			input := gen.UpdateWebhookInput{
				URL: omit(in.URL), SessionID: omit(in.SessionID), Secret: omit(in.Secret), Active: omit(in.Active),
				CustomHeaders: headerInputs(in.CustomHeaders), RetryPolicy: in.RetryPolicy.input(),
			}
			if in.Events != nil {
				input.Events = graphql.OmittableOf(in.Events)
			}
			return root.Mutation().UpdateWebhook(ctx, in.ID, input)
		}, func(p *gen.UpdateWebhookPayload) Webhook { return presentWebhook(p.Webhook) }),
		act(spec{
			Operation: "deleteWebhook", Tag: tagWebhooks, Method: http.MethodDelete, Pattern: webhookPath,
			Field: "Mutation.deleteWebhook", Status: http.StatusNoContent,
			Summary: "Remove a webhook with its deliveries.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inWebhook) (*gen.DeleteWebhookPayload, error) {
			return root.Mutation().DeleteWebhook(ctx, in.ID)
		}),
		row(spec{
			Operation: "listWebhookDeliveries", Tag: tagWebhooks, Method: http.MethodGet, Pattern: deliveriesPath,
			Field: "Webhook.deliveries", Status: http.StatusOK,
			Summary: "What became of each event, the newest first, for seven days.",
		}, listDeliveries, func(c *gen.DeliveryConnection) emptyEndList[Delivery] {
			return emptyEndList[Delivery]{Data: presentEach(c.Nodes, presentDelivery), NextCursor: nextCursor(c.PageInfo)}
		}),
		row(spec{
			Operation: "redeliver", Tag: tagWebhooks, Method: http.MethodPost, Pattern: deliveriesPath + "/{delivery}:redeliver",
			Field: "Mutation.redeliver", Status: http.StatusAccepted,
			Summary: "Deliver one event again, whatever became of it.",
			Answers: map[int]map[string]any{http.StatusAccepted: {"attempts": 0, "status": "pending"}},
		}, func(ctx context.Context, root gen.ResolverRoot, in inRedeliver) (*gen.RedeliverPayload, error) {
			return root.Mutation().Redeliver(ctx, in.ID, in.Delivery)
		}, func(p *gen.RedeliverPayload) Delivery { return presentDelivery(p.Delivery) }),
	}
}

func listDeliveries(ctx context.Context, root gen.ResolverRoot, in inDeliveries) (*gen.DeliveryConnection, error) {
	w, err := root.Query().Webhook(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var status *models.DeliveryStatus
	if in.Status != "" {
		wanted := models.DeliveryStatus(in.Status)
		if !wanted.Valid() {
			return nil, fault.Invalid("status", "status must be pending, delivered, failed or skipped")
		}
		status = &wanted
	}
	return root.Webhook().Deliveries(ctx, w, in.first(), in.after(), status)
}

func presentNewWebhook(p *gen.CreateWebhookPayload) Webhook {
	w := presentWebhook(p.Webhook)
	if p.Secret != nil {
		w.Secret = *p.Secret
	}
	return w
}

// headerInputs gives headers as the schema takes them; absent when there is no map.
func headerInputs(headers map[string]string) graphql.Omittable[[]*gen.WebhookHeaderInput] {
	if headers == nil {
		return graphql.Omittable[[]*gen.WebhookHeaderInput]{}
	}
	list := make([]*gen.WebhookHeaderInput, 0, len(headers))
	for name, value := range headers {
		list = append(list, &gen.WebhookHeaderInput{Name: name, Value: value})
	}
	slices.SortFunc(list, func(a, b *gen.WebhookHeaderInput) int { return strings.Compare(a.Name, b.Name) })
	return graphql.OmittableOf(list)
}

// input gives the policy as the schema takes it; the service judges the kind.
func (b *retryPolicyBody) input() graphql.Omittable[*gen.RetryPolicyInput] {
	if b == nil {
		return graphql.Omittable[*gen.RetryPolicyInput]{}
	}
	input := &gen.RetryPolicyInput{Attempts: omit(b.Attempts), DelaySeconds: omit(b.DelaySeconds)}
	if b.Policy != nil {
		input.Policy = graphql.OmittableOf(new(models.RetryKind(*b.Policy)))
	}
	return graphql.OmittableOf(input)
}
