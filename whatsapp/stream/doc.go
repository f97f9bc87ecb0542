// Package stream gives an organization's events to callers, for every front and
// protocol alike: a page of the log, or a stream that replays and goes live.
//
// What a caller may see is the fronts' business; here it stands in the request.
// Failures are of package fault: a forged or expired id is Validation, too many
// streams RateLimited, a log that does not answer Unavailable.
package stream
