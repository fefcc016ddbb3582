// Package objecttest checks that every object store keeps one contract. It has a store in
// memory, and starts a real S3 server for the tests that need one. Only tests import it.
//
//	func TestMem(t *testing.T) {
//		objecttest.Run(t, func(*testing.T) object.Store { return objecttest.NewMem() })
//	}
package objecttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	"billwalk/sinks/object"
)

// Run checks the contract of [object.Store]. Every call of open returns a new, empty store.
func Run(t *testing.T, open func(t *testing.T) object.Store) {
	suite := []struct {
		name string
		test func(*testing.T, object.Store)
	}{
		{"a write is read back", testReadBack},
		{"what is not there is not found", testNotFound},
		{"the body is read from its start and left open", testBody},
		{"conditions", testConditions},
		{"a condition without an ETag is refused", testEmptyETag},
		{"metadata comes back as it was given", testMeta},
		{"metadata that would not is refused", testBadMeta},
		{"the same content with other metadata", testSameContent},
		{"lists are in the order of keys", testListOrder},
		{"lists go on over a thousand keys", testListMany},
		{"bad keys are refused", testBadKeys},
		{"a done context ends every call", testDoneContext},
		{"a write cut short leaves the old object", testCutShort},
		{"a reader sees the old or the new object", testReaders},
		{"one of many creations wins", testCreateRace},
		{"one of many replacements wins", testSwapRace},
		{"no increment is lost", testCounter},
	}
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.test(t, open(t))
		})
	}
}

func testReadBack(t *testing.T, store object.Store) {
	big := make([]byte, 5<<20)
	for i := range big {
		big[i] = byte(i * i >> 8)
	}
	for key, body := range map[string][]byte{
		"top.json": []byte("{}"),
		"archive/bills/bill_date=2026-11-20/account=7113893944009705516/01J-00001.jsonl.zst": []byte("page"),
		"_manifests/empty":         {},
		"bills/5-MiB":              big,
		"names/a b+c&d%20e=某某餐饮.x": []byte("names"),
	} {
		meta := map[string]string{"write-id": "01JABC"}
		put := mustPut(t, store, key, body, object.IfAbsent(), meta)
		if put.Key != key || put.ETag == "" || put.Size != int64(len(body)) {
			t.Errorf("Put(%s) = %+v, want its key, an ETag and %d bytes", key, put, len(body))
		}
		head, err := store.Head(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		got, info := mustGet(t, store, key)
		if !bytes.Equal(got, body) {
			t.Errorf("Get(%s) gives %d other bytes than the %d put", key, len(got), len(body))
		}
		for _, i := range []object.Info{head, info} {
			if i.Key != key || i.ETag != put.ETag || i.Size != put.Size || !maps.Equal(i.Meta, meta) {
				t.Errorf("read back %+v, want %+v", i, put)
			}
		}
	}
}

func testNotFound(t *testing.T, store object.Store) {
	mustPut(t, store, "folder/object", []byte("x"), object.Always(), nil)
	if _, err := store.Head(t.Context(), "folder"); !errors.Is(err, object.ErrNotFound) && !errors.Is(err, object.ErrNotFile) {
		t.Errorf("Head(folder): %v, want ErrNotFound, or ErrNotFile in a folder", err)
	}
	for _, key := range []string{"missing", "folder/missing", "folder/object/below"} {
		if _, err := store.Head(t.Context(), key); !errors.Is(err, object.ErrNotFound) {
			t.Errorf("Head(%s): %v, want ErrNotFound", key, err)
		}
		body, _, err := store.Get(t.Context(), key)
		if !errors.Is(err, object.ErrNotFound) {
			t.Errorf("Get(%s): %v, want ErrNotFound", key, err)
		}
		if err == nil {
			_ = body.Close()
		}
	}
}

func testBadKeys(t *testing.T, store object.Store) {
	for _, key := range []string{
		"", "/a", "a/", "a//b", ".", "..", "a/../b", "../../x", "a/./b", `a\b`, "a\nb", "a\x00", "a\u0085b",
		"a\xff", ".billwalk", ".billwalk/lock", string(bytes.Repeat([]byte("k"), 1025)),
	} {
		if _, err := store.Head(t.Context(), key); !errors.Is(err, object.ErrKey) {
			t.Errorf("Head(%.40q): %v, want ErrKey", key, err)
		}
		if _, _, err := store.Get(t.Context(), key); !errors.Is(err, object.ErrKey) {
			t.Errorf("Get(%.40q): %v, want ErrKey", key, err)
		}
		if _, err := put(t.Context(), store, key, nil, object.Always(), nil); !errors.Is(err, object.ErrKey) {
			t.Errorf("Put(%.40q): %v, want ErrKey", key, err)
		}
	}
	for _, prefix := range []string{"/a", "a//b", "../x", `a\`, ".billwalk/"} {
		if _, err := keys(t.Context(), store, prefix); !errors.Is(err, object.ErrKey) {
			t.Errorf("List(%q): %v, want ErrKey", prefix, err)
		}
	}
}

func testDoneContext(t *testing.T, store object.Store) {
	mustPut(t, store, "there", []byte("old"), object.Always(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, headErr := store.Head(ctx, "there")
	_, _, getErr := store.Get(ctx, "there")
	_, putErr := put(ctx, store, "there", []byte("new"), object.Always(), nil)
	_, listErr := keys(ctx, store, "")
	for _, err := range []error{headErr, getErr, putErr, listErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want context.Canceled", err)
		}
	}
	if errors.Is(putErr, object.ErrUnknown) {
		t.Errorf("Put: %v, but nothing was tried", putErr)
	}
	if got, _ := mustGet(t, store, "there"); string(got) != "old" {
		t.Errorf("the object is %q, want it unchanged", got)
	}
}

func put(ctx context.Context, store object.Store, key string, body []byte, cond object.Condition, meta map[string]string) (object.Info, error) {
	return store.Put(ctx, key, bytes.NewReader(body), cond, meta)
}

func mustPut(t *testing.T, store object.Store, key string, body []byte, cond object.Condition, meta map[string]string) object.Info {
	t.Helper()
	info, err := put(t.Context(), store, key, body, cond, meta)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func mustGet(t *testing.T, store object.Store, key string) ([]byte, object.Info) {
	t.Helper()
	content, info, err := get(t.Context(), store, key)
	if err != nil {
		t.Fatal(err)
	}
	return content, info
}

func get(ctx context.Context, store object.Store, key string) ([]byte, object.Info, error) {
	body, info, err := store.Get(ctx, key)
	if err != nil {
		return nil, info, err
	}
	content, err := io.ReadAll(body)
	return content, info, errors.Join(err, body.Close())
}

func keys(ctx context.Context, store object.Store, prefix string) ([]string, error) {
	var found []string
	for info, err := range store.List(ctx, prefix) {
		if err != nil {
			return found, fmt.Errorf("after %d keys: %w", len(found), err)
		}
		found = append(found, info.Key)
	}
	return slices.Clip(found), nil
}
