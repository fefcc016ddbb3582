package cli

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"billwalk/cmd/billwalk/docs"
)

// topics are the names of the pages.
func topics() (names []string) {
	pages, err := fs.Glob(docs.Pages, "*.md")
	if err != nil {
		panic(err) // the pattern is right
	}
	for _, page := range pages {
		if name := strings.TrimSuffix(page, ".md"); !strings.Contains(name, ".") {
			names = append(names, name)
		}
	}
	return names
}

// page returns a topic's page in a language: zh, or else English.
func page(topic, language string) (string, error) {
	name := topic + ".md"
	if language == "zh" {
		name = topic + ".zh.md"
	}
	text, err := docs.Pages.ReadFile(name)
	return generatedMarks.ReplaceAllString(string(text), ""), err
}

// generatedMarks stand around what is generated in a page, and are not for readers.
var generatedMarks = regexp.MustCompile(`(?m)^<!-- \w+:(begin|end) -->\n`)

// userLanguage is what the environment asks for.
func userLanguage(env func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if set := env(name); set != "" {
			return set[:min(2, len(set))]
		}
	}
	return "en"
}

// help explains a verb, or shows the page of a topic.
func (p *program) help() *cobra.Command {
	return &cobra.Command{
		Use:     "help [VERB | TOPIC [en|zh]]",
		Short:   "Explain a verb, or show a topic: " + strings.Join(topics(), ", "),
		Example: "  billwalk help run\n  billwalk help security\n  billwalk help security zh",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return topics(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && slices.Contains(topics(), args[0]) {
				return p.showTopic(args)
			}
			verb, _, err := cmd.Root().Find(args)
			if err != nil || len(args) > 0 && verb == cmd.Root() {
				return usage("there is no verb and no topic %q: `billwalk --help` lists the verbs; the topics are %s", strings.Join(args, " "), strings.Join(topics(), ", "))
			}
			verb.InitDefaultHelpFlag()
			return verb.Help()
		},
	}
}

func (p *program) showTopic(args []string) error {
	language := userLanguage(os.Getenv)
	if len(args) > 1 {
		language = args[1]
		if len(args) > 2 || language != "en" && language != "zh" {
			return usage("help %s: want en or zh behind the topic", strings.Join(args, " "))
		}
	}
	text, err := page(args[0], language)
	if err != nil {
		return failed(err)
	}
	if _, err := p.out.Write([]byte(text)); err != nil {
		return failed(err)
	}
	return nil
}
