package object

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
)

// List implements [Store].
func (d *dir) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := checkPrefix(prefix); err != nil {
			yield(Info{}, err)
			return
		}
		for key, err := range d.keys(prefix) {
			info, err := d.listed(ctx, key, err)
			if errors.Is(err, ErrNotFound) { // taken away by hand meanwhile
				continue
			}
			if err != nil {
				yield(Info{}, fmt.Errorf("list %s: %w", d.name(prefix), err))
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (d *dir) listed(ctx context.Context, key string, err error) (Info, error) {
	if err := errors.Join(err, ctx.Err()); err != nil {
		return Info{}, err
	}
	file, info, err := d.open(ctx, key)
	if err != nil {
		return Info{}, err
	}
	return info, file.Close()
}

// keys yields the keys that start with prefix, ascending.
func (d *dir) keys(prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { d.walk(".", "", prefix, yield) }
}

// walk yields the keys in one folder, whose own key ends in "/" or is empty, and
// tells whether to go on.
func (d *dir) walk(folder, start, prefix string, yield func(string, error) bool) bool {
	entries, err := fs.ReadDir(d.root.FS(), folder)
	if err != nil {
		return yield("", err)
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
		case entry.Type().IsRegular() && strings.HasPrefix(key, prefix) && checkKey(key) == nil:
			if !yield(key, nil) {
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
