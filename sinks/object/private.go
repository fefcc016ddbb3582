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

// The modes of a folder store's folders and files. What is private is nobody else's
// to read, whatever the umask; what is public is as far as the umask lets it be.
const (
	publicFolder, publicFile   = 0o755, 0o644
	privateFolder, privateFile = 0o700, 0o600
	others                     = 0o077 // what is allowed to others than the owner
)

// isPrivate says whether a name is the store's own, or one of a private object or of
// a folder with nothing else in it.
func (d *dir) isPrivate(name string) bool {
	return name == reserved || strings.HasPrefix(name, reserved+"/") ||
		slices.ContainsFunc(d.private, func(prefix string) bool { return strings.HasPrefix(name+"/", prefix) })
}

// folderMode and fileMode are the modes of what is made under a name.
func (d *dir) folderMode(name string) fs.FileMode {
	if d.isPrivate(name) {
		return privateFolder
	}
	return publicFolder
}

func (d *dir) fileMode(name string) fs.FileMode {
	if d.isPrivate(name) {
		return privateFile
	}
	return publicFile
}

// Exposed returns the names of those private files and folders of a folder store that
// others than their owner may read, write or enter: an earlier version made them so.
// Other stores have none.
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

// Hide takes the rights of others from all that is exposed, and returns how many
// files and folders that were.
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

// exposed calls found for what is exposed in a folder, each folder before what is in
// it. Links are passed over: what they lead to is not the store's.
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
