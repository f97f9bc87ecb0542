// Package models is the storage room: the rows, one store per noun, the
// versioned SQL behind them, and nothing of HTTP, GraphQL or whatsmeow.
//
// # What is stored
//
//	organizations ──< api_keys
//	      │
//	      ├──< webhooks ──── webhook_secrets (encrypted)
//	      │        ├──< webhook_deliveries (the ledger)
//	      │        └──< webhook_replays
//	      │
//	      └──< sessions ──── session_proxies (encrypted)
//	               ├──< identities ──┐
//	               └──< wa_groups ───┴──< wa_group_members
//
// A session belongs to an organization and takes everything below it along when
// it is deleted. An [Identity] is a person as one session knows them, by LID
// and perhaps by phone number; it is what a membership refers to, so that two
// identities which turn out to be one person can be merged (see [Person]).
// A [GroupMember] who leaves keeps the row. whatsmeow's own tables, whatsmeow_*,
// live in the same database and are whatsmeow's business: [DB.WhatsmeowDB].
//
// Times are epoch milliseconds ([Millis]); 0 and "" stand for what is not known
// or never was, so no column is NULL.
//
// # The stores
//
// [DB] has one store per noun. A method is one statement, or one transaction:
// all of it is stored or nothing. The stores scope by what they are asked for:
// look-ups that requests make take an organization or a session, and those by a
// bare number (GetByID) leave it to the caller to load the session within the
// organization. Lists are ordered by id, paged by opaque cursors ([Page],
// [List]) and have a form for several parents at once, for loaders.
//
// Failures are of package fault: no row is NotFound, a database that does not
// answer Unavailable, a cursor of another list Validation. Anything else is a
// plain error, internal to callers.
//
// # Two databases
//
// SQLite (the default) and PostgreSQL run the same stores and the same tests.
// Statements are shared; where many rows go in, they go in as one JSON
// parameter ([DB.rows]), so that a group of 1,024 members is stored in a handful
// of statements whose texts never vary. SQLite has one writing connection, a
// pool that only reads, and syncs every commit to the disk, because WhatsApp is
// acknowledged after the commit.
//
// The schema is made by the numbered files in migrations/, the same steps for
// both databases: a change is a new file in both folders. In SQLite a file runs
// with foreign keys on, within a transaction.
package models
