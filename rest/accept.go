package rest

import (
	"strconv"
	"strings"
)

// negotiate picks the representation that the Accept headers prefer: an index
// into media, or -1 for JSON. Of equals the first named wins. A caller that
// accepts nothing we have gets JSON rather than nothing.
func negotiate(accept, media []string) int {
	best, bestQ := -1, 0.0
	for _, line := range accept {
		for part := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(part, ";")
			name = strings.ToLower(strings.TrimSpace(name))
			q := quality(params)
			if q > bestQ && (name == "application/json" || name == "*/*" || name == "application/*") {
				best, bestQ = -1, q
				continue
			}
			for i, m := range media {
				major, _, _ := strings.Cut(m, "/")
				if q > bestQ && (name == m || name == major+"/*") {
					best, bestQ = i, q
				}
			}
		}
	}
	return best
}

// quality reads the q parameter of a media range; 1 when there is none.
func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return q
		}
	}
	return 1
}
