package whatsapp

import "time"

// Timing holds the service's times. Zero fields take the defaults, which are
// what production uses; tests shorten them.
type Timing struct {
	// FirstQR and NextQR are how long the first and each further QR code is
	// shown: 60 s and 20 s, as WhatsApp's own clients and whatsmeow do.
	FirstQR, NextQR time.Duration
	// PairingCode is how long a pairing code is valid. WhatsApp accepts it for
	// three minutes; 160 s leaves room for clocks and typing.
	PairingCode time.Duration
	// Link bounds the time from the phone's consent to the first log-in, 20 s:
	// the server's request to connect again can get lost.
	Link time.Duration
	// Login bounds the time from an open socket to the log-in or the QR codes,
	// and how long a socket may stay open without being logged in: 30 s.
	Login time.Duration
	// Health is how often a connected session is looked at: 10 s.
	Health time.Duration
	// Silence is how long nothing may come from WhatsApp before it is asked whether
	// the connection works: 5 min.
	Silence time.Duration
	// Answer bounds that question, and is what the account's phone has to answer
	// before it counts as offline: 30 s.
	Answer time.Duration
	// PhoneCheck is how often the phone is asked; besides, it is asked once in
	// each silence: 4 h.
	PhoneCheck time.Duration
	// MinBackOff and MaxBackOff are the first and the longest pause between tries
	// to connect, 500 ms and 60 s, each with jitter.
	MinBackOff, MaxBackOff time.Duration
	// Stable is how long a connection must have lasted for the pauses to begin
	// anew: 30 s.
	Stable time.Duration
	// FailedRetry is the pause after a refusal without a known end: 15 min.
	FailedRetry time.Duration
	// OutdatedRetry is the least time between two questions for WhatsApp's
	// present client version, and the pause after being refused as too old: 1 h.
	OutdatedRetry time.Duration
	// Logout bounds asking WhatsApp to unlink the device: 10 s.
	Logout time.Duration
	// FetchRetry is the first pause before a failed reading of groups is
	// repeated: 2 s.
	FetchRetry time.Duration
	// Send bounds waiting for WhatsApp's answer to a message: 10 s. Its
	// preparation, which may ask WhatsApp for people's devices, may take as long.
	Send time.Duration
	// SendWait is how long a caller waits for the outcome of a send: 25 s.
	SendWait time.Duration
	// SendRetry is the first pause before a send is tried again: 1 s.
	SendRetry time.Duration
	// MediaRetry is the first pause before getting a file is tried again: 5 s.
	MediaRetry time.Duration
	// MediaAnswer is what the phone has to give an expired file again, before it is
	// asked once more or the file is given up: 1 min.
	MediaAnswer time.Duration
	// MediaWait is how long a caller waits for a file: 60 s.
	MediaWait time.Duration
	// MediaClean is how often files that nobody needs any more are deleted: 10 min.
	MediaClean time.Duration
}

func (t Timing) withDefaults() Timing {
	for _, field := range []struct {
		value   *time.Duration
		standby time.Duration
	}{
		{&t.FirstQR, 60 * time.Second},
		{&t.NextQR, 20 * time.Second},
		{&t.PairingCode, 160 * time.Second},
		{&t.Link, 20 * time.Second},
		{&t.Login, 30 * time.Second},
		{&t.Health, 10 * time.Second},
		{&t.Silence, 5 * time.Minute},
		{&t.Answer, 30 * time.Second},
		{&t.PhoneCheck, 4 * time.Hour},
		{&t.MinBackOff, 500 * time.Millisecond},
		{&t.MaxBackOff, time.Minute},
		{&t.Stable, 30 * time.Second},
		{&t.FailedRetry, 15 * time.Minute},
		{&t.OutdatedRetry, time.Hour},
		{&t.Logout, 10 * time.Second},
		{&t.FetchRetry, 2 * time.Second},
		{&t.Send, 10 * time.Second},
		{&t.SendWait, 25 * time.Second},
		{&t.SendRetry, time.Second},
		{&t.MediaRetry, 5 * time.Second},
		{&t.MediaAnswer, time.Minute},
		{&t.MediaWait, time.Minute},
		{&t.MediaClean, 10 * time.Minute},
	} {
		if *field.value == 0 {
			*field.value = field.standby
		}
	}
	return t
}

func (t Timing) fetchRetry() time.Duration { return t.withDefaults().FetchRetry }
