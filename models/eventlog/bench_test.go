package eventlog_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
)

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			log := open(b, eventlog.Config{})
			for b.Loop() {
				b.StopTimer()
				events := many("org", size)
				b.StartTimer()
				require.NoError(b, log.Append(b.Context(), events))
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func BenchmarkReplay(b *testing.B) {
	log := open(b, eventlog.Config{})
	const events = 100_000
	for range events / 1000 {
		require.NoError(b, log.Append(b.Context(), many("org", 1000)))
	}
	for b.Loop() {
		reader := subscribe(b, log, "org", 0)
		for range events {
			_, err := reader.Next(b.Context())
			require.NoError(b, err)
		}
		reader.Stop()
	}
	b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkFanOut measures how fast live events reach every subscriber of one
// organization: compare the rates of 1 and of 100.
func BenchmarkFanOut(b *testing.B) {
	for _, subscribers := range []int{1, 100} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			log := open(b, eventlog.Config{})
			const events, batch = 4096, 16
			readers := make([]*eventlog.Subscription, subscribers)
			for i := range readers {
				readers[i] = subscribe(b, log, "org", 0)
			}
			for b.Loop() {
				var group sync.WaitGroup
				for _, reader := range readers {
					group.Go(func() {
						for range events {
							if _, err := reader.Next(b.Context()); !assert.NoError(b, err) {
								return
							}
						}
					})
				}
				for range events / batch {
					require.NoError(b, log.Append(b.Context(), many("org", batch)))
				}
				group.Wait()
			}
			b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkLive measures the time from the end of an append, when the event is
// on the disk, until a waiting reader has it.
func BenchmarkLive(b *testing.B) {
	log := open(b, eventlog.Config{})
	reader := subscribe(b, log, "org", 0)
	arrived := make(chan time.Time)
	go func() {
		defer close(arrived)
		for {
			if _, err := reader.Next(b.Context()); err != nil {
				return
			}
			arrived <- time.Now()
		}
	}()
	var late time.Duration
	for b.Loop() {
		require.NoError(b, log.Append(b.Context(), many("org", 1)))
		stored := time.Now()
		late += (<-arrived).Sub(stored)
	}
	b.ReportMetric(float64(late.Microseconds())/float64(b.N), "µs/late")
}

// BenchmarkForgedCursor measures what an id that never was costs in a log of
// 100,000 events of the same minute.
func BenchmarkForgedCursor(b *testing.B) {
	log := open(b, eventlog.Config{})
	for range 100 {
		require.NoError(b, log.Append(b.Context(), many("org", 1000)))
	}
	for b.Loop() {
		_, err := log.Find(b.Context(), "org", event("org", "message").ID)
		require.Error(b, err)
	}
}

func subscribe(t testing.TB, log *eventlog.Log, organization string, after eventlog.Position) *eventlog.Subscription {
	t.Helper()
	reader, err := log.Subscribe(t.Context(), eventlog.Filter{Organization: organization}, after)
	require.NoError(t, err)
	t.Cleanup(reader.Stop)
	return reader
}
