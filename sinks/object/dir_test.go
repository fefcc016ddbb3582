package object

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func newDir(t *testing.T) *dir {
	t.Helper()
	d, err := openDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *dir) mustPut(t *testing.T, key, content string, meta map[string]string) Info {
	t.Helper()
	cond := Always()
	if _, err := d.root.Stat(key); err != nil {
		cond = IfAbsent()
	}
	info, err := d.Put(t.Context(), key, bytes.NewReader([]byte(content)), cond, meta)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func sha(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// Readers glob TABLE/*/*.parquet: no file of the store itself may be there.
func TestDirLayout(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	d.mustPut(t, "bills/bill_date=2026-11-20/bucket-000.parquet", "one", map[string]string{"n": "1"})
	d.mustPut(t, "bills/bill_date=2026-11-20/bucket-000.parquet", "two", map[string]string{"n": "2"})
	var files []string
	err := fs.WalkDir(d.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			files = append(files, name)
		}
		return err
	})
	want := []string{
		".billwalk/lines/bills/bill_date=2026-11-20.jsonl",
		".billwalk/lock",
		".billwalk/meta/bills/bill_date=2026-11-20/bucket-000.parquet.json",
		"bills/bill_date=2026-11-20/bucket-000.parquet",
	}
	if err != nil || !slices.Equal(files, want) {
		t.Errorf("the folder has %q, %v; want %q", files, err, want)
	}
}

// TestDirRooted: the folders above an object, and above its line, and the file of that are made
// durable once.
func TestDirRooted(t *testing.T) {
	d := newDir(t)
	folders := []string{"a", "a/b", filepath.Dir(linesOf("a/b/k")), linesOf("a/b/k")}
	for _, puts := range []int{0, 1, 2} {
		for _, f := range folders {
			if got, want := d.isRooted(f), puts > 0; got != want {
				t.Errorf("after %d puts: %s is durable: %v", puts, f, got)
			}
		}
		if d.isRooted("a/c") {
			t.Error("a folder that is not there is durable")
		}
		d.mustPut(t, "a/b/"+[]string{"k", "l", "m"}[puts], "content", map[string]string{"n": "1"})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestDirConflict: who reports a conflict has made durable what it found, as its writer may not
// have come so far. Where there is nothing, nothing is made.
func TestDirConflict(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	d.mustPut(t, "a/k", "content", nil)
	other, err := openDir(d.path)
	must(t, err)
	for key, cond := range map[string]Condition{"a/k": IfAbsent(), "b/k": IfMatch(sha("content"))} {
		if _, err := other.Put(t.Context(), key, strings.NewReader("other"), cond, nil); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v, want a conflict", key, err)
		}
	}
	if !other.isRooted("a") || other.isRooted("b") {
		t.Errorf("durable are %v", other.rooted)
	}
	if _, err := d.root.Stat("b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder for nothing: %v", err)
	}
}

// interrupting is a context that calls a function at its nth check.
type interrupting struct {
	context.Context
	n   *int
	run func()
}

func (c interrupting) Err() error {
	if *c.n--; *c.n == 0 {
		c.run()
	}
	return c.Context.Err()
}

// An object may be replaced while it is read for an ETag that its sidecar does not have.
// Then the store describes the new object, with its metadata.
func TestDirReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	d.mustPut(t, "k", "old", nil) // without a sidecar
	n, replaced := 2, false       // the first time is before anything is opened
	ctx := interrupting{t.Context(), &n, func() {
		replaced = true
		d.mustPut(t, "k", "new", map[string]string{"n": "2"})
	}}
	info, err := d.Head(ctx, "k")
	if err != nil || !replaced || info.ETag != sha("new") || info.Meta["n"] != "2" {
		t.Errorf("Head = %+v, %v; want the object that is there by now", info, err)
	}
}

func TestDirSweep(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	d.mustPut(t, "k", "content", nil)
	for name, age := range map[string]time.Duration{"fresh": time.Hour, "left": abandonedAge + time.Hour} {
		file := filepath.Join(d.path, stageFolder, name)
		must(t, os.WriteFile(file, nil, 0o600))
		must(t, os.Chtimes(file, time.Now().Add(-age), time.Now().Add(-age)))
	}
	if _, err := openDir(d.path); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(d.path, stageFolder))
	if err != nil || len(entries) != 1 || entries[0].Name() != "fresh" {
		t.Errorf("left on their way: %v, %v; want the fresh one alone", entries, err)
	}
}

// A link that leads out of the folder is not followed.
func TestDirLinks(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600))
	if err := os.Symlink(outside, d.name("out")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if _, err := d.Head(t.Context(), "out/secret"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("Head through the link: %v, want it refused", err)
	}
	if _, err := d.Put(t.Context(), "out/secret", bytes.NewReader(nil), Always(), nil); err == nil {
		t.Error("Put through the link was accepted")
	}
	must(t, os.Mkdir(d.name("in"), 0o700))
	must(t, os.WriteFile(d.name("in/file"), nil, 0o600))
	must(t, os.Symlink("in", d.name("to")))
	for _, prefix := range []string{"out", "out/", "out/s", "to/", "to/file", "none/", "in/file/", "in/file/x"} {
		for info, err := range d.List(t.Context(), prefix) {
			t.Errorf("List of %s shows %+v, %v", prefix, info, err)
		}
	}
	for info, err := range d.List(t.Context(), "") {
		if info.Key != "in/file" || err != nil {
			t.Errorf("List shows %+v, %v", info, err)
		}
	}
	if content, err := os.ReadFile(filepath.Join(outside, "secret")); string(content) != "secret" {
		t.Errorf("outside there is now %q, %v", content, err)
	}
}

// TestDirContent: the content of an object is read without what describes it.
func TestDirContent(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	d.mustPut(t, "a/k", "content", map[string]string{"n": "1"})
	must(t, os.RemoveAll(d.name(reserved)))
	must(t, os.WriteFile(d.name(reserved), nil, 0o600))
	got, err := ReadContent(t.Context(), d, "a/k")
	if err != nil || string(got) != "content" {
		t.Errorf("got %q, %v", got, err)
	}
	for key, want := range map[string]error{"a/none": ErrNotFound, "none/k": ErrNotFound, "a": ErrNotFile} {
		if got, err := ReadContent(t.Context(), d, key); !errors.Is(err, want) {
			t.Errorf("%s: got %q, %v, want %v", key, got, err, want)
		}
	}
}
