package models

import (
	"fmt"

	"gorm.io/gorm"
)

// A batch lists the children of several parents in one statement, a page of
// each, and reads no more rows than it gives.

// batchOf is the input of one batch, K being the type of the parents' ids.
type batchOf[K string | int64] struct {
	ids   []K
	given string // the ids as a parameter of DB.rows
	after int64
	page  Page
	lists map[K]cursors
}

// newBatch prepares a batch of the list that noun and a parent's id name.
func newBatch[K string | int64](db *DB, noun string, ids []K, page Page) (batchOf[K], error) {
	b := batchOf[K]{page: page, lists: make(map[K]cursors, len(ids))}
	for _, id := range ids {
		if _, twice := b.lists[id]; twice {
			continue
		}
		c := db.cursors(noun, fmt.Sprint(id))
		after, err := c.decodeID(page.After)
		if err != nil {
			return batchOf[K]{}, err // with several parents too: it can belong to one only
		}
		b.ids, b.after, b.lists[id] = append(b.ids, id), after, c
	}
	given, err := keys("id", b.ids)
	b.given = given
	return b, err
}

// parameters are those of [DB.batchTables]; where are the condition's own.
func (b *batchOf[K]) parameters(where ...any) []any {
	return append(append([]any{b.given}, where...), b.after, b.page.fetch())
}

// batchTables writes the FROM of a batch: the parents p(id) and the page of
// each one's children in table, under the given alias. where is the condition
// for the children, called x in it. Each database is told to start at the
// parents in its own way: left to itself it may read the whole table.
func (db *DB) batchTables(id column, table, alias, where string) string {
	parents := db.rows(id) + " AS p"
	pick := " FROM " + table + " x WHERE " + where + " AND x.id > ? ORDER BY x.id LIMIT ?)"
	if db.engine.dialect == dialectPostgres {
		return parents + " CROSS JOIN LATERAL (SELECT x.*" + pick + " AS " + alias
	}
	return parents + " CROSS JOIN " + table + " AS " + alias + " ON " + alias + ".id IN (SELECT x.id" + pick
}

// splitBatch divides the rows, ordered by parent and id, among the parents.
// Every parent has a list, perhaps an empty one.
func splitBatch[K string | int64, T any](b batchOf[K], rows []T, parent func(*T) K, id func(*T) int64) map[K]List[T] {
	lists := make(map[K]List[T], len(b.ids))
	for start := 0; start < len(rows); {
		end, owner := start+1, parent(&rows[start])
		for end < len(rows) && parent(&rows[end]) == owner {
			end++
		}
		lists[owner] = listByID(rows[start:end:end], b.page.Limit, b.lists[owner], id)
		start = end
	}
	for _, owner := range b.ids {
		if _, found := lists[owner]; !found {
			lists[owner] = listByID([]T{}, b.page.Limit, b.lists[owner], id)
		}
	}
	return lists
}

// scanCounts runs a query for pairs of an id and a count.
func scanCounts[K string | int64](query *gorm.DB) (map[K]int, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	counts := make(map[K]int)
	for rows.Next() {
		var (
			id K
			n  int
		)
		if err := rows.Scan(&id, &n); err != nil {
			return nil, err
		}
		counts[id] = n
	}
	return counts, rows.Err()
}
