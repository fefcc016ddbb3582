package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// bucket is a store in one S3 bucket. An object's ETag is S3's own.
type bucket struct {
	client   *s3.Client
	name     string
	place    string // the server and the bucket
	partSize int64  // bytes; a larger object is sent in parts

	virtualHost bool // the bucket is a part of the host name, and the endpoint is not AWS
}

const (
	// answerTimeout is how long a server may take to answer after the request was sent.
	// Without it a server that never answers would block a run for ever.
	answerTimeout = time.Minute
	// idleConnections is the number of open connections per store, so that concurrent
	// walks need no new handshakes.
	idleConnections = 64
)

func openBucket(ctx context.Context, name string, options S3Options) (*bucket, error) {
	place := "s3://" + name
	if options.Endpoint != "" {
		endpoint, err := url.Parse(options.Endpoint)
		if err != nil || endpoint.Host == "" || (endpoint.Scheme != "http" && endpoint.Scheme != "https") {
			return nil, fmt.Errorf("S3 endpoint %q: want http://host or https://host, with :port where needed", options.Endpoint)
		}
		place = endpoint.Scheme + "://" + endpoint.Host + "/" + name
	}
	load := []func(*config.LoadOptions) error{config.WithHTTPClient(newHTTPClient()), config.WithLogger(logging.Nop{})} // its lines are not those of the log
	if options.Region != "" {
		load = append(load, config.WithRegion(options.Region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("S3 configuration for bucket %s: %w", name, err)
	}
	if loaded.Region == "" {
		loaded.Region = "us-east-1"
	}
	return &bucket{name: name, place: place, partSize: partSize, virtualHost: options.Endpoint != "" && !options.PathStyle, client: s3.NewFromConfig(loaded, func(o *s3.Options) {
		if options.Endpoint != "" {
			o.BaseEndpoint = aws.String(options.Endpoint)
		}
		o.UsePathStyle = options.PathStyle
		if base, ok := o.HTTPClient.(*awshttp.BuildableClient); ok && options.Transport != nil {
			stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			o.HTTPClient = &http.Client{Transport: options.Transport(base.GetTransport()), CheckRedirect: stay}
		}
		o.HTTPClient = noHTML{o.HTTPClient}
		// Other stores refuse or misread the SDK's trailing checksums. A body is
		// checked on its way all the same, by the SHA-256 in its signature.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})}, nil
}

func newHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = answerTimeout
		t.MaxIdleConnsPerHost = idleConnections
	})
}

// Get implements [Store].
func (b *bucket) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := CheckRead(ctx, key); err != nil {
		return nil, Info{}, err
	}
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, Info{}, b.readError("get", key, err)
	}
	return out.Body, Info{
		Key: key, ETag: unquote(out.ETag), Size: aws.ToInt64(out.ContentLength),
		Meta: out.Metadata, Modified: aws.ToTime(out.LastModified),
	}, nil
}

// Head implements [Store].
func (b *bucket) Head(ctx context.Context, key string) (Info, error) {
	if err := CheckRead(ctx, key); err != nil {
		return Info{}, err
	}
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return Info{}, b.readError("head", key, err)
	}
	return Info{
		Key: key, ETag: unquote(out.ETag), Size: aws.ToInt64(out.ContentLength),
		Meta: out.Metadata, Modified: aws.ToTime(out.LastModified),
	}, nil
}

// Put implements [Store].
func (b *bucket) Put(ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error) {
	if err := CheckPut(ctx, key, cond, meta); err != nil {
		return Info{}, err
	}
	content, size, err := rewound(body)
	if err != nil {
		return Info{}, fmt.Errorf("put %s: rewind the body: %w", b.url(key), err)
	}
	if size > maxObject {
		return Info{}, fmt.Errorf("put %s: %d bytes: S3 takes at most %d; raise lake.buckets to get smaller files", b.url(key), size, int64(maxObject))
	}
	if size > b.partSize {
		return b.putParts(ctx, key, content, size, cond, meta)
	}
	in := &s3.PutObjectInput{Bucket: &b.name, Key: &key, Body: content, ContentLength: &size, Metadata: meta, ContentType: contentType(key)}
	in.IfMatch, in.IfNoneMatch = cond.headers()
	out, err := b.client.PutObject(ctx, in, once)
	if err != nil {
		return Info{}, b.putError(key, cond, err)
	}
	return Info{Key: key, ETag: unquote(out.ETag), Size: size, Meta: meta}.clone(), nil
}

// contentType returns what a browser has to know of an object that people open, nil for others.
func contentType(key string) *string {
	switch path.Ext(key) {
	case ".html":
		return aws.String("text/html; charset=utf-8")
	case ".xlsx":
		return aws.String("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	}
	return nil
}

// headers returns the condition as If-Match and If-None-Match, nil if it has none.
func (c Condition) headers() (match, noneMatch *string) {
	switch {
	case c.absent:
		return nil, aws.String("*")
	case c.match:
		return aws.String(`"` + c.etag + `"`), nil
	default:
		return nil, nil
	}
}

// once turns off the SDK's repetition of a conditional write: after a lost answer the second
// attempt would find the object of the first one, and its 412 would look like another
// writer's.
func once(o *s3.Options) { o.Retryer = aws.NopRetryer{} }

// rewound returns the whole body from its start, and its length in bytes. A body that can be
// read at any offset gets a separate position: after an early answer the transport may still
// be reading while the caller sends the body again.
func rewound(body io.ReadSeeker) (*io.SectionReader, int64, error) {
	size, err := body.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, 0, err
	}
	at, ok := body.(io.ReaderAt)
	if !ok {
		at = seeker{body}
	}
	return io.NewSectionReader(at, 0, size), size, nil
}

// seeker reads at any offset by moving the body's position.
type seeker struct{ io.ReadSeeker }

func (s seeker) ReadAt(p []byte, offset int64) (int, error) {
	if _, err := s.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// List implements [Store].
func (b *bucket) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := errors.Join(CheckPrefix(prefix), ctx.Err()); err != nil {
			yield(Info{}, err)
			return
		}
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix},
			func(o *s3.ListObjectsV2PaginatorOptions) { o.StopOnDuplicateToken = true })
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Info{}, b.readError("list", prefix, err))
				return
			}
			for _, object := range page.Contents {
				key := aws.ToString(object.Key)
				if checkKey(key) != nil { // for example a console's "folder/"
					continue
				}
				if !yield(Info{
					Key: key, ETag: unquote(object.ETag), Size: aws.ToInt64(object.Size), Modified: aws.ToTime(object.LastModified),
				}, nil) {
					return
				}
			}
		}
	}
}

func (b *bucket) url(key string) string { return "s3://" + b.name + "/" + key }

// unquote removes the quotes of an ETag; Put adds them again.
func unquote(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }
