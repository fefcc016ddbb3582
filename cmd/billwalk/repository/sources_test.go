package repository

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"billwalk/schema"
)

// sources calls visit with every Go file of the repository, parsed.
func sources(t *testing.T, visit func(path string, file *ast.File)) {
	t.Helper()
	found := 0
	err := filepath.WalkDir("../../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		found++
		visit(strings.TrimPrefix(filepath.ToSlash(path), "../../../"), file)
		return nil
	})
	if err != nil || found < 100 {
		t.Fatalf("%d Go files, %v", found, err)
	}
}

// TestTLS: no source turns certificates' checking off, and the program's own
// settings ask for TLS 1.2 at least. Requests are made by clients of ours, which
// follow no redirect and have limits, never by net/http's default one.
func TestTLS(t *testing.T) {
	t.Parallel()
	configs := 0
	sources(t, func(path string, file *ast.File) {
		test := strings.HasSuffix(path, "_test.go") || strings.Contains(path, "test/")
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if n.Name == "Insecure"+"SkipVerify" {
					t.Errorf("%s: %s", path, n.Name)
				}
			case *ast.SelectorExpr:
				from, _ := n.X.(*ast.Ident)
				if from == nil || test {
					break
				}
				switch from.Name + "." + n.Sel.Name {
				case "http.Get", "http.Post", "http.PostForm", "http.Head", "http.DefaultClient", "tls.VersionTLS10", "tls.VersionTLS11", "tls.VersionSSL30":
					t.Errorf("%s: %s.%s", path, from.Name, n.Sel.Name)
				}
			case *ast.CompositeLit:
				kind, _ := n.Type.(*ast.SelectorExpr)
				if kind == nil || test {
					break
				}
				from, _ := kind.X.(*ast.Ident)
				switch {
				case from == nil:
				case from.Name == "tls" && kind.Sel.Name == "Config":
					configs++
					if !sets(n, "MinVersion") {
						t.Errorf("%s: a tls.Config without MinVersion", path)
					}
				case from.Name == "http" && kind.Sel.Name == "Client" && !sets(n, "CheckRedirect"):
					t.Errorf("%s: an http.Client without CheckRedirect follows redirects", path)
				}
			}
			return true
		})
	})
	if configs == 0 {
		t.Error("no tls.Config was found: nothing was tested")
	}
}

// sets says that a composite literal gives the field a value.
func sets(literal *ast.CompositeLit, field string) bool {
	for _, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == field {
				return true
			}
		}
	}
	return false
}

// TestSQLReadsTheLakeAlone: no view, query or DDL that analysts are given reads
// anything but the lake's files, or the machine's environment, or loads code: what
// a merchant has written stays a value.
func TestSQLReadsTheLakeAlone(t *testing.T) {
	t.Parallel()
	reaching := regexp.MustCompile(`(?i)\b(read_text|read_blob|read_csv\w*|read_json\w*|read_ndjson\w*|glob|getenv|install|load|attach|copy|export|import|pragma|set|query|query_table|sniff_csv|system)\b\s*[('"a-z]`)
	manifests := regexp.MustCompile(`read_text\('lake/_manifests/bill_date=\*/\*\.json'\)`)
	texts := map[string]string{"ddl": schema.DuckDB("lake")}
	for _, pattern := range []string{"../../../schema/sql/*.sql", "../../../schema/sql/*/*.sql"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s finds %d files, %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts[path] = string(text)
		}
	}
	notes := strings.NewReplacer("read_text('lake/resolutions/*.jsonl')", "", "read_text('lake/closings/*.jsonl')", "") // the lake's own, by a fixed name
	quoted := regexp.MustCompile(`(?m)--.*$|'(?:[^']|'')*'|"(?:[^"]|"")*"`)
	for name, text := range texts {
		text = notes.Replace(text)
		for _, found := range reaching.FindAllString(quoted.ReplaceAllString(manifests.ReplaceAllString(text, "manifests"), "''"), -1) {
			t.Errorf("%s: %s", name, found)
		}
	}
	if !reaching.MatchString("SELECT getenv('HOME')") || !reaching.MatchString("FROM read_text('/etc/passwd')") || !reaching.MatchString("LOAD httpfs") {
		t.Error("the pattern finds nothing")
	}
}
