package object

import (
	"errors"
	"io/fs"
	"os"
)

// tree is an os.Root that has the kernel walk a name's folders in one system call, where it can:
// os.Root opens each of them in turn, and that is most of what a small object costs. What the
// kernel does not do, for whatever reason, os.Root does.
type tree struct {
	*os.Root
	top *os.File // the root
}

func openTree(folder string) (*tree, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	top, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &tree{root, top}, nil
}

// OpenFile is OpenFile of os.Root.
func (t *tree) OpenFile(name string, flag int, mode fs.FileMode) (*os.File, error) {
	file, err := t.open(name, flag, mode)
	if errors.Is(err, errors.ErrUnsupported) {
		return t.Root.OpenFile(name, flag, mode)
	}
	return file, err
}

// Open is Open of os.Root.
func (t *tree) Open(name string) (*os.File, error) { return t.OpenFile(name, os.O_RDONLY, 0) }

// Stat is Stat of os.Root.
func (t *tree) Stat(name string) (fs.FileInfo, error) {
	file, err := t.open(name, pathOnly, 0)
	if errors.Is(err, errors.ErrUnsupported) {
		return t.Root.Stat(name)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.Stat()
}

// Rename is Rename of os.Root.
func (t *tree) Rename(from, to string) error {
	if err := t.rename(from, to); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return t.Root.Rename(from, to)
}

// Remove is Remove of os.Root.
func (t *tree) Remove(name string) error {
	if err := t.remove(name); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return t.Root.Remove(name)
}
