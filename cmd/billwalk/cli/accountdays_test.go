package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// accountDaysOf adds up the units of some accounts, each a list by day; a nil entry is of a
// unit that is not published.
func accountDaysOf(t *testing.T, r *pipeline.Run, units map[schema.AccountID][]*schema.Entry) *accountDays {
	t.Helper()
	a := newAccountDays(r)
	for _, account := range r.Accounts {
		row := accountRow{account: account, sums: make([]unitSum, len(a.spans))}
		for i, day := range r.Days() {
			m := new(schema.Manifest)
			if e := units[account.ID][i]; e != nil {
				e.Account = account
				m.Units = append(m.Units, *e)
			}
			if err := a.add(&row, day, m); err != nil {
				t.Fatal(err)
			}
		}
		a.accounts = append(a.accounts, row)
	}
	return a
}

func dayEntry(state schema.State, fen schema.Fen, nulls int64) *schema.Entry {
	return &schema.Entry{State: state, Totals: schema.Totals{Fen: map[string]schema.Sum{"ledger_total_fen": {Fen: fen, Nulls: nulls}}}}
}

// TestAccountDays: what is not there says so instead of 0.00, a day without bills is 0.00,
// and sums of which something is missing are marked, with a line that says what.
func TestAccountDays(t *testing.T) {
	t.Parallel()
	r := &pipeline.Run{Accounts: []schema.Account{{ID: "71", Name: "西安🍜面馆"}, {ID: "72", Name: "Café"}, {ID: "73"}}, From: 20_000, To: 20_001, Lookback: 2}
	stale := dayEntry(schema.Failed, 700, 0)
	stale.Stale = true
	a := accountDaysOf(t, r, map[schema.AccountID][]*schema.Entry{
		"71": {dayEntry(schema.Complete, 100, 0), dayEntry(schema.Complete, 20, 2), dayEntry(schema.Complete, 0, 0), dayEntry(schema.Unavailable, 0, 0)},
		"72": {dayEntry(schema.Failed, 0, 0), dayEntry(schema.Complete, -350, 0), dayEntry(schema.Failed, 0, 0), stale},
		"73": {nil, nil, nil, dayEntry(schema.Complete, 5, 0)},
	})
	var out strings.Builder
	if err := a.print(&out, false, false); err != nil {
		t.Fatal(err)
	}
	want := `to settle 应结算/元  name        10-02…10-03     10-04         10-05   total
71                   西安🍜面馆         1.20      0.00   unavailable    1.20*
72                   Café              -3.50*   failed          7.00*   3.50*
73                                   missing   missing          0.05    0.05*
total 合计           3 accounts        -2.30*     0.00*         7.05*   4.75*
* without account days: 2 failed, 1 unavailable, 3 not published, 1 failed with the bills of an earlier run; bills of unknown amount 金额不明: 2
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestManyAccounts: of many accounts those that lack something and the largest are shown,
// and the others in one line, so that the table foots.
func TestManyAccounts(t *testing.T) {
	t.Parallel()
	r := &pipeline.Run{From: 20_000, To: 20_000}
	units := make(map[schema.AccountID][]*schema.Entry)
	for i := range 30 {
		id := schema.AccountID(fmt.Sprint(100 + i))
		r.Accounts = append(r.Accounts, schema.Account{ID: id})
		units[id] = []*schema.Entry{dayEntry(schema.Complete, schema.Fen(i*100), 0)}
	}
	units["105"] = []*schema.Entry{dayEntry(schema.Failed, 0, 0)}
	a := accountDaysOf(t, r, units)
	for all, lines := range map[bool]int{false: 1 + maxAccounts + 2 + 1, true: 1 + 30 + 1 + 1} {
		var out strings.Builder
		if err := a.print(&out, all, false); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != lines {
			t.Errorf("all %t: %d lines, want %d:\n%s", all, n, lines, out.String())
		}
		if all {
			continue
		}
		text := strings.Split(out.String(), "\n")
		if !strings.HasPrefix(text[1], "105 ") || !strings.HasPrefix(text[2], "129 ") ||
			!strings.HasPrefix(text[1+maxAccounts], "10 more") || !strings.HasSuffix(text[1+maxAccounts], " 50.00") || !strings.HasSuffix(text[2+maxAccounts], " 430.00*") {
			t.Errorf("shown:\n%s", out.String())
		}
	}
}
