package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// recipes are the pages whose sql and sh blocks are run.
var recipes = []string{"../docs/sql.md", "../docs/sql.zh.md"}

// mayBeEmpty is in the sql blocks that have no rows on the demo's lake.
const mayBeEmpty = "FROM restatements"

// TestRecipes runs the commands and queries of the SQL pages against the demo's lake.
func TestRecipes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("duckdb"); err != nil {
		if os.Getenv("BILLWALK_REQUIRE_DUCKDB") != "" {
			t.Fatal("BILLWALK_REQUIRE_DUCKDB is set and there is no duckdb on the PATH")
		}
		t.Skip("no duckdb on the PATH: the queries of the pages are not run")
	}
	folder := t.TempDir()
	repository, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(repository, "schema"), filepath.Join(folder, "schema")); err != nil {
		t.Fatal(err)
	}
	runIn(t, folder, "billwalk demo")
	for _, path := range recipes {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		queries := 0
		for _, block := range codeBlocks(string(page)) {
			switch block.language {
			case "sh":
				runIn(t, folder, block.text)
			case "sql":
				queries++
				if err := os.WriteFile(filepath.Join(folder, "query.sql"), []byte(block.text), 0o644); err != nil {
					t.Fatal(err)
				}
				out := runIn(t, folder, "duckdb -csv -bail -init views.sql -f query.sql")
				if strings.Count(out, "\n") < 2 && !strings.Contains(block.text, mayBeEmpty) {
					t.Errorf("%s: no rows of\n%s\ngot: %s", path, block.text, out)
				}
			}
		}
		if queries == 0 {
			t.Errorf("%s has no sql block", path)
		}
	}
}

// runIn runs a shell script in a folder, with billwalk on the PATH, and returns what it
// prints.
func runIn(t *testing.T, folder, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", script)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "PATH="+program+string(filepath.ListSeparator)+os.Getenv("PATH"))
	var errOut strings.Builder
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil || strings.Contains(errOut.String(), "Error") {
		t.Fatalf("%v: %v\n%s%s", script, err, out, errOut.String())
	}
	return string(out)
}

// codeBlock is a fenced block of a page.
type codeBlock struct{ language, text string }

func codeBlocks(page string) (blocks []codeBlock) {
	var block *codeBlock
	for line := range strings.Lines(page) {
		language, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && block != nil:
			blocks, block = append(blocks, *block), nil
		case isFence:
			block = &codeBlock{language: language}
		case block != nil:
			block.text += line
		}
	}
	return blocks
}
