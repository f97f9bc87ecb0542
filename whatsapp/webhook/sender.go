package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"wagateway/models"
)

// target is where a webhook's deliveries go and what signs them.
type target struct {
	url     string
	headers map[string]string
	signers []signer
}

// signer signs until a time; the zero time is for ever.
type signer struct {
	hook  *standardwebhooks.Webhook
	until time.Time
}

// target loads what a delivery needs. It asks the database.
func (s *Service) target(ctx context.Context, webhook *models.Webhook) (*target, error) {
	secrets, previousUntil, err := s.config.DB.Webhooks.Secrets(ctx, webhook.ID)
	if err != nil {
		return nil, err
	}
	t := &target{url: webhook.URL, headers: webhook.CustomHeaders}
	for i, secret := range secrets {
		keys, err := models.SigningKeys("secret", secret)
		if err != nil {
			return nil, fmt.Errorf("reading the secret of webhook %s: %w", webhook.ID, err)
		}
		for _, key := range keys {
			hook, err := standardwebhooks.NewWebhookRaw(key)
			if err != nil {
				return nil, fmt.Errorf("reading the secret of webhook %s: %w", webhook.ID, err)
			}
			made := signer{hook: hook}
			if i > 0 {
				made.until = previousUntil.Time()
			}
			t.signers = append(t.signers, made)
		}
	}
	return t, nil
}

// signatures gives the webhook-signature header: one signature for each key that
// is valid now, separated by spaces.
func (t *target) signatures(eventID string, now time.Time, body []byte) (string, error) {
	signatures := make([]string, 0, len(t.signers))
	for _, signer := range t.signers {
		if !signer.until.IsZero() && !now.Before(signer.until) {
			continue
		}
		signature, err := signer.hook.Sign(eventID, now, body)
		if err != nil {
			return "", fmt.Errorf("signing event %s: %w", eventID, err)
		}
		signatures = append(signatures, signature)
	}
	return strings.Join(signatures, " "), nil
}

// outcome is what came of one attempt.
type outcome struct {
	at         time.Time // when it began
	took       time.Duration
	status     int           // of the response; 0: none
	problem    string        // "" when delivered; safe to show
	retryAfter time.Duration // as the endpoint asked; 0: it did not
}

func (o outcome) delivered() bool { return o.status >= 200 && o.status < 300 }

// maxSnippet bounds what is kept of the body of an answer, in bytes; no more of
// it is read.
const maxSnippet = 512

// send makes one attempt and says what came of it. It blocks for the timeout of
// a delivery at most.
func (s *Service) send(ctx context.Context, to *target, eventID string, body []byte) outcome {
	o := outcome{at: time.Now()}
	request, err := s.request(ctx, to, eventID, body, o.at)
	if err != nil {
		o.problem = "the request cannot be made"
		return o
	}
	response, err := s.client.Do(request)
	if err != nil {
		o.took, o.problem = time.Since(o.at), problem(err)
		return o
	}
	defer func() { _ = response.Body.Close() }()
	o.status = response.StatusCode
	// A short answer is read to its end, so that the connection can be used again.
	answer, _ := io.ReadAll(io.LimitReader(response.Body, maxSnippet))
	o.took = time.Since(o.at)
	if !o.delivered() {
		o.problem = strings.TrimSpace("answered " + strconv.Itoa(o.status) + ": " + printable(answer))
		o.problem = strings.TrimSuffix(o.problem, ":")
		o.retryAfter = retryAfter(response.Header.Get("Retry-After"), o.at)
	}
	return o
}

func (s *Service) request(ctx context.Context, to *target, eventID string, body []byte, now time.Time) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	signatures, err := to.signatures(eventID, now, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", s.config.UserAgent)
	request.Header.Set(standardwebhooks.HeaderWebhookID, eventID)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, signatures)
	// When the endpoint dropped a connection that was kept open, net/http may send
	// again by itself: receivers drop repeats by id. This is how to say so.
	request.Header["Idempotency-Key"] = nil
	for name, value := range to.headers {
		request.Header.Set(name, value)
	}
	return request, nil
}

// printable makes a text of what an endpoint answered.
func printable(answer []byte) string {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, string(answer))
	return strings.Join(strings.Fields(text), " ")
}

// retryAfter reads the header in both of its forms; what is not one is 0.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
		return max(0, time.Duration(min(seconds, int(maxRetryAfter/time.Second)))*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return 0
}

// maxRetryAfter bounds how long an endpoint can make a delivery wait.
const maxRetryAfter = time.Hour
