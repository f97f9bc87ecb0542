package graph_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/webhook"
)

// TestWebhooksOverGraphQL: a webhook's life, with what REST does not offer. A
// secret is shown where it was made, and nowhere else.
func TestWebhooksOverGraphQL(t *testing.T) {
	t.Parallel()
	graphtest.Each(t, func(t *testing.T, s *graphtest.Server) {
		s.Resolver.Hooks = webhook.New(webhook.Config{DB: s.DB, Log: s.Resolver.Events, Guard: outbound.New(outbound.Config{AllowPrivate: true})})
		key := s.Key(t, models.Manage)
		asked := make(chan string, 4)
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked <- r.Header.Get("webhook-id") + " " + r.Header.Get("X-Tenant")
			w.WriteHeader(http.StatusTeapot)
		}))
		t.Cleanup(endpoint.Close)

		var made struct {
			CreateWebhook struct {
				Secret  *string
				Webhook struct{ ID string }
			}
		}
		s.Get(t, key, `mutation($url: String!) { createWebhook(input: {url: $url, events: ["message"], customHeaders: [{name: "X-Tenant", value: "acme"}],
				retryPolicy: {policy: LINEAR}}) { secret webhook { id } } }`, map[string]any{"url": endpoint.URL}, &made)
		id := map[string]any{"id": made.CreateWebhook.Webhook.ID}
		require.NotNil(t, made.CreateWebhook.Secret)
		assert.Regexp(t, `^whsec_.{32,}$`, *made.CreateWebhook.Secret)
		r := s.Post(t, key, `mutation($url: String!) { createWebhook(input: {url: $url, secret: "a secret of one's own"}) { secret } }`, map[string]any{"url": endpoint.URL})
		assert.JSONEq(t, `{"createWebhook":{"secret":null}}`, string(r.Data), "the caller has it")

		r = s.Post(t, key, `query($id: ID!) { webhook(id: $id) { events active inactiveReason failingSince lostEvents sessionId
				customHeaders { name value } retryPolicy { policy attempts delaySeconds } deliveries { totalCount nodes { id } } } }`, id)
		require.Empty(t, r.Errors, r.Body)
		assert.JSONEq(t, `{"webhook":{"events":["message"],"active":true,"inactiveReason":null,"failingSince":null,"lostEvents":0,"sessionId":null,
				"customHeaders":[{"name":"X-Tenant","value":"acme"}],"retryPolicy":{"policy":"LINEAR","attempts":15,"delaySeconds":2},"deliveries":{"totalCount":0,"nodes":[]}}}`, string(r.Data))

		var tested struct {
			TestWebhook struct {
				Delivered      bool
				EventID, Error string
				ResponseStatus int
			}
		}
		s.Get(t, key, `mutation($id: ID!) { testWebhook(id: $id) { delivered eventId responseStatus error } }`, id, &tested)
		assert.False(t, tested.TestWebhook.Delivered)
		assert.Equal(t, http.StatusTeapot, tested.TestWebhook.ResponseStatus)
		assert.NotEmpty(t, tested.TestWebhook.Error)
		assert.Equal(t, tested.TestWebhook.EventID+" acme", <-asked)

		var rotated struct{ RotateWebhookSecret struct{ Secret string } }
		s.Get(t, key, `mutation($id: ID!) { rotateWebhookSecret(id: $id) { secret } }`, id, &rotated)
		assert.Regexp(t, `^whsec_.{32,}$`, rotated.RotateWebhookSecret.Secret)
		assert.NotEqual(t, *made.CreateWebhook.Secret, rotated.RotateWebhookSecret.Secret)
		r = s.Post(t, key, `mutation($id: ID!) { rotateWebhookSecret(id: $id, input: {secret: "short"}) { secret } }`, id)
		assert.Equal(t, "VALIDATION_ERROR", r.Code(), r.Body)

		r = s.Post(t, key, `mutation($id: ID!) { updateWebhook(id: $id, input: {active: false, events: [], customHeaders: []}) {
				webhook { active inactiveReason events customHeaders { name } retryPolicy { policy } } } }`, id)
		require.Empty(t, r.Errors, r.Body)
		assert.JSONEq(t, `{"updateWebhook":{"webhook":{"active":false,"inactiveReason":"deactivated","events":[],"customHeaders":[],"retryPolicy":{"policy":"LINEAR"}}}}`, string(r.Data))

		graphtest.Append(t, s.Resolver.Events, graphtest.EventOf(graphtest.Organization, "s", models.EventMessage, "hello"))
		for input, want := range map[string]string{
			`{onlyFailed: true}`:                 `{"redeliverRange":{"queued":0,"replaying":false}}`,
			`{fromTime: "2024-01-01T00:00:00Z"}`: `{"redeliverRange":{"queued":0,"replaying":true}}`,
		} {
			r = s.Post(t, key, `mutation($id: ID!) { redeliverRange(webhookId: $id, input: `+input+`) { queued replaying } }`, id)
			require.Empty(t, r.Errors, "%s: %s", input, r.Body)
			assert.JSONEq(t, want, string(r.Data))
		}
		for _, bad := range []string{`{fromEvent: "x"}`, `{fromTime: "2024-01-02T00:00:00Z", untilTime: "2024-01-01T00:00:00Z"}`} {
			r = s.Post(t, key, `mutation($id: ID!) { redeliverRange(webhookId: $id, input: `+bad+`) { queued } }`, id)
			assert.Equal(t, "VALIDATION_ERROR", r.Code(), "%s: %s", bad, r.Body)
		}
		for _, want := range []string{"", "NOT_FOUND"} {
			r = s.Post(t, key, `mutation($id: ID!) { deleteWebhook(id: $id) { deletedWebhookId } }`, id)
			assert.Equal(t, want, r.Code(), r.Body)
		}
	})
}
