package wasim

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// mediaAuth is the upload permission of an account. WhatsApp's tell nobody whose
// they are; here the number in front lets faults strike one account.
func mediaAuth(p *Phone) string { return p.number + "-" + randomHex(12) }

// mediaIQ tells where media is uploaded and downloaded. The host is never
// looked up: clients reach this server through a rewriting transport.
func (s *Server) mediaIQ(device *companion, n *node) node {
	return resultOf(n, node{Tag: "media_conn", Attrs: attrs{
		"auth": mediaAuth(device.phone), "ttl": "300", "auth_ttl": "3600", "max_buckets": "12",
	}, Content: []node{{Tag: "host", Attrs: attrs{"hostname": "mmg.whatsapp.net", "type": "primary"}}}})
}

// upload takes POST /mms/<type>/<token> of encrypted media, and POST
// /newsletter/newsletter-<type>/<token> of plain media for a channel. The token
// is the body's hash, the handle of the answer names an upload for a channel.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	owner, _, _ := strings.Cut(r.URL.Query().Get("auth"), "-")
	if f, ok := s.faults.take(FaultMediaUpload, owner); ok {
		http.Error(w, "upload refused", f.Code)
		return
	}
	file := s.media.create(owner)
	handle := randomHex(8)
	if strings.HasPrefix(r.URL.Path, "/newsletter/") {
		file.handle = handle
	}
	if _, err := io.Copy(file, http.MaxBytesReader(w, r.Body, maxUpload)); err != nil {
		file.discard()
		status := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "upload not read", status)
		return
	}
	if base64.URLEncoding.EncodeToString(file.hash.Sum(nil)) != path.Base(r.URL.Path) {
		file.discard()
		http.Error(w, "hash mismatch", http.StatusUnsupportedMediaType)
		return
	}
	direct, err := file.publish()
	if err != nil {
		http.Error(w, "upload not kept", http.StatusInsufficientStorage)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"url": mediaURL(direct), "direct_path": direct, "handle": handle})
}

// download gives a file, or a range of it.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	f, ok := s.media.get(r.URL.Path)
	switch {
	case !ok:
		http.Error(w, "no such file", http.StatusNotFound)
		return
	case f.gone != 0:
		http.Error(w, "expired", f.gone)
		return
	}
	if !isPicture(r.URL.Path) {
		defer s.stats.downloadBegins()()
	}
	if !isPicture(r.URL.Path) && s.spoilDownload(w, f) {
		return
	}
	content, err := f.open()
	if err != nil {
		http.Error(w, "file not readable", http.StatusInternalServerError)
		return
	}
	defer func() { _ = content.Close() }()
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, content)
}

// spoilDownload does what a fault wants done to a download, and reports whether
// that answered the request.
func (s *Server) spoilDownload(w http.ResponseWriter, f mediaFile) bool {
	if fault, ok := s.faults.take(FaultMediaStatus, f.owner); ok {
		http.Error(w, "fault", fault.Code)
		return true
	}
	for _, kind := range []FaultKind{FaultMediaSlow, FaultMediaCut, FaultMediaCorrupt} {
		fault, ok := s.faults.take(kind, f.owner)
		if !ok {
			continue
		}
		data, err := f.read()
		if err != nil {
			http.Error(w, "file not readable", http.StatusInternalServerError)
			return true
		}
		s.spoilBody(w, fault, data)
		return true
	}
	return false
}

// spoilBody sends a body slowly, in part, or with a changed byte.
func (s *Server) spoilBody(w http.ResponseWriter, fault Fault, data []byte) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	half := len(data) / 2
	switch fault.Kind {
	case FaultMediaCorrupt:
		data = append([]byte(nil), data...)
		if len(data) > 0 {
			data[half] ^= 0xff
		}
		_, _ = w.Write(data)
	case FaultMediaCut:
		_, _ = w.Write(data[:half])
		panic(http.ErrAbortHandler) // the documented way to cut the connection
	default:
		_, _ = w.Write(data[:half])
		_ = http.NewResponseController(w).Flush()
		timer := time.NewTimer(fault.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
			_, _ = w.Write(data[half:])
		case <-s.ctx.Done():
		}
	}
}
