package truth

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/walk"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object"
)

// testdata/lake-2.tar.gz is a lake as the first version with created_by in its files
// leaves it after three nights: all five tables with rows, two buckets, bills that were
// restated, settle callbacks, settlements that no bill explains, and the folder store's
// own files. It is never made anew: later versions have to read it.
//
// A version whose forms are others keeps a lake of its own beside it, which this makes:
//
//	BILLWALK_KEEP_LAKE=cmd/billwalk/testdata/lake-3.tar.gz go test ./cmd/billwalk/truth -run '^TestKeepLake$'
const (
	keptLake     = "../testdata/lake-2.tar.gz"
	keepVariable = "BILLWALK_KEEP_LAKE"
)

// keptWorld is the platform of the kept lake, and keptJob its job.
var (
	keptWorld = sandbox.Config{Seed: 21, Accounts: 4, Bills: 6}
	keptJob   = billwalktest.Job{Buckets: 2, Lookback: 3, QPS: 5000, Trade: 5000}
)

// keptNights are the nights after those that the kept lake has seen, in a copy of it.
func keptNights(t *testing.T) *nights {
	t.Helper()
	j := keptJob
	j.Lake = billwalktest.FolderLake(t)
	unpack(t, keptLake, j.Lake.SQL)
	return newNights(t, keptWorld, j)
}

// TestKeptLake: a lake of an earlier version is read, shown, proven and replayed, and
// its bills and their history are what they were.
func TestKeptLake(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	n := keptNights(t)
	from, to := billwalktest.FirstDay.String(), (billwalktest.FirstDay + 2).String()
	rows := func() string {
		return billwalktest.DuckDBText(t, "-csv", schema.DuckDB(n.lake.SQL, schema.OptionalTables()...)+"SELECT "+earlierColumns("bills")+" FROM bills ORDER BY ALL; SELECT * FROM restatements ORDER BY ALL;")
	}
	before := rows()
	for _, verb := range []string{"status", "replay", "verify", "status"} {
		var out bytes.Buffer
		if code := cli.Main([]string{verb, "nightly", "--config", n.config, "--from", from, "--to", to}, &out, &out); code != pipeline.ExitDone {
			t.Errorf("%s: exit %d\n%s", verb, code, &out)
		}
	}
	if diff := cmp.Diff(before, rows()); diff != "" {
		t.Errorf("(-before +after):\n%.2000s", diff)
	}
	if n.run(billwalktest.FirstDay+4, nil); !strings.HasPrefix(rows(), before[:strings.Index(before, "\n"+(billwalktest.FirstDay+2).String())]) {
		t.Error("a night later the first days' bills are others")
	}
	billwalktest.CheckProven(t, n.config, billwalktest.FirstDay, billwalktest.FirstDay+3)
}

// TestKeepLake makes a lake to be kept, where one is asked for.
func TestKeepLake(t *testing.T) {
	path := os.Getenv(keepVariable)
	if path == "" {
		t.Skip("set " + keepVariable + " to the file that is to be made")
	}
	j := keptJob
	j.Lake = billwalktest.FolderLake(t)
	n := newNights(t, keptWorld, j)
	n.run(billwalktest.FirstDay+1, func(w *cli.Job) { w.Run.Walk.Source = fewerFen{w.Run.Walk.Source}; w.Run.Lookback = 0 })
	n.run(billwalktest.FirstDay+2, func(w *cli.Job) { w.Run.Lookback = 1 })
	keepCallbacks(t, n)
	n.run(billwalktest.FirstDay+3, func(w *cli.Job) { w.Run.Lookback = 2 })
	var rows strings.Builder
	for _, listed := range schema.Tables {
		table := listed.Describe()
		if table.Optional {
			continue
		}
		text := billwalktest.DuckDBText(t, "-list", fmt.Sprintf(".headers off\nSELECT count(*) FROM '%s/%s/*/*.parquet'", j.Lake.SQL, table.Name))
		if fmt.Fprint(&rows, table.Name, " ", text); strings.TrimSpace(text) == "0" {
			t.Errorf("there are no rows of %s", table.Name)
		}
	}
	t.Log(rows.String())
	pack(t, j.Lake.SQL, path)
}

// fewerFen is a platform that says of some bills that they are of one fen less.
type fewerFen struct{ walk.Source }

