// Package eventlog is the log of everything that happened: what consumers read,
// resume and replay, so that none of them needs the database or our memory.
//
// The log is NATS JetStream, embedded in the process by default (no port; files
// in a folder) or an external cluster by URL. Each organization has a stream of
// its own, made with its first event, so that retention by age and size is each
// organization's own, and a sequence number or event id of one organization
// means nothing in another: see docs/decisions/2026-11-23-event-log.md.
//
// Events come in through [Relay], which moves the database's outbox into the
// log, or [Log.Append]. They are read by [Position]: [Log.Read] gives a page,
// [Log.Subscribe] replays and goes live, [Log.Find] turns an event id into a
// position. What is read carries the stored envelope, which nobody encodes again
// ([Event.Envelope]).
//
// Nothing is read before it is on the disk. Readers who keep up share the tail
// of their organization, in memory and bounded; all others are paced from the
// log.
//
// Failures are of package fault: a log that does not answer or cannot write is
// Unavailable, a cursor that is older than the retention or was never given out
// Validation. Anything else is a plain error, internal to callers.
package eventlog
