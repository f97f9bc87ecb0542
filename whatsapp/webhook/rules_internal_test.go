package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"wagateway/models"
	"wagateway/whatsapp/outbound"
)

func TestDelay(t *testing.T) {
	t.Parallel()
	timing := Timing{}.withDefaults()
	const s = time.Second
	for _, test := range []struct {
		kind    models.RetryKind
		seconds int
		n       int
		asked   time.Duration
		want    time.Duration
	}{
		{models.RetryConstant, 2, 1, 0, 2 * s},
		{models.RetryConstant, 2, 49, 0, 2 * s},
		{models.RetryConstant, 3600, 1, 0, time.Hour},
		{models.RetryLinear, 2, 1, 0, 2 * s},
		{models.RetryLinear, 2, 7, 0, 14 * s},
		{models.RetryLinear, 3600, 49, 0, time.Hour},
		{models.RetryExponential, 2, 1, 0, 2 * s},
		{models.RetryExponential, 2, 4, 0, 16 * s},
		{models.RetryExponential, 2, 11, 0, 2048 * s},
		{models.RetryExponential, 2, 12, 0, time.Hour},
		{models.RetryExponential, 3600, 49, 0, time.Hour},
		{models.RetryExponential, 2, 1, 60 * s, 60 * s},
		{models.RetryExponential, 2, 10, s, 1024 * s},
		{models.RetryConstant, 2, 1, 99 * time.Hour, time.Hour},
	} {
		for range 20 {
			got := timing.delay(models.RetryPolicy{Policy: test.kind, DelaySeconds: test.seconds}, test.n, test.asked)
			assert.GreaterOrEqual(t, got, test.want, "%+v", test)
			assert.LessOrEqual(t, got, test.want+test.want/10, "%+v", test)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-7": 0, "99999999999": time.Hour, "999999999999999999999999": 0, "soon": 0, "1.5": 0,
		now.Add(30 * time.Second).Format(http.TimeFormat): 30 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
		now.Add(24 * time.Hour).Format(http.TimeFormat):   time.Hour,
	} {
		assert.Equal(t, want, retryAfter(value, now), value)
	}
}

// What the ledger shows of a failed connection holds no address.
func TestProblem(t *testing.T) {
	t.Parallel()
	const secretURL = "https://10.0.0.1/token"
	dial := func(err error) error {
		return &url.Error{Op: "Post", URL: secretURL, Err: &net.OpError{Op: "dial", Net: "tcp", Err: err}}
	}
	for want, err := range map[string]error{
		"the address is not public":                   dial(fmt.Errorf("x: %w", outbound.ErrRefused)),
		"the host's name cannot be resolved":          dial(&net.DNSError{Err: "no such host", Name: "a.example", IsNotFound: true}),
		"no answer in time":                           &url.Error{Op: "Post", URL: secretURL, Err: context.DeadlineExceeded},
		"connection refused":                          dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)),
		"host not reachable":                          dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)),
		"the host's certificate is not valid":         &url.Error{Op: "Post", URL: secretURL, Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}},
		"the host does not speak TLS":                 &url.Error{Op: "Post", URL: secretURL, Err: tls.RecordHeaderError{Msg: "x"}},
		"the connection was closed without an answer": &url.Error{Op: "Post", URL: secretURL, Err: io.EOF},
		"the gateway was stopped meanwhile":           &url.Error{Op: "Post", URL: secretURL, Err: context.Canceled},
		"the connection failed":                       &url.Error{Op: "Post", URL: secretURL, Err: errors.New("strange " + secretURL)},
	} {
		assert.Equal(t, want, problem(err))
	}
}

func TestBreakerOpensAfterFailuresInSeveralLanes(t *testing.T) {
	t.Parallel()
	var b breaker
	now, timing := time.Now(), Timing{}.withDefaults()
	one := models.Lane{EventKey: "one"}
	for range 100 {
		assert.False(t, b.failure(one, now, now, timing), "one lane is not the endpoint")
	}
	opened := 0
	for i := range 10 {
		if b.failure(models.Lane{EventKey: fmt.Sprint(i)}, now, now, timing) {
			opened++
		}
	}
	assert.Equal(t, 1, opened)
	assert.Equal(t, now.Add(time.Second), b.probeAt)
	for range 20 {
		b.probed(now, timing)
	}
	assert.Equal(t, now.Add(time.Minute), b.probeAt)
}
