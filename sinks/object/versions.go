package object

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// ErrNoVersions: the store replaces objects in place, and keeps no earlier version of them.
var ErrNoVersions = errors.New("the store keeps no versions of its objects")

// Version is one content of an object, which stays when the object is replaced.
type Version struct {
	Key, ID, ETag string
	Latest        bool // it is what Get returns now
}

// Versions reads the versions of a store's objects.
type Versions struct {
	bucket *bucket
	prefix string // of all keys; "" or with a "/" at its end
	hide   func(error) error
}

// OpenVersions returns the versions of a store in a bucket with versioning on, and of any other store
// ErrNoVersions.
func OpenVersions(ctx context.Context, s Store) (*Versions, error) {
	v := &Versions{hide: func(err error) error { return err }}
	if h, ok := s.(hiding); ok {
		v.hide, s = h.hide, h.Store
	}
	if p, ok := s.(prefixed); ok {
		v.prefix, s = p.prefix, p.store
	}
	b, ok := s.(*bucket)
	if !ok {
		return nil, ErrNoVersions
	}
	v.bucket = b
	out, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name})
	if status, _ := answerOf(err); status == http.StatusNotImplemented || err == nil && out.Status != types.BucketVersioningStatusEnabled {
		return nil, fmt.Errorf("%w (versioning of bucket %s)", ErrNoVersions, b.name)
	}
	if err != nil {
		return nil, v.readError("versioning", "", err)
	}
	return v, nil
}

// readError returns the error of a failed read, with the rights that versions need.
func (v *Versions) readError(op, key string, err error) error {
	err = v.bucket.readError(op, v.prefix+key, err)
	if errors.Is(err, ErrDenied) {
		err = fmt.Errorf("versions of objects need s3:GetBucketVersioning, s3:ListBucketVersions and s3:GetObjectVersion: %w", err)
	}
	return v.hide(err)
}

// List yields the versions of the objects whose keys start with prefix, by key, and of one key the
// newest first. Of an object that was deleted none is the latest.
func (v *Versions) List(ctx context.Context, prefix string) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		below := v.prefix + prefix
		pages := s3.NewListObjectVersionsPaginator(v.bucket.client, &s3.ListObjectVersionsInput{Bucket: &v.bucket.name, Prefix: &below})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Version{}, v.readError("list the versions of", prefix, err))
				return
			}
			for _, found := range page.Versions {
				key := strings.TrimPrefix(aws.ToString(found.Key), v.prefix)
				if checkKey(key) != nil { // for example a console's "folder/"
					continue
				}
				if !yield(Version{key, aws.ToString(found.VersionId), unquote(found.ETag), aws.ToBool(found.IsLatest)}, nil) {
					return
				}
			}
		}
	}
}

// Read returns the content of a version, within the limits of Read.
func (v *Versions) Read(ctx context.Context, version Version) ([]byte, error) {
	out, err := v.bucket.client.GetObject(ctx, v.input(version))
	if err != nil {
		return nil, v.readError("get", version.Key, err)
	}
	body, err := bound(ctx, out.Body, version.Key, aws.ToInt64(out.ContentLength))
	if err != nil {
		return nil, err
	}
	data, err := readAll(body)
	return data, v.hide(err)
}

func (v *Versions) input(version Version) *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: &v.bucket.name, Key: aws.String(v.prefix + version.Key), VersionId: &version.ID}
}

// MaxSigned is how long a signed address can hold, by S3's rule.
const MaxSigned = 7 * 24 * time.Hour

// Signer signs addresses at which anyone can read a version.
type Signer struct {
	Until    time.Time // when they end: as asked for, or earlier, with the credentials
	versions *Versions
	client   *s3.PresignClient
}

// Signer returns a signer of addresses that hold so long from now.
func (v *Versions) Signer(ctx context.Context, valid time.Duration) (*Signer, error) {
	credentials, err := v.bucket.client.Options().Credentials.Retrieve(ctx)
	if err != nil {
		return nil, v.hide(fmt.Errorf("credentials to sign with: %w", err))
	}
	until := time.Now().Add(valid).Truncate(time.Second)
	if credentials.CanExpire && credentials.Expires.Before(until) {
		until = credentials.Expires
	}
	return &Signer{until, v, s3.NewPresignClient(v.bucket.client, s3.WithPresignExpires(valid))}, nil
}

// Sign returns the address of a version. A = in its path stays one, as S3 allows: DuckDB takes a
// partition from there.
func (s *Signer) Sign(ctx context.Context, version Version) (string, error) {
	signed, err := s.client.PresignGetObject(ctx, s.versions.input(version))
	if err != nil {
		return "", s.versions.hide(fmt.Errorf("sign the address of %s: %w", version.Key, err))
	}
	place, query, _ := strings.Cut(signed.URL, "?")
	return strings.ReplaceAll(place, "%3D", "=") + "?" + query, nil
}
