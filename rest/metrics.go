package rest

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/whatsapp"
	"wagateway/whatsapp/webhook"
)

// scrapeWithin bounds what the database and the log are asked for one scrape.
const scrapeWithin = 5 * time.Second

// metricsField is the schema's field whose permission /metrics shares when it
// demands a credential: whoever may manage an organization's keys.
const metricsField = "Query.apiKeys"

// MetricsSource is what the metrics are read from; all but Logger are required.
type MetricsSource struct {
	DB       *models.DB
	WhatsApp *whatsapp.Service
	Log      *eventlog.Log
	Relay    *eventlog.Relay
	Webhooks *webhook.Service
	Logger   *slog.Logger // nil: silent
}

// Metrics are the gateway's numbers for Prometheus, in a registry of their own.
// No label names an organization, a session or a number: there may be thousands.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

// NewMetrics makes the metrics.
func NewMetrics(source MetricsSource) *Metrics {
	if source.Logger == nil {
		source.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Metrics{registry: prometheus.NewRegistry(), requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "gateway_http_request_duration_seconds", Help: "Time to answer a request, by route. Streams are not counted.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 30},
	}, []string{"method", "route", "code"})}
	m.registry.MustRegister(
		m.requests, &collector{source: source},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// ServeHTTP answers with the numbers of now.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(w, r)
}

// Observe counts a request that was answered; route is its pattern.
func (m *Metrics) Observe(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "unknown"
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		method = "other" // callers may think of any
	}
	if status == 0 {
		status = http.StatusOK
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// metrics is the handler of /metrics, nil when there is none.
func (a *api) metrics(o Options) http.HandlerFunc {
	switch {
	case o.Metrics == nil:
		return nil
	case !o.MetricsKey:
		return o.Metrics.ServeHTTP
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if err := a.gate.Check(r.Context(), metricsField); err != nil {
			a.fail(w, r, "metrics", err)
			return
		}
		o.Metrics.ServeHTTP(w, r)
	}
}

// collector reads the numbers that others keep.
type collector struct{ source MetricsSource }

// Describe gives nothing: what a scrape finds depends on what answers.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect asks everybody. What does not answer is left out.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin)
	defer cancel()
	s := scrape{out}
	c.sessions(ctx, s)
	c.events(ctx, s)
	c.webhooks(ctx, s)
}

func (c *collector) sessions(ctx context.Context, s scrape) {
	if counts, err := c.source.DB.Sessions.CountByStatus(ctx); err != nil {
		c.missing(ctx, "sessions", err)
	} else {
		for _, status := range []models.SessionStatus{
			models.SessionStopped, models.SessionStarting, models.SessionScanQRCode, models.SessionWorking, models.SessionFailed,
		} {
			s.gauge("gateway_sessions", "Sessions of all organizations, by status.", float64(counts[string(status)]), "status", string(status))
		}
	}
	stats := c.source.WhatsApp.Stats()
	s.gauge("gateway_sessions_connected", "Sessions that this process has connected to WhatsApp.", float64(stats.Connected))
	for _, phone := range []whatsapp.PhoneState{whatsapp.PhoneUnknown, whatsapp.PhoneOnline, whatsapp.PhoneOffline} {
		s.gauge("gateway_phones", "Sessions held, by whether the account's phone answers.", float64(stats.Phones[phone]), "online", string(phone))
	}
	s.counter("gateway_ingest_received_total", "What WhatsApp delivered and was to be stored.", float64(stats.Received))
	const outcome = "What became of it; failures are delivered again."
	s.counter("gateway_ingest_total", outcome, float64(stats.Stored), "outcome", "stored")
	s.counter("gateway_ingest_total", outcome, float64(stats.Duplicates), "outcome", "duplicate")
	s.counter("gateway_ingest_total", outcome, float64(stats.Failed), "outcome", "failed")
	const sends = "Sends that came to an end, by outcome."
	s.counter("gateway_sends_total", sends, float64(stats.Sent), "outcome", "sent")
	s.counter("gateway_sends_total", sends, float64(stats.SendFailed), "outcome", "failed")
}

