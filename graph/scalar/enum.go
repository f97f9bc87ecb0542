package scalar

import (
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/models"
)

// Enums are the rows' constants in upper case: "scan_qr_code" is SCAN_QR_CODE.
// What comes in has been checked against the schema before; a test holds the
// schema to the constants.

// MarshalCapability writes a Capability.
func MarshalCapability(c models.Capability) graphql.Marshaler { return marshalEnum(c) }

// UnmarshalCapability reads a Capability.
func UnmarshalCapability(v any) (models.Capability, error) {
	return unmarshalEnum[models.Capability](v)
}

// MarshalSessionStatus writes a SessionStatus.
func MarshalSessionStatus(s models.SessionStatus) graphql.Marshaler { return marshalEnum(s) }

// UnmarshalSessionStatus reads a SessionStatus.
func UnmarshalSessionStatus(v any) (models.SessionStatus, error) {
	return unmarshalEnum[models.SessionStatus](v)
}

// MarshalMemberRole writes a MemberRole.
func MarshalMemberRole(r models.MemberRole) graphql.Marshaler { return marshalEnum(r) }

// UnmarshalMemberRole reads a MemberRole.
func UnmarshalMemberRole(v any) (models.MemberRole, error) {
	return unmarshalEnum[models.MemberRole](v)
}

func marshalEnum[T ~string](v T) graphql.Marshaler {
	return graphql.MarshalString(strings.ToUpper(string(v)))
}

func unmarshalEnum[T ~string](v any) (T, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%T is not the value of an enum", v)
	}
	return T(strings.ToLower(s)), nil
}
