package object

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
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

// sidecar has an object's metadata. It is written before the object is replaced, and
// describes the new content as well as the old one: a kill leaves either of them.
type sidecar struct {
	Versions []version `json:"versions"`
}

// smallContent, in bytes, is hashed about as fast as a sidecar is read.
const smallContent = 64 << 10

// needsSidecar reports whether the content alone does not tell, or only slowly, what a sidecar does.
func (v version) needsSidecar() bool { return len(v.Meta) > 0 || v.Size > smallContent }

// hasSidecar reports whether there is a sidecar, or something in its place. What it says of an
// earlier content must not be taken for that of the next one.
func (d *dir) hasSidecar(key string) bool {
	_, err := d.root.Stat(sidecarOf(key))
	return !errors.Is(err, fs.ErrNotExist)
}

func sidecarOf(key string) string { return reserved + "/meta/" + key + ".json" }

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
	return nil
}

// describe describes the content of the open file, and reports whether its sidecar knows it.
// Without a good sidecar only the metadata is lost: the content is read for its ETag.
func (d *dir) describe(ctx context.Context, key string, file *os.File) (_ version, known bool, err error) {
	stat, err := file.Stat()
	if err != nil {
		return version{}, false, err
	}
	var recorded sidecar
	if text, err := d.readSidecar(key); err == nil {
		_ = json.Unmarshal(text, &recorded)
	}
	if found, ok := recorded.byFile(stat); ok {
		return found, true, nil
	}
	etag, err := hashOf(ctx, file)
	if err != nil {
		return version{}, false, err
	}
	found := version{ETag: etag, Size: stat.Size(), Modified: stat.ModTime()}
	for _, v := range recorded.Versions {
		if v.ETag == etag {
			found.Meta, known = v.Meta, true
		}
	}
	return found, known, nil
}

// maxSidecar, in bytes, is four times the size of two versions' metadata.
const maxSidecar = 64 << 10

func (d *dir) readSidecar(key string) ([]byte, error) {
	file, err := d.openFile(sidecarOf(key))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxSidecar)) // a part of one cannot be decoded
}

// byFile returns the version with the file's size and time, unless there are two.
func (s sidecar) byFile(stat os.FileInfo) (found version, ok bool) {
	for _, v := range s.Versions {
		if v.Size != stat.Size() || !v.Modified.Equal(stat.ModTime()) {
			continue
		}
		if ok {
			return version{}, false
		}
		found, ok = v, true
	}
	return found, ok
}

// hashOf returns the hash of the whole file, and leaves it at its start.
func hashOf(ctx context.Context, file *os.File) (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, interruptible{ctx, file}); err != nil {
		return "", err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
