package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"billwalk/pipeline"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/walk"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/lake"
	"billwalk/sinks/object/objecttest"
)

func TestMain(m *testing.M) {
	// The archive's compressor makes its channels when it is first used. Made in
	// one bubble of synctest, they could not be used in another.
	if _, err := archive.New(nil).Encode(nil, schema.Answer{Body: []byte("{}")}); err != nil {
		panic(err)
	}
	if err := archive.New(objecttest.NewMem()).AppendCallbacks(context.Background(), day, "01ARZ3NDEKTSV4RRFFQ6900000", nil); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

var (
	day    = mustDay("2026-11-20")
	brand  = schema.Account{ID: "7113893944009705516", Root: true, Name: "某某餐饮"}
	store  = schema.Account{ID: "7047437174853240835"}
	kiosk  = schema.Account{ID: "7000000000000000003"}
	mobile = schema.Account{ID: "7000000000000000004"}
)

func mustDay(text string) schema.Day {
	d, err := schema.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

func at(a schema.Account, d schema.Day) schema.Unit { return schema.Unit{Account: a, Day: d} }

// world is a platform, an archive in memory and a lake, over any number of runs.
type world struct {
	t        reporter
	platform *platform
	trade    *trade // nil where there is none
	rules    reconcile.Rules
	store    *objecttest.Mem
	archive  *archive.Archive
	lake     *shelf
	accounts []schema.Account
	buckets  int
	mu       sync.Mutex // runs may be made side by side
	runs     int
	received int           // callbacks
	ahead    time.Duration // of the clock: a world outside a bubble cannot sleep
}

// reporter is a test, a benchmark or a property.
type reporter interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Context() context.Context
}

func newWorld(t reporter, accounts ...schema.Account) *world {
	w := &world{t: t, platform: newPlatform(), store: objecttest.NewMem(), lake: newShelf(), accounts: accounts, buckets: 1}
	w.archive, w.platform.now = archive.New(w.store), w.now
	return w
}

func (w *world) now() time.Time { return time.Now().Add(w.ahead) }

// inBubble runs a test in a bubble of synctest: time passes only when all goroutines wait.
func inBubble(t *testing.T, accounts []schema.Account, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t, accounts...)) })
}

// set sets the records that the platform has of an account on the day.
func (w *world) set(a schema.Account, records ...string) { w.platform.set(at(a, day), records...) }

// do makes a run of the day, as the command line does, and stores its summary.
func (w *world) do(ctx context.Context, change ...func(*pipeline.Run)) (*pipeline.Summary, error) {
	w.t.Helper()
	w.mu.Lock()
	w.runs++
	id := fmt.Sprint("run-", w.runs)
	w.mu.Unlock()
	r := &pipeline.Run{
		ID: id, Job: "nightly", Accounts: w.accounts, From: day, To: day, Buckets: w.buckets,
		Walk:    walk.Config{Source: w.platform, PageSize: 10, Passes: 1},
		Archive: w.archive, Lake: w.lake, Rows: normalise.Normaliser{Code: normalise.KeepCode},
		Rules: w.rules, InFlight: 4, Now: w.now, Log: slog.New(slog.DiscardHandler), Progress: new(progress.Counter), PublishedDays: w.lake.days,
	}
	if w.trade != nil {
		r.Settle.Trade, r.Settle.InFlight = w.trade, 4
	}
	for _, c := range change {
		c(r)
	}
	s, err := r.Do(ctx)
	data, encodeErr := json.Marshal(s)
	if encodeErr != nil {
		w.t.Fatal(encodeErr)
	}
	w.lake.mu.Lock()
	defer w.lake.mu.Unlock()
	w.lake.summaries[r.ID] = data
	return s, err
}

// run makes a run that must end with the exit code.
func (w *world) run(exit int, change ...func(*pipeline.Run)) *pipeline.Summary {
	w.t.Helper()
	s, err := w.do(w.t.Context(), change...)
	if s.ExitCode != exit {
		w.t.Fatalf("exit %d (%v), want %d; failures %+v", s.ExitCode, err, exit, s.Failures)
	}
	w.checkGroupKeys()
	return s
}

