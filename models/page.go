package models

import (
	"crypto/hmac"
	"encoding/base64"
	"strconv"

	"wagateway/models/fault"
)

// cursorMACSize is the length of a cursor's truncated HMAC-SHA256 in bytes.
const cursorMACSize = 12

// maxCursor bounds what is decoded; the longest key is an organization's id.
const maxCursor = 512

// Page asks for a part of a list.
type Page struct {
	Limit int    // the most items to give; 0 = all
	After string // an opaque cursor from [List.Cursor] of the same list; "" = from the start
}

// List is a part of a list, in the list's order. The zero value is an empty one.
type List[T any] struct {
	Items   []T  // never nil when a store gives the list
	HasNext bool // more items follow

	cursor func(*T) string
}

// Cursor is the opaque position behind item i, for [Page.After].
func (l List[T]) Cursor(i int) string {
	if l.cursor == nil {
		return ""
	}
	return l.cursor(&l.Items[i])
}

// NextCursor is the cursor of the last item, "" at the end of the list.
func (l List[T]) NextCursor() string {
	if !l.HasNext || len(l.Items) == 0 {
		return ""
	}
	return l.Cursor(len(l.Items) - 1)
}

// cursors makes and reads the cursors of one list. A cursor is base64url of a
// MAC and the key of the last item; the MAC covers the list's name, so a cursor
// of another list, scope or gateway is refused.
type cursors struct {
	secrets *keyring
	list    string // noun and scope, as "members:7"
}

func (db *DB) cursors(noun, scope string) cursors {
	return cursors{secrets: db.secrets, list: noun + ":" + scope}
}

func (c cursors) encode(key string) string {
	return base64.RawURLEncoding.EncodeToString(append(c.secrets.cursorMAC(c.list, key), key...))
}

// decode gives the key in a cursor, "" for the empty cursor.
func (c cursors) decode(cursor string) (key string, err error) {
	if cursor == "" {
		return "", nil
	}
	if len(cursor) > maxCursor {
		return "", errInvalidCursor()
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) <= cursorMACSize {
		return "", errInvalidCursor()
	}
	key = string(b[cursorMACSize:])
	// The texts are compared, not the MACs: base64 has several spellings.
	if !hmac.Equal([]byte(cursor), []byte(c.encode(key))) {
		return "", errInvalidCursor()
	}
	return key, nil
}

// decodeID is decode for lists ordered by a row's number.
func (c cursors) decodeID(cursor string) (int64, error) {
	key, err := c.decode(cursor)
	if err != nil || key == "" {
		return 0, err
	}
	id, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		return 0, errInvalidCursor()
	}
	return id, nil
}

func errInvalidCursor() error {
	return fault.New(fault.Validation, fault.ReasonInvalidCursor, "cursor is not one of this list").With("field", "cursor")
}

// listByID makes a page from up to limit+1 items that are ordered by number.
func listByID[T any](items []T, limit int, c cursors, id func(*T) int64) List[T] {
	return listByKey(items, limit, c, func(item *T) string { return strconv.FormatInt(id(item), 10) })
}

// listByKey makes a page from up to limit+1 items.
func listByKey[T any](items []T, limit int, c cursors, key func(*T) string) List[T] {
	if items == nil {
		items = []T{}
	}
	list := List[T]{Items: items, cursor: func(item *T) string { return c.encode(key(item)) }}
	if limit > 0 && len(items) > limit {
		list.Items, list.HasNext = items[:limit:limit], true
	}
	return list
}

// fetch is the LIMIT of a page: one more than asked for tells whether there is
// a next page.
func (p Page) fetch() int64 {
	if p.Limit <= 0 {
		return noLimit
	}
	return int64(p.Limit) + 1
}

// noLimit is a LIMIT that is none, and above every id.
const noLimit = int64(1) << 62
