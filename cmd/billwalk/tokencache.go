package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/sinks/object"
)

// tokenCaches is where the tokens of apps are shared with other processes. The
// zero value is nowhere.
type tokenCaches struct {
	store  object.Store
	prefix string // of the keys
}

// openTokenCaches opens what --token-cache names: the lake's own store, or a file,
// beside which each app has one.
func (p *program) openTokenCaches(ctx context.Context, lake object.Store) (tokenCaches, error) {
	switch p.tokenCache {
	case "":
		return tokenCaches{}, nil
	case "bucket":
		return tokenCaches{lake, "_control/token"}, nil
	}
	folder, name := filepath.Split(p.tokenCache)
	if name == "" {
		return tokenCaches{}, usage("--token-cache %s: want bucket, or a file's name", p.tokenCache)
	}
	store, err := object.Open(ctx, "file:"+filepath.Clean(folder), object.S3Options{})
	if err != nil {
		return tokenCaches{}, usage("--token-cache %s: %w", p.tokenCache, err)
	}
	return tokenCaches{store, name}, nil
}

// of returns what shares the app's token.
func (c tokenCaches) of(app jobs.App) []douyin.Option {
	if c.store == nil {
		return nil
	}
	hash := sha256.Sum256([]byte(app.ClientKey))
	return []douyin.Option{douyin.WithTokenCache(tokenCache(c.store, fmt.Sprintf("%s-%x", c.prefix, hash[:8])))}
}

// tokenCache returns the token cache that is the object under the key.
func tokenCache(store object.Store, key string) douyin.TokenCache { return cachedToken{store, key} }

// cachedToken is an object that holds a sealed token. Sealed anew, the same token
// gives other bytes, so that an ETag never comes back.
type cachedToken struct {
	store object.Store
	key   string
}

const longestSealed = 64 << 10 // bytes; a longer object is none of ours, and cut it does not open

// Load implements douyin.TokenCache.
func (c cachedToken) Load(ctx context.Context) ([]byte, string, error) {
	body, info, err := c.store.Get(ctx, c.key)
	if errors.Is(err, object.ErrNotFound) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	defer body.Close()
	sealed, err := io.ReadAll(io.LimitReader(body, longestSealed))
	return sealed, info.ETag, err
}

// Swap implements douyin.TokenCache.
func (c cachedToken) Swap(ctx context.Context, sealed []byte, version string) (string, error) {
	at := object.IfAbsent()
	if version != "" {
		at = object.IfMatch(version)
	}
	info, err := object.PutKnown(ctx, c.store, c.key, bytes.NewReader(sealed), at, nil)
	if errors.Is(err, object.ErrConflict) {
		return "", douyin.ErrTokenSwapped
	}
	return info.ETag, err
}
