package graphtest

import (
	"testing"

	"wagateway/models/modelstest"
)

// Each runs a test on a server over each database, in parallel.
func Each(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Helper()
	each(t, func(t *testing.T, dialect string) { test(t, New(t, dialect)) })
}

// EachCounted is Each with the statements counted and answers of any size.
func EachCounted(t *testing.T, test func(t *testing.T, s *Server, counter *modelstest.Statements)) {
	t.Helper()
	each(t, func(t *testing.T, dialect string) {
		counter := modelstest.CountStatements()
		test(t, New(t, dialect, func(setup *Setup) {
			setup.Database = append(setup.Database, counter.Hook())
			setup.Options.Limits.Complexity = 1_000_000
		}), counter)
	})
}

func each(t *testing.T, test func(t *testing.T, dialect string)) {
	t.Helper()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			test(t, dialect)
		})
	}
}