// checkGroupKeys checks that each group that is published has the bills that name it, and their
// money, and that all bills that count name one.
func (w *world) checkGroupKeys() {
	w.t.Helper()
	type group struct {
		place   shelfPlace
		account schema.AccountID
		key     string
	}
	type sums struct {
		bills int64
		total schema.Fen
	}
	groups := make(map[group]sums)
	w.lake.mu.Lock() // another run may be at work
	defer w.lake.mu.Unlock()
	for at, p := range w.lake.partitions {
		for i := range p.bills {
			b := &p.bills[i]
			if b.GroupKey.Valid != b.Counts() {
				w.t.Fatalf("%s: bill %s has group_key %v, and counts: %t", at.day, b.LedgerID, b.GroupKey, b.Counts())
			}
			if b.Counts() {
				g := group{at, b.WalkAccountID, b.GroupKey.V}
				groups[g] = sums{groups[g].bills + 1, groups[g].total + b.Amounts[schema.LedgerTotal].V}
			}
		}
		for i := range p.reconciliation {
			r := &p.reconciliation[i]
			if r.BillRows == 0 {
				continue
			}
			g := group{at, r.WalkAccountID, r.GroupKey}
			if want := (sums{r.BillRows, r.Billed[schema.LegTotal].V + r.Refund.V + r.Other.V}); groups[g] != want {
				w.t.Fatalf("%s: group %s of %s has bills %v, and those that name it are %v", at.day, g.key, g.account, want, groups[g])
			}
			delete(groups, g)
		}
	}
	for g, bills := range groups {
		w.t.Fatalf("%s: bills %v of %s name group %s, which is not there", g.place.day, bills, g.account, g.key)
	}
}

func passes(n int) func(*pipeline.Run)         { return func(r *pipeline.Run) { r.Walk.Passes = n } }
func inFlight(n int) func(*pipeline.Run)       { return func(r *pipeline.Run) { r.InFlight = n } }
func lookback(n int) func(*pipeline.Run)       { return func(r *pipeline.Run) { r.Lookback = n } }
func allowShrink(r *pipeline.Run)              { r.Walk.AllowShrink = true }
func replay(r *pipeline.Run)                   { r.Walk.Source, r.Settle.Trade = nil, nil }
func pageSize(n int) func(*pipeline.Run)       { return func(r *pipeline.Run) { r.Walk.PageSize = n } }
func into(l pipeline.Lake) func(*pipeline.Run) { return func(r *pipeline.Run) { r.Lake = l } }
func deadline(d time.Duration) func(*pipeline.Run) {
	return func(r *pipeline.Run) { r.Deadline = d }
}

// published returns the ledger ids of the account's published bills of the day, one for
// each row.
func (w *world) published(a schema.Account) []string { return w.publishedOn(a, day) }

func (w *world) publishedOn(a schema.Account, d schema.Day) []string {
	var ids []string
	for _, b := range w.lake.bills(d) {
		if b.WalkAccountID == a.ID {
			ids = append(ids, b.LedgerID)
		}
	}
	return ids
}

// entry returns the manifest's entry of the account on the day.
func (w *world) entry(a schema.Account) schema.Entry {
	w.t.Helper()
	m := w.lake.manifest(day, a.ID.Bucket(w.buckets))
	if m == nil || m.Entry(a.ID) == nil {
		w.t.Fatalf("no manifest has account %s", a.ID)
	}
	return *m.Entry(a.ID)
}

// shelf is a lake in memory. It keeps rows as they were appended.
type shelf struct {
	mu         sync.Mutex
	partitions map[shelfPlace]*shelved
	summaries  map[string][]byte
	turns      map[shelfPlace]int                     // how often one was taken
	refuse     func(day schema.Day, bucket int) error // where set, is called before a publication
}

type shelfPlace struct {
	day    schema.Day
	bucket int
}

