package models

import (
	"context"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slowStatement is the duration from which a statement is worth a line.
const slowStatement = 200 * time.Millisecond

// openGORM wraps a pool.
func openGORM(dialect gorm.Dialector, observer *statementObserver) (*gorm.DB, error) {
	return gorm.Open(dialect, &gorm.Config{Logger: observer, SkipDefaultTransaction: true, DisableAutomaticPing: true})
}

// statementObserver is GORM's logger: GORM tells it of every statement, the
// hand-written ones included. It reports slow ones and feeds the hook.
type statementObserver struct {
	log  *slog.Logger
	hook func(sql string)
}

var (
	_ logger.Interface  = (*statementObserver)(nil)
	_ gorm.ParamsFilter = (*statementObserver)(nil)
)

// Trace hears of one executed statement. Failures are the caller's to report.
func (o *statementObserver) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), _ error) {
	elapsed := time.Since(begin)
	slow := elapsed >= slowStatement
	if !slow && o.hook == nil {
		return
	}
	sql, rows := statement()
	if o.hook != nil {
		o.hook(sql)
	}
	if slow {
		o.log.WarnContext(ctx, "slow statement", "sql", sql, "rows", rows, "duration_ms", elapsed.Milliseconds())
	}
}

// ParamsFilter keeps values (names, numbers, keys) out of logs and hooks.
func (o *statementObserver) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}

// LogMode changes nothing: the slog handler decides what is shown.
func (o *statementObserver) LogMode(logger.LogLevel) logger.Interface { return o }

// Info drops GORM's remarks.
func (o *statementObserver) Info(context.Context, string, ...any) {}

// Warn passes GORM's warnings on, without their values.
func (o *statementObserver) Warn(ctx context.Context, message string, _ ...any) {
	o.log.WarnContext(ctx, "gorm warning", "text", message)
}

// Error passes GORM's complaints on, without their values.
func (o *statementObserver) Error(ctx context.Context, message string, _ ...any) {
	o.log.ErrorContext(ctx, "gorm error", "text", message)
}
