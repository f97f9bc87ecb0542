// Package playground serves GraphiQL, an editor for GraphQL in the browser, from assets inside the
// binary: it needs no internet and speaks to no other host. The sources of the assets are in web/.
package playground

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

const (
	defaultPath     = "/playground"
	defaultEndpoint = "/graphql"
	defaultTitle    = "WhatsApp gateway"
)

// contentSecurityPolicy lets the page reach its own origin and nothing else. Styles may be inline because
// the editor positions every line with a style attribute; its underlines are data: images.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; " +
	"style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Options say what the page offers. Everything in them is readable by whoever can open the page.
type Options struct {
	// Path is where the handler is mounted, without a slash at the end; empty: "/playground".
	Path string
	// Endpoint is the path, or address, of the GraphQL endpoint, over HTTP and graphql-transport-ws;
	// empty: "/graphql". The page can only reach its own origin.
	Endpoint string
	// Headers fill the headers editor, which also makes the payload of connection_init. None: an empty
	// "x-api-key" to fill in.
	Headers map[string]string
	// Examples are the tabs the page starts with, in this order. None: one tab with GraphiQL's welcome.
	Examples []Example
	// Title is the name of the page; empty: "WhatsApp gateway".
	Title string
}

// Example is one operation to start from.
type Example struct {
	// Name says what it does; it stands above the operation. The tab is called after the operation.
	Name string `json:"name"`
	// Query is a GraphQL document with one named operation.
	Query string `json:"query"`
	// Variables fill the variables editor; nil: none.
	Variables map[string]any `json:"variables,omitempty"`
}

// pageOptions is what web/src/options.js reads.
type pageOptions struct {
	Endpoint string            `json:"endpoint"`
	Headers  map[string]string `json:"headers"`
	Examples []Example         `json:"examples"`
	Title    string            `json:"title"`
}

// Handler serves the page at o.Path and its assets below; mount it at both "/playground" and
// "/playground/*", without stripping the prefix. It answers GET and HEAD. It fails when o's variables have no JSON form.
func Handler(o Options) (http.Handler, error) {
	o = o.withDefaults()
	page, err := renderPage(o)
	if err != nil {
		return nil, err
	}
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	return &handler{path: o.Path, page: page, assets: assets}, nil
}

func (o Options) withDefaults() Options {
	if o.Path == "" {
		o.Path = defaultPath
	}
	if o.Endpoint == "" {
		o.Endpoint = defaultEndpoint
	}
	if len(o.Headers) == 0 {
		o.Headers = map[string]string{"x-api-key": ""}
	}
	if o.Examples == nil {
		o.Examples = []Example{}
	}
	if o.Title == "" {
		o.Title = defaultTitle
	}
	return o
}

func renderPage(o Options) ([]byte, error) {
	source, err := embedded.ReadFile("assets/index.html")
	if err != nil {
		return nil, fmt.Errorf("reading the playground's page: %w", err)
	}
	page, err := template.New("playground").Parse(string(source))
	if err != nil {
		return nil, fmt.Errorf("parsing the playground's page: %w", err)
	}
	// Marshal writes <, > and & as escapes, so nothing in the options can end the script element.
	options, err := json.Marshal(pageOptions{Endpoint: o.Endpoint, Headers: o.Headers, Examples: o.Examples, Title: o.Title})
	if err != nil {
		return nil, fmt.Errorf("encoding the playground's options: %w", err)
	}
	var out bytes.Buffer
	err = page.Execute(&out, struct {
		Title, Path string
		Options     template.JS
	}{o.Title, o.Path, template.JS(options)}) //nolint:gosec // JSON with <, > and & escaped, see above
	if err != nil {
		return nil, fmt.Errorf("rendering the playground's page: %w", err)
	}
	return out.Bytes(), nil
}

type handler struct {
	path   string
	page   []byte
	assets map[string]*asset
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")

	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, h.path), "/")
	if name == "" {
		h.servePage(w, r)
		return
	}
	asset, ok := h.assets[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	asset.serve(w, r)
}

// servePage never lets the page be stored, since it may hold an API key.
func (h *handler) servePage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	writeBody(w, r, h.page)
}
