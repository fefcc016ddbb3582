package walk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object/objecttest"
)

// failingArchive fails to store if it is told to.
type failingArchive struct {
	*archive.Archive
	fail error
}

func (f *failingArchive) Append(ctx context.Context, u schema.Unit, walk string, n int, answers []byte) error {
	return errors.Join(f.fail, f.Archive.Append(ctx, u, walk, n, answers))
}

func (f *failingArchive) Certify(ctx context.Context, c *schema.Certificate) error {
	return errors.Join(f.fail, f.Archive.Certify(ctx, c))
}

func newFailing() *failingArchive {
	return &failingArchive{Archive: archive.New(objecttest.NewMem())}
}

func recentUnit(n int) schema.Unit {
	return schema.Unit{Account: schema.Account{ID: schema.AccountID(fmt.Sprint(7000000000000000000 + n))}, Day: 20000}
}

// recentBill is a bill that is sound, or whose name is cut in the middle of a character: of that only
// the decoder can tell, and there is an exception.
func recentBill(u schema.Unit, id string, sound bool) string {
	name := "双人套餐"
	if !sound {
		name = name[:len(name)-1]
	}
	return fmt.Sprintf(`{"account_id":"%s","ledger_id":"%s","settle_type":1,"group_name":"%s","amount":{"pay":100},"new":[1]}`, u.Account.ID, id, name)
}

// storeWalk stores a walk of some pages of as many bills each, in batches of at most two.
func storeWalk(t *testing.T, to *Recent, u schema.Unit, walk string, pages, bills int) *schema.Certificate {
	t.Helper()
	c := &schema.Certificate{Account: u.Account, Day: u.Day, State: schema.Complete, Walk: walk}
	var data []byte
	for page := 1; page <= pages; page++ {
		var records []string
		for i := range bills {
			records = append(records, recentBill(u, fmt.Sprint(walk, page, i), i%7 != 1))
		}
		body := `{"data":{"has_more":false,"biz_type":3,"ledger_records":[` + strings.Join(records, ",") + `]},"extra":{"error_code":0}}`
		a, err := normalise.DecodeAnswer(schema.Answer{
			Account: u.Account.ID, Day: u.Day, Walk: walk, Page: page, Cursor: fmt.Sprint(page), LogID: "log" + walk,
			FetchedAt: time.UnixMicro(1_780_000_000_123_456 + int64(page)).UTC(), Body: []byte(body), SHA256: schema.HashOf([]byte(body)),
		})
		if err != nil {
			t.Fatal(err)
		}
		if data, err = to.Encode(data, a.Answer); err != nil {
			t.Fatal(err)
		}
		to.Remember(u, &a, (page+1)/2)
		a.Decoded.Release()
		if page%2 == 0 || page == pages {
			_ = to.Append(t.Context(), u, walk, (page+1)/2, data)
			data = data[:0]
		}
		c.Pages = append(c.Pages, schema.Link{Cursor: fmt.Sprint(page), SHA256: a.SHA256})
	}
	return c
}

// loaded is what was found of a walk.
type loaded struct {
	Bills      []schema.Bill
	Outcomes   []normalise.Outcomes
	Exceptions []normalise.RowException
}

func (l *loaded) add(rows *normalise.Rows) error {
	for _, e := range rows.Exceptions {
		e.Row += len(l.Bills)
		l.Exceptions = append(l.Exceptions, e)
	}
	for i := range rows.Bills.Rows {
		l.Bills = append(l.Bills, schema.Bill{})
		schema.Bills.LoadFrom(rows.Bills, i, &l.Bills[len(l.Bills)-1])
	}
	l.Outcomes = append(l.Outcomes, rows.Outcomes...)
	return nil
}

// archived returns what the archive has of a walk.
func archived(t *testing.T, r Reader, c *schema.Certificate) (all loaded) {
	t.Helper()
	for a, err := range Certified(t.Context(), r, c) {
		if err != nil {
			t.Fatal(err)
		}
		rows := normalise.NewRows()
		from := normalise.Provenance{Walk: c.Account.ID, Root: c.Account.Root, Day: c.Day, LogID: a.LogID, FetchedAt: a.FetchedAt, ArchiveKey: a.Key}
		if err := recentRows.AddPage(rows, a.Body, from); err != nil {
			t.Fatal(err)
		}
		_ = all.add(rows)
	}
	return all
}

