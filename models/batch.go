package models

import (
	"fmt"

	"gorm.io/gorm"
)

// A batch lists the children of several parents in one statement, a page of
// each. How far a parent's page reaches (its "bound") is looked up once per
// parent, so a statement reads no more rows than it gives.

// batchOf is the input of one batch, K being the type of the parents' ids.
type batchOf[K string | int64] struct {
	ids   []K
	given string // the ids as a parameter of DB.rows
	after int64
	last  int64 // OFFSET of a page's last row, the one that tells of a next page included
	limit int
	lists map[K]cursors
}

// newBatch prepares a batch of the list that noun and a parent's id name.
func newBatch[K string | int64](db *DB, noun string, ids []K, page Page) (batchOf[K], error) {
	given, err := keys("id", ids)
	if err != nil {
		return batchOf[K]{}, err
	}
	b := batchOf[K]{ids: ids, given: given, last: page.fetch() - 1, limit: page.Limit, lists: make(map[K]cursors, len(ids))}
	for _, id := range ids {
		c := db.cursors(noun, fmt.Sprint(id))
		// A cursor belongs to one parent: with several it fails for the others.
		if b.after, err = c.decodeID(page.After); err != nil {
			return batchOf[K]{}, err
		}
		b.lists[id] = c
	}
	return b, nil
}

// batchQuery writes the head of a batch's statement: the relation parents(id,
// bound). bound is a scalar sub-select over given.id with the parameters after
// and last; then comes the parameter given.
func (db *DB) batchQuery(id column, bound string) string {
	return fmt.Sprintf("WITH parents AS MATERIALIZED (SELECT DISTINCT given.id AS id, COALESCE(%s, %d) AS bound FROM %s AS given) ",
		bound, noLimit, db.rows(id))
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
		lists[owner] = listByID(rows[start:end:end], b.limit, b.lists[owner], id)
		start = end
	}
	for _, owner := range b.ids {
		if _, found := lists[owner]; !found {
			lists[owner] = listByID([]T{}, b.limit, b.lists[owner], id)
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
