package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"wagateway/models/fault"
)

// storeError maps a failure of the database into the vocabulary: no row is
// fault.NoSuch(noun), a database that does not answer fault.DatabaseDown, and
// anything else an internal error that names the operation. Faults pass.
func storeError(noun, operation string, err error) error {
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, gorm.ErrRecordNotFound):
		return fault.NoSuch(noun)
	}
	wrapped := fmt.Errorf("%s: %w", operation, err)
	if unreachable(err) {
		return fault.DatabaseDown(wrapped)
	}
	return wrapped
}

// unreachable reports whether the database, rather than the statement, failed.
// A caller that gave up says nothing about the database.
func unreachable(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	var (
		network  net.Error
		connect  *pgconn.ConnectError
		postgres *pgconn.PgError
		embedded *sqlite.Error
	)
	switch {
	case errors.As(err, &postgres):
		return postgresUnreachable(postgres.Code)
	case errors.As(err, &embedded):
		return sqliteBusy(err) || embedded.Code()&sqlitePrimary == sqlite3.SQLITE_CANTOPEN
	case errors.As(err, &connect), errors.As(err, &network):
		return true
	}
	// database/sql and pgconn do not export these two.
	return strings.Contains(err.Error(), "sql: database is closed") || strings.Contains(err.Error(), "conn closed")
}

// postgresUnreachable knows the SQLSTATEs of a server that cannot serve now:
// class 08 (connection), 53300 (too many connections), 57P01–57P03 (shutting
// down, crashed, starting up).
func postgresUnreachable(code string) bool {
	return strings.HasPrefix(code, "08") || code == "53300" || code == "57P01" || code == "57P02" || code == "57P03"
}

// sqlitePrimary masks an extended code of SQLite's to its primary code.
const sqlitePrimary = 0xff

// sqliteBusy reports whether another connection held the file for too long.
func sqliteBusy(err error) bool {
	var embedded *sqlite.Error
	return errors.As(err, &embedded) && embedded.Code()&sqlitePrimary == sqlite3.SQLITE_BUSY
}

// OfDatabase reports whether an error comes from the database itself, whatever
// it is about: a server that is away, a full disk, a broken transaction.
func OfDatabase(err error) bool {
	var (
		postgres *pgconn.PgError
		embedded *sqlite.Error
	)
	return errors.As(err, &postgres) || errors.As(err, &embedded) || err != nil && unreachable(err)
}

// Refused reports whether the database refused what it was given, a value that it
// cannot hold or a rule that was broken, rather than failed: the same again would be
// refused again.
func Refused(err error) bool {
	var (
		postgres *pgconn.PgError
		embedded *sqlite.Error
	)
	switch {
	case errors.As(err, &postgres):
		// The classes of cardinality, data, constraints and the program's limits.
		return len(postgres.Code) == 5 && slices.Contains([]string{"21", "22", "23", "54"}, postgres.Code[:2])
	case errors.As(err, &embedded):
		return slices.Contains([]int{sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE},
			embedded.Code()&sqlitePrimary)
	default:
		return false
	}
}