var recentRows = normalise.Normaliser{Code: normalise.KeepCode}

func newRecent(below Archive, limit int) *Recent {
	return NewRecent(below, archive.New(objecttest.NewMem()).BatchKey, recentRows, limit)
}

// TestRecent: a certified walk is loaded from memory once, and is what the archive has, with its
// exceptions. Whatever may not be that is not loaded.
func TestRecent(t *testing.T) {
	t.Parallel()
	const first, second = "01K0000000000000000000000A", "01K0000000000000000000000B"
	failed := errors.New("it is full")
	u := recentUnit(1)
	sizer := newRecent(newFailing(), 1<<20)
	storeWalk(t, sizer, u, first, 5, 10)
	limit := sizer.bytes * 3 / 2 // of a walk and a half
	for name, c := range map[string]struct {
		do         func(r *Recent, below *failingArchive) *schema.Certificate
		remembered bool
	}{
		"certified": {func(r *Recent, _ *failingArchive) *schema.Certificate {
			return storeWalk(t, r, u, first, 5, 10)
		}, true},
		"the second walk": {func(r *Recent, _ *failingArchive) *schema.Certificate {
			storeWalk(t, r, u, second, 5, 10)
			return storeWalk(t, r, u, first, 5, 10)
		}, true},
		"under another name": {func(r *Recent, _ *failingArchive) *schema.Certificate {
			c := storeWalk(t, r, u, first, 5, 10)
			c.Account.Name = "店"
			return c
		}, true},
		"another walk is confirmed": {func(r *Recent, below *failingArchive) *schema.Certificate {
			c := storeWalk(t, newRecent(below, 0), u, second, 3, 10)
			storeWalk(t, r, u, first, 5, 10)
			return c
		}, false},
		"the certificate has fewer pages": {func(r *Recent, _ *failingArchive) *schema.Certificate {
			c := storeWalk(t, r, u, first, 5, 10)
			c.Pages = c.Pages[:4]
			return c
		}, false},
		"too large": {func(r *Recent, _ *failingArchive) *schema.Certificate {
			return storeWalk(t, r, u, first, 5, 30)
		}, false},
		"no room left": {func(r *Recent, _ *failingArchive) *schema.Certificate {
			storeWalk(t, r, recentUnit(2), first, 5, 10)
			return storeWalk(t, r, u, first, 5, 10)
		}, false},
		"room was made": {func(r *Recent, _ *failingArchive) *schema.Certificate {
			_, _ = r.Load(storeWalk(t, r, recentUnit(2), first, 5, 10), new(loaded).add)
			return storeWalk(t, r, u, first, 5, 10)
		}, true},
		"forgotten": {func(r *Recent, _ *failingArchive) *schema.Certificate {
			c := storeWalk(t, r, u, first, 5, 10)
			r.Forget(u)
			return c
		}, false},
		"not stored": {func(r *Recent, below *failingArchive) *schema.Certificate {
			below.fail = failed
			return storeWalk(t, r, u, first, 5, 10)
		}, false},
		"resumed": {func(r *Recent, below *failingArchive) *schema.Certificate {
			c := storeWalk(t, newRecent(below, 0), u, first, 2, 10)
			a := &normalise.PageAnswer{Answer: schema.Answer{Account: u.Account.ID, Day: u.Day, Walk: first, Page: 3}}
			r.Remember(u, a, 2)
			return c
		}, false},
	} {
		below := newFailing()
		r := newRecent(below, limit)
		certificate := c.do(r, below)
		_ = r.Certify(t.Context(), certificate)
		var got loaded
		if found, err := r.Load(certificate, got.add); found != c.remembered || err != nil {
			t.Errorf("%s: remembered is %v, %v", name, found, err)
		} else if want := archived(t, below, certificate); found && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		} else if found && len(got.Exceptions) == 0 {
			t.Errorf("%s: no exceptions", name)
		}
		if r.bytes != 0 && name != "no room left" || r.bytes > r.limit {
			t.Errorf("%s: %d bytes are still taken", name, r.bytes)
		}
		if found, _ := r.Load(certificate, got.add); found {
			t.Errorf("%s: it is remembered a second time", name)
		}
	}
}

