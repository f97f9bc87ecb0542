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

// MarshalChatType writes a ChatType.
func MarshalChatType(t models.ChatType) graphql.Marshaler { return marshalEnum(t) }

// UnmarshalChatType reads a ChatType.
func UnmarshalChatType(v any) (models.ChatType, error) { return unmarshalEnum[models.ChatType](v) }

// MarshalContactSource writes a ContactSource.
func MarshalContactSource(s models.ContactSource) graphql.Marshaler { return marshalEnum(s) }

// UnmarshalContactSource reads a ContactSource.
func UnmarshalContactSource(v any) (models.ContactSource, error) {
	return unmarshalEnum[models.ContactSource](v)
}

// MarshalPrivacyValue writes a PrivacyValue; one that is not known is null.
func MarshalPrivacyValue(v string) graphql.Marshaler {
	if v == "" {
		return graphql.Null
	}
	return marshalEnum(v)
}

// UnmarshalPrivacyValue reads a PrivacyValue.
func UnmarshalPrivacyValue(v any) (string, error) { return unmarshalEnum[string](v) }

// MarshalBackfillStatus writes a BackfillStatus.
func MarshalBackfillStatus(s models.BackfillStatus) graphql.Marshaler { return marshalEnum(s) }

// UnmarshalBackfillStatus reads a BackfillStatus.
func UnmarshalBackfillStatus(v any) (models.BackfillStatus, error) {
	return unmarshalEnum[models.BackfillStatus](v)
}

// MarshalChannelRole writes a ChannelRole.
func MarshalChannelRole(r models.ChannelRole) graphql.Marshaler { return marshalEnum(r) }

// UnmarshalChannelRole reads a ChannelRole.
func UnmarshalChannelRole(v any) (models.ChannelRole, error) {
	return unmarshalEnum[models.ChannelRole](v)
}

// MarshalCallStatus writes a CallStatus.
func MarshalCallStatus(s models.CallStatus) graphql.Marshaler { return marshalEnum(s) }

// UnmarshalCallStatus reads a CallStatus.
func UnmarshalCallStatus(v any) (models.CallStatus, error) {
	return unmarshalEnum[models.CallStatus](v)
}

// MarshalMessageType writes a MessageType.
func MarshalMessageType(t models.MessageType) graphql.Marshaler { return marshalEnum(t) }

// UnmarshalMessageType reads a MessageType.
func UnmarshalMessageType(v any) (models.MessageType, error) {
	return unmarshalEnum[models.MessageType](v)
}

// MarshalMessageDirection writes a MessageDirection.
func MarshalMessageDirection(d string) graphql.Marshaler { return marshalEnum(d) }

// UnmarshalMessageDirection reads a MessageDirection.
func UnmarshalMessageDirection(v any) (string, error) { return unmarshalEnum[string](v) }

// MarshalSendMode writes a SendMode.
func MarshalSendMode(m models.SendMode) graphql.Marshaler { return marshalEnum(m) }

// UnmarshalSendMode reads a SendMode.
func UnmarshalSendMode(v any) (models.SendMode, error) { return unmarshalEnum[models.SendMode](v) }

// MarshalSendStatus writes a SendStatus.
func MarshalSendStatus(s string) graphql.Marshaler { return marshalEnum(s) }

// UnmarshalSendStatus reads a SendStatus.
func UnmarshalSendStatus(v any) (string, error) { return unmarshalEnum[string](v) }

// MarshalRetryKind writes a RetryKind.
func MarshalRetryKind(k models.RetryKind) graphql.Marshaler { return marshalEnum(k) }

// UnmarshalRetryKind reads a RetryKind.
func UnmarshalRetryKind(v any) (models.RetryKind, error) { return unmarshalEnum[models.RetryKind](v) }

// MarshalDeliveryStatus writes a DeliveryStatus.
func MarshalDeliveryStatus(s models.DeliveryStatus) graphql.Marshaler { return marshalEnum(s) }

// UnmarshalDeliveryStatus reads a DeliveryStatus.
func UnmarshalDeliveryStatus(v any) (models.DeliveryStatus, error) {
	return unmarshalEnum[models.DeliveryStatus](v)
}

// MarshalEventType writes an EventType: "message.status" is MESSAGE_STATUS.
func MarshalEventType(n models.EventName) graphql.Marshaler {
	return marshalEnum(strings.ReplaceAll(string(n), ".", "_"))
}

// UnmarshalEventType reads an EventType.
func UnmarshalEventType(v any) (models.EventName, error) {
	spelled, err := unmarshalEnum[string](v)
	if err != nil {
		return "", err
	}
	for _, name := range models.EventNames() {
		if strings.ReplaceAll(string(name), ".", "_") == spelled {
			return name, nil
		}
	}
	return "", fmt.Errorf("%q is not an event", spelled)
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

// MarshalMediaStatus writes a MediaStatus.
func MarshalMediaStatus(s models.MediaStatus) graphql.Marshaler { return marshalEnum(s) }

// UnmarshalMediaStatus reads a MediaStatus.
func UnmarshalMediaStatus(v any) (models.MediaStatus, error) {
	return unmarshalEnum[models.MediaStatus](v)
}
