package truth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/schema/sql"
)

// TestNotWithdrawn: the saved query names what a platform never pays, once later bills of the
// payee are withdrawn, and nothing else without the withdrawal that may have it. One of the
// platforms breaks nothing, one only this, and two have every break.
func TestNotWithdrawn(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	query, _ := sql.Saved("not_withdrawn", sql.Settings{})
	total := 0
	for seed, breaks := range []string{"", sandbox.NotWithdrawn, "all", "all"} {
		planted, err := sandbox.ParseBreaks(breaks)
		if err != nil {
			t.Fatal(err)
		}
		first := billwalktest.FirstDay
		last := first + 20
		at := (last + 1).Start().Add(12 * time.Hour)
		p := sandbox.New(sandbox.Config{Seed: 700 + uint64(seed), Accounts: 12, Bills: 12, Withdrawals: true, Breaks: planted, Now: func() time.Time { return at }})
		truth := balanceTruth{states: p.BillStates(p.Accounts(), first, last, at), withdrawals: p.Withdrawals(p.Accounts(), first, last, at)}
		paidTo := make(map[schema.AccountID]schema.Day)
		waits, left := make(map[payeeDay]int64), make(map[payeeDay]bool)
		for _, s := range truth.states {
			on := payeeDay{s.Account, s.Day}
			switch s.State {
			case sandbox.BillWithdrawn:
				paidTo[s.Account] = max(paidTo[s.Account], s.Day)
			case sandbox.BillWaiting:
				waits[on] += s.Fen
				left[on] = left[on] || s.NotWithdrawn
			}
		}
		named := make(map[payeeDay]bool)
		text := billwalktest.DuckDBText(t, "-csv", ".headers off\n"+truth.tables()+balanceViews()+";"+strings.TrimSuffix(strings.TrimSpace(query), ";")+";")
		for line := range strings.Lines(text) {
			f := strings.Split(strings.TrimSpace(line), ",")
			account, from, to := schema.AccountID(f[0]), billwalktest.MustDay(f[2]), billwalktest.MustDay(f[3])
			any := false
			for d := from; d <= to; d++ {
				named[payeeDay{account, d}] = true
				any = any || left[payeeDay{account, d}]
			}
			if maybe := f[7]; maybe == "NULL" && !any {
				t.Errorf("seed %d: %s is not planted", seed, line)
			} else if maybe == "NULL" {
				total++
			}
		}
		owes := make(map[schema.AccountID]bool) // a day's refunds may be more than what another was not paid
		for on, fen := range waits {
			owes[on.account] = owes[on.account] || fen < 0
		}
		for on := range left {
			if left[on] && !owes[on.account] && waits[on] > 0 && on.day < paidTo[on.account] && !named[on] {
				t.Errorf("seed %d: %v is never withdrawn, and is not named:\n%s", seed, on, text)
			}
		}
	}
	if total < 3 {
		t.Errorf("%d are named", total)
	}
}

type payeeDay struct {
	account schema.AccountID
	day     schema.Day
}

func (d payeeDay) String() string { return fmt.Sprint(d.account, " on ", d.day) }
