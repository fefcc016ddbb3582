package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// place is a lake's place, as jobs.yaml and as DuckDB name it.
type lakePlace struct {
	url     string
	options object.S3Options
	sql     string // the root of the tables' files for DuckDB
	prelude string // SQL that DuckDB needs before
}

func folderLake(t testing.TB) lakePlace {
	dir := filepath.Join(t.TempDir(), "lake")
	return lakePlace{url: "file:" + dir, sql: dir}
}

// bucketLake is a new lake on the S3 server. DuckDB reads it over s3:// where it
// has its httpfs extension, else the files that the server stores.
func bucketLake(s objecttest.S3, name string) lakePlace {
	place := lakePlace{url: s.URL + "/" + name, options: s.Options, sql: filepath.Join(s.Dir, name)}
	if extension := os.Getenv("BILLWALK_DUCKDB_HTTPFS"); extension != "" {
		place.sql = place.url
		place.prelude = fmt.Sprintf("LOAD '%s'; CREATE SECRET (TYPE s3, KEY_ID '%s', SECRET '%s', ENDPOINT '%s', USE_SSL false, URL_STYLE 'path', REGION 'us-east-1');\n",
			extension, s.AccessKey, s.SecretKey, strings.TrimPrefix(s.Endpoint, "http://"))
	}
	return place
}

// deepVariable, set to anything, has the suites of many alike cases run all of them.
// Without it they run a sample: all of them take a quarter of an hour of CPU.
const deepVariable = "BILLWALK_DEEP"

// often is how many alike cases are run: usually, and where all are asked for.
func often[T any](usually, deep T) T {
	if os.Getenv(deepVariable) != "" {
		return deep
	}
	return usually
}

// sample skips all but every nth of many alike cases, unless all are asked for.
func sample(t *testing.T, i, n int) {
	t.Helper()
	if i%often(n, 1) != 0 {
		t.Skipf("one in %d; all with %s=1", n, deepVariable)
	}
}

// job is what a test's jobs.yaml says.
type job struct {
	lake     lakePlace
	buckets  int
	platform string // URL
	accounts []schema.Account
	qps      float64
	passes   int
	pageSize int     // 0 is 50
	trade    float64 // requests per second of the settle query; 0 configures none
	lookback int
	extra    string // lines of the job
}

