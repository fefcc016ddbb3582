package cli

import (
	"crypto/sha256"
	"fmt"
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
func (p *program) openTokenCaches(lake object.Store) (tokenCaches, error) {
	switch {
	case p.tokenCache == "" && p.shard.Whole():
		return tokenCaches{}, nil
	case p.tokenCache == "" || p.tokenCache == "bucket": // shards share the token: a new one would end that of the others
		return tokenCaches{lake, "_control/token"}, nil
	}
	folder, name := filepath.Split(p.tokenCache)
	if name == "" {
		return tokenCaches{}, usage("--token-cache %s: want bucket, or a file's name", p.tokenCache)
	}
	store, err := object.OpenBeside(filepath.Clean(folder), name+"-")
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
	return []douyin.Option{douyin.WithTokenCache(register{c.store, fmt.Sprintf("%s-%x", c.prefix, hash[:8])})}
}
