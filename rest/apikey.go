package rest

import (
	"context"
	"fmt"
	"net/http"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
)

const (
	tagKeys = "Keys"

	keysPath = "/api/v1/api-keys"
	keyPath  = keysPath + "/{id}"
)

// APIKey is an API key; only the answer that creates it holds the secret. Strings
// that do not apply are empty, times that never were are null.
type APIKey struct {
	Capabilities    []string `json:"capabilities" required:"true" nullable:"false" description:"What it may do: read, send, manage." example:"[\"read\",\"send\"]"`
	CreatedAt       int64    `json:"createdAt" required:"true" description:"Unix epoch milliseconds." example:"1719662400000"`
	CreatedByUserID string   `json:"createdByUserId" required:"true" description:"The user who created it; empty when it was created on the command line or by another key." example:"user_01J9DEF"`
	ExpiresAt       *int64   `json:"expiresAt" required:"true" description:"When it stops working, Unix epoch milliseconds; null: never."`
	ID              string   `json:"id" required:"true" description:"key_ and a ULID." example:"key_01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	LastUsedAt      *int64   `json:"lastUsedAt" required:"true" description:"When it was last used, to the minute, Unix epoch milliseconds; null: never."`
	Name            string   `json:"name" required:"true" description:"What it is for." example:"CRM"`
	OrganizationID  string   `json:"organizationId" required:"true" description:"The organization it belongs to." example:"org_01J9ABC"`
	Prefix          string   `json:"prefix" required:"true" description:"The first characters of the secret, to recognise it by." example:"wa_AbCd"`
	RevokedAt       *int64   `json:"revokedAt" required:"true" description:"When it was revoked, Unix epoch milliseconds; null: it is valid."`
	Secret          string   `json:"secret,omitempty" description:"The credential itself: only in the answer that creates the key." example:"wa_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdef"`
	SessionID       string   `json:"sessionId" required:"true" description:"The only session it may use; empty: all of the organization." example:""`
}

func presentAPIKey(k *models.APIKey) APIKey {
	capabilities := make([]string, len(k.Capabilities))
	for i, c := range k.Capabilities {
		capabilities[i] = string(c)
	}
	return APIKey{
		Capabilities:    capabilities,
		CreatedAt:       int64(k.CreatedAt),
		CreatedByUserID: k.CreatedByUserID,
		ExpiresAt:       millisOrNull(k.ExpiresAt),
		ID:              k.ID,
		LastUsedAt:      millisOrNull(k.LastUsedAt),
		Name:            k.Name,
		OrganizationID:  k.OrganizationID,
		Prefix:          k.Prefix,
		RevokedAt:       millisOrNull(k.RevokedAt),
		SessionID:       k.SessionID,
	}
}

// inAPIKey is the input of operations about one key.
type inAPIKey struct {
	ID string `path:"id" json:"-" description:"The key's id." example:"key_01J9ZX8K2QHV0M3T6R7P4N5W8C"`
}

// inCreateAPIKey is the input of createApiKey.
type inCreateAPIKey struct {
	Name         string   `json:"name" required:"true" maxLength:"100" description:"What it is for." example:"CRM"`
	Capabilities []string `json:"capabilities" description:"What it may do: read, send, manage. Absent: all three. What the caller itself may not do is refused." example:"[\"read\",\"send\"]"`
	SessionID    *string  `json:"sessionId" description:"Limits the key to one session of the organization."`
	ExpiresAt    *int64   `json:"expiresAt" description:"When it stops working, Unix epoch milliseconds in the future. Absent: never." example:"1893456000000"`
}

func apiKeyRows() []route {
	return []route{
		row(spec{
			Operation: "listApiKeys", Tag: tagKeys, Method: http.MethodGet, Pattern: keysPath,
			Field: "Query.apiKeys", Status: http.StatusOK,
			Summary: "The organization's API keys, newest last, revoked ones included.",
		}, func(ctx context.Context, root gen.ResolverRoot, in page) (*gen.APIKeyConnection, error) {
			return root.Query().APIKeys(ctx, in.first(), in.after())
		}, presentAPIKeys),
		row(spec{
			Operation: "createApiKey", Tag: tagKeys, Method: http.MethodPost, Pattern: keysPath,
			Field: "Mutation.createApiKey", Status: http.StatusCreated,
			Summary: "Create an API key.",
			Notes:   "`secret` is in this answer and nowhere else, ever.",
			Faults:  []fault.Code{fault.NotFound},
			Answers: map[int]map[string]any{http.StatusCreated: {"secret": "wa_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdef"}}, //nolint:gosec // an example
		}, func(ctx context.Context, root gen.ResolverRoot, in inCreateAPIKey) (*gen.CreateAPIKeyPayload, error) {
			input, err := in.input()
			if err != nil {
				return nil, err
			}
			return root.Mutation().CreateAPIKey(ctx, input)
		}, presentNewAPIKey),
		act(spec{
			Operation: "revokeApiKey", Tag: tagKeys, Method: http.MethodDelete, Pattern: keyPath,
			Field: "Mutation.revokeApiKey", Status: http.StatusNoContent,
			Summary: "Revoke an API key at once.",
			Notes:   "Repeating it changes nothing.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inAPIKey) (*gen.RevokeAPIKeyPayload, error) {
			return root.Mutation().RevokeAPIKey(ctx, in.ID)
		}),
	}
}

func presentAPIKeys(c *gen.APIKeyConnection) emptyEndList[APIKey] {
	return emptyEndList[APIKey]{Data: presentEach(c.Nodes, presentAPIKey), NextCursor: nextCursor(c.PageInfo)}
}

func presentNewAPIKey(p *gen.CreateAPIKeyPayload) APIKey {
	k := presentAPIKey(p.APIKey)
	k.Secret = p.Secret
	return k
}

// input turns the contract's words into the schema's: capabilities in lower
// case, times in milliseconds.
func (in inCreateAPIKey) input() (gen.CreateAPIKeyInput, error) {
	input := gen.CreateAPIKeyInput{Name: in.Name, SessionID: omit(in.SessionID)}
	if in.ExpiresAt != nil {
		input.ExpiresAt = graphql.OmittableOf(new(models.Millis(*in.ExpiresAt)))
	}
	if in.Capabilities == nil {
		return input, nil
	}
	wanted := make([]models.Capability, len(in.Capabilities))
	for i, word := range in.Capabilities {
		wanted[i] = models.Capability(word)
		if _, err := models.NewCapabilitySet(wanted[i]); err != nil {
			return input, fault.Invalid(fmt.Sprintf("capabilities[%d]", i), "a capability is read, send or manage").Because(err)
		}
	}
	input.Capabilities = graphql.OmittableOf(wanted)
	return input, nil
}
