package app

import (
	"context"
	"fmt"
	"io"

	"wagateway/cmd/gateway/internal/config"
	"wagateway/whatsapp/wasim"
)

type simulatorCommand struct {
	Addr string `help:"Address to listen on; port 0 takes a free one." default:"127.0.0.1:8090"`
}

// Run serves a simulated WhatsApp and its control API until ctx ends.
func (c simulatorCommand) Run(ctx context.Context, process *Process) error {
	settings, err := config.Load(process.Environ)
	if err != nil {
		return err
	}
	logger := newLogger(process.Stderr, settings.Log)
	simulator, err := wasim.New(wasim.Options{Logger: logger})
	if err != nil {
		return fmt.Errorf("making the simulator: %w", err)
	}
	if err := simulator.Start(c.Addr); err != nil {
		return listenError(c.Addr, err)
	}
	announceSimulator(process.Stdout, simulator)
	<-ctx.Done()
	logger.Info("simulator stopping")
	return simulator.Close()
}

// announceSimulator prints what a gateway must be told to use the simulator, in
// a form that a shell and an env file understand, and where the phones are.
func announceSimulator(w io.Writer, simulator *wasim.Server) {
	fmt.Fprintf(w, "A simulated WhatsApp. Start a gateway with:\n\n"+
		"GATEWAY_WHATSAPP_URL=%s\nGATEWAY_WHATSAPP_ROOT_KEY=%s\n\n"+
		"Control API http://%s\n", simulator.URL(), simulator.RootKeyHex(), simulator.Addr())
}
