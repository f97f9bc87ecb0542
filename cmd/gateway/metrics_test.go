package main

import (
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scraped reads the metrics and gives the value of one of a family's numbers.
func scraped(t *testing.T, base string) func(name string, labels ...string) float64 {
	t.Helper()
	status, body := call(t, http.MethodGet, base+"/metrics", "", "")
	require.Equal(t, http.StatusOK, status, body)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	return func(name string, labels ...string) float64 {
		t.Helper()
		require.Contains(t, families, name)
		for _, metric := range families[name].GetMetric() {
			if labelled(metric, labels) {
				return metric.GetGauge().GetValue() + metric.GetCounter().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			}
		}
		require.Fail(t, "no such number", "%s %v", name, labels)
		return 0
	}
}

// labelled reports whether a number has all of these labels, "name=value".
func labelled(metric *dto.Metric, labels []string) bool {
	has := map[string]bool{}
	for _, label := range metric.GetLabel() {
		has[label.GetName()+"="+label.GetValue()] = true
	}
	for _, label := range labels {
		if !has[label] {
			return false
		}
	}
	return true
}

func TestMetricsCountWhatHappened(t *testing.T) {
	t.Parallel()
	p := start(t, anywhere(t.TempDir()))
	key := "wa_" + p.line("  wa_")
	api := p.line("REST")
	base := strings.TrimSuffix(api, "/api/v1")
	for range 2 {
		status, body := call(t, http.MethodPost, api+"/sessions", key, `{}`)
		require.Equal(t, http.StatusCreated, status, body)
	}
	number := scraped(t, base)
	assert.InDelta(t, 2, number("gateway_sessions", "status=stopped"), 0)
	assert.InDelta(t, 0, number("gateway_sessions", "status=working"), 0)
	assert.InDelta(t, 2, number("gateway_http_request_duration_seconds", "route=/api/v1/sessions", "method=POST", "code=201"), 0)
	assert.InDelta(t, 1, number("gateway_event_log_up"), 0)
	for _, name := range []string{
		"gateway_ingest_received_total", "gateway_ingest_total", "gateway_sends_total", "gateway_outbox_events",
		"gateway_outbox_oldest_age_seconds", "gateway_relay_published_total", "gateway_event_log_bytes",
		"gateway_webhook_deliveries_total", "gateway_webhook_lag_events",
	} {
		assert.GreaterOrEqual(t, number(name), 0.0)
	}
	assert.Positive(t, number("go_goroutines"))
}

func TestWhoMayReadTheMetrics(t *testing.T) {
	t.Parallel()
	guarded := start(t, anywhere(t.TempDir(), "GATEWAY_METRICS=key"))
	key := "wa_" + guarded.line("  wa_")
	base := strings.TrimSuffix(guarded.line("REST"), "/api/v1")
	status, _ := call(t, http.MethodGet, base+"/metrics", "", "")
	assert.Equal(t, http.StatusUnauthorized, status)
	status, _ = call(t, http.MethodGet, base+"/metrics", key, "")
	assert.Equal(t, http.StatusOK, status)

	off := start(t, anywhere(t.TempDir(), "GATEWAY_METRICS=off"))
	key = "wa_" + off.line("  wa_")
	base = strings.TrimSuffix(off.line("REST"), "/api/v1")
	status, _ = call(t, http.MethodGet, base+"/metrics", key, "")
	assert.Equal(t, http.StatusNotFound, status)
}
