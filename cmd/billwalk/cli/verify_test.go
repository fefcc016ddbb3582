package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/walk"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// overlay shows a store as it would be with other objects: what verify reads is
// changed, and what is stored stays.
type overlay struct {
	object.Store
	bodies map[string][]byte            // by key
	meta   map[string]map[string]string // of some of them
	gone   map[string]bool
}

// Get implements object.Store.
func (o overlay) Get(ctx context.Context, key string) (io.ReadCloser, object.Info, error) {
	if o.gone[key] {
		return nil, object.Info{}, fmt.Errorf("get %s: %w", key, object.ErrNotFound)
	}
	body, info, err := o.Store.Get(ctx, key)
	if changed, ok := o.bodies[key]; ok && err == nil {
		body.Close()
		body, info.Size = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
		if o.meta[key] != nil {
			info.Meta = o.meta[key]
		}
	}
	return body, info, err
}

// List implements object.Store.
func (o overlay) List(ctx context.Context, prefix string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		for info, err := range o.Store.List(ctx, prefix) {
			if (err != nil || !o.gone[info.Key]) && !yield(info, err) {
				return
			}
		}
	}
}

// Put fails the test's verify: it must do without.
func (overlay) Put(context.Context, string, io.ReadSeeker, object.Condition, map[string]string) (object.Info, error) {
	return object.Info{}, fmt.Errorf("this store is read-only")
}

// verification is what verify says, of which tests look at this.
type verification struct {
	ProvenDays int `json:"proven_days"`
	Units      int
	Bills      int64
	Objects    int
	Findings   []schema.Finding
}

// verifying runs billwalk verify over a store.
func verifying(t testing.TB, config string, store object.Store, from, to schema.Day) (verification, int) {
	t.Helper()
	var out, log bytes.Buffer
	p := Setup{Out: &out, Err: &log, Now: clock, Store: store}
	code := p.Main(t.Context(), "--config", config, "--output", "json", "verify", "nightly", "--from", from.String(), "--to", to.String())
	var v verification
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatalf("verify: exit %d, %v\n%s%s", code, err, out.String(), log.String())
	}
	return v, code
}

// checkProven wants all of the days proven, by the command as it is.
func checkProven(t testing.TB, config string, from, to schema.Day) {
	t.Helper()
	v, code := verifying(t, config, nil, from, to)
	if code != 0 || v.ProvenDays != int(to-from)+1 || v.Bills == 0 || v.Objects == 0 || len(v.Findings) > 0 {
		t.Errorf("exit %d, %d days proven, %d bills; %d findings:\n%s", code, v.ProvenDays, v.Bills, len(v.Findings), findingLines(v.Findings))
	}
}

func findingLines(findings []schema.Finding) string {
	var out strings.Builder
	for _, f := range findings[:min(len(findings), 20)] {
		fmt.Fprintf(&out, "%s: %s: want %q, got %q: %s\n", f.Key, f.Place, f.Want, f.Got, f.Fix)
	}
	return out.String()
}

// provenLake is a published day, and every object of it.
type provenLake struct {
	config string
	store  object.Store
	keys   []string
	bodies map[string][]byte
	metas  map[string]map[string]string
}

const verifyDay = "2026-11-01"

// newProvenLake publishes a day and reads all of its objects.
func newProvenLake(t *testing.T, place lakePlace, seed uint64, accounts, bills int) *provenLake {
	t.Helper()
	world := testWorld(seed, bills)
	world.Accounts = accounts
	platform := serve(t, world)
	j := job{lake: place, platform: platform.url, accounts: platform.Accounts(), qps: 2000, trade: 2000, lookback: window, passes: 2, buckets: 2}
	l := &provenLake{config: j.write(t)}
	billwalk(t, l.config, "run", "nightly", "--from", verifyDay)
	checkProven(t, l.config, mustDay(verifyDay), mustDay(verifyDay))
	var err error
	if l.store, err = object.Open(t.Context(), place.url, place.options); err != nil {
		t.Fatal(err)
	}
	l.read(t)
	return l
}

