package receive

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"billwalk/schema"
)

const (
	leastBits = 2048
	mostBits  = 8192
)

// publicKey is one of the platform's (平台公钥).
type publicKey struct {
	*rsa.PublicKey
	name     string             // the first digits of the SHA-256 of its PKIX form
	verified prometheus.Counter // of what it has signed
}

// keyring holds the keys of one app. They are replaced as a whole.
type keyring struct {
	app     string
	keys    atomic.Pointer[[]publicKey]
	last    atomic.Pointer[string] // the name of the key that matched last
	metrics *metrics
	log     *slog.Logger
}

func (k *keyring) current() []publicKey { return *k.keys.Load() }

// use takes the keys of the files, all of them or none.
func (k *keyring) use(paths []string, contents [][]byte) error {
	keys := make([]publicKey, len(contents))
	for i, content := range contents {
		var err error
		if keys[i], err = parseKey(content); err != nil {
			return fmt.Errorf("%s: %w: want the platform's public key (平台公钥), of the app's page on the console, as PEM", paths[i], err)
		}
		keys[i].verified = k.metrics.verified.WithLabelValues(k.app, string(schema.SignedRSA), keys[i].name)
	}
	k.keys.Store(&keys)
	k.metrics.keys.WithLabelValues(k.app).Set(float64(len(keys)))
	for i, key := range keys {
		k.log.Info("a public key of the platform is in use", "app", k.app, "key", key.name, "bits", key.N.BitLen(), "file", paths[i])
	}
	return nil
}

// matched tells when the platform begins to sign with another key.
func (k *keyring) matched(name string) {
	last := k.last.Load()
	if last != nil && *last == name {
		return
	}
	if k.last.CompareAndSwap(last, &name) {
		k.log.Info("callbacks are signed with this key now", "app", k.app, "key", name)
	}
}

// parseKey reads a key as PEM, or as the bare base64 that the console shows.
func parseKey(content []byte) (publicKey, error) {
	der, err := keyBytes(content)
	if err != nil {
		return publicKey{}, err
	}
	key, err := parseDER(der)
	if err != nil {
		return publicKey{}, err
	}
	if bits := key.N.BitLen(); bits < leastBits || bits > mostBits {
		return publicKey{}, fmt.Errorf("the key has %d bits, and %d to %d are taken", bits, leastBits, mostBits)
	}
	pkix, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return publicKey{}, err
	}
	return publicKey{PublicKey: key, name: fmt.Sprintf("%x", sha256.Sum256(pkix))[:12]}, nil
}

// keyBytes returns the DER form of the one key in a file.
func keyBytes(content []byte) ([]byte, error) {
	block, rest := pem.Decode(content)
	if block == nil {
		der, err := base64.StdEncoding.AppendDecode(nil, bytes.Join(bytes.Fields(content), nil))
		if err != nil || len(der) == 0 {
			return nil, errors.New("it is neither PEM nor base64")
		}
		return der, nil
	}
	switch {
	case block.Type != "PUBLIC KEY" && block.Type != "RSA PUBLIC KEY":
		return nil, fmt.Errorf("it holds a %s", block.Type)
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("something follows the key: each has a file of its own")
	}
	return block.Bytes, nil
}

// parseDER reads a key in PKIX form or in that of PKCS #1.
func parseDER(der []byte) (*rsa.PublicKey, error) {
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("it cannot be read as a public key")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T, and callbacks are signed with RSA", parsed)
	}
	return key, nil
}
