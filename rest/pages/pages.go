// Package pages serves the gateway's two small pages for people, embedded, with
// nothing fetched from elsewhere: /docs, the API reference (Swagger UI over the
// OpenAPI document), and /pair, which shows a session's QR code and renews it.
package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assets embed.FS

// files is what is served, by address. Assets that end in .gz are kept that way.
var files = map[string]string{
	"/docs":                      "docs.html",
	"/docs/docs.js":              "docs.js",
	"/docs/swagger-ui.css":       "swagger-ui.css.gz",
	"/docs/swagger-ui-bundle.js": "swagger-ui-bundle.js.gz",
	"/pair":                      "pair.html",
	"/pair/pair.css":             "pair.css",
	"/pair/pair.js":              "pair.js",
}

// policy lets the pages use what they bring, and the pictures they make. Swagger
// UI sets style attributes and draws its icons from data: addresses.
const policy = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// Handlers gives the handler of every address of the pages. They need no
// credential: what a page shows it asks for with the one its reader gives it.
func Handlers() (map[string]http.Handler, error) {
	handlers := make(map[string]http.Handler, len(files))
	for address, name := range files {
		content, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return nil, fmt.Errorf("reading page %s: %w", address, err)
		}
		sum := sha256.Sum256(content)
		handlers[address] = file{
			content:   content,
			isGzip:    strings.HasSuffix(name, ".gz"),
			mediaType: mediaType(strings.TrimSuffix(name, ".gz")),
			etag:      `"` + hex.EncodeToString(sum[:8]) + `"`,
		}
	}
	return handlers, nil
}

// mediaType is ours to say: package mime asks the machine, whose answers differ.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	default:
		return "text/html; charset=utf-8"
	}
}

// file is one embedded file.
type file struct {
	content   []byte
	isGzip    bool
	mediaType string
	etag      string
}

func (f file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.etag)
	if r.Header.Get("If-None-Match") == f.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if !f.isGzip {
		h.Set("Content-Length", strconv.Itoa(len(f.content)))
		_, _ = w.Write(f.content)
		return
	}
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(f.content)))
		_, _ = w.Write(f.content)
		return
	}
	z, err := gzip.NewReader(bytes.NewReader(f.content))
	if err != nil {
		http.Error(w, "the page is damaged", http.StatusInternalServerError)
		return
	}
	// The content is ours and its size known; a failed write means the reader left.
	_, _ = io.Copy(w, z) //nolint:gosec // not a stranger's archive
}
