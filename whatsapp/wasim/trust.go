package wasim

import (
	"crypto/sha256"
	"fmt"
	"time"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow/proto/waCert"
	"go.mau.fi/whatsmeow/util/hkdfutil"
	"go.mau.fi/whatsmeow/util/keys"
	"google.golang.org/protobuf/proto"
)

// certificateLife is how long before and after the start the certificates are
// valid. whatsmeow reads a missing date as 1970, so both are always set.
const certificateLife = 10 * 365 * 24 * time.Hour

// trust is the certificate authority and the server's static Noise key.
type trust struct {
	root   *keys.KeyPair
	static *keys.KeyPair
	// chain is the marshalled waCert.CertChain shown in the handshake.
	chain []byte
	// lidSecret makes LIDs that do not follow from phone numbers.
	lidSecret []byte
}

// newTrust derives every long-lived key from seed, so that servers with the
// same seed are trusted by the same root key and give the same LIDs.
func newTrust(seed []byte, now time.Time) (*trust, error) {
	pair := func(name string) *keys.KeyPair {
		return keys.NewKeyPairFromPrivateKey([32]byte(hkdfutil.SHA256(seed, nil, []byte("wasim "+name), 32)))
	}
	t := &trust{
		root:      pair("root"),
		static:    pair("static"),
		lidSecret: hkdfutil.SHA256(seed, nil, []byte("wasim lid"), sha256.Size),
	}
	intermediate := pair("intermediate")
	signedIntermediate, err := certify(t.root, 1, 0, intermediate.Pub, now)
	if err != nil {
		return nil, err
	}
	signedLeaf, err := certify(intermediate, 2, 1, t.static.Pub, now)
	if err != nil {
		return nil, err
	}
	t.chain, err = proto.Marshal(&waCert.CertChain{Intermediate: signedIntermediate, Leaf: signedLeaf})
	if err != nil {
		return nil, fmt.Errorf("marshalling certificate chain: %w", err)
	}
	return t, nil
}

// certify signs subject's key with issuer's.
func certify(issuer *keys.KeyPair, serial, issuerSerial uint32, subject *[32]byte, now time.Time) (*waCert.CertChain_NoiseCertificate, error) {
	details, err := proto.Marshal(&waCert.CertChain_NoiseCertificate_Details{
		Serial:       &serial,
		IssuerSerial: &issuerSerial,
		Key:          subject[:],
		NotBefore:    proto.Uint64(uint64(now.Add(-certificateLife).Unix())),
		NotAfter:     proto.Uint64(uint64(now.Add(certificateLife).Unix())),
	})
	if err != nil {
		return nil, fmt.Errorf("marshalling certificate %d: %w", serial, err)
	}
	return &waCert.CertChain_NoiseCertificate{Details: details, Signature: sign(issuer, details)}, nil
}

// sign makes an XEdDSA signature as Signal does.
func sign(key *keys.KeyPair, data []byte) []byte {
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey(*key.Priv), data)
	return signature[:]
}

// verify checks a signature of any length; a short one is wrong.
func verify(key [32]byte, data, signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	return ecc.VerifySignature(ecc.NewDjbECPublicKey(key), data, [64]byte(signature))
}
