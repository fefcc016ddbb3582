package jobs

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// environment is a lookup in a fixed set of variables.
func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		held, ok := vars[name]
		return held, ok
	}
}

// files reads from a fixed set of files.
func files(set map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		text, ok := set[path]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	}
}

// minimal is the shortest valid jobs.yaml; tests change it.
const minimal = `version: 1
lake: {url: "file:lake"}
apps:
  life: {base_url: "https://open.douyin.com", client_key: key, client_secret: canary-literal}
jobs:
  nightly:
    accounts: [{account_id: 7047437174853240835}]
    bills: {app: life}
`

// changed is minimal with one piece replaced, which must be there.
func changed(t testing.TB, old, with string) string {
	t.Helper()
	if strings.Count(minimal, old) != 1 {
		t.Fatalf("minimal holds %q %d times, want once", old, strings.Count(minimal, old))
	}
	return strings.Replace(minimal, old, with, 1)
}

func parse(t testing.TB, text string, vars, set map[string]string) (*File, error) {
	t.Helper()
	return Parse([]byte(text), "jobs.yaml", environment(vars), files(set))
}

func mustParse(t testing.TB, text string, vars, set map[string]string) *File {
	t.Helper()
	file, err := parse(t, text, vars, set)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return file
}

func mustJob(t testing.TB, file *File, name string) Job {
	t.Helper()
	job, err := file.Job(name)
	if err != nil {
		t.Fatalf("Job(%q): %v", name, err)
	}
	return job
}

// wantFaults checks that err is Faults and that its whole text is want.
func wantFaults(t testing.TB, err error, want string) {
	t.Helper()
	if _, ok := errors.AsType[Faults](err); !ok {
		t.Fatalf("error is %T (%v), want Faults", err, err)
	}
	if got := err.Error(); got != want {
		t.Errorf("faults:\n%s\nwant:\n%s", got, want)
	}
}

// golden compares got with a file of testdata, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is stale; go test -update writes it. got:\n%s\nwant:\n%s", path, got, want)
	}
}
