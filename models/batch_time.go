package models

import "fmt"

// timeBatch is a batch (see [batchOf]) of lists that are ordered by time, the
// latest first, and by id where times are equal.
type timeBatch[K string | int64] struct {
	batchOf[K]
	at, id int64 // the pages start behind this one
}

func newTimeBatch[K string | int64](db *DB, noun string, ids []K, page Page) (timeBatch[K], error) {
	b := timeBatch[K]{at: latest, id: latest}
	b.page, b.lists = page, make(map[K]cursors, len(ids))
	for _, id := range ids {
		if _, twice := b.lists[id]; twice {
			continue
		}
		c := db.cursors(noun, fmt.Sprint(id))
		var err error
		if b.at, b.id, err = c.decodeTime(page.After); err != nil {
			return timeBatch[K]{}, err // with several parents too: it can belong to one only
		}
		b.ids, b.lists[id] = append(b.ids, id), c
	}
	given, err := keys("id", b.ids)
	b.given = given
	return b, err
}

// parameters are those of [DB.timeBatchTables]; where are the condition's own.
func (b *timeBatch[K]) parameters(where ...any) []any {
	return append(append([]any{b.given}, where...), b.at, b.id, b.page.fetch())
}

// timeBatchTables is [DB.batchTables] for lists ordered by the column of a time.
func (db *DB) timeBatchTables(id column, table, alias, where, time string) string {
	parents := db.rows(id) + " AS p"
	pick := " FROM " + table + " x WHERE " + where + " AND (x." + time + ", x.id) < (?, ?) ORDER BY x." + time + " DESC, x.id DESC LIMIT ?)"
	if db.engine.dialect == dialectPostgres {
		return parents + " CROSS JOIN LATERAL (SELECT x.*" + pick + " AS " + alias
	}
	return parents + " CROSS JOIN " + table + " AS " + alias + " ON " + alias + ".id IN (SELECT x.id" + pick
}

// splitTimeBatch divides the rows, ordered by parent and time, among the
// parents. Every parent has a list, perhaps an empty one.
func splitTimeBatch[K string | int64, T any](b timeBatch[K], rows []T, parent func(*T) K, key func(*T) (Millis, int64)) map[K]List[T] {
	parts := make(map[K][]T, len(b.ids))
	for start := 0; start < len(rows); {
		end, owner := start+1, parent(&rows[start])
		for end < len(rows) && parent(&rows[end]) == owner {
			end++
		}
		parts[owner] = rows[start:end:end]
		start = end
	}
	lists := make(map[K]List[T], len(b.ids))
	for _, owner := range b.ids {
		lists[owner] = listByKey(parts[owner], b.page.Limit, b.lists[owner], func(row *T) string { return timeKey(key(row)) })
	}
	return lists
}
