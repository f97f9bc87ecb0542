package rest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	well, ill := newFake(t, &fakeRoot{}), newFake(t, &fakeRoot{fail: errors.New("dial tcp 10.0.0.1: refused")})
	w := do(well, "GET", "/healthz", "")
	assert.Equal(t, 200, w.Code)
	assert.JSONEq(t, `{"status":"ok"}`, w.Body.String())
	assert.Equal(t, 200, do(ill, "GET", "/healthz", "").Code)
	w = do(well, "GET", "/readyz", "")
	assert.Equal(t, 200, w.Code)
	assert.JSONEq(t, `{"checks":{"database":"ok"},"status":"ok"}`, w.Body.String())
	w = do(ill, "GET", "/readyz", "")
	assert.Equal(t, 503, w.Code)
	assert.JSONEq(t, `{"checks":{"database":"failed"},"status":"unavailable"}`, w.Body.String())
}
