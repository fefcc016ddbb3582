package object

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestDirRecords: an object is recorded if it has metadata, is large, or was recorded before,
// of another content; in a sidecar once it was replaced.
func TestDirRecords(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", smallContent+1)
	type put struct {
		content string
		meta    map[string]string
		want    int // versions, of a line and in a sidecar
		sidecar bool
	}
	meta, other := map[string]string{"n": "1"}, map[string]string{"n": "2"}
	for _, puts := range [][]put{
		{{"a", nil, 0, false}, {"b", nil, 0, false}, {"b", meta, 1, true}, {"b", nil, 1, true}, {"a", nil, 2, true}},
		{{large, nil, 1, false}, {"a", nil, 3, true}},
		{{large[1:], nil, 0, false}, {large, nil, 2, true}},
		{{"a", meta, 1, false}, {"a", nil, 2, true}, {"a", other, 2, true}, {"b", meta, 3, true}},
	} {
		d := newDir(t)
		for i, p := range puts {
			d.mustPut(t, "k", p.content, p.meta)
			known := d.recorded("k")
			if known.replaced != p.sidecar || len(known.versions) != p.want {
				t.Errorf("put %d of %.3s: recorded are %v, replaced %t", i, p.content, known.versions, known.replaced)
			}
			info, err := d.Head(t.Context(), "k")
			if err != nil || info.ETag != sha(p.content) || !maps.Equal(info.Meta, p.meta) {
				t.Errorf("put %d: Head = %+v, %v; want that of %.3s, %v", i, info, err, p.content, p.meta)
			}
		}
	}
}

// TestDirLines: the objects of a folder have their metadata whatever else is among its lines,
// such as that of an object that a killed writer did not create, or a part of one; and too many
// of them, or something in their place, leave a sidecar.
func TestDirLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		before  func(t *testing.T, d *dir, lines string)
		sidecar bool
	}{
		{"no line", func(*testing.T, *dir, string) {}, false},
		{"of others", func(t *testing.T, d *dir, _ string) { d.mustPut(t, "a/l", "content", map[string]string{"n": "2"}) }, false},
		{"cut", func(t *testing.T, d *dir, lines string) {
			d.mustPut(t, "a/l", "content", map[string]string{"n": "2"})
			must(t, os.Truncate(lines, 40))
		}, false},
		{"not created", func(t *testing.T, d *dir, _ string) {
			_, err := d.addLine("a/k", version{ETag: sha("content"), Size: 7, Meta: map[string]string{"n": "2"}})
			must(t, err)
		}, true},
		{"an earlier version's", func(t *testing.T, d *dir, lines string) {
			must(t, d.putSidecar(t.Context(), "a/k", []version{{ETag: sha("content"), Meta: map[string]string{"n": "2"}}}))
		}, true},
		{"too many", func(t *testing.T, d *dir, lines string) {
			must(t, os.MkdirAll(filepath.Dir(lines), 0o700))
			must(t, os.WriteFile(lines, make([]byte, maxLines), 0o600))
		}, true},
		{"a folder", func(t *testing.T, _ *dir, lines string) { must(t, os.MkdirAll(lines, 0o700)) }, true},
	} {
		d := newDir(t)
		c.before(t, d, d.name(linesOf("a/k")))
		for _, key := range []string{"a/k", "a/m"} {
			d.mustPut(t, key, "content", map[string]string{"n": key})
			if info, err := d.Head(t.Context(), key); err != nil || info.Meta["n"] != key {
				t.Errorf("%s: Head = %+v, %v", c.name, info, err)
			}
		}
		if d.recorded("a/k").replaced != c.sidecar {
			t.Errorf("%s: it has a sidecar: %t", c.name, d.recorded("a/k").replaced)
		}
	}
}

// TestDirLinesAtOnce: objects created at once, by more than one process and more than there is
// room for, have their metadata, nearly all of them in lines.
func TestDirLinesAtOnce(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	other, err := openDir(d.path)
	must(t, err)
	const objects = 120
	var group sync.WaitGroup
	for n := range objects {
		group.Go(func() {
			key := "a/" + strconv.Itoa(n)
			_, err := []*dir{d, other}[n%2].Put(t.Context(), key, strings.NewReader("content"), IfAbsent(), map[string]string{"n": key})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	sidecars := 0
	for n := range objects {
		key := "a/" + strconv.Itoa(n)
		if info, err := d.Head(t.Context(), key); err != nil || info.Meta["n"] != key {
			t.Errorf("Head = %+v, %v; want %s", info, err, key)
		}
		if d.recorded(key).replaced {
			sidecars++
		}
	}
	if sidecars == 0 || sidecars > objects/2 {
		t.Errorf("%d of %d have sidecars", sidecars, objects)
	}
}

// TestDirByHand changes files without the store.
func TestDirByHand(t *testing.T) {
	t.Parallel()
	long := time.Now().Add(-time.Hour)
	cases := []struct {
		name   string
		change func(t *testing.T, file, record string)
		want   string
		meta   map[string]string
	}{
		{"nothing", func(*testing.T, string, string) {}, "content", map[string]string{"n": "1"}},
		{"touched", func(t *testing.T, file, _ string) { must(t, os.Chtimes(file, long, long)) }, "content", map[string]string{"n": "1"}},
		{"edited", func(t *testing.T, file, _ string) { must(t, os.WriteFile(file, []byte("edited!"), 0o600)) }, "edited!", nil},
		{"record gone", func(t *testing.T, _, record string) { must(t, os.Remove(record)) }, "content", nil},
		{"record damaged", func(t *testing.T, _, record string) { must(t, os.Truncate(record, 9)) }, "content", nil},
		{"all of it gone", func(t *testing.T, _, record string) {
			must(t, os.RemoveAll(filepath.Dir(filepath.Dir(record))))
		}, "content", nil},
	}
	for _, c := range cases {
		for _, record := range []string{linesOf("k"), sidecarOf("k")} {
			t.Run(c.name+" "+record, func(t *testing.T) {
				t.Parallel()
				d := newDir(t)
				if record == sidecarOf("k") {
					d.mustPut(t, "k", "replaced", nil)
				}
				d.mustPut(t, "k", "content", map[string]string{"n": "1"})
				c.change(t, d.name("k"), d.name(record))
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
}

// A kill between the two renames leaves a sidecar that is newer than its object.
func TestDirKilledBeforeRename(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	d.mustPut(t, "k", "old", map[string]string{"n": "1"})
	current, _, err := d.current(t.Context(), "k")
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

// Two contents of one size within one tick of the clock cannot be distinguished by their
// file.
func TestByFile(t *testing.T) {
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
		found, ok := byFile(c.versions, stat)
		if ok != c.ok || ok && found.ETag != newer.ETag {
			t.Errorf("byFile of %+v = %+v, %t; want %t", c.versions, found, ok, c.ok)
		}
	}
	must(t, d.putSidecar(t.Context(), "k", []version{twin, newer}))
	if info, err := d.Head(t.Context(), "k"); err != nil || info.ETag != sha("new") {
		t.Errorf("Head = %+v, %v; want the ETag of what is there", info, err)
	}
}
