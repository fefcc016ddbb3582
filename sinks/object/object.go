// Package object keeps bytes under keys, with compare-and-swap: on S3 or in a folder,
// behind one small interface. One suite of tests holds both to it, and the store in
// memory that tests use (package objecttest).
//
// Of the data it knows only how large an object of each kind of key may be
// (schema.LimitOf). It never deletes an object. A Put is never repeated by the store: the
// caller finds out what became of it, as PutKnown does.
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

// The errors that a caller distinguishes, with errors.Is.
var (
	// ErrNotFound: there is no object under the key.
	ErrNotFound = errors.New("no such object")
	// ErrConflict: the condition of a Put does not hold. This call changed nothing, but
	// the cause may be an earlier call of unknown outcome.
	ErrConflict = errors.New("the object is not as the write's condition expects")
	// ErrUnknown: a Put may have been applied, or may still be. Sending the same bytes
	// again under the same condition is safe.
	ErrUnknown = errors.New("the write may or may not have been applied")
	// ErrNotFile: there is something else than an object under the key, in a folder
	// store: a folder, a FIFO, a socket or a device. It is not opened.
	ErrNotFile = errors.New("it is not a regular file (不是普通文件)")
	// ErrKey: not every store can hold the key or prefix.
	ErrKey = errors.New("bad object key")
	// ErrDenied: the credentials are not valid for the store, or do not allow the request.
	// Nothing was changed, and repeating it does not help.
	ErrDenied = schema.ErrDenied
)

// Info describes one object.
type Info struct {
	Key string
	// ETag identifies this content of the object, without quotes. It is opaque. An ETag
	// may come back with the content: stamp contents that have to be distinguished.
	ETag     string
	Size     int64             // bytes
	Meta     map[string]string // as in Put
	Modified time.Time         // zero where unknown
}

// clone keeps a caller's changes of Meta away from the original.
func (i Info) clone() Info {
	i.Meta = maps.Clone(i.Meta)
	return i
}

// Store is a flat space of objects. All methods are safe for concurrent use, and end early
// with the context's error. Keys are parts joined by "/", in UTF-8, of at most 1024 bytes;
// a part is not empty, "." or "..", and has no backslash or control character. Any other
// key is ErrKey. A store need not hold both "a" and "a/b", because a folder cannot.
type Store interface {
	// Get opens the object for reading; the caller closes it. The reader has the one
	// content that Info describes, even if the object is replaced meanwhile. If there is
	// no object it returns ErrNotFound.
	Get(ctx context.Context, key string) (io.ReadCloser, Info, error)

	// Head describes the object. If there is none it returns ErrNotFound.
	Head(ctx context.Context, key string) (Info, error)

	// Put stores the whole body, from its start, if the condition holds. When it returns
	// without an error the object is durable; until then readers see the old one.
	// ErrConflict means that the condition does not hold, ErrUnknown that the answer was
	// lost, any other error that nothing was changed. Put does not close the body. The
	// keys of meta consist of a-z, 0-9 and "-", its values of printable ASCII, not empty
	// and without space around them; all of it has at most 2 KB.
	Put(ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error)

	// List yields the objects whose keys start with prefix, which need not end with a
	// part, in ascending order of the keys' bytes. ETag and Meta may be empty. An error
	// ends it. It may or may not yield objects that are written while it runs, and does
	// not yield those whose keys Put refuses.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}
