package receive

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"billwalk/schema"
)

// BenchmarkServeHTTP measures a callback without net/http, the archive and Readable. Most
// of the time is for the signature. All requests but the first are repeats.
func BenchmarkServeHTTP(b *testing.B) {
	f := newFixture(b, func(c *Config) {
		c.Archive = nowhere{}
		c.Readable = func(*schema.Callback) error { return nil }
	})
	p := signedPost("nonce-1", someBody)
	b.ReportAllocs()
	b.SetParallelism(64) // that a batch is of many
	b.RunParallel(func(n *testing.PB) {
		body := bytes.NewReader(p.body)
		w := httptest.NewRecorder()
		q := httptest.NewRequest(p.method, p.path, io.NopCloser(body))
		q.Header, q.ContentLength = p.header, int64(len(p.body))
		for n.Next() {
			body.Reset(p.body)
			w.Body.Reset()
			if f.ServeHTTP(w, q); w.Code != http.StatusOK {
				b.Errorf("got %d %s", w.Code, w.Body)
				return
			}
		}
	})
}

// nowhere is an archive that stores nothing.
type nowhere struct{}

var line = bytes.Repeat([]byte("x"), 1<<10)

func (nowhere) EncodeCallback(schema.Callback) ([]byte, error) { return line, nil }

func (nowhere) AppendCallbacks(context.Context, schema.Day, string, []byte) error { return nil }

func (nowhere) QuarantineCallbacks(context.Context, schema.Day, string, []byte) error { return nil }
