// Package faults holds the proof that nothing is lost: real gateway processes
// before a simulated WhatsApp, killed, cut off and starved while messages flow,
// and then compared, message by message and event by event, with what the
// simulated phones sent and received.
//
// It consists of tests. They run in a short form with all others; with
// FAULTS=full in the environment they take their full numbers.
package faults
