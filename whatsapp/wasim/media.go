package wasim

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"path"
	"strconv"
	"sync"
)

// maxUpload bounds one upload; WhatsApp takes documents of up to 2 GB, which no
// test needs to hold in memory.
const maxUpload = 128 << 20

// mediaStore holds uploaded files by their path. The zero value is empty.
type mediaStore struct {
	mu    sync.RWMutex
	files map[string][]byte
}

func (m *mediaStore) put(filePath string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files == nil {
		m.files = map[string][]byte{}
	}
	m.files[filePath] = data
}

func (m *mediaStore) remove(filePath string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, filePath)
}

func (m *mediaStore) get(filePath string) ([]byte, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	data, ok := m.files[filePath]
	return data, ok
}

// putPicture hosts a profile picture and gives its id; empty without a picture.
func (m *mediaStore) putPicture(s *Server, jpeg []byte) string {
	if len(jpeg) == 0 {
		return ""
	}
	id := strconv.FormatUint(1_700_000_000+s.ids.Add(1), 10)
	m.put(picturePath(id), jpeg)
	return id
}

func picturePath(id string) string { return "/blob/picture/" + id }

// mediaIQ tells where media is uploaded and downloaded. The host is never
// looked up: clients reach this server through a rewriting transport.
func (s *Server) mediaIQ(n *node) node {
	return resultOf(n, node{Tag: "media_conn", Attrs: attrs{
		"auth": randomHex(16), "ttl": "300", "auth_ttl": "3600", "max_buckets": "12",
	}, Content: []node{{Tag: "host", Attrs: attrs{"hostname": "mmg.whatsapp.net", "type": "primary"}}}})
}

// upload takes POST /mms/<type>/<token>, where the token is the body's hash.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		status := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "upload not read", status)
		return
	}
	sum := sha256.Sum256(body)
	if base64.URLEncoding.EncodeToString(sum[:]) != path.Base(r.URL.Path) {
		http.Error(w, "hash mismatch", http.StatusUnsupportedMediaType)
		return
	}
	filePath := "/blob/" + randomHex(12)
	s.media.put(filePath, body)
	// Clients append "&hash=…", so the path must have a query already.
	direct := filePath + "?ccb=1"
	writeJSON(w, http.StatusOK, map[string]string{
		"url": "https://mmg.whatsapp.net" + direct, "direct_path": direct, "handle": randomHex(8),
	})
}

// download gives a file.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	data, ok := s.media.get(r.URL.Path)
	if !ok {
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data)
}
