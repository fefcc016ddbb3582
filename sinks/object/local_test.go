package object

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const localKey = "bills/bill_date=2026-11-20/bucket-000.parquet"

// bodyOf writes the content to the file.
func bodyOf(t *testing.T, file *os.File, content string) Body {
	t.Helper()
	if _, err := file.WriteString(content); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return Body{io.NewSectionReader(file, 0, int64(len(content))), file, sha(content)}
}

// newBody returns a body that the store has created the file of.
func newBody(t *testing.T, s Store, content string) Body {
	t.Helper()
	file, err := NewFile(s, localKey)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return bodyOf(t, file, content)
}

// TestNewFile: a file that the store has created becomes the object, also when it is put again;
// one from elsewhere is copied. Nothing else is left of either, put or not.
func TestNewFile(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	store := Hiding(d, strings.ToUpper)
	own := newBody(t, store, "own")
	elsewhere, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(elsewhere.Name()); err != nil {
		t.Fatal(err)
	}
	copied := bodyOf(t, elsewhere, "copied")
	newBody(t, store, "never put")
	for _, row := range []struct {
		body Body
		cond Condition
		is   bool // the object is the very file
		err  error
	}{
		{own, IfAbsent(), true, nil}, {own, IfAbsent(), true, ErrConflict}, {own, IfMatch(own.SHA256), true, nil},
		{copied, IfAbsent(), false, ErrConflict}, {copied, IfMatch(own.SHA256), false, nil}, {newBody(t, store, "newer"), Always(), true, nil},
	} {
		info, err := store.Put(t.Context(), localKey, row.body, row.cond, map[string]string{"n": "1"})
		if !errors.Is(err, row.err) {
			t.Fatalf("%v, want %v", err, row.err)
		}
		left, err := os.ReadDir(filepath.Join(d.path, stageFolder))
		if err != nil || len(left) > 0 {
			t.Errorf("%v are left, %v", left, err)
		}
		if row.err != nil {
			continue
		}
		body, now, err := store.Get(t.Context(), localKey)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(body)
		body.Close()
		if err != nil || sha(string(content)) != row.body.SHA256 || now.ETag != row.body.SHA256 || now.ETag != info.ETag || now.Meta["n"] != "1" {
			t.Errorf("%q, %+v, %+v, %v", content, info, now, err)
		}
		object, err := d.root.Stat(localKey)
		if err != nil {
			t.Fatal(err)
		}
		file, err := row.body.File.Stat()
		if err != nil || os.SameFile(file, object) != row.is || object.Mode().Perm()&^publicFile != 0 {
			t.Errorf("the object is the file: %t, want %t; mode %v, %v", !row.is, row.is, object.Mode(), err)
		}
	}
}

// TestNewFileRefused: a file whose size is not that of the body, and bad keys.
func TestNewFileRefused(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	body := newBody(t, d, "cut")
	if _, err := body.File.WriteString("more"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Put(t.Context(), localKey, body, Always(), nil); err == nil || !strings.Contains(err.Error(), "a body of 3 bytes is a file of 7") {
		t.Errorf("a file of another size: %v", err)
	}
	if _, err := NewFile(d, "../x"); !errors.Is(err, ErrKey) {
		t.Errorf("%v, want ErrKey", err)
	}
	if _, err := NewFile(prefixed{}, localKey); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("not in a folder: %v", err)
	}
}
