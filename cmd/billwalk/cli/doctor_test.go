package cli

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// misconfiguration is one thing that is wrong with a job that is well otherwise.
type misconfiguration struct {
	name    string
	world   func(*sandbox.Config)
	instead func(*patient, http.ResponseWriter, *http.Request) bool // answers a request to the platform
	yaml    [2]string                                               // a text of jobs.yaml, and what stands there instead; the platform's and the folder's names are put in
	store   func(http.ResponseWriter, *http.Request)                // an S3 store for the lake
	plant   func(*testing.T, *patient)
	args    []string

	want checked // Detail and Fix are parts of the line's
	also string  // the only other check that is not well
	exit int
}

// patient is the job that is checked.
type patient struct {
	folder   string // with jobs.yaml
	lake     string // the lake's folder
	accounts []schema.Account
	brand    schema.Account // one of them
	single   schema.Account // one of them
	now      func() time.Time
}

// answerInstead answers with an error code of the platform.
func answerInstead(w http.ResponseWriter, code int) bool {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"data":{"error_code":%d,"description":"refused"},"extra":{"error_code":%d,"description":"refused","logid":"20261126planted"}}`, code, code)
	return true
}

// refusing refuses an API with a code.
func refusing(path string, code int) func(*patient, http.ResponseWriter, *http.Request) bool {
	return func(_ *patient, w http.ResponseWriter, r *http.Request) bool {
		return strings.Contains(r.URL.Path, path) && answerInstead(w, code)
	}
}

// refusingAccount refuses the bills of an account under a key, "" under both.
func refusingAccount(key string, account func(*patient) schema.Account, code int) func(*patient, http.ResponseWriter, *http.Request) bool {
	return func(p *patient, w http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		return (q.Get(key) == string(account(p).ID) || key == "" && q.Get("account_id")+q.Get("root_account_id") == string(account(p).ID)) && answerInstead(w, code)
	}
}

func brandOf(p *patient) schema.Account  { return p.brand }
func singleOf(p *patient) schema.Account { return p.single }

// s3Refusing is a store that refuses with a status and a code of S3.
func s3Refusing(status int, code string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	}
}

// unconditional is a store that ignores the conditions of writes.
func unconditional() func(http.ResponseWriter, *http.Request) {
	type stored struct{ data, meta, etag string }
	var mu sync.Mutex
	objects := make(map[string]stored)
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		o, found := objects[r.URL.Path]
		switch {
		case r.Method == http.MethodPut:
			data, _ := io.ReadAll(r.Body)
			o = stored{string(data), r.Header.Get("X-Amz-Meta-Probe"), strconv.Quote(strconv.Itoa(len(objects)) + string(data))}
			objects[r.URL.Path] = o
			w.Header().Set("ETag", o.etag)
		case r.URL.Query().Has("list-type"):
			key := r.URL.Query().Get("prefix")
			fmt.Fprintf(w, `<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>%s</Key><ETag>%s</ETag><Size>1</Size></Contents></ListBucketResult>`, key, objects["/lake/"+key].etag)
		case !found:
			s3Refusing(http.StatusNotFound, "NoSuchKey")(w, r)
		default:
			w.Header().Set("ETag", o.etag)
			w.Header().Set("X-Amz-Meta-Probe", o.meta)
			w.Header().Set("Content-Length", strconv.Itoa(len(o.data)))
			if r.Method == http.MethodGet {
				_, _ = io.WriteString(w, o.data)
			}
		}
	}
}

// inLake writes a file of the lake.
func inLake(name, text string) func(*testing.T, *patient) {
	return func(t *testing.T, p *patient) {
		t.Helper()
		name := filepath.Join(p.lake, strings.ReplaceAll(name, "TODAY", schema.DayOf(p.now()).String()))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func withFile(name, text string) func(*testing.T, *patient) {
	return func(t *testing.T, p *patient) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(p.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// platformKey writes the platform's public key, with which callbacks are signed.
func platformKey(t *testing.T, p *patient) {
	t.Helper()
	public, err := x509.MarshalPKIXPublicKey(&billwalktest.ReceivedKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	withFile("platform.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})))(t, p)
}

// withCallbacks gives the app trade callbacks.
var withCallbacks = [2]string{"timeout: 30s}", "timeout: 30s, callbacks: {public_keys: [platform.pem]}}"}

// batchOfToday is the key of a batch of callbacks.
const batchOfToday = "archive/callbacks/received=TODAY/01JDMZZZZZZZZZZZZZZZZZZZZZ.jsonl.zst"

func withReceived(plants ...func(*testing.T, *patient)) func(*testing.T, *patient) {
	return func(t *testing.T, p *patient) {
		t.Helper()
		for _, plant := range plants {
			plant(t, p)
		}
	}
}

var misconfigurations = []misconfiguration{
	{name: "well", exit: pipeline.ExitDone},

	// The application.
	{name: "wrong client_key", world: func(c *sandbox.Config) { c.ClientKey = "another" }, exit: exitUsage, also: "page settlements",
		want: checked{"token", stateFailed, "app life: client_key", "检查 client_key 与 client_secret", "10003"}},
	{name: "wrong client_secret", world: func(c *sandbox.Config) { c.ClientSecret = schema.NewSecret("another") }, exit: exitUsage, also: "page settlements",
		want: checked{"token", stateFailed, "app life: client_key", "检查 client_key 与 client_secret", "10013"}},
	{name: "wrong secret of the mini-program", world: func(c *sandbox.Config) { c.TradeSecret = schema.NewSecret("another") }, exit: exitUsage, also: "settlements",
		want: checked{"token", stateFailed, "app trade: client_key", "检查 client_key 与 client_secret", "10013"}},
	{name: "variable that is not set", yaml: [2]string{"client_secret: canary-secret", "client_secret: \"${BILLWALK_NOT_SET}\""}, exit: exitUsage, also: "clock",
		want: checked{"config", stateFailed, "variable BILLWALK_NOT_SET is not set", "set the variable", "BW-CONFIG"}},
	{name: "quotes around a secret", yaml: [2]string{"client_secret: canary-secret", `client_secret: '"canary-secret"'`}, exit: exitUsage,
		want: checked{"config", stateFailed, "without quotation marks around it", "修改配置", "BW-CONFIG"}},
	{name: "scope is missing", instead: refusing("catering_query", 28001018), exit: pipeline.ExitFailed, also: "settlements",
		want: checked{"page", stateFailed, "all 6 accounts: ", "商家账单明细", "28001018"}},
	{name: "app is banned", instead: refusing("catering_query", 28001016), exit: pipeline.ExitFailed, also: "settlements",
		want: checked{"page", stateFailed, "all 6 accounts: ", "控制台查看应用", "28001016"}},
	{name: "IP address is not in the whitelist", instead: refusing("catering_query", 2119013), exit: pipeline.ExitFailed, also: "settlements",
		want: checked{"page", stateFailed, "all 6 accounts: ", "IP 白名单", "2119013"}},
	{name: "quota is used up", instead: refusing("catering_query", 2190001), exit: pipeline.ExitFailed, also: "settlements",
		want: checked{"page", stateFailed, "all 6 accounts: ", "明天再跑", "2190001"}},
	{name: "qps beyond the quota", world: func(c *sandbox.Config) { c.QPS = 4 }, exit: pipeline.ExitDone,
		want: checked{"pace", stateWarning, "app life: the platform refused", "降低 qps", "2119003"}},
	{name: "base_url of another server", instead: func(_ *patient, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html>")
		return true
	}, exit: pipeline.ExitFailed, also: "token page settlements",
		want: checked{"token", stateFailed, "app life: the platform has not answered", "base_url", "BW-NO-ANSWER"}},

	// The accounts.
	{name: "merchant has not authorised the app", instead: refusingAccount("", singleOf, 2119005), exit: pipeline.ExitFailed,
		want: checked{"page", stateFailed, "SINGLE", "服务应用授权", "2119005"}},
	{name: "merchant who has not authorised yet", instead: refusingAccount("", singleOf, 2119005), exit: pipeline.ExitDone,
		yaml: [2]string{`{account_id: "SINGLE", `, `{until: 2026-12-31, account_id: "SINGLE", `},
		want: checked{"page", stateWarning, "expected by its until", "服务应用授权", "2119005"}},
	{name: "merchant who should have authorised", instead: refusingAccount("", singleOf, 2119005), exit: pipeline.ExitFailed,
		yaml: [2]string{`{account_id: "SINGLE", `, `{until: 2026-11-01, account_id: "SINGLE", `},
		want: checked{"page", stateFailed, "whose until has passed", "服务应用授权", "2119005"}},
	{name: "account listed as a brand", instead: refusingAccount("root_account_id", singleOf, 2119005), exit: pipeline.ExitFailed,
		yaml: [2]string{`{account_id: "SINGLE"`, `{root_account_id: "SINGLE"`},
		want: checked{"page", stateFailed, "is refused as root_account_id and answers as account_id", "list the account as account_id", "BW-CONFIG"}},
	{name: "brand listed as an account", instead: refusingAccount("account_id", brandOf, 4000002), exit: pipeline.ExitFailed,
		yaml: [2]string{`{root_account_id: "BRAND"`, `{account_id: "BRAND"`},
		want: checked{"page", stateFailed, "is refused as account_id and answers as root_account_id", "list the account as root_account_id", "BW-CONFIG"}},
	{name: "brand listed as an account, without bills of its own", exit: pipeline.ExitDone,
		instead: func(p *patient, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("account_id") != string(p.brand.ID) {
				return false
			}
			_, _ = io.WriteString(w, `{"data":{"error_code":0,"ledger_records":[],"has_more":false,"cursor":""},"extra":{"error_code":0,"logid":"20261126planted"}}`)
			return true
		},
		yaml: [2]string{`{root_account_id: "BRAND"`, `{account_id: "BRAND"`},
		want: checked{"page", stateWarning, "has no bill as account_id and has bills as root_account_id", "list the account as root_account_id", "BW-CONFIG"}},
	{name: "account listed twice", yaml: [2]string{"    accounts:\n", "    accounts:\n      - {account_id: \"SINGLE\", name: 另一家}\n"}, exit: exitUsage,
		want: checked{"config", stateFailed, "another name", "修改配置", "BW-CONFIG"}},
	{name: "accounts file is not there", yaml: [2]string{"    accounts:\n", "    accounts: {file: gone.csv}\n    x:\n"}, exit: exitUsage,
		want: checked{"config", stateFailed, "want an accounts file", "修改配置", "BW-CONFIG"}, also: "config"},
	{name: "ids that a spreadsheet has rounded", yaml: [2]string{"    accounts:\n", "    accounts:\n      - {account_id: \"7246810121416181760\"}\n      - {account_id: \"7246810121416182784\"}\n"}, exit: pipeline.ExitFailed, also: "page",
		want: checked{"config", stateWarning, "look as if JSON, pandas or a spreadsheet had rounded them", "修改配置", "BW-CONFIG"}},

	// Settlements.
	{name: "settlements of the life-service app", yaml: [2]string{"{app: trade, match", "{app: life, match"}, exit: pipeline.ExitFailed,
		want: checked{"settlements", stateFailed, "job nightly: ", "settlements.app 应填小程序应用", "2190004"}},
	{name: "app of settlements that is not there", yaml: [2]string{"{app: trade, match", "{app: tarde, match"}, exit: exitUsage,
		want: checked{"config", stateFailed, `did you mean "trade"?`, "修改配置", "BW-CONFIG"}},
	{name: "rules that find nothing", yaml: [2]string{"[{order_id: shop_order_id}, {out_order_no: order_ext_id}]", "[{order_id: verify_id}]"}, exit: pipeline.ExitDone,
		want: checked{"settlements", stateWarning, "no settlement of 8 orders was found, by order_id: verify_id", "检查 settlements.match", "BW-MATCH"}},
	{name: "column that is not there", yaml: [2]string{"order_id: shop_order_id", "order_id: order_no"}, exit: exitUsage,
		want: checked{"config", stateFailed, "order_id: want one of shop_order_id, ", "修改配置", "BW-CONFIG"}},

	// The days, and what is published.
	{name: "today", yaml: [2]string{"    lookback: 0d\n", "    lookback: 0d\n    dates: {from: today, to: today}\n"}, exit: exitUsage,
		want: checked{"config", stateFailed, "job nightly: ", "修改配置", "BW-CONFIG"}, also: "clock"},
	{name: "hash without a key", yaml: [2]string{"    accounts:\n", "    columns: {code: hash}\n    accounts:\n"}, exit: pipeline.ExitDone,
		want: checked{"config", stateWarning, "code_key is empty", "修改配置", "BW-CONFIG"}},
	{name: "key that is unknown", yaml: [2]string{"lookback: 0d", "look_back: 0d"}, exit: exitUsage,
		want: checked{"config", stateFailed, "look_back", "修改配置", "BW-CONFIG"}},

	// The store.
	{name: "bucket is not there", store: s3Refusing(http.StatusNotFound, "NoSuchBucket"), exit: pipeline.ExitFailed, also: "store semantics",
		want: checked{"store", stateFailed, "NoSuchBucket", "新建该存储桶", "BW-STORE"}},
	{name: "credentials that may not write", store: (&fakeS3{}).ServeHTTP, exit: pipeline.ExitFailed, also: "store semantics",
		want: checked{"store", stateFailed, "AccessDenied", "检查凭证与权限", "BW-STORE-DENIED"}},
	{name: "wrong region", store: s3Refusing(http.StatusBadRequest, "AuthorizationHeaderMalformed"), exit: pipeline.ExitFailed, also: "store semantics",
		want: checked{"store", stateFailed, "AuthorizationHeaderMalformed", "检查 lake.region", "BW-STORE"}},
	{name: "address of the console", store: (&fakeS3{html: true}).ServeHTTP, exit: pipeline.ExitFailed, also: "store semantics",
		want: checked{"store", stateFailed, "lake", "是否填了控制台地址", "BW-STORE"}},
	{name: "store without conditional writes", store: unconditional(), exit: pipeline.ExitFailed,
		want: checked{"store semantics", stateFailed, "If-None-Match is ignored", "条件写入", "BW-STORE-UNFIT"}},
	{name: "bucket in the host name", yaml: [2]string{`{url: "file:LAKE", endpoint: "", path_style: false`, `{url: "s3://lake", endpoint: "http://nowhere.invalid:9", path_style: false`}, exit: pipeline.ExitFailed, also: "config store semantics",
		want: checked{"store", stateFailed, "nowhere.invalid", "", "BW-STORE"}},
	{name: "other buckets than the lake's", plant: inLake("_manifests/lake.json", `{"version":1,"buckets":4}`), exit: pipeline.ExitFailed,
		want: checked{"store", stateFailed, "lake.buckets: 4", "set lake.buckets to the lake's own number", "BW-LAYOUT"}},
	{name: "lake of a newer version", plant: inLake("_manifests/lake.json", `{"version":2,"buckets":1}`), exit: pipeline.ExitFailed,
		want: checked{"store", stateFailed, "it has version 2", "升级", "BW-VERSION"}},
	{name: "folder that cannot be written", yaml: [2]string{"file:LAKE", "file:/proc/billwalk"}, exit: pipeline.ExitFailed, also: "store semantics",
		want: checked{"store", stateFailed, "/proc/billwalk", "检查 lake.url", "BW-STORE"}},
	{name: "archive that others may read", plant: func(t *testing.T, p *patient) {
		inLake("archive/x", "")(t, p)
		if err := os.Chmod(filepath.Join(p.lake, "archive/x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}, exit: pipeline.ExitDone, want: checked{"files", stateWarning, "other users have rights", "check --fix", "BW-STORE"}},

	// Callbacks.
	{name: "callbacks", yaml: withCallbacks, plant: withReceived(platformKey, inLake(batchOfToday, "x")), exit: pipeline.ExitDone},
	{name: "callbacks that do not arrive", yaml: withCallbacks, plant: platformKey, exit: pipeline.ExitDone,
		want: checked{"callbacks", stateWarning, "none were received since 2026-11-24", "确认 billwalk receive 在运行", "BW-CALLBACKS"}},
	{name: "callbacks in quarantine", yaml: withCallbacks, plant: withReceived(platformKey, inLake(strings.Replace(batchOfToday, "TODAY/", "TODAY/quarantine/", 1), "x")), exit: pipeline.ExitDone,
		want: checked{"callbacks", stateWarning, "in quarantine", "app_ids", "BW-CALLBACKS"}},
	{name: "no public key", yaml: withCallbacks, plant: withReceived(withFile("platform.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), inLake(batchOfToday, "x")), exit: pipeline.ExitFailed,
		want: checked{"keys", stateFailed, "callbacks of app trade", "平台公钥", "BW-CONFIG"}},
	{name: "public key of two apps", yaml: [2]string{"timeout: 30s}", "timeout: 30s, callbacks: {public_keys: [platform.pem]}}\n  other: {base_url: \"https://open.douyin.com\", client_key: tt, client_secret: canary-other, callbacks: {public_keys: [platform.pem]}}"},
		plant: withReceived(platformKey, inLake(batchOfToday, "x")), exit: pipeline.ExitFailed,
		want: checked{"keys", stateFailed, "has the same public key", "修改配置", "BW-CONFIG"}},
	{name: "short token of old callbacks", yaml: [2]string{"timeout: 30s}", "timeout: 30s, callbacks: {public_keys: [platform.pem], legacy_token: canary}}"}, plant: platformKey, exit: exitUsage,
		want: checked{"config", stateFailed, "legacy_token", "修改配置", "BW-CONFIG"}},
	{name: "variable of callbacks that is not set", yaml: [2]string{"timeout: 30s}", "timeout: 30s, callbacks: {public_keys: [platform.pem], legacy_token: \"${BILLWALK_NOT_SET}\"}}"},
		plant: withReceived(platformKey, inLake(batchOfToday, "x")), exit: pipeline.ExitDone,
		want: checked{"config", stateWarning, "legacy_token: variable BILLWALK_NOT_SET is not set", "set the variable", "BW-CONFIG"}},
	{name: "receiver that is not there", yaml: withCallbacks, plant: withReceived(platformKey, inLake(batchOfToday, "x")), args: []string{"--receiver", "http://127.0.0.1:1"}, exit: pipeline.ExitFailed,
		want: checked{"receiver", stateFailed, "http://127.0.0.1:1 for app trade", "确认 billwalk receive 在运行", "BW-CALLBACKS"}},
	{name: "address of another server", yaml: withCallbacks, plant: withReceived(platformKey, inLake(batchOfToday, "x")), args: []string{"--receiver", "PLATFORM"}, exit: pipeline.ExitFailed,
		want: checked{"receiver", stateFailed, "not the answer of billwalk receive", "确认 billwalk receive 在运行", "BW-CALLBACKS"}},

	// This machine.
	{name: "clock is off", instead: func(p *patient, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Date", p.now().Add(-20*time.Minute).UTC().Format(http.TimeFormat))
		return false
	}, exit: pipeline.ExitFailed, want: checked{"clock", stateFailed, "ahead of", "NTP", "BW-CLOCK"}},
	{name: "no folder for temporary files", plant: func(t *testing.T, p *patient) { t.Setenv("TMPDIR", filepath.Join(p.folder, "gone")) }, exit: pipeline.ExitFailed,
		want: checked{"temporary", stateFailed, "TMPDIR", "把 TMPDIR 指向", "BW-LOCAL"}},

	// Messages.
	{name: "bot that is gone", yaml: [2]string{"    accounts:\n", "    notify: [{kind: wecom, url: \"PLATFORM/cgi-bin/webhook/send?key=canary-bot\"}]\n    accounts:\n"}, args: []string{"--notify"}, exit: pipeline.ExitFailed,
		instead: func(_ *patient, w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "webhook") {
				return false
			}
			_, _ = io.WriteString(w, `{"errcode":93000,"errmsg":"invalid webhook url"}`)
			return true
		},
		want: checked{"notify", stateFailed, "93000", "检查 jobs.yaml 的 notify", "BW-NOTIFY"}},
}

// TestMisconfigurations: check names each in one line of its own, with what to do and a code
// that explain knows, beside all checks that are well.
func TestMisconfigurations(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "canary-aws")
	known := make(map[string]bool)
	for _, term := range terms() {
		known[term.Code] = true
	}
	named := 0
	for _, c := range misconfigurations {
		t.Run(c.name, func(t *testing.T) {
			found, text := c.check(t)
			if c.want.Name != "" {
				named++
			}
			var matches []checked
			for _, f := range found {
				switch {
				case f.State == stateOK && f.Fix == "" && f.Code == "":
				case f.Name == c.want.Name && f.State == c.want.State && f.Code == c.want.Code && strings.Contains(f.Detail, c.want.Detail) && strings.Contains(f.Fix, c.want.Fix):
					matches = append(matches, f)
				case f.Code != "" && !known[f.Code]:
					t.Errorf("explain does not know %s: %+v", f.Code, f)
				case !strings.Contains(c.also, f.Name) && !(f.State == stateWarning && strings.HasPrefix(f.Detail, "not checked")):
					t.Errorf("this is said as well: %+v", f)
				}
				if f.State == stateFailed && (f.Fix == "" || f.Code == "") {
					t.Errorf("without what to do, or its code: %+v", f)
				}
			}
			if (len(matches) == 1) != (c.want.Name != "") || len(matches) == 1 && !known[c.want.Code] {
				t.Errorf("%d lines, want one: %s", len(matches), text)
			}
			for _, f := range matches {
				if !strings.Contains(text, "→ "+plain(f.Fix)+" (billwalk explain "+f.Code+")\n") {
					t.Errorf("the text lacks the fix or the code: %s", text)
				}
			}
		})
	}
	if named < 40 && !t.Failed() {
		t.Errorf("%d misconfigurations", named)
	}
}

// check plants what is wrong, runs check, and returns what is found and
// the text.
func (c *misconfiguration) check(t *testing.T) ([]checked, string) {
	t.Helper()
	p, config := c.patient(t)
	var out, log, text bytes.Buffer
	args := append([]string{"check", "--config", config, "--output", "json"}, c.args...)
	if code := (&program{out: &out, err: &log, now: p.now}).main(args); code != c.exit {
		t.Errorf("exit %d, want %d: %s%s", code, c.exit, out.String(), log.String())
	}
	if said := out.String() + log.String(); strings.Contains(said, "canary") {
		t.Errorf("a secret is shown: %s", said)
	}
	var found struct{ Checks []checked }
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if err := (&program{out: &text, output: "text"}).printChecks(found.Checks); err != nil {
		t.Fatal(err)
	}
	return found.Checks, text.String()
}

// patient makes a job that is well but for what is planted, and returns it with its config.
func (c *misconfiguration) patient(t *testing.T) (*patient, string) {
	t.Helper()
	p := &patient{now: billwalktest.Now}
	world := billwalktest.World(7, 20)
	world.Healthy = true
	lake := billwalktest.FolderLake(t)
	p.lake = lake.SQL
	if c.store != nil {
		server := httptest.NewServer(http.HandlerFunc(c.store))
		t.Cleanup(server.Close)
		lake = billwalktest.Place{URL: "s3://lake"}
		lake.Options.Endpoint, lake.Options.PathStyle = server.URL, true
		p.now = time.Now // as the store has it
	}
	world.Now = p.now
	if c.world != nil {
		c.world(&world)
	}
	platform := billwalktest.Serve(t, world)
	p.accounts = platform.Accounts()[:6]
	p.brand = p.accounts[slices.IndexFunc(p.accounts, func(a schema.Account) bool { return a.Root })]
	p.single = p.accounts[slices.IndexFunc(p.accounts, func(a schema.Account) bool { return !a.Root })]
	address := c.before(t, p, platform)
	config := billwalktest.Job{Lake: lake, Platform: address, Accounts: p.accounts, QPS: 1000, Trade: 1000}.Write(t)
	p.folder = filepath.Dir(config)
	names := strings.NewReplacer("SINGLE", string(p.single.ID), "BRAND", string(p.brand.ID), "PLATFORM", address, "LAKE", p.lake)
	text := billwalktest.ReadFile(t, config)
	if old := names.Replace(c.yaml[0]); !strings.Contains(text, old) {
		t.Fatalf("jobs.yaml has no %s:\n%s", old, text)
	} else if old != "" {
		text = strings.Replace(text, old, names.Replace(c.yaml[1]), 1)
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c.want.Detail = names.Replace(c.want.Detail)
	c.args = slices.Clone(c.args)
	for i := range c.args {
		c.args[i] = names.Replace(c.args[i])
	}
	if c.plant != nil {
		c.plant(t, p)
	}
	return p, config
}

// before serves what answers instead of the platform, and returns its address.
func (c *misconfiguration) before(t *testing.T, p *patient, platform *billwalktest.Served) string {
	t.Helper()
	if c.instead == nil {
		return platform.URL
	}
	target, err := url.Parse(platform.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			r.Header.Set("Date", cmp.Or(r.Request.Header.Get("X-Date"), r.Header.Get("Date")))
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", p.now().UTC().Format(http.TimeFormat))
		if c.instead(p, w, r) {
			return
		}
		r.Header.Set("X-Date", w.Header().Get("Date"))
		w.Header().Del("Date")
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestCheckSample: of a long list some accounts are asked for, from its beginning to its end,
// each once.
func TestCheckSample(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ all, most, want int }{{1, 200, 1}, {200, 200, 200}, {201, 200, 200}, {5000, 200, 200}, {5, 3, 3}, {5, 1, 1}} {
		accounts := make([]schema.Account, c.all)
		for i := range accounts {
			accounts[i].ID = schema.AccountID(strconv.Itoa(i))
		}
		sample := sampleOf(accounts, c.most)
		seen := make(map[schema.AccountID]bool)
		for _, a := range sample {
			seen[a.ID] = true
		}
		last, _ := strconv.Atoi(string(sample[len(sample)-1].ID))
		if len(sample) != c.want || len(seen) != c.want || !seen["0"] || last < c.all-c.all/c.want-1 {
			t.Errorf("%d of %d: %v", c.most, c.all, sample)
		}
	}
	if got := answeredText(190, 200, 5000, 7); got != "190 of 200 accounts answered, a sample of 5000" {
		t.Error(got)
	}
}
