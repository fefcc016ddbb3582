// Package object keeps bytes under keys, with compare-and-swap: on S3 or in a folder,
// behind one small interface. One suite of tests holds both to it, and the store in
// memory that tests use (package objecttest).
//
// It knows nothing of bills, tables or manifests, never deletes an object, and
// never retries a write: whoever publishes knows how to find out what became
// of it.
//
//	store, err := object.Open(ctx, "file:lake", object.S3Options{})
//	info, err := store.Put(ctx, "a/b.json", bytes.NewReader(b), object.IfAbsent(), nil)
package object

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"time"

	"billwalk/schema"
)

// The failures that a caller tells apart, with errors.Is.
var (
	// ErrNotFound: there is no object under the key.
	ErrNotFound = errors.New("no such object")
	// ErrConflict: the condition of a Put does not hold. Nothing was changed by
	// this call, but an earlier one of unknown outcome may be why.
	ErrConflict = errors.New("the object is not as the write's condition expects")
	// ErrUnknown: a Put may or may not have been applied, or still be. Sending
	// the same bytes again under the same condition is safe.
	ErrUnknown = errors.New("the write may or may not have been applied")
	// ErrNotFile: what lies under the key is no object: in a folder store, a folder,
	// a FIFO, a socket or a device. It is not opened.
	ErrNotFile = errors.New("it is not a regular file (不是普通文件)")
	// ErrKey: the key or prefix is not one that every store can hold.
	ErrKey = errors.New("bad object key")
	// ErrDenied: the credentials are not valid there, or do not allow it. Nothing
	// was changed, and no further request of the kind will do better.
	ErrDenied = schema.ErrDenied
)

// Info describes one object.
type Info struct {
	Key string
	// ETag names this content of the object, without quotes. It is opaque, and
	// only where contents are stamped to be unique does it never come back.
	ETag     string
	Size     int64             // bytes
	Meta     map[string]string // as given to Put
	Modified time.Time         // zero where unknown
}

// clone keeps a caller's changes of Meta away from the original.
func (i Info) clone() Info {
	i.Meta = maps.Clone(i.Meta)
	return i
}

// Store is a flat space of objects. All methods may be called concurrently;
// they end early, with the context's error, when it is done. Keys are parts
// joined by "/", in UTF-8, at most 1024 bytes in all; a part is neither empty nor
// "." or "..", and holds no backslash and no control character. Anything else is
// ErrKey. Since a folder cannot do so, no store need hold both "a" and "a/b".
type Store interface {
	// Get opens the object for reading; the caller closes it. What is read is one
	// whole content, the one that Info tells of, even where the object is
	// replaced meanwhile. Without the object it is ErrNotFound.
	Get(ctx context.Context, key string) (io.ReadCloser, Info, error)

	// Head tells of the object without its bytes. Without it: ErrNotFound.
	Head(ctx context.Context, key string) (Info, error)

	// Put stores the whole of body, from its start, if the condition holds. On
	// return without error the object is durable; until then readers see the old
	// one. ErrConflict says that the condition does not hold; ErrUnknown that the
	// answer was lost; any other error that nothing was changed. The body is not
	// closed. Meta's keys are of a-z, 0-9 and "-", its values printable ASCII, not
	// empty nor with space around, 2 KB in all.
	Put(ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error)

	// List yields the objects whose key starts with prefix (any string that a key
	// can start with, not only whole parts), in ascending order of their keys'
	// bytes. ETag and Meta may be empty. An error ends it. Objects written while it runs
	// may or may not be seen, and those under keys that Put refuses are not.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}
