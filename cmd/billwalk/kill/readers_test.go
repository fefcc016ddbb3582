package kill

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

const readersAtOnce = 2

// publications are of two partitions, in turns.
func publications() int { return billwalktest.Often(40, 200) }

// TestReadersMeanwhile has DuckDB read the lake over and over while it is
// published many times. Each answer is of one generation of each file, whole, or
// there is an error; and none is older than the one before.
//
// On S3 DuckDB says that the file has changed. In a folder it
// opens a file once for the footer and again for the columns, and fails as if the
// file were damaged.
func TestReadersMeanwhile(t *testing.T) {
	billwalktest.RequireDuckDB(t)
	s3 := objecttest.StartS3(t)
	for name, place := range map[string]billwalktest.Place{"folder": billwalktest.FolderLake(t), "s3": billwalktest.BucketLake(s3, "readers")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			readMeanwhile(t, place)
		})
	}
}

func readMeanwhile(t *testing.T, place billwalktest.Place) {
	store, err := object.Open(t.Context(), place.URL, place.Options)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lake.Open(t.Context(), store, 2, "test")
	if err != nil {
		t.Fatal(err)
	}
	for bucket := range 2 { // so that there is something to read
		publishGeneration(t, l, bucket, 1)
	}
	answered, over := make(chan struct{}, 1), new(atomic.Bool)
	seen := make([]readings, readersAtOnce)
	var readers sync.WaitGroup
	for i := range seen {
		d := startDuckDB(t, place)
		readers.Go(func() { seen[i] = d.readUntil(t, over, answered) })
	}
	for n := 2; n < publications(); n++ {
		publishGeneration(t, l, n%2, n/2+1)
		select {
		case <-answered: // so that the readers keep pace
		case <-time.After(time.Minute):
			t.Error("the readers have stopped")
			n = publications()
		}
	}
	over.Store(true)
	readers.Wait()
	for _, r := range seen {
		t.Logf("%d answers of %d pairs of generations, %d errors: %v", r.answers, len(r.generations), r.failed, r.errors)
		if r.last != [2]int{publications() / 2, publications() / 2} {
			t.Errorf("the last answer is of generations %v, want the last that were published", r.last)
		}
		if len(r.generations) < publications()/10 {
			t.Errorf("answers of %d generations: too few to say anything", len(r.generations))
		}
	}
}

// rowsOfGeneration is how many bills a generation has: each has another number,
// and one has two row groups.
func rowsOfGeneration(generation int) int {
	if generation == 15 {
		return 66_000
	}
	return 1 + generation*7919%700
}

