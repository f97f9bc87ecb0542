package rest

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// readyWithin bounds one readiness check: an answer that takes longer is none.
const readyWithin = 2 * time.Second

// Check is one thing that must work before the gateway takes requests. Do
// returns nil when it does; it must give up when its context ends.
type Check struct {
	Name string
	Do   func(ctx context.Context) error
}

// Health is the answer of /healthz and /readyz.
type Health struct {
	Checks map[string]string `json:"checks,omitempty" description:"Each check: ok or failed. /readyz only."`
	Status string            `json:"status" required:"true" enum:"ok,unavailable" description:"ok when every check is." example:"ok"`
}

// alive answers /healthz: 200 as long as the process can answer at all.
func alive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, Health{Status: "ok"})
}

// ready answers /readyz: 200 when every check passes, 503 otherwise. What a
// check found stands in the log, not in the answer, which anybody may ask for.
func ready(checks []Check, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
		defer cancel()
		health, status := Health{Status: "ok", Checks: make(map[string]string, len(checks))}, http.StatusOK
		for _, c := range checks {
			health.Checks[c.Name] = "ok"
			if err := c.Do(ctx); err != nil {
				log.WarnContext(ctx, "readiness check failed", slog.String("check", c.Name), slog.Any("error", err))
				health.Checks[c.Name] = "failed"
				health.Status, status = "unavailable", http.StatusServiceUnavailable
			}
		}
		writeJSON(w, status, health)
	}
}
