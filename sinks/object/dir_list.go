package object

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// List implements [Store].
func (d *dir) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := CheckPrefix(prefix); err != nil {
			yield(Info{}, err)
			return
		}
		for info, err := range d.infos(prefix) {
			if errors.Is(err, fs.ErrNotExist) { // taken away by hand meanwhile
				continue
			}
			if err := errors.Join(err, ctx.Err()); err != nil {
				yield(Info{}, fmt.Errorf("list %s: %w", d.name(prefix), err))
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

// infos yields what is under the keys that start with prefix, ascending, without an
// ETag: no file is opened for it.
func (d *dir) infos(prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) { d.walk(".", "", prefix, yield) }
}

// readFolder returns what a folder has, in no order.
func (d *dir) readFolder(name string) ([]fs.DirEntry, error) {
	folder, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	entries, err := folder.ReadDir(-1)
	return entries, errors.Join(err, folder.Close())
}

// infoOf describes the file under a key. Something else is an error, and not passed
// over: it may stand in an object's place.
func infoOf(key string, entry fs.DirEntry) (Info, error) {
	stat, err := entry.Info()
	if err == nil {
		err = regular(stat)
	}
	if err != nil {
		return Info{}, fmt.Errorf("%s: %w", key, err)
	}
	return Info{Key: key, Size: stat.Size(), Modified: stat.ModTime()}, nil
}

// walk yields what is in one folder, whose own key ends in "/" or is empty, and
// tells whether to go on.
func (d *dir) walk(folder, start, prefix string, yield func(Info, error) bool) bool {
	entries, err := d.readFolder(folder)
	if err != nil {
		return yield(Info{}, err)
	}
	// A folder sorts as its keys do, with the slash: "a-b" is before "a/b".
	sortName := func(entry fs.DirEntry) string {
		if entry.IsDir() {
			return entry.Name() + "/"
		}
		return entry.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(sortName(a), sortName(b)) })
	for _, entry := range entries {
		key := start + sortName(entry)
		switch {
		case entry.IsDir() && key != reserved+"/" && overlap(key, prefix):
			if !d.walk(path.Join(folder, entry.Name()), key, prefix, yield) {
				return false
			}
		case entry.IsDir() || entry.Type()&fs.ModeSymlink != 0 || !strings.HasPrefix(key, prefix) || checkKey(key) != nil:
		default:
			if !yield(infoOf(key, entry)) {
				return false
			}
		}
	}
	return true
}

// overlap tells whether a folder can hold keys that start with prefix.
func overlap(folder, prefix string) bool {
	return strings.HasPrefix(folder, prefix) || strings.HasPrefix(prefix, folder)
}
