package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
	"billwalk/sinks/parquet"
)

// Canaries of what answers hold, planted by the aviary in place of the platform's
// own texts and as long as those, so that nothing else changes. Those of config
// begin with "canary-".
const (
	codeCanary  = "cnryC" // 券码: as good as money until it is used
	groupCanary = "cnryG" // group_name
	extraCanary = "cnryX" // cp_extra

	redactedToken = "[redacted access_token]" // where an answer repeats one

	numberCanary = "31415926535" // a code that is a number, and no whole one
)

// canaries are what no text may show that a person or a log collector sees.
var canaries = []string{"canary-", codeCanary, numberCanary, groupCanary, extraCanary}

// aviary serves a platform, plants canaries in its answers, and notes its tokens.
type aviary struct {
	platform http.Handler
	url      string

	mu     sync.Mutex
	tokens map[string]bool
}

func newAviary(t testing.TB, platform http.Handler) *aviary {
	a := &aviary{platform: platform, tokens: make(map[string]bool)}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

func (a *aviary) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Header.Del("Accept-Encoding") // answers are to be read
	a.platform.ServeHTTP(planting{w, a}, r)
}

// planting is where a platform writes its answer.
type planting struct {
	http.ResponseWriter
	*aviary
}

// Unwrap lets http.ResponseController cut and reset connections.
func (p planting) Unwrap() http.ResponseWriter { return p.ResponseWriter }

var (
	planted = regexp.MustCompile(`"(code|group_name|cp_extra)":"((?:[^"\\]|\\.)*)"`)
	granted = regexp.MustCompile(`"access_token":"([^"]+)"`)
)

func (p planting) Write(body []byte) (int, error) {
	for _, match := range granted.FindAllSubmatch(body, -1) {
		p.mu.Lock()
		p.tokens[string(match[1])] = true
		p.mu.Unlock()
	}
	return p.ResponseWriter.Write(planted.ReplaceAllFunc(body, plant))
}

// plant puts the canary of a member in place of its value.
func plant(member []byte) []byte {
	parts := planted.FindSubmatch(member)
	canary := map[string]string{"code": codeCanary, "group_name": groupCanary, "cp_extra": extraCanary}[string(parts[1])]
	value := parts[2]
	switch tail := len(value) - len(canary); {
	case tail < 0:
		return member
	case string(parts[1]) == "code":
		canary += string(value[len(value)-tail:]) // different codes stay different
	default:
		canary += strings.Repeat("x", tail)
	}
	return fmt.Appendf(nil, `"%s":"%s"`, parts[1], canary)
}

// secrets are all texts that no output may have, besides those of others.
func (a *aviary) secrets(others ...string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	tokens := slices.Collect(maps.Keys(a.tokens))
	for _, token := range tokens {
		tokens = append(tokens, spelled(token))
	}
	return slices.Concat(canaries, tokens, others)
}

// checkSilent wants none of the secrets in a text.
func checkSilent(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("%s shows %q: …%.200s", where, secret, text[max(0, at-100):])
		}
	}
}

// checkStored looks for secrets in every object of the lake. Names and extras of
// the answers belong into the tables, codes into the archive of answers alone,
// credentials and tokens nowhere. It returns how many canaries it met where they
// belong, by kind.
func checkStored(t *testing.T, folder string, secrets []string) map[string]int {
	t.Helper()
	met := make(map[string]int)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var allowed []string
		switch filepath.Ext(path) {
		case ".zst":
			data, allowed = unpacked(t, data), []string{codeCanary, groupCanary, extraCanary}
			if strings.Contains(filepath.ToSlash(name), "archive/unreadable/") { // as received: with what made it unreadable
				allowed = append(allowed, numberCanary)
			}
		case ".parquet":
			data, allowed = tableText(t, name, path), []string{groupCanary, extraCanary}
		}
		met[redactedToken] += bytes.Count(data, []byte(redactedToken))
		for _, canary := range allowed {
			met[canary] += bytes.Count(data, []byte(canary))
		}
		checkSilent(t, name, string(data), slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return slices.Contains(allowed, s) }))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return met
}

