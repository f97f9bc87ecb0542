//go:build !race

package wasim_test

// raceEnabled tells whether the race detector is on.
const raceEnabled = false
