package repository

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
)

// TestReadmeIsShort: a newcomer reads README.md to its end.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	const maxLines, maxBytes = 150, 10 << 10
	english := billwalktest.Documents(t)[0]
	for _, readme := range []billwalktest.Document{english, english.Chinese(t)} {
		if lines := strings.Count(readme.Text, "\n"); lines > maxLines || len(readme.Text) > maxBytes {
			t.Errorf("%s has %d lines and %d bytes, want at most %d and %d: move something to cmd/billwalk/docs", readme.Path, lines, len(readme.Text), maxLines, maxBytes)
		}
	}
}

// TestTwins: both languages have the same sections, the same code and the same links.
func TestTwins(t *testing.T) {
	t.Parallel()
	for _, english := range billwalktest.Documents(t) {
		t.Run(filepath.Base(english.Path), func(t *testing.T) {
			t.Parallel()
			chinese := english.Chinese(t)
			if !slices.Equal(chinese.Levels, english.Levels) {
				t.Errorf("the Chinese twin has the sections %q, want those of %q", chinese.Headings, english.Headings)
			}
			if diff := cmp.Diff(english.Code, chinese.Code); diff != "" {
				t.Errorf("the Chinese twin has other code (-English +Chinese):\n%s", diff)
			}
			if diff := cmp.Diff(targets(english), targets(chinese)); diff != "" {
				t.Errorf("the Chinese twin has other links (-English +Chinese):\n%s", diff)
			}
		})
	}
}

// targets returns what a document links to, without the language; each README links to
// the other one.
func targets(d billwalktest.Document) (targets []string) {
	for _, link := range d.Links {
		targets = append(targets, strings.Replace(link, ".zh.md", ".md", 1))
	}
	return targets
}

// TestLinks: what the documents link to exists.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, english := range billwalktest.Documents(t) {
		for _, document := range []billwalktest.Document{english, english.Chinese(t)} {
			for _, link := range document.Links {
				target, _, _ := strings.Cut(link, "#")
				if strings.HasPrefix(target, "https://") || target == "" {
					continue
				}
				if _, err := os.Stat(filepath.Join(filepath.Dir(document.Path), target)); err != nil {
					t.Errorf("%s links to %s, which does not exist", document.Path, link)
				}
			}
		}
	}
}

// TestMap: the page on development names every folder with code.
func TestMap(t *testing.T) {
	t.Parallel()
	const page = "cmd/billwalk/docs/development.md"
	english := billwalktest.ReadDocument(t, filepath.Join(moduleRoot, page)).Text
	for _, top := range []string{"cmd", "pipeline", "schema", "sinks"} {
		err := filepath.WalkDir(filepath.Join(moduleRoot, top), func(path string, entry os.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			if entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			folder, err := filepath.Rel(moduleRoot, path)
			if err != nil {
				return err
			}
			if code, _ := filepath.Glob(filepath.Join(path, "*.go")); len(code) > 0 && !strings.Contains(english, "`"+folder+"`") {
				t.Errorf("%s does not say what %s is", page, folder)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
