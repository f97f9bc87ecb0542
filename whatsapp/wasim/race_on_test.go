//go:build race

package wasim_test

const raceEnabled = true
