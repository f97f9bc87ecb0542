package playground

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed assets
var embedded embed.FS

// pageName is the template of the page, which is never served as it is.
const pageName = "index.html"

// asset is one file below the page. Its name holds a hash of its content, so it never changes.
type asset struct {
	contentType string
	body        []byte
	// etag and gzipped cost time, so they wait for the first request. gzipped gives nil for a file that
	// is compressed already.
	etag    func() string
	gzipped func() []byte
}

func loadAssets() (map[string]*asset, error) {
	entries, err := fs.ReadDir(embedded, "assets")
	if err != nil {
		return nil, fmt.Errorf("listing the playground's assets: %w", err)
	}
	assets := make(map[string]*asset, len(entries))
	for _, entry := range entries {
		if entry.Name() == pageName {
			continue
		}
		loaded, err := loadAsset(entry.Name())
		if err != nil {
			return nil, err
		}
		assets[entry.Name()] = loaded
	}
	return assets, nil
}

func loadAsset(name string) (*asset, error) {
	extension := path.Ext(name)
	contentType, err := contentTypeOf(extension)
	if err != nil {
		return nil, fmt.Errorf("playground asset %s: %w", name, err)
	}
	body, err := embedded.ReadFile(path.Join("assets", name))
	if err != nil {
		return nil, fmt.Errorf("reading playground asset %s: %w", name, err)
	}
	compressible := !strings.HasPrefix(extension, ".woff")
	return &asset{
		contentType: contentType,
		body:        body,
		etag: sync.OnceValue(func() string {
			sum := sha256.Sum256(body)
			return hex.EncodeToString(sum[:8])
		}),
		gzipped: sync.OnceValue(func() []byte {
			if !compressible {
				return nil
			}
			return compress(body)
		}),
	}, nil
}

// contentTypeOf spells the types out because mime.TypeByExtension depends on the machine.
func contentTypeOf(extension string) (string, error) {
	switch extension {
	case ".css":
		return "text/css; charset=utf-8", nil
	case ".js":
		return "text/javascript; charset=utf-8", nil
	case ".txt":
		return "text/plain; charset=utf-8", nil
	case ".ttf", ".woff", ".woff2":
		return "font/" + extension[1:], nil
	default:
		return "", fmt.Errorf("no content type for %q", extension)
	}
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Vary", "Accept-Encoding")

	body, tag := a.body, `"`+a.etag()+`"`
	if acceptsGzip(r) {
		if gzipped := a.gzipped(); gzipped != nil {
			body, tag = gzipped, `"`+a.etag()+`-gzip"`
			header.Set("Content-Encoding", "gzip")
		}
	}
	header.Set("ETag", tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", a.contentType)
	writeBody(w, r, body)
}

// acceptsGzip reads the codings a browser sends; "gzip;q=0" is a refusal.
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "gzip" {
			weight, found := strings.CutPrefix(strings.TrimSpace(quality), "q=")
			q, err := strconv.ParseFloat(weight, 64)
			return !found || err == nil && q > 0
		}
	}
	return false
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	// Writing to a bytes.Buffer cannot fail.
	_, _ = writer.Write(body)
	_ = writer.Close()
	return out.Bytes()
}

// writeBody answers HEAD with the headers alone.
func writeBody(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	// A reader that hung up is no concern of ours.
	_, _ = w.Write(body)
}
