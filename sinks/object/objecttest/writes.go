package objecttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"billwalk/sinks/object"
)

// testBody sends a file whose position is elsewhere, twice, as one does after an
// outcome of ErrUnknown.
func testBody(t *testing.T, store object.Store) {
	name := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(name, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Seek(4, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := store.Put(t.Context(), "k", file, object.Always(), nil); err != nil {
			t.Fatal(err)
		}
		if got, _ := mustGet(t, store, "k"); string(got) != "content" {
			t.Errorf("stored %q, want the whole file", got)
		}
	}
}

func testConditions(t *testing.T, store object.Store) {
	const missing, present = false, true
	cases := []struct {
		name   string
		exists bool
		cond   func(stale, current string) object.Condition
		ok     bool
	}{
		{"always-missing", missing, func(string, string) object.Condition { return object.Always() }, true},
		{"always-present", present, func(string, string) object.Condition { return object.Always() }, true},
		{"absent-missing", missing, func(string, string) object.Condition { return object.IfAbsent() }, true},
		{"absent-present", present, func(string, string) object.Condition { return object.IfAbsent() }, false},
		{"match-missing", missing, func(string, string) object.Condition { return object.IfMatch("0123456789abcdef") }, false},
		{"match-present", present, func(_, current string) object.Condition { return object.IfMatch(current) }, true},
		{"match-stale", present, func(stale, _ string) object.Condition { return object.IfMatch(stale) }, false},
	}
	for _, c := range cases {
		key, want := "conditions/"+c.name, "new"
		var stale, current object.Info
		if c.exists {
			stale = mustPut(t, store, key, []byte("stale"), object.IfAbsent(), map[string]string{"n": "1"})
			current = mustPut(t, store, key, []byte("current"), object.IfMatch(stale.ETag), map[string]string{"n": "2"})
		}
		_, err := put(t.Context(), store, key, []byte("new"), c.cond(stale.ETag, current.ETag), map[string]string{"n": "3"})
		if c.ok != (err == nil) || !c.ok && !errors.Is(err, object.ErrConflict) {
			t.Errorf("%s: %v, want success: %t, else ErrConflict", c.name, err, c.ok)
		}
		if c.ok {
			if got, info := mustGet(t, store, key); string(got) != want || info.Meta["n"] != "3" {
				t.Errorf("%s: now %q %v, want the new object", c.name, got, info.Meta)
			}
			continue
		}
		if !c.exists {
			if _, err := store.Head(t.Context(), key); !errors.Is(err, object.ErrNotFound) {
				t.Errorf("%s: %v after a conflict, want ErrNotFound", c.name, err)
			}
			continue
		}
		if got, info := mustGet(t, store, key); string(got) != "current" || info.ETag != current.ETag || info.Meta["n"] != "2" {
			t.Errorf("%s: now %q %v, want the old object", c.name, got, info.Meta)
		}
	}
}

func testEmptyETag(t *testing.T, store object.Store) {
	mustPut(t, store, "k", []byte("old"), object.Always(), nil)
	if _, err := put(t.Context(), store, "k", []byte("new"), object.IfMatch(""), nil); err == nil {
		t.Error("IfMatch of nothing was taken for no condition")
	}
	if got, _ := mustGet(t, store, "k"); string(got) != "old" {
		t.Errorf("the object is %q, want it unchanged", got)
	}
}

func testMeta(t *testing.T, store object.Store) {
	for _, meta := range []map[string]string{
		{"write-id": "01JABCdefGHI", "generation": "7", "x1": `a "quoted" = value; ~`},
		{"only": strings.Repeat("v", 2000)},
		nil, // none is left of the one before
	} {
		mustPut(t, store, "k", []byte("content"), object.Always(), meta)
		head, err := store.Head(t.Context(), "k")
		if err != nil || !maps.Equal(head.Meta, meta) {
			t.Errorf("Head has %v, %v; want %v", head.Meta, err, meta)
		}
	}
}

func testBadMeta(t *testing.T, store object.Store) {
	for _, meta := range []map[string]string{
		{"": "v"}, {"Write-Id": "v"}, {"write_id": "v"}, {"a b": "v"}, {"a:b": "v"},
		{"k": ""}, {"k": " v"}, {"k": "v\t"}, {"k": "a\r\nb"}, {"k": "餐饮"}, {"k": strings.Repeat("v", 2048)},
	} {
		if _, err := put(t.Context(), store, "k", nil, object.Always(), meta); err == nil {
			t.Errorf("metadata %.40q was accepted", meta)
		}
	}
	if _, err := store.Head(t.Context(), "k"); !errors.Is(err, object.ErrNotFound) {
		t.Errorf("%v, want nothing stored", err)
	}
}

func testSameContent(t *testing.T, store object.Store) {
	body := []byte("the same")
	first := mustPut(t, store, "k", body, object.IfAbsent(), map[string]string{"write-id": "A"})
	second := mustPut(t, store, "k", body, object.IfMatch(first.ETag), map[string]string{"write-id": "B"})
	head, err := store.Head(t.Context(), "k")
	if err != nil || head.Meta["write-id"] != "B" || head.ETag != second.ETag {
		t.Errorf("Head = %+v, %v; want the second write's", head, err)
	}
	mustPut(t, store, "other", body, object.IfAbsent(), map[string]string{"write-id": "C"})
	if head, err := store.Head(t.Context(), "k"); err != nil || head.Meta["write-id"] != "B" {
		t.Errorf("Head = %+v, %v; want it untouched by another key's write", head, err)
	}
}

// breaking is a body that calls a function half-way, and returns its error from then on.
type breaking struct {
	io.ReadSeeker
	left    int
	halfway func() error
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.left <= 0 {
		if err := b.halfway(); err != nil {
			return 0, err
		}
		return b.ReadSeeker.Read(p)
	}
	n, err := b.ReadSeeker.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func testCutShort(t *testing.T, store object.Store) {
	old := mustPut(t, store, "k", []byte("old"), object.IfAbsent(), map[string]string{"n": "1"})
	content := bytes.Repeat([]byte("new"), 100_000)
	broken := errors.New("the disk broke")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, c := range []struct {
		half func() error
		want error
	}{
		{func() error { return broken }, broken},
		{func() error { cancel(); return nil }, context.Canceled},
	} {
		body := &breaking{bytes.NewReader(content), len(content) / 2, c.half}
		if _, err := store.Put(ctx, "k", body, object.IfMatch(old.ETag), map[string]string{"n": "2"}); !errors.Is(err, c.want) {
			t.Errorf("Put: %v, want %v", err, c.want)
		}
		if got, info := mustGet(t, store, "k"); string(got) != "old" || info.ETag != old.ETag || info.Meta["n"] != "1" {
			t.Errorf("the object is %.20q %v, want the old one", got, info.Meta)
		}
	}
	if found, err := keys(t.Context(), store, ""); err != nil || len(found) != 1 {
		t.Errorf("List: %q, %v; want the one object", found, err)
	}
}
