package gen

// Node is an object of one of the schema's Node types: *[models.Session],
// *[models.Group] and so on. Rows know nothing of GraphQL, so no method marks them.
type Node any