type shelved struct {
	manifest []byte

	bills          []schema.Bill
	settlements    []schema.Settlement
	reconciliation []schema.Reconciliation
	exceptions     []schema.Exception
	restatements   []schema.Restatement
}

// realLake is a lake with Parquet files.
type realLake struct{ *lake.Lake }

func (l realLake) Stage(base schema.Base) (pipeline.Stage, error) { return l.Lake.Stage(base) }

func newShelf() *shelf {
	return &shelf{partitions: make(map[shelfPlace]*shelved), summaries: make(map[string][]byte), turns: make(map[shelfPlace]int)}
}

// Base implements pipeline.Lake.
func (l *shelf) Base(_ context.Context, day schema.Day, bucket int) (schema.Base, error) {
	l.mu.Lock()
	turn := fmt.Sprint(l.turns[shelfPlace{day, bucket}])
	l.mu.Unlock()
	return schema.Base{Day: day, Bucket: bucket, Manifest: l.manifest(day, bucket), TurnETag: turn}, nil
}

// Manifest implements pipeline.Lake.
func (l *shelf) Manifest(_ context.Context, day schema.Day, bucket int) (*schema.Manifest, error) {
	return l.manifest(day, bucket), nil
}

func (l *shelf) manifest(day schema.Day, bucket int) *schema.Manifest {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.partitions[shelfPlace{day, bucket}]
	if p == nil {
		return nil
	}
	m := new(schema.Manifest)
	if err := json.Unmarshal(p.manifest, m); err != nil {
		panic(err)
	}
	return m
}

// Stage implements pipeline.Lake.
func (l *shelf) Stage(base schema.Base) (pipeline.Stage, error) {
	return &shelfStage{shelf: l, base: base, rows: new(shelved)}, nil
}

// Bills implements pipeline.Lake. All columns are read, whatever is asked for.
func (l *shelf) Bills(_ context.Context, day schema.Day, bucket int, _ ...string) iter.Seq2[*schema.Bill, error] {
	return each(l.at(day, bucket).bills)
}

// BillColumns implements pipeline.Lake.
func (l *shelf) BillColumns(context.Context, schema.Day, int) (names []string, err error) {
	for _, c := range schema.Bills.Columns() {
		names = append(names, c.Name)
	}
	return names, nil
}

// Settlements implements pipeline.Lake, likewise.
func (l *shelf) Settlements(_ context.Context, day schema.Day, bucket int, _ ...string) iter.Seq2[*schema.Settlement, error] {
	return each(l.at(day, bucket).settlements)
}

// Restatements implements pipeline.Lake.
func (l *shelf) Restatements(_ context.Context, day schema.Day, bucket int) iter.Seq2[*schema.Restatement, error] {
	return each(l.at(day, bucket).restatements)
}

// Rows implements pipeline.Lake. No test of this package publishes what it reads.
func (l *shelf) Rows(context.Context, schema.AnyTable, schema.Day, int, ...string) iter.Seq2[schema.Row, error] {
	return func(func(schema.Row, error) bool) {}
}

func (l *shelf) at(day schema.Day, bucket int) *shelved {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.partitions[shelfPlace{day, bucket}]; p != nil {
		return p
	}
	return new(shelved)
}

func each[R any](rows []R) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		for i := range rows {
			if row := rows[i]; !yield(&row, nil) {
				return
			}
		}
	}
}

// shelfStage is a partition that is not on the shelf yet.
type shelfStage struct {
	shelf  *shelf
	base   schema.Base
	rows   *shelved
	totals schema.Totals
}

