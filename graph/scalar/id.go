package scalar

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// Kind is the part before the colon of an id whose rows' own ids are not unique
// among all objects.
type Kind string

// The kinds, as in "group:512".
const (
	KindOrganization Kind = "organization"
	KindGroup        Kind = "group"
	KindMember       Kind = "member"
	KindContact      Kind = "contact"
	KindChat         Kind = "chat"
	KindMessage      Kind = "message"
	KindSend         Kind = "send"
	KindLabel        Kind = "label"
	KindCall         Kind = "call"
	KindChannel      Kind = "channel"
)

// kindOf gives the kind of the objects of a type, "" when their ids are unique
// as they are.
func kindOf(typeName string) Kind {
	switch typeName {
	case "Organization":
		return KindOrganization
	case "Group":
		return KindGroup
	case "GroupMember":
		return KindMember
	case "Contact":
		return KindContact
	case "Chat":
		return KindChat
	case "Message":
		return KindMessage
	case "Send":
		return KindSend
	case "Label":
		return KindLabel
	case "Call":
		return KindCall
	case "Channel":
		return KindChannel
	default:
		return ""
	}
}

// SplitID takes an id apart; the kind is "" for one that has none.
func SplitID(id string) (kind Kind, own string) {
	before, after, found := strings.Cut(id, ":")
	if !found {
		return "", id
	}
	return Kind(before), after
}

// ParseRowID reads the own part of a numbered row's id. Only the form that
// [MarshalRowID] writes is one.
func ParseRowID(own string) (id int64, ok bool) {
	id, err := strconv.ParseInt(own, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == own
}

// textID writes an id that is text in the row.
type textID string

// MarshalTextID writes an ID: an object's own with its kind, null for an empty
// one in a nullable field.
func MarshalTextID(id string) graphql.ContextMarshaler { return textID(id) }

// UnmarshalTextID reads an ID.
func UnmarshalTextID(_ context.Context, v any) (string, error) {
	id, err := graphql.UnmarshalID(v)
	if err != nil {
		return "", err
	}
	return id, checkText(id)
}

// MarshalGQLContext implements [graphql.ContextMarshaler].
func (id textID) MarshalGQLContext(ctx context.Context, w io.Writer) error {
	if id == "" && nullable(ctx) {
		graphql.Null.MarshalGQL(w)
		return nil
	}
	graphql.MarshalString(prefix(ctx) + string(id)).MarshalGQL(w)
	return nil
}

// rowID writes an id that is a number in the row.
type rowID int64

// MarshalRowID writes a numbered row's ID with its kind, "group:512".
func MarshalRowID(id int64) graphql.ContextMarshaler { return rowID(id) }

// UnmarshalRowID satisfies the executor; ids come in as text.
func UnmarshalRowID(_ context.Context, v any) (int64, error) {
	s, err := graphql.UnmarshalID(v)
	if err != nil {
		return 0, err
	}
	_, own := SplitID(s)
	id, ok := ParseRowID(own)
	if !ok {
		return 0, fmt.Errorf("%q is not the id of a row", s)
	}
	return id, nil
}

// MarshalGQLContext implements [graphql.ContextMarshaler].
func (id rowID) MarshalGQLContext(ctx context.Context, w io.Writer) error {
	graphql.MarshalString(prefix(ctx) + strconv.FormatInt(int64(id), 10)).MarshalGQL(w)
	return nil
}

// prefix is the kind and its colon when the field that is being written is an
// object's own id.
func prefix(ctx context.Context) string {
	fc := graphql.GetFieldContext(ctx)
	if fc == nil || fc.Field.Field == nil || fc.Field.Name != "id" {
		return ""
	}
	if kind := kindOf(fc.Object); kind != "" {
		return string(kind) + ":"
	}
	return ""
}
