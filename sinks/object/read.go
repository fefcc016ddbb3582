package object

import (
	"context"
	"errors"
	"io"
)

// ReadAll reads an object whole.
func ReadAll(ctx context.Context, s Store, key string) ([]byte, Info, error) {
	body, info, err := s.Get(ctx, key)
	if err != nil {
		return nil, Info{}, err
	}
	data, err := io.ReadAll(body)
	return data, info, errors.Join(err, body.Close())
}
