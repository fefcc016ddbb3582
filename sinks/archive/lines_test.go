package archive

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hostile are bodies of which every byte has to be kept: numbers beyond any type, escapes
// that a JSON library would write differently, white space, unusual order.
var hostile = []string{
	`{"ledger_id":68882720803499563550,"goods":9223372036854775807,"x":-0,"y":1.50,"z":1E400,"w":0.1e-999}`,
	`{"name":"\u4e2d\/文 \u003c\u0026 \ud83c\udf5c\b\f\u0000 \\n"}`,
	`{"z":1,"a":{"z":1,"a":2},"":""}`,
	`{ "spaced" :	[ 1 , 2 ] }`,
	"{\"separators\":\"\u2028\u2029\u0085\u00a0\ufeff\"}",
	`{"replacement":"` + "\ufffd\uffff\U0010ffff" + `"}`,
	`"a string"`, `12345678901234567890123456789`, `[]`, `null`, `{}`,
	`{"long":"` + strings.Repeat("餐", 1<<20) + `"}`,
}

func TestBodiesAreKeptByteForByte(t *testing.T) {
	t.Parallel()
	a := New(objecttest.NewMem())
	var written []schema.Answer
	for i, body := range hostile {
		written = append(written, page(walk1, i+1, body))
	}
	appendBatch(t, a, walk1, 1, written...)
	got, err := readAll(t, a, walk1)
	if err != nil || len(got) != len(hostile) {
		t.Fatalf("%d answers, %v, want %d", len(got), err, len(hostile))
	}
	for i, body := range hostile {
		if string(got[i].Body) != body {
			t.Errorf("written %.100s, read %.100s", body, got[i].Body)
		}
	}
}

// FuzzEncode: an answer that Encode accepts is read exactly as it was.
func FuzzEncode(f *testing.F) {
	for _, body := range hostile[:len(hostile)-1] {
		f.Add(body, "c1", "logid")
	}
	f.Add(" {}", "c", "l")
	f.Add("{}\t", "c", "l")
	f.Add(`{"a":1,"a":2}`, "\xff", "\x00")
	f.Add("{}}\n{}", `"`, "\n")
	f.Fuzz(func(t *testing.T, body, cursor, logID string) {
		a := New(objecttest.NewMem())
		if !jsontext.Value(body).IsValid() {
			return // a walk decodes the page before
		}
		want := page(walk1, 1, body)
		want.Cursor, want.LogID = cursor, logID
		data, err := a.Encode(nil, want)
		if err != nil {
			return
		}
		if err := a.Append(t.Context(), unit, walk1, 1, data); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(t, a, walk1)
		if err != nil || len(got) != 1 {
			t.Fatalf("%q is taken and read back as %d answers, %v", body, len(got), err)
		}
		if g := got[0]; string(g.Body) != body || g.Cursor != cursor || g.LogID != logID || !g.FetchedAt.Equal(want.FetchedAt) {
			t.Fatalf("%q at %q of %q is read back as %q at %q of %q", body, cursor, logID, g.Body, g.Cursor, g.LogID)
		}
	})
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"{\n}", "{}\n", "{\r}", "", " ", " {}", "{} ", "{}\t"} {
		if to, err := New(nil).Encode([]byte("x"), page(walk1, 1, body)); string(to) != "x" || err == nil || !strings.Contains(err.Error(), string(unit.Account.ID)) {
			t.Errorf("%q: %v, want an error that names the account", body, err)
		}
	}
}

