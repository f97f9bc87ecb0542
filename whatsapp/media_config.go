package whatsapp

import (
	"time"

	"wagateway/whatsapp/blob"
	"wagateway/whatsapp/outbound"
)

// defaultMediaBytes is the largest file that moves by itself unless said
// otherwise: 64 MiB, what WhatsApp's own apps let one send as anything but a
// document, several times over.
const defaultMediaBytes = 64 << 20

// MediaConfig says where the files of messages are and which of them the gateway
// gets by itself.
type MediaConfig struct {
	// Store keeps the files. It is closed by who opened it, after the service;
	// nil: the gateway handles no files.
	Store *blob.Store
	// Guard fetches files from addresses that callers give; nil is one that refuses
	// private addresses.
	Guard *outbound.Guard
	// MaxBytes bounds a file that is fetched for sending, or downloaded before
	// anybody asks for it; 0 = 64 MiB.
	MaxBytes int64
	// AutoDownload gets the files of received messages at once. Without it they
	// are got when they are first asked for, which WhatsApp allows for some weeks.
	AutoDownload bool
	// Keep is how long files are kept after they were stored; 0 = for ever.
	Keep time.Duration
}

func (c MediaConfig) withDefaults() MediaConfig {
	if c.MaxBytes <= 0 {
		c.MaxBytes = defaultMediaBytes
	}
	if c.Guard == nil {
		c.Guard = outbound.New(outbound.Config{})
	}
	return c
}
