package models

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	gormpostgres "gorm.io/driver/postgres"
)

const (
	defaultPostgresConns   = 20
	whatsmeowPostgresConns = 10
	postgresIdleTime       = 5 * time.Minute
	postgresConnectTimeout = 10 * time.Second // unless the URL has connect_timeout
	applicationName        = "wagateway"      // as pg_stat_activity shows it
)

// postgresDialect is GORM's, but shows statements as they are sent.
type postgresDialect struct{ *gormpostgres.Dialector }

// Explain gives the statement without values: see [statementObserver].
func (postgresDialect) Explain(sql string, _ ...any) string { return sql }

// openPostgres opens one pool for the stores and one for whatsmeow.
func openPostgres(address string, maxConns int, observer *statementObserver) (engine, error) {
	cfg, err := pgx.ParseConfig(address) // its error leaves the password out
	if err != nil {
		return engine{}, fmt.Errorf("parsing the database URL: %w", err)
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = applicationName
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = postgresConnectTimeout
	}
	if maxConns == 0 {
		maxConns = defaultPostgresConns
	}
	pool := postgresPool(cfg, maxConns)
	whatsmeow := postgresPool(cfg, whatsmeowPostgresConns)
	handle, err := openGORM(postgresDialect{&gormpostgres.Dialector{Config: &gormpostgres.Config{Conn: pool}}}, observer)
	if err != nil {
		_ = pool.Close()
		_ = whatsmeow.Close()
		return engine{}, err
	}
	return engine{
		dialect:    dialectPostgres,
		reader:     handle,
		writer:     handle,
		whatsmeow:  whatsmeow,
		readers:    pool,
		pools:      []*sql.DB{pool, whatsmeow},
		migrations: func() (*sql.DB, error) { return postgresPool(cfg, 2), nil },
		rows:       postgresRows,
	}, nil
}

func postgresPool(cfg *pgx.ConnConfig, conns int) *sql.DB {
	pool := sql.OpenDB(pipelining{stdlib.GetConnector(*cfg)})
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(postgresIdleTime)
	return pool
}

// postgresRows writes a relation over one parameter, a JSON array of objects.
func postgresRows(columns []column) string {
	var b strings.Builder
	b.WriteString("(SELECT * FROM jsonb_to_recordset(?::jsonb) AS r(")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %s", c.name, c.kind)
	}
	b.WriteString("))")
	return b.String()
}
