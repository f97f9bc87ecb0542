package app

import (
	"fmt"

	"wagateway/graph"
	"wagateway/rest"
)

type schemaCommand struct{}

// Run prints the schema as it is served.
func (schemaCommand) Run(process *Process) error {
	_, err := fmt.Fprint(process.Stdout, graph.SDL())
	return err
}

type openAPICommand struct{}

// Run prints the OpenAPI document as it is served.
func (openAPICommand) Run(process *Process) error {
	document, err := rest.OpenAPI(readBuild().version)
	if err != nil {
		return fmt.Errorf("describing the REST API: %w", err)
	}
	_, err = process.Stdout.Write(document)
	return err
}
