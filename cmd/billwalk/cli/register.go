package cli

import (
	"bytes"
	"context"
	"errors"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// register is one small object that several processes replace by compare-and-swap.
// Where a content is unlike any before, its version never comes back.
type register struct {
	store object.Store
	key   string
}

// Load returns what is stored, and its version; nothing where there is nothing.
func (r register) Load(ctx context.Context) (data []byte, version string, err error) {
	data, info, err := object.ReadAll(ctx, r.store, r.key)
	if errors.Is(err, object.ErrNotFound) {
		return nil, "", nil
	}
	return data, info.ETag, err
}

// Swap stores data if the version is still that one, and returns the new version;
// else it is schema.ErrTaken.
func (r register) Swap(ctx context.Context, data []byte, version string) (string, error) {
	condition := object.IfAbsent()
	if version != "" {
		condition = object.IfMatch(version)
	}
	info, err := object.PutKnown(ctx, r.store, r.key, bytes.NewReader(data), condition, nil)
	if !errors.Is(err, object.ErrConflict) {
		return info.ETag, err
	}
	stored, version, err := r.Load(ctx)
	if err == nil && !bytes.Equal(stored, data) { // else the answer to our own write was lost
		err = schema.ErrTaken
	}
	return version, err
}
