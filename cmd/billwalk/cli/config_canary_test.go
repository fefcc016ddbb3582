package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/jobs"
)

// misplaced is a credential in the wrong place: it holds letters and digits, as they do.
const misplaced = "HUNTER2x9QZ"

// everyKey is a file of jobs with every key, whose platform and store answer nothing.
const everyKey = `version: 1
lake: {url: "file:lake", endpoint: "http://127.0.0.1:1", region: us-east-1, path_style: true, buckets: 2}
apps:
  life:
    base_url: PLATFORM
    client_key: key
    client_secret: literal
    qps: 10
    timeout: 1s
    callbacks:
      public_keys: [platform.pem]
      legacy_token: a-token-of-24-characters
      app_ids: [tt1]
jobs:
  nightly:
    accounts:
      - {root_account_id: "7113893944009705516"}
      - {account_id: "7047437174853240835"}
    dates: {from: -2d, to: -1d}
    lookback: 7d
    bills: {app: life, page_size: 50, passes: 2}
    settlements: {app: life, match: [{order_id: item_order_id}], tolerance_fen: 1}
    columns: {code: hash, code_key: any}
  weekly:
    accounts: {file: accounts.csv}
    lookback: 7d
    bills: {app: life}
    settlements: {app: life, match: [{order_id: item_order_id}], tolerance_fen: 1}
`

// everyKeyOf is everyKey with a platform that refuses all calls at once.
func everyKeyOf(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return strings.Replace(everyKey, "PLATFORM", server.URL, 1)
}

// silentVerbs is how the verbs are called that read the file of jobs.
func silentVerbs(config string, outputs []string) [][]string {
	days := []string{"--from", "2026-10-30", "--to", "2026-10-30"}
	var calls [][]string
	for _, verb := range [][]string{
		append([]string{"run", "nightly", "--patience", "0s", "--deadline", "1s"}, days...), append([]string{"plan", "nightly"}, days...), append([]string{"verify", "nightly"}, days...),
		{"check"}, {"status", "nightly"}, {"receive", "--addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:none"},
	} {
		for _, output := range outputs {
			calls = append(calls, slices.Concat(verb, []string{"--config", config, "--output", output, "--verbose"}))
		}
	}
	return calls
}

// checkVerbs calls all verbs, and wants no secret in what they say. It returns how many
// said anything.
func checkVerbs(t *testing.T, what, config string, outputs []string, secrets ...string) (spoke int) {
	t.Helper()
	for _, args := range silentVerbs(config, outputs) {
		var out, log bytes.Buffer
		code := Main(args, &out, &log)
		if out.Len()+log.Len() > 0 {
			spoke++
		}
		billwalktest.CheckSilent(t, fmt.Sprintf("%s: %s %s, exit %d", what, args[0], args[len(args)-2], code), out.String()+log.String(), secrets)
	}
	return spoke
}

// fieldsOf calls visit with each value of a file of jobs, and the key that it has.
func fieldsOf(n *yaml.Node, key string, visit func(key string, value *yaml.Node)) {
	for i, child := range n.Content {
		switch {
		case n.Kind != yaml.MappingNode:
			fieldsOf(child, key, visit)
		case i%2 == 1:
			fieldsOf(child, n.Content[i-1].Value, visit)
		}
	}
	if n.Kind == yaml.ScalarNode {
		visit(key, n)
	}
}

// reaching are forms of values that a file of jobs may have, and whose errors come from
// the system, the network and the store.
var reaching = map[string][]string{
	"url":         {"file:/dev/null/%s", "file:%s\x00", "s3://%[1]s-bucket/x"},
	"endpoint":    {"http://127.0.0.1:1/%s"},
	"base_url":    {"http://127.0.0.1:1/%s"},
	"public_keys": {"/nowhere/%s/key.pem", "%s.pem"},
	"file":        {"/nowhere/%s.csv"},
}

