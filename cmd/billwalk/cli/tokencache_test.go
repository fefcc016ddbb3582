package cli

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// What a register promises, and TokenCache asks for, of both kinds of store.
func TestRegister(t *testing.T) {
	t.Parallel()
	folder, err := object.Open(t.Context(), "file:"+t.TempDir(), object.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, store := range map[string]object.Store{"memory": objecttest.NewMem(), "folder": folder} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := register{store, "_control/token-1"}
			holds := func(want, version string) {
				t.Helper()
				got, at, err := cache.Load(t.Context())
				if err != nil || string(got) != want || at != version {
					t.Errorf("holds %q at %q, %v; want %q at %q", got, at, err, want, version)
				}
			}
			refuses := func(version string) {
				t.Helper()
				if _, err := cache.Swap(t.Context(), []byte("late"), version); !errors.Is(err, schema.ErrTaken) {
					t.Errorf("a swap of version %q gives %v", version, err)
				}
			}
			holds("", "")
			refuses("not-there")
			first, err := cache.Swap(t.Context(), []byte("one"), "")
			if err != nil {
				t.Fatal(err)
			}
			holds("one", first)
			refuses("")
			second, err := cache.Swap(t.Context(), []byte("two"), first)
			if err != nil {
				t.Fatal(err)
			}
			refuses(first)
			holds("two", second)
		})
	}
}

// A run leaves its apps' tokens, sealed, and the next run needs none.
func TestTokenCacheFlag(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tokens", "cache")
	for name, flag := range map[string]string{"bucket": "bucket", "file": file} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform, lake := billwalktest.Serve(t, billwalktest.World(7, 5)), billwalktest.FolderLake(t)
			j := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 200, Trade: 2000}
			config := j.Write(t)
			folder, most := lake.SQL, "_control/token-*"
			if flag != "bucket" {
				folder, most = filepath.Dir(file), "cache-*"
			}
			for _, want := range []int64{2, 0} { // an app for bills, one for settlements
				s, _ := billwalktest.Run(t, config, "run", "nightly", "--from", billwalktest.FirstDay.String(), "--token-cache", flag)
				if s.Calls.Token != want || s.Calls.Bills == 0 {
					t.Errorf("%d token calls and %d for bills, want %d tokens", s.Calls.Token, s.Calls.Bills, want)
				}
			}
			kept, err := fs.Glob(os.DirFS(folder), most)
			if err != nil || len(kept) != 2 {
				t.Fatalf("caches %q, %v; want one for each app", kept, err)
			}
			for _, name := range kept {
				content, err := os.ReadFile(filepath.Join(folder, name))
				if err != nil || bytes.Contains(content, []byte("clt.")) || bytes.Contains(content, []byte("token")) {
					t.Errorf("%s can be read: %q, %v", name, content, err)
				}
			}
		})
	}
}

func TestTokenCacheFlagWithoutAFile(t *testing.T) {
	t.Parallel()
	j := billwalktest.Job{Lake: billwalktest.FolderLake(t), Platform: "http://127.0.0.1:1", Accounts: []schema.Account{{ID: "1"}}, QPS: 1}
	for _, flag := range []string{t.TempDir() + "/", "/dev/null/tokens"} {
		var out, log bytes.Buffer
		if code := Main([]string{"--config", j.Write(t), "run", "nightly", "--token-cache", flag}, &out, &log); code != exitUsage || !strings.Contains(log.String(), "--token-cache") {
			t.Errorf("--token-cache %s: exit %d, %s", flag, code, log.String())
		}
	}
}
