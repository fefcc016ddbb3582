package billwalktest

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"billwalk/schema"
	"billwalk/sinks/parquet"
)

// Canaries of what answers hold, planted by the aviary in place of the platform's
// own texts and as long as those, so that nothing else changes. Those of config
// begin with "canary-".
const (
	CodeCanary  = "cnryC" // 券码: as good as money until it is used
	GroupCanary = "cnryG" // group_name
	ExtraCanary = "cnryX" // cp_extra

	RedactedToken = "[redacted access_token]" // where an answer repeats one

	NumberCanary = "31415926535" // a code that is a number, and no whole one
)

// Canaries are what no text may show that a person or a log collector sees.
var Canaries = []string{"canary-", CodeCanary, NumberCanary, GroupCanary, ExtraCanary}

// CanaryPlatform serves a platform, plants canaries in its answers, and notes its tokens.
type CanaryPlatform struct {
	Platform http.Handler
	URL      string

	mu     sync.Mutex
	tokens map[string]bool
}

func PlantCanaries(t testing.TB, platform http.Handler) *CanaryPlatform {
	a := &CanaryPlatform{Platform: platform, tokens: make(map[string]bool)}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

func (a *CanaryPlatform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Header.Del("Accept-Encoding") // answers are to be read
	a.Platform.ServeHTTP(planting{w, a}, r)
}

// planting is where a platform writes its answer.
type planting struct {
	http.ResponseWriter
	*CanaryPlatform
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
	canary := map[string]string{"code": CodeCanary, "group_name": GroupCanary, "cp_extra": ExtraCanary}[string(parts[1])]
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

// Secrets are all texts that no output may have, besides those of others.
func (a *CanaryPlatform) Secrets(others ...string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	tokens := slices.Collect(maps.Keys(a.tokens))
	for _, token := range tokens {
		tokens = append(tokens, Spelled(token))
	}
	return slices.Concat(Canaries, tokens, others)
}

// CheckSilent wants none of the secrets in a text.
func CheckSilent(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("%s shows %q: …%.200s", where, secret, text[max(0, at-100):])
		}
	}
}

// CheckStored looks for secrets in every object of the lake. Names and extras of
// the answers belong into the tables, codes into the archive of answers alone,
// credentials and tokens nowhere. It returns how many canaries it met where they
// belong, by kind.
func CheckStored(t *testing.T, folder string, secrets []string) map[string]int {
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
			data, allowed = unpacked(t, data), []string{CodeCanary, GroupCanary, ExtraCanary}
			if strings.Contains(filepath.ToSlash(name), "archive/unreadable/") { // as received: with what made it unreadable
				allowed = append(allowed, NumberCanary)
			}
		case ".parquet":
			data, allowed = TableText(t, name, path), []string{GroupCanary, ExtraCanary}
		}
		met[RedactedToken] += bytes.Count(data, []byte(RedactedToken))
		for _, canary := range allowed {
			met[canary] += bytes.Count(data, []byte(canary))
		}
		CheckSilent(t, name, string(data), slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return slices.Contains(allowed, s) }))
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

// TableText returns all rows of a published file as text.
func TableText(t *testing.T, name, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	folder, _, _ := strings.Cut(filepath.ToSlash(name), "/")
	table, ok := schema.TableByName(folder)
	if !ok {
		t.Fatalf("%s is of no table", name)
	}
	var text bytes.Buffer
	for row, err := range parquet.ReadRows(table, file) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%+v\n", reflect.ValueOf(row).Elem())
	}
	return text.Bytes()
}

// Spelled returns a text in JSON's code points.
func Spelled(text string) (escaped string) {
	for _, c := range []byte(text) {
		escaped += fmt.Sprintf(`\u%04x`, c)
	}
	return escaped
}

func Overwrite(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
