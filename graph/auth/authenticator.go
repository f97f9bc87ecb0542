package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/hashicorp/golang-lru/v2"

	"wagateway/models"
	"wagateway/models/fault"
)

// knownOrganizations bounds the organizations that are remembered as stored.
const knownOrganizations = 10_000

// Config says which login tokens are accepted. The zero value accepts none:
// then there are only API keys.
type Config struct {
	JWKSURL           string // where the identity provider publishes its keys; "" = no login tokens
	Issuer            string // the required iss; "" = any
	Audience          string // the required aud; "" = any
	OrganizationClaim string // "" = "org"
	RoleClaim         string // a string or a list of strings; "" = "role"

	HTTPClient *http.Client     // for the JWKS; nil = a client of its own
	Now        func() time.Time // nil = time.Now
	Logger     *slog.Logger     // nil = silent
}

// Authenticator tells who a credential belongs to. It is safe for concurrent
// use and has nothing to close.
type Authenticator struct {
	db     *models.DB
	tokens *tokens // nil: no login tokens
	known  *lru.Cache[string, struct{}]
	now    func() time.Time
	log    *slog.Logger
}

// New makes an authenticator. Nothing is fetched before the first token.
func New(config Config, db *models.DB) (*Authenticator, error) {
	if db == nil {
		return nil, errors.New("auth: a database is required")
	}
	if config.OrganizationClaim == "" {
		config.OrganizationClaim = "org"
	}
	if config.RoleClaim == "" {
		config.RoleClaim = "role"
	}
	if config.HTTPClient == nil {
		config.HTTPClient = &http.Client{}
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	known, err := lru.New[string, struct{}](knownOrganizations)
	if err != nil {
		return nil, err
	}
	a := &Authenticator{db: db, known: known, now: config.Now, log: config.Logger}
	if config.JWKSURL != "" {
		a.tokens = &tokens{
			keys:   newKeySet(config.JWKSURL, config.HTTPClient, config.Logger, config.Now),
			config: config, now: config.Now,
		}
	}
	return a, nil
}

// authenticate gives the caller of a credential: fault.Unauthorized when it is
// not valid, fault.Unavailable when that cannot be told now.
func (a *Authenticator) authenticate(ctx context.Context, c credential) (*Actor, error) {
	actor, err := a.identify(ctx, c)
	if fault.Is(err, fault.Unauthorized) {
		a.log.DebugContext(ctx, "credential refused", "error", err)
	}
	return actor, err
}

func (a *Authenticator) identify(ctx context.Context, c credential) (*Actor, error) {
	// A token is three base64 parts with dots, which no API key has, so which of
	// the two it is needs no trying.
	if models.IsAPIKeySecret(c.secret) {
		return a.identifyKey(ctx, c.secret)
	}
	if c.keyOnly || a.tokens == nil {
		return nil, fault.NoCredential(errors.New("not an API key"))
	}
	actor, err := a.tokens.verify(ctx, c.secret)
	if err != nil {
		return nil, err
	}
	if err := a.ensureOrganization(ctx, actor.OrganizationID); err != nil {
		return nil, err
	}
	return actor, nil
}

func (a *Authenticator) identifyKey(ctx context.Context, secret string) (*Actor, error) {
	key, err := a.db.APIKeys.Authenticate(ctx, secret)
	if err != nil {
		return nil, err
	}
	return &Actor{
		OrganizationID: key.OrganizationID,
		APIKey:         key,
		Capabilities:   key.Capabilities,
		SessionID:      key.SessionID,
		ExpiresAt:      key.ExpiresAt,
	}, nil
}

// ensureOrganization stores the organization of a valid token when it is new
// here: the identity provider does not tell us of new ones.
func (a *Authenticator) ensureOrganization(ctx context.Context, id string) error {
	if id == "" || a.known.Contains(id) {
		return nil
	}
	_, err := a.db.Organizations.Get(ctx, id)
	if fault.Is(err, fault.NotFound) {
		_, err = a.db.Organizations.Ensure(ctx, id, "")
	}
	if err != nil {
		return err
	}
	a.known.Add(id, struct{}{})
	return nil
}

// StillValid reports whether a caller's credential is good still: for streams,
// which outlive the request that began them. A revoked or expired credential is
// fault.Unauthorized.
func (a *Authenticator) StillValid(ctx context.Context, actor *Actor) error {
	if actor.ExpiresAt != 0 && models.MillisOf(a.now()) >= actor.ExpiresAt {
		return fault.NoCredential(errors.New("the credential has expired"))
	}
	if actor.APIKey == nil {
		return nil
	}
	key, err := a.db.APIKeys.Get(ctx, actor.OrganizationID, actor.APIKey.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return fault.NoCredential(err)
	case err != nil:
		return err
	case key.RevokedAt != 0:
		return fault.NoCredential(errors.New("the API key has been revoked"))
	}
	return nil
}
