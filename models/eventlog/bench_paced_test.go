//go:build unix

package eventlog_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
)

// BenchmarkPaced gives one organization 1,600 events a second with 100
// subscribers, in batches of those that are due, as a relay does, and measures the time from the call of Append, the disk included,
// until each has the event, and the processors' time that all of it takes.
func BenchmarkPaced(b *testing.B) {
	const subscribers, rate = 100, 1600
	log := open(b, eventlog.Config{})
	readers := make([]*eventlog.Subscription, subscribers)
	for i := range readers {
		readers[i] = subscribe(b, log, "org", 0)
	}
	began := make([]atomic.Int64, b.N)
	late := make([][]time.Duration, subscribers)
	var group sync.WaitGroup
	for i, reader := range readers {
		group.Go(func() {
			for n := range b.N {
				if _, err := reader.Next(b.Context()); !assert.NoError(b, err) {
					return
				}
				late[i] = append(late[i], time.Since(time.Unix(0, began[n].Load())))
			}
		})
	}
	before := cpuTime(b)
	b.ResetTimer()
	start := time.Now()
	for n := 0; n < b.N; {
		<-time.After(time.Until(start.Add(time.Duration(n) * time.Second / rate)))
		due := min(b.N, max(n+1, int(time.Since(start)*rate/time.Second)))
		events := many("org", due-n)
		for ; n < due; n++ {
			began[n].Store(time.Now().UnixNano())
		}
		require.NoError(b, log.Append(b.Context(), events))
	}
	group.Wait()
	all := slices.Concat(late...)
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "µs/p50")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "µs/p99")
	b.ReportMetric((cpuTime(b)-before).Seconds()/b.Elapsed().Seconds(), "cores")
}

func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
