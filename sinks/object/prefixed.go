package object

import (
	"context"
	"io"
	"iter"
	"strings"
)

// prefixed is the part of a store below a prefix.
type prefixed struct {
	store  Store
	prefix string // ends in "/"
}

// strip removes the prefix from the key.
func (p prefixed) strip(info Info) Info {
	info.Key = strings.TrimPrefix(info.Key, p.prefix)
	return info
}

func (p prefixed) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := checkKey(key); err != nil {
		return nil, Info{}, err
	}
	body, info, err := p.store.Get(ctx, p.prefix+key)
	return body, p.strip(info), err
}

func (p prefixed) Head(ctx context.Context, key string) (Info, error) {
	if err := checkKey(key); err != nil {
		return Info{}, err
	}
	info, err := p.store.Head(ctx, p.prefix+key)
	return p.strip(info), err
}

func (p prefixed) Put(ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error) {
	if err := checkKey(key); err != nil {
		return Info{}, err
	}
	info, err := p.store.Put(ctx, p.prefix+key, body, cond, meta)
	return p.strip(info), err
}

func (p prefixed) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := CheckPrefix(prefix); err != nil {
			yield(Info{}, err)
			return
		}
		for info, err := range p.store.List(ctx, p.prefix+prefix) {
			if !yield(p.strip(info), err) {
				return
			}
		}
	}
}
