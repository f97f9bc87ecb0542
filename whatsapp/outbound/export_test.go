package outbound

import (
	"net/netip"

	"code.dny.dev/ssrf"
)

// Publish makes a guard take addresses of this machine for public ones.
func (g *Guard) Publish(addresses ...netip.Prefix) {
	g.ranges = ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(addresses...))
}

// CleanName is what becomes of a file's name.
var CleanName = cleanName
