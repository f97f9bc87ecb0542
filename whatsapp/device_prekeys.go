package whatsapp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.mau.fi/util/dbutil"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// preKeys stores new prekeys of a device together. A new device needs 812 of them
// before it counts as connected; whatsmeow makes and commits each by itself, and
// the disk syncs each: most of a second, and longer for all who wait to write.
// Here they are made without a lock and written in one short transaction.
//
// The statements know whatsmeow's table. If it is changed one day, whatsmeow's
// own store, which still has the last word, makes what is missing.
type preKeys struct {
	store.PreKeyStore
	db     *dbutil.Database
	device types.JID
	mu     sync.Mutex // numbers are given out one by one
}

// preKeyRows is how many keys one statement writes.
const preKeyRows = 200

// GetOrGenPreKeys implements [store.PreKeyStore].
func (p *preKeys) GetOrGenPreKeys(ctx context.Context, count uint32) ([]*keys.PreKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.makeUpTo(ctx, int(count)); err != nil {
		return nil, err
	}
	return p.PreKeyStore.GetOrGenPreKeys(ctx, count)
}

// GenOnePreKey implements [store.PreKeyStore].
func (p *preKeys) GenOnePreKey(ctx context.Context) (*keys.PreKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.PreKeyStore.GenOnePreKey(ctx)
}

// makeUpTo makes keys until there are count that WhatsApp does not have.
func (p *preKeys) makeUpTo(ctx context.Context, count int) error {
	var spare int
	var last uint32
	err := p.db.QueryRow(ctx, `SELECT COUNT(CASE WHEN NOT uploaded THEN 1 END), COALESCE(MAX(key_id), 0) FROM whatsmeow_pre_keys WHERE jid=$1`,
		p.device).Scan(&spare, &last)
	if err != nil {
		return fmt.Errorf("counting prekeys: %w", err)
	}
	var made []*keys.PreKey
	for i := spare; i < count; i++ {
		last++
		made = append(made, keys.NewPreKey(last))
	}
	if len(made) == 0 {
		return nil
	}
	err = p.db.DoTxn(ctx, nil, func(ctx context.Context) error {
		for rows := range slices.Chunk(made, preKeyRows) {
			if err := p.insert(ctx, rows); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing prekeys: %w", err)
	}
	return nil
}

func (p *preKeys) insert(ctx context.Context, rows []*keys.PreKey) error {
	var statement strings.Builder
	statement.WriteString("INSERT INTO whatsmeow_pre_keys (jid, key_id, key, uploaded) VALUES ")
	values := []any{p.device, false}
	for i, key := range rows {
		if i > 0 {
			statement.WriteByte(',')
		}
		fmt.Fprintf(&statement, "($1,$%d,$%d,$2)", len(values)+1, len(values)+2)
		values = append(values, key.KeyID, key.Priv[:])
	}
	_, err := p.db.Exec(ctx, statement.String(), values...)
	return err
}