func (s *shelfStage) AppendBatch(table schema.AnyTable, rows *schema.Batch) error {
	for i := range rows.Rows {
		row := table.NewRow()
		table.LoadRow(rows, i, row)
		if err := s.Append(row.(schema.Row)); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelfStage) Append(row schema.Row) error {
	switch row := row.(type) {
	case *schema.Bill:
		s.rows.bills = append(s.rows.bills, *row)
		return schema.Bills.Tally(&s.totals, row)
	case *schema.Settlement:
		s.rows.settlements = append(s.rows.settlements, *row)
	case *schema.Reconciliation:
		s.rows.reconciliation = append(s.rows.reconciliation, *row)
	case *schema.Exception:
		s.rows.exceptions = append(s.rows.exceptions, *row)
	case *schema.Restatement:
		s.rows.restatements = append(s.rows.restatements, *row)
	}
	return nil
}

func (s *shelfStage) Bills(...string) iter.Seq2[*schema.Bill, error] { return each(s.rows.bills) }

func (s *shelfStage) ReplaceGroupKeys(change func(rows *schema.Batch, keys *schema.Vector), columns ...string) error {
	all := schema.NewBatch(schema.Bills.Columns())
	for i := range s.rows.bills {
		schema.Bills.AppendTo(all, &s.rows.bills[i])
	}
	rows, keys := &schema.Batch{Rows: all.Rows}, schema.NewBatch(schema.Bills.Columns())
	for _, name := range columns {
		rows.Columns = append(rows.Columns, all.Columns[schema.Bills.ColumnIndex(name)])
	}
	at := schema.Bills.ColumnIndex("group_key")
	change(rows, &keys.Columns[at])
	for i := range s.rows.bills {
		s.rows.bills[i].GroupKey = schema.Null[string]{V: string(keys.Columns[at].TextAt(i)), Valid: !keys.Columns[at].IsNull(i)}
	}
	return nil
}

func (s *shelfStage) Finish(m *schema.Manifest) error {
	m.Version, m.Day, m.Bucket, m.Generation = schema.ManifestVersion, s.base.Day, s.base.Bucket, 1
	if s.base.Manifest != nil {
		m.Generation = s.base.Manifest.Generation + 1
	}
	m.Objects = []schema.Object{{
		Table: schema.Bills.Name, Day: s.base.Day, Bucket: s.base.Bucket, Rows: s.totals.Rows, Totals: s.totals,
		RowsSHA256: fmt.Sprint("of generation ", m.Generation),
	}}
	return nil
}

func (s *shelfStage) Same(context.Context) (bool, error) { return false, nil }

func (s *shelfStage) Publish(_ context.Context, m *schema.Manifest) (err error) {
	l := s.shelf
	if l.refuse != nil {
		if err := l.refuse(m.Day, m.Bucket); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := s.take(); err != nil {
		return err
	}
	if s.rows.manifest, err = json.Marshal(m); err != nil {
		return err
	}
	l.partitions[shelfPlace{m.Day, m.Bucket}] = s.rows
	return nil
}

func (s *shelfStage) Keep(context.Context) error {
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	return s.take()
}

// take takes the turn, as package lake does.
func (s *shelfStage) take() error {
	at := shelfPlace{s.base.Day, s.base.Bucket}
	if fmt.Sprint(s.shelf.turns[at]) != s.base.TurnETag {
		return schema.ErrSuperseded
	}
	s.shelf.turns[at]++
	return nil
}

func (s *shelfStage) Close() {}

// Summary implements pipeline.Lake.
func (l *shelf) Summary(_ context.Context, runID string) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.summaries[runID], nil
}

// bills returns the published bills of the day, bucket after bucket.
func (l *shelf) bills(day schema.Day) []schema.Bill {
	var bills []schema.Bill
	for _, p := range l.of(day) {
		bills = append(bills, p.bills...)
	}
	return bills
}

func (l *shelf) exceptions(day schema.Day) []schema.Exception {
	var exceptions []schema.Exception
	for _, p := range l.of(day) {
		exceptions = append(exceptions, p.exceptions...)
	}
	return exceptions
}

func (l *shelf) of(day schema.Day) []*shelved {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []*shelved
	for _, at := range slices.SortedFunc(maps.Keys(l.partitions), func(a, b shelfPlace) int { return a.bucket - b.bucket }) {
		if at.day == day {
			found = append(found, l.partitions[at])
		}
	}
	return found
}
