package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	waLog "go.mau.fi/whatsmeow/util/log"
)

// libraryLog writes whatsmeow's log to slog. whatsmeow puts numbers, addresses
// and whole stanzas into its texts: above debug only the text's pattern is
// logged, one level lower than whatsmeow thinks, since it calls errors what it
// recovers from.
type libraryLog struct {
	log  *slog.Logger
	part string
	// overflow, unless nil, hears of what whatsmeow tells nobody else: that more
	// stanzas came than its queue holds, so that those beyond lose their order.
	overflow func()
}

// overflowText is how whatsmeow's line about that begins.
const overflowText = "Handler queue is full"

func newLibraryLog(log *slog.Logger, part string) waLog.Logger {
	return &libraryLog{log: log.With("library", "whatsmeow"), part: part}
}

// newClientLog is newLibraryLog for a client.
func newClientLog(log *slog.Logger, overflow func()) waLog.Logger {
	return &libraryLog{log: log.With("library", "whatsmeow"), part: "client", overflow: overflow}
}

// Errorf implements waLog.Logger.
func (l *libraryLog) Errorf(pattern string, args ...any) { l.write(slog.LevelWarn, pattern, args) }

// Warnf implements waLog.Logger.
func (l *libraryLog) Warnf(pattern string, args ...any) {
	if l.overflow != nil && strings.HasPrefix(pattern, overflowText) {
		l.overflow() // a line for each of thousands says no more
		return
	}
	if slices.ContainsFunc(args, cancelled) {
		l.write(slog.LevelDebug, pattern, args) // said once where it was decided, see eventBuffer
		return
	}
	l.write(slog.LevelInfo, pattern, args)
}

// cancelled reports whether an argument is the error of something that was
// cancelled.
func cancelled(arg any) bool {
	err, ok := arg.(error)
	return ok && errors.Is(err, context.Canceled)
}

// Infof implements waLog.Logger.
func (l *libraryLog) Infof(pattern string, args ...any) { l.write(slog.LevelDebug, pattern, args) }

// Debugf implements waLog.Logger.
func (l *libraryLog) Debugf(pattern string, args ...any) { l.write(slog.LevelDebug, pattern, args) }

// Sub implements waLog.Logger.
func (l *libraryLog) Sub(part string) waLog.Logger {
	return &libraryLog{log: l.log, part: l.part + "/" + part, overflow: l.overflow}
}

func (l *libraryLog) write(level slog.Level, pattern string, args []any) {
	ctx := context.Background() // whatsmeow gives none
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.LogAttrs(ctx, level, "whatsmeow", slog.String("part", l.part), slog.String("text", fmt.Sprintf(pattern, args...)))
		return
	}
	l.log.LogAttrs(ctx, level, "whatsmeow", slog.String("part", l.part), slog.String("pattern", pattern))
}
