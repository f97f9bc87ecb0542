package whatsapp

import (
	"context"
	"fmt"
	"log/slog"

	waLog "go.mau.fi/whatsmeow/util/log"
)

// libraryLog writes whatsmeow's log to slog. whatsmeow puts numbers, addresses
// and whole stanzas into its texts: above debug only the text's pattern is
// logged, one level lower than whatsmeow thinks, since it calls errors what it
// recovers from.
type libraryLog struct {
	log  *slog.Logger
	part string
}

func newLibraryLog(log *slog.Logger, part string) waLog.Logger {
	return &libraryLog{log: log.With("library", "whatsmeow"), part: part}
}

// Errorf implements waLog.Logger.
func (l *libraryLog) Errorf(pattern string, args ...any) { l.write(slog.LevelWarn, pattern, args) }

// Warnf implements waLog.Logger.
func (l *libraryLog) Warnf(pattern string, args ...any) { l.write(slog.LevelInfo, pattern, args) }

// Infof implements waLog.Logger.
func (l *libraryLog) Infof(pattern string, args ...any) { l.write(slog.LevelDebug, pattern, args) }

// Debugf implements waLog.Logger.
func (l *libraryLog) Debugf(pattern string, args ...any) { l.write(slog.LevelDebug, pattern, args) }

// Sub implements waLog.Logger.
func (l *libraryLog) Sub(part string) waLog.Logger {
	return &libraryLog{log: l.log, part: l.part + "/" + part}
}

func (l *libraryLog) write(level slog.Level, pattern string, args []any) {
	ctx := context.Background() // whatsmeow gives none
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.LogAttrs(ctx, level, "whatsmeow", slog.String("part", l.part), slog.String("text", fmt.Sprintf(pattern, args...)))
		return
	}
	l.log.LogAttrs(ctx, level, "whatsmeow", slog.String("part", l.part), slog.String("pattern", pattern))
}