// read reads every object of the lake, but for what runs said of themselves: that
// proves nothing.
func (l *provenLake) read(t *testing.T) {
	t.Helper()
	l.keys, l.bodies, l.metas = nil, make(map[string][]byte), make(map[string]map[string]string)
	for info, err := range l.store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(info.Key, "runs/") || strings.HasPrefix(info.Key, "_control/") {
			continue
		}
		body, info, err := object.ReadAll(t.Context(), l.store, info.Key)
		if err != nil {
			t.Fatal(err)
		}
		l.keys, l.bodies[info.Key], l.metas[info.Key] = append(l.keys, info.Key), body, info.Meta
	}
}

// shelfOf is what kind of object a key is of.
func shelfOf(key string) string {
	kind, rest, _ := strings.Cut(key, "/")
	if kind == "archive" {
		what, _, _ := strings.Cut(rest, "/")
		return kind + "/" + what + key[strings.LastIndexByte(key, '.'):]
	}
	return kind
}

// mustFind wants verify over the changed store to name the key.
func (l *provenLake) mustFind(t *testing.T, change string, store overlay, key string) []schema.Finding {
	t.Helper()
	store.Store = l.store
	v, code := verifying(t, l.config, store, mustDay(verifyDay), mustDay(verifyDay))
	named := slices.ContainsFunc(v.Findings, func(f schema.Finding) bool { return f.Key == key })
	if code != pipeline.ExitFailed || !named {
		t.Errorf("%s: exit %d, and %d findings without %s:\n%s", change, code, len(v.Findings), key, findingLines(v.Findings))
	}
	for _, f := range v.Findings {
		if f.Got == "" || f.Fix == "" {
			t.Errorf("%s: a finding that does not say what is wrong, or what to do: %+v", change, f)
		}
	}
	if !slices.IsSortedFunc(v.Findings, schema.Finding.Compare) {
		t.Errorf("%s: findings out of order:\n%s", change, findingLines(v.Findings))
	}
	return v.Findings
}

// TestVerifyFindsEveryFlip flips one bit of every object of a lake, one after the
// other, and drops some of each kind: verify finds all of it, and names the object. The store's
// metadata stays as it was: so does rot.
func TestVerifyFindsEveryFlip(t *testing.T) {
	s3 := objecttest.StartS3(t)
	for kind, place := range map[string]lakePlace{"folder": folderLake(t), "s3": bucketLake(s3, "flips")} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			l := newProvenLake(t, place, 7, 4, 12)
			random := rand.New(rand.NewPCG(7, uint64(len(kind))))
			seen := make(map[string]int)
			for _, key := range l.keys {
				seen[shelfOf(key)]++
				if kind == "s3" && seen[shelfOf(key)] > 2 {
					continue // the same code, over a slower store
				}
				body := bytes.Clone(l.bodies[key])
				at, bit := random.IntN(len(body)), random.IntN(8)
				body[at] ^= 1 << bit
				l.mustFind(t, fmt.Sprintf("bit %d of byte %d of %s", bit, at, key), overlay{bodies: map[string][]byte{key: body}}, key)
				if shelf := shelfOf(key); seen[shelf] <= 2 && shelf != "archive/settlements.json" { // a pass that was cut has none
					l.mustFind(t, "dropped "+key, overlay{gone: map[string]bool{key: true}}, key)
				}
			}
			want := []string{
				"_manifests", "archive/bills.json", "archive/bills.zst", "archive/settlements.json", "archive/settlements.zst",
				"bills", "exceptions", "reconciliation", "restatements", "settlements",
			}
			if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
				t.Errorf("the lake has objects of %v, want %v", got, want)
			}
		})
	}
}

// wordy is a platform that has more words for a bill than it has later.
type wordy struct{ walk.Source }

// Bills implements walk.Source.
func (w wordy) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	a, err := w.Source.Bills(ctx, u, cursor, size)
	if err != nil {
		return a, err
	}
	a.Body = bytes.ReplaceAll(a.Body, []byte(`"settle_type_desc":"`), []byte(`"settle_type_desc":"的确是`))
	return normalise.DecodeAnswer(a.Answer)
}

