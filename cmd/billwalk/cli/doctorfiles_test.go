package cli

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/sinks/object/objecttest"
)

// TestCheckFiles: check names private files that others may read, --fix mends
// them, and the tables stay as they are.
func TestCheckFiles(t *testing.T) {
	t.Parallel()
	lake, config := billwalktest.OldLake(t, "http://127.0.0.1:1")
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens+"-1", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	public := func() (modes []string) {
		t.Helper()
		for _, name := range billwalktest.Glob(t, filepath.Join(lake.SQL, "*/*/*.parquet")) {
			for ; name != lake.SQL; name = filepath.Dir(name) {
				info, err := os.Stat(name)
				if err != nil {
					t.Fatal(err)
				}
				modes = append(modes, name+" "+info.Mode().String())
			}
		}
		return modes
	}
	before := public()
	for i, c := range []struct {
		args  []string
		state checkState
		says  string
	}{
		{nil, stateWarning, "private files and folders, such as "},
		{[]string{"--fix"}, stateOK, "were mended"},
		{nil, stateOK, "its owner's alone"},
	} {
		var out, log bytes.Buffer
		args := append([]string{"check", "--config", config, "--output", "json", "--token-cache", tokens}, c.args...)
		(&program{out: &out, err: &log, now: billwalktest.Now}).main(args)
		var found struct{ Checks []checked }
		if err := json.Unmarshal(out.Bytes(), &found); err != nil {
			t.Fatalf("%v: %s%s", err, out.String(), log.String())
		}
		files := slices.DeleteFunc(found.Checks, func(c checked) bool { return c.Name != "files" })
		if len(files) != 2 || !strings.Contains(files[0].Detail, lake.URL) || !strings.Contains(files[1].Detail, tokens) {
			t.Fatalf("%d: %+v", i, files)
		}
		for _, f := range files {
			if f.State != c.state || !strings.Contains(f.Detail, c.says) || (f.Fix == "") != (c.state == stateOK) {
				t.Errorf("%d: %+v, want %s and %q", i, f, c.state, c.says)
			}
		}
	}
	if after := public(); len(before) < 10 || !slices.Equal(before, after) {
		t.Errorf("tables had %q, have %q", before, after)
	}
	err := filepath.WalkDir(filepath.Join(lake.SQL, "archive"), func(name string, entry fs.DirEntry, err error) error {
		if info, _ := entry.Info(); info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", name, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestTokenCacheIsPrivate: the file of --token-cache is its owner's alone.
func TestTokenCacheIsPrivate(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	caches, err := (&program{tokenCache: filepath.Join(folder, "tokens")}).openTokenCaches(objecttest.NewMem())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (register{caches.store, caches.prefix + "-1"}).Swap(t.Context(), []byte("sealed"), ""); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(folder, "tokens-1")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
