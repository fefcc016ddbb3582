package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// readStore is a store that counts what is read, and calls then once the last manifest was.
type readStore struct {
	object.Store
	reads, last int
	then        func()
}

func (s *readStore) Get(ctx context.Context, key string) (io.ReadCloser, object.Info, error) {
	defer func() {
		if s.reads++; s.reads == s.last && s.then != nil {
			s.then()
		}
	}()
	return s.Store.Get(ctx, key)
}

// TestPinnedManifests: each manifest is read once, and none is taken where one of them was replaced, or another one was
// published, before the last was read.
func TestPinnedManifests(t *testing.T) {
	t.Parallel()
	const days, buckets = 3, 2
	for name, row := range map[string]struct {
		day, bucket int // of a manifest that is published meanwhile; -1: none
		fault       string
	}{
		"at rest":        {-1, 0, ""},
		"one replaced":   {0, 1, "is being published right now"},
		"another day":    {days, 0, "is being published right now"},
		"another bucket": {0, buckets, "is being published right now"},
	} {
		folder, err := object.Open(t.Context(), "file:"+t.TempDir(), object.S3Options{})
		if err != nil {
			t.Fatal(err)
		}
		for kind, store := range map[string]object.Store{"folder": folder, "memory": objecttest.NewMem()} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				put := func(day, bucket int, write string) {
					m := schema.Manifest{Day: schema.Day(20412 + day), Bucket: bucket, WriteID: write}
					data, err := m.Encode()
					if err != nil {
						t.Fatal(err)
					}
					if _, err := store.Put(t.Context(), fmt.Sprintf("_manifests/bill_date=%s/bucket-%03d.json", m.Day, bucket), bytes.NewReader(data), object.Always(), nil); err != nil {
						t.Fatal(err)
					}
				}
				for i := range days * buckets {
					put(i/buckets, i%buckets, "before")
				}
				s := &readStore{Store: store, last: days * buckets}
				if row.day >= 0 {
					s.then = func() { put(row.day, row.bucket, "after") }
				}
				all, err := pinnedManifests(t.Context(), s, jobs.Lake{URL: "file:lake"})
				if row.fault != "" {
					if err == nil || !strings.Contains(err.Error(), row.fault) {
						t.Errorf("error %v, want %s", err, row.fault)
					}
					return
				}
				if err != nil || len(all) != days*buckets || s.reads != days*buckets {
					t.Fatalf("%d manifests by %d reads: %v", len(all), s.reads, err)
				}
				for i, m := range all {
					if int(m.Day-20412) != i/buckets || m.Bucket != i%buckets {
						t.Errorf("%s, bucket %d is number %d", m.Day, m.Bucket, i)
					}
				}
			})
		}
	}
}