// publishGeneration replaces a bucket's bills by those of a generation, of which
// every row tells in several columns.
func publishGeneration(t *testing.T, l *lake.Lake, bucket, generation int) {
	t.Helper()
	base, err := l.Base(t.Context(), billwalktest.FirstDay, bucket)
	if err != nil {
		t.Fatal(err)
	}
	stage, err := l.Stage(base)
	if err != nil {
		t.Fatal(err)
	}
	defer stage.Close()
	name := schema.Some(fmt.Sprintf("generation %d", generation))
	for i := range rowsOfGeneration(generation) {
		b := schema.Bill{
			AccountID: "1", LedgerID: fmt.Sprintf("%d-%07d", bucket, i), WalkAccountID: "1", SettleType: 1,
			ShopOrderID: schema.Some(fmt.Sprintf("%d-%d", generation, i)), GroupName: name, LogID: name, FetchedAt: time.Unix(1, 0).UTC(), ArchiveKey: "k",
		}
		b.Amounts[schema.Pay], b.Amounts[schema.Goods] = schema.Some(schema.Fen(generation)), schema.Some(schema.Fen(generation*i))
		if err := stage.Append(&b); err != nil {
			t.Fatal(err)
		}
	}
	m := &schema.Manifest{RunID: "run", Job: "nightly"}
	if err := stage.Finish(m); err != nil {
		t.Fatal(err)
	}
	if err := stage.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// sighting is what a query says of one file. Numbers are text.
type sighting struct {
	File                                 string
	Rows, Ledgers, Orders, Pay, Goods    string
	Generation, Generations, Logs, Order string
}

// sightingOf is what a query says of a whole generation.
func sightingOf(file string, generation int) sighting {
	n := rowsOfGeneration(generation)
	return sighting{
		File: file, Rows: fmt.Sprint(n), Ledgers: fmt.Sprint(n), Orders: fmt.Sprint(n),
		Pay: fmt.Sprint(n * generation), Goods: fmt.Sprint(n * (n - 1) / 2 * generation),
		Generation: fmt.Sprintf("generation %d", generation), Generations: "1", Logs: "1", Order: fmt.Sprintf("%d-0", generation),
	}
}

const question = `SELECT parse_filename(filename, true) AS "File", count(*)::VARCHAR AS "Rows", count(DISTINCT ledger_id)::VARCHAR AS "Ledgers",
	count(DISTINCT shop_order_id)::VARCHAR AS "Orders", sum(pay_fen)::VARCHAR AS "Pay", sum(goods_fen)::VARCHAR AS "Goods",
	min(group_name) AS "Generation", count(DISTINCT group_name)::VARCHAR AS "Generations", count(DISTINCT logid)::VARCHAR AS "Logs",
	arg_min(shop_order_id, ledger_id) AS "Order"
	FROM read_parquet('%s/bills/*/*.parquet') GROUP BY ALL ORDER BY ALL;`

// readings are the answers that one reader got.
type readings struct {
	answers, failed int
	errors          map[string]int
	generations     map[[2]int]bool // by bucket
	last            [2]int
}

// readUntil asks until it is over, and once more. It reports each answer.
func (d *duckProcess) readUntil(t *testing.T, over *atomic.Bool, answered chan<- struct{}) readings {
	r := readings{errors: make(map[string]int), generations: make(map[[2]int]bool)}
	for last := false; !last; {
		last = over.Load()
		for !d.read(t, &r) {
			if t.Failed() {
				return r
			}
		}
		select {
		case answered <- struct{}{}:
		default:
		}
	}
	return r
}

// changedMeanwhile is how DuckDB says on S3 that a file was replaced under a query:
// by its ETag, or because the new one is shorter than what it asks for.
var changedMeanwhile = regexp.MustCompile(`the remote file has changed|416 Range Not Satisfiable`)

// read asks once, and is false for an error that is to be tried again.
func (d *duckProcess) read(t *testing.T, r *readings) bool {
	said := d.ask(t, d.question)
	if !strings.HasPrefix(said, "[") {
		r.failed++
		kind, _, _ := strings.Cut(said, `"`)
		r.errors[strings.TrimSpace(kind)]++
		if r.failed > publications() || d.remote && !changedMeanwhile.MatchString(said) {
			t.Errorf("error %d: %s", r.failed, said)
		}
		return false
	}
	var answers []sighting
	if err := json.Unmarshal([]byte(said), &answers); err != nil {
		t.Errorf("duckdb answered %.200s: %v", said, err)
		return false
	}
	r.answers++
	var now [2]int
	for i, a := range answers {
		if i >= len(now) {
			break
		}
		if _, err := fmt.Sscanf(a.Generation, "generation %d", &now[i]); err != nil || a != sightingOf(fmt.Sprintf("bucket-%03d", i), now[i]) {
			t.Errorf("an answer is of no generation: %+v, want %+v", a, sightingOf(a.File, now[i]))
		}
		if now[i] < r.last[i] {
			t.Errorf("%s went back from generation %d to %d", a.File, r.last[i], now[i])
		}
	}
	if len(answers) != len(now) {
		t.Errorf("answers of %d files: %+v", len(answers), answers)
	}
	r.last, r.generations[now] = now, true
	return true
}

// duckProcess is a DuckDB that stays open, as an analyst's does, with all that it
// keeps of files between queries.
type duckProcess struct {
	in       io.Writer
	out      *bufio.Reader // and its errors
	question string
	remote   bool // reads over s3://
}

func startDuckDB(t *testing.T, place billwalktest.Place) *duckProcess {
	t.Helper()
	cmd := exec.Command("duckdb", "-no-init", "-json")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // its exit code is that of the last error, which may be allowed
	})
	d := &duckProcess{in, bufio.NewReader(out), fmt.Sprintf(question, place.SQL), strings.HasPrefix(place.SQL, "s3://")}
	if said := d.ask(t, place.Prelude); !strings.HasPrefix(said, "[") && said != "" {
		t.Fatalf("duckdb: %s", said)
	}
	return d
}

// endOfAnswer follows each answer.
const endOfAnswer = "-- end"

// ask returns what DuckDB says to the SQL: rows as JSON, or an error.
func (d *duckProcess) ask(t *testing.T, sql string) string {
	if _, err := fmt.Fprintf(d.in, "%s\n.print '%s'\n", sql, endOfAnswer); err != nil {
		t.Errorf("duckdb has ended: %v", err)
	}
	var said strings.Builder
	for {
		line, err := d.out.ReadString('\n')
		if err != nil {
			t.Errorf("duckdb has ended: %v, %s", err, said.String())
			return ""
		}
		if strings.TrimSpace(line) == endOfAnswer {
			return strings.TrimSpace(said.String())
		}
		said.WriteString(line)
	}
}
