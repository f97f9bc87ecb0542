// Package app is the gateway's program: its sub-commands, and the wiring of the
// rooms into a value that a test can boot on a free port.
//
// It holds no rules of the domain: settings come from package config, everything
// else happens in the rooms below.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"wagateway/cmd/gateway/internal/config"
)

// Exit codes of the program.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // wrong command line or settings
)

// Process is all that a command knows of the process it runs in.
type Process struct {
	Args    []string  // without the program's name
	Environ []string  // in the form of os.Environ
	Stdout  io.Writer // what the command is asked for: keys, addresses, documents
	Stderr  io.Writer // the log and complaints
}

// commands is the command line: one field per sub-command.
type commands struct {
	Serve       serveCommand       `cmd:"" default:"1" help:"Run the gateway (the default)."`
	Demo        demoCommand        `cmd:"" help:"Run the gateway with a simulated WhatsApp: a paired session, groups and live traffic."`
	Simulator   simulatorCommand   `cmd:"" help:"Run only the simulated WhatsApp with its control API."`
	Keys        keysCommand        `cmd:"" help:"Create, list and revoke API keys."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the database up to date."`
	Schema      schemaCommand      `cmd:"" help:"Print the GraphQL schema (SDL)."`
	OpenAPI     openAPICommand     `cmd:"" name:"openapi" help:"Print the OpenAPI document of the REST API."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask the gateway at GATEWAY_ADDR whether it is up; exit 0 or 1."`
	Version     versionCommand     `cmd:"" help:"Print the version and what it was built from."`
}

// Run runs one command and gives the process's exit code. The command ends when
// it is done or ctx ends; serve, demo and simulator then shut down in order.
func Run(ctx context.Context, process Process) int {
	helped := false
	parser, err := kong.New(&commands{},
		kong.Name("gateway"),
		kong.Description("Programs use WhatsApp numbers over GraphQL and REST. Settings are GATEWAY_ variables, see docs/configuration.md."),
		kong.Writers(process.Stdout, process.Stderr),
		// Kong exits in the middle of parsing once it has shown help; here
		// parsing goes on and its result does not matter any more.
		kong.Exit(func(int) { helped = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&process),
	)
	if err != nil {
		return complain(process, err)
	}
	command, err := parser.Parse(process.Args)
	switch {
	case helped:
		return exitOK
	case err != nil:
		complain(process, err)
		return exitUsage
	}
	if err := command.Run(); err != nil {
		return complain(process, err)
	}
	return exitOK
}

// complain prints why the program ends and gives its exit code.
func complain(process Process, err error) int {
	fmt.Fprintf(process.Stderr, "gateway: %v\n", err)
	if _, ok := errors.AsType[config.Problems](err); ok {
		return exitUsage
	}
	return exitFailed
}
