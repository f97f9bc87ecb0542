package models

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
)

// ErrSecret is the cause when an encrypted column cannot be opened: it was
// written with another secret key, or tampered with.
var ErrSecret = errors.New("the value was encrypted with another secret key, or damaged")

// sealVersion is the first byte of a sealed value: AES-256-GCM, a random
// nonce of 12 bytes, then the ciphertext with its tag.
const sealVersion = 1

// keyring holds the keys derived from the gateway's secret.
type keyring struct {
	columns   cipher.AEAD
	cursorKey []byte
}

func newKeyring(secret []byte) (*keyring, error) {
	columnKey, err := hkdf.Key(sha256.New, secret, nil, "wagateway column encryption", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving keys: %w", err)
	}
	cursorKey, err := hkdf.Key(sha256.New, secret, nil, "wagateway cursors", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving keys: %w", err)
	}
	block, err := aes.NewCipher(columnKey)
	if err != nil {
		return nil, fmt.Errorf("deriving keys: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("deriving keys: %w", err)
	}
	return &keyring{columns: aead, cursorKey: cursorKey}, nil
}

// seal encrypts a column's value. place names column and row ("proxy:<id>"): a
// value copied elsewhere does not open.
func (k *keyring) seal(place, value string) []byte {
	return k.columns.Seal([]byte{sealVersion}, nil, []byte(value), []byte(place)) //nolint:gosec // this AEAD makes a random nonce itself
}

// open decrypts what seal made for the same place, else [ErrSecret].
func (k *keyring) open(place string, sealed []byte) (string, error) {
	if len(sealed) == 0 || sealed[0] != sealVersion {
		return "", ErrSecret
	}
	value, err := k.columns.Open(nil, nil, sealed[1:], []byte(place))
	if err != nil {
		return "", ErrSecret
	}
	return string(value), nil
}

// cursorMAC authenticates a cursor of the given list.
func (k *keyring) cursorMAC(list, key string) []byte {
	mac := hmac.New(sha256.New, k.cursorKey)
	fmt.Fprintf(mac, "%d:%s%s", len(list), list, key)
	return mac.Sum(nil)[:cursorMACSize]
}
