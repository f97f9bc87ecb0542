// Package graph is the GraphQL front and the core that REST shares: resolvers
// over the stores and the WhatsApp service, the gate that holds the schema's
// permissions, and the server with its limits.
package graph

import (
	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/whatsapp"
	"wagateway/whatsapp/stream"
	"wagateway/whatsapp/webhook"
)

//go:generate go tool gqlgen generate

// Resolver holds what resolvers need; all fields are required but Streams, whose
// zero value is ready.
type Resolver struct {
	Gate     *Gate
	DB       *models.DB
	WhatsApp *whatsapp.Service
	Events   *eventlog.Log
	Hooks    *webhook.Service
	Streams  stream.Slots // bounds the streams of events, of both fronts together
}

// NewRoot gives the resolvers as the executor and REST call them.
func NewRoot(r *Resolver) gen.ResolverRoot { return r }
