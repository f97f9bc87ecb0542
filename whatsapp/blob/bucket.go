package blob

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// maxObjectTries is how often a request to a bucket that fails for a reason
	// which may pass is sent, with growing pauses of a second at most.
	maxObjectTries = 4
	// defaultRegion is what services other than Amazon's take for their only one.
	defaultRegion = "us-east-1"
	// scratchFolder is below the operating system's folder of temporary files.
	scratchFolder = "wagateway"
)

// bucket is a place in an S3-compatible service.
type bucket struct {
	client minio.Core
	name   string
	prefix string
}

// openBucket takes credentials from where Amazon's own tools do: AWS_ACCESS_KEY_ID
// and its like, AWS_SHARED_CREDENTIALS_FILE with AWS_PROFILE, the web identity or
// role of the container or machine.
func openBucket(t target, scratchName string) (*Store, error) {
	region := t.region
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region == "" {
			region = os.Getenv(name)
		}
	}
	if region == "" && t.endpoint != awsEndpoint {
		region = defaultRegion // Amazon tells the bucket's
	}
	lookup := minio.BucketLookupAuto
	if t.pathStyle != nil {
		if lookup = minio.BucketLookupDNS; *t.pathStyle {
			lookup = minio.BucketLookupPath
		}
	}
	client, err := minio.New(t.endpoint, &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{Client: &http.Client{Transport: http.DefaultTransport}},
		}),
		Secure: !t.insecure, Region: region, BucketLookup: lookup, MaxRetries: maxObjectTries,
	})
	if err != nil {
		return nil, err
	}
	if scratchName == "" {
		scratchName = filepath.Join(os.TempDir(), scratchFolder)
	}
	if err := os.MkdirAll(scratchName, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for files under way: %w", err)
	}
	root, err := os.OpenRoot(scratchName)
	if err != nil {
		return nil, fmt.Errorf("opening the folder for files under way: %w", err)
	}
	parts, err := openScratch(root)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &Store{place: bucket{client: minio.Core{Client: client}, name: t.bucket, prefix: t.prefix}, scratch: parts}, nil
}

// put sends a file in one request, which S3 stores whole or not at all. It is at
// most 5 GiB (Amazon's limit), twice what WhatsApp transports. The digest is
// signed, so the service refuses what arrives damaged.
func (b bucket) put(ctx context.Context, key string, file *Temp, info Info) error {
	body := io.NewSectionReader(file, 0, info.Size) // of its own: a request closes what it can
	_, err := b.client.PutObject(ctx, b.name, b.prefix+key, body, info.Size, "", hex.EncodeToString(info.SHA256),
		minio.PutObjectOptions{ContentType: "application/octet-stream", DisableContentSha256: true}) // of pieces; the whole one is given
	return b.said(err)
}

func (b bucket) open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if length == 0 {
		_, err := b.stat(ctx, key)
		return http.NoBody, err
	}
	var options minio.GetObjectOptions
	if offset > 0 || length > 0 {
		end := int64(0) // no end, which the library tells from an empty range by the offset
		if length > 0 {
			end = offset + min(length, 1<<62) - 1
		}
		if offset == 0 && end == 0 {
			options.Set("Range", "bytes=0-0")
		} else if err := options.SetRange(offset, end); err != nil {
			return nil, err
		}
	}
	object, _, _, err := b.client.GetObject(ctx, b.name, b.prefix+key, options)
	if minio.ToErrorResponse(err).StatusCode == http.StatusRequestedRangeNotSatisfiable {
		_, err := b.stat(ctx, key)
		return http.NoBody, err
	}
	if err != nil {
		return nil, b.said(err)
	}
	return object, nil
}

func (b bucket) stat(ctx context.Context, key string) (Info, error) {
	object, err := b.client.StatObject(ctx, b.name, b.prefix+key, minio.StatObjectOptions{})
	if err != nil {
		return Info{}, b.said(err)
	}
	return Info{Key: key, Size: object.Size, Modified: object.LastModified}, nil
}

func (b bucket) delete(ctx context.Context, key string) error {
	return b.said(b.client.RemoveObject(ctx, b.name, b.prefix+key, minio.RemoveObjectOptions{}))
}

func (b bucket) list(ctx context.Context, folder string) iter.Seq2[Info, error] {
	prefix := b.prefix
	if folder != "" {
		prefix += folder + "/"
	}
	return func(yield func(Info, error) bool) {
		for object := range b.client.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if object.Err != nil {
				yield(Info{}, b.said(object.Err))
				return
			}
			key := strings.TrimPrefix(object.Key, b.prefix)
			if checkKey(key) != nil {
				continue // not ours
			}
			if !yield(Info{Key: key, Size: object.Size, Modified: object.LastModified}, nil) {
				return
			}
		}
	}
}

// said turns the service's words for what is not there into ours.
func (b bucket) said(err error) error {
	switch minio.ToErrorResponse(err).Code {
	case minio.NoSuchBucket:
		return fmt.Errorf("%w: %w", ErrNoBucket, err)
	case minio.NoSuchKey:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}

// check lists at most one file, which needs no more rights than a sweep does.
func (b bucket) check(ctx context.Context) error {
	for object := range b.client.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true, MaxKeys: 1}) {
		return b.said(object.Err)
	}
	return nil
}

func (bucket) close() error { return nil }
