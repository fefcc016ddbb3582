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

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/douyin/sandbox"
)

// repository is the folder that README.md is in, seen from here.
const repository = "../../.."

// documents returns README.md and the pages of `billwalk help TOPIC`, in English.
func documents(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	all := []string{filepath.Join(repository, "README.md")}
	for _, page := range pages {
		if !strings.HasSuffix(page, ".zh.md") {
			all = append(all, page)
		}
	}
	return all
}

func inChinese(document string) string { return strings.TrimSuffix(document, ".md") + ".zh.md" }

// TestReadmeIsShort: a newcomer reads README.md to its end.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	const maxLines, maxBytes = 150, 10 << 10
	for _, name := range []string{"README.md", "README.zh.md"} {
		text := readFile(t, filepath.Join(repository, name))
		if lines := strings.Count(text, "\n"); lines > maxLines || len(text) > maxBytes {
			t.Errorf("%s has %d lines and %d bytes, want at most %d and %d: move something to cmd/billwalk/docs", name, lines, len(text), maxLines, maxBytes)
		}
	}
}

// TestTwins: both languages have the same sections, the same commands and the same links.
func TestTwins(t *testing.T) {
	t.Parallel()
	for _, english := range documents(t) {
		t.Run(filepath.Base(english), func(t *testing.T) {
			t.Parallel()
			en, zh := parseDocument(readFile(t, english)), parseDocument(readFile(t, inChinese(english)))
			if diff := cmp.Diff(en.levels, zh.levels); diff != "" {
				t.Errorf("the Chinese twin has other sections: %q, want %q", zh.headings, en.headings)
			}
			if diff := cmp.Diff(en.code, zh.code); diff != "" {
				t.Errorf("the Chinese twin has other code (-English +Chinese):\n%s", diff)
			}
			for i, link := range en.links {
				if i >= len(zh.links) || zh.links[i] != link {
					t.Errorf("the Chinese twin has other links: %q, want %q", zh.links, en.links)
					break
				}
			}
		})
	}
}

// TestLinks: what README.md and the pages link to exists.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, english := range documents(t) {
		for _, document := range []string{english, inChinese(english)} {
			for _, match := range link.FindAllStringSubmatch(readFile(t, document), -1) {
				target, _, _ := strings.Cut(match[1], "#")
				if strings.HasPrefix(target, "https://") || target == "" {
					continue
				}
				if _, err := os.Stat(filepath.Join(filepath.Dir(document), target)); err != nil {
					t.Errorf("%s links to %s, which does not exist", document, match[1])
				}
			}
		}
	}
}

// TestMap: the page on development names every folder with code.
func TestMap(t *testing.T) {
	t.Parallel()
	english := readFile(t, "../docs/development.md")
	for _, top := range []string{"cmd", "pipeline", "schema", "sinks"} {
		err := filepath.WalkDir(filepath.Join(repository, top), func(path string, entry os.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			if entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			folder, err := filepath.Rel(repository, path)
			if err != nil {
				return err
			}
			if code, _ := filepath.Glob(filepath.Join(path, "*.go")); len(code) > 0 && !strings.Contains(english, "`"+folder+"`") {
				t.Errorf("cmd/billwalk/docs/development.md does not say what %s is", folder)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	comment = regexp.MustCompile(`(?m)(^|\s+)(#|-- ).*$`)
)

// document is what the two languages of a page have in common.
type document struct {
	headings []string
	levels   []int
	code     []string // of the blocks that name a language, without comments
	commands []string // the blocks of sh
	links    []string // without the language of what they link to
}

func parseDocument(text string) (d document) {
	var block *strings.Builder
	language := ""
	for line := range strings.Lines(text) {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && block == nil:
			block, language = new(strings.Builder), fence
		case isFence:
			if language != "" {
				d.code = append(d.code, language+"\n"+comment.ReplaceAllString(block.String(), ""))
			}
			if language == "sh" {
				d.commands = append(d.commands, block.String())
			}
			block = nil
		case block != nil:
			block.WriteString(line)
		case strings.HasPrefix(line, "#"):
			marks, _, _ := strings.Cut(line, " ")
			d.headings, d.levels = append(d.headings, strings.TrimSpace(line)), append(d.levels, len(marks))
		}
		if block == nil && !strings.Contains(line, "README") {
			for _, match := range link.FindAllStringSubmatch(line, -1) {
				d.links = append(d.links, strings.Replace(match[1], ".zh.md", ".md", 1))
			}
		}
	}
	return d
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commandShims replaces what the commands of the documentation need beside billwalk.
//
//go:embed docs_test.sh
var commandShims string

// TestCommands runs the blocks of sh in README.md and in the pages, each document by
// itself, in a folder like the repository with a jobs.yaml for a simulated platform.
// docs_test.sh says what is run and what is only checked.
func TestCommands(t *testing.T) {
	t.Parallel()
	for _, name := range documents(t) {
		commands := parseDocument(readFile(t, name)).commands
		if len(commands) == 0 {
			continue
		}
		if filepath.Base(name) == "sql.md" {
			commands = append([]string{"billwalk demo"}, commands...) // whose lake it is about
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			runCommands(t, commandsFolder(t), commands)
		})
	}
}

func runCommands(t *testing.T, folder string, commands []string) {
	t.Helper()
	script := commandShims + "\n" + strings.Join(commands, "\n")
	script = strings.ReplaceAll(script, "…", "from-the-console")
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-xeuo", "pipefail", "-c", script)
	shell.Dir = folder
	shell.Env = append(os.Environ(), clockAhead(time.Until(ownDay)),
		"PATH="+program+string(filepath.ListSeparator)+os.Getenv("PATH"),
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
	root, err := filepath.Abs(repository)
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
	config := readFile(t, filepath.Join(root, "jobs.yaml"))
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
