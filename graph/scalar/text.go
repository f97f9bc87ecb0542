package scalar

import (
	"context"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/models"
	"wagateway/models/fault"
)

// text writes a string, or null for an empty one in a nullable field.
type text string

// MarshalText writes a String.
func MarshalText(s string) graphql.ContextMarshaler { return text(s) }

// UnmarshalText reads a String. What no database stores is a validation error.
func UnmarshalText(_ context.Context, v any) (string, error) {
	s, err := graphql.UnmarshalString(v)
	if err != nil {
		return "", err
	}
	return s, checkText(s)
}

// checkText refuses what PostgreSQL refuses.
func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return fault.New(fault.Validation, "", "text must be UTF-8 without NUL")
	}
	return nil
}

// MarshalReason writes why a session is in its state; an empty one is null.
func MarshalReason(r models.StatusReason) graphql.Marshaler {
	if r == "" {
		return graphql.Null
	}
	return graphql.MarshalString(string(r))
}

// UnmarshalReason satisfies the executor; reasons only go out.
func UnmarshalReason(v any) (models.StatusReason, error) {
	s, err := graphql.UnmarshalString(v)
	return models.StatusReason(s), err
}

// MarshalGQLContext implements [graphql.ContextMarshaler].
func (t text) MarshalGQLContext(ctx context.Context, w io.Writer) error {
	if t == "" && nullable(ctx) {
		graphql.Null.MarshalGQL(w)
		return nil
	}
	graphql.MarshalString(string(t)).MarshalGQL(w)
	return nil
}

// nullable reports whether the field that is being written may be null.
func nullable(ctx context.Context) bool {
	fc := graphql.GetFieldContext(ctx)
	return fc != nil && fc.Field.Field != nil && fc.Field.Definition != nil && !fc.Field.Definition.Type.NonNull
}
