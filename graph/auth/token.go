package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"wagateway/models"
	"wagateway/models/fault"
)

const (
	// clockSkew is how far the identity provider's clock may be off.
	clockSkew = 30 * time.Second
	// minRSABits is the least size of an RSA key (RFC 7518 §3.3).
	minRSABits = 2048
	// maxClaim bounds an organization's or a user's id in bytes.
	maxClaim = 255
)

// tokens verifies login tokens.
type tokens struct {
	keys   *keySet
	config Config
	now    func() time.Time
}

// verify gives the caller of a login token. A token that is not valid is
// fault.Unauthorized.
func (t *tokens) verify(ctx context.Context, token string) (*Actor, error) {
	algorithm, keyID, err := inspect(token)
	if err != nil {
		return nil, fault.NoCredential(err)
	}
	keys, err := t.keys.find(ctx, func(set jwk.Set) []jwk.Key { return fitting(set, algorithm, keyID) })
	if err != nil {
		return nil, err
	}
	// Without a kid any of several keys could be meant; with one, ids are unique.
	if len(keys) != 1 {
		return nil, fault.NoCredential(fmt.Errorf("%d keys fit the token", len(keys)))
	}
	claims, err := jwt.ParseString(token, jwt.WithKey(algorithm, keys[0]), jwt.WithValidate(false))
	if err != nil {
		return nil, fault.NoCredential(fmt.Errorf("verifying the signature: %w", err))
	}
	if err := jwt.Validate(claims, t.rules()...); err != nil {
		return nil, fault.NoCredential(fmt.Errorf("checking the claims: %w", err))
	}
	return t.actor(claims)
}

func (t *tokens) rules() []jwt.ValidateOption {
	rules := []jwt.ValidateOption{
		jwt.WithClock(jwt.ClockFunc(t.now)),
		jwt.WithAcceptableSkew(clockSkew),
		jwt.WithRequiredClaim(jwt.ExpirationKey),
	}
	if t.config.Issuer != "" {
		rules = append(rules, jwt.WithIssuer(t.config.Issuer))
	}
	if t.config.Audience != "" {
		rules = append(rules, jwt.WithAudience(t.config.Audience))
	}
	return rules
}

func (t *tokens) actor(claims jwt.Token) (*Actor, error) {
	organization, _ := claims.Get(t.config.OrganizationClaim)
	role, _ := claims.Get(t.config.RoleClaim)
	actor := &Actor{UserID: claims.Subject(), ExpiresAt: models.MillisOf(claims.Expiration().Add(clockSkew))}
	actor.OrganizationID, _ = organization.(string)
	if len(actor.OrganizationID) > maxClaim || len(actor.UserID) > maxClaim ||
		strings.ContainsRune(actor.OrganizationID, 0) || strings.ContainsRune(actor.UserID, 0) {
		return nil, fault.NoCredential(errors.New("a claim that is no id"))
	}
	actor.Capabilities = capabilitiesOf(stringsOf(role), actor.OrganizationID)
	return actor, nil
}

// inspect reads algorithm and key id of a token that nobody has verified yet.
func inspect(token string) (algorithm jwa.SignatureAlgorithm, keyID string, err error) {
	if strings.Count(token, ".") != 2 {
		return "", "", errors.New("not a compact JWS")
	}
	message, err := jws.ParseString(token)
	if err != nil {
		return "", "", fmt.Errorf("parsing the token: %w", err)
	}
	if len(message.Signatures()) != 1 {
		return "", "", errors.New("not exactly one signature")
	}
	header := message.Signatures()[0].ProtectedHeaders()
	if len(header.Critical()) > 0 {
		return "", "", errors.New("critical header parameters are not understood")
	}
	switch algorithm = header.Algorithm(); algorithm {
	case jwa.RS256, jwa.ES256, jwa.EdDSA:
		return algorithm, header.KeyID(), nil
	default:
		return "", "", fmt.Errorf("algorithm %q is not accepted", algorithm)
	}
}

// fitting gives the keys of the set that may verify a signature of this
// algorithm: kind, curve and size are the algorithm's, the key's own alg and use
// do not forbid it, and the id is the wanted one, if one is wanted.
func fitting(set jwk.Set, algorithm jwa.SignatureAlgorithm, keyID string) []jwk.Key {
	var keys []jwk.Key
	for i := range set.Len() {
		key, ok := set.Key(i)
		if !ok || keyID != "" && key.KeyID() != keyID {
			continue
		}
		if alg := key.Algorithm().String(); alg != "" && alg != algorithm.String() {
			continue
		}
		if use := key.KeyUsage(); use != "" && use != jwk.ForSignature.String() {
			continue
		}
		if public, err := key.PublicKey(); err == nil && suits(public, algorithm) {
			keys = append(keys, public)
		}
	}
	return keys
}

func suits(key jwk.Key, algorithm jwa.SignatureAlgorithm) bool {
	var raw any
	if err := key.Raw(&raw); err != nil {
		return false
	}
	switch public := raw.(type) {
	case *rsa.PublicKey:
		return algorithm == jwa.RS256 && public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey:
		return algorithm == jwa.ES256 && public.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return algorithm == jwa.EdDSA
	default:
		return false
	}
}
