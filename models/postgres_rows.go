package models

import (
	"database/sql/driver"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
)

// readyRows are rows that have been read.
type readyRows struct {
	columns []string
	rows    [][]driver.Value
}

// Columns implements [driver.Rows].
func (r *readyRows) Columns() []string { return r.columns }

// Close implements [driver.Rows].
func (r *readyRows) Close() error { return nil }

// Next implements [driver.Rows].
func (r *readyRows) Next(dest []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(dest, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

// readRows reads all rows and closes them.
func readRows(rows pgx.Rows) (*readyRows, error) {
	defer rows.Close()
	ready := &readyRows{}
	for rows.Next() {
		found, err := rows.Values()
		if err != nil {
			return nil, err
		}
		row := make([]driver.Value, len(found))
		for i := range found {
			if row[i], err = driverValue(found[i]); err != nil {
				return nil, fmt.Errorf("reading column %s: %w", rows.FieldDescriptions()[i].Name, err)
			}
		}
		ready.rows = append(ready.rows, row)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, field := range rows.FieldDescriptions() {
		ready.columns = append(ready.columns, field.Name)
	}
	return ready, nil
}

// driverValue gives a value of pgx as database/sql takes it.
func driverValue(value any) (driver.Value, error) {
	switch v := value.(type) {
	case nil, bool, int64, float64, string, []byte, time.Time:
		return v, nil
	case int16:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case float32:
		return float64(v), nil
	case driver.Valuer: // numeric and the like
		return v.Value()
	default: // no statement of a pipelined transaction gives arrays or JSON
		return nil, fmt.Errorf("a %T is no value of database/sql", value)
	}
}
