package graph

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The media types of an answer. With the first the status tells of a refused
// request; the second has 200 for whatever is well-formed, for old clients.
const (
	mediaGraphQL = "application/graphql-response+json"
	mediaJSON    = "application/json"
	mediaEvents  = "text/event-stream"
)

// codePersisted is how a client learns that it must send a persisted query whole.
const codePersisted = "PERSISTED_QUERY_NOT_FOUND"

// wantsEvents reports whether the caller asks for server-sent events.
func wantsEvents(r *http.Request) bool { return quality(r, mediaEvents, false) > 0 }

// mediaOf picks the media type of the answer.
func mediaOf(r *http.Request) string {
	if quality(r, mediaJSON, false) > quality(r, mediaGraphQL, true) {
		return mediaJSON
	}
	return mediaGraphQL
}

// quality is how much the caller wants a media type, 0 to 1; wild lets */* and
// application/* stand for it, and so does no Accept at all.
func quality(r *http.Request, media string, wild bool) float64 {
	accept := r.Header.Values("Accept")
	if len(accept) == 0 && wild {
		return 1
	}
	best := 0.0
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, parameters, _ := strings.Cut(part, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != media && (!wild || name != "*/*" && name != "application/*") {
			continue
		}
		q := 1.0
		for parameter := range strings.SplitSeq(parameters, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
			if parsed, err := strconv.ParseFloat(value, 64); strings.EqualFold(key, "q") && err == nil {
				q = parsed
			}
		}
		best = max(best, q)
	}
	return best
}

// statusOf is the status of a request that was refused before it was executed.
func statusOf(errs gqlerror.List) int {
	for _, err := range errs {
		if err.Extensions[extensionCode] == codePersisted {
			return http.StatusOK
		}
	}
	return http.StatusBadRequest
}

// writeRefusal answers a request that is not a well-formed one.
func writeRefusal(w http.ResponseWriter, r *http.Request, status int, refused *gqlerror.Error) {
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", "GET, POST")
	}
	body, err := json.Marshal(requestErrors{gqlerror.List{refused}})
	write(w, mediaOf(r), status, body, err)
}

// writeErrors answers a well-formed request that cannot be executed.
func writeErrors(w http.ResponseWriter, r *http.Request, errs gqlerror.List) {
	media, status := mediaOf(r), http.StatusOK
	if media == mediaGraphQL {
		status = statusOf(errs)
	}
	body, err := json.Marshal(requestErrors{errs})
	write(w, media, status, body, err)
}

// requestErrors is the answer without data: nothing has been executed.
type requestErrors struct {
	Errors gqlerror.List `json:"errors"`
}

// unencodable stands for an answer that has no JSON. Only a fault's details can
// be of a type that has none.
const unencodable = `{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`

// encode gives an answer's JSON. Data are JSON already; encoding/json would read
// every byte of them again.
func encode(response *graphql.Response) ([]byte, error) {
	if len(response.Errors) > 0 || len(response.Extensions) > 0 || len(response.Data) == 0 || response.HasNext != nil {
		return json.Marshal(response)
	}
	body := make([]byte, 0, len(response.Data)+len(`{"data":}`))
	body = append(body, `{"data":`...)
	body = append(body, response.Data...)
	return append(body, '}'), nil
}

func write(w http.ResponseWriter, media string, status int, body []byte, err error) {
	if err != nil {
		status = http.StatusInternalServerError
		body = []byte(unencodable)
	}
	h := w.Header()
	h.Set("Content-Type", media+"; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Add("Vary", "Accept")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
