package models

import (
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"
)

// sqliteDialect teaches GORM to speak to modernc.org/sqlite. The ready-made
// pure-Go dialect brings a driver of its own, which compiles every statement
// anew at each execution and registers itself under the same name.
type sqliteDialect struct{ pool gorm.ConnPool }

var _ gorm.Dialector = sqliteDialect{}

// Name gives the dialect's name as GORM's clause builders know it.
func (sqliteDialect) Name() string { return dialectSQLite }

// Initialize registers the statement builders.
func (d sqliteDialect) Initialize(db *gorm.DB) error {
	db.ConnPool = d.pool
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses:        []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses:        []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses:        []string{"DELETE", "FROM", "WHERE", "RETURNING"},
		LastInsertIDReversed: true,
	})
	return nil
}

// Migrator satisfies the interface; tables are made by numbered migrations only.
func (d sqliteDialect) Migrator(db *gorm.DB) gorm.Migrator {
	return migrator.Migrator{Config: migrator.Config{DB: db, Dialector: d}}
}

// DataTypeOf satisfies the interface, as Migrator.
func (sqliteDialect) DataTypeOf(field *schema.Field) string { return string(field.DataType) }

// DefaultValueOf is the value of a column that a bulk insert leaves out: NULL
// lets SQLite give out the next id.
func (sqliteDialect) DefaultValueOf(*schema.Field) clause.Expression {
	return clause.Expr{SQL: "NULL"}
}

// BindVarTo writes a parameter's placeholder.
func (sqliteDialect) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) {
	_ = w.WriteByte('?')
}

// QuoteTo writes an identifier, each part of a dotted one quoted.
func (sqliteDialect) QuoteTo(w clause.Writer, name string) {
	for i, part := range strings.Split(name, ".") {
		if i > 0 {
			_ = w.WriteByte('.')
		}
		_, _ = w.WriteString(`"` + strings.ReplaceAll(part, `"`, `""`) + `"`)
	}
}

// Explain gives the statement without values: see [statementObserver].
func (sqliteDialect) Explain(sql string, _ ...any) string { return sql }
