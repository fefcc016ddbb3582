package pipeline_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// accountIn finds an account of a bucket.
func accountIn(bucket, buckets int) schema.Account {
	for n := 7_000_000_000_000_000_000; ; n++ {
		if id := schema.AccountID(strconv.Itoa(n)); id.Bucket(buckets) == bucket {
			return schema.Account{ID: id}
		}
	}
}

// family returns a brand, one of its stores that is configured itself, in the bucket, and
// the bills that their walks find: two of the brand itself, three of a store that is not
// configured, and five of the one that is.
func family(bucket int) (root, own schema.Account, rootsOwn, others, shared []string) {
	root, own = accountIn(0, 4), accountIn(bucket, 4)
	if bucket == 0 {
		own.ID += "0"
		for own.ID.Bucket(4) != 0 {
			own.ID += "0"
		}
	}
	root.Root = true
	return root, own, records(root.ID, "root", 2), records("7999999999999999999", "other", 3), records(own.ID, "shared", 5)
}

// checkOnce checks that every ledger id is published once on the day.
func checkOnce(t *testing.T, w *world, want int) {
	t.Helper()
	seen := make(map[string]int)
	for _, b := range w.lake.bills(day) {
		seen[b.LedgerID]++
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("bill %s: got %d rows, want 1", id, n)
		}
	}
	if len(seen) != want {
		t.Errorf("got %d different bills, want %d", len(seen), want)
	}
}

// TestOverlap: a root account and one of its stores are configured together. Whatever their
// buckets are, each bill is published once, with the store's own walk, and the entry of the
// root counts those that it left out.
func TestOverlap(t *testing.T) {
	t.Parallel()
	for bucket := range 4 {
		t.Run(fmt.Sprint(bucket), func(t *testing.T) {
			t.Parallel()
			root, own, rootsOwn, others, shared := family(bucket)
			inBubble(t, []schema.Account{root, own}, func(t *testing.T, w *world) {
				w.buckets = 4
				w.set(root, slices.Concat(rootsOwn, others, shared)...)
				w.set(own, shared...)
				w.run(pipeline.ExitDone)
				checkOnce(t, w, 10)
				if len(w.published(root)) != 5 || len(w.published(own)) != 5 {
					t.Errorf("%d bills are the root's, %d the store's own; want 5 and 5", len(w.published(root)), len(w.published(own)))
				}
				e := w.entry(root)
				if bucket == 0 && e.Repeated != 5 || bucket != 0 && e.Elsewhere != 5 || e.Repeated+e.Elsewhere != 5 || e.Totals.Rows != 5 {
					t.Errorf("of the root %d rows, %d repeated, %d elsewhere", e.Totals.Rows, e.Repeated, e.Elsewhere)
				}
				if n := len(w.lake.exceptions(day)); n != 0 {
					t.Errorf("%d exceptions", n)
				}
				w.run(pipeline.ExitDone) // again, from what is published now
				checkOnce(t, w, 10)
			})
		})
	}
}

// TestOverlapWithoutTheStore: while the store itself cannot be walked, its bills are
// published with the walk of the root.
func TestOverlapWithoutTheStore(t *testing.T) {
	t.Parallel()
	for bucket := range 2 {
		for reach, exit := range map[schema.Reach]int{schema.ReachUnit: pipeline.ExitIncomplete, schema.ReachUnavailable: pipeline.ExitDone} {
			t.Run(fmt.Sprint(bucket, reach), func(t *testing.T) {
				t.Parallel()
				root, own, rootsOwn, others, shared := family(bucket)
				inBubble(t, []schema.Account{root, own}, func(t *testing.T, w *world) {
					w.buckets = 4
					w.set(root, slices.Concat(rootsOwn, others, shared)...)
					w.set(own, shared[:4]...)
					w.platform.strike = func(c call) (string, error) {
						if c.Account == own {
							return "", refuse(1, reach)
						}
						return "", nil
					}
					w.run(exit)
					checkOnce(t, w, 10)
					if len(w.published(root)) != 10 {
						t.Errorf("%d bills are the root's", len(w.published(root)))
					}
					// The store is walked, with one bill fewer; then it fails again.
					w.platform.strike = nil
					w.run(pipeline.ExitDone)
					checkOnce(t, w, 10)
					if len(w.published(root)) != 6 || len(w.published(own)) != 4 {
						t.Errorf("%d and %d bills, want 6 and 4", len(w.published(root)), len(w.published(own)))
					}
					w.platform.strike = func(c call) (string, error) {
						if c.Account == own {
							return "", refuse(1, schema.ReachUnit)
						}
						return "", nil
					}
					w.run(pipeline.ExitIncomplete)
					checkOnce(t, w, 10)
				})
			})
		}
	}
}

// TestOverlapInConflict: where the two walks have different content for a bill, both rows
// stay, with one exception.
func TestOverlapInConflict(t *testing.T) {
	t.Parallel()
	for bucket := range 4 {
		t.Run(fmt.Sprint(bucket), func(t *testing.T) {
			t.Parallel()
			root, own, _, _, shared := family(bucket)
			inBubble(t, []schema.Account{root, own}, func(t *testing.T, w *world) {
				w.buckets = 4
				w.set(root, slices.Concat(shared[:4], []string{record(own.ID, "shared-00004", 999)})...)
				w.set(own, shared...)
				s := w.run(pipeline.ExitDone)
				if s.Exceptions[schema.RuleDuplicateConflict] != 1 || len(w.published(root)) != 1 || len(w.published(own)) != 5 {
					t.Errorf("%v; %d and %d bills", s.Exceptions, len(w.published(root)), len(w.published(own)))
				}
				for _, b := range w.lake.bills(day) {
					if b.Counted != schema.Some(b.WalkAccountID == own.ID) {
						t.Errorf("bill %s of the walk of %s: counted %v", b.LedgerID, b.WalkAccountID, b.Counted)
					}
				}
				if e := w.entry(root); e.Totals.Rows != 1 || e.Totals.Sum("pay_fen") != (schema.Sum{}) && e.Totals.Sum("pay_fen") != (schema.Sum{Nulls: 1}) {
					t.Errorf("totals %+v of a walk whose only bill does not count", e.Totals)
				}
				exceptions := w.lake.exceptions(day)
				if len(exceptions) != 1 || exceptions[0].LedgerID.V != "shared-00004" || exceptions[0].Severity != schema.SeverityError {
					t.Errorf("exceptions %+v", exceptions)
				}
			})
		})
	}
}

