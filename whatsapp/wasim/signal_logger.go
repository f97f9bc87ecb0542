package wasim

import (
	"sync"

	"go.mau.fi/libsignal/logger"
)

// settleSignalLogger makes libsignal choose and configure its logger, package
// variables that it otherwise fills unguarded: the one at the first use, the
// other at the first message that cannot be decrypted, in whatever goroutine that is.
var settleSignalLogger = sync.OnceFunc(func() { logger.Configure("all") })
