package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
)

// mayBeEmpty is in queries that have no rows on the demo's lake.
const mayBeEmpty = "FROM restatements"

// TestRecipes runs the queries of the page on SQL against the demo's lake. Its Chinese
// twin has the same ones, as TestTwins checks.
func TestRecipes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("duckdb"); err != nil {
		if os.Getenv("BILLWALK_REQUIRE_DUCKDB") != "" {
			t.Fatal("BILLWALK_REQUIRE_DUCKDB is set and there is no duckdb on the PATH")
		}
		t.Skip("no duckdb on the PATH: the queries of the page on SQL are not run")
	}
	folder := t.TempDir()
	runIn(t, folder, "billwalk demo && billwalk ddl duckdb --lake lake > views.sql")
	queries := 0
	for _, block := range billwalktest.ReadDocument(t, "../docs/sql.md").Code {
		query, isSQL := strings.CutPrefix(block, "sql\n")
		if !isSQL {
			continue
		}
		queries++
		if err := os.WriteFile(filepath.Join(folder, "query.sql"), []byte(query), 0o644); err != nil {
			t.Fatal(err)
		}
		out := runIn(t, folder, "duckdb -csv -bail -init views.sql -f query.sql")
		if rows := strings.Count(out, "\n") - 1; rows < 1 && !strings.Contains(query, mayBeEmpty) {
			t.Errorf("no rows of\n%s\ngot: %s", query, out)
		}
	}
	if queries == 0 {
		t.Error("docs/sql.md has no block of sql")
	}
}

// runIn runs a shell script in a folder, with billwalk on the PATH, and returns what it
// prints.
func runIn(t *testing.T, folder, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", script)
	cmd.Dir = folder
	var errOut strings.Builder
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out, errOut.String())
	}
	return string(out)
}
