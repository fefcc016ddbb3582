package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// dir is a store in a folder: every object is the plain file of its key. Its ETag is the
// SHA-256 of the content, so that a file copied in by hand has one, too. Content that is
// stamped to be unique never gets an earlier ETag again.
//
// A Put is atomic for readers and for a kill at any point: the content is made durable in a
// temporary file, which is then renamed to the object's name. A lock that every writer of
// the folder takes, in any process, protects the comparison and the renames. The store's
// own files are in .billwalk:
//
//	.billwalk/lock                held by the one that is replacing an object
//	.billwalk/tmp/NAME            a temporary file; of no use once its writer is gone
//	.billwalk/lines/FOLDER.jsonl  the metadata of objects created in a folder, a line each
//	.billwalk/meta/KEY.json       the sidecar of an object that was replaced, and has metadata or is large
type dir struct {
	root *tree
	path string
	lock *flock.Flock

	private []string      // prefixes of keys; see isPrivate
	turn    chan struct{} // of one entry, which the writer of this process that waits for the lock holds

	mu     sync.Mutex
	rooted map[string]bool // folders, and files of lines, whose own entries, up to the store's folder, are durable
}

const (
	lockFile    = reserved + "/lock"
	stageFolder = reserved + "/tmp"

	// abandonedAge is the age from which a temporary file has no writer any more.
	abandonedAge = 24 * time.Hour
)

// openDir opens the store in a folder. Objects whose keys start with one of the private
// prefixes can be read by their owner only.
func openDir(folder string, private ...string) (*dir, error) {
	full, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("open the folder store %s: %w", folder, err)
	}
	if err := os.MkdirAll(full, publicFolder); err != nil {
		return nil, fmt.Errorf("open the folder store %s: %w", full, err)
	}
	root, err := openTree(full)
	if err != nil {
		return nil, fmt.Errorf("open the folder store %s: %w", full, err)
	}
	d := &dir{root: root, path: full, lock: flock.New(filepath.Join(full, lockFile), flock.SetFlag(os.O_CREATE|os.O_RDONLY|syscall.O_NONBLOCK)), private: private, turn: make(chan struct{}, 1), rooted: make(map[string]bool)}
	d.sweep()
	return d, nil
}

// sweep removes the files of killed writers. Its errors do not matter: a folder that cannot
// be written can still be read.
func (d *dir) sweep() {
	entries, err := d.readFolder(stageFolder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && time.Since(info.ModTime()) > abandonedAge {
			_ = d.root.Remove(path.Join(stageFolder, entry.Name()))
		}
	}
}

// Get implements [Store].
func (d *dir) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := CheckRead(ctx, key); err != nil {
		return nil, Info{}, err
	}
	file, info, err := d.open(ctx, key)
	if err != nil {
		return nil, Info{}, fmt.Errorf("get %s: %w", d.name(key), err)
	}
	return file, info, nil
}

// content implements contentStore.
func (d *dir) content(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	if err := CheckRead(ctx, key); err != nil {
		return nil, 0, err
	}
	file, err := d.openFile(key)
	if err != nil {
		return nil, 0, fmt.Errorf("get %s: %w", d.name(key), err)
	}
	stat, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, stat.Size(), nil
}

// Head implements [Store].
func (d *dir) Head(ctx context.Context, key string) (Info, error) {
	if err := CheckRead(ctx, key); err != nil {
		return Info{}, err
	}
	file, info, err := d.open(ctx, key)
	if err != nil {
		return Info{}, fmt.Errorf("head %s: %w", d.name(key), err)
	}
	return info, file.Close()
}

// Put implements [Store].
func (d *dir) Put(ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error) {
	if err := CheckPut(ctx, key, cond, meta); err != nil {
		return Info{}, err
	}
	info, err := d.put(ctx, key, body, cond, meta)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		err = fmt.Errorf("%w: %w (检查该目录的写权限; check that this user may write there)", ErrDenied, err)
	}
	if err != nil {
		return Info{}, fmt.Errorf("put %s: %w", d.name(key), err)
	}
	return info, nil
}

