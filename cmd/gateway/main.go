// Gateway links WhatsApp numbers and serves them over GraphQL and REST.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"wagateway/cmd/gateway/internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// From the first signal on signals have their default effect again, so a
	// second one ends a shutdown that hangs.
	context.AfterFunc(ctx, stop)
	os.Exit(app.Run(ctx, app.Process{
		Args:    os.Args[1:],
		Environ: os.Environ(),
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
	}))
}
