package object_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// TestProbeStores: a good server and a folder pass quickly; a server that accepts what it
// should refuse fails.
func TestProbeStores(t *testing.T) {
	server := objecttest.StartS3(t)
	// What is refused under the header passes for done.
	taken := func(header string) func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		return func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(r)
			if err == nil && r.Header.Get(header) != "" && answer.StatusCode == http.StatusPreconditionFailed {
				done := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Etag": {`"done"`}}, Body: http.NoBody, Request: r}
				return done, answer.Body.Close()
			}
			return answer, err
		}
	}
	for _, c := range []struct {
		name  string
		store object.Store
		want  string // in the reason; "": it passes
	}{
		{"server", below(t, server, "good", nil), ""},
		{"folder", open(t, "file:"+t.TempDir(), object.S3Options{}), ""},
		{"server without If-None-Match", below(t, server, "no-absent", taken("If-None-Match")), "If-None-Match is ignored"},
		{"server without If-Match", below(t, server, "no-match", taken("If-Match")), "If-Match is ignored"},
	} {
		began := time.Now()
		_, err := object.EnsureProbed(t.Context(), c.store, began, nil)
		t.Logf("%s: probed in %s", c.name, time.Since(began).Round(time.Millisecond))
		broken, refused := errors.AsType[*object.ProbeError](err)
		if refused != (c.want != "") || refused && !strings.Contains(broken.Reason, c.want) || !refused && err != nil {
			t.Errorf("%s: %v, want it refused for %q", c.name, err, c.want)
		}
		for info, err := range c.store.List(t.Context(), "") {
			if err != nil || !strings.HasPrefix(info.Key, "_control/probe") || refused && info.Key == "_control/probe.json" {
				t.Errorf("%s: %s is there, %v", c.name, info.Key, err)
			}
		}
	}
}
