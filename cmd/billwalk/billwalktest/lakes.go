package billwalktest

import (
	"os"
	"path/filepath"
	"testing"

	"billwalk/schema"
)

// OldLakeAccount is the account of testdata/lake-1, a lake in its first format: lake.json,
// a manifest, a certificate, a settle pass, archived answers, the Parquet files. It is
// never written again. It was made with
//
//	billwalk sandbox --seed 8 --accounts 12 --bills 12
//	billwalk run nightly --from 2026-10-30
//
// of one account, with both apps and passes: 2, and lacks the folder store's own
// files, as a lake does that was copied.
const OldLakeAccount = "7715455490686219150"

// OldLake copies testdata/lake-1, and returns it with a jobs.yaml.
func OldLake(t *testing.T, platform string) (Place, string) {
	t.Helper()
	return CopyLake(t, "../testdata/lake-1", Job{Platform: platform, Accounts: []schema.Account{{ID: OldLakeAccount, Name: "喀什拉面"}}, Passes: 2})
}

// CopyLake copies a lake, and returns it with the jobs.yaml of the job on it.
func CopyLake(t *testing.T, folder string, j Job) (Place, string) {
	t.Helper()
	j.Lake, j.QPS, j.Trade = FolderLake(t), 100, 100
	if err := os.CopyFS(j.Lake.SQL, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	return j.Lake, j.Write(t)
}

// ReadFile returns the text of a file.
func ReadFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Glob returns the files that a pattern matches, at least one.
func Glob(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s finds %q, %v", pattern, paths, err)
	}
	return paths
}
