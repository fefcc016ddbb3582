package object

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// pathOnly opens a name, whatever it is, to describe it.
const pathOnly = unix.O_PATH

// open opens a name as os.Root does: a link may not lead out of the root. But for a name that is
// not there, an error is ErrUnsupported: an old kernel, a sandbox, or what os.Root says better.
func (t *tree) open(name string, flag int, mode fs.FileMode) (*os.File, error) {
	fd, err := t.descriptor(name, flag, mode)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), filepath.Join(t.Name(), name)), nil
}

func (t *tree) descriptor(name string, flag int, mode fs.FileMode) (int, error) {
	how := unix.OpenHow{Flags: uint64(flag | unix.O_CLOEXEC | unix.O_LARGEFILE), Mode: uint64(mode.Perm()), Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS}
	fd, err := unix.Openat2(int(t.top.Fd()), name, &how)
	runtime.KeepAlive(t)
	return fd, t.lacking("openat2", name, err)
}

// lacking returns an error as what a tree's caller looks at.
func (t *tree) lacking(op, name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOENT):
		return &fs.PathError{Op: op, Path: filepath.Join(t.Name(), name), Err: err}
	default:
		return errors.ErrUnsupported
	}
}

// inFolder does something in the folder of a name.
func (t *tree) inFolder(name string, do func(folder int, base string) error) error {
	folder, err := t.descriptor(path.Dir(name), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(folder)
	return do(folder, path.Base(name))
}

func (t *tree) rename(from, to string) error {
	return t.inFolder(from, func(fromFolder int, fromBase string) error {
		return t.inFolder(to, func(toFolder int, toBase string) error {
			return t.lacking("renameat", from, unix.Renameat(fromFolder, fromBase, toFolder, toBase))
		})
	})
}

// remove removes a file.
func (t *tree) remove(name string) error {
	return t.inFolder(name, func(folder int, base string) error {
		return t.lacking("unlinkat", name, unix.Unlinkat(folder, base, 0))
	})
}
