package eventlog

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
)

// serverLog takes what the embedded server says of itself: streams, files and
// limits, never an event's content.
type serverLog struct {
	logger *slog.Logger
	fatal  atomic.Bool // the server did not start
}

func (s *serverLog) say(level slog.Level, format string, args []any) {
	s.logger.LogAttrs(context.Background(), level, "the embedded event log says", slog.String("text", fmt.Sprintf(format, args...)))
}

// Noticef is what a server says when nothing is wrong.
func (s *serverLog) Noticef(format string, args ...any) { s.say(slog.LevelDebug, format, args) }

// Warnf is said before things go wrong.
func (s *serverLog) Warnf(format string, args ...any) { s.say(slog.LevelWarn, format, args) }

// Errorf is said when the server goes on.
func (s *serverLog) Errorf(format string, args ...any) { s.say(slog.LevelError, format, args) }

// Fatalf is said when it cannot.
func (s *serverLog) Fatalf(format string, args ...any) {
	s.fatal.Store(true)
	s.say(slog.LevelError, format, args)
}

// Debugf is off.
func (*serverLog) Debugf(string, ...any) {}

// Tracef is off: it would show content.
func (*serverLog) Tracef(string, ...any) {}
