// Package rest is the REST front: the contract's /api/v1 as one table of routes
// over the resolvers that GraphQL uses.
//
// A JSON route is a row ([row], [act]): it names the schema field it maps onto,
// binds the request to the typed arguments of the resolver method, calls it, and
// presents the result in the contract's shape. One adapter runs every row, in
// the contract's order of checks: credential (401), capability of the row's
// field (403), session within the caller's organization (404), input (400),
// then the resolver, which goes on with "is it connected" (501) and the act.
//
// The package holds names, shapes and statuses. Permission, validation and acts
// are below, shared with GraphQL. It owns no goroutine.
package rest
