package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"gorm.io/gorm"

	"wagateway/models/fault"
)

// DB is the gateway's database: one store per noun. It is safe for concurrent
// use and owns its connections until [DB.Close].
type DB struct {
	Organizations *OrganizationStore
	APIKeys       *APIKeyStore
	Sessions      *SessionStore
	Identities    *IdentityStore
	Groups        *GroupStore
	Members       *MemberStore
	Chats         *ChatStore
	Labels        *LabelStore
	Calls         *CallStore
	Channels      *ChannelStore
	Messages      *MessageStore
	Media         *MediaStore
	History       *HistoryStore
	Outgoing      *OutgoingStore
	Outbox        *OutboxStore
	Webhooks      *WebhookStore
	Deliveries    *DeliveryStore
	Tickets       *TicketStore
	Backfills     *BackfillStore

	engine   engine
	commits  *committer // SQLite only
	people   *peopleCache
	secrets  *keyring
	log      *slog.Logger
	observer *statementObserver
}

// engine is an opened database of one kind. In PostgreSQL reader and writer are
// the same handle; SQLite has one writing connection and a pool that only reads.
type engine struct {
	dialect   string
	reader    *gorm.DB
	writer    *gorm.DB
	whatsmeow *sql.DB
	readers   *sql.DB
	pools     []*sql.DB // all of them

	// migrations opens a handle for the migrations, apart from the pools.
	migrations func() (*sql.DB, error)
	// lockFile is the file whose lock serializes migrations; SQLite only.
	lockFile string
	// rows writes a relation of the given columns over one JSON parameter.
	rows func(columns []column) string
}

// Open connects to the database and checks that it answers. It creates the
// SQLite file when missing, but no tables: see [DB.Migrate].
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	dialect, address, err := cfg.target()
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	secrets, err := newKeyring(cfg.Secret)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	db := &DB{secrets: secrets, log: log, observer: &statementObserver{log: log, hook: cfg.StatementHook}}
	if db.people, err = newPeopleCache(); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	if dialect == dialectSQLite {
		db.engine, err = openSQLite(ctx, address, cfg.MaxConns, db.observer)
		db.commits = &committer{writer: db.engine.writer, broke: db.people.forgetAll}
	} else {
		db.engine, err = openPostgres(address, cfg.MaxConns, db.observer)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	db.Organizations = &OrganizationStore{db}
	db.APIKeys = &APIKeyStore{db}
	db.Sessions = &SessionStore{db}
	db.Identities = &IdentityStore{db}
	db.Groups = &GroupStore{db}
	db.Members = &MemberStore{db}
	db.Chats = &ChatStore{db}
	db.Labels = &LabelStore{db}
	db.Calls = &CallStore{db}
	db.Channels = &ChannelStore{db}
	db.Messages = &MessageStore{db}
	db.Media = &MediaStore{db}
	db.History = &HistoryStore{db}
	db.Outgoing = &OutgoingStore{db}
	db.Outbox = &OutboxStore{db: db, wake: make(chan struct{}, 1)}
	db.Webhooks = &WebhookStore{db}
	db.Deliveries = &DeliveryStore{db}
	db.Tickets = &TicketStore{db}
	db.Backfills = &BackfillStore{db}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database: %w", err), db.Close())
	}
	return db, nil
}

// Dialect is "sqlite" or "postgres".
func (db *DB) Dialect() string { return db.engine.dialect }

// WhatsmeowDB gives the handle for whatsmeow's own tables, which live in the
// same database, with the dialect's name as whatsmeow knows it ("sqlite3" or
// "postgres"). The handle has a pool of its own and is closed by [DB.Close].
func (db *DB) WhatsmeowDB() (pool *sql.DB, dialect string) {
	if db.engine.dialect == dialectSQLite {
		return db.engine.whatsmeow, "sqlite3"
	}
	return db.engine.whatsmeow, "postgres"
}

// Ping asks the database for a sign of life; fault.Unavailable when none comes
// before ctx's deadline. It does not wait for SQLite's writer.
func (db *DB) Ping(ctx context.Context) error {
	err := db.engine.readers.PingContext(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.DatabaseDown(fmt.Errorf("pinging the database: %w", err))
	}
	return storeError("database", "pinging the database", err)
}

// Close closes every connection. Statements under way are waited for.
func (db *DB) Close() error {
	var errs []error
	for _, pool := range db.engine.pools {
		errs = append(errs, pool.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the database: %w", err)
	}
	return nil
}

// read gives a handle for a single reading statement.
func (db *DB) read(ctx context.Context) *gorm.DB { return db.engine.reader.WithContext(ctx) }

// write gives a handle for a single writing statement.
func (db *DB) write(ctx context.Context) *gorm.DB { return db.engine.writer.WithContext(ctx) }
