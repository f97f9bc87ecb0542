// Package scalar turns the rows' Go types into GraphQL's scalars. The executor
// calls it by the bindings in gqlgen.yml.
//
// Rows say "none" by the zero value, GraphQL by null: an empty text, id or
// address and a time of 0 become null where the schema lets them.
package scalar
