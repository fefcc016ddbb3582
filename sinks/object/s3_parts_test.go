package object_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

const part = 5 << 20 // the least that S3 takes

var large = bytes.Repeat([]byte("0123456789abcdef"), (2*part+1<<20)/16) // three parts

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// below opens a store with a prefix of its own on the server.
func below(t *testing.T, server objecttest.S3, name string, way func(next http.RoundTripper, r *http.Request) (*http.Response, error)) object.Store {
	t.Helper()
	if way != nil {
		server.Options.Transport = func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) { return way(next, r) })
		}
	}
	return object.InParts(open(t, server.URL+"/"+name, server.Options), part)
}

// clientOf returns a client of the server that is not ours.
func clientOf(t *testing.T, server objecttest.S3) *s3.Client {
	t.Helper()
	loaded, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s3.NewFromConfig(loaded, func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = &server.Endpoint, true })
}

// uploads returns the number of uploads below the name that were neither completed nor
// aborted.
func uploads(t *testing.T, server objecttest.S3, name string) int {
	t.Helper()
	client := clientOf(t, server)
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(server.URL+"/"+name+"/", "s3://"), "/")
	list, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, upload := range list.Uploads {
		if strings.HasPrefix(aws.ToString(upload.Key), prefix) {
			count++
		}
	}
	return count
}

// TestS3Parts stores objects in several parts, on a real server.
func TestS3Parts(t *testing.T) {
	server := objecttest.StartS3(t)
	t.Run("conditions", func(t *testing.T) { t.Parallel(); testPartsConditions(t, server) })
	t.Run("race", func(t *testing.T) { t.Parallel(); testPartsRace(t, server) })
	t.Run("failures", func(t *testing.T) { testPartsFailures(t, server) })
	t.Run("lost answers", func(t *testing.T) { testPartsLost(t, server) })
}

func testPartsConditions(t *testing.T, server objecttest.S3) {
	store := below(t, server, "conditions", nil)
	put := func(cond object.Condition, id string) (object.Info, error) {
		return store.Put(t.Context(), "k.parquet", bytes.NewReader(large), cond, map[string]string{"write-id": id})
	}
	for _, c := range []struct {
		name string
		cond func(current string) object.Condition
		want error
	}{
		{"match-missing", func(string) object.Condition { return object.IfMatch("0123456789abcdef") }, object.ErrConflict},
		{"absent-missing", func(string) object.Condition { return object.IfAbsent() }, nil},
		{"absent-present", func(string) object.Condition { return object.IfAbsent() }, object.ErrConflict},
		{"match-stale", func(string) object.Condition { return object.IfMatch("0123456789abcdef") }, object.ErrConflict},
		{"match-present", object.IfMatch, nil},
		{"always", func(string) object.Condition { return object.Always() }, nil},
	} {
		before, _ := store.Head(t.Context(), "k.parquet")
		info, err := put(c.cond(before.ETag), c.name)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		after, data := before, []byte(nil)
		if err == nil || before.ETag != "" {
			if data, after, err = object.ReadAll(t.Context(), store, "k.parquet"); err != nil || !bytes.Equal(data, large) {
				t.Errorf("%s: read %d bytes, %v; want the %d put", c.name, len(data), err, len(large))
			}
		}
		if c.want == nil && (after.Meta["write-id"] != c.name || after.ETag != info.ETag || after.Size != info.Size) {
			t.Errorf("%s: read back %+v, want %+v", c.name, after, info)
		}
		if c.want != nil && after.Meta["write-id"] != before.Meta["write-id"] {
			t.Errorf("%s: now it is of %q, want nothing changed", c.name, after.Meta["write-id"])
		}
		if n := uploads(t, server, "conditions"); n != 0 {
			t.Errorf("%s: %d uploads are left", c.name, n)
		}
	}
}

