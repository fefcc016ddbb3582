package object

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
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
	info, err := d.Put(t.Context(), key, bytes.NewReader([]byte(content)), Always(), meta)
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
		".billwalk/lock",
		".billwalk/meta/bills/bill_date=2026-11-20/bucket-000.parquet.json",
		"bills/bill_date=2026-11-20/bucket-000.parquet",
	}
	if err != nil || !slices.Equal(files, want) {
		t.Errorf("the folder has %q, %v; want %q", files, err, want)
	}
}

// TestDirRooted: the folders above an object, and above its sidecar, are made durable once.
func TestDirRooted(t *testing.T) {
	d := newDir(t)
	folders := []string{"a", "a/b", filepath.Dir(sidecarOf("a/k")), filepath.Dir(sidecarOf("a/b/k"))}
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

// TestDirSidecars: an object has a sidecar if it has metadata, is large, or had a sidecar before,
// which speaks of another content.
func TestDirSidecars(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", smallContent+1)
	type put struct {
		content string
		meta    map[string]string
		want    bool
	}
	meta := map[string]string{"n": "1"}
	for _, puts := range [][]put{
		{{"a", nil, false}, {"b", nil, false}, {"b", meta, true}, {"b", nil, true}, {"a", nil, true}},
		{{large, nil, true}, {"a", nil, true}},
		{{large[1:], nil, false}, {large, nil, true}},
	} {
		d := newDir(t)
		for i, p := range puts {
			d.mustPut(t, "k", p.content, p.meta)
			if got := d.hasSidecar("k"); got != p.want {
				t.Errorf("put %d of %.3s: it has a sidecar: %v", i, p.content, got)
			}
			info, err := d.Head(t.Context(), "k")
			if err != nil || info.ETag != sha(p.content) || !maps.Equal(info.Meta, p.meta) {
				t.Errorf("put %d: Head = %+v, %v; want that of %.3s, %v", i, info, err, p.content, p.meta)
			}
		}
	}
}

// TestDirByHand changes files without the store.
func TestDirByHand(t *testing.T) {
	t.Parallel()
	long := time.Now().Add(-time.Hour)
	cases := []struct {
		name   string
		change func(t *testing.T, file, sidecar string)
		want   string
		meta   map[string]string
	}{
		{"nothing", func(*testing.T, string, string) {}, "content", map[string]string{"n": "1"}},
		{"touched", func(t *testing.T, file, _ string) { must(t, os.Chtimes(file, long, long)) }, "content", map[string]string{"n": "1"}},
		{"edited", func(t *testing.T, file, _ string) { must(t, os.WriteFile(file, []byte("edited!"), 0o600)) }, "edited!", nil},
		{"sidecar gone", func(t *testing.T, _, sidecar string) { must(t, os.Remove(sidecar)) }, "content", nil},
		{"sidecar damaged", func(t *testing.T, _, sidecar string) { must(t, os.Truncate(sidecar, 9)) }, "content", nil},
		{"all of it gone", func(t *testing.T, _, sidecar string) {
			must(t, os.RemoveAll(filepath.Dir(filepath.Dir(sidecar))))
		}, "content", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDir(t)
			d.mustPut(t, "k", "content", map[string]string{"n": "1"})
			c.change(t, d.name("k"), d.name(sidecarOf("k")))
			info, err := d.Head(t.Context(), "k")
			if err != nil || info.ETag != sha(c.want) || info.Size != int64(len(c.want)) || !maps.Equal(info.Meta, c.meta) {
				t.Errorf("Head = %+v, %v; want the ETag of %q and metadata %v", info, err, c.want, c.meta)
			}
			if _, err := d.Put(t.Context(), "k", bytes.NewReader([]byte("next")), IfMatch(sha(c.want)), nil); err != nil {
				t.Errorf("Put over it: %v", err)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A kill between the two renames leaves a sidecar that is newer than its object.
func TestDirKilledBeforeRename(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	d.mustPut(t, "k", "old", map[string]string{"n": "1"})
	current, err := d.current(t.Context(), "k")
	must(t, err)
	staged, next, err := d.stage(t.Context(), bytes.NewReader([]byte("new")), publicFile)
	must(t, err)
	next.Meta = map[string]string{"n": "2"}
	must(t, d.putSidecar(t.Context(), "k", []version{next, current}))
	for _, want := range []struct{ content, n string }{{"old", "1"}, {"new", "2"}} {
		info, err := d.Head(t.Context(), "k")
		if err != nil || info.ETag != sha(want.content) || info.Meta["n"] != want.n {
			t.Errorf("Head = %+v, %v; want %q with its metadata", info, err, want.content)
		}
		if want.content == "old" {
			must(t, d.rename(staged, "k"))
		}
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

// Two contents of one size within one tick of the clock cannot be distinguished by their
// file.
func TestSidecarByFile(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	d.mustPut(t, "k", "new", nil)
	stat, err := os.Stat(d.name("k"))
	must(t, err)
	newer := version{ETag: sha("new"), Size: 3, Modified: stat.ModTime()}
	twin := version{ETag: sha("old"), Size: 3, Modified: stat.ModTime()}
	longer := version{ETag: sha("older"), Size: 5, Modified: stat.ModTime()}
	earlier := version{ETag: sha("old"), Size: 3, Modified: stat.ModTime().Add(-1)}
	for _, c := range []struct {
		versions []version
		ok       bool
	}{
		{nil, false}, {[]version{newer}, true}, {[]version{newer, twin}, false}, {[]version{longer, newer}, true},
		{[]version{newer, earlier}, true}, {[]version{earlier}, false}, {[]version{longer}, false},
	} {
		found, ok := sidecar{c.versions}.byFile(stat)
		if ok != c.ok || ok && found.ETag != newer.ETag {
			t.Errorf("byFile of %+v = %+v, %t; want %t", c.versions, found, ok, c.ok)
		}
	}
	must(t, d.putSidecar(t.Context(), "k", []version{twin, newer}))
	if info, err := d.Head(t.Context(), "k"); err != nil || info.ETag != sha("new") {
		t.Errorf("Head = %+v, %v; want the ETag of what is there", info, err)
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
