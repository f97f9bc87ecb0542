package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"wagateway/models/fault"
)

const (
	// maxRedirects is how often a file may be somewhere else: enough for a
	// shortened link to a login-free download at a content network.
	maxRedirects = 5
	// maxFilename bounds a name in bytes, as file systems do.
	maxFilename = 255
)

// FetchInfo describes a fetched file as its server does.
type FetchInfo struct {
	// ContentType is the media type without its parameters, in lower case; "" when
	// the server names none. It need not be true.
	ContentType string
	// Filename is the name in Content-Disposition, else the last part of the
	// address's path; without folders and control characters, "" when there is none.
	Filename string
	// Size is how many bytes were written.
	Size int64
}

// errRedirects is in the chain of a client's error that was led on too often.
var errRedirects = errors.New("too many redirects")

// Fetch writes the file at an address to dst. Redirects are followed, each under
// the same rules as the address itself. The file comes as it is sent: nothing is
// decompressed. On an error dst may hold a part of it.
//
// An address that may not or cannot be fetched, a file of more than limit bytes
// and an answer between 400 and 499 are validation errors about the field; a
// server that fails, breaks off or is not done in time is fault.Upstream. Errors
// of dst are passed on. It blocks for at most the configured time.
func (g *Guard) Fetch(ctx context.Context, field, rawURL string, limit int64, dst io.Writer) (FetchInfo, error) {
	if err := g.Check(ctx, field, rawURL); err != nil {
		return FetchInfo{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, http.NoBody)
	if err != nil {
		return FetchInfo{}, fault.Invalid(field, field+" must be an http or https address").Because(err)
	}
	request.Header.Set("User-Agent", g.config.UserAgent)
	request.Header.Set("Accept", "*/*")
	request.Header.Set("Accept-Encoding", "identity")

	client := *g.media
	client.CheckRedirect = g.redirect(field)
	response, err := client.Do(request)
	if err != nil {
		return FetchInfo{}, fetchFailed(ctx, field, err)
	}
	defer response.Body.Close()
	if err := checkStatus(field, response.StatusCode); err != nil {
		return FetchInfo{}, err
	}
	if response.ContentLength > limit {
		return FetchInfo{}, fault.MediaTooLarge(field, limit)
	}
	info := FetchInfo{ContentType: contentType(response.Header), Filename: filename(response.Header, request.URL)}
	target := &target{dst: dst}
	info.Size, err = io.Copy(target, io.LimitReader(response.Body, min(limit, math.MaxInt64-1)+1))
	switch {
	case target.err != nil:
		return info, fmt.Errorf("writing what was fetched: %w", target.err)
	case info.Size > limit:
		return info, fault.MediaTooLarge(field, limit)
	case err != nil:
		return info, fetchFailed(ctx, field, err)
	}
	return info, nil
}

// redirect judges an address to which a server points. Where it is dialled, it is
// judged again, as the first one is.
func (g *Guard) redirect(field string) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, before []*http.Request) error {
		if len(before) > maxRedirects {
			return errRedirects
		}
		address := *next.URL
		address.Fragment, address.RawFragment = "", "" // is not sent
		// The address before it may hold a secret, such as a signature.
		next.Header.Del("Referer")
		return g.Check(next.Context(), field, address.String())
	}
}

// checkStatus takes 200 only: anything else has no file, or a part of one.
func checkStatus(field string, status int) error {
	switch {
	case status == http.StatusOK:
		return nil
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return fault.New(fault.Upstream, fault.ReasonMediaFetch, "the server of "+field+" failed").With("field", field).With("status", status)
	}
	return fault.New(fault.Validation, fault.ReasonMediaFetch, field+" does not lead to a file").With("field", field).With("status", status)
}

// fetchFailed says whose fault it is that no file came.
func fetchFailed(ctx context.Context, field string, err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err // the rest repeats the address, which may hold a secret
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f // a redirect's
	}
	if ctx.Err() != nil {
		return fmt.Errorf("fetching a file: %w", ctx.Err())
	}
	upstream := func(reason fault.Reason, message string) error {
		return fault.New(fault.Upstream, reason, message).With("field", field).Because(err)
	}
	var unresolved *net.DNSError
	var slow net.Error
	switch {
	case errors.Is(err, ErrRefused):
		return refused(field).Because(err)
	case errors.Is(err, errRedirects):
		return fault.New(fault.Validation, fault.ReasonMediaFetch, field+" redirects too often").With("field", field)
	case errors.As(err, &unresolved) && unresolved.IsNotFound:
		return fault.New(fault.Validation, fault.ReasonMediaFetch, field+" names a host that does not exist").With("field", field).Because(err)
	case errors.As(err, &slow) && slow.Timeout():
		return upstream(fault.ReasonTimeout, field+" could not be fetched in time")
	}
	return upstream(fault.ReasonMediaFetch, field+" could not be fetched")
}

// target remembers whether it was the destination that failed.
type target struct {
	dst io.Writer
	err error
}

func (t *target) Write(p []byte) (int, error) {
	n, err := t.dst.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	t.err = err
	return n, err
}

func contentType(header http.Header) string {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return ""
	}
	return media
}

// filename gives the file's name. It is from a stranger.
func filename(header http.Header, address *url.URL) string {
	_, parameters, err := mime.ParseMediaType(header.Get("Content-Disposition"))
	if name := cleanName(parameters["filename"]); err == nil && name != "" {
		return name
	}
	return cleanName(address.Path)
}

// cleanName gives the last part of a path of either kind, at most 255 bytes of it
// with its ending, without what is not to be seen.
func cleanName(name string) string {
	name = strings.ToValidUTF8(name[strings.LastIndexAny(name, `/\`)+1:], "")
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1 // the second kind can show a name backwards
		}
		return r
	}, name)
	name = strings.TrimSpace(name)
	if strings.Trim(name, ".") == "" {
		return ""
	}
	if len(name) <= maxFilename {
		return name
	}
	ending := path.Ext(name)
	if len(ending) > 16 {
		ending = ""
	}
	cut := maxFilename - len(ending)
	for !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + ending
}
