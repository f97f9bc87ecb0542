package models

import "time"

// Millis is a point in time in Unix epoch milliseconds, the contract's and the
// database's form. Zero means "never" or "unknown".
type Millis int64

// Now gives the present time in milliseconds.
func Now() Millis { return MillisOf(time.Now()) }

// MillisOf converts a time; the zero time becomes 0.
func MillisOf(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Time converts to a time in UTC; 0 becomes the zero time.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}
