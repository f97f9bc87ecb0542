package whatsapp

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"wagateway/models"
)

func states() []models.SessionStatus {
	return []models.SessionStatus{
		models.SessionStopped, models.SessionStarting, models.SessionScanQRCode, models.SessionWorking, models.SessionFailed,
	}
}

func reasons() []models.StatusReason {
	return []models.StatusReason{
		"", models.ReasonLoggedOut, models.ReasonBanned, models.ReasonClientOutdated, models.ReasonReplaced,
		models.ReasonQRExpired, models.ReasonPairingFailed, models.ReasonConnectFailed, models.ReasonDisconnected,
	}
}

// Every pair of states, rows from, columns to: stopped starting scan working failed.
func TestSteps(t *testing.T) {
	t.Parallel()
	table := map[models.SessionStatus]string{
		models.SessionStopped:    ". y . . y",
		models.SessionStarting:   "y y y y y",
		models.SessionScanQRCode: "y y . . y",
		models.SessionWorking:    "y y . . y",
		models.SessionFailed:     "y y . . y",
	}
	for from, row := range table {
		for i, to := range states() {
			assert.Equal(t, row[2*i] == 'y', mayStep(from, to), "%s → %s", from, to)
		}
	}
	assert.False(t, mayStep("", models.SessionStarting))
	assert.False(t, mayStep(models.SessionStopped, "paused"))
}

func TestEveryStateIsReachedAndLeft(t *testing.T) {
	t.Parallel()
	for _, status := range states() {
		in, out := false, false
		for _, other := range states() {
			in = in || other != status && mayStep(other, status)
			out = out || other != status && mayStep(status, other)
		}
		assert.True(t, in && out, status)
		assert.True(t, status == models.SessionStopped || mayStep(status, models.SessionStopped), "stop works from %s", status)
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for _, status := range states() {
		for _, reason := range reasons() {
			want := reason == ""
			switch status {
			case models.SessionStarting:
				want = want || reason == models.ReasonDisconnected
			case models.SessionFailed:
				want = !want && reason != models.ReasonDisconnected
			}
			assert.Equal(t, want, mayReason(status, reason), "%s %s", status, reason)
		}
		assert.False(t, mayReason(status, "because"))
	}
}
