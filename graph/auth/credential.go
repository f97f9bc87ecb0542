package auth

import (
	"errors"
	"net/http"
	"strings"

	"wagateway/models/fault"
)

// maxCredential bounds a credential in bytes. Login tokens of common identity
// providers have 1 to 4 KiB.
const maxCredential = 8 << 10

// The headers of a credential. A websocket's init payload has them as fields.
const (
	headerAuthorization = "Authorization"
	headerAPIKey        = "X-Api-Key" //nolint:gosec // the name of a header, not a secret
)

// errNone is the cause of the refusal of a request that carries no credential.
var errNone = errors.New("no credential")

// credential is what a request was sent with.
type credential struct {
	secret  string
	keyOnly bool // came as x-api-key, so it can only be an API key
}

// credentialOf reads the one credential of a request. None, several, a scheme
// other than Bearer and what cannot be one are fault.Unauthorized.
func credentialOf(h http.Header) (credential, error) {
	return pickCredential(h.Values(headerAuthorization), h.Values(headerAPIKey))
}

// pickCredential decides between the values of the two headers. Blank values do
// not count: the playground sends an empty x-api-key until it is filled in.
func pickCredential(authorization, apiKey []string) (credential, error) {
	authorization, apiKey = filled(authorization), filled(apiKey)
	switch {
	case len(authorization)+len(apiKey) == 0:
		return credential{}, fault.NoCredential(errNone)
	case len(authorization)+len(apiKey) > 1:
		return credential{}, fault.NoCredential(errors.New("more than one credential"))
	case len(apiKey) == 1:
		return checkCredential(credential{secret: apiKey[0], keyOnly: true})
	}
	scheme, secret, _ := strings.Cut(authorization[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return credential{}, fault.NoCredential(errors.New("not a Bearer credential"))
	}
	return checkCredential(credential{secret: strings.Trim(secret, " ")})
}

func filled(values []string) []string {
	var kept []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			kept = append(kept, v)
		}
	}
	return kept
}

// checkCredential refuses what is no token by its form: RFC 6750's b64token.
func checkCredential(c credential) (credential, error) {
	switch {
	case c.secret == "":
		return credential{}, fault.NoCredential(errors.New("an empty credential"))
	case len(c.secret) > maxCredential:
		return credential{}, fault.NoCredential(errors.New("an oversized credential"))
	}
	for i := range len(c.secret) {
		switch b := c.secret[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', strings.IndexByte("-._~+/=", b) >= 0:
		default:
			return credential{}, fault.NoCredential(errors.New("a credential with characters that no token has"))
		}
	}
	return c, nil
}
