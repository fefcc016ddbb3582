package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// commandAt runs the command line as if it were now.
func commandAt(t *testing.T, now time.Time, args ...string) (code int, out, log string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{out: &stdout, err: &stderr, now: func() time.Time { return now }}
	root := p.root()
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err := root.ExecuteContext(t.Context())
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code, stdout.String(), fmt.Sprint(stderr.String(), exit.err)
	} else if err != nil {
		t.Fatal(err)
	}
	return pipeline.ExitDone, stdout.String(), stderr.String()
}

// ahead serves the platform as a machine sees it whose clock stands at now, and is so
// far ahead.
func aheadOfPlatform(t *testing.T, platform *billwalktest.Served, now time.Time, skew time.Duration) string {
	t.Helper()
	target, err := url.Parse(platform.URL)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			r.Header.Set("Date", now.Add(-skew).UTC().Format(http.TimeFormat))
			return nil
		},
	})
	t.Cleanup(server.Close)
	return server.URL
}

// callsOf counts the platform's calls of one API.
func callsOf(platform *billwalktest.Served, api string) (n int) {
	for _, r := range platform.Requests() {
		if r.API == api {
			n++
		}
	}
	return n
}

// filesIn lists a lake's files but for the store's own.
func filesIn(t *testing.T, lake billwalktest.Place) (files []string) {
	t.Helper()
	err := filepath.WalkDir(lake.SQL, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == ".billwalk" {
			return filepath.SkipDir
		}
		if err == nil && !entry.IsDir() {
			files = append(files, strings.TrimPrefix(path, lake.SQL+"/"))
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return files
}

// TestClockRefusesRun: by a wrong clock a day that is still open passes for
// yesterday, or yesterday for a day before. Such a run ends before it writes
// anything; days that are closed by both clocks are taken, with a warning.
func TestClockRefusesRun(t *testing.T) {
	t.Parallel()
	noon, early, late := clockAt("2026-11-21 12:00"), clockAt("2026-11-21 00:30"), clockAt("2026-11-21 23:30")
	for name, c := range map[string]struct {
		now     time.Time
		ahead   time.Duration
		flags   []string
		refused bool
		warned  bool
	}{
		"right":                          {early, 0, nil, false, false},
		"a minute":                       {noon, time.Minute, nil, false, false},
		"three minutes":                  {noon, 3 * time.Minute, nil, false, true},
		"two hours, by day":              {noon, 2 * time.Hour, nil, false, true},
		"two hours behind, by day":       {noon, -2 * time.Hour, nil, false, true},
		"two hours, after midnight":      {early, 2 * time.Hour, nil, true, false},
		"a minute, after midnight":       {clockAt("2026-11-21 00:00"), time.Minute, nil, true, false},
		"two hours behind, late":         {late, -2 * time.Hour, nil, true, false},
		"fixed days, closed by both":     {early, 2 * time.Hour, []string{"--from", "2026-11-18", "--to", "2026-11-19"}, false, true},
		"a fixed day that is still open": {early, 2 * time.Hour, []string{"--from", "2026-11-20"}, true, false},
		"today":                          {early, 2 * time.Hour, []string{"--from", "today", "--allow-open-day"}, true, false},
		"a month under way":              {early, 2 * time.Hour, []string{"--from", "2026-11"}, true, false},
		"a month that is over":           {early, 2 * time.Hour, []string{"--from", "2026-10-30", "--to", "2026-10"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lake, platform := billwalktest.FolderLake(t), billwalktest.Serve(t, billwalktest.World(7, 5)) // of its own: of an app's tokens two are good
			config := billwalktest.Job{Lake: lake, Platform: aheadOfPlatform(t, platform, c.now, c.ahead), Accounts: platform.Accounts()[:1], QPS: 1000}.Write(t)
			code, out, log := commandAt(t, c.now, append([]string{"run", "nightly", "--config", config}, c.flags...)...)
			if !c.refused {
				if code != pipeline.ExitDone || strings.Contains(log, "this machine's clock") != c.warned {
					t.Errorf("exit %d, a warning: want %t\n%s%s", code, c.warned, out, log)
				}
				return
			}
			theirs := c.now.Add(-c.ahead) // to a few seconds
			named := strings.Contains(log, minuteOf(theirs.Add(-3*time.Second))) || strings.Contains(log, minuteOf(theirs.Add(3*time.Second)))
			if code != exitUsage || !strings.Contains(log, "NTP") || !strings.Contains(log, minuteOf(c.now)) || !named {
				t.Errorf("exit %d, want it refused with both times, %s\n%s%s", code, minuteOf(theirs), out, log)
			}
			if files := filesIn(t, lake); len(files) > 0 {
				t.Errorf("these were written: %q", files)
			}
		})
	}
}

func minuteOf(t time.Time) string { return t.In(schema.China).Format("2006-01-02 15:04") }

func clockAt(text string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", text, schema.China)
	if err != nil {
		panic(err)
	}
	return at
}

// TestClockOfSharedToken: where the token was another process's, the first answer
// of bills is the first to say the time, and nothing of it is kept.
func TestClockOfSharedToken(t *testing.T) {
	t.Parallel()
	platform := billwalktest.Serve(t, billwalktest.World(7, 5))
	cache := filepath.Join(t.TempDir(), "token")
	now := clockAt("2026-11-21 00:30")
	run := func(skew time.Duration) (int, []string, string) {
		lake := billwalktest.FolderLake(t)
		config := billwalktest.Job{Lake: lake, Platform: aheadOfPlatform(t, platform, now, skew), Accounts: platform.Accounts()[:6], QPS: 1000}.Write(t)
		code, out, log := commandAt(t, now, "run", "nightly", "--config", config, "--token-cache", cache)
		if refused := skew != 0; strings.Contains(out, "refused; nothing was published") != refused || strings.Contains(log, "second signal") {
			t.Errorf("refused: want %t\n%s%s", refused, out, log)
		}
		return code, filesIn(t, lake), log
	}
	if code, _, log := run(0); code != pipeline.ExitDone {
		t.Fatalf("exit %d\n%s", code, log)
	}
	code, files, log := run(2 * time.Hour)
	if code != exitUsage || !strings.Contains(log, "NTP") || callsOf(platform, sandbox.TokenAPI) != 1 {
		t.Errorf("exit %d after %d calls for a token, want it refused\n%s", code, callsOf(platform, sandbox.TokenAPI), log)
	}
	for _, file := range files {
		if !strings.HasPrefix(file, "_control/") && !strings.HasPrefix(file, "runs/") {
			t.Errorf("%s was written", file)
		}
	}
}

// TestWrongSecret: an app whose secret the platform does not take ends a run before
// it asks or writes anything, be it the app of bills or of settlements; check says
// the same.
func TestWrongSecret(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sandbox.Config){
		"life":  func(c *sandbox.Config) { c.ClientSecret = schema.NewSecret("another") },
		"trade": func(c *sandbox.Config) { c.TradeSecret = schema.NewSecret("another") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := billwalktest.World(7, 5)
			change(&world)
			platform, lake := billwalktest.Serve(t, world), billwalktest.FolderLake(t)
			config := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts()[:1], QPS: 1000, Trade: 1000}.Write(t)
			now := clockAt("2026-11-21 12:00")
			code, out, log := commandAt(t, now, "run", "nightly", "--config", config)
			if code != exitUsage || !strings.Contains(log, "app "+name) || !strings.Contains(log, "检查 client_key 与 client_secret") || out != "" {
				t.Errorf("run: exit %d\n%s%s", code, out, log)
			}
			if files, n := filesIn(t, lake), callsOf(platform, sandbox.BillsAPI); len(files) > 0 || n > 0 {
				t.Errorf("%d calls for bills, and these were written: %q", n, files)
			}
			if code, out, _ := commandAt(t, now, "check", "nightly", "--config", config); code != exitUsage || !strings.Contains(out, "app "+name) {
				t.Errorf("check: exit %d\n%s", code, out)
			}
			if strings.Contains(out+log, "canary") {
				t.Error("a secret is shown")
			}
		})
	}
}

