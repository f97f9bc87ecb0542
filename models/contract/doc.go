// Package contract holds the contract's JSON shapes (§4 and §6) that both REST
// answers and event payloads have, so that the two never differ: field names,
// order and meaning are fixed by users' programs. Times are Unix epoch
// milliseconds. The tags also make the OpenAPI document.
//
// It is data only and imports nothing; package models makes the shapes from
// rows.
package contract
