package object

import (
	"context"
	"errors"
	"fmt"
	"io"

	"billwalk/schema"
)

// ErrTooLarge: the object has more bytes than one of its kind may have.
var ErrTooLarge = errors.New("the object is too large (对象过大)")

// sizer is a store that knows an object's size before it reads the object. A folder may have
// to read all of it for the ETag.
type sizer interface {
	size(key string) (int64, error)
}

// Read opens an object for reading, as Store.Get does. An object that is larger than the limit
// of its kind (schema.LimitOf) is ErrTooLarge, at once or while it is read. The reader fails
// once the context ends.
func Read(ctx context.Context, s Store, key string) (io.ReadCloser, Info, error) {
	if err := checkKnownSize(s, key); err != nil {
		return nil, Info{}, err
	}
	body, info, err := s.Get(ctx, key)
	if err != nil {
		return nil, Info{}, err
	}
	if body, err = bound(ctx, body, key, info.Size); err != nil {
		return nil, Info{}, err
	}
	return body, info, nil
}

// Head describes an object as Store.Head does. An object that is too large may be
// ErrTooLarge.
func Head(ctx context.Context, s Store, key string) (Info, error) {
	if err := checkKnownSize(s, key); err != nil {
		return Info{}, err
	}
	return s.Head(ctx, key)
}

// checkKnownSize compares an object's size with its limit, if the store is a sizer.
func checkKnownSize(s Store, key string) error {
	known, ok := s.(sizer)
	if !ok {
		return nil
	}
	if size, err := known.size(key); err == nil && size > schema.LimitOf(key).Bytes {
		return tooLarge(key, size, schema.LimitOf(key))
	}
	return nil
}

// CheckSize returns ErrTooLarge if an object of that size, in bytes, could not be read again.
func CheckSize(key string, size int64) error {
	if limit := schema.LimitOf(key); size > limit.Bytes {
		return fmt.Errorf("%s is not written: %w: it has %d bytes, and %s at most %d", key, ErrTooLarge, size, limit.Kind, limit.Bytes)
	}
	return nil
}

// contentStore is a store that opens an object's content sooner than Get, which describes it
// as well. A folder has to look that up in other files.
type contentStore interface {
	content(ctx context.Context, key string) (body io.ReadCloser, size int64, err error)
}

// Content opens an object for reading, as Read does, for who wants nothing but its content.
func Content(ctx context.Context, s Store, key string) (io.ReadCloser, error) {
	plain, ok := s.(contentStore)
	if !ok {
		body, _, err := Read(ctx, s, key)
		return body, err
	}
	body, size, err := plain.content(ctx, key)
	if err != nil {
		return nil, err
	}
	return bound(ctx, body, key, size)
}

// bound returns the body of an object, or an error if that is too large.
func bound(ctx context.Context, body io.ReadCloser, key string, size int64) (io.ReadCloser, error) {
	limit := schema.LimitOf(key)
	if size > limit.Bytes {
		return nil, errors.Join(tooLarge(key, size, limit), body.Close())
	}
	return &bounded{ctx, body, key, 0, limit}, nil
}

// ReadContent returns the content of an object, within the limits of Read.
func ReadContent(ctx context.Context, s Store, key string) ([]byte, error) {
	body, err := Content(ctx, s, key)
	if err != nil {
		return nil, err
	}
	return readAll(body)
}

// readAll reads a body to its end and closes it.
func readAll(body io.ReadCloser) ([]byte, error) {
	data, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	return data, nil
}

// ReadAll returns the content of an object and what describes it, within the limits of Read.
func ReadAll(ctx context.Context, s Store, key string) ([]byte, Info, error) {
	body, info, err := Read(ctx, s, key)
	if err != nil {
		return nil, Info{}, err
	}
	data, err := readAll(body)
	if err != nil {
		return nil, Info{}, err
	}
	return data, info, nil
}

func tooLarge(key string, size int64, limit schema.Limit) error {
	return fmt.Errorf("%s: %w: it has %d bytes or more, and %s at most %d; billwalk did not write it so: put an earlier version of the object back, or move it away, and run again",
		key, ErrTooLarge, size, limit.Kind, limit.Bytes)
}

// bounded is the body of an object, which may be longer than its Info says.
type bounded struct {
	ctx context.Context
	io.ReadCloser
	key   string
	read  int64
	limit schema.Limit
}

func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	if b.read += int64(n); b.read > b.limit.Bytes {
		return 0, tooLarge(b.key, b.read, b.limit)
	}
	return n, err
}
