package whatsapp

import "go.mau.fi/libsignal/logger"

// libsignal logs to a package variable that it otherwise fills itself, unguarded,
// at the first message that cannot be read, and then prints to the standard output.
// What fails there is reported by whatsmeow anyway. It is set before any goroutine
// runs, hence here.
var _ = silenceSignal()

func silenceSignal() bool {
	logger.Logger = signalLog{}
	return true
}

// signalLog hears nothing.
type signalLog struct{}

// Debug implements [logger.Loggable].
func (signalLog) Debug(string, string) {}

// Info implements [logger.Loggable].
func (signalLog) Info(string, string) {}

// Warning implements [logger.Loggable].
func (signalLog) Warning(string, string) {}

// Error implements [logger.Loggable].
func (signalLog) Error(string, string) {}

// Configure implements [logger.Loggable].
func (signalLog) Configure(string) {}
