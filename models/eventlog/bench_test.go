package eventlog_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
)

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 256} {
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
