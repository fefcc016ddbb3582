package object

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"billwalk/schema"
)

// S3Options are the settings of an S3 store. Credentials come from the AWS SDK's own chain:
// environment, profile, web identity, instance.
type S3Options struct {
	Endpoint  string // http(s)://host[:port] of an S3-compatible store; empty means AWS
	Region    string // empty leaves it to the SDK's chain, then us-east-1
	PathStyle bool   // the bucket in the path, not in the host name

	// Transport, if set, wraps the transport of the requests to S3, so that a test can
	// lose or delay them. It sees each attempt once, and no request for credentials.
	Transport func(http.RoundTripper) http.RoundTripper
}

// S3's rule for bucket names, with the capitals and underscores of old ones. The form does not
// limit the length: compiled 253 times over, it would be a tenth of a run's start.
var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]+[A-Za-z0-9]$`)

const maxBucketName = 255

// Open returns the store at the URL: "s3://bucket", "s3://bucket/prefix" (only what is below
// the prefix), or "file:folder", relative to the working directory or absolute. It creates
// the folder, and makes no call to S3.
func Open(ctx context.Context, url string, options S3Options) (Store, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "s3":
		return openS3(ctx, url, rest, options)
	case "file":
		return openFile(url, rest)
	}
	return nil, fmt.Errorf("store URL %q: want s3://bucket/prefix or file:folder", url)
}

func openS3(ctx context.Context, url, rest string, options S3Options) (Store, error) {
	path, ok := strings.CutPrefix(rest, "//")
	name, prefix, _ := strings.Cut(path, "/")
	if !ok || len(name) > maxBucketName || !bucketName.MatchString(name) {
		return nil, fmt.Errorf("store URL %q: want s3://bucket/prefix, the bucket's name of 3 to 255 letters, digits, dots, dashes", url)
	}
	if strings.ContainsAny(prefix, "?#") {
		return nil, fmt.Errorf("store URL %q: no ? or # in it; endpoint, region and path style are settings of their own", url)
	}
	prefix = strings.TrimSuffix(prefix, "/")
	if prefix != "" {
		if err := checkKey(prefix); err != nil {
			return nil, fmt.Errorf("store URL %q: the prefix: %w", url, err)
		}
	}
	store, err := openBucket(ctx, name, options)
	if err != nil {
		return nil, err
	}
	if prefix == "" {
		return store, nil
	}
	return prefixed{store, prefix + "/"}, nil
}

func openFile(url, folder string) (Store, error) {
	if host, ok := strings.CutPrefix(folder, "//"); ok {
		if !strings.HasPrefix(host, "/") {
			return nil, fmt.Errorf("store URL %q names a host: want file:folder or file:/absolute/folder", url)
		}
		folder = host
	}
	if folder == "" {
		return nil, fmt.Errorf("store URL %q: want file:folder, for example file:lake", url)
	}
	store, err := openDir(folder, schema.Private...)
	if err != nil {
		return nil, err
	}
	return store, nil
}

// OpenBeside returns a store in a folder that has other files, too. Its keys have to start
// with the prefix, and its objects can be read by their owner only.
func OpenBeside(folder, prefix string) (Store, error) {
	store, err := openDir(folder, prefix)
	if err != nil {
		return nil, err
	}
	return store, nil
}
