package repository

import (
	"cmp"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxFileCycle is how many files of a package may need each other: a reader can start
// at one file and go down.
const maxFileCycle = 8

// TestFileCycles: in no package do more files form a cycle. File A needs file B if it
// uses a name, a method or a field that B declares.
func TestFileCycles(t *testing.T) {
	t.Parallel()
	packages, exports := compiledPackages(t)
	for _, p := range packages {
		t.Run(p.ImportPath, func(t *testing.T) {
			t.Parallel()
			needs := fileNeeds(t, p, exports)
			largest := slices.MaxFunc(fileCycles(needs), func(a, b []string) int { return cmp.Compare(len(a), len(b)) })
			arrows := 0
			for file, others := range needs {
				arrows += len(others)
				for other, names := range others {
					if slices.Contains(largest, file) && slices.Contains(largest, other) {
						t.Logf("%s needs %s: %s", file, other, strings.Join(slices.Sorted(maps.Keys(names)), " "))
					}
				}
			}
			t.Logf("%d files, %d arrows, largest cycle %d: %s", len(needs), arrows, len(largest), strings.Join(largest, " "))
			if len(largest) > maxFileCycle {
				t.Errorf("%d files form a cycle, want at most %d", len(largest), maxFileCycle)
			}
		})
	}
}

// compiledPackage is what go list says of a package.
type compiledPackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	Module                  *struct{ Main bool }
}

// compiledPackages returns our packages, and the export data of all that they import.
func compiledPackages(t *testing.T) (ours []compiledPackage, exports map[string]string) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,Module", "./...")
	list.Dir, list.Stderr = "../../..", t.Output()
	output, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	exports = make(map[string]string)
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p compiledPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return ours, exports
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if p.Module != nil && p.Module.Main && len(p.GoFiles) > 0 {
			ours = append(ours, p)
		}
	}
}

// needed are the files that a file needs, each with the names that it uses of it.
type needed map[string]map[string]bool

// fileNeeds returns the files of a package, each with those that it needs.
func fileNeeds(t *testing.T, p compiledPackage, exports map[string]string) map[string]needed {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	needs := make(map[string]needed)
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files, needs[name] = append(files, file), make(needed)
	}
	info := types.Info{Uses: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	if _, err := config.Check(p.ImportPath, fset, files, &info); err != nil {
		t.Fatal(err)
	}
	for used, object := range info.Uses {
		if object.Pkg() == nil || object.Pkg().Path() != p.ImportPath {
			continue
		}
		from, to := filepath.Base(fset.Position(used.Pos()).Filename), filepath.Base(fset.Position(object.Pos()).Filename)
		if from == to {
			continue
		}
		if needs[from][to] == nil {
			needs[from][to] = make(map[string]bool)
		}
		needs[from][to][object.Name()] = true
	}
	return needs
}

// fileCycles returns the strongly connected components (Tarjan's algorithm).
func fileCycles(needs map[string]needed) (cycles [][]string) {
	order, low := make(map[string]int), make(map[string]int)
	var stack []string
	var visit func(string)
	visit = func(file string) {
		order[file], low[file] = len(order)+1, len(order)+1
		stack = append(stack, file)
		for other := range needs[file] {
			if order[other] == 0 {
				visit(other)
				low[file] = min(low[file], low[other])
			} else if slices.Contains(stack, other) {
				low[file] = min(low[file], order[other])
			}
		}
		if low[file] == order[file] {
			at := slices.Index(stack, file)
			cycle := slices.Clone(stack[at:])
			stack = stack[:at]
			slices.Sort(cycle)
			cycles = append(cycles, cycle)
		}
	}
	for file := range needs {
		if order[file] == 0 {
			visit(file)
		}
	}
	return cycles
}
