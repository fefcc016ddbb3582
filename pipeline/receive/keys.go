package receive

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"billwalk/schema"
)

const (
	minBits     = 2048
	maxBits     = 8192
	minExponent = 65537 // signatures under smaller exponents have been forged
)

// publicKey is a public key of the platform (平台公钥).
type publicKey struct {
	*rsa.PublicKey
	name     string             // the first 12 hex digits of the SHA-256 of its PKIX form
	verified prometheus.Counter // counts the callbacks that it has verified
}

// keyring has the keys of one app, which are replaced all together.
type keyring struct {
	app     string
	ids     []string // app_ids of jobs.yaml
	rings   *keyrings
	keys    atomic.Pointer[[]publicKey]
	last    atomic.Pointer[string] // name of the key that verified the latest callback
	metrics *metrics
	log     *slog.Logger
}

func (k *keyring) current() []publicKey { return *k.keys.Load() }

// use replaces the keys by those of the files, or returns an error and keeps them.
func (k *keyring) use(paths []string, contents [][]byte) error {
	keys := make([]publicKey, len(contents))
	for i, content := range contents {
		var err error
		if keys[i], err = readKey(paths[i], content); err != nil {
			return err
		}
		keys[i].verified = k.metrics.verified.WithLabelValues(k.app, string(schema.SignedRSA), keys[i].name)
	}
	if err := k.rings.replace(k, keys, paths); err != nil {
		return err
	}
	k.metrics.keys.WithLabelValues(k.app).Set(float64(len(keys)))
	for i, key := range keys {
		k.log.Info("a public key of the platform is in use", "app", k.app, "key", key.name, "bits", key.N.BitLen(), "file", paths[i])
	}
	return nil
}

// keyrings has the keyrings of all apps. With the same key, two apps would accept each
// other's callbacks.
type keyrings struct {
	mu  sync.Mutex
	all []*keyring
}

// replace sets the keys of a keyring, unless another app has one of them and the two
// apps do not have different app_ids.
func (r *keyrings) replace(k *keyring, keys []publicKey, paths []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, other := range r.all {
		if other == k || disjoint(k.ids, other.ids) {
			continue
		}
		for i, key := range keys {
			if slices.ContainsFunc(other.current(), func(o publicKey) bool { return o.name == key.name }) {
				return fmt.Errorf("%s: 应用 %s 也用了同一个平台公钥; app %s has the same public key: take that of each app's own page on the console, or give each of the two app_ids in jobs.yaml, with none in common", paths[i], other.app, other.app)
			}
		}
	}
	k.keys.Store(&keys)
	if !slices.Contains(r.all, k) {
		r.all = append(r.all, k)
	}
	return nil
}

// disjoint reports whether both lists have app_ids and none in common.
func disjoint(a, b []string) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(id string) bool { return slices.Contains(b, id) })
}

// matched records which key verified a callback, and logs a change.
func (k *keyring) matched(name string) {
	last := k.last.Load()
	if last != nil && *last == name {
		return
	}
	if k.last.CompareAndSwap(last, &name) {
		k.log.Info("callbacks are signed with this key now", "app", k.app, "key", name)
	}
}

// CheckKeys loads the keys of all apps as a receiver does, and returns what is wrong with
// them: a file, or a key that two apps have without being told apart by their app_ids.
func CheckKeys(apps []App) error {
	rings, unseen := new(keyrings), newMetrics(prometheus.NewRegistry())
	for _, a := range apps {
		k := &keyring{app: a.Name, ids: a.AppIDs, rings: rings, metrics: unseen, log: slog.New(slog.DiscardHandler)}
		if _, err := (&files{paths: a.PublicKeys, use: k.use}).reload(); err != nil {
			return fmt.Errorf("app %s: %w", a.Name, err)
		}
	}
	return nil
}

// CheckKeyFile reads a file of public_keys as a receiver does, and returns what is
// wrong with it.
func CheckKeyFile(path string) error {
	content, err := readFile(path)
	if err != nil {
		return err
	}
	_, err = readKey(path, content)
	return err
}

// readKey reads the key of a file. Its error names the file and what should be in it.
func readKey(path string, content []byte) (publicKey, error) {
	key, err := parseKey(content)
	if err == nil {
		return key, nil
	}
	own := ""
	if _, ok := errors.AsType[privateKey](err); ok {
		own = "; 这是应用自己的私钥; this is the app's own private key, which belongs in no file of public_keys"
	}
	return key, fmt.Errorf("%s: %w: want the platform's public key (平台公钥), of the app's page on the console, as PEM%s", path, err, own)
}

// parseKey parses a key as PEM, as bare base64, which the console shows, or as DER. A
// file may have the same key twice.
func parseKey(content []byte) (publicKey, error) {
	blocks, err := []keyBlock{{der: content}}, error(nil)
	if !bytes.HasPrefix(content, []byte{0x30, 0x82}) { // the start of DER, which no text has
		blocks, err = keyBlocks(keyText(content))
	}
	if err != nil {
		return publicKey{}, err
	}
	var key *rsa.PublicKey
	for _, b := range blocks {
		if b.kind != "" && b.kind != "PUBLIC KEY" && b.kind != "RSA PUBLIC KEY" {
			return publicKey{}, fmt.Errorf("it holds a %s", b.kind)
		}
		next, err := parseDER(b.der)
		if err != nil {
			return publicKey{}, err
		}
		if key != nil && !key.Equal(next) {
			return publicKey{}, errors.New("it holds different keys: each has a file of its own")
		}
		key = next
	}
	if bits := key.N.BitLen(); bits < minBits || bits > maxBits {
		return publicKey{}, fmt.Errorf("the key has %d bits, and %d to %d are taken", bits, minBits, maxBits)
	}
	if key.E < minExponent {
		return publicKey{}, fmt.Errorf("the key has the exponent %d, and %d or more is taken", key.E, minExponent)
	}
	pkix, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return publicKey{}, err
	}
	return publicKey{PublicKey: key, name: fmt.Sprintf("%x", sha256.Sum256(pkix))[:12]}, nil
}

// parseDER parses a key in the form of PKIX or PKCS #1.
func parseDER(der []byte) (*rsa.PublicKey, error) {
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, notPublicKey(der)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T, and callbacks are signed with RSA", parsed)
	}
	return key, nil
}

// notPublicKey returns an error that says what the bytes are.
func notPublicKey(der []byte) error {
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return privateKey{"private key"}
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return privateKey{"private key"}
	}
	if _, err := x509.ParseCertificate(der); err == nil {
		return errors.New("it holds a certificate")
	}
	if rest, err := asn1.Unmarshal(der, new(asn1.RawValue)); err == nil && len(rest) > 0 {
		return errors.New("something follows the key's bytes: each key has a file of its own")
	}
	return errors.New("it cannot be read as a public key: it is cut short, or of another kind")
}
