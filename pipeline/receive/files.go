package receive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

const (
	lookEvery   = time.Second
	remindEvery = time.Minute // of files that are gone
	mostFile    = 256 << 10   // bytes of a key or certificate
)

// files are read together whenever one of them has changed: what they hold is
// compared, for Kubernetes exchanges a folder behind their names.
type files struct {
	what  string // the log's and the metric's word for them
	paths []string
	use   func(paths []string, contents [][]byte) error // takes all of it, or nothing

	seen     string    // what they were, or why they could not be read
	unread   bool      // they could not, when looked at last
	reminded time.Time // of that, in the log
}

// look uses the files where they have changed since it looked last. Where they cannot be used, what was used
// before stays.
func (f *files) look() (changed bool, err error) {
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
	f.unread = err != nil
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
	content, err := io.ReadAll(io.LimitReader(file, mostFile))
	if err == nil && len(bytes.TrimSpace(content)) == 0 {
		err = fmt.Errorf("%s is empty", path)
	}
	return content, err
}

// watchFiles looks at all files until the context ends.
func (r *Receiver) watchFiles(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, f := range r.files {
			r.lookAgain(f)
		}
	}
}

// lookAgain looks at files while they are in use, and tells of what it finds: of files that
// are gone again and again, for that does not revoke what they held.
func (r *Receiver) lookAgain(f *files) {
	changed, err := f.look()
	missing := 0.
	if f.unread {
		missing = 1
	}
	r.metrics.filesMissing.WithLabelValues(f.what).Set(missing)
	now := r.config.Now()
	switch {
	case err != nil && !f.unread:
		r.metrics.reloadFailures.WithLabelValues(f.what).Inc()
		r.config.Log.Error("changed files cannot be used: what was read before stays", "files", f.what, "error", err)
	case f.unread && (changed || now.Sub(f.reminded).Abs() >= remindEvery):
		if changed {
			r.metrics.reloadFailures.WithLabelValues(f.what).Inc()
		}
		f.reminded = now
		r.config.Log.Warn("files that are in use are gone or cannot be read: what they held stays in use; to revoke a key, replace its file or take it out of jobs.yaml and start again",
			"files", f.what, "error", f.seen)
	case changed:
		r.config.Log.Info("changed files are in use", "files", f.what)
	}
}

// certificate is the server's, of its latest files.
type certificate struct {
	current atomic.Pointer[tls.Certificate]
}

// use takes a certificate and its key, once they belong together.
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