func (d *dir) put(ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error) {
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return Info{}, fmt.Errorf("rewind the body: %w", err)
	}
	staged, next, err := d.stageBody(ctx, body, d.fileMode(key))
	if err != nil {
		return Info{}, err
	}
	// Mostly it no longer exists, as it became the object; a second name of the object's own file stays.
	defer func() { _ = d.root.Remove(staged) }()
	next.Meta = meta
	added := false
	if cond.absent {
		if added, err = d.addLine(key, next); err != nil {
			return Info{}, err
		}
	}
	err = d.replace(ctx, key, staged, cond, next, added)
	if err != nil && !errors.Is(err, ErrConflict) {
		return Info{}, err
	}
	// Others need not wait for the disk: who finds the object of a writer that has not come
	// this far, and reports a conflict, makes it durable, too.
	if syncErr := d.syncNew(key); syncErr != nil && (err == nil || !errors.Is(syncErr, fs.ErrNotExist)) {
		return Info{}, fmt.Errorf("%w: %w", ErrUnknown, syncErr) // a power failure might undo the renaming
	}
	return next.info(key), err
}

// replace makes a staged file the object, if the condition holds. Its line may have been added.
func (d *dir) replace(ctx context.Context, key, staged string, cond Condition, next version, added bool) error {
	if err := d.acquire(ctx); err != nil {
		return err
	}
	defer d.release()
	current, known, err := d.current(ctx, key)
	exists := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if !cond.Holds(exists, current.ETag) {
		return ErrConflict
	}
	if !added {
		if !exists {
			known = d.recorded(key)
		}
		if err := d.record(ctx, key, known, exists, current, next); err != nil {
			return err
		}
	}
	return d.rename(staged, key)
}

// current describes the object, and returns what is recorded of it. The caller holds the lock.
func (d *dir) current(ctx context.Context, key string) (version, records, error) {
	file, err := d.openFile(key)
	if err != nil {
		return version{}, records{}, err
	}
	defer file.Close()
	known := d.recorded(key)
	current, _, err := describe(ctx, file, known)
	return current, known, err
}

// open opens the object's file and describes it. If the sidecar does not know the file, both
// may have been replaced meanwhile; then open takes the newer file.
func (d *dir) open(ctx context.Context, key string) (*os.File, Info, error) {
	for {
		file, err := d.openFile(key)
		if err != nil {
			return nil, Info{}, err
		}
		found, known, err := describe(ctx, file, d.recorded(key))
		if err == nil && (known || d.isCurrent(key, file)) {
			return file, found.info(key), nil
		}
		_ = file.Close()
		if err != nil {
			return nil, Info{}, err
		}
	}
}

// openFile opens a regular file and nothing else: opening a FIFO waits for its writer, and
// opening a device may do anything. If one replaces the file after the check, it is opened
// without waiting, and closed.
func (d *dir) openFile(name string) (*os.File, error) {
	stat, err := d.root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, ErrNotFound
	}
	if err := errors.Join(err, checkRegular(stat)); err != nil {
		return nil, err
	}
	file, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	stat, err = file.Stat()
	if err := errors.Join(err, checkRegular(stat)); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// checkRegular returns ErrNotFile for anything but a regular file.
func checkRegular(stat fs.FileInfo) error {
	if stat == nil || stat.Mode().IsRegular() {
		return nil
	}
	kind := "something else"
	switch mode := stat.Mode(); {
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a FIFO"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return fmt.Errorf("%w but %s, and was not opened: move it away", ErrNotFile, kind)
}

// size implements sizer.
func (d *dir) size(key string) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	stat, err := d.root.Stat(key)
	if err != nil {
		return 0, err
	}
	return stat.Size(), nil
}

func (d *dir) isCurrent(key string, file *os.File) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	now, err := d.root.Stat(key)
	return err == nil && os.SameFile(opened, now)
}

// name returns the object's path, for messages.
func (d *dir) name(key string) string { return filepath.Join(d.path, filepath.FromSlash(key)) }