// TestRecentChanged: bills are not loaded where the certificate is of other pages, and an error
// of who takes them is returned.
func TestRecentChanged(t *testing.T) {
	t.Parallel()
	r, u := newRecent(newFailing(), 1<<20), recentUnit(1)
	c := storeWalk(t, r, u, "01K", 3, 10)
	c.Pages[2].SHA256 = schema.HashOf(nil)
	if found, err := r.Load(c, new(loaded).add); found || err != nil || r.bytes != 0 {
		t.Errorf("found is %v, %v, %d bytes are still taken", found, err, r.bytes)
	}
	failed := errors.New("it is full")
	found, err := r.Load(storeWalk(t, r, u, "01L", 3, 10), func(*normalise.Rows) error { return failed })
	if !found || !errors.Is(err, failed) || r.bytes != 0 {
		t.Errorf("found is %v, %v, %d bytes are still taken", found, err, r.bytes)
	}
}

// threePages is a platform that has a bill on each of three pages.
type threePages struct{}

func (threePages) Bills(_ context.Context, u schema.Unit, cursor string, _ int) (normalise.PageAnswer, error) {
	body := fmt.Sprintf(`{"data":{"cursor":"%s1","has_more":%t,"ledger_records":[%s]},"extra":{"error_code":0}}`, cursor, len(cursor) < 3, recentBill(u, cursor, true))
	return normalise.DecodeAnswer(schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, FetchedAt: time.Now(), Body: []byte(body)})
}

// TestRecentWalks: of the walks of a unit the last one is remembered, and nothing where another
// run certified one before, which it will confirm.
func TestRecentWalks(t *testing.T) {
	t.Parallel()
	below, u := newFailing(), recentUnit(1)
	for _, again := range []bool{false, true} {
		r := newRecent(below, 1<<20)
		w := Walker{
			Config: Config{Source: threePages{}, PageSize: 50, Passes: 2}, Archive: r, Recent: r,
			RunID: "01K", Now: time.Now, Log: slog.New(slog.DiscardHandler), Progress: new(progress.Counter),
			IsCurrent: func(context.Context, schema.Unit, *schema.Certificate) (bool, error) { return false, nil },
		}
		c, err := w.Walk(t.Context(), u, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got loaded
		found, err := r.Load(c, got.add)
		if err != nil || found == again || (c.Confirmed != nil) != again || r.bytes != 0 {
			t.Fatalf("walked again is %v: found is %v, %v, confirmed is %v, %d bytes are still taken", again, found, err, c.Confirmed, r.bytes)
		}
		if want := archived(t, below, c); found && (!reflect.DeepEqual(got, want) || len(got.Bills) != 3) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// TestRecentAtRandom: in whatever order units are walked, certified, loaded and forgotten, what
// is loaded is what the archive has, and the limit holds.
func TestRecentAtRandom(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	below := newFailing()
	r := newRecent(below, 128<<10)
	walks := make(map[int]*schema.Certificate) // newest, by unit
	loads, remembered := 0, 0
	for n := range 1500 {
		i := random.IntN(6)
		u, c := recentUnit(i), walks[i]
		switch random.IntN(8) {
		case 0, 1, 2:
			walks[i] = storeWalk(t, r, u, fmt.Sprintf("01K%023d", n), 1+random.IntN(6), random.IntN(20))
		case 3:
			if c != nil {
				_ = r.Certify(t.Context(), c)
			}
		case 4:
			r.Forget(u)
		default:
			if c == nil {
				continue
			}
			var got loaded
			loads++
			found, err := r.Load(c, got.add)
			if err != nil {
				t.Fatal(err)
			}
			if !found {
				continue
			}
			remembered++
			if want := archived(t, below, c); !reflect.DeepEqual(got, want) {
				t.Fatalf("step %d: got %v, want %v", n, got, want)
			}
		}
		if r.bytes < 0 || r.bytes > r.limit {
			t.Fatalf("step %d: %d bytes", n, r.bytes)
		}
	}
	for i := range 6 {
		r.Forget(recentUnit(i))
	}
	if r.bytes != 0 || remembered < loads/10 || remembered > loads*9/10 {
		t.Errorf("%d bytes are still taken; %d of %d loads were of memory", r.bytes, remembered, loads)
	}
}
