package blob

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// target is an address, read. A folder has nothing else set.
type target struct {
	folder string

	bucket    string
	prefix    string // "" or with a slash at its end
	endpoint  string // host:port
	insecure  bool   // http
	region    string
	pathStyle *bool // nil: as is usual at the endpoint
}

// awsEndpoint is where buckets are unless their address says otherwise.
const awsEndpoint = "s3.amazonaws.com"

// FolderURL gives the address of a folder; a relative path is below the working
// directory.
func FolderURL(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("finding the folder of media: %w", err)
	}
	absolute = filepath.ToSlash(absolute)
	if !strings.HasPrefix(absolute, "/") {
		absolute = "/" + absolute // a drive letter
	}
	return (&url.URL{Scheme: "file", Path: absolute}).String(), nil
}

// CheckURL says what is wrong with a store's address. It is one of
//
//	file:///absolute/path
//	s3://bucket/prefix?region=…&endpoint=https://…&path-style=true
//
// where all but the bucket may be left out. Without an endpoint the bucket is
// Amazon's. path-style puts the bucket's name into the path; unset, it is where
// the endpoint's kind has it: in the path everywhere but at Amazon, Google and
// Alibaba. Credentials are not part of the address: see [Open].
func CheckURL(rawURL string) error {
	_, err := parseURL(rawURL)
	return err
}

// parseURL repeats nothing of the address in its errors: somebody may have put a
// secret into it.
func parseURL(rawURL string) (target, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return target{}, errors.New("must be a file:/// or s3:// address")
	}
	switch {
	case u.User != nil:
		return target{}, errors.New("must not hold credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	case u.Fragment != "":
		return target{}, errors.New("must not have a fragment")
	case u.Scheme == "file":
		return parseFolder(u)
	case u.Scheme == "s3":
		return parseBucket(u)
	}
	return target{}, errors.New("must be a file:/// or s3:// address")
}

func parseFolder(u *url.URL) (target, error) {
	if u.Host != "" || u.Opaque != "" || u.RawQuery != "" || !strings.HasPrefix(u.Path, "/") || strings.ContainsRune(u.Path, 0) {
		return target{}, errors.New("must be file:/// and an absolute path")
	}
	path := u.Path
	if len(path) > 2 && path[2] == ':' {
		path = path[1:] // a drive letter
	}
	return target{folder: filepath.FromSlash(path)}, nil
}

func parseBucket(u *url.URL) (target, error) {
	t := target{bucket: u.Host, endpoint: awsEndpoint}
	if u.Hostname() == "" || u.Port() != "" {
		return t, errors.New("must name a bucket: s3://bucket")
	}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		if checkKey(prefix) != nil {
			return t, errors.New("has a prefix that is none: use letters, digits, - _ . and /")
		}
		t.prefix = prefix + "/"
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return t, errors.New("has parameters that cannot be read")
	}
	for name, value := range values {
		switch {
		case len(value) != 1:
			return t, fmt.Errorf("has %s more than once", name)
		case name == "region":
			t.region = value[0]
		case name == "endpoint":
			t.endpoint, t.insecure, err = parseEndpoint(value[0])
		case name == "path-style":
			var on bool
			if on, err = strconv.ParseBool(value[0]); err != nil {
				err = errors.New("path-style must be true or false")
			}
			t.pathStyle = &on
		default:
			err = fmt.Errorf("knows no %q: only region, endpoint and path-style", name)
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

func parseEndpoint(raw string) (host string, insecure bool, err error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", false, errors.New("endpoint must be http:// or https:// and a host")
	}
	return u.Host, u.Scheme == "http", nil
}
