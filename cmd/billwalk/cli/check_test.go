package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// TestCheckClock has the platform send another time.
func TestCheckClock(t *testing.T) {
	t.Parallel()
	platform := billwalktest.Serve(t, billwalktest.World(7, 20))
	target, err := url.Parse(platform.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ahead  time.Duration // of the platform's clock
		state  checkState
		detail string
		exit   int
	}{
		{0, stateOK, "within 2s of", pipeline.ExitDone},
		{5 * time.Minute, stateWarning, "behind", pipeline.ExitDone},
		{-5 * time.Minute, stateWarning, "ahead of", pipeline.ExitDone},
		{20 * time.Minute, stateFailed, "behind", pipeline.ExitFailed},
		{-20 * time.Minute, stateFailed, "ahead of", pipeline.ExitFailed},
	} {
		proxy := &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
			ModifyResponse: func(r *http.Response) error {
				r.Header.Set("Date", billwalktest.Now().Add(c.ahead).UTC().Format(http.TimeFormat))
				return nil
			},
		}
		server := httptest.NewServer(proxy)
		found, code := runCheck(t, billwalktest.Job{Lake: billwalktest.FolderLake(t), Platform: server.URL, Accounts: platform.Accounts()[:1], QPS: 100}.Write(t))
		clock := found[len(found)-1]
		if code != c.exit || clock.Name != "clock" || clock.State != c.state || !strings.Contains(clock.Detail, c.detail) || (clock.Fix == "") != (c.state == stateOK) {
			t.Errorf("the platform's clock %s ahead: exit %d, %+v", c.ahead, code, clock)
		}
		server.Close()
	}
}

// TestCheckAccount: a job whose first account did not authorise the app.
func TestCheckAccount(t *testing.T) {
	t.Parallel()
	platform := billwalktest.Serve(t, billwalktest.World(7, 20))
	accounts := slices.DeleteFunc(platform.Accounts(), func(a schema.Account) bool { return !platform.Unauthorised(a) })
	if len(accounts) == 0 {
		t.Fatal("the platform has no such account")
	}
	found, code := runCheck(t, billwalktest.Job{Lake: billwalktest.FolderLake(t), Platform: platform.URL, Accounts: accounts[:1], QPS: 100}.Write(t))
	i := slices.IndexFunc(found, func(c checked) bool { return c.Name == "page" })
	if code != pipeline.ExitFailed || i < 0 || found[i].State != stateFailed ||
		!strings.Contains(found[i].Detail, "2119005") || !strings.Contains(found[i].Detail, "logid") || !strings.Contains(found[i].Fix, "服务应用授权") {
		t.Errorf("exit %d, %+v; want the page refused, and what to do", code, found)
	}
}

// TestCheckBucket: a lake in S3, and with credentials that are not taken.
func TestCheckBucket(t *testing.T) {
	server := objecttest.StartS3(t)
	world := billwalktest.World(7, 20)
	world.Now = time.Now // as the S3 server has it
	platform := billwalktest.Serve(t, world)
	config := billwalktest.Job{Lake: billwalktest.BucketLake(server, "check"), Platform: platform.URL, Accounts: platform.Accounts()[:1], QPS: 100}.Write(t)
	found, code := runCheckAt(t, time.Now, config)
	if code != pipeline.ExitDone || slices.ContainsFunc(found, func(c checked) bool { return c.State != stateOK }) {
		t.Errorf("exit %d, %+v; want all well", code, found)
	}
	if clock := found[len(found)-1]; strings.Count(clock.Detail, "within 2s of") != 2 {
		t.Errorf("%q, want the store's clock and the platform's", clock.Detail)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "canary-wrong")
	found, code = runCheckAt(t, time.Now, config)
	if code != pipeline.ExitFailed || found[1].Name != "store" || found[1].State != stateFailed || found[1].Fix == "" || found[2].State != stateWarning {
		t.Errorf("exit %d, %+v; want the store refused, and its semantics not checked", code, found)
	}
	if text := fmt.Sprint(found); strings.Contains(text, "canary") || strings.Contains(text, server.SecretKey) {
		t.Errorf("a secret is shown: %s", text)
	}
}

// runCheck runs `billwalk check` and returns what it found, in order, and the exit code.
func runCheck(t *testing.T, config string) ([]checked, int) {
	t.Helper()
	return runCheckAt(t, billwalktest.Now, config)
}

func runCheckAt(t *testing.T, now func() time.Time, config string) ([]checked, int) {
	t.Helper()
	var out, log bytes.Buffer
	code := (&program{out: &out, err: &log, now: now}).main([]string{"check", "--config", config, "--output", "json"})
	var found struct{ Checks []checked }
	if err := json.Unmarshal(out.Bytes(), &found); err != nil || len(found.Checks) == 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out.String(), log.String())
	}
	return found.Checks, code
}
