package models

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"gorm.io/gorm"
)

// maxPrepared bounds the statements kept compiled. The stores have fewer: none
// of their texts depends on its values.
const maxPrepared = 256

// preparedPool is a pool that keeps queries compiled, for SQLite's readers.
// (pgx does this by itself. GORM's own cache closes statements that are in use
// once a day, and hands one caller's cancellation to another.)
type preparedPool struct {
	*sql.DB
	mu         sync.RWMutex
	statements map[string]*sql.Stmt
}

var _ gorm.ConnPool = (*preparedPool)(nil)

func newPreparedPool(pool *sql.DB) *preparedPool {
	return &preparedPool{DB: pool, statements: make(map[string]*sql.Stmt)}
}

// QueryContext runs a query, compiled when it was seen before.
func (p *preparedPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement := p.prepared(ctx, query)
	if statement == nil {
		return p.DB.QueryContext(ctx, query, args...)
	}
	return statement.QueryContext(ctx, args...)
}

// QueryRowContext is QueryContext for one row.
func (p *preparedPool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	statement := p.prepared(ctx, query)
	if statement == nil {
		return p.DB.QueryRowContext(ctx, query, args...)
	}
	return statement.QueryRowContext(ctx, args...)
}

// prepared gives the compiled query; nil when it cannot be compiled, or no room
// is left, and it is better run as it is.
func (p *preparedPool) prepared(ctx context.Context, query string) *sql.Stmt {
	p.mu.RLock()
	statement, full := p.statements[query], len(p.statements) >= maxPrepared
	p.mu.RUnlock()
	if statement != nil || full {
		return statement
	}
	statement, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.statements[query]; first != nil {
		_ = statement.Close()
		return first
	}
	p.statements[query] = statement
	return statement
}

// Close closes the statements; the pool itself belongs to who made it.
func (p *preparedPool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for query, statement := range p.statements {
		errs = append(errs, statement.Close())
		delete(p.statements, query)
	}
	return errors.Join(errs...)
}
