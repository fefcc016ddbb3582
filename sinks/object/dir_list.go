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
			if errors.Is(err, fs.ErrNotExist) { // somebody removed it meanwhile
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

// infos yields the objects whose keys start with prefix, ascending, without ETags: it opens
// no file.
func (d *dir) infos(prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		start := prefix[:strings.LastIndex(prefix, "/")+1]
		folder := path.Clean(start)
		switch is, err := d.isFolder(folder); {
		case err != nil:
			yield(Info{}, err)
		case is:
			d.walk(folder, start, prefix, yield)
		}
	}
}

// isFolder reports whether a name is that of a folder in the store's, and no link leads to it.
func (d *dir) isFolder(name string) (bool, error) {
	at := d.root.Root
	for part := range strings.SplitSeq(name, "/") {
		stat, err := at.Lstat(part)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil || !stat.IsDir() {
			return false, err
		}
		if at, err = at.OpenRoot(part); err != nil {
			return false, err
		}
		defer at.Close()
	}
	return true, nil
}

// readFolder returns the entries of a folder, in no order.
func (d *dir) readFolder(name string) ([]fs.DirEntry, error) {
	folder, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	entries, err := folder.ReadDir(-1)
	return entries, errors.Join(err, folder.Close())
}

// infoOf describes the file of a key. Anything but a regular file is an error, because it
// may be in the place of an object.
func infoOf(key string, entry fs.DirEntry) (Info, error) {
	stat, err := entry.Info()
	if err == nil {
		err = checkRegular(stat)
	}
	if err != nil {
		return Info{}, fmt.Errorf("%s: %w", key, err)
	}
	return Info{Key: key, Size: stat.Size(), Modified: stat.ModTime()}, nil
}

// walk yields the objects in one folder, whose keys begin with start, which ends in "/" or
// is empty. It reports whether to continue.
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

// overlap reports whether a folder can contain keys that start with prefix.
func overlap(folder, prefix string) bool {
	return strings.HasPrefix(folder, prefix) || strings.HasPrefix(prefix, folder)
}
