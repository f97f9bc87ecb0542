package models

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"

	"wagateway/models/fault"
)

const (
	secretMark = "wa_" // how an API key's secret begins (contract §3)
	// secretLength is the length of the random part: 43 base62 digits hold 256 bits.
	secretLength = 43
	// minSecretLength is the least length of the part behind the mark that is
	// accepted from an operator.
	minSecretLength = 8
	maxSecretLength = 200
	prefixLength    = len(secretMark) + 4
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newAPIKeySecret makes a random secret: "wa_" and 43 base62 digits.
func newAPIKeySecret() string {
	var b strings.Builder
	b.WriteString(secretMark)
	for buf := make([]byte, 64); b.Len() < len(secretMark)+secretLength; {
		_, _ = rand.Read(buf) // never fails: crypto/rand ends the process instead
		for _, c := range buf {
			// 248 is the largest multiple of 62 in a byte; the rest would favour some digits.
			if c < 248 && b.Len() < len(secretMark)+secretLength {
				b.WriteByte(base62[c%62])
			}
		}
	}
	return b.String()
}

// IsAPIKeySecret reports whether a credential has the form of an API key's
// secret: "wa_" and 8 to 200 letters, digits, "_" or "-".
func IsAPIKeySecret(credential string) bool {
	rest, marked := strings.CutPrefix(credential, secretMark)
	if !marked || len(rest) < minSecretLength || len(rest) > maxSecretLength {
		return false
	}
	return strings.Trim(rest, base62+"_-") == ""
}

// hashSecret is the stored form of a secret. Secrets are random, so a plain
// hash cannot be searched, and authentication stays fast.
func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func validateSecret(secret string) error {
	if !IsAPIKeySecret(secret) {
		return fault.Invalid("secret", "secret must be wa_ and 8 to 200 letters, digits, _ or -")
	}
	return nil
}