// write writes the jobs.yaml and returns its path.
func (j job) write(t testing.TB) string {
	t.Helper()
	var y strings.Builder
	fmt.Fprintf(&y, "version: 1\nlake: {url: %q, endpoint: %q, path_style: %v, buckets: %d}\n", j.lake.url, j.lake.options.Endpoint, j.lake.options.PathStyle, max(1, j.buckets))
	fmt.Fprintf(&y, "apps:\n  life: {base_url: %q, client_key: key, client_secret: canary-secret, qps: %g, timeout: 5s}\n", j.platform, j.qps)
	if j.trade > 0 {
		fmt.Fprintf(&y, "  trade: {base_url: %q, client_key: trade-key, client_secret: canary-trade, qps: %g, timeout: 30s}\n", j.platform, j.trade)
	}
	fmt.Fprintf(&y, "jobs:\n  nightly:\n    lookback: %dd\n    bills: {app: life, passes: %d, page_size: %d}\n", j.lookback, max(1, j.passes), cmp.Or(j.pageSize, 50))
	if j.trade > 0 {
		y.WriteString("    settlements: {app: trade, match: [{order_id: shop_order_id}, {out_order_no: order_ext_id}]}\n")
	}
	y.WriteString("    accounts:\n")
	for _, a := range j.accounts {
		kind := "account_id"
		if a.Root {
			kind = "root_account_id"
		}
		name, _ := json.Marshal(a.Name)
		fmt.Fprintf(&y, "      - {%s: %q, name: %s}\n", kind, a.ID, name)
	}
	y.WriteString(j.extra)
	path := filepath.Join(t.TempDir(), "jobs.yaml")
	if err := os.WriteFile(path, []byte(y.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// commandLine is the program's Main, which TestMain provides.
var commandLine func(args []string, out, errOut io.Writer) int

// usageExit is the exit code of a wrong command line or file.
const usageExit = 2

// billwalk runs the command line in this process and returns its summary.
func billwalk(t testing.TB, config string, args ...string) (pipeline.Summary, string) {
	t.Helper()
	var out, log bytes.Buffer
	code := commandLine(append([]string{"--config", config, "--output", "json"}, args...), &out, &log)
	var s pipeline.Summary
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		t.Fatalf("billwalk %s: exit %d, no summary: %v\n%s%s", strings.Join(args, " "), code, err, out.String(), log.String())
	}
	if s.ExitCode != code {
		t.Errorf("billwalk %s: exit %d, the summary says %d", strings.Join(args, " "), code, s.ExitCode)
	}
	return s, log.String()
}

// testWorld is a platform with an app for bills and one for settlements, each
// refused the other's API.
func testWorld(seed uint64, bills int) sandbox.Config {
	return sandbox.Config{
		Seed: seed, Accounts: 12, Bills: bills,
		ClientKey: "key", ClientSecret: schema.NewSecret("canary-secret"),
		TradeKey: "trade-key", TradeSecret: schema.NewSecret("canary-trade"),
	}
}

// serve starts a sandbox that ends with the test.
func serve(t testing.TB, config sandbox.Config) *served {
	t.Helper()
	if config.Now == nil {
		config.Now = testNow
	}
	s := startServing(sandbox.New(config))
	t.Cleanup(s.stop)
	return s
}

// served is a sandbox that is being served.
type served struct {
	*sandbox.Platform
	url  string
	stop func() // closes all connections
}

// startServing serves a sandbox at a port of this machine, with no limit to what an
// answer takes.
func startServing(platform *sandbox.Platform) *served {
	server := httptest.NewUnstartedServer(platform)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	return &served{platform, server.URL, func() { server.CloseClientConnections(); server.Close() }}
}

// days of most tests: closed ones, by the tests' clock.
var (
	firstDay = mustDay("2026-10-30")
	lastDay  = mustDay("2026-11-01")
)

func mustDay(s string) schema.Day {
	day, err := schema.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return day
}

// requireDuckDB skips the test where there is no duckdb command, unless the
// environment requires one.
func requireDuckDB(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("duckdb"); err != nil {
		if os.Getenv("BILLWALK_REQUIRE_DUCKDB") != "" {
			t.Fatal("BILLWALK_REQUIRE_DUCKDB is set and there is no duckdb on the PATH")
		}
		t.Skip("no duckdb on the PATH: what DuckDB reads is not checked")
	}
}

// duckDB runs SQL and decodes the last statement's rows. Numbers are asked for as
// text by the queries, so that none passes through a float.
func duckDB[R any](t testing.TB, sql string) []R {
	t.Helper()
	var last json.RawMessage
	answers := json.NewDecoder(strings.NewReader(duckDBText(t, "-json", sql)))
	for {
		if err := answers.Decode(&last); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("duckdb: %v", err)
		}
	}
	var rows []R
	if last == nil {
		return nil // no rows, no answer
	}
	if err := json.Unmarshal(last, &rows); err != nil {
		t.Fatalf("duckdb answered %.200s: %v", last, err)
	}
	return rows
}

func duckDBText(t testing.TB, mode, sql string) string {
	t.Helper()
	cmd := exec.Command("duckdb", "-no-init", "-bail", mode)
	cmd.Stdin = strings.NewReader(sql)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("duckdb: %v\n%s\n%s", err, errOut.String(), sql)
	}
	return out.String()
}

// quiet is a program for tests that wire parts by themselves.
func quiet(now func() time.Time) *program {
	return &program{out: io.Discard, err: io.Discard, now: now, log: slog.New(slog.DiscardHandler), output: "json"}
}
