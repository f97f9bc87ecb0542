//go:build browser

package rest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
)

// TestClientsOfOthers streams to clients that others have written: the npm packages
// eventsource, ws, graphql-ws and graphql-sse, and a browser's EventSource. Each
// breaks off again and again and must have heard exactly the log. It needs node,
// `npm ci` in testdata/clients and Chromium, hence the build tag.
func TestClientsOfOthers(t *testing.T) {
	t.Parallel()
	const total = 500
	s := streaming(t)
	events := happened(s.session(), total+1)
	graphtest.Append(t, s.log, events[:100]...)
	var appending sync.WaitGroup
	defer appending.Wait()
	appending.Go(func() {
		for i := 100; i < len(events); i += 3 {
			assert.NoError(t, s.log.Append(context.Background(), events[i:min(i+3, len(events))]))
		}
	})
	clients := exec.CommandContext(t.Context(), "node", "clients.mjs", s.url, s.key, events[0].ID, strconv.Itoa(total))
	clients.Dir, clients.Stderr = "testdata/clients", os.Stderr
	output, err := clients.Output()
	require.NoError(t, err)
	var heard map[string][]string
	require.NoError(t, json.Unmarshal(output, &heard))
	assert.Len(t, heard, 5)
	for name, ids := range heard {
		assert.Equal(t, graphtest.IDs(events[1:]), ids, name)
	}
}
