package rest

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/contract"
)

// TestEventsAreDocumented holds docs/events.md to the contract: each event is
// there, and each example of a payload has exactly the fields of its shape.
func TestEventsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/events.md")
	require.NoError(t, err)
	_, events, _ := strings.Cut(string(text), "## The events")
	events, _, _ = strings.Cut(events, "## Resuming")
	for _, name := range models.EventNames() {
		assert.GreaterOrEqual(t, strings.Count(events, "`"+string(name)+"`"), 2, "%s: when it comes, and an example", name)
	}
	var examples []string
	for _, m := range regexp.MustCompile("(?s)```json\n(.*?)\n```").FindAllStringSubmatch(events, -1) {
		examples = append(examples, m[1])
	}
	shapes := []any{
		&contract.Message{}, &contract.Message{}, &contract.MessageStatus{}, &contract.ReactionChange{}, &contract.Undecryptable{}, &contract.PollVote{},
		&contract.QR{}, &contract.PairingCode{}, &contract.Session{}, &contract.Chat{}, &contract.Identity{},
		&contract.Group{}, &contract.GroupMembersChange{}, &contract.Presence{}, &contract.Call{}, &contract.HistorySynced{},
	}
	require.Len(t, examples, len(shapes))
	for i, example := range examples {
		if shapes[i] == nil {
			assert.True(t, json.Valid([]byte(example)), example)
			continue
		}
		decoder := json.NewDecoder(strings.NewReader(example))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(shapes[i]), example)
		var again bytes.Buffer
		encoder := json.NewEncoder(&again)
		encoder.SetEscapeHTML(false)
		require.NoError(t, encoder.Encode(shapes[i]))
		assert.Equal(t, example+"\n", again.String())
	}
}
