package models

import (
	"encoding/json"
	"fmt"
)

// column is a column of a relation that is passed as one JSON parameter.
type column struct{ name, kind string }

func text(name string) column   { return column{name, "text"} }
func bigint(name string) column { return column{name, "bigint"} }

// rows writes a relation with these columns over one parameter, which takes a
// JSON array of objects with the columns' names as keys. So a statement has one
// text, and is compiled once, for any number of rows.
func (db *DB) rows(columns ...column) string { return db.engine.rows(columns) }

// in writes a sub-select over one parameter, the values of the column c, for
// IN; see [keys].
func (db *DB) in(c column) string { return "(SELECT " + c.name + " FROM " + db.rows(c) + " AS given)" }

// keys makes the parameter of [DB.in].
func keys[T string | int64](column string, values []T) (string, error) {
	rows := make([]map[string]T, len(values))
	for i, v := range values {
		rows[i] = map[string]T{column: v}
	}
	return asRows(rows)
}

// asRows makes the parameter of [DB.rows]. A nil slice is no rows.
func asRows[T any](rows []T) (string, error) {
	if len(rows) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(rows)
	if err != nil {
		return "", fmt.Errorf("encoding rows: %w", err)
	}
	return string(b), nil
}
