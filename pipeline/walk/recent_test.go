package walk

import (
	"context"
	"errors"
	"fmt"
	"iter"
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

// countingArchive counts readings, and fails to store if it is told to.
type countingArchive struct {
	*archive.Archive
	read int
	fail error
}

func (c *countingArchive) Answers(ctx context.Context, u schema.Unit, walk string) iter.Seq2[schema.Answer, error] {
	c.read++
	return c.Archive.Answers(ctx, u, walk)
}

func (c *countingArchive) Append(ctx context.Context, u schema.Unit, walk string, n int, answers []byte) error {
	return errors.Join(c.fail, c.Archive.Append(ctx, u, walk, n, answers))
}

func (c *countingArchive) Certify(ctx context.Context, cert *schema.Certificate) error {
	return errors.Join(c.fail, c.Archive.Certify(ctx, cert))
}

func newCounting() *countingArchive {
	return &countingArchive{Archive: archive.New(objecttest.NewMem())}
}

func recentUnit(n int) schema.Unit {
	return schema.Unit{Account: schema.Account{ID: schema.AccountID(fmt.Sprint(7000000000000000000 + n))}, Day: 20000}
}

// storeWalk stores a walk of some pages of some bytes each, in batches of at most two.
func storeWalk(t *testing.T, to Archive, u schema.Unit, walk string, pages, size int) *schema.Certificate {
	t.Helper()
	c := &schema.Certificate{Account: u.Account, Day: u.Day, State: schema.Complete, Walk: walk}
	var data []byte
	for page := 1; page <= pages; page++ {
		body := fmt.Sprintf(`"%s %d %s"`, walk, page, strings.Repeat("x", size))
		var err error
		data, err = to.Encode(data, schema.Answer{
			Account: u.Account.ID, Day: u.Day, Walk: walk, Page: page, Cursor: fmt.Sprint(page), LogID: "log" + walk,
			FetchedAt: time.UnixMicro(1_780_000_000_123_456 + int64(page)).UTC(), Body: []byte(body),
		})
		if err != nil {
			t.Fatal(err)
		}
		if page%2 == 0 || page == pages {
			_ = to.Append(t.Context(), u, walk, (page+1)/2, data)
			data = data[:0]
		}
		c.Pages = append(c.Pages, schema.Link{Cursor: fmt.Sprint(page), SHA256: schema.HashOf([]byte(body))})
	}
	return c
}

func collect(t *testing.T, r Reader, u schema.Unit, walk string) (all []schema.Answer) {
	t.Helper()
	for a, err := range r.Answers(t.Context(), u, walk) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

// TestRecent: a certified walk is read from memory once, and is what the archive has.
// Whatever may not be that is read from the archive.
func TestRecent(t *testing.T) {
	t.Parallel()
	const first, second = "01K0000000000000000000000A", "01K0000000000000000000000B"
	failed := errors.New("it is full")
	u := recentUnit(1)
	for name, c := range map[string]struct {
		do         func(r *Recent, below *countingArchive)
		remembered bool
	}{
		"certified": {func(r *Recent, _ *countingArchive) {
			_ = r.Certify(t.Context(), storeWalk(t, r, u, first, 5, 100))
		}, true},
		"the second walk": {func(r *Recent, _ *countingArchive) {
			storeWalk(t, r, u, second, 5, 100)
			_ = r.Certify(t.Context(), storeWalk(t, r, u, first, 5, 100))
		}, true},
		"another walk is confirmed": {func(r *Recent, _ *countingArchive) {
			storeWalk(t, r, u, first, 5, 100)
			_ = r.Certify(t.Context(), storeWalk(t, r.Archive, u, second, 3, 100))
		}, false},
		"the certificate has fewer pages": {func(r *Recent, _ *countingArchive) {
			c := storeWalk(t, r, u, first, 5, 100)
			c.Pages = c.Pages[:4]
			_ = r.Certify(t.Context(), c)
		}, false},
		"too large": {func(r *Recent, _ *countingArchive) {
			_ = r.Certify(t.Context(), storeWalk(t, r, u, first, 5, 300))
		}, false},
		"no room left": {func(r *Recent, _ *countingArchive) {
			_ = r.Certify(t.Context(), storeWalk(t, r, recentUnit(2), first, 5, 150))
			_ = r.Certify(t.Context(), storeWalk(t, r, u, first, 5, 100))
		}, false},
		"room was made": {func(r *Recent, _ *countingArchive) {
			_ = r.Certify(t.Context(), storeWalk(t, r, recentUnit(2), first, 5, 150))
			collect(t, r, recentUnit(2), first)
			_ = r.Certify(t.Context(), storeWalk(t, r, u, first, 5, 100))
		}, true},
		"forgotten": {func(r *Recent, _ *countingArchive) {
			_ = r.Certify(t.Context(), storeWalk(t, r, u, first, 5, 100))
			r.Forget(u)
		}, false},
		"not stored": {func(r *Recent, below *countingArchive) {
			below.fail = failed
			storeWalk(t, r, u, first, 5, 100)
		}, false},
		"resumed": {func(r *Recent, below *countingArchive) {
			storeWalk(t, r.Archive, u, first, 2, 100)
			data, _ := r.Encode(nil, schema.Answer{Account: u.Account.ID, Day: u.Day, Walk: first, Page: 3, Body: []byte("3")})
			_ = r.Append(t.Context(), u, first, 2, data)
		}, false},
	} {
		below := newCounting()
		r := NewRecent(below, below.BatchKey, 1000)
		c.do(r, below)
		got := collect(t, r, u, first)
		if remembered := below.read == 0; remembered != c.remembered {
			t.Errorf("%s: remembered is %v", name, remembered)
		}
		if want := collect(t, below.Archive, u, first); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		if r.bytes != 0 && name != "no room left" || r.bytes > r.limit {
			t.Errorf("%s: %d bytes are still taken", name, r.bytes)
		}
		if again := collect(t, r, u, first); len(again) != len(got) {
			t.Errorf("%s: the second time there are %d answers, not %d", name, len(again), len(got))
		}
	}
}

// threePages is a platform that has a bill on each of three pages.
type threePages struct{}

func (threePages) Bills(_ context.Context, u schema.Unit, cursor string, _ int) (normalise.PageAnswer, error) {
	body := fmt.Sprintf(`{"data":{"cursor":"%s1","has_more":%t,"ledger_records":[{"account_id":"1","ledger_id":"%s","settle_type":1}]},"extra":{"error_code":0}}`, cursor, len(cursor) < 3, cursor)
	return normalise.DecodeAnswer(schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, FetchedAt: time.Now(), Body: []byte(body)})
}

// TestRecentCertified: a walk is certified, and its pages are read from memory, with the hashes
// of what they say, and then from the archive, where they are hashed again.
func TestRecentCertified(t *testing.T) {
	t.Parallel()
	below := newCounting()
	r := NewRecent(below, below.BatchKey, 1<<20)
	w := Walker{
		Config: Config{Source: threePages{}, PageSize: 50, Passes: 2}, Archive: r,
		RunID: "01K", Now: time.Now, Log: slog.New(slog.DiscardHandler), Progress: new(progress.Counter),
	}
	u := recentUnit(1)
	c, err := w.Walk(t.Context(), u, nil)
	if err != nil {
		t.Fatal(err)
	}
	for readings := range 2 {
		n := 0
		for a, err := range Certified(t.Context(), r, c) {
			if err != nil {
				t.Fatal(err)
			}
			if hash := schema.HashOf(a.Body); hash != c.Pages[n].SHA256 || a.SHA256 != "" && a.SHA256 != hash || (a.SHA256 == "") != (readings > 0) {
				t.Errorf("page %d has the hash %q; its body has %s", a.Page, a.SHA256, hash)
			}
			n++
		}
		if n != 3 || below.read != readings {
			t.Errorf("%d pages, and the archive was read %d times, want %d", n, below.read, readings)
		}
	}
}

// TestRecentAtRandom: in whatever order units are walked, certified, read and forgotten, what
// is read is what the archive has, and the limit holds.
func TestRecentAtRandom(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	below := newCounting()
	r := NewRecent(below, below.BatchKey, 2000)
	walks := make(map[int]*schema.Certificate) // newest, by unit
	readings, remembered := 0, 0
	for n := range 3000 {
		i := random.IntN(6)
		u, c := recentUnit(i), walks[i]
		switch random.IntN(8) {
		case 0, 1, 2:
			walks[i] = storeWalk(t, r, u, fmt.Sprintf("01K%023d", n), 1+random.IntN(6), random.IntN(200))
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
			below.read = 0
			got := collect(t, r, u, c.Walk)
			readings++
			remembered += 1 - below.read
			if want := collect(t, below.Archive, u, c.Walk); !reflect.DeepEqual(got, want) {
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
	if r.bytes != 0 || remembered < readings/10 || remembered > readings*9/10 {
		t.Errorf("%d bytes are still taken; %d of %d readings were of memory", r.bytes, remembered, readings)
	}
}
