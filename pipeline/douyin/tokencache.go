package douyin

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"

	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// TokenCache stores a few bytes for all processes that share an app's credentials, so
// that they share its token, too. The content is encrypted and authenticated with the
// client secret. Both methods may be called concurrently.
type TokenCache interface {
	// Load returns the content and its version, which differs for any other content. An
	// empty cache has no content and the version "".
	Load(ctx context.Context) (sealed []byte, version string, err error)

	// Swap replaces the content of the version, or fills an empty cache if that is "",
	// and returns the new version. The error is schema.ErrTaken if the cache has another
	// version.
	Swap(ctx context.Context, sealed []byte, version string) (string, error)
}

const (
	tokenLease   = 15 * time.Second // if the content does not change for so long, another process fetches
	maxCacheWait = 2 * time.Minute  // for other processes
	cacheWait    = 5 * time.Second  // for one operation of the cache

	// While another process fetches, the cache is read again after as long as was waited, at
	// most: a fetch takes some tens of milliseconds, and shards wait for the last one to begin.
	rereadFirst = 50 * time.Millisecond
	rereadPause = time.Second
)

// sharedToken is the app's token that several processes share: one of them fetches it,
// and the others read it from the cache. The cache only saves fetches: if it fails or is
// damaged, a process fetches for itself.
type sharedToken struct {
	cache  TokenCache
	sealer cipher.AEAD
	app    []byte // the client key, authenticated with the content: no other app can open it
	self   string // identifies this process
	fetch  func(context.Context) (grant, error)
	jitter func(limit time.Duration) time.Duration
	log    *slog.Logger
}

// cachedToken is the content of the cache before encryption. Its form may change: an older
// one counts as damaged.
type cachedToken struct {
	Serial    int64     `json:"serial"` // of the token, increased with each
	Token     string    `json:"token"`  // "" before the first
	RenewAt   time.Time `json:"renew_at"`
	Expires   time.Time `json:"expires"`
	Refresher string    `json:"refresher"` // the process that is fetching the next token; "" if none is
}

func (e *cachedToken) grant() grant {
	return grant{token: schema.NewSecret(e.Token), serial: e.Serial, renewAt: e.RenewAt, expires: e.Expires}
}

// newSharedToken returns the token of an app that shares it through the cache.
func newSharedToken(app App, cache TokenCache, fetch func(context.Context) (grant, error), jitter func(time.Duration) time.Duration, log *slog.Logger) (*sharedToken, error) {
	key, err := hkdf.Key(sha256.New, []byte(app.ClientSecret.Reveal()), nil, "billwalk token cache 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &sharedToken{
		cache: cache, sealer: sealer, app: []byte(app.ClientKey), self: rand.Text(),
		fetch: fetch, jitter: jitter, log: log.With("app", app.Name),
	}, nil
}

// next returns a newer token than spent: the cache's, or one that this process fetches
// for all. While another process fetches, it waits, unless the content of the cache does
// not change for the time of a lease.
func (s *sharedToken) next(ctx context.Context, spent grant) (grant, error) {
	var watched string // version
	var since time.Time
	for began := time.Now(); time.Since(began) < maxCacheWait; {
		held, version, err := s.load(ctx)
		if err != nil {
			return s.fetchAlone(ctx, spent, err)
		}
		if g := held.grant(); g.follows(spent) {
			return g, nil
		}
		if version != watched {
			watched, since = version, time.Now()
		}
		if held.Refresher == "" || held.Refresher == s.self || time.Since(since) >= tokenLease {
			held.Refresher = s.self
			marked, err := s.swap(ctx, held, version)
			if err == nil {
				return s.refresh(ctx, held, marked, spent)
			}
			if !errors.Is(err, schema.ErrTaken) {
				return s.fetchAlone(ctx, spent, err)
			}
		}
		pause := min(max(time.Since(began), rereadFirst), rereadPause)
		if err := stop.Sleep(ctx, s.jitter(pause)+time.Millisecond); err != nil {
			return grant{}, err
		}
	}
	return s.fetchAlone(ctx, spent, fmt.Errorf("no token in it after %s", maxCacheWait))
}

// follows reports whether the token is valid and newer than spent.
func (g grant) follows(spent grant) bool {
	return !g.token.Empty() && g.token != spent.token && g.serial >= spent.serial && time.Now().Before(g.renewAt)
}

// fetchAlone fetches a token for this process alone, because the cache has failed.
func (s *sharedToken) fetchAlone(ctx context.Context, spent grant, why error) (grant, error) {
	if ctx.Err() != nil {
		return grant{}, ctx.Err()
	}
	s.log.LogAttrs(ctx, slog.LevelWarn, "the token cache is of no use: this process fetches a token of its own", slog.Any("error", why))
	g, err := s.fetch(ctx)
	g.serial = spent.serial + 1
	return g, err
}

// refresh fetches a token for all processes, and stores it in place of this process's
// mark. If another process took over meanwhile and has stored a token, that is returned.
func (s *sharedToken) refresh(ctx context.Context, mark cachedToken, version string, spent grant) (grant, error) {
	g, err := s.fetch(ctx)
	if err != nil {
		s.release(ctx, mark, version)
		return grant{}, err
	}
	g.serial = max(mark.Serial, spent.serial) + 1
	fresh := cachedToken{Serial: g.serial, Token: g.token.Reveal(), RenewAt: g.renewAt, Expires: g.expires}
	for range 3 {
		_, err = s.swap(ctx, fresh, version)
		if !errors.Is(err, schema.ErrTaken) {
			break
		}
		var held cachedToken
		if held, version, err = s.load(ctx); err != nil {
			break
		}
		if other := held.grant(); other.serial >= g.serial && other.follows(spent) {
			return other, nil
		}
	}
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "the token could not be cached: other processes fetch their own", slog.Any("error", err))
	}
	return g, nil
}

// release removes the mark after a failed fetch, so that other processes need not wait
// for the end of the lease. If that fails, they wait.
func (s *sharedToken) release(ctx context.Context, mark cachedToken, version string) {
	mark.Refresher = ""
	_, _ = s.swap(context.WithoutCancel(ctx), mark, version)
}

// load reads the cache. Content that cannot be decrypted counts as empty.
func (s *sharedToken) load(ctx context.Context) (held cachedToken, version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, cacheWait)
	defer cancel()
	sealed, version, err := s.cache.Load(ctx)
	if err != nil || version == "" {
		return cachedToken{}, "", err
	}
	plain, err := s.sealer.Open(nil, nil, sealed, s.app)
	if err == nil {
		err = json.Unmarshal(plain, &held)
	}
	if err != nil { // not logged, as it could contain the token
		s.log.LogAttrs(ctx, slog.LevelWarn, "the cached token is damaged, or sealed with another client_secret, and is replaced")
		return cachedToken{}, version, nil
	}
	return held, version, nil
}

func (s *sharedToken) swap(ctx context.Context, e cachedToken, version string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, cacheWait)
	defer cancel()
	plain, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	return s.cache.Swap(ctx, s.sealer.Seal(nil, nil, plain, s.app), version)
}