// TestVerifyAfterRestatements: nights that look again, restate, and confirm leave
// days that are proven.
func TestVerifyAfterRestatements(t *testing.T) {
	t.Parallel()
	n := newNights(t, sandbox.Config{Seed: 9, Accounts: 8, Bills: 40, Healthy: true},
		job{lake: folderLake(t), qps: 2000, trade: 2000, lookback: 3, buckets: 3})
	var restated int64
	for today := firstDay + 1; today <= firstDay+4; today++ {
		first := func(w *Job) {
			if today == firstDay+1 {
				w.Run.Walk.Source = wordy{w.Run.Walk.Source}
			}
		}
		for _, bills := range n.run(today, first).Restated {
			restated += bills
		}
	}
	if restated == 0 {
		t.Error("nothing was restated: the days are what one walk found")
	}
	v, code := verifying(t, n.config, nil, firstDay, firstDay+3)
	if code != 0 || v.ProvenDays != 4 {
		t.Errorf("exit %d, %d days proven:\n%s", code, v.ProvenDays, findingLines(v.Findings))
	}
	v, code = verifying(t, n.config, nil, firstDay+3, firstDay+4)
	if code != pipeline.ExitFailed || v.ProvenDays != 1 || len(v.Findings) == 0 || !strings.Contains(v.Findings[0].Got, "not published") {
		t.Errorf("a day that was never run: exit %d, %d days proven:\n%s", code, v.ProvenDays, findingLines(v.Findings))
	}
}

// family is a brand that finds, beside its own bill, all the bills of one of its
// stores, which is configured itself: one of them twice.
type family struct{ brand, store schema.AccountID }

// Bills implements walk.Source.
func (f family) Bills(_ context.Context, u schema.Unit, cursor string, _ int) (normalise.PageAnswer, error) {
	record := func(account schema.AccountID, n int) string {
		return fmt.Sprintf(`{"account_id":%q,"ledger_id":"%s-%d","shop_order_id":"order-%d","settle_type":1,"amount":{"pay":%d,"ledger_total":%d}}`, account, account, n, n, 100*n, 100*n)
	}
	records := []string{record(f.store, 1), record(f.store, 2), record(f.store, 2), record(f.store, 3)}
	if u.Account.ID == f.brand {
		records = append(records, record(f.brand, 4))
	}
	body := `{"data":{"cursor":"","has_more":false,"ledger_records":[` + strings.Join(records, ",") + `]},"extra":{"error_code":0}}`
	return normalise.DecodeAnswer(schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, FetchedAt: clock().UTC(), Body: []byte(body)})
}

// TestVerifyOverlap: a root account and one of its stores are configured together,
// in one bucket or in two, and every bill is proven once.
func TestVerifyOverlap(t *testing.T) {
	t.Parallel()
	buckets := make(map[bool]bool) // that both shapes were there
	for n := range 6 {
		f := family{"7000000000000000000", schema.AccountID(fmt.Sprint(7_000_000_000_000_000_100 + n))}
		buckets[f.brand.Bucket(2) == f.store.Bucket(2)] = true
		j := job{lake: folderLake(t), platform: "http://127.0.0.1:1", qps: 1, buckets: 2, accounts: []schema.Account{{ID: f.brand, Root: true}, {ID: f.store}}}
		config := j.write(t)
		file, err := jobs.Load(config, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		w, err := Setup{Now: clock}.Wire(t.Context(), file, "nightly", true)
		if err != nil {
			t.Fatal(err)
		}
		w.Run.Walk.Source, w.Run.From, w.Run.To, w.Run.Lookback = f, firstDay, firstDay, 0
		s, err := w.Run.Do(t.Context())
		w.Close()
		if err != nil || s.Rows["bills"] != 4 {
			t.Fatalf("%d bills, %v", s.Rows["bills"], err)
		}
		checkProven(t, config, firstDay, firstDay)
	}
	if len(buckets) != 2 {
		t.Errorf("only one shape was tried: %v", buckets)
	}
}
