package object

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// files is what a tree has in common with an os.Root.
type files interface {
	OpenFile(name string, flag int, mode fs.FileMode) (*os.File, error)
	Open(name string) (*os.File, error)
	Stat(name string) (fs.FileInfo, error)
	Rename(from, to string) error
	Remove(name string) error
}

// TestTree: a tree does what os.Root does, and where the kernel refuses, too.
func TestTree(t *testing.T) {
	t.Parallel()
	root, err := os.OpenRoot(plant(t))
	must(t, err)
	whole, err := openTree(plant(t))
	must(t, err)
	refused, err := openTree(plant(t))
	must(t, err)
	must(t, refused.top.Close()) // as where openat2 is filtered
	want := visit(root)
	for name, got := range map[string]map[string]string{"by the kernel": visit(whole), "by os.Root": visit(refused)} {
		for _, act := range slices.Sorted(maps.Keys(want)) {
			if got[act] != want[act] {
				t.Errorf("%s: %s: %s; os.Root says %s", name, act, got[act], want[act])
			}
		}
	}
	if want["open inside"] != "in b" || want["open outside"] == "secret" {
		t.Errorf("os.Root follows links otherwise: %v", want)
	}
}

// plant returns a folder with files, folders and links.
func plant(t *testing.T) string {
	t.Helper()
	above := t.TempDir()
	root := filepath.Join(above, "root")
	must(t, os.MkdirAll(filepath.Join(root, "a/b"), 0o700))
	must(t, os.WriteFile(filepath.Join(above, "secret"), []byte("secret"), 0o600))
	must(t, os.WriteFile(filepath.Join(root, "a/b/file"), []byte("in b"), 0o600))
	must(t, os.WriteFile(filepath.Join(root, "other"), []byte("other"), 0o600))
	for name, target := range map[string]string{"inside": "a/b/file", "folder": "a/b", "outside": "../secret", "up": "..", "absolute": filepath.Join(root, "other"), "dangling": "nothing", "self": "self"} {
		must(t, os.Symlink(target, filepath.Join(root, name)))
	}
	return root
}

// visit does a lot, and returns what came of it.
func visit(f files) map[string]string {
	names := []string{".", "a", "a/b/file", "other", "inside", "folder/file", "outside", "up/secret", "absolute", "dangling", "self", "../secret", "/other", "none", "none/file", "other/file", "a/b/../b/file"}
	came := make(map[string]string)
	for _, name := range names {
		file, err := f.Open(name)
		came["open "+name] = contentOf(file, err)
		stat, err := f.Stat(name)
		if came["stat "+name] = kindOf(err); err == nil {
			came["stat "+name] += stat.Mode().String()
		}
		file, err = f.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		came["create "+name] = kindOf(err)
		if err == nil {
			_ = file.Close()
		}
	}
	for _, move := range [][2]string{{"none", "a/x"}, {"other", "no/x"}, {"other", "../x"}, {"other", "outside"}, {"outside", "folder/x"}, {"a/b/file", "up/x"}, {"a/b/file", "c"}} {
		came["move "+move[0]+" to "+move[1]] = kindOf(f.Rename(move[0], move[1]))
	}
	for _, name := range append(names, "folder/x", "c") {
		if name == "." || name == "/other" { // os.Root's own affair
			continue
		}
		came["remove "+name] = kindOf(f.Remove(name))
	}
	return came
}

func contentOf(file *os.File, err error) string {
	if err != nil {
		return kindOf(err)
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	return string(content) + kindOf(err)
}

// kindOf tells errors apart as far as callers do.
func kindOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, fs.ErrNotExist):
		return "not there"
	case errors.Is(err, fs.ErrExist):
		return "there"
	default:
		return "an error"
	}
}
