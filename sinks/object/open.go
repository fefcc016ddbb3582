package object

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"billwalk/schema"
)

// S3Options says how an S3 store is reached. Credentials come from the AWS SDK's
// own chain: environment, profile, web identity, instance.
type S3Options struct {
	Endpoint  string // http(s)://host[:port] of an S3-compatible store; empty means AWS
	Region    string // empty leaves it to the SDK's chain, then us-east-1
	PathStyle bool   // the bucket in the path, not in the host name

	// Transport, where set, wraps the transport of the requests to S3, so that a
	// test can lose or delay them: each attempt passes it once. Whatever asks for
	// credentials does not.
	Transport func(http.RoundTripper) http.RoundTripper
}

// S3's rule for bucket names, with the capitals and underscores of old ones.
var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$`)

// Open returns the store at the URL: "s3://bucket" or "s3://bucket/prefix", of
// which only the part below the prefix is seen; or "file:folder", relative to the
// working directory or absolute, which is created. For S3 it makes no call.
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
	if !ok || !bucketName.MatchString(name) {
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

// OpenBeside returns a store in a folder that is not the store's alone, whose every
// object is private. Its keys start with the prefix.
func OpenBeside(folder, prefix string) (Store, error) {
	store, err := openDir(folder, prefix)
	if err != nil {
		return nil, err
	}
	return store, nil
}