// fakeS3 is an S3 server without an object, which answers as it is made to.
type fakeS3 struct {
	mu     sync.Mutex
	puts   int
	probed bool // the store's latest probe is kept there
	html   bool
}

func (f *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fail := func(status int, code string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	}
	switch {
	case f.html:
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>Console</title>")
	case r.Method == http.MethodPut:
		f.puts++
		fail(http.StatusForbidden, "AccessDenied")
	case r.URL.Query().Has("list-type"):
		fmt.Fprint(w, `<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>`)
	case strings.HasSuffix(r.URL.Path, "/_control/probe.json") && f.probed:
		fmt.Fprintf(w, `{"version":1,"probed_at":%q,"store":"http://%s/lake"}`, time.Now().UTC().Format(time.RFC3339), r.Host)
	default:
		fail(http.StatusNotFound, "NoSuchKey")
	}
}

// TestStoreRefusesWrites: a run ends at its first write where the store answers 403,
// be that the probe's or, where the store was probed before, the run's claim.
func TestStoreRefusesWrites(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	platform := billwalktest.Serve(t, billwalktest.World(7, 5))
	for name, probed := range map[string]bool{"the probe's": false, "the claim's": true} {
		store := &fakeS3{probed: probed}
		server := httptest.NewServer(store)
		lake := billwalktest.Place{URL: "s3://lake"}
		lake.Options.Endpoint, lake.Options.PathStyle = server.URL, true
		config := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 1000}.Write(t)
		code, out, log := commandAt(t, time.Now(), "run", "nightly", "--config", config, "--from", "2026-10-30")
		if code != exitUsage || !strings.Contains(log, "the store refuses the request") || !strings.Contains(log, "检查凭证与权限") {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, log)
		}
		server.Close()
		wanted := 1
		if probed {
			wanted = 2 // and the summary's
		}
		if n := callsOf(platform, sandbox.BillsAPI); store.puts > wanted || n > 0 {
			t.Errorf("%s: %d writes, %d calls for bills", name, store.puts, n)
		}
	}
}

// TestConsoleForStore: an endpoint that answers pages is named by whoever meets it.
func TestConsoleForStore(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	platform := billwalktest.Serve(t, billwalktest.World(7, 5))
	server := httptest.NewServer(&fakeS3{html: true})
	defer server.Close()
	lake := billwalktest.Place{URL: "s3://lake"}
	lake.Options.Endpoint, lake.Options.PathStyle = server.URL, true
	config := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 1000}.Write(t)
	for _, verb := range []string{"check", "plan", "run"} {
		if code, out, log := commandAt(t, time.Now(), verb, "nightly", "--config", config); code != pipeline.ExitFailed || !strings.Contains(out+log, "是否填了控制台地址") {
			t.Errorf("%s: exit %d\n%s%s", verb, code, out, log)
		}
	}
}
