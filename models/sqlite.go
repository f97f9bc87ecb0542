package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// busyTimeout is how long a writer waits for another process, or for
// whatsmeow's connections, to finish its transaction.
const busyTimeout = 15 * time.Second

// busyRetry is how often a file is tried that another process has to itself.
const busyRetry = 5 * time.Millisecond

// whatsmeowSQLiteConns lets whatsmeow read while one of its own writes waits.
const whatsmeowSQLiteConns = 4

// openSQLite opens the file with one writing connection and a pool of readers.
// Two writing connections would only wait for each other, and by polling.
func openSQLite(ctx context.Context, path string, maxConns int, observer *statementObserver) (engine, error) {
	path, err := prepareSQLiteFile(path)
	if err != nil {
		return engine{}, err
	}
	if maxConns == 0 {
		maxConns = 2 * runtime.GOMAXPROCS(0)
	}
	turn := newWriteTurn()
	writer, err := sqlitePool(path, 1, turn)
	if err != nil {
		return engine{}, err
	}
	reader, err := sqlitePool(path, maxConns, nil)
	if err != nil {
		return engine{}, errors.Join(err, writer.Close())
	}
	whatsmeow, err := sqlitePool(path, whatsmeowSQLiteConns, turn)
	if err != nil {
		return engine{}, errors.Join(err, writer.Close(), reader.Close())
	}
	e := engine{
		dialect:    dialectSQLite,
		whatsmeow:  whatsmeow,
		readers:    reader,
		pools:      []*sql.DB{writer, reader, whatsmeow},
		lockFile:   path + ".migrate",
		migrations: func() (*sql.DB, error) { return sqlitePool(path, 1, turn) },
		rows:       sqliteRows,
	}
	if err := connectSQLite(ctx, e.pools...); err != nil {
		err = storeError("database", "connecting to "+filepath.Base(path), err)
		return engine{}, errors.Join(err, writer.Close(), reader.Close(), whatsmeow.Close())
	}
	if e.writer, err = openGORM(sqliteDialect{pool: writer}, observer); err == nil {
		e.reader, err = openGORM(sqliteDialect{pool: reader}, observer)
	}
	if err != nil {
		return engine{}, errors.Join(err, writer.Close(), reader.Close(), whatsmeow.Close())
	}
	return e, nil
}

// prepareSQLiteFile creates folder and file for the owner only: the database
// holds the keys of linked devices. SQLite gives its side files the same mode.
func prepareSQLiteFile(path string) (absolute string, err error) {
	if absolute, err = filepath.Abs(path); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(absolute), 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(absolute, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return absolute, nil
	}
	if err != nil {
		return "", err
	}
	return absolute, f.Close()
}

// sqlitePool opens a pool on the file without connecting yet; one without a turn
// only reads.
//
// Commits are synced to the disk (synchronous=FULL): WhatsApp is acknowledged
// after the commit, so a commit that a power cut can undo loses messages.
// Transactions take the write lock when they begin, because one that starts by
// reading cannot wait for it later.
func sqlitePool(path string, conns int, turn writeTurn) (*sql.DB, error) {
	options := url.Values{
		"_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		"_journal_mode": {"WAL"},
		"_foreign_keys": {"1"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"},
		"_pragma":       {"temp_store(MEMORY)", "journal_size_limit(67108864)", "cache_size(-8192)"},
	}
	if turn == nil {
		options.Set("_txlock", "deferred")
		options.Set("_query_only", "1")
	}
	return sqliteConnections(path, conns, options, turn)
}

// sqliteConnections opens a pool with options of the driver's.
func sqliteConnections(path string, conns int, options url.Values, turn writeTurn) (*sql.DB, error) {
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: options.Encode()}
	connector, err := sqlite.NewConnector(dsn.String())
	if err != nil {
		return nil, fmt.Errorf("connecting to SQLite: %w", err)
	}
	pool := sql.OpenDB(preparing{connector, turn})
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}

// connectSQLite opens each pool's first connection, the writer's before the
// others'. Making the file WAL, and closing it as the last one, needs it alone;
// SQLite does not wait for that, so this does.
func connectSQLite(ctx context.Context, pools ...*sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for _, pool := range pools {
		for {
			err := pool.PingContext(ctx)
			if err == nil {
				break
			}
			if !sqliteBusy(err) {
				return err
			}
			select {
			case <-ctx.Done():
				return err
			case <-time.After(busyRetry):
			}
		}
	}
	return nil
}

// sqliteRows writes a relation over one parameter, a JSON array of objects.
func sqliteRows(columns []column) string {
	var b strings.Builder
	b.WriteString("(SELECT ")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "value->>'%s' AS %s", c.name, c.name)
	}
	b.WriteString(" FROM json_each(?))")
	return b.String()
}
