package models

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ContactSource is where a session knows a person from.
type ContactSource string

// The sources, as in the contract's listContacts.
const (
	FromDM    ContactSource = "dm"    // there is a chat with the person
	FromGroup ContactSource = "group" // the person is a member of a group that the account is in
)

// ContactFilter narrows a list of people; what is "" does not. It is comparable.
type ContactFilter struct {
	Source   ContactSource
	GroupJID string // members of this group
	Query    string // part of a name or of the number, whatever its case
}

// conditions are appended to a WHERE about people under an alias, with their
// parameters. A LIKE would not do for names: SQLite's knows the case of ASCII
// only, PostgreSQL's depends on its locale.
func (f ContactFilter) conditions(db *DB, alias string) (where string, parameters []any) {
	if f.Source == FromDM {
		where += " AND EXISTS (SELECT 1 FROM chats c WHERE c.session_id = " + alias + ".session_id AND c.identity_id = " + alias + ".id AND c.identity_id <> 0)"
	}
	const member = ".id AND m.left_at = 0 AND g.left_at = 0"
	belongs := " AND EXISTS (SELECT 1 FROM wa_group_members m JOIN wa_groups g ON g.id = m.group_id WHERE m.identity_id = " + alias + member
	switch {
	case f.GroupJID != "":
		where += belongs + " AND g.group_jid = ?)"
		parameters = append(parameters, f.GroupJID)
	case f.Source == FromGroup:
		where += belongs + ")"
	}
	if f.Query == "" {
		return where, parameters
	}
	operator, pattern := "GLOB", globOf(f.Query)
	if db.engine.dialect == dialectPostgres {
		operator, pattern = "~", regexpOf(f.Query)
	}
	var parts []string
	for _, name := range []string{"contact_name", "business_name", "push_name"} {
		parts = append(parts, alias+"."+name+" "+operator+" ?")
		parameters = append(parameters, pattern)
	}
	if digits := numberPart(f.Query); digits != "" {
		parts = append(parts, alias+".phone_number LIKE ?")
		parameters = append(parameters, "%"+digits+"%")
	}
	return where + " AND (" + strings.Join(parts, " OR ") + ")", parameters
}

// numberPart gives the digits of what may be part of a phone number as people
// write it ("+62 812-34"), "" for anything else.
func numberPart(query string) string {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("+-() ./", r) {
			return -1
		}
		return r
	}, query)
	if strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return ""
	}
	return digits
}

// globOf gives the GLOB pattern of SQLite's for texts that contain s in any case.
func globOf(s string) string {
	var b strings.Builder
	b.WriteByte('*')
	for _, r := range s {
		if cases := casesOf(r); utf8.RuneCountInString(cases) > 1 || strings.ContainsRune("*?[", r) {
			b.WriteString("[" + cases + "]")
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('*')
	return b.String()
}

// regexpOf gives the regular expression of PostgreSQL's for texts that contain s
// in any case.
func regexpOf(s string) string {
	var b strings.Builder
	for _, r := range s {
		cases := casesOf(r)
		switch {
		case utf8.RuneCountInString(cases) > 1:
			b.WriteString("[" + cases + "]")
		case r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r):
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// casesOf gives all cases of a letter ("aA"), anything else as it is. They are
// letters, which mean nothing else within brackets.
func casesOf(r rune) string {
	cases := []rune{r}
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		cases = append(cases, other)
	}
	return string(cases)
}
