package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"

	"wagateway/whatsapp/outbound"
)

// problem describes an error of the connection to the webhook's owner, in our
// own words: the error's may hold the address, which may hold a token, or tell
// of the gateway's network.
func problem(err error) string {
	var (
		resolving   *net.DNSError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		name        x509.HostnameError
		record      tls.RecordHeaderError
		timeout     net.Error
	)
	switch {
	case errors.Is(err, outbound.ErrRefused):
		return "the address is not public"
	case errors.Is(err, context.Canceled):
		return "the gateway was stopped meanwhile"
	case errors.As(err, &resolving):
		return "the host's name cannot be resolved"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "host not reachable"
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &name):
		return "the host's certificate is not valid"
	case errors.As(err, &record):
		return "the host does not speak TLS"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was closed without an answer"
	}
	return "the connection failed"
}
