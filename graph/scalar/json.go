package scalar

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/99designs/gqlgen/graphql"
)

// MarshalJSON writes JSON as it is; none is null.
func MarshalJSON(raw json.RawMessage) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		if len(raw) == 0 {
			graphql.Null.MarshalGQL(w)
			return
		}
		_, _ = w.Write(raw)
	})
}

// UnmarshalJSON satisfies the executor; JSON only goes out.
func UnmarshalJSON(any) (json.RawMessage, error) {
	return nil, errors.New("JSON is for answers only")
}
