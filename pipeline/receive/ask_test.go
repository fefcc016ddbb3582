package receive

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAsk: a receiver that is ready for an app passes, whether the app takes old callbacks or
// not; any other state or server is named. Nothing is stored.
func TestAsk(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	handler := http.Handler(f.Receiver)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	defer server.Close()
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	expect := func(base, app, why string) {
		t.Helper()
		switch err := Ask(t.Context(), transport, base, app); {
		case why == "" && err != nil:
			t.Errorf("%s, app %s: %v", base, app, err)
		case why != "" && (err == nil || !strings.Contains(err.Error(), why)):
			t.Errorf("%s, app %s: %v, want %q", base, app, err, why)
		}
	}
	expect(server.URL, "trade", "")
	expect(server.URL+"/", "plain", "")
	expect(server.URL+"/callbacks/settle/trade", "trade", "")
	expect(server.URL, "other", "has no such app")
	f.state.reached.Store(false)
	expect(server.URL, "trade", "is not ready")
	handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"err_no":0}`) })
	expect(server.URL, "trade", "status 200, and not the answer of billwalk receive")
	handler = http.RedirectHandler("https://example.com", http.StatusFound)
	expect(server.URL, "trade", "status 302")
	if f.shelf.tried != 0 {
		t.Errorf("%d batches were stored", f.shelf.tried)
	}
}

// TestCheckKeys: what a receiver would not start with.
func TestCheckKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for _, c := range []struct {
		apps []App
		why  string
	}{
		{nil, ""},
		{[]App{{Name: "a", PublicKeys: []string{f.keyFile}}}, ""},
		{[]App{{Name: "a", PublicKeys: []string{f.keyFile}}, {Name: "b", PublicKeys: []string{f.keyFile}}}, "app b: "},
		{[]App{{Name: "a", PublicKeys: []string{f.keyFile}, AppIDs: []string{"tt1"}}, {Name: "b", PublicKeys: []string{f.keyFile}, AppIDs: []string{"tt2"}}}, ""},
		{[]App{{Name: "a", PublicKeys: []string{f.keyFile + ".gone"}}}, "no such file"},
	} {
		if err := CheckKeys(c.apps); (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%+v: %v, want %q", c.apps, err, c.why)
		}
	}
}
