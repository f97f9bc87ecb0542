package graph

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"wagateway/graph/auth"
	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
)

// maxKeyName bounds an API key's name in characters.
const maxKeyName = 100

// createAPIKey makes a key that may do no more than the caller.
func (r *Resolver) createAPIKey(ctx context.Context, input gen.CreateAPIKeyInput) (*gen.CreateAPIKeyPayload, error) {
	actor, err := auth.ActorFrom(ctx)
	if err != nil {
		return nil, err
	}
	wanted := models.NewAPIKey{CreatedByUserID: actor.UserID, Name: strings.TrimSpace(input.Name)}
	if wanted.OrganizationID, err = r.organization(ctx); err != nil {
		return nil, err
	}
	if wanted.Capabilities, err = grantable(actor, input); err != nil {
		return nil, err
	}
	if id := input.SessionID.Value(); id != nil {
		session, err := r.session(ctx, *id)
		if err != nil {
			return nil, err
		}
		wanted.SessionID = session.ID
	}
	if expires := input.ExpiresAt.Value(); expires != nil {
		// 0 means never in the row, but here it is a time long gone.
		wanted.ExpiresAt = max(*expires, 1)
	}
	if err := checkKeyName(wanted.Name); err != nil {
		return nil, err
	}
	key, secret, err := r.DB.APIKeys.Create(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return &gen.CreateAPIKeyPayload{APIKey: key, Secret: secret}, nil
}

// grantable gives the capabilities of a new key: the wanted ones, of which the
// caller must hold each (fault.Forbidden), or what the caller holds.
func grantable(actor *auth.Actor, input gen.CreateAPIKeyInput) (models.CapabilitySet, error) {
	wanted := input.Capabilities.Value()
	if wanted == nil {
		held := slices.DeleteFunc(slices.Clone(actor.Capabilities), func(c models.Capability) bool { return c == models.SuperAdmin })
		return held, nil
	}
	for _, c := range wanted {
		if c == models.SuperAdmin {
			return nil, fault.Invalid("capabilities", "an API key cannot have super_admin")
		}
		if !actor.Capabilities.Has(c) {
			return nil, fault.Denied("a key cannot have the capability " + string(c) + ", which the credential lacks")
		}
	}
	set, err := models.NewCapabilitySet(wanted...)
	if err != nil {
		return nil, fault.Invalid("capabilities", err.Error())
	}
	return set, nil
}

func checkKeyName(name string) error {
	switch {
	case name == "":
		return fault.Missing("name")
	case utf8.RuneCountInString(name) > maxKeyName:
		return fault.Invalid("name", "name must have at most 100 characters").With("max", maxKeyName)
	default:
		return nil
	}
}
