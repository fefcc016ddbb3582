package object

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// The modes of a folder store's folders and files, before the umask.
const (
	publicFolder, publicFile   = 0o755, 0o644
	privateFolder, privateFile = 0o700, 0o600
	others                     = 0o077 // the bits of everybody but the owner
)

// isPrivate reports whether a name is one of the store's own files, of a private object, or
// of a folder that contains only such objects.
func (d *dir) isPrivate(name string) bool {
	return name == reserved || strings.HasPrefix(name, reserved+"/") ||
		slices.ContainsFunc(d.private, func(prefix string) bool { return strings.HasPrefix(name+"/", prefix) })
}

// folderMode returns the mode of a new folder of that name.
func (d *dir) folderMode(name string) fs.FileMode {
	if d.isPrivate(name) {
		return privateFolder
	}
	return publicFolder
}

// fileMode returns the mode of a new file of that name.
func (d *dir) fileMode(name string) fs.FileMode {
	if d.isPrivate(name) {
		return privateFile
	}
	return publicFile
}

// Exposed returns the names of the private files and folders of a folder store that others
// than their owner may read, write or enter, because an earlier version created them. Other
// stores have none.
func Exposed(ctx context.Context, s Store) (names []string, err error) {
	d, ok := s.(*dir)
	if !ok {
		return nil, nil
	}
	err = d.exposed(ctx, ".", func(name string, _ fs.FileMode) error {
		names = append(names, name)
		return nil
	})
	return names, err
}

// Hide removes the rights of others from all that Exposed returns, and returns the number of
// files and folders that it changed.
func Hide(ctx context.Context, s Store) (hidden int, err error) {
	d, ok := s.(*dir)
	if !ok {
		return 0, nil
	}
	err = d.exposed(ctx, ".", func(name string, mode fs.FileMode) error {
		err := d.root.Chmod(name, mode.Perm()&^others)
		if errors.Is(err, fs.ErrNotExist) { // replaced meanwhile
			return nil
		}
		hidden++
		return err
	})
	return hidden, err
}

// exposed calls found for what is exposed in a folder, each folder before its entries. It
// skips links, because they lead out of the store.
func (d *dir) exposed(ctx context.Context, folder string, found func(string, fs.FileMode) error) error {
	entries, err := d.readFolder(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := path.Join(folder, entry.Name())
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink != 0 {
			continue
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		private := d.isPrivate(name)
		if private && info.Mode().Perm()&others != 0 {
			if err := found(name, info.Mode()); err != nil {
				return fmt.Errorf("%s: %w", d.name(name), err)
			}
		}
		if entry.IsDir() && private {
			if err := d.exposed(ctx, name, found); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
