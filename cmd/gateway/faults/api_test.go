package faults

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// call makes a request and decodes the answer into out, unless it is nil. A
// gateway that is not there gives status 0.
func (g *gateway) call(method, url string, in, out any, headers ...string) (status int) {
	g.t.Helper()
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		require.NoError(g.t, err)
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(g.t.Context(), method, url, body)
	require.NoError(g.t, err)
	request.Header.Set("x-api-key", g.key)
	request.Header.Set("content-type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0
	}
	if out != nil && answer.StatusCode < http.StatusBadRequest {
		require.NoError(g.t, json.Unmarshal(text, out), string(text))
	}
	return answer.StatusCode
}

// until asks again and again, for there is nothing to wait on in another process.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for ticker := time.NewTicker(20 * time.Millisecond); !done(); <-ticker.C {
		if time.Now().After(deadline) {
			require.FailNow(t, "not in time", what)
		}
	}
}

// event is an event of the log.
type event struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Payload struct {
		WAMessageID string `json:"waMessageId"`
		ChatJID     string `json:"chatJid"`
		Body        string `json:"body"`
		AckLevel    int    `json:"ackLevel"`
		Status      string `json:"status"`
		OutboxID    string `json:"outboxId"`

		ParticipantJID string `json:"participantJid"`
		GroupJID       string `json:"groupJid"`
		CallID         string `json:"callId"`
		Action         string `json:"action"`
		Subject        string `json:"subject"`
		JID            string `json:"jid"`
		Pinned         bool   `json:"pinned"`
		FromMe         bool   `json:"fromMe"`
	} `json:"payload"`
}

// events reads the whole log of one kind of events, the oldest first.
func (g *gateway) events(kind string) (all []event) {
	g.t.Helper()
	after := any(nil)
	for {
		var answer struct {
			Data struct {
				Events struct {
					Nodes    []event `json:"nodes"`
					PageInfo struct {
						HasNextPage bool   `json:"hasNextPage"`
						EndCursor   string `json:"endCursor"`
					} `json:"pageInfo"`
				} `json:"events"`
			} `json:"data"`
			Errors []any `json:"errors"`
		}
		status := g.call(http.MethodPost, g.url("/graphql"), map[string]any{
			"query": `query($after: ID, $types: [EventType!]) { events(first: 200, after: $after, types: $types) {
				nodes { id type payload } pageInfo { hasNextPage endCursor } } }`,
			"variables": map[string]any{"after": after, "types": []string{kind}},
		}, &answer)
		require.Equal(g.t, http.StatusOK, status)
		require.Empty(g.t, answer.Errors)
		all = append(all, answer.Data.Events.Nodes...)
		if !answer.Data.Events.PageInfo.HasNextPage {
			return all
		}
		after = answer.Data.Events.PageInfo.EndCursor
	}
}
