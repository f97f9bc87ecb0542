package scalar

import (
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/models"
	"wagateway/models/fault"
)

// dateTime is RFC 3339 with milliseconds, in quotes.
const dateTime = `"2006-01-02T15:04:05.000Z07:00"`

// MarshalDateTime writes a time in UTC; 0 is null.
func MarshalDateTime(m models.Millis) graphql.Marshaler {
	if m == 0 {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		var buf [len(dateTime)]byte
		_, _ = w.Write(m.Time().AppendFormat(buf[:0], dateTime))
	})
}

// UnmarshalDateTime reads an RFC 3339 time of any zone.
func UnmarshalDateTime(v any) (models.Millis, error) {
	s, isString := v.(string)
	if !isString {
		return 0, errDateTime()
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, errDateTime()
	}
	return models.MillisOf(t), nil
}

func errDateTime() error {
	return fault.New(fault.Validation, "", "a DateTime must be RFC 3339, like 2024-06-29T16:00:00.000Z")
}
