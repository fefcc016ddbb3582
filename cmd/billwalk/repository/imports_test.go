package repository

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// testSupport is what tests of the whole program share. The walls do not bind it.
const testSupport = "billwalk/cmd/billwalk/billwalktest"

// walls are the rules of who may import what. A path stands for itself and, with
// /... at its end, for all below it, too. Tests are not held by them.
var walls = []struct {
	what   string
	only   []string // importers that are allowed; each of them has to use its permission
	reason string
}{
	// Imports go down only: cmd -> pipeline, sinks -> schema.
	{"billwalk/schema", []string{"billwalk/cmd/...", "billwalk/pipeline/...", "billwalk/sinks/..."},
		"schema is what the data is: all know it, and it knows none of them"},
	{"billwalk/pipeline/...", []string{"billwalk/cmd/...", "billwalk/pipeline/..."},
		"pipeline and sinks meet in cmd, through small interfaces"},
	{"billwalk/sinks/...", []string{"billwalk/cmd/...", "billwalk/sinks/..."},
		"pipeline and sinks meet in cmd, through small interfaces"},
	{"billwalk/cmd/...", []string{"billwalk/cmd/..."}, "cmd wires the program: nothing stands above it"},
	{"billwalk/cmd/billwalk/heap", []string{"billwalk/cmd/billwalk"}, "it sets the collector of the whole process, which a test's is not"},
	{testSupport, nil, "it is for tests"},

	// Within pipeline: the steps know what they do, not with what.
	{"billwalk/pipeline", []string{"billwalk/cmd/billwalk/cli"}, "the steps are on top of their parts"},
	{"billwalk/pipeline/jobs", []string{"billwalk/cmd/billwalk/cli"}, "the steps take values, not a file's form"},
	{"billwalk/pipeline/douyin", []string{"billwalk/cmd/billwalk/cli"}, "the steps ask a Source, and the sandbox shares nothing with the client it tests"},
	{"billwalk/pipeline/douyin/sandbox", []string{"billwalk/cmd/billwalk/cli"}, "the client must not know that its platform is simulated"},
	{"billwalk/pipeline/douyin/sandbox/month", []string{"billwalk/cmd/billwalk/cli"}, "likewise; and it shares nothing with the other sandbox, so that neither must know the other's rules"},
	{"billwalk/pipeline/reconcile", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline", "billwalk/pipeline/evidence", "billwalk/pipeline/settle", "billwalk/pipeline/build", "billwalk/pipeline/withdraw"},
		"the verdicts are pure: bills and settlements in, groups out; the sandbox knows its truth without them"},
	{"billwalk/pipeline/settle", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline"}, "a step is started by the run"},
	{"billwalk/pipeline/build", []string{"billwalk/pipeline"}, "a step is started by the run"},
	{"billwalk/pipeline/stores", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline", "billwalk/pipeline/build"}, "lists are fetched by the run, and read back by the build"},
	{"billwalk/pipeline/withdraw", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline"}, "a step is started by the run: the build keeps what it has published"},
	{"billwalk/pipeline/evidence", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline", "billwalk/pipeline/settle", "billwalk/pipeline/build"},
		"what is known of settlements is for the steps that query them and judge them, and for the story of an order"},
	{"billwalk/pipeline/normalise", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline", "billwalk/pipeline/douyin", "billwalk/pipeline/evidence", "billwalk/pipeline/settle", "billwalk/pipeline/stores", "billwalk/pipeline/walk", "billwalk/pipeline/build", "billwalk/pipeline/withdraw"},
		"one reading of an answer, by the client for the walk and the settle query, and by the build for the tables; never for the sandbox, which would share its mistakes"},

	{"billwalk/pipeline/mend", []string{"billwalk/pipeline/douyin", "billwalk/pipeline/normalise", "billwalk/pipeline/receive"},
		"text that is not valid is mended the same way wherever the platform's JSON is read; never by audit, which reads by itself"},

	{"billwalk/pipeline/spill", []string{"billwalk/pipeline/evidence", "billwalk/pipeline/build", "billwalk/pipeline/settle"},
		"a local file that no killed run leaves behind, and that does not fill the disk"},
	{"billwalk/pipeline/hashed", []string{"billwalk/pipeline/evidence", "billwalk/pipeline/build"},
		"what is known by millions of hashes"},
	{"billwalk/pipeline/parallel", []string{"billwalk/pipeline/evidence", "billwalk/pipeline/build"},
		"work that is done on all processors, and taken in its order"},
	{"billwalk/pipeline/stop", []string{"billwalk/pipeline", "billwalk/pipeline/claims", "billwalk/pipeline/shards", "billwalk/pipeline/douyin", "billwalk/pipeline/unreadable", "billwalk/pipeline/walk", "billwalk/pipeline/settle", "billwalk/pipeline/stores", "billwalk/pipeline/build", "billwalk/pipeline/withdraw"},
		"all steps end in the same way, within the same time"},
	{"billwalk/pipeline/spans", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline"}, "a part of a run is told of where it is begun, and a call by the client's observer"},
	{"billwalk/pipeline/chain", []string{"billwalk/pipeline/douyin", "billwalk/pipeline/walk"}, "who makes calls knows what follows them, and the client whose turn it is"},
	{"billwalk/pipeline/walk", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline", "billwalk/pipeline/build", "billwalk/pipeline/withdraw"}, "a step is started by the run, and its certified walks are read by the build"},
	{"billwalk/pipeline/progress", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline", "billwalk/pipeline/walk", "billwalk/pipeline/settle"}, "steps count, and the command line displays"},
	{"billwalk/pipeline/claims", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline"}, "the run as a whole is claimed, not a step of it"},
	{"billwalk/pipeline/shards", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline"}, "the run as a whole is shared, not a step of it"},
	{"billwalk/pipeline/swap", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline", "billwalk/pipeline/claims", "billwalk/pipeline/shards"}, "runs tell each other of themselves, not of what they have fetched: that is in the archive"},
	{"billwalk/pipeline/alarms", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline"}, "alarms are about what is published: no step knows them"},
	{"billwalk/pipeline/passid", []string{"billwalk/pipeline/walk", "billwalk/pipeline/settle", "billwalk/pipeline/stores"}, "walks, settle passes and lists are named alike"},
	{"billwalk/pipeline/unreadable", []string{"billwalk/pipeline", "billwalk/pipeline/settle", "billwalk/pipeline/stores", "billwalk/pipeline/withdraw"}, "whoever calls the platform keeps what cannot be read"},

	{"billwalk/pipeline/receive", []string{"billwalk/cmd/billwalk/cli"},
		"a callback is evidence that a run finds in the archive: no step knows how it came there"},

	{"billwalk/pipeline/audit", []string{"billwalk/cmd/billwalk/cli"},
		"the second of two ways to the same sums: it shares nothing with the first, and the first must not lean on it"},

	// Within sinks: lake on parquet and object, archive on object.
	{"billwalk/sinks/object", []string{"billwalk/cmd/billwalk/cli", "billwalk/sinks/archive", "billwalk/sinks/lake", "billwalk/sinks/object/objecttest"},
		"bytes under keys are for those who give them a meaning"},
	{"billwalk/sinks/object/objecttest", nil, "it is for tests"},
	{"billwalk/schema/sql", []string{"billwalk/cmd/billwalk/bench", "billwalk/cmd/billwalk/cli"}, "the program reconciles in Go: the SQL is what it is tested and measured against, and what it prints for analysts"},
	{"billwalk/sinks/parquet", []string{"billwalk/sinks/lake"}, "only the lake writes tables"},
	{"billwalk/sinks/parquet/pages", []string{"billwalk/sinks/parquet"}, "a page is a part of a file"},
	{"billwalk/sinks/archive", []string{"billwalk/cmd/billwalk/cli"}, "a step knows an Archive, not where it is"},
	{"billwalk/sinks/notify", []string{"billwalk/cmd/billwalk/cli"}, "a message is about a run as a whole"},
	{"billwalk/sinks/lake", []string{"billwalk/cmd/billwalk/cli"}, "a step knows a Lake, not where it is"},
	{"billwalk/sinks/report", []string{"billwalk/cmd/billwalk/cli"}, "people read it, and nothing else does"},

	// Who knows which library, and through it which technology.
	{"github.com/aws/...", []string{"billwalk/sinks/object"}, "another store is one file there"},
	{"github.com/apache/arrow-go/...", []string{"billwalk/schema", "billwalk/sinks/parquet"},
		"the tables' form is Arrow; what fills them need not know"},
	{"github.com/go-json-experiment/json/...", []string{"billwalk/pipeline/audit", "billwalk/pipeline/douyin", "billwalk/pipeline/mend", "billwalk/pipeline/normalise", "billwalk/pipeline/receive", "billwalk/sinks/archive", "billwalk/sinks/lake"},
		"Douyin's JSON is read by the client and by normalise alone, and by audit, which must not share their mistakes; receive reads what an old callback is signed by; archive and lake read their own lines and manifests with it"},
	{"encoding/json", []string{"billwalk/schema", "billwalk/cmd/billwalk/bench", "billwalk/cmd/billwalk/cli", "billwalk/pipeline", "billwalk/pipeline/claims", "billwalk/pipeline/shards", "billwalk/pipeline/evidence", "billwalk/pipeline/douyin/sandbox", "billwalk/pipeline/douyin/sandbox/month", "billwalk/sinks/notify", "billwalk/sinks/object", "billwalk/sinks/report", "billwalk/pipeline/build"},
		"it takes repeated keys, other case and bad UTF-8 silently: fit for what billwalk writes, not for answers with money in them"},
	{"github.com/klauspost/compress/...", []string{"billwalk/sinks/archive", "billwalk/pipeline/douyin", "billwalk/sinks/report"}, "only the archive and the workbook are compressed by us, and the platform's answers"},
	{"go.yaml.in/yaml/...", []string{"billwalk/pipeline/jobs"}, "jobs.yaml is read once, strictly"},
	{"github.com/spf13/cobra", []string{"billwalk/cmd/billwalk/cli"}, "only the command line knows that there is one"},
	{"github.com/prometheus/...", []string{"billwalk/cmd/billwalk/cli", "billwalk/pipeline/receive"},
		"what runs for long is watched by its numbers; a run tells its own in a summary"},
	{"go.opentelemetry.io/otel/...", []string{"billwalk/cmd/billwalk/telemetry", "billwalk/pipeline/spans"}, "what a run sends is one package, and the steps know spans by name alone"},
	{"golang.org/x/term", []string{"billwalk/cmd/billwalk/cli"}, "only the command line has a terminal"},
	{"github.com/xuri/excelize/...", []string{"billwalk/sinks/report"}, "only a report is a workbook"},
	{"net/http", []string{"billwalk/cmd/billwalk/bench", "billwalk/cmd/billwalk/cli", "billwalk/pipeline/douyin", "billwalk/pipeline/douyin/sandbox", "billwalk/pipeline/douyin/sandbox/month", "billwalk/pipeline/receive", "billwalk/sinks/notify", "billwalk/sinks/object"},
		"the steps and the tables do no HTTP"},
	{"testing", []string{"billwalk/sinks/object/objecttest"}, "the program carries no test code"},
	{"unsafe", nil, "there is no need for it"},
	{"C", nil, "the binary is static"},
}

// listed is what `go list` says of a package.
type listed struct {
	ImportPath string
	Name       string
	Imports    []string
	Standard   bool
	Module     *struct {
		Path, Dir string
		Main      bool
	}
}

func (l listed) ours() bool { return l.Module != nil && l.Module.Main }

// listPackages lists our packages and all that they are built from.
func listPackages(t *testing.T) []listed {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Name,Imports,Standard,Module", "./...")
	list.Dir = "../../.."
	list.Stderr = t.Output()
	output, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var l listed
		if err := decoder.Decode(&l); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, l)
	}
}

// matches says that a pattern of the walls covers a package.
func matches(pattern, importPath string) bool {
	under, all := strings.CutSuffix(pattern, "/...")
	return importPath == under || all && strings.HasPrefix(importPath, under+"/")
}

func TestImports(t *testing.T) {
	t.Parallel()
	packages := slices.DeleteFunc(listPackages(t), func(l listed) bool { return !l.ours() })
	if len(packages) < 10 {
		t.Fatalf("go list found %d packages of ours", len(packages))
	}
	for _, wall := range walls {
		used := make(map[string]bool)
		for _, p := range packages {
			if p.ImportPath == testSupport {
				continue
			}
			for _, imported := range p.Imports {
				if !matches(wall.what, imported) {
					continue
				}
				i := slices.IndexFunc(wall.only, func(allowed string) bool { return matches(allowed, p.ImportPath) })
				if i < 0 {
					t.Errorf("%s imports %s, which is for %q only: %s", p.ImportPath, imported, wall.only, wall.reason)
					continue
				}
				used[wall.only[i]] = true
			}
		}
		for _, allowed := range wall.only {
			if !used[allowed] {
				t.Errorf("%s may import %s and does not: take the permission back", allowed, wall.what)
			}
		}
	}
}

// TestPackageNames wants a name to say what a package is for.
func TestPackageNames(t *testing.T) {
	t.Parallel()
	empty := regexp.MustCompile(`(?i)^(utils?|helpers?|common|managers?|misc|base|shared|lib|core|types|models?)$`)
	for _, p := range listPackages(t) {
		if p.ours() && (empty.MatchString(p.Name) || p.Name != "main" && p.Name != path.Base(p.ImportPath)) {
			t.Errorf("%s is package %s: name it for what it does, as its folder", p.ImportPath, p.Name)
		}
	}
}

// TestLicences wants every module in the program to have a licence that lets it be
// part of one that is not GPL.
func TestLicences(t *testing.T) {
	t.Parallel()
	file := regexp.MustCompile(`(?i)^(licen[sc]e|copying)`)
	gnu := regexp.MustCompile(`(?i)GNU (affero |lesser |library )?general public licen[sc]e`)
	folders := make(map[string]string)
	for _, p := range listPackages(t) {
		if p.Module != nil && !p.Module.Main {
			folders[p.Module.Path] = p.Module.Dir
		}
	}
	for module, folder := range folders {
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		licences := 0
		for _, f := range files {
			if f.IsDir() || !file.MatchString(f.Name()) {
				continue
			}
			text, err := os.ReadFile(filepath.Join(folder, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			licences++
			if gnu.Match(text) {
				t.Errorf("%s is under a GNU licence (%s)", module, f.Name())
			}
		}
		if licences == 0 {
			t.Errorf("%s has no licence in %s", module, folder)
		}
	}
}

// TestTopLevel wants the repository's top to stay as short as it is.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("../../../.git"); err != nil {
		t.Skip("not a git checkout: what is part of the repository cannot be told")
	}
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	list.Dir = "../../.."
	output, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	allowed := []string{
		".ci", ".dockerignore", ".gitattributes", ".gitignore", "Dockerfile", "LICENSE", "README.md", "README.zh.md",
		"cmd", "deploy", "go.mod", "go.sum", "jobs.yaml", "pipeline", "schema", "sinks",
	}
	seen := make(map[string]bool)
	for name := range strings.SplitSeq(strings.TrimRight(string(output), "\x00"), "\x00") {
		top, _, _ := strings.Cut(name, "/")
		if !seen[top] && !slices.Contains(allowed, top) {
			t.Errorf("%s stands at the top level: place it under cmd, pipeline, sinks, schema or deploy", top)
		}
		seen[top] = true
	}
	if !seen["go.mod"] {
		t.Error("git ls-files does not list go.mod")
	}
}