func testPartsRace(t *testing.T, server objecttest.S3) {
	store := below(t, server, "race", nil)
	var winners atomic.Int32
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			_, err := store.Put(t.Context(), "k.parquet", bytes.NewReader(large[:part+1]), object.IfAbsent(), nil)
			if err == nil {
				winners.Add(1)
			} else if errors.Is(err, object.ErrConflict) || errors.Is(err, object.ErrUnknown) {
				err = nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil || winners.Load() != 1 {
		t.Errorf("%d winners, %v; want one", winners.Load(), err)
	}
	if n := uploads(t, server, "race"); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

// An upload that ends before it is completed leaves nothing behind, unless the store refuses
// to abort it.
func testPartsFailures(t *testing.T, server objecttest.S3) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		strike func(r *http.Request, cancel context.CancelFunc) error // the error of the request's way
		left   int
	}{
		"a part fails": {func(r *http.Request, _ context.CancelFunc) error {
			if r.URL.Query().Get("partNumber") == "2" {
				return broken
			}
			return nil
		}, 0},
		"the caller gives up": {func(r *http.Request, cancel context.CancelFunc) error {
			if r.URL.Query().Get("partNumber") == "2" {
				cancel()
				return r.Context().Err()
			}
			return nil
		}, 0},
		"the abort fails, too": {func(r *http.Request, _ context.CancelFunc) error {
			if r.URL.Query().Get("partNumber") == "2" || r.Method == http.MethodDelete {
				return broken
			}
			return nil
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			prefix := strings.ReplaceAll(name, " ", "-")
			store := below(t, server, prefix, func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				if err := c.strike(r, cancel); err != nil {
					return nil, err
				}
				return next.RoundTrip(r)
			})
			_, err := store.Put(ctx, "k.parquet", bytes.NewReader(large), object.IfAbsent(), nil)
			if err == nil || !strings.Contains(err.Error(), "part 2") {
				t.Errorf("%v, want it to name part 2", err)
			}
			if mentioned := err != nil && strings.Contains(err.Error(), "lifecycle"); mentioned != (c.left > 0) {
				t.Errorf("%v: mentions parts that stay: %t, want %t", err, mentioned, c.left > 0)
			}
			if _, err := store.Head(t.Context(), "k.parquet"); !errors.Is(err, object.ErrNotFound) {
				t.Errorf("Head: %v, want ErrNotFound", err)
			}
			if n := uploads(t, server, prefix); n != c.left {
				t.Errorf("%d uploads are left, want %d", n, c.left)
			}
		})
	}
}

// The answer of the last request is lost, before the server saw it and after.
func testPartsLost(t *testing.T, server objecttest.S3) {
	for name, c := range map[string]struct {
		arrives bool
		want    error // of PutKnown
		left    int
	}{
		"before": {false, nil, 1},
		"after":  {true, object.ErrConflict, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var joins atomic.Int32
			store := below(t, server, "lost-"+name, func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodPost || !r.URL.Query().Has("uploadId") || joins.Add(1) > 1 {
					return next.RoundTrip(r)
				}
				if c.arrives {
					answer, err := next.RoundTrip(r)
					if err != nil {
						return nil, err
					}
					_ = answer.Body.Close()
				}
				return nil, errors.New("reset by peer")
			})
			meta := map[string]string{"write-id": "mine"}
			_, err := object.PutKnown(t.Context(), store, "k.parquet", bytes.NewReader(large), object.IfAbsent(), meta)
			if !errors.Is(err, c.want) || joins.Load() != 2 {
				t.Errorf("%v after %d joins, want %v after 2", err, joins.Load(), c.want)
			}
			data, info, err := object.ReadAll(t.Context(), store, "k.parquet")
			if err != nil || !bytes.Equal(data, large) || info.Meta["write-id"] != "mine" {
				t.Errorf("read %d bytes of %q, %v; want its own", len(data), info.Meta["write-id"], err)
			}
			if n := uploads(t, server, "lost-"+name); n != c.left {
				t.Errorf("%d uploads are left, want %d", n, c.left)
			}
		})
	}
}
