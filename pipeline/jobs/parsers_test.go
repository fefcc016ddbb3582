package jobs

import (
	"fmt"
	"strings"
	"testing"

	"billwalk/schema"
)

// accepted checks which texts a parser accepts, and their values.
func accepted[T any](t *testing.T, name string, parse func(string) (T, error), good map[string]string, bad ...string) {
	t.Helper()
	for text, want := range good {
		got, err := parse(text)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s(%q) = %v, %v; want %s", name, text, got, err, want)
		}
	}
	for _, text := range bad {
		if got, err := parse(text); err == nil {
			t.Errorf("%s(%q) = %v, want an error", name, text, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	accepted(t, "buckets", wholeNumber(1, 256), map[string]string{"1": "1", "256": "256"},
		"", "0", "257", "-1", "+1", "01", "0x10", "1_0", "1.0", "1e1", " 1", "one", "99999999999999999999")
	accepted(t, "tolerance", wholeNumber[schema.Fen](0, maxFen), map[string]string{"0": "0", "1000000000000": "1000000000000"},
		"1000000000001", "-1", "0.5", "9223372036854775808")
	accepted(t, "qps", perSecond, map[string]string{"10": "10", "0.5": "0.5", "1000000": "1e+06"},
		"", "0", "0.0", "-1", "NaN", "Inf", "1e3", "0x1p4", "1_0", ".5", "5.", "1000000.1", "ten")
	accepted(t, "timeout", timeout, map[string]string{"30s": "30s", "1m30s": "1m30s", "10m": "10m0s", "250ms": "250ms"},
		"", "0s", "0", "30", "-1s", "10m1s", "1d", "forever")
	accepted(t, "lookback", lookback, map[string]string{"0d": "0", "7d": "7", "90d": "90"},
		"", "d", "7", "91d", "-7d", "07d", "1w", "1.5d", "7dd")
	accepted(t, "version", version, map[string]string{"1": "1"}, "", "2", "1.0", "01")
	accepted(t, "path_style", boolean, map[string]string{"true": "true", "false": "false"}, "", "yes", "on", "True", "1")
}

func TestURLs(t *testing.T) {
	t.Parallel()
	accepted(t, "lake", LakeURL, map[string]string{
		"s3://catering-lake":      "s3://catering-lake",
		"s3://catering-lake/":     "s3://catering-lake",
		"s3://lake.prod/a/b_c=d/": "s3://lake.prod/a/b_c=d",
		"s3://lake/账单":            "s3://lake/账单",
		"file:lake":               "file:lake",
		"file:../a b/lake/":       "file:../a b/lake",
		"file:/srv/lake":          "file:/srv/lake",
		"file:///srv/lake":        "file:/srv/lake",
	}, "", "lake", "/srv/lake", "s3:", "s3://", "s3:/lake", "s3:///lake", "s3://Lake", "s3://lake//x", "s3://lake/../x", "s3://lake/.x", "s3://user@lake",
		"s3://lake?x=1", "S3://lake", "gs://lake", "file:", "file:/", "file://lake", "file://lake/x", "file:////lake", "file:a\x00b", "file: lake")
	accepted(t, "platform", platformURL, map[string]string{
		"https://open.douyin.com":      "https://open.douyin.com",
		"https://open.douyin.com/":     "https://open.douyin.com",
		"https://gate.example:8443/dy": "https://gate.example:8443/dy",
		"http://127.0.0.1:9090":        "http://127.0.0.1:9090",
		"http://127.8.9.10":            "http://127.8.9.10",
		"http://[::1]:9090":            "http://[::1]:9090",
		"http://localhost:9090/":       "http://localhost:9090",
	}, "", "open.douyin.com", "//open.douyin.com", "/goodlife", "https://", "https:///x", "ftp://localhost", "http://open.douyin.com", "http://10.0.0.1", "http://0.0.0.0",
		"http://localhost.evil.example", "http://127.0.0.1.evil.example", "https://user:pass@open.douyin.com", "https://open.douyin.com?x=1", "https://open.douyin.com?",
		"https://open.douyin.com#x", "https://open.douyin.com:99999", "https://open.douyin.com:x", "https://a b", "https://a\nb", "https://:443")
	accepted(t, "endpoint", endpointURL, map[string]string{"": "", "http://minio.storage:9000/": "http://minio.storage:9000", "https://oss-cn-beijing.aliyuncs.com": "https://oss-cn-beijing.aliyuncs.com"},
		"minio:9000", "http://key:secret@minio:9000", "https://minio?x")
	accepted(t, "region", regionName, map[string]string{"us-east-1": "us-east-1", "auto": "auto"}, "", "us east", "a/b", "$REGION")
}

func TestTextsOnOneLine(t *testing.T) {
	t.Parallel()
	accepted(t, "plain", plainText, map[string]string{"key": "key", "a b": "a b", "密": "密"}, "", " ", "key\n", "\tkey", "a\nb", "a\x00b", "\u3000x")
	if s, err := secretOrNone(""); !s.Empty() || err != nil {
		t.Errorf("secretOrNone(\"\") = %q, %v", s.Reveal(), err)
	}
	if _, err := secretOrNone("key\n"); err == nil {
		t.Error("secretOrNone took a line break")
	}
}

// Each row breaks one rule of the file's structure; the fault has its line and advice.
func TestShape(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", "1:1: the file is empty: begin with version: 1"},
		{"# nothing\n", "1:1: the file is empty: begin with version: 1"},
		{"---\n", "2:1: the file: want keys with values, found nothing"},
		{"- a\n", "1:1: the file: want keys with values, found a list"},
		{"version: [\n", "2:1: this is not YAML: did not find expected node content"},
		{"a: b\n c: d\n", "2:3: this is not YAML: mapping values are not allowed in this context"},
		{"a: \xff\n", "1:4: this is not UTF-8 text: save the file as UTF-8"},
		{"a: 1\nb: 某\x01\n", "2:5: this is not UTF-8 text: save the file as UTF-8"},
		{minimal + "---\na: 1\n", "9:1: a second document begins here: a jobs.yaml is one, without ---"},
		{changed(t, "version: 1\n", ""), `1:1: the file: key "version" is missing`},
		{changed(t, "accounts: [{account_id: 7047437174853240835}]", "lookback: 1d"), `6:3: jobs.nightly: key "accounts" is missing`},
		{changed(t, "    bills: {app: life}\n", ""), `6:3: jobs.nightly: key "bills" is missing`},
		{changed(t, ", client_key: key", ""), `4:3: apps.life: key "client_key" is missing`},
		{changed(t, `{url: "file:lake"}`, "{}"), `2:7: lake: key "url" is missing`},
		{changed(t, `{url: "file:lake"}`, "file:lake"), "2:7: lake: want keys with values, found a text"},
		{changed(t, `"file:lake"`, ""), "2:13: url: want a text, found nothing"},
		{changed(t, `"file:lake"`, "{a: b}"), "2:13: url: want a text, found keys with values"},
		{changed(t, "client_key: key", "client_key: !mine key"), "4:59: client_key: tags are not read: write the value alone, in quotes if it begins with !"},
		{changed(t, "client_key: key", "client_key: *key"), "4:59: this is not YAML: * begins an alias: put a text that begins with * in quotes"},
		{changed(t, `{url: "file:lake"}`, `{url: "file:lake", [a]: 1}`), "2:26: lake: want a key, found a list"},
		{strings.Replace(minimal, "life: {", "life: #{", 1), "4:8: apps.life: want keys with values, found nothing"},
		{changed(t, "    bills: {app: life}", "    bills: [life]"), "8:12: bills: want keys with values, found a list"},
		{changed(t, "    bills: {app: life}", "    bills: {app: life}\n    dates: -1d"), "9:12: dates: want keys with values, found a text"},
		{changed(t, "    bills: {app: life}", "    bills: {app: life}\n    dates: {from: 2026-11-02, to: 2026-11-01}"), "9:19: from: 2026-11-02 is after to: 2026-11-01: put the earlier one first"},
		{changed(t, "    bills: {app: life}", "    bills: {app: life}\n    settlements: {app: life, match: [order_id]}"), "9:38: match: want keys with values, found a text"},
		{changed(t, "key: key", "key: ''"), "4:59: client_key: want a text on one line, without blanks around it, found an empty text"},
		{changed(t, "{app: life}", "{app: "+strings.Repeat("l", 99)+"}"), `8:18: app: want the name of an app: the apps are life, found a text of 99 characters`},
		{changed(t, "nightly:", `"../night":`), `6:3: jobs: want a name of letters, digits, _, - and ., found a text of 8 characters`},
		{changed(t, "nightly:", strings.Repeat("夜", maxName+1)+":"), `6:3: jobs: want a name of letters, digits, _, - and ., found a text of 65 characters`},
		{changed(t, "    bills: {app: life}", "    bills: {app: life}\n    dates: {from: -3d}"), `9:12: dates: key "to" is missing`},
		{changed(t, "bills: {app: life}", "bills: {app: live}"), `8:18: app: want the name of an app: did you mean "life"? the apps are life, found a text of 4 characters`},
		{changed(t, "bills: {app: life}", "bills: {app: life}\n    settlements:"), `9:17: settlements: want keys with values, found nothing`},
		{changed(t, "bills: {app: life}", "bills: {app: life}\n    settlements: {app: life, match: []}"), `9:37: match: want a list such as - order_id: shop_order_id, found an empty list`},
		{changed(t, "bills: {app: life}", "bills: {app: life}\n    settlements: {app: life, match: [order_id: shop_order_id, order_id: shop_order_id]}"), `9:63: match: order_id: shop_order_id is repeated`},
		{changed(t, "bills: {app: life}", "bills: {app: life}\n    settlements: {app: life, match: [order: shop_order_id]}"), `9:38: unknown key "order": did you mean "order_id"?`},
		{changed(t, "bills: {app: life}", "bills: {app: life}\n    columns: {code: Hash}"), `9:21: code: want one of keep, hash, drop, found a text of 4 characters`},
		{changed(t, "key: key", "key: $KEY"), `4:59: client_key: a "$" stands alone: write ${NAME} for a variable, and $$ for a dollar`},
	} {
		_, err := parse(t, c.text, nil, nil)
		if err == nil {
			t.Errorf("%q: no fault, want %s", c.text, c.want)
			continue
		}
		wantFaults(t, err, "jobs.yaml:"+c.want)
	}
}

// Aliases are refused: with them a small file could become a huge one.
func TestAliasesAreNotRead(t *testing.T) {
	t.Parallel()
	text := "x: &x [*x]\n" + strings.Replace(minimal, "client_key: key", "client_key: *x", 1)
	_, err := parse(t, text, nil, nil)
	wantFaults(t, err, `jobs.yaml:1:1: unknown key "x": the keys here are version, lake, apps, jobs`+"\n"+
		"jobs.yaml:5:59: client_key: aliases are not read: write the value out")
}

// A byte order mark, quotes and CRLF are accepted, and so are the longest name and a range whose
// order depends on today's date.
func TestTolerated(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("夜", maxName)
	text := "\ufeff" + strings.ReplaceAll(strings.Replace(minimal, "nightly", name, 1), "\n", "\r\n") + "    'dates': {from: 2026-11-01, to: \"-1d\"}\r\n"
	job := mustJob(t, mustParse(t, text, nil, nil), name)
	if got := job.Dates.From.String() + ".." + job.Dates.To.String(); got != "2026-11-01..-1d" {
		t.Errorf("dates %s", got)
	}
}
