package wasim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"go.mau.fi/whatsmeow/util/cbcutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"
)

// What media is for decides its keys.
const (
	imageKeys    = "WhatsApp Image Keys"
	videoKeys    = "WhatsApp Video Keys"
	audioKeys    = "WhatsApp Audio Keys"
	documentKeys = "WhatsApp Document Keys"
)

// macLength is how much of the HMAC stands behind encrypted media.
const macLength = 10

// ErrMediaBroken is returned by [Phone.Download] for media whose MAC, hashes or
// length are not what the message says.
var ErrMediaBroken = errors.New("media is not what the message says")

// hosted is media on the server, as messages describe it.
type hosted struct {
	url, directPath   string
	key               []byte
	encSHA256, sha256 []byte
	length            uint64
}

// mediaKeys derives the keys of a file.
func mediaKeys(key []byte, use string) (iv, cipherKey, macKey []byte) {
	expanded := hkdfutil.SHA256(key, nil, []byte(use), 112)
	return expanded[:16], expanded[16:48], expanded[48:80]
}

// host encrypts a file with a new key and uploads it, as the account's own.
func (s *Server) host(owner string, plain []byte, use string) (hosted, error) {
	key := randomBytes(32)
	iv, cipherKey, macKey := mediaKeys(key, use)
	file := s.media.create(owner)
	plainSum, sum, length, _, err := cbcutil.EncryptStream(cipherKey, iv, macKey, bytes.NewReader(plain), file)
	if err != nil {
		file.discard()
		return hosted{}, fmt.Errorf("encrypting media: %w", err)
	}
	direct, err := file.publish()
	if err != nil {
		return hosted{}, err
	}
	return hosted{url: mediaURL(direct), directPath: direct, key: key, encSHA256: sum, sha256: plainSum, length: length}, nil
}

// hostPlain uploads a file as it is, as the account's own: channels have no keys.
func (s *Server) hostPlain(owner string, plain []byte, _ string) (hosted, error) {
	file := s.media.create(owner)
	if _, err := file.Write(plain); err != nil {
		file.discard()
		return hosted{}, fmt.Errorf("writing media: %w", err)
	}
	direct, err := file.publish()
	if err != nil {
		return hosted{}, err
	}
	return hosted{url: mediaURL(direct), directPath: direct, sha256: sum256(plain), length: uint64(len(plain))}, nil
}

// openMedia checks and decrypts a file.
func openMedia(sealed []byte, use string, want hosted) ([]byte, error) {
	if !bytes.Equal(sum256(sealed), want.encSHA256) {
		return nil, fmt.Errorf("%w: hash of the encrypted file", ErrMediaBroken)
	}
	if len(sealed) <= macLength || len(want.key) != 32 {
		return nil, fmt.Errorf("%w: too short", ErrMediaBroken)
	}
	iv, cipherKey, macKey := mediaKeys(want.key, use)
	body, mac := bytes.Clone(sealed[:len(sealed)-macLength]), sealed[len(sealed)-macLength:]
	sum := hmac.New(sha256.New, macKey)
	sum.Write(iv)
	sum.Write(body)
	if !hmac.Equal(sum.Sum(nil)[:macLength], mac) {
		return nil, fmt.Errorf("%w: MAC", ErrMediaBroken)
	}
	plain, err := cbcutil.Decrypt(cipherKey, iv, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMediaBroken, err)
	}
	if !bytes.Equal(sum256(plain), want.sha256) {
		return nil, fmt.Errorf("%w: hash of the file", ErrMediaBroken)
	}
	if uint64(len(plain)) != want.length {
		return nil, fmt.Errorf("%w: %d bytes instead of %d", ErrMediaBroken, len(plain), want.length)
	}
	return plain, nil
}

func sum256(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}
