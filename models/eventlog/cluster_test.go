package eventlog_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
)

// TestClusterLosesAServer relays into three copies while one server after the
// other goes and comes.
func TestClusterLosesAServer(t *testing.T) {
	t.Parallel()
	servers := make([]*external, 3)
	routes := make([]*url.URL, 3)
	for i := range servers {
		servers[i] = newExternal(t)
		routes[i] = &url.URL{Scheme: "nats", Host: "127.0.0.1:" + itoa(freePort(t))}
	}
	for i, x := range servers {
		x.options.ServerName, x.options.Routes = "n"+itoa(i), routes
		x.options.Cluster = server.ClusterOpts{Name: "three", Host: "127.0.0.1"}
		x.options.Cluster.Port = port(t, routes[i].Host)
		x.start()
	}
	require.Eventually(t, func() bool {
		for _, x := range servers {
			if x.server.JetStreamIsLeader() {
				return len(x.server.JetStreamClusterPeers()) == 3
			}
		}
		return false
	}, 30*time.Second, 20*time.Millisecond)
	log := open(t, eventlog.Config{URL: servers[0].url() + "," + servers[1].url() + "," + servers[2].url(), Replicas: 3})
	events := many("org", 3000)
	source := newOutbox()
	relay := run(t, source, log)
	reader := subscribe(t, log, "org", 0)
	for i, x := range servers {
		source.add(events[i*1000 : i*1000+500]...)
		for n := range 500 {
			e, err := reader.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, events[i*1000+n].ID, e.ID)
		}
		x.stop()
		source.add(events[i*1000+500 : (i+1)*1000]...)
		for n := range 500 {
			e, err := reader.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, events[i*1000+500+n].ID, e.ID)
		}
		x.start()
	}
	<-source.empty
	same(t, ids(events), ids(all(t, log, "org")))
	assert.EqualValues(t, len(events), relay.Stats().Published)
}
