package truth

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
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

// verifying runs billwalk verify over a store.
func verifying(t testing.TB, config string, store object.Store, from, to schema.Day, args ...string) (billwalktest.Verification, int) {
	t.Helper()
	var out, log bytes.Buffer
	p := cli.Setup{Out: &out, Err: &log, Now: billwalktest.Now, Store: store}
	code := p.Main(t.Context(), append([]string{"--config", config, "--output", "json", "verify", "nightly", "--from", from.String(), "--to", to.String()}, args...)...)
	return billwalktest.VerificationOf(t, code, out.Bytes(), log.String())
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
func newProvenLake(t *testing.T, place billwalktest.Place, seed uint64, accounts, bills int) *provenLake {
	t.Helper()
	world := billwalktest.World(seed, bills)
	world.Accounts = accounts
	platform := billwalktest.Serve(t, world)
	j := billwalktest.Job{Lake: place, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 2000, Trade: 2000, Lookback: billwalktest.Lookback, Passes: 2, Buckets: 2}
	l := &provenLake{config: j.Write(t)}
	billwalktest.Run(t, l.config, "run", "nightly", "--from", verifyDay)
	billwalktest.CheckProven(t, l.config, billwalktest.MustDay(verifyDay), billwalktest.MustDay(verifyDay))
	var err error
	if l.store, err = object.Open(t.Context(), place.URL, place.Options); err != nil {
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
	v, code := verifying(t, l.config, store, billwalktest.MustDay(verifyDay), billwalktest.MustDay(verifyDay))
	named := slices.ContainsFunc(v.Findings, func(f schema.Finding) bool { return f.Key == key })
	if code != pipeline.ExitFailed || !named {
		t.Errorf("%s: exit %d, and %d findings without %s:\n%s", change, code, len(v.Findings), key, billwalktest.FindingLines(v.Findings))
	}
	for _, f := range v.Findings {
		if f.Got == "" || f.Fix == "" {
			t.Errorf("%s: a finding that does not say what is wrong, or what to do: %+v", change, f)
		}
	}
	if !slices.IsSortedFunc(v.Findings, schema.Finding.Compare) {
		t.Errorf("%s: findings out of order:\n%s", change, billwalktest.FindingLines(v.Findings))
	}
	return v.Findings
}

// TestVerifyFindsEveryFlip flips one bit of every object of a lake, one after the
// other, and drops some of each kind: verify finds all of it, and names the object. The store's
// metadata stays as it was: so does rot.
func TestVerifyFindsEveryFlip(t *testing.T) {
	s3 := objecttest.StartS3(t)
	for kind, place := range map[string]billwalktest.Place{"folder": billwalktest.FolderLake(t), "s3": billwalktest.BucketLake(s3, "flips")} {
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
		billwalktest.Job{Lake: billwalktest.FolderLake(t), QPS: 2000, Trade: 2000, Lookback: 3, Buckets: 3})
	var restated int64
	for today := billwalktest.FirstDay + 1; today <= billwalktest.FirstDay+4; today++ {
		first := func(w *cli.Job) {
			if today == billwalktest.FirstDay+1 {
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
	v, code := verifying(t, n.config, nil, billwalktest.FirstDay, billwalktest.FirstDay+3)
	if code != 0 || v.ProvenDays != 4 {
		t.Errorf("exit %d, %d days proven:\n%s", code, v.ProvenDays, billwalktest.FindingLines(v.Findings))
	}
	v, code = verifying(t, n.config, nil, billwalktest.FirstDay+3, billwalktest.FirstDay+4)
	if code != pipeline.ExitFailed || v.ProvenDays != 1 || len(v.Findings) == 0 || !strings.Contains(v.Findings[0].Got, "not published") {
		t.Errorf("a day that was never run: exit %d, %d days proven:\n%s", code, v.ProvenDays, billwalktest.FindingLines(v.Findings))
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
	return normalise.DecodeAnswer(schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, FetchedAt: billwalktest.Now().UTC(), Body: []byte(body)})
}

// TestVerifyOverlap: a root account and one of its stores are configured together,
// in one bucket or in two, and every bill is proven once.
func TestVerifyOverlap(t *testing.T) {
	t.Parallel()
	buckets := make(map[bool]bool) // that both shapes were there
	for n := range 6 {
		f := family{"7000000000000000000", schema.AccountID(fmt.Sprint(7_000_000_000_000_000_100 + n))}
		buckets[f.brand.Bucket(2) == f.store.Bucket(2)] = true
		j := billwalktest.Job{Lake: billwalktest.FolderLake(t), Platform: "http://127.0.0.1:1", QPS: 1, Buckets: 2, Accounts: []schema.Account{{ID: f.brand, Root: true}, {ID: f.store}}}
		config := j.Write(t)
		file, err := jobs.Load(config, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		w, err := cli.Setup{Now: billwalktest.Now}.Wire(t.Context(), file, "nightly", true)
		if err != nil {
			t.Fatal(err)
		}
		w.Run.Walk.Source, w.Run.From, w.Run.To, w.Run.Lookback = f, billwalktest.FirstDay, billwalktest.FirstDay, 0
		s, err := w.Run.Do(t.Context())
		w.Close()
		if err != nil || s.Rows["bills"] != 4 {
			t.Fatalf("%d bills, %v", s.Rows["bills"], err)
		}
		billwalktest.CheckProven(t, config, billwalktest.FirstDay, billwalktest.FirstDay)
	}
	if len(buckets) != 2 {
		t.Errorf("only one shape was tried: %v", buckets)
	}
}
