package wasim

import (
	"fmt"
	"net/http"
)

// handler serves everything on the one address.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws/chat", s.serveSocket)
	mux.HandleFunc("POST /mms/", s.upload)
	mux.HandleFunc("DELETE /mms/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /mms/", s.download)
	mux.HandleFunc("GET /blob/", s.download)
	mux.HandleFunc("GET /{$}", s.versionPage)
	return mux
}

// versionPage is what whatsmeow.GetLatestVersion reads.
func (s *Server) versionPage(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintf(w, `{"client_revision":%d,"server":"wasim"}`, s.options.LatestRevision)
}
