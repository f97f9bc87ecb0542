package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/fault"
	"wagateway/whatsapp/outbound"
)

// Config is what a service needs; DB, Log and Guard are required.
type Config struct {
	DB        *models.DB
	Log       *eventlog.Log
	Guard     *outbound.Guard
	GatewayID string       // a restarted gateway takes over the webhooks of its last run at once; "" waits for their leases
	UserAgent string       // "" = "wagateway"
	Logger    *slog.Logger // nil discards
	Timing    Timing       // zero fields have defaults; for tests
}

// Service manages webhooks and delivers to them. It is safe for concurrent use.
// Its methods scope by organization: a webhook of another one is fault.NotFound.
type Service struct {
	config Config
	client *http.Client
	owner  string // of leases: this service alone
	stats  counters

	changed chan struct{} // holds a token when webhooks changed
	storing chan struct{} // as many tokens as endpoints may use the database at once

	mu        sync.Mutex
	endpoints map[string]*endpoint // running, by webhook

	crash atomic.Bool // tests: end without a word, as a process that is killed
}

// New makes a service; [Service.Run] delivers.
func New(config Config) *Service {
	if config.UserAgent == "" {
		config.UserAgent = "wagateway"
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	config.Timing = config.Timing.withDefaults()
	s := &Service{
		config: config, client: config.Guard.Client(config.Timing.Timeout),
		changed: make(chan struct{}, 1), storing: make(chan struct{}, maxStoring), endpoints: map[string]*endpoint{},
	}
	s.owner = s.family() + ulid.Make().String()
	return s
}

// family begins the lease owner of every run of this gateway.
func (s *Service) family() string {
	if s.config.GatewayID == "" {
		return ""
	}
	return s.config.GatewayID + "/"
}

// Create stores a webhook and gives it with its secret, which is not shown
// again. It gets the events from now on; wanted.Position is set here.
func (s *Service) Create(ctx context.Context, wanted models.NewWebhook) (*models.Webhook, string, error) {
	if err := s.config.Guard.Check(ctx, "url", wanted.URL); err != nil {
		return nil, "", err
	}
	info, err := s.config.Log.Info(ctx, wanted.OrganizationID)
	if err != nil {
		return nil, "", err
	}
	wanted.Position = int64(info.Last)
	webhook, secret, err := s.config.DB.Webhooks.Create(ctx, wanted)
	if err != nil {
		return nil, "", err
	}
	s.wake()
	return webhook, secret, nil
}

// Get gives a webhook.
func (s *Service) Get(ctx context.Context, organizationID, id string) (*models.Webhook, error) {
	return s.config.DB.Webhooks.Get(ctx, organizationID, id)
}

// List gives the organization's webhooks, oldest first.
func (s *Service) List(ctx context.Context, organizationID string, page models.Page) (models.List[models.Webhook], error) {
	return s.config.DB.Webhooks.List(ctx, organizationID, page)
}

// Count tells how many webhooks the organization has.
func (s *Service) Count(ctx context.Context, organizationID string) (int, error) {
	return s.config.DB.Webhooks.Count(ctx, organizationID)
}

// Update changes a webhook; it takes effect at once. One that is activated goes
// on where it stopped. A new secret overlaps with the one before, as in
// [Service.RotateSecret].
func (s *Service) Update(ctx context.Context, organizationID, id string, patch models.WebhookPatch) (*models.Webhook, error) {
	if _, err := s.Get(ctx, organizationID, id); err != nil {
		return nil, err
	}
	if patch.URL != nil {
		if err := s.config.Guard.Check(ctx, "url", *patch.URL); err != nil {
			return nil, err
		}
	}
	webhook, err := s.config.DB.Webhooks.Update(ctx, organizationID, id, patch)
	if err != nil {
		return nil, err
	}
	s.wake()
	return webhook, nil
}

// Delete removes a webhook with its ledger.
func (s *Service) Delete(ctx context.Context, organizationID, id string) error {
	if err := s.config.DB.Webhooks.Delete(ctx, organizationID, id); err != nil {
		return err
	}
	s.wake()
	return nil
}

// RotateSecret gives a webhook another secret, "" makes one, and gives it: it is
// not shown again. For 24 hours deliveries carry the signature of the one before
// too.
func (s *Service) RotateSecret(ctx context.Context, organizationID, id, secret string) (string, error) {
	secret, err := s.config.DB.Webhooks.RotateSecret(ctx, organizationID, id, secret)
	if err != nil {
		return "", err
	}
	s.wake()
	return secret, nil
}

// Deliveries gives lines of a webhook's ledger, those of the newest events first.
func (s *Service) Deliveries(
	ctx context.Context, organizationID, id string, filter models.DeliveryFilter, page models.Page,
) (models.List[models.Delivery], error) {
	if _, err := s.Get(ctx, organizationID, id); err != nil {
		return models.List[models.Delivery]{}, err
	}
	return s.config.DB.Deliveries.List(ctx, id, filter, page)
}

// CountDeliveries tells how many lines of a webhook's ledger match.
func (s *Service) CountDeliveries(ctx context.Context, organizationID, id string, filter models.DeliveryFilter) (int, error) {
	if _, err := s.Get(ctx, organizationID, id); err != nil {
		return 0, err
	}
	return s.config.DB.Deliveries.Count(ctx, id, filter)
}

// Redeliver queues one delivery again, whatever became of it, with all the
// attempts of the policy. It gives the delivery as it waits. An inactive webhook
// delivers it once it is active.
func (s *Service) Redeliver(ctx context.Context, organizationID, id, deliveryID string) (*models.Delivery, error) {
	webhook, err := s.Get(ctx, organizationID, id)
	if err != nil {
		return nil, err
	}
	delivery, err := s.config.DB.Deliveries.Redeliver(ctx, webhook, deliveryID)
	if err != nil {
		return nil, err
	}
	s.wake()
	return delivery, nil
}

// wake makes Run look for changes.
func (s *Service) wake() {
	select {
	case s.changed <- struct{}{}:
	default: // awake already
	}
}

// TestResult is what an endpoint made of a test event.
type TestResult struct {
	Delivered      bool // answered with 2xx
	EventID        string
	ResponseStatus int // 0: no answer
	Duration       time.Duration
	Error          string // "" when delivered
}

// EventTest is the name of the event that [Service.Test] sends. It is not in the
// log, and cannot be chosen.
const EventTest = "test"

// Test sends a signed event named "test" to a webhook's endpoint now, once,
// active or not, and reports what came of it. It takes as long as the endpoint
// does, at most the timeout of a delivery.
func (s *Service) Test(ctx context.Context, organizationID, id string) (*TestResult, error) {
	webhook, err := s.Get(ctx, organizationID, id)
	if err != nil {
		return nil, err
	}
	target, err := s.target(ctx, webhook)
	if err != nil {
		return nil, err
	}
	event := eventlog.Event{
		ID: "evt_" + ulid.Make().String(), Organization: organizationID, Session: webhook.SessionID,
		Name: EventTest, At: time.Now().UnixMilli(),
	}
	body, err := event.Envelope()
	if err != nil {
		return nil, err
	}
	sent := s.send(ctx, target, event.ID, body)
	if sent.status == 0 && ctx.Err() != nil {
		return nil, fault.New(fault.Unavailable, fault.ReasonTimeout, "the test was given up").Because(ctx.Err())
	}
	return &TestResult{
		Delivered: sent.delivered(), EventID: event.ID, ResponseStatus: sent.status, Duration: sent.took, Error: sent.problem,
	}, nil
}
