package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"wagateway/cmd/gateway/internal/config"
)

// healthcheckTimeout is well below what container runtimes allow a check (30 s).
const healthcheckTimeout = 5 * time.Second

type healthcheckCommand struct{}

// Run asks the gateway on this machine whether it is up, for container
// runtimes: the image needs no curl.
func (healthcheckCommand) Run(ctx context.Context, process *Process) error {
	settings, err := config.Load(process.Environ)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(settings.Addr)+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("checking health: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("checking health: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("checking health: the gateway answered %s", response.Status)
	}
	return nil
}

// reachable turns an address to listen on into one to connect to: a wildcard
// host becomes loopback.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
