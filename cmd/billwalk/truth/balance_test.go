package truth

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/douyin/sandbox"
)

// TestBalancesAreTheTruth: of the tables that a lake has of a platform with every break, the
// views have each account's day and each bill's state as the platform knows them, though some
// bills are published on two days.
func TestBalancesAreTheTruth(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	breaks, err := sandbox.ParseBreaks("all")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			first := billwalktest.FirstDay
			last := first + 11
			at := (last + 1).Start().Add(12 * time.Hour)
			p := sandbox.New(sandbox.Config{Seed: 500 + seed, Accounts: 8, Bills: 12, Withdrawals: true, Breaks: breaks, Now: func() time.Time { return at }})
			truth := balanceTruth{states: p.BillStates(p.Accounts(), first, last, at), withdrawals: p.Withdrawals(p.Accounts(), first, last, at)}
			truth.repeat(last)
			got := strings.Fields(billwalktest.DuckDBText(t, "-csv", truth.tables()+balanceViews()+balanceQueries))
			want := append(truth.stateLines(), truth.balanceLines(p.Balances(p.Accounts(), first, last, at))...)
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the platform (-) and DuckDB (+):\n%s", diff)
			}
		})
	}
}
