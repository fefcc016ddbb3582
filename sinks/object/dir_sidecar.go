package object

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"syscall"
	"time"
)

// version describes one content of an object. It counts only if the object's file really has
// that content.
type version struct {
	ETag     string            `json:"etag"`
	Size     int64             `json:"size"`
	Modified time.Time         `json:"modified"` // of the file; if it and the size are equal, the content is not read again
	Meta     map[string]string `json:"meta,omitempty"`
}

func (v version) info(key string) Info {
	return Info{Key: key, ETag: v.ETag, Size: v.Size, Meta: v.Meta, Modified: v.Modified}.clone()
}

// sidecar has the metadata of an object that was not created with IfAbsent, or was replaced.
// It is written before the object, and describes the new content as well as the old one: a kill
// leaves either of them.
type sidecar struct {
	Versions []version `json:"versions"`
}

// line is what a folder's lines have of an object that was created with IfAbsent. Most objects
// are, and are never replaced, and so need no file but their own.
type line struct {
	Name string `json:"name"` // in the folder
	version
}

// smallContent, in bytes, is hashed about as fast as a record is read.
const smallContent = 64 << 10

// needsRecord reports whether the content alone does not tell, or only slowly, what a record does.
func (v version) needsRecord() bool { return len(v.Meta) > 0 || v.Size > smallContent }

func sidecarOf(key string) string { return reserved + "/meta/" + key + ".json" }

func linesOf(key string) string { return reserved + "/lines/" + path.Dir(key) + ".jsonl" }

// records is what the store's own files have of an object.
type records struct {
	versions []version // those of a sidecar last
	replaced bool      // there is a sidecar, or something in its place
}

// none reports that the store's own files say nothing of the object.
func (r records) none() bool { return len(r.versions) == 0 && !r.replaced }

func (d *dir) recorded(key string) (r records) {
	lines, _ := d.readOwn(linesOf(key), maxLines)
	name, _ := json.Marshal(path.Base(key)) // most lines are of other objects
	for text := range bytes.Lines(lines) {
		var l line // of a writer that was killed, it may be cut
		if bytes.Contains(text, name) && json.Unmarshal(text, &l) == nil && l.Name == path.Base(key) {
			r.versions = append(r.versions, l.version)
		}
	}
	var s sidecar
	text, err := d.readOwn(sidecarOf(key), maxSidecar)
	_ = json.Unmarshal(text, &s)
	return records{append(r.versions, s.Versions...), !errors.Is(err, ErrNotFound)}
}

// record makes durable, in a sidecar, what describes the next version of an object beside its
// content. What was recorded of an earlier content must not be taken for that of the next one.
func (d *dir) record(ctx context.Context, key string, known records, exists bool, current, next version) error {
	if known.none() && !next.needsRecord() {
		return nil
	}
	versions := []version{next}
	if exists && current.ETag != next.ETag {
		versions = append(versions, current)
	}
	return d.putSidecar(ctx, key, versions)
}

// addLine makes the line of a new object durable among those of its folder, before it is known
// whether the object will be created: a line without its content says nothing. It adds none if
// the object needs no record or has one already, or if the lines are too many or cannot be
// opened. Many may add lines at once.
func (d *dir) addLine(key string, v version) (added bool, err error) {
	if !v.needsRecord() {
		return false, nil
	}
	if !d.recorded(key).none() {
		return false, nil
	}
	text, err := json.Marshal(line{path.Base(key), v})
	if err != nil {
		return false, err
	}
	text = append(append([]byte("\n"), text...), '\n') // the line before may be cut
	name := linesOf(key)
	var file *os.File
	err = d.inFolder(path.Dir(name), privateFolder, func() (err error) {
		file, err = d.root.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, privateFile)
		return err
	})
	if err != nil {
		return false, nil
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	stat, err := file.Stat()
	if err != nil || !stat.Mode().IsRegular() || stat.Size() > maxLines {
		return false, err
	}
	if _, err := file.Write(text); err != nil {
		return false, err
	}
	end, err := file.Seek(0, io.SeekCurrent)
	if err != nil || end > maxLines {
		return false, err
	}
	return true, errors.Join(file.Sync(), d.syncEntry(name))
}

// putSidecar replaces the object's sidecar.
func (d *dir) putSidecar(ctx context.Context, key string, versions []version) error {
	text, err := json.Marshal(sidecar{Versions: versions})
	if err != nil {
		return err
	}
	staged, _, err := d.stage(ctx, bytes.NewReader(text), privateFile)
	if err != nil {
		return err
	}
	if err := d.rename(staged, sidecarOf(key)); err != nil {
		_ = d.root.Remove(staged)
		return err
	}
	return d.syncNew(sidecarOf(key))
}

// describe describes the content of the open file, and reports whether it was recorded. Without
// that only the metadata is lost: the content is read for its ETag.
func describe(ctx context.Context, file *os.File, recorded records) (_ version, known bool, err error) {
	stat, err := file.Stat()
	if err != nil {
		return version{}, false, err
	}
	if found, ok := byFile(recorded.versions, stat); ok {
		return found, true, nil
	}
	etag, err := hashOf(ctx, file)
	if err != nil {
		return version{}, false, err
	}
	found := version{ETag: etag, Size: stat.Size(), Modified: stat.ModTime()}
	for _, v := range recorded.versions {
		if v.ETag == etag {
			found.Meta, known = v.Meta, true
		}
	}
	return found, known, nil
}

const (
	maxSidecar = 64 << 10 // in bytes, four times the size of two versions' metadata
	maxLines   = 16 << 10 // in bytes; all are read for one object
)

// readOwn reads one of the store's own files. A part of one cannot be decoded.
func (d *dir) readOwn(name string, limit int64) ([]byte, error) {
	file, err := d.openFile(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit))
}

// byFile returns the version with the file's size and time, unless there are two contents.
func byFile(versions []version, stat os.FileInfo) (found version, ok bool) {
	for _, v := range versions {
		if v.Size != stat.Size() || !v.Modified.Equal(stat.ModTime()) {
			continue
		}
		if ok && found.ETag != v.ETag {
			return version{}, false
		}
		found, ok = v, true
	}
	return found, ok
}

// hashOf returns the hash of the whole file, and leaves it at its start.
func hashOf(ctx context.Context, file *os.File) (string, error) {
	hash := sha256.New()
	if _, err := copyAll(hash, interruptible{ctx, file}); err != nil {
		return "", err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
