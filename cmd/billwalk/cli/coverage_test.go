package cli

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"billwalk/cmd/billwalk/docs"
	"billwalk/pipeline"
	"billwalk/pipeline/receive"
	"billwalk/schema"
)

// repositoryFolder is the folder that README.md is in, seen from here.
const repositoryFolder = "../../.."

// documentation returns README.md and all pages in a language: "" for English, or zh.
func documentation(t *testing.T, language string) string {
	t.Helper()
	readme, ending := "README.md", ".md"
	if language == "zh" {
		readme, ending = "README.zh.md", ".zh.md"
	}
	text, err := os.ReadFile(filepath.Join(repositoryFolder, readme))
	if err != nil {
		t.Fatal(err)
	}
	all := []string{string(text)}
	for _, topic := range topics() {
		text, err := fs.ReadFile(docs.Pages, topic+ending)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return strings.Join(all, "\n")
}

// TestDocumentationCoverage lists what neither README.md nor a page explains, in either
// language: verbs, flags, exit codes, tables, columns, verdicts, how groups match,
// reasons, rules of exceptions, metrics, and why callbacks are refused.
func TestDocumentationCoverage(t *testing.T) {
	t.Parallel()
	terms := documentedTerms(t)
	for _, language := range []string{"en", "zh"} {
		text := documentation(t, language)
		for _, kind := range slices.Sorted(maps.Keys(terms)) {
			for _, v := range terms[kind] {
				if !v.pattern.MatchString(text) {
					t.Errorf("%s: the %s %s is not documented in README or cmd/billwalk/docs", language, kind, v.name)
				}
			}
		}
	}
}

// documented is a word of the program that the documentation has to have.
type documented struct {
	name    string
	pattern *regexp.Regexp
}

// inCode returns the term of a word that stands in backquotes.
func inCode[T ~string](word T) documented {
	return documented{string(word), regexp.MustCompile("`" + regexp.QuoteMeta(string(word)) + "`")}
}

// documentedTerms returns the terms by kind.
func documentedTerms(t *testing.T) map[string][]documented {
	t.Helper()
	terms := make(map[string][]documented)
	addVerb(terms, (&program{}).root())
	for _, code := range []int{pipeline.ExitDone, pipeline.ExitFailed, pipeline.ExitConfig, pipeline.ExitIncomplete, pipeline.ExitStopped, pipeline.ExitSuperseded, pipeline.ExitInterrupted, 128 + int(syscall.SIGTERM)} {
		terms["exit code"] = append(terms["exit code"], documented{fmt.Sprint(code), regexp.MustCompile(fmt.Sprintf(`## (?:Exit codes|退出码)\n[^#]*\n\| *(?:\d+[,、] *)?%d *[,、|]`, code))})
	}
	for _, table := range schema.Tables {
		d := table.Describe()
		terms["table"] = append(terms["table"], inCode(d.Name))
		for _, c := range d.Columns {
			terms["column"] = append(terms["column"], inCode(c.Name))
		}
	}
	for _, v := range schema.Verdicts {
		terms["verdict"] = append(terms["verdict"], inCode(v))
	}
	for _, tier := range schema.Tiers {
		terms["match"] = append(terms["match"], inCode(tier))
	}
	for _, cause := range schema.Causes {
		terms["cause"] = append(terms["cause"], inCode(cause))
	}
	for _, reason := range schema.Reasons {
		terms["reason"] = append(terms["reason"], inCode(reason.Form))
	}
	for _, rule := range schema.Rules {
		terms["rule"] = append(terms["rule"], inCode(rule))
	}
	for _, name := range receiverMetrics(t) {
		terms["metric"] = append(terms["metric"], inCode(name))
	}
	for _, reason := range refusals(t) {
		terms["refusal"] = append(terms["refusal"], inCode(reason))
	}
	return terms
}

// addVerb adds a verb, those below it, and their flags.
func addVerb(terms map[string][]documented, cmd *cobra.Command) {
	if cmd.HasParent() {
		terms["verb"] = append(terms["verb"], documented{cmd.Name(), regexp.MustCompile(`\bbillwalk ` + regexp.QuoteMeta(cmd.Name()) + `\b`)})
	}
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "help" && !flag.Hidden {
			name := "--" + flag.Name
			terms["flag"] = append(terms["flag"], documented{name + " of " + cmd.CommandPath(), regexp.MustCompile(regexp.QuoteMeta(name) + `([^a-z0-9-]|$)`)})
		}
	})
	for _, below := range cmd.Commands() {
		addVerb(terms, below)
	}
}

// receiverMetrics returns the names of the metrics that a receiver registers.
func receiverMetrics(t *testing.T) []string {
	t.Helper()
	registry := metricNames{Registerer: prometheus.NewRegistry(), names: make(map[string]bool)}
	if _, err := receive.New(receive.Config{Archive: struct{ receive.Archive }{}, Registry: registry}); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(registry.names))
}

// metricNames is a registry that notes the names of what is registered.
type metricNames struct {
	prometheus.Registerer
	names map[string]bool
}

var metricName = regexp.MustCompile(`fqName: "(\w+)"`)

func (m metricNames) MustRegister(collectors ...prometheus.Collector) {
	m.Registerer.MustRegister(collectors...)
	for _, c := range collectors {
		described := make(chan *prometheus.Desc, 16)
		go func() {
			defer close(described)
			c.Describe(described)
		}()
		for d := range described {
			m.names[metricName.FindStringSubmatch(d.String())[1]] = true
		}
	}
}

// refusals returns the reasons why callbacks are refused, from the source of package
// receive: they stand behind an HTTP status.
func refusals(t *testing.T) (reasons []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(repositoryFolder, "pipeline/receive/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	refusal := regexp.MustCompile(`\(http\.Status\w+, "([a-z_]+)", "`)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range refusal.FindAllStringSubmatch(string(source), -1) {
			reasons = append(reasons, match[1])
		}
	}
	if len(reasons) < 15 {
		t.Fatalf("found %d refusals in pipeline/receive, want at least 15: correct the pattern %s", len(reasons), refusal)
	}
	return reasons
}

// TestChinesePunctuation checks that the Chinese pages have full-width punctuation in
// their own text. Code, labels of columns and what is generated from them are left out.
func TestChinesePunctuation(t *testing.T) {
	t.Parallel()
	generated := regexp.MustCompile(`(?s)<!-- \w+:begin -->.*?<!-- \w+:end -->`)
	code := regexp.MustCompile("(?s)```.*?```|`[^`\n]*`|\\]\\([^)]*\\)")
	halfWidth := regexp.MustCompile(`\p{Han}[,;:?!()][^\n]{0,10}|.{0,10}[,;:?!()]\p{Han}`)
	for _, topic := range topics() {
		text, err := fs.ReadFile(docs.Pages, topic+".zh.md")
		if err != nil {
			t.Fatal(err)
		}
		own := code.ReplaceAllString(generated.ReplaceAllString(string(text), ""), "")
		for _, found := range halfWidth.FindAllString(own, -1) {
			t.Errorf("%s.zh.md has half-width punctuation: %q", topic, found)
		}
	}
}
