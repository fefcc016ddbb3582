package object

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
)

// Hiding returns the store with the texts of its errors changed by show, because a secret may
// be in the store's URL or in a server's message. The errors keep their chain.
func Hiding(s Store, show func(text string) string) Store { return hiding{s, show} }

type hiding struct {
	Store
	show func(string) string
}

// hiddenError is an error with another text.
type hiddenError struct {
	text string
	err  error
}

func (e *hiddenError) Error() string { return e.text }
func (e *hiddenError) Unwrap() error { return e.err }

// hide returns the error with its text changed, or the error itself if show changes nothing.
func (h hiding) hide(err error) error {
	if err == nil {
		return nil
	}
	if text := h.show(err.Error()); text != err.Error() {
		return &hiddenError{text, err}
	}
	return err
}

// size implements sizer if the store does.
func (h hiding) size(key string) (int64, error) {
	if known, ok := h.Store.(sizer); ok {
		return known.size(key)
	}
	return 0, errors.ErrUnsupported
}

// content implements contentStore as well as the store can.
func (h hiding) content(ctx context.Context, key string) (body io.ReadCloser, size int64, err error) {
	if plain, ok := h.Store.(contentStore); ok {
		body, size, err = plain.content(ctx, key)
		return body, size, h.hide(err)
	}
	body, info, err := h.Get(ctx, key)
	return body, info.Size, err
}

// newFile implements fileMaker if the store does.
func (h hiding) newFile(key string) (*os.File, error) { return NewFile(h.Store, key) }

// Get implements [Store].
func (h hiding) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	body, info, err := h.Store.Get(ctx, key)
	return body, info, h.hide(err)
}

// Head implements [Store].
func (h hiding) Head(ctx context.Context, key string) (Info, error) {
	info, err := h.Store.Head(ctx, key)
	return info, h.hide(err)
}

// Put implements [Store].
func (h hiding) Put(ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error) {
	info, err := h.Store.Put(ctx, key, body, cond, meta)
	return info, h.hide(err)
}

// List implements [Store].
func (h hiding) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for info, err := range h.Store.List(ctx, prefix) {
			if !yield(info, h.hide(err)) {
				return
			}
		}
	}
}