// TestConfigCanaries plants a secret in every field of the file of jobs, as a literal, by
// a variable, and as a part of what the field is for. No verb repeats it.
func TestConfigCanaries(t *testing.T) {
	withoutCredentials(t)
	t.Setenv("PLANTED", misplaced)
	t.Setenv("PLANTED_LOWER", strings.ToLower(misplaced))
	t.Chdir(t.TempDir())
	billwalktest.Overwrite(t, "accounts.csv", []byte("account_id\n7047437174853240835\n"))
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(everyKeyOf(t)), &root); err != nil {
		t.Fatal(err)
	}
	billwalktest.Overwrite(t, "jobs.yaml", []byte(everyKeyOf(t)))
	if file, err := jobs.Load("jobs.yaml", os.LookupEnv); err != nil || file.Conflict("nightly") != nil {
		t.Fatalf("the file itself has faults: %v", err)
	}
	secrets := []string{misplaced, strings.ToLower(misplaced)}
	fieldsOf(&root, "", func(key string, n *yaml.Node) {
		values := []string{misplaced, "${PLANTED}", "{" + key + ":" + misplaced + "}"}
		for _, form := range reaching[key] {
			values = append(values, fmt.Sprintf(form, "${PLANTED}"))
			if key == "url" {
				values = append(values, fmt.Sprintf(form, "${PLANTED_LOWER}"))
			}
		}
		old := *n
		for _, value := range values {
			*n = yaml.Node{Kind: yaml.ScalarNode, Value: value}
			text, err := yaml.Marshal(&root)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(value, "{") { // as a slip of the pen, not as a text
				text = []byte(strings.Replace(string(text), "'"+value+"'", value, 1))
			}
			if key == "endpoint" || key == "region" {
				text = bytes.Replace(text, []byte("file:lake"), []byte("s3://catering/prod"), 1)
			}
			billwalktest.Overwrite(t, "jobs.yaml", text)
			if checkVerbs(t, key+": "+value, "jobs.yaml", []string{"text", "json"}, secrets...) == 0 {
				t.Errorf("%s: nothing was said", key)
			}
		}
		*n = old
	})
}

// TestEnvironmentCanaries plants a secret in every variable that the store's library
// reads, and wants it in no error.
func TestEnvironmentCanaries(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	billwalktest.Overwrite(t, "accounts.csv", []byte("account_id\n7047437174853240835\n"))
	config := filepath.Join(folder, "jobs.yaml")
	billwalktest.Overwrite(t, config, []byte(strings.Replace(everyKeyOf(t), "file:lake", "s3://catering/prod", 1)))
	output := []string{"text", "json"} // in turns, for a store that cannot be reached takes its time
	for i, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE",
		"AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_ENDPOINT_URL", "AWS_S3_USE_ARN_REGION", "AWS_USE_FIPS_ENDPOINT", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_DEFAULTS_MODE", "BILLWALK_CODE_KEY",
	} {
		t.Run(name, func(t *testing.T) {
			withoutCredentials(t)
			t.Setenv(name, misplaced)
			if checkVerbs(t, name, config, []string{output[i%2]}, misplaced) == 0 {
				t.Error("nothing was said")
			}
		})
	}
}

// withoutCredentials sets what keeps the store's library from asking elsewhere for
// credentials, and from trying again.
func withoutCredentials(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
}

// TestHiddenVariables: an address with a password may be a proxy's.
func TestHiddenVariables(t *testing.T) {
	t.Parallel()
	p := quiet(billwalktest.Now)
	p.hideEnvironment([]string{"https_proxy=http://user:" + misplaced + "@proxy.example:3128/", "AWS_SESSION_TOKEN=token-12345/+", "HOME=/data/somebody"})
	for text, want := range map[string]string{
		"proxyconnect tcp: lookup proxy.example: no such host": "proxyconnect tcp: lookup ${https_proxy}: no such host",
		"invalid password " + misplaced:                        "invalid password ${https_proxy}",
		`{"msg":"token-12345\/+"}`:                             `{"msg":"${AWS_SESSION_TOKEN}"}`,
		"open /data/somebody/x":                                "open /data/somebody/x",
	} {
		if got := p.hidden.Text(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
}
