package object

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// Body is a body for Put that is a whole file without a name, which does not change any more. A
// folder store takes one that NewFile has created as it is; any other is copied.
type Body struct {
	*io.SectionReader
	File   *os.File
	SHA256 string // of the content, hex
}

// NewFile creates a file for the body of an object of that key. It has no name, and ends with
// its last handle unless Put has taken it. If the store is not in a folder, or the file system
// has no such files, the error is errors.ErrUnsupported.
func NewFile(s Store, key string) (*os.File, error) {
	if local, ok := s.(fileMaker); ok {
		return local.newFile(key)
	}
	return nil, errors.ErrUnsupported
}

// fileMaker is a store that NewFile knows.
type fileMaker interface {
	newFile(key string) (*os.File, error)
}

// newFile implements fileMaker.
func (d *dir) newFile(key string) (file *os.File, err error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	err = d.inFolder(stageFolder, privateFolder, func() (err error) {
		file, err = openUnnamed(d.root, stageFolder, d.fileMode(key))
		return err
	})
	return file, err
}

// stageBody is stage, without a copy where body is a file of newFile.
func (d *dir) stageBody(ctx context.Context, body io.Reader, mode fs.FileMode) (name string, _ version, err error) {
	if whole, ok := body.(Body); ok {
		if name, err := d.link(whole.File); err == nil {
			v, err := describeWhole(whole)
			if err != nil {
				_ = d.root.Remove(name)
			}
			return name, v, err
		}
	}
	return d.stage(ctx, body, mode)
}

// link gives a file a temporary name in the store's folder. It is an error if the file has
// been created elsewhere.
func (d *dir) link(file *os.File) (name string, err error) {
	folder, err := d.root.Open(stageFolder)
	if err != nil {
		return "", err
	}
	name = rand.Text()
	return path.Join(stageFolder, name), errors.Join(linkUnnamed(file, folder, name), folder.Close())
}

// describeWhole makes a file durable, and describes it.
func describeWhole(body Body) (version, error) {
	if err := body.File.Sync(); err != nil {
		return version{}, err
	}
	stat, err := body.File.Stat()
	if err != nil {
		return version{}, err
	}
	if stat.Size() != body.Size() {
		return version{}, fmt.Errorf("a body of %d bytes is a file of %d", body.Size(), stat.Size())
	}
	return version{ETag: body.SHA256, Size: stat.Size(), Modified: stat.ModTime()}, nil
}