var goodsAmount = regexp.MustCompile(`"goods":([1-9]\d*)`)

func (f fewerFen) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	a, err := f.Source.Bills(ctx, u, cursor, size)
	if err != nil {
		return a, err
	}
	if at := goodsAmount.FindSubmatchIndex(a.Body); at != nil {
		last := at[3] - 1
		a.Body = bytes.Clone(a.Body)
		a.Body[last] = '0' + (a.Body[last]-'0'+9)%10
	}
	return normalise.DecodeAnswer(a.Answer)
}

// keepCallbacks archives callbacks that repeat what the query said, and one of a
// settlement that no bill explains.
func keepCallbacks(t *testing.T, n *nights) {
	t.Helper()
	store, err := object.Open(t.Context(), n.lake.URL, n.lake.Options)
	if err != nil {
		t.Fatal(err)
	}
	var told []schema.Callback
	received := (billwalktest.FirstDay + 2).Start().Add(9 * time.Hour)
	say := func(s *schema.Settlement) {
		c := toldAgain(t, s)
		c.ReceivedAt = received
		told = append(told, c)
	}
	some, fen := schema.Some[string], schema.Some[schema.Fen]
	for _, path := range billwalktest.Glob(t, n.lake.SQL+"/settlements/*/*.parquet") {
		for _, s := range billwalktest.RowsOf(t, schema.Settlements, map[string]*bytes.Reader{"settlements": bytes.NewReader([]byte(billwalktest.ReadFile(t, path)))}) {
			say(&s)
		}
	}
	say(&schema.Settlement{
		SettleID: "lone-1", OrderID: some("nobody's"), Status: schema.StatusSuccess, Amount: fen(1000), Rake: fen(60), Commission: fen(0),
		Detail: some("商户号1-分成金额(分)940"), SettleTime: schema.Some((billwalktest.FirstDay + 1).Start().Add(20 * time.Hour)),
	})
	a := archive.New(store)
	if err := a.AppendCallbacks(t.Context(), billwalktest.FirstDay+2, heardBatch, encodedCallbacks(t, a, told...)); err != nil {
		t.Fatal(err)
	}
}

// pack writes the folder's files into a .tar.gz, but for what names the process that
// made them.
func pack(t *testing.T, folder, path string) {
	t.Helper()
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(compressed)
	err = fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(name, "claims.json") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		_, err = archive.Write(data)
		return err
	})
	if err := errors.Join(err, archive.Close(), compressed.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// unpack writes the files of a .tar.gz into a folder.
func unpack(t *testing.T, path, folder string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	compressed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(compressed); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || !filepath.IsLocal(header.Name) {
			t.Fatalf("%s: %q, %v", path, header.Name, err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(folder, header.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeptLakePinned: pinned views of a lake of an earlier version have the rows of the plain ones, also when a day has been
// published anew; columns that files lack are NULL in their rows.
func TestKeptLakePinned(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	n := keptNights(t)
	check := func(newDays string) {
		t.Helper()
		var pinned, log bytes.Buffer
		if code := cli.Main([]string{"ddl", "duckdb", "--config", n.config, "--pinned"}, &pinned, &log); code != pipeline.ExitDone {
			t.Fatalf("exit %d: %s", code, &log)
		}
		if diff := cmp.Diff(allRows(t, schema.DuckDB(n.lake.SQL, schema.OptionalTables()...)), allRows(t, pinned.String())); diff != "" {
			t.Errorf("rows (-plain +pinned):\n%s", diff)
		}
		for _, table := range []string{"bills", "settlements"} {
			text, err := duckdb(pinned.String() + "SELECT count(*) > count(group_key), coalesce(string_agg(DISTINCT bill_date::VARCHAR) FILTER (group_key IS NOT NULL), '') FROM " + table + ";")
			if err != nil || text != "true|"+newDays+"\n" {
				t.Errorf("%s: rows with a column that was added later: %s, %v, want those of %q", table, text, err, newDays)
			}
		}
	}
	check("")
	day := (billwalktest.FirstDay + 1).String()
	var out bytes.Buffer
	if code := cli.Main([]string{"replay", "nightly", "--config", n.config, "--from", day, "--to", day}, &out, &out); code != pipeline.ExitDone {
		t.Fatalf("replay: exit %d\n%s", code, &out)
	}
	check(day)
}
