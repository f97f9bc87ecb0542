package scalar

import "github.com/99designs/gqlgen/graphql"

// MarshalJID writes an address; an empty one is null.
func MarshalJID(jid string) graphql.Marshaler {
	if jid == "" {
		return graphql.Null
	}
	return graphql.MarshalString(jid)
}

// UnmarshalJID reads an address as the caller gave it; what it must be is for
// the operation to say, behind the permission and the session.
func UnmarshalJID(v any) (string, error) {
	s, err := graphql.UnmarshalString(v)
	if err != nil {
		return "", err
	}
	return s, checkText(s)
}
