package receive

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

const (
	reloadInterval   = time.Second
	reminderInterval = time.Minute // of the log on missing files
	maxFile          = 256 << 10   // bytes of a key or certificate
)

// files are loaded together whenever one of them changes. Their contents are compared,
// as Kubernetes replaces the folder behind a mounted file.
type files struct {
	what  string // name in the log and the metric
	paths []string
	use   func(paths []string, contents [][]byte) error // uses all contents, or returns an error and uses none

	seen     string    // hash of the contents, or why they could not be read
	missing  bool      // the latest reading failed
	reminded time.Time // when the log said so
}

// reload uses the files if they have changed. If they cannot be used, the contents before
// stay in use.
func (f *files) reload() (changed bool, err error) {
	contents := make([][]byte, len(f.paths))
	hash := sha256.New()
	for i, path := range f.paths {
		if contents[i], err = readFile(path); err != nil {
			break
		}
		fmt.Fprintf(hash, "%d:", len(contents[i]))
		hash.Write(contents[i])
	}
	seen := string(hash.Sum(nil))
	f.missing = err != nil
	if err != nil {
		seen = err.Error()
	}
	if seen == f.seen {
		return false, nil
	}
	f.seen = seen
	if err == nil {
		err = f.use(f.paths, contents)
	}
	return true, err
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err == nil && len(bytes.TrimSpace(content)) == 0 {
		err = fmt.Errorf("%s is empty", path)
	}
	return content, err
}

// certificate is the server's certificate, from the latest files.
type certificate struct {
	current atomic.Pointer[tls.Certificate]
}

// use replaces the certificate, or returns an error if the key is not its own.
func (c *certificate) use(paths []string, contents [][]byte) error {
	pair, err := tls.X509KeyPair(tidyPEM(contents[0]), tidyPEM(contents[1]))
	if err != nil {
		return fmt.Errorf("TLS certificate %s with key %s: %w: want both as PEM", paths[0], paths[1], err)
	}
	c.current.Store(&pair)
	return nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}
