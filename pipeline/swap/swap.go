// Package swap has what processes tell each other: small objects that each of them may
// replace, by compare-and-swap.
package swap

import (
	"bytes"
	"context"
	"errors"

	"billwalk/schema"
)

// Object is one of them.
type Object interface {
	// Load returns what is stored, and its version; nothing where there is nothing.
	Load(ctx context.Context) (data []byte, version string, err error)
	// Swap stores data if the version is still the given one, and returns the new
	// version; else the error is schema.ErrTaken.
	Swap(ctx context.Context, data []byte, version string) (string, error)
}

const maxTries = 5 // of one change

// Change replaces what is stored by what next makes of it, which is called again where another
// process comes first. Where next returns what is there, nothing is stored.
func Change(ctx context.Context, o Object, next func(data []byte) ([]byte, error)) error {
	for try := 1; ; try++ {
		data, version, err := o.Load(ctx)
		if err != nil {
			return err
		}
		changed, err := next(data)
		if err != nil || bytes.Equal(changed, data) {
			return err
		}
		if _, err = o.Swap(ctx, changed, version); !errors.Is(err, schema.ErrTaken) || try == maxTries {
			return err
		}
	}
}
