// Package webhook delivers the events of the log to the endpoints that callers
// have registered: signed, in order for each chat, retried, and written into a
// ledger.
//
// [Service] is what resolvers call, and with [Service.Run] what delivers. The
// webhooks, how far each has come in the log, and the ledger are in the database
// (models.WebhookStore, models.DeliveryStore); events are read from the log.
//
// # One endpoint
//
// Each active webhook has one goroutine, its endpoint, which owns all of its
// state. Events come from a reader in the order of the log and are put into
// lanes, one for each session and key (the chat). A lane has one delivery under
// way at a time, so nothing overtakes; lanes go on beside each other, a few at
// once. An attempt that fails moves its lane to the ledger: what waits there
// takes no memory and does not hold up the position, and is loaded again when
// its time has come. What an endpoint holds in memory is bounded (its window);
// when that is full, or too much waits in the ledger, it stops reading, and
// events wait in the log.
//
// When several lanes fail and nothing succeeds, the endpoint as a whole is down:
// its breaker opens. Then nothing is read and nothing new is tried. What was
// tried before follows its policy, and a probe now and then finds out whether
// the endpoint is back; a probe that fails costs no attempt.
//
// Results and the position are committed together, a few times a second. A
// process that dies has delivered what it did not commit: that is repeated, and
// bounded too (uncommitted). An event can be repeated, never lost.
//
// # Several processes
//
// A webhook's lease says which process delivers. It is renewed often; a process
// that could not renew it stops before anybody else may begin.
package webhook