// TestRepeatedAndConflicting: within a walk, records with the same content are one row, and
// are counted; records of one bill that differ are a row each.
func TestRepeatedAndConflicting(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		list := records(store.ID, "bill", 25)
		again := list[7]
		other, third := record(store.ID, "bill-00007", -1), record(store.ID, "bill-00007", -2)
		w.set(store, slices.Concat(list, []string{again, other, again, third, other}, list[20:])...)
		s := w.run(pipeline.ExitDone)
		e := w.entry(store)
		if e.Totals.Rows != 27 || e.Repeated != 8 || s.Repeated != 8 || s.Exceptions[schema.RuleDuplicateConflict] != 2 {
			t.Errorf("%d rows, %d repeated, exceptions %v; want 27, 8 and 2 conflicts", e.Totals.Rows, e.Repeated, s.Exceptions)
		}
		if c := e.Certificate; c.Rows != 35 || c.Bills != 27 {
			t.Errorf("the certificate says %d records and %d bills", c.Rows, c.Bills)
		}
		if s.Rows[schema.Bills.Name] != 27 {
			t.Errorf("the summary says %d bills", s.Rows[schema.Bills.Name])
		}
		var pay schema.Fen
		for _, b := range w.lake.bills(day) {
			if b.Counts() {
				pay += b.Amounts[schema.Pay].V
			} else if b.LedgerID != "bill-00007" || b.Amounts[schema.Pay].V == 107 {
				t.Errorf("bill %s of %d fen does not count", b.LedgerID, b.Amounts[schema.Pay].V)
			}
		}
		if want := schema.Fen(25*100 + 24*25/2); pay != want || e.Totals.Sum("pay_fen") != (schema.Sum{Fen: want}) {
			t.Errorf("%d fen count, in the totals %+v, want %d", pay, e.Totals.Sum("pay_fen"), want)
		}
	})
}

// TestOtherJobsStay: units that another job published in the same partition stay, stale
// and failed ones included.
func TestOtherJobsStay(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.set(store, records(store.ID, "bill", 12)...)
		w.set(kiosk, records(kiosk.ID, "bill", 25)...)
		w.platform.strike = func(c call) (string, error) {
			if c.Account == mobile {
				return "", refuse(5000001, schema.ReachUnit)
			}
			return "", nil
		}
		w.accounts = []schema.Account{store, mobile}
		w.run(pipeline.ExitIncomplete)
		before := []schema.Entry{w.entry(store), w.entry(mobile)}
		w.accounts = []schema.Account{kiosk}
		s := w.run(pipeline.ExitDone, func(r *pipeline.Run) { r.Job = "another" })
		if len(w.published(store)) != 12 || len(w.published(kiosk)) != 25 {
			t.Errorf("%d and %d bills", len(w.published(store)), len(w.published(kiosk)))
		}
		if diff := cmp.Diff(before, []schema.Entry{w.entry(store), w.entry(mobile)}); diff != "" {
			t.Errorf("the other job's units (-before +after):\n%s", diff)
		}
		if s.Units != (pipeline.UnitCounts{Complete: 1}) || len(s.Failures) != 0 {
			t.Errorf("got units of another job in the summary: %+v, %+v", s.Units, s.Failures)
		}
	})
}

// TestRowsAreSorted: whatever the order in which pages come, rows are sorted by unit,
// account and ledger id, and the units' totals are those of the rows.
func TestRowsAreSorted(t *testing.T) {
	t.Parallel()
	accounts := []schema.Account{brand, store, kiosk, mobile}
	inBubble(t, accounts, func(t *testing.T, w *world) {
		for _, a := range accounts {
			list := slices.Concat(records(a.ID, "b", 700), records(a.ID, "a", 700), records("1", string(a.ID), 9))
			slices.Reverse(list)
			w.set(a, list...)
		}
		w.run(pipeline.ExitDone, pageSize(50))
		bills := w.lake.bills(day)
		if len(bills) != 4*1409 || !slices.IsSortedFunc(bills, func(a, b schema.Bill) int {
			return slices.Compare([]string{string(a.WalkAccountID), a.AccountID, a.LedgerID}, []string{string(b.WalkAccountID), b.AccountID, b.LedgerID})
		}) {
			t.Errorf("%d bills, not in the order of unit, account and ledger id, or not 5636", len(bills))
		}
		for _, a := range accounts {
			var totals schema.Totals
			for i := range bills {
				if bills[i].WalkAccountID == a.ID {
					if err := schema.Bills.Tally(&totals, &bills[i]); err != nil {
						t.Fatal(err)
					}
				}
			}
			if diff := cmp.Diff(totals, w.entry(a).Totals); diff != "" {
				t.Errorf("account %s (-rows +manifest):\n%s", a.ID, diff)
			}
		}
	})
}
