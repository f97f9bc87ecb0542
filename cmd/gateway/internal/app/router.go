package app

import (
	"context"
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"wagateway/cmd/gateway/internal/config"
	"wagateway/graph"
	"wagateway/graph/auth"
	"wagateway/graph/playground"
	"wagateway/rest"
)

// handler puts both fronts and the playground on one router, with everything
// they share above them: request id, log, credential, loaders.
func (p *Program) handler(guide Guide) (http.Handler, error) {
	authenticator, err := auth.New(auth.Config{
		JWKSURL:           p.settings.JWT.JWKSURL,
		Issuer:            p.settings.JWT.Issuer,
		Audience:          p.settings.JWT.Audience,
		OrganizationClaim: p.settings.JWT.OrgClaim,
		RoleClaim:         p.settings.JWT.RoleClaim,
		Logger:            p.logger,
	}, p.DB)
	if err != nil {
		return nil, fmt.Errorf("setting up authentication: %w", err)
	}
	gate, err := graph.NewGate()
	if err != nil {
		return nil, fmt.Errorf("reading the schema's permissions: %w", err)
	}
	resolver := &graph.Resolver{Gate: gate, DB: p.DB, WhatsApp: p.WhatsApp, Events: p.Events, Hooks: p.Webhooks}
	graphQL, err := graph.NewServer(graph.Options{
		Resolver:      resolver,
		Auth:          authenticator,
		Introspection: p.settings.Introspection,
		Logger:        p.logger,
	})
	if err != nil {
		return nil, fmt.Errorf("setting up GraphQL: %w", err)
	}
	metrics := rest.NewMetrics(rest.MetricsSource{
		DB: p.DB, WhatsApp: p.WhatsApp, Log: p.Events, Relay: p.relayed, Webhooks: p.Webhooks, Logger: p.logger,
	})
	var shown http.Handler = metrics
	if p.settings.Metrics == config.MetricsOff {
		shown = nil
	}
	api, err := rest.New(rest.Options{
		Metrics: shown, MetricsKey: p.settings.Metrics == config.MetricsKey,
		Resolver: resolver, Gate: gate, Auth: authenticator, Version: readBuild().version, Logger: p.logger,
		Checks: []rest.Check{{Name: "eventLog", Do: p.logReady}},
	})
	if err != nil {
		return nil, fmt.Errorf("setting up REST: %w", err)
	}

	router := chi.NewRouter()
	router.Use(requestID, accessLog(p.logger, metrics), secureHeaders, bodyDeadline(bodyTimeout, bodyPart), endStreams(p.closing))
	if p.settings.Playground {
		if err := mountPlayground(router, guide); err != nil {
			return nil, err
		}
	}
	router.Group(func(fronts chi.Router) {
		fronts.Use(authenticator.Middleware, func(next http.Handler) http.Handler {
			return graph.WithLoaders(resolver, next)
		})
		fronts.Handle("/graphql", graphQL)
		fronts.Mount("/", api)
	})
	return router, nil
}

// mountPlayground serves the playground, and sends whoever opens the address
// itself there.
func mountPlayground(router chi.Router, guide Guide) error {
	options := playground.Options{Examples: playground.Examples(guide.SessionID, guide.GroupJID)}
	if guide.APIKey != "" {
		options.Headers = map[string]string{"x-api-key": guide.APIKey}
	}
	page, err := playground.Handler(options)
	if err != nil {
		return fmt.Errorf("setting up the playground: %w", err)
	}
	router.Handle("/playground", page)
	router.Handle("/playground/*", page)
	router.Get("/", http.RedirectHandler("/playground", http.StatusFound).ServeHTTP)
	return nil
}

// logReady asks the event log whether it answers.
func (p *Program) logReady(ctx context.Context) error {
	_, err := p.Events.Usage(ctx)
	return err
}