func (c *collector) events(ctx context.Context, s scrape) {
	if waiting, oldest, err := c.source.DB.Outbox.Backlog(ctx); err != nil {
		c.missing(ctx, "outbox", err)
	} else {
		var age float64
		if oldest != 0 {
			age = max(0, time.Since(oldest.Time()).Seconds())
		}
		s.gauge("gateway_outbox_events", "Events that are stored and not in the log yet.", float64(waiting))
		s.gauge("gateway_outbox_oldest_age_seconds", "Age of the oldest of them; 0 without any.", age)
	}
	relay := c.source.Relay.Stats()
	s.counter("gateway_relay_published_total", "Events moved from the database to the log.", float64(relay.Published))
	s.counter("gateway_relay_rejected_total", "Events moved aside because the log can never take them.", float64(relay.Rejected))
	var failing float64
	if relay.Failing() {
		failing = time.Since(relay.FailingSince).Seconds()
	}
	s.gauge("gateway_relay_failing_seconds", "For how long the relay has been failing; 0 when it works.", failing)
	usage, err := c.source.Log.Usage(ctx)
	if err != nil {
		c.missing(ctx, "event log", err)
		s.gauge("gateway_event_log_up", "Whether the event log answers.", 0)
		return
	}
	s.gauge("gateway_event_log_up", "Whether the event log answers.", 1)
	s.gauge("gateway_event_log_bytes", "Bytes that the log keeps, of all organizations.", float64(usage.Bytes))
	s.gauge("gateway_event_log_organizations", "Organizations that have a log.", float64(usage.Organizations))
}

func (c *collector) webhooks(ctx context.Context, s scrape) {
	stats := c.source.Webhooks.Stats()
	s.gauge("gateway_webhook_endpoints", "Endpoints that this process delivers to.", float64(stats.Endpoints))
	s.gauge("gateway_webhook_endpoints_down", "Of these, how many are down as a whole.", float64(stats.Open))
	s.gauge("gateway_webhook_pending", "Deliveries that wait to be tried again.", float64(stats.Pending))
	s.counter("gateway_webhook_attempts_total", "Requests made to endpoints.", float64(stats.Attempts))
	const help = "Events that came to an end for an endpoint, by outcome."
	for outcome, n := range map[string]int64{
		"delivered": stats.Delivered, "failed": stats.Failed, "skipped": stats.Skipped, "lost": stats.Lost,
	} {
		s.counter("gateway_webhook_deliveries_total", help, float64(n), "outcome", outcome)
	}
	lags, err := c.source.Webhooks.Lag(ctx)
	if err != nil {
		c.missing(ctx, "webhooks' lag", err)
		return
	}
	var most uint64
	for _, lag := range lags {
		most = max(most, lag)
	}
	s.gauge("gateway_webhook_lag_events", "By how many events of the log the webhook furthest behind is behind.", float64(most))
}

func (c *collector) missing(ctx context.Context, what string, err error) {
	c.source.Logger.WarnContext(ctx, "metrics are incomplete", slog.String("missing", what), slog.Any("error", err))
}

// scrape writes what is collected.
type scrape struct{ out chan<- prometheus.Metric }

// gauge writes a number that goes up and down; label is a name and a value, or
// nothing.
func (s scrape) gauge(name, help string, value float64, label ...string) {
	s.write(prometheus.GaugeValue, name, help, value, label)
}

// counter writes a number that only grows.
func (s scrape) counter(name, help string, value float64, label ...string) {
	s.write(prometheus.CounterValue, name, help, value, label)
}

func (s scrape) write(kind prometheus.ValueType, name, help string, value float64, label []string) {
	var names, values []string
	if len(label) == 2 {
		names, values = label[:1], label[1:]
	}
	s.out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, value, values...)
}
