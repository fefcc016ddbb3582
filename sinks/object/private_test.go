package object

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// modesOf returns the modes of everything below a folder, by name; the name of a folder ends
// in "/".
func modesOf(t *testing.T, folder string) map[string]fs.FileMode {
	t.Helper()
	modes := make(map[string]fs.FileMode)
	must(t, filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == folder {
			return err
		}
		info, err := entry.Info()
		name, _ = filepath.Rel(folder, name)
		if entry.IsDir() {
			name += "/"
		}
		modes[name] = info.Mode().Perm()
		return err
	}))
	return modes
}

// TestDirModes: private files are for their owner only and public ones are readable, under
// any umask. It changes the process's umask, so that it is not parallel.
func TestDirModes(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o027} {
		old := syscall.Umask(umask)
		folder := t.TempDir()
		store, err := Open(t.Context(), "file:"+folder, S3Options{})
		must(t, err)
		for range 2 { // the second write replaces
			for _, key := range []string{"bills/bill_date=2026-11-20/bucket-000.parquet", "_manifests/lake.json", "runs/R.json", "archives/x", "archive/bills/a/b.jsonl.zst", "_control/token-1"} {
				_, err := store.Put(t.Context(), key, bytes.NewReader([]byte(key)), Always(), map[string]string{"n": "1"})
				must(t, err)
			}
		}
		syscall.Umask(old)
		seen := 0
		for name, mode := range modesOf(t, folder) {
			private := strings.HasPrefix(name, "archive/") || strings.HasPrefix(name, "_control/") || strings.HasPrefix(name, ".billwalk/")
			want := fs.FileMode(0o644)
			switch {
			case private && strings.HasSuffix(name, "/"):
				want = 0o700
			case private:
				want = 0o600
			case strings.HasSuffix(name, "/"):
				want = 0o755 &^ fs.FileMode(umask)
			default:
				want &^= fs.FileMode(umask)
			}
			if mode != want {
				t.Errorf("umask %o: %s has %o, want %o", umask, name, mode, want)
			}
			seen++
		}
		if seen < 20 {
			t.Errorf("%d files and folders", seen)
		}
		if names, err := Exposed(t.Context(), store); err != nil || len(names) > 0 {
			t.Errorf("umask %o: exposed are %q, %v", umask, names, err)
		}
	}
}

// TestHide: what an earlier version left exposed is found and corrected. Tables, other
// people's files and targets of links do not change.
func TestHide(t *testing.T) {
	t.Parallel()
	folder, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	must(t, os.WriteFile(outside, nil, 0o644))
	for _, name := range []string{"bills/b.parquet", "archive/bills/a.jsonl.zst", "_control/claims.json", ".billwalk/lock", ".billwalk/meta/bills/b.parquet.json", "tokens", "tokens-1"} {
		must(t, os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o755))
		must(t, os.WriteFile(filepath.Join(folder, name), nil, 0o644))
	}
	must(t, os.Symlink(outside, filepath.Join(folder, "archive/link")))
	must(t, os.Chmod(filepath.Join(folder, "archive/bills/a.jsonl.zst"), 0o400))
	before := modesOf(t, folder)
	store, err := Open(t.Context(), "file:"+folder, S3Options{})
	must(t, err)
	exposed, err := Exposed(t.Context(), store)
	slices.Sort(exposed)
	want := []string{".billwalk", ".billwalk/lock", ".billwalk/meta", ".billwalk/meta/bills", ".billwalk/meta/bills/b.parquet.json", "_control", "_control/claims.json", "archive", "archive/bills"}
	if err != nil || !slices.Equal(exposed, want) {
		t.Errorf("exposed are %q, %v; want %q", exposed, err, want)
	}
	if n, err := Hide(t.Context(), store); err != nil || n != len(want) {
		t.Errorf("%d were hidden, %v; want %d", n, err, len(want))
	}
	after := modesOf(t, folder)
	for _, name := range want {
		delete(before, name)
		delete(before, name+"/")
	}
	maps.DeleteFunc(after, func(name string, mode fs.FileMode) bool {
		return slices.Contains(want, strings.TrimSuffix(name, "/")) && mode&others == 0
	})
	if !maps.Equal(before, after) {
		t.Errorf("others have %v now, want %v", after, before)
	}
	if info, err := os.Stat(outside); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("what a link leads to: %v, %v", info.Mode(), err)
	}
	if n, err := Hide(t.Context(), store); err != nil || n != 0 {
		t.Errorf("again: %d, %v", n, err)
	}

	beside, err := OpenBeside(folder, "tokens-")
	must(t, err)
	if exposed, err := Exposed(t.Context(), beside); err != nil || !slices.Equal(exposed, []string{"tokens-1"}) {
		t.Errorf("of the token cache: %q, %v", exposed, err)
	}
	_, err = beside.Put(t.Context(), "tokens-2", bytes.NewReader(nil), Always(), nil)
	must(t, err)
	if mode := modesOf(t, folder)["tokens-2"]; mode != 0o600 {
		t.Errorf("a token cache has mode %o", mode)
	}
	if n, err := Hide(t.Context(), endless{}); n != 0 || err != nil {
		t.Errorf("a store that is no folder: %d, %v", n, err)
	}
}
