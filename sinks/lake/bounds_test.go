package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// claiming is a store in which every object repeats a content a number of times, and claims
// to have a number of bytes.
type claiming struct {
	object.Store
	content []byte
	times   int64
	size    int64
}

func (c claiming) Get(_ context.Context, key string) (io.ReadCloser, object.Info, error) {
	return io.NopCloser(&again{c.content, 0, c.times}), object.Info{Key: key, Size: c.size, ETag: "e"}, nil
}

type again struct {
	content []byte
	from    int
	times   int64
}

func (a *again) Read(p []byte) (int, error) {
	if a.times <= 0 || len(a.content) == 0 {
		return 0, io.EOF
	}
	n := copy(p, a.content[a.from:])
	if a.from += n; a.from == len(a.content) {
		a.from, a.times = 0, a.times-1
	}
	return n, nil
}

// FuzzManifest: whatever is stored as a manifest, of any claimed or real length, is an error
// or a manifest that is the same when it is encoded and decoded again.
func FuzzManifest(f *testing.F) {
	sealed, err := (&schema.Manifest{Version: schema.ManifestVersion, Day: day, Bucket: 2}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed, int64(1), int64(len(sealed)))
	f.Add(sealed, int64(2), int64(0))
	f.Add([]byte(" "), int64(1)<<40, int64(1))
	f.Add([]byte("{"), int64(1)<<20, int64(-1))
	f.Add([]byte("[{\"units\":["), int64(1)<<16, int64(1)<<62)
	f.Add([]byte{}, int64(1), int64(1536<<20))
	f.Add([]byte(`{"version":1,"objects":[{"table":"bills","bytes":9223372036854775807}],"units":null,"verdicts":{"":-1}}`), int64(1), int64(100))
	f.Fuzz(func(t *testing.T, content []byte, times, size int64) {
		if limit := schema.LimitOf(schema.ManifestKey(day, 2)).Bytes; times > 1<<10 && int64(len(content)) < limit/4 {
			times = min(times, 1<<10) // many small ones take long, and show no more
		}
		l := &Lake{store: claiming{objecttest.NewMem(), content, times, size}, buckets: 3}
		m, err := l.Manifest(t.Context(), day, 2)
		if (m == nil) == (err == nil) {
			t.Fatalf("%v, %v", m, err)
		}
		if size > schema.LimitOf(schema.ManifestKey(day, 2)).Bytes && !errors.Is(err, object.ErrTooLarge) {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if m == nil {
			return
		}
		again, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if m, err = schema.DecodeManifest(again); err != nil {
			t.Fatalf("written again: %v", err)
		}
		if twice, err := m.Encode(); err != nil || !bytes.Equal(again, twice) {
			t.Fatalf("written twice: %v\n%s\n%s", err, again, twice)
		}
	})
}

// TestFetchIsBounded: a file that claims to be too large is not fetched, and a file without
// an end does not fill the disk once the run is stopped.
func TestFetchIsBounded(t *testing.T) {
	t.Parallel()
	l := &Lake{store: claiming{size: 16<<30 + 1}, tmp: t.TempDir()}
	for _, err := range l.Bills(t.Context(), day, 0) {
		if !errors.Is(err, object.ErrTooLarge) || !strings.Contains(err.Error(), "a Parquet file") {
			t.Errorf("%v, want it refused", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	l.store = cancelling{claiming{content: make([]byte, 1<<20), times: 1 << 40}, cancel}
	for _, err := range l.Bills(ctx, day, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want it to end with its context", err)
		}
	}
	if left, err := os.ReadDir(l.tmp); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// cancelling is a store whose reader is stopped while it reads.
type cancelling struct {
	claiming
	cancel func()
}

func (c cancelling) Get(ctx context.Context, key string) (io.ReadCloser, object.Info, error) {
	body, info, err := c.claiming.Get(ctx, key)
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(body, 8<<20), calling(c.cancel), body), body}, info, err
}

// calling is an empty reader that calls a function.
type calling func()

func (c calling) Read([]byte) (int, error) { c(); return 0, io.EOF }

// TestHonestManifest: the manifest of 10,000 accounts with ten pages of bills each is far
// below the limit.
func TestHonestManifest(t *testing.T) {
	t.Parallel()
	m := &schema.Manifest{Version: schema.ManifestVersion, Day: day}
	for i := range 10_000 {
		c := &schema.Certificate{}
		for n := range 10 {
			c.Pages = append(c.Pages, schema.Link{Cursor: fmt.Sprint("cursor-of-a-page-", n), Next: fmt.Sprint("cursor-of-a-page-", n+1), Rows: 50, SHA256: strings.Repeat("0", 64)})
		}
		m.Units = append(m.Units, schema.Entry{Account: schema.Account{ID: schema.AccountID(fmt.Sprint(7_000_000_000_000_000_000 + i)), Name: "某某餐饮"}, State: schema.Complete, Certificate: c})
	}
	data, err := m.Encode()
	if err != nil || int64(len(data)) > schema.LimitOf(schema.ManifestKey(day, 0)).Bytes*3/4 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	compact, err := json.Marshal(m.Units[0].Certificate.Pages)
	if err != nil || len(compact)/10 > 160 {
		t.Errorf("%d bytes a page of a certificate, %v", len(compact)/10, err)
	}
}

// TestAmplifiedSummary: a summary that would take far more memory than its text is
// an error that names it.
func TestAmplifiedSummary(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	l := &Lake{store: store}
	text := `{"failures":[` + strings.Repeat("{},", 1<<20) + "{}]}"
	if err := l.Record(t.Context(), "R", []byte(text)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Summary(t.Context(), "R"); err == nil || !strings.Contains(err.Error(), "runs/R.json") {
		t.Errorf("%v", err)
	}
}
