package cli

import (
	"bytes"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/douyin"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// verbArgs is how each verb is called on a job that has run, so that every word
// that the program prints is listened to. A new verb belongs here.
func verbArgs(config string) map[string][]string {
	days := []string{"nightly", "--config", config, "--from", billwalktest.FirstDay.String(), "--to", billwalktest.FirstDay.String()}
	return map[string][]string{
		"run": days, "replay": days, "plan": days, "verify": days,
		"status": {"nightly", "--config", config}, "check": {"nightly", "--config", config},
		"report": append(slices.Clip(days), "--out", filepath.Join(filepath.Dir(config), "report")), "sql": {"bridge", "nightly", "--config", config},
		"resolve": {"nightly", "--config", config, "--order", "1", "--account", "1", "--reason", "settled", "--by", "finance"},
		"close":   {"nightly", "--config", config, "--day", billwalktest.FirstDay.String(), "--by", "finance"},
		"receive": {"--config", config}, // it has no app with callbacks; TestReceiveVerb listens to one that has
		"ddl":     {"duckdb", "--config", config}, "version": {}, "help": {}, "explain": {"2119005", "--config", config}, "completion": {"bash"},
		"demo": nil, "sandbox": nil, "bench": nil, // they know no jobs.yaml
	}
}

// TestCanaries runs every verb against a platform that betrays what it was sent in
// each of its errors. Whatever is printed, logged or stored, in a folder or on
// S3, has no credential and no token, and a coupon code only in the archive of
// answers.
func TestCanaries(t *testing.T) {
	s3 := objecttest.StartS3(t)
	for name, row := range map[string]struct {
		lake    billwalktest.Place
		columns string
		run     string // how its runs speak: on this platform they take a minute
	}{
		"hash, folder": {billwalktest.FolderLake(t), "{code: hash, code_key: canary-code-key}", "text"},
		"drop, s3":     {billwalktest.BucketLake(s3, "canaries"), "{code: drop}", "json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := billwalktest.World(77, 120) // enough for exceptions, which repeat whole records
			world.Accounts = 3 + len(betrayals)
			platform := billwalktest.PlantCanaries(t, &betrayer{platform: billwalktest.Serve(t, world)})
			accounts := platform.Platform.(*betrayer).platform.Accounts()
			j := billwalktest.Job{Lake: row.lake, Platform: platform.URL, Accounts: accounts, QPS: 5000, Trade: 5000, Lookback: 0, Passes: 2,
				Extra: "    columns: " + row.columns + "\n"}
			config := j.Write(t)
			said := make(map[string]string)
			root := newRoot()
			root.InitDefaultCompletionCmd()
			for _, verb := range root.Commands() {
				args, known := verbArgs(config)[verb.Name()]
				if !known {
					t.Errorf("%s: say in verbArgs how it is called", verb.Name())
				}
				if args == nil {
					continue
				}
				for _, output := range []string{"text", "json"} {
					if verb.Name() == "run" && output != row.run {
						continue
					}
					var out, log bytes.Buffer
					setup := Setup{Now: billwalktest.Now, Out: &out, Err: &log, Client: []douyin.Option{douyin.WithJitter(func(time.Duration) time.Duration { return 0 })}}
					setup.Main(t.Context(), slices.Concat([]string{verb.Name()}, args, []string{"--output", output, "--verbose"})...)
					said[verb.Name()+" "+output] = out.String() + log.String()
				}
			}
			if ran := said["run "+row.run]; strings.Count(ran, "reason") < 5 {
				t.Errorf("hardly anything failed: nothing was tested\n%s", ran)
			}
			secrets := platform.Secrets("canary-secret", "canary-trade", s3.SecretKey)
			for where, text := range said {
				billwalktest.CheckSilent(t, where, text, secrets)
			}
			met := billwalktest.CheckStored(t, row.lake.Files(s3), secrets)
			for _, canary := range []string{billwalktest.CodeCanary, billwalktest.GroupCanary, billwalktest.RedactedToken} {
				if met[canary] == 0 {
					t.Errorf("%s is nowhere, not even in the archive: nothing was tested", canary)
				}
			}
		})
	}
}

