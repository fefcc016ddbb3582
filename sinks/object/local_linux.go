package object

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// openUnnamed creates a file without a name in the file system of a folder.
func openUnnamed(root *tree, folder string, mode fs.FileMode) (*os.File, error) {
	file, err := root.OpenFile(folder, unix.O_TMPFILE|os.O_RDWR, mode)
	if err != nil { // which error depends on the file system
		return nil, errors.Join(errors.ErrUnsupported, err)
	}
	return file, nil
}

// linkUnnamed gives a file of openUnnamed a name in a folder.
func linkUnnamed(file, folder *os.File, name string) error {
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", file.Fd()), int(folder.Fd()), name, unix.AT_SYMLINK_FOLLOW)
}
