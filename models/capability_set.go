package models

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
)

// CapabilitySet is a set of capabilities in canonical order (read, send, manage,
// super_admin), each at most once. It is stored as text: "read,send". The zero
// value holds none.
type CapabilitySet []Capability

// NewCapabilitySet makes a set; order and repeats do not matter. An unknown
// capability is an error.
func NewCapabilitySet(capabilities ...Capability) (CapabilitySet, error) {
	set := make(CapabilitySet, 0, len(capabilities))
	for _, known := range []Capability{Read, Send, Manage, SuperAdmin} {
		if slices.Contains(capabilities, known) {
			set = append(set, known)
		}
	}
	for _, c := range capabilities {
		if !set.Has(c) {
			return nil, fmt.Errorf("unknown capability %q", string(c))
		}
	}
	return set, nil
}

// Has reports whether the set holds c.
func (s CapabilitySet) Has(c Capability) bool { return slices.Contains(s, c) }

// HasAny reports whether the set holds one of the given.
func (s CapabilitySet) HasAny(wanted ...Capability) bool { return slices.ContainsFunc(wanted, s.Has) }

// String is the stored form, "read,send".
func (s CapabilitySet) String() string {
	parts := make([]string, len(s))
	for i, c := range s {
		parts[i] = string(c)
	}
	return strings.Join(parts, ",")
}

// Value makes the stored form of the canonical set.
func (s CapabilitySet) Value() (driver.Value, error) {
	set, err := NewCapabilitySet(s...)
	if err != nil {
		return nil, err
	}
	return set.String(), nil
}

// Scan reads the stored form.
func (s *CapabilitySet) Scan(value any) error {
	var stored string
	switch v := value.(type) {
	case string:
		stored = v
	case []byte:
		stored = string(v)
	default:
		return fmt.Errorf("capabilities cannot be read from %T", value)
	}
	var capabilities []Capability
	if stored != "" {
		for part := range strings.SplitSeq(stored, ",") {
			capabilities = append(capabilities, Capability(part))
		}
	}
	set, err := NewCapabilitySet(capabilities...)
	if err != nil {
		return err
	}
	*s = set
	return nil
}

// GormDataType tells GORM that the set is text.
func (CapabilitySet) GormDataType() string { return "string" }
