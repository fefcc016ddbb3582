package lake

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// amend replaces the withdrawals of a day by n rows, and its exceptions by one.
func amend(t *testing.T, l *Lake, base schema.Base, n int) error {
	t.Helper()
	s, err := l.Amend(base)
	if err != nil {
		return err
	}
	defer s.Close()
	m := *base.Manifest
	m.Withdrawals = &schema.WithdrawalsEntry{RunID: "run"}
	if err := s.Append(&schema.Exception{Rule: schema.RuleWithdrawnTwice, Severity: schema.SeverityError, Detail: "x"}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := s.Append(&schema.Withdrawal{AccountID: "1", WithdrawID: string(rune('1' + i)), Verdict: schema.Tied, FetchedAt: time.Unix(2, 0).UTC()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Finish(&m); err != nil {
		t.Fatal(err)
	}
	return s.Publish(t.Context(), &m)
}

// TestAmend: an amendment writes its tables and the manifest alone. The other objects stay the
// very same, and the day is whole: it is verified, amended again, and published as a whole.
func TestAmend(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l := open(t, store)
	if _, err := publish(t, l, baseOf(t, l), 3); err != nil {
		t.Fatal(err)
	}
	before := store.content(t)
	for n := range 3 {
		base := baseOf(t, l)
		store.puts = nil
		if err := amend(t, l, base, n); err != nil {
			t.Fatal(err)
		}
		for key, body := range store.content(t) {
			table, _, _ := strings.Cut(key, "/")
			amended := slices.Contains(schema.AmendedTables, table) || strings.HasPrefix(table, "_")
			if !amended && string(before[key]) != string(body) {
				t.Errorf("%s was replaced", key)
			}
		}
		if found, rows := proveAll(t, l); len(found) > 0 || rows != 3*4+1+1+n {
			t.Errorf("%d withdrawals: %d rows, %+v", n, rows, found)
		}
		if now := baseOf(t, l); now.Torn() || now.Generation() != base.Generation()+1 || now.Rows(schema.Withdrawals.Name) != int64(n) || now.Rows(schema.WithdrawnBills.Name) != 0 {
			t.Errorf("%d withdrawals: generation %d, torn %v", n, now.Generation(), now.Torn())
		}
		if err := amend(t, l, base, 1); !errors.Is(err, schema.ErrSuperseded) {
			t.Errorf("an amendment of the day as it was: %v", err)
		}
	}
	if _, err := publish(t, l, baseOf(t, l), 4); err != nil {
		t.Fatal(err)
	}
	if found, _ := proveAll(t, l); len(found) > 0 {
		t.Errorf("published as a whole: %+v", found)
	}
}

// TestCutAmendment: an amendment that is cut at any write is healed by the next one, or by a
// whole publication. A whole publication that is cut is not amended: what it kept could still
// be written.
func TestCutAmendment(t *testing.T) {
	t.Parallel()
	for _, landed := range []bool{false, true} {
		for n := range 5 {
			store := newRecording()
			l := open(t, store)
			if _, err := publish(t, l, baseOf(t, l), 3); err != nil {
				t.Fatal(err)
			}
			writes := 0
			base := baseOf(t, l)
			store.fault = func(op objecttest.Op, _ string) (bool, error) {
				if op == objecttest.OpPut {
					writes++
				}
				if writes <= n {
					return false, nil
				}
				return landed && op == objecttest.OpPut && writes == n+1, errCut
			}
			if err := amend(t, l, base, 1); !errors.Is(err, errCut) {
				t.Fatalf("cut at write %d: %v", n, err)
			}
			store.fault = nil
			if base := baseOf(t, l); !base.Amendable() {
				t.Fatalf("cut at write %d: the day cannot be amended", n)
			} else if err := amend(t, l, base, 2); err != nil {
				t.Fatalf("cut at write %d: %v", n, err)
			}
			if found, _ := proveAll(t, l); len(found) > 0 {
				t.Errorf("cut at write %d, amended again: %+v", n, found)
			}
			base = baseOf(t, l)
			store.fault = func(_ objecttest.Op, key string) (bool, error) {
				if strings.HasPrefix(key, "bills/") {
					return false, errCut
				}
				return false, nil
			}
			if _, err := publish(t, l, base, 4); !errors.Is(err, errCut) {
				t.Fatalf("the publication was not cut: %v", err)
			}
			store.fault = nil
			if err := amend(t, l, baseOf(t, l), 1); !errors.Is(err, schema.ErrUnfinished) {
				t.Errorf("a cut publication was amended: %v", err)
			}
		}
	}
}