// TestDamagedBatch: every damage of a batch is an error that names it, and never a shorter
// walk.
func TestDamagedBatch(t *testing.T) {
	t.Parallel()
	line := `{"account":"1","bill_date":"2026-11-20","walk":"w","page":1,"cursor":"0","fetched_at":"2026-11-21T04:00:00Z","logid":"l","body":{}}` + "\n"
	good := compress(t, []byte(line))
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 0x40
	for name, data := range map[string][]byte{
		"a flipped bit": flipped, "cut short": good[:len(good)-3], "not zstd": []byte(line), "rubbish after it": append(bytes.Clone(good), "rubbish"...),
		"no JSON": compress(t, []byte("x\n")), "no body": compress(t, []byte(strings.Replace(line, `,"body":{}`, "", 1))),
		"an empty line": compress(t, []byte("\n"+line)), "half a line": compress(t, []byte(line[:40])),
		"a repeated key":   compress(t, []byte(strings.Replace(line, `"page":1`, `"page":1,"page":2`, 1))),
		"no day":           compress(t, []byte(strings.Replace(line, "2026-11-20", "2026-11-31", 1))),
		"a line too long":  compress(t, []byte(strings.Replace(line, "{}", `"`+strings.Repeat("x", maxLine)+`"`, 1))),
		"a bomb":           compress(t, make([]byte, maxMemory+1)),
		"a streaming bomb": streamed(t, 256<<20),
		"a bomb of lines":  compress(t, bytes.Repeat([]byte("\n"), 32<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := objecttest.NewMem()
			put(t, store, New(nil).BatchKey(unit, walk1, 1), data)
			answers, err := readAll(t, New(store), walk1)
			if err == nil || !strings.Contains(err.Error(), New(nil).BatchKey(unit, walk1, 1)) {
				t.Errorf("%d answers, %v, want an error that names the object", len(answers), err)
			}
		})
	}
}

func compress(t testing.TB, data []byte) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	return encoder.EncodeAll(data, nil)
}

// streamed compresses a number of zeros into a frame without its size.
func streamed(t testing.TB, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range size / len(zeros) {
		if _, err := encoder.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// batchFile is a batch as a file, for other programs to read.
func batchFile(t *testing.T) string {
	t.Helper()
	a := New(objecttest.NewMem())
	path := filepath.Join(t.TempDir(), "batch.jsonl.zst")
	data := encode(t, a, page(walk1, 1, hostile[1]), page(walk1, 2, `{"data":{"ledger_records":[{"ledger_id":"9"}]}}`))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// command skips the test where the program is missing, unless it is required.
func command(t *testing.T, name, required string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if required != "" && os.Getenv(required) != "" {
		t.Fatalf("%s is set and there is no %s on the PATH", required, name)
	}
	t.Skipf("no %s on the PATH: what it reads is not checked", name)
}

func TestZstdcatReadsIt(t *testing.T) {
	t.Parallel()
	command(t, "zstdcat", "")
	out, err := exec.CommandContext(t.Context(), "zstdcat", batchFile(t)).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `,"body":`+hostile[1]+"}") {
		t.Fatalf("zstdcat prints %q", lines)
	}
	for _, line := range lines {
		var a schema.Answer // by another library than the one that reads it in earnest
		if err := json.Unmarshal([]byte(line), &a); err != nil || a.Day != unit.Day || a.Account != unit.Account.ID {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestDuckDBReadsIt(t *testing.T) {
	t.Parallel()
	command(t, "duckdb", "BILLWALK_REQUIRE_DUCKDB")
	sql := "SELECT account || ' ' || bill_date || ' ' || page || ' ' || logid || ' ' || strftime(fetched_at::TIMESTAMP, '%H:%M:%S') AS row " +
		"FROM read_json('" + batchFile(t) + "', columns = {account: 'VARCHAR', bill_date: 'DATE', page: 'INTEGER', logid: 'VARCHAR', fetched_at: 'VARCHAR', body: 'JSON'}) ORDER BY page"
	out, err := exec.CommandContext(t.Context(), "duckdb", "-no-init", "-bail", "-noheader", "-list", "-c", sql).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	first := page(walk1, 1, "{}").FetchedAt
	want := "7113893944009705516 2026-11-20 1 logid-1 " + first.Format(time.TimeOnly) + "\n7113893944009705516 2026-11-20 2 logid-2 " + first.Add(time.Second).Format(time.TimeOnly) + "\n"
	if string(out) != want {
		t.Errorf("DuckDB reads\n%swant\n%s", out, want)
	}
}
