package wasim

import (
	"sync"

	"go.mau.fi/libsignal/logger"
)

// settleSignalLogger makes libsignal choose its logger, a package variable that
// it otherwise fills unguarded at the first use, in whatever goroutine that is.
var settleSignalLogger = sync.OnceFunc(func() { logger.Debug() })
