package app

import (
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"

	"wagateway/cmd/gateway/internal/config"
)

// newLogger logs to w as the settings say; without a format, as text when w is a
// terminal and as JSON otherwise.
func newLogger(w io.Writer, settings config.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: settings.Level}
	if settings.Format == "text" || (settings.Format == "" && isTerminal(w)) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
