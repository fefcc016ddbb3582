package billwalktest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Repository is the top folder of the repository, seen from a suite's folder.
const Repository = "../../.."

// Document is README.md or a page of `billwalk help TOPIC`.
type Document struct {
	Path     string
	Text     string
	Headings []string
	Levels   []int    // of the headings
	Code     []string // blocks that name a language: that, a line break, and the code without comments
	Commands []string // blocks of sh
	Links    []string // their targets
}

// Documents returns README.md and then the pages, in English.
func Documents(t testing.TB) (documents []Document) {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(Repository, "cmd/billwalk/docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append([]string{filepath.Join(Repository, "README.md")}, pages...) {
		if !strings.HasSuffix(path, ".zh.md") {
			documents = append(documents, ReadDocument(t, path))
		}
	}
	return documents
}

// Chinese returns the document's Chinese twin.
func (d Document) Chinese(t testing.TB) Document {
	t.Helper()
	return ReadDocument(t, strings.TrimSuffix(d.Path, ".md")+".zh.md")
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	comment = regexp.MustCompile(`(?m)(^|\s+)(#|-- ).*$`)
)

// ReadDocument reads a document of Markdown.
func ReadDocument(t testing.TB, path string) Document {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := Document{Path: path, Text: string(text)}
	var block *strings.Builder
	language := ""
	for line := range strings.Lines(d.Text) {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && block == nil:
			block, language = new(strings.Builder), fence
		case isFence:
			d.addBlock(language, block.String())
			block = nil
		case block != nil:
			block.WriteString(line)
		default:
			d.addLine(line)
		}
	}
	return d
}

func (d *Document) addBlock(language, text string) {
	if language != "" {
		d.Code = append(d.Code, language+"\n"+comment.ReplaceAllString(text, ""))
	}
	if language == "sh" {
		d.Commands = append(d.Commands, text)
	}
}

func (d *Document) addLine(line string) {
	if strings.HasPrefix(line, "#") {
		marks, _, _ := strings.Cut(line, " ")
		d.Headings, d.Levels = append(d.Headings, strings.TrimSpace(line)), append(d.Levels, len(marks))
	}
	for _, match := range link.FindAllStringSubmatch(line, -1) {
		d.Links = append(d.Links, match[1])
	}
}
