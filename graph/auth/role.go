package auth

import "wagateway/models"

// The roles of login tokens (contract §3). Others give no capability.
const (
	roleOwner      = "owner"
	roleAdmin      = "admin"
	roleMember     = "member"
	roleSuperAdmin = "super_admin"
)

// capabilitiesOf gives what the roles allow together. Roles other than
// super_admin are roles in an organization: without one they give nothing.
func capabilitiesOf(roles []string, organizationID string) models.CapabilitySet {
	held := make(map[models.Capability]bool, 4)
	for _, role := range roles {
		switch role {
		case roleOwner, roleAdmin:
			held[models.Read], held[models.Send], held[models.Manage] = true, true, true
		case roleMember:
			held[models.Read], held[models.Send] = true, true
		}
	}
	if organizationID == "" {
		clear(held)
	}
	for _, role := range roles {
		if role == roleSuperAdmin {
			held[models.SuperAdmin] = true
		}
	}
	set := make(models.CapabilitySet, 0, len(held))
	for _, c := range []models.Capability{models.Read, models.Send, models.Manage, models.SuperAdmin} {
		if held[c] {
			set = append(set, c)
		}
	}
	return set
}

// stringsOf reads a claim that is a string or a list of strings. Anything else
// has none.
func stringsOf(claim any) []string {
	switch v := claim.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		var all []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				all = append(all, s)
			}
		}
		return all
	default:
		return nil
	}
}
