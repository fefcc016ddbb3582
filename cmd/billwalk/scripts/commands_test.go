package scripts

import (
	"context"
	_ "embed"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/douyin/sandbox"
)

// commandShims replaces what the commands of the documentation need beside billwalk.
//
//go:embed commands_test.sh
var commandShims string

// TestCommands runs the blocks of sh in README.md and in the pages, each document by
// itself, in a folder like the repository with a jobs.yaml for a simulated platform.
// commands_test.sh says what is run and what is only checked.
func TestCommands(t *testing.T) {
	t.Parallel()
	for _, document := range billwalktest.Documents(t) {
		commands, name := document.Commands, filepath.Base(document.Path)
		if len(commands) == 0 {
			continue
		}
		if name == "sql.md" {
			commands = append([]string{"billwalk demo"}, commands...) // whose lake it is about
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runCommands(t, commandsFolder(t), commands)
		})
	}
}

func runCommands(t *testing.T, folder string, commands []string) {
	t.Helper()
	script := commandShims + "\n" + strings.Join(commands, "\n")
	script = strings.ReplaceAll(script, "…", "from-the-console")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-xeuo", "pipefail", "-c", script)
	shell.Dir = folder
	shell.Env = append(os.Environ(), clockAhead(time.Until(ownDay)),
		"PATH="+os.Getenv("PATH"),
		"DOUYIN_LIFE_CLIENT_KEY=key", "DOUYIN_LIFE_CLIENT_SECRET=secret-of-life", "DOUYIN_TRADE_CLIENT_KEY=key", "DOUYIN_TRADE_CLIENT_SECRET=secret-of-trade",
		"BILLWALK_CODE_KEY=0123456789abcdef0123456789abcdef")
	if output, err := shell.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, output[max(0, len(output)-4000):])
	}
}

// commandsFolder returns a folder that looks like the repository, but for its
// jobs.yaml, which is that of the repository for a simulated platform.
func commandsFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	root, err := filepath.Abs(billwalktest.Repository)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cmd", "deploy", "pipeline", "schema", "sinks"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	platform := sandbox.New(sandbox.Config{Seed: 1, Accounts: 3, Bills: 20, Healthy: true, Now: ahead(time.Until(ownDay))})
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	accounts := "accounts:\n"
	for _, a := range platform.Accounts() {
		key := "account_id"
		if a.Root {
			key = "root_account_id"
		}
		accounts += fmt.Sprintf("      - {%s: %q, name: %q}\n", key, a.ID, a.Name)
	}
	manual, err := os.ReadFile(filepath.Join(root, "jobs.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	config := string(manual)
	for old, replacement := range map[string]string{
		`s3://catering-lake/prod\n`:                   "file:published\n",
		`https://open\.douyin\.com\n`:                 server.URL + "\n",
		`qps: \d+\n`:                                  "qps: 2000\n",
		`(?m)^ +accounts:\n( +#.*\n)*( +- \{.*\}\n)+`: "    " + accounts,
	} {
		pattern := regexp.MustCompile(old)
		if !pattern.MatchString(config) {
			t.Fatalf("jobs.yaml has no %s", old)
		}
		config = pattern.ReplaceAllLiteralString(config, replacement)
	}
	if err := os.WriteFile(filepath.Join(folder, "jobs.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}
