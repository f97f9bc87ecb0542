package rest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAccept(t *testing.T) {
	t.Parallel()
	media := []string{"image/png", "text/html"}
	cases := map[string]int{
		"": -1, "*/*": -1, "application/json": -1, "image/png": 0, "image/*": 0, "IMAGE/PNG": 0, "text/html": 1, "image/webp": -1,
		"image/png;q=0.5, application/json": -1, "image/png, application/json;q=0.5": 0, "image/png, application/json": 0, "application/json, image/png": -1,
		"text/html,application/xhtml+xml,*/*;q=0.8": 1, "image/png;q=0": -1, "image/png;q=x": -1, ",,;": -1,
	}
	for accept, want := range cases {
		assert.Equal(t, want, negotiate([]string{accept}, media), accept)
	}
	assert.Equal(t, 0, negotiate([]string{"text/plain", "image/png"}, media))
}