// betrayer is a platform that repeats in its errors what it was sent, and lets
// records slip into them. Each account meets another of its errors, and so does
// now and then a question for settlements.
type betrayer struct {
	platform *billwalktest.Served

	mu    sync.Mutex
	asked int
}

const slippedRecord = `{"account_id":"1","ledger_id":"2","settle_type":1,"code":"cnryC1","group_name":"cnryG1","cp_extra":"cnryX1"}`

// betrayals are whole answers, in which TOKEN and SECRET are the caller's, and ESCAPED
// is the token in another spelling.
var betrayals = []struct {
	status int
	body   string
}{
	{200, `{"data":{"error_code":4000001,"description":"bad request: access-token=TOKEN client_secret=SECRET"},"extra":{"logid":"TOKEN"}}`},
	{200, `{"data":{"error_code":9999999,"description":"system error","ledger_records":[` + slippedRecord + `]},"extra":{"error_code":9999999,"logid":"1"}}`},
	{400, `<html>GET / access-token: TOKEN SECRET cnryC1 cnryG1</html>`},
	{200, `{"data":{"has_more":false,"ledger_records":[` + slippedRecord + `,`},
	{200, `{"data":{"has_more":false,"ledger_records":[{"code":"cnryC1","code":"cnryC2"}]},"extra":{"error_code":0}}`},
	{200, `{"data":{"has_more":false,"ledger_records":[{"account_id":"1","ledger_id":"2","settle_type":1,"code":["cnryC1"]}]},"extra":{"error_code":0}}`},
	{200, `{"data":{"has_more":false,"ledger_records":[{"account_id":"1","settle_type":1,"code":"cnryC1"}]},"extra":{"error_code":0}}`},
	{200, `{"data":{"has_more":"cnryC1","ledger_records":[]},"extra":{"error_code":0}}`},
	{200, `{"data":"cnryC1 TOKEN"}`},
	{200, `{"code":"cnryC1","data":null,"extra":{"error_code":"cnryC1"},"ledger_records":[` + slippedRecord + `]}`},
	{200, `{"data":null,"err_no":28001018,"err_msg":"bad token TOKEN","log_id":"TOKEN"}`},
	{200, `{"data":{"has_more":false,"ledger_records":[]}} ` + slippedRecord},
	{200, `{"data":{"has_more":false,"ledger_records":[{"account_id":"1","ledger_id":"2","settle_type":1,"code":` + billwalktest.NumberCanary + `.5}]},"extra":{"error_code":0}}`},
	{200, "{\"data\":{\"has_more\":false,\"ledger_records\":[{\"code\":\"cnryC1\",\"poi_id\":\"\xff\"}]}}"},
	{302, ``},
	{200, `{"data":{"has_more":false,"cursor":"0","ledger_records":[{"account_id":"1","ledger_id":"2","settle_type":1,"group_name":"TOKEN","cp_extra":"{\"Authorization\":\"SECRET\"}","settle_type_desc":"SECRET","poi_id":"TOKEN","note":{"TOKEN":"SECRET"}}]},"extra":{"error_code":0,"logid":"TOKEN","description":"SECRET","sub_description":"ESCAPED"}}`},
}

func (b *betrayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number, secret := -1, "canary-secret"
	switch {
	case strings.Contains(r.URL.Path, "catering_query"):
		id := r.FormValue("root_account_id") + r.FormValue("account_id")
		number = slices.IndexFunc(b.platform.Accounts(), func(a schema.Account) bool { return string(a.ID) == id }) - 3 // three are spared
	case strings.Contains(r.URL.Path, "query_settle"):
		secret = "canary-trade"
		b.mu.Lock()
		b.asked++
		if b.asked%20 == 0 {
			number = b.asked / 20
		}
		b.mu.Unlock()
	}
	if number < 0 {
		b.platform.ServeHTTP(w, r)
		return
	}
	betrayal := betrayals[number%len(betrayals)]
	token := r.Header.Get("access-token")
	w.Header().Set("Location", "https://elsewhere.example/?access_token="+token)
	w.Header().Set("Retry-After", token)
	w.WriteHeader(betrayal.status)
	_, _ = w.Write([]byte(strings.NewReplacer("TOKEN", token, "SECRET", secret, "ESCAPED", billwalktest.Spelled(token)).Replace(betrayal.body)))
}
