package douyin

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestReadBody: an answer in gzip is unpacked, up to one byte beyond the limit. One in
// another form stays as it is.
func TestReadBody(t *testing.T) {
	t.Parallel()
	pack := func(text string) string {
		var to bytes.Buffer
		w := gzip.NewWriter(&to)
		io.WriteString(w, text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return to.String()
	}
	page := strings.Repeat(documentedPage, 50)
	damaged := func(fromEnd int) string { // the checksum and the size are the last eight bytes
		z := []byte(pack(page))
		z[len(z)-fromEnd] ^= 1
		return string(z)
	}
	large := strings.Repeat("x", maxAnswer+2)
	for name, c := range map[string]struct {
		encoding, body, want string
		failed               bool
	}{
		"gzip":                {"gzip", pack(page), page, false},
		"another spelling":    {"GZip", pack(page), page, false},
		"twice":               {"gzip", pack(page) + pack(page), page + page, false},
		"too large, unpacked": {"gzip", pack(large), large[:maxAnswer+1], false},
		"too large":           {"gzip", large, large[:maxAnswer+1], false},
		"cut":                 {"gzip", pack(page)[:300], "", true},
		"cut in the header":   {"gzip", pack(page)[:5], "", true},
		"damaged":             {"gzip", damaged(5), "", true},
		"of another size":     {"gzip", damaged(1), "", true},
		"and something":       {"gzip", pack(page) + "x...........", "", true},
		"no gzip":             {"gzip", page, "", true},
		"empty":               {"gzip", "", "", false},
		"no encoding":         {"", pack(page), pack(page), false},
		"identity":            {"identity", page, page, false},
	} {
		for range 2 {
			res := &http.Response{Header: http.Header{"Content-Encoding": {c.encoding}}, Body: io.NopCloser(strings.NewReader(c.body))}
			got, err := readBody(res)
			if (err != nil) != c.failed || !c.failed && string(got) != c.want {
				t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(c.want))
			}
		}
	}
}
