package models

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"wagateway/models/fault"
)

// The limits of a webhook. Attempts are the contract's; the others are ours.
const (
	MaxWebhookURL          = 2048 // bytes
	MaxWebhookAttempts     = 50
	MaxWebhookDelaySeconds = 3600
	MaxWebhookHeaders      = 32
	MaxWebhooks            = 1000 // of one organization
	maxHeaderName          = 100
	maxHeaderValue         = 4096
	maxHeadersTotal        = 8192 // names and values, in bytes
	defaultAttempts        = 15
	defaultDelaySeconds    = 2
	maxChosenEvents        = 100
)

// NewWebhook describes a webhook to create.
type NewWebhook struct {
	OrganizationID string
	SessionID      string   // "" = every session
	URL            string   // checked by the caller to be allowed
	Events         []string // nil = all, empty = none
	Secret         string   // see [SigningKeys]; "" = one is made
	CustomHeaders  map[string]string
	RetryPolicy    RetryPolicyPatch
	Inactive       bool
	Position       int64 // the end of the log: what comes later is delivered
}

// WebhookPatch holds what to change; nil stays as it is.
type WebhookPatch struct {
	URL           *string // checked by the caller to be allowed
	SessionID     *string // "" = every session
	Events        *[]string
	Secret        *string // as [WebhookStore.RotateSecret]
	CustomHeaders *map[string]string
	RetryPolicy   RetryPolicyPatch
	Active        *bool
}

// RetryPolicyPatch is a policy of which nil parts stay as they are; in a new
// webhook they are exponential, 15 attempts, 2 seconds.
type RetryPolicyPatch struct {
	Policy       *string
	Attempts     *int
	DelaySeconds *int
}

// apply gives the policy that the patch makes of p.
func (patch RetryPolicyPatch) apply(p RetryPolicy) (RetryPolicy, error) {
	if patch.Policy != nil {
		p.Policy = RetryKind(*patch.Policy)
		if !slices.Contains([]RetryKind{RetryConstant, RetryLinear, RetryExponential}, p.Policy) {
			return p, fault.Invalid("retryPolicy.policy", "retryPolicy.policy must be constant, linear or exponential")
		}
	}
	if patch.Attempts != nil {
		p.Attempts = *patch.Attempts
		if p.Attempts < 1 || p.Attempts > MaxWebhookAttempts {
			return p, fault.Invalid("retryPolicy.attempts", "retryPolicy.attempts must be 1 to 50").With("max", MaxWebhookAttempts)
		}
	}
	if patch.DelaySeconds != nil {
		p.DelaySeconds = *patch.DelaySeconds
		if p.DelaySeconds < 1 || p.DelaySeconds > MaxWebhookDelaySeconds {
			return p, fault.Invalid("retryPolicy.delaySeconds", "retryPolicy.delaySeconds must be 1 to 3600").With("max", MaxWebhookDelaySeconds)
		}
	}
	return p, nil
}

func defaultRetryPolicy() RetryPolicy {
	return RetryPolicy{Policy: RetryExponential, Attempts: defaultAttempts, DelaySeconds: defaultDelaySeconds}
}

// chooseEvents checks the names of events; nil and a "*" among them are all.
func chooseEvents(names []string) (EventChoice, error) {
	if names == nil {
		return EventChoice{AllEvents}, nil
	}
	if len(names) > maxChosenEvents {
		return nil, fault.Invalid("events", "events has too many names").With("max", maxChosenEvents)
	}
	choice := make(EventChoice, 0, len(names))
	all := false
	for i, name := range names {
		switch {
		case name == AllEvents:
			all = true
		case !EventName(name).Valid():
			field := fmt.Sprintf("events[%d]", i)
			return nil, fault.Invalid(field, field+" is not the name of an event").With("known", EventNames())
		case !slices.Contains(choice, name):
			choice = append(choice, name)
		}
	}
	if all {
		return EventChoice{AllEvents}, nil
	}
	return choice, nil
}

// reservedHeaders belong to the connection or to HTTP itself: a custom one could
// end the request early and begin another.
func reservedHeaders() []string {
	return []string{
		"host", "content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive", "te", "trailer",
		"upgrade", "expect", "http2-settings",
	}
}

// CheckHeaders checks custom headers: names that are tokens, not reserved and
// not twice, values without control characters, and not too many.
func CheckHeaders(field string, headers map[string]string) error {
	if len(headers) > MaxWebhookHeaders {
		return fault.Invalid(field, field+" has too many headers").With("max", MaxWebhookHeaders)
	}
	seen, total := make(map[string]bool, len(headers)), 0
	for name, value := range headers {
		if err := checkHeader(field, name, value); err != nil {
			return err
		}
		lower := strings.ToLower(name)
		if seen[lower] {
			return fault.Invalid(field, field+" has a header twice").With("header", name)
		}
		seen[lower], total = true, total+len(name)+len(value)
	}
	if total > maxHeadersTotal {
		return fault.Invalid(field, field+" is too large").With("max", maxHeadersTotal)
	}
	return nil
}

func checkHeader(field, name, value string) error {
	lower := strings.ToLower(name)
	switch {
	case name == "" || len(name) > maxHeaderName || strings.ContainsFunc(name, func(r rune) bool { return !tokenRune(r) }):
		return fault.Invalid(field, field+" has a name that is no header's").With("header", clip(name, maxHeaderName))
	case slices.Contains(reservedHeaders(), lower), strings.HasPrefix(lower, "webhook-"), strings.HasPrefix(lower, "proxy-"):
		return fault.Invalid(field, field+" must not set the header "+name).With("header", name)
	case len(value) > maxHeaderValue || !utf8.ValidString(value) || strings.ContainsFunc(value, controlRune):
		return fault.Invalid(field, field+" has a value that is no header's").With("header", name)
	}
	return nil
}

// tokenRune reports whether r may stand in a header's name (RFC 9110 §5.6.2).
func tokenRune(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r < utf8.RuneSelf && strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

func controlRune(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// clip cuts a text to at most n bytes, not within a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func checkWebhookURL(url string) error {
	switch {
	case url == "":
		return fault.Missing("url")
	case len(url) > MaxWebhookURL:
		return fault.Invalid("url", "url is too long").With("max", MaxWebhookURL)
	}
	return nil
}