func unpacked(t *testing.T, data []byte) []byte {
	t.Helper()
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	text, err := decoder.DecodeAll(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// tableText returns all rows of a published file as text.
func tableText(t *testing.T, name, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, _, _ := strings.Cut(filepath.ToSlash(name), "/")
	switch table {
	case schema.Bills.Name:
		return rowsText(t, schema.Bills, file)
	case schema.Settlements.Name:
		return rowsText(t, schema.Settlements, file)
	case schema.Reconciliations.Name:
		return rowsText(t, schema.Reconciliations, file)
	case schema.Exceptions.Name:
		return rowsText(t, schema.Exceptions, file)
	case schema.Restatements.Name:
		return rowsText(t, schema.Restatements, file)
	default:
		t.Fatalf("%s is of no table", name)
		return nil
	}
}

func rowsText[R any](t *testing.T, table schema.Table[R], file *os.File) []byte {
	t.Helper()
	var text bytes.Buffer
	for row, err := range parquet.Read(table, file) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%+v\n", *row)
	}
	return text.Bytes()
}

// verbArgs is how each verb is called on a job that has run, so that every word
// that the program prints is listened to. A new verb belongs here.
func verbArgs(config string) map[string][]string {
	days := []string{"nightly", "--config", config, "--from", firstDay.String(), "--to", firstDay.String()}
	return map[string][]string{
		"run": days, "replay": days, "plan": days, "verify": days,
		"status": {"nightly", "--config", config}, "check": {"nightly", "--config", config},
		"receive": {"--config", config}, // it has no app with callbacks; TestReceiveVerb listens to one that has
		"ddl":     {"duckdb", "--config", config}, "version": {}, "help": {}, "completion": {"bash"},
		"demo": nil, "sandbox": nil, // they know no jobs.yaml
	}
}

// TestCanaries runs every verb against a platform that betrays what it was sent in
// each of its errors. Whatever is printed, logged or stored, in a folder or on
// S3, has no credential and no token, and a coupon code only in the archive of
// answers.
func TestCanaries(t *testing.T) {
	s3 := objecttest.StartS3(t)
	for name, row := range map[string]struct {
		lake    lakePlace
		columns string
		run     string // how its runs speak: on this platform they take minutes
	}{
		"hash, folder": {folderLake(t), "{code: hash, code_key: canary-code-key}", "text"},
		"drop, s3":     {bucketLake(s3, "canaries"), "{code: drop}", "json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := testWorld(77, 120) // enough for exceptions, which repeat whole records
			world.Accounts = 3 + len(betrayals)
			platform := newAviary(t, &betrayer{platform: serve(t, world)})
			accounts := platform.platform.(*betrayer).platform.Accounts()
			j := job{lake: row.lake, platform: platform.url, accounts: accounts, qps: 5000, trade: 5000, lookback: 0, passes: 2,
				extra: "    columns: " + row.columns + "\n"}
			config := j.write(t)
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
					Main(slices.Concat([]string{verb.Name()}, args, []string{"--output", output, "--verbose"}), &out, &log)
					said[verb.Name()+" "+output] = out.String() + log.String()
				}
			}
			if ran := said["run "+row.run]; strings.Count(ran, "reason") < 5 {
				t.Errorf("hardly anything failed: nothing was tested\n%s", ran)
			}
			secrets := platform.secrets("canary-secret", "canary-trade", s3.SecretKey)
			for where, text := range said {
				checkSilent(t, where, text, secrets)
			}
			met := checkStored(t, row.lake.files(s3), secrets)
			for _, canary := range []string{codeCanary, groupCanary, redactedToken} {
				if met[canary] == 0 {
					t.Errorf("%s is nowhere, not even in the archive: nothing was tested", canary)
				}
			}
		})
	}
}

// files is the folder with the lake's objects as plain files.
func (l lakePlace) files(s3 objecttest.S3) string {
	if l.options.Endpoint == "" {
		return l.sql
	}
	return filepath.Join(s3.Dir, filepath.Base(l.url))
}

// betrayer is a platform that repeats in its errors what it was sent, and lets
// records slip into them. Each account meets another of its errors, and so does
// now and then a question for settlements.
type betrayer struct {
	platform *served

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
	{200, `{"data":{"has_more":false,"ledger_records":[{"account_id":"1","ledger_id":"2","settle_type":1,"code":` + numberCanary + `.5}]},"extra":{"error_code":0}}`},
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
	_, _ = w.Write([]byte(strings.NewReplacer("TOKEN", token, "SECRET", secret, "ESCAPED", spelled(token)).Replace(betrayal.body)))
}

// spelled returns a text in JSON's code points.
func spelled(text string) (escaped string) {
	for _, c := range []byte(text) {
		escaped += fmt.Sprintf(`\u%04x`, c)
	}
	return escaped
}
