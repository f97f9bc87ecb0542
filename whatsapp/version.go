package whatsapp

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
)

// versionTimeout bounds a question for the present version; a start waits for it.
const versionTimeout = 3 * time.Second

// clientVersion is the version of WhatsApp Web that this service's clients say
// they are. WhatsApp refuses old ones (405). It is never older than the one that
// whatsmeow was built for.
type clientVersion struct {
	web   *http.Client
	pause time.Duration
	log   *slog.Logger

	asking sync.Mutex // held while WhatsApp is asked
	asked  time.Time  // when it was asked because of a refusal; guarded by asking

	mu      sync.Mutex
	current store.WAVersionContainer
}

func newClientVersion(web *http.Client, t Timing, log *slog.Logger) *clientVersion {
	return &clientVersion{web: web, pause: t.OutdatedRetry, log: log, current: store.GetWAVersion()}
}

func (v *clientVersion) get() store.WAVersionContainer {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.current
}

// refresh asks WhatsApp for its present version, within versionTimeout. A failure
// is logged: the version in use may still do.
func (v *clientVersion) refresh(ctx context.Context) {
	v.asking.Lock()
	defer v.asking.Unlock()
	v.ask(ctx)
}

// refreshOutdated is refresh for a client that was refused, at most once in the
// pause for all sessions together. It returns when nobody is asking any more.
func (v *clientVersion) refreshOutdated(ctx context.Context) {
	v.asking.Lock()
	defer v.asking.Unlock()
	if !v.asked.IsZero() && time.Since(v.asked) < v.pause {
		return
	}
	v.asked = time.Now()
	v.ask(ctx)
}

func (v *clientVersion) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	latest, err := whatsmeow.GetLatestVersion(ctx, v.web)
	if err != nil {
		v.log.WarnContext(ctx, "WhatsApp's present client version is unknown", "error", shorten(err.Error()), "in_use", v.get().String())
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.current.LessThan(*latest) {
		v.log.InfoContext(ctx, "newer client version", "from", v.current.String(), "to", latest.String())
		v.current = *latest
	}
}

// shorten cuts an error that quotes a page.
func shorten(text string) string {
	const enough = 200
	if len(text) <= enough {
		return text
	}
	return text[:enough] + "…"
}
