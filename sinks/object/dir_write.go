package object

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
)

// stage makes the content durable in a temporary file of that mode, and describes it.
func (d *dir) stage(ctx context.Context, body io.Reader, mode fs.FileMode) (name string, _ version, err error) {
	name = path.Join(stageFolder, rand.Text())
	var file *os.File
	err = d.inFolder(stageFolder, privateFolder, func() (err error) {
		file, err = d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		return err
	})
	if err != nil {
		return "", version{}, err
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			_ = d.root.Remove(name)
		}
	}()
	hash := sha256.New()
	size, err := copyAll(io.MultiWriter(file, hash), interruptible{ctx, body})
	if err != nil {
		return "", version{}, err
	}
	if err := file.Sync(); err != nil {
		return "", version{}, err
	}
	stat, err := file.Stat()
	if err != nil {
		return "", version{}, err
	}
	return name, version{ETag: hex.EncodeToString(hash.Sum(nil)), Size: size, Modified: stat.ModTime()}, nil
}

// rename gives a staged file a name, which syncNew makes durable.
func (d *dir) rename(staged, name string) error {
	folder := path.Dir(name)
	return d.inFolder(folder, d.folderMode(folder), func() error { return d.root.Rename(staged, name) })
}

// syncNew makes the new entry of a folder durable, and those above as syncEntry does.
func (d *dir) syncNew(name string) error {
	folder := path.Dir(name)
	if err := d.syncFolder(folder); err != nil {
		return err
	}
	return d.syncEntry(folder)
}

// inFolder does something in a folder, which is made if it is not there: nearly always it is.
func (d *dir) inFolder(folder string, mode fs.FileMode, do func() error) error {
	err := do()
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.root.MkdirAll(folder, mode); err != nil {
		return err
	}
	return do()
}

// syncEntry makes the entry of a folder or file durable and, once in the life of the process,
// those of the folders above, up to the store's own: any of them may be new. Nothing here
// removes one.
func (d *dir) syncEntry(name string) error {
	for name := name; !d.isRooted(name); name = path.Dir(name) {
		if err := d.syncFolder(path.Dir(name)); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for ; name != "."; name = path.Dir(name) {
		d.rooted[name] = true
	}
	return nil
}

func (d *dir) isRooted(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return name == "." || d.rooted[name]
}

func (d *dir) syncFolder(name string) error {
	folder, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// acquire makes the caller the only writer of the folder, until release.
func (d *dir) acquire(ctx context.Context) error {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if held, err := d.lock.TryLock(); held || err != nil {
		return d.acquired(err)
	}
	// Another process has it, and the kernel hands it over: asking for it again and again
	// would cost more processor time than the writing.
	locked := make(chan error, 1)
	go func() { locked <- d.lock.Lock() }()
	select {
	case err := <-locked:
		return d.acquired(err)
	case <-ctx.Done():
		go func() { // what waits cannot be told to stop
			if d.acquired(<-locked) == nil {
				d.release()
			}
		}()
		return ctx.Err()
	}
}

// acquired ends the turn of a writer that has not got the lock.
func (d *dir) acquired(err error) error {
	if err != nil {
		<-d.turn
		return fmt.Errorf("lock the folder store by %s: %w", d.name(lockFile), err)
	}
	return nil
}

func (d *dir) release() {
	_ = d.lock.Unlock() // an error does not matter: the lock ends with the process at the latest
	<-d.turn
}

// interruptible is a reader that fails once its context ends.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// buffers are those of copyAll.
var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// copyAll is io.Copy without a buffer of its own for each of many small objects.
func copyAll(to io.Writer, from io.Reader) (int64, error) {
	buffer := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buffer)
	return io.CopyBuffer(to, from, buffer[:])
}
