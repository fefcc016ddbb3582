package truth

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/report"
)

// truthLake is a lake of what a platform knows, with one bucket.
type truthLake struct {
	*balanceTruth
	days []schema.Day
	root schema.AccountID // the one account that has all bills
}

func (l *truthLake) Base(context.Context, schema.Day, int) (base schema.Base, err error) {
	return base, nil
}

func (l *truthLake) PublishedDays(context.Context) ([]schema.Day, error) { return l.days, nil }

func (l *truthLake) Closings(context.Context) ([]schema.Closing, error) { return nil, nil }

func (l *truthLake) ResolutionStates(context.Context, func(schema.ResolutionKey) bool) (map[schema.ResolutionKey]schema.ResolutionNow, error) {
	return nil, nil
}

func (l *truthLake) Rows(_ context.Context, table schema.AnyTable, day schema.Day, _ int, _ ...string) iter.Seq2[schema.Row, error] {
	return func(yield func(schema.Row, error) bool) {
		for _, row := range l.rows(table.Describe().Name, day) {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func (l *truthLake) rows(table string, day schema.Day) (rows []schema.Row) {
	for _, s := range append(slices.Clone(l.states), l.again...) {
		if table == schema.Bills.Name && s.Day == day {
			b := &schema.Bill{AccountID: string(s.Account), WalkAccountID: l.root, LedgerID: s.LedgerID, SettleType: int32(s.SettleType)}
			b.SettleSubType = schema.Null[int32]{V: int32(s.SettleSubType), Valid: s.SettleSubType != 0}
			b.Amounts[schema.FundAmount] = schema.Null[schema.Fen]{V: schema.Fen(s.Fen), Valid: s.State != sandbox.BillNotWithdrawable}
			rows = append(rows, b)
		}
	}
	for _, w := range l.withdrawals {
		if w.Day != day {
			continue
		}
		if table == schema.Withdrawals.Name {
			rows = append(rows, &schema.Withdrawal{AccountID: string(w.Account), WithdrawID: w.ID, Amount: schema.Some(schema.Fen(w.Amount)), Verdict: schema.WithdrawVerdict(w.Verdict), LaunchTime: schema.Some(w.LaunchTime)})
		}
		for _, b := range w.Bills {
			row := &schema.WithdrawnBill{AccountID: string(w.Account), WithdrawID: w.ID, LedgerID: b.LedgerID, SettleType: schema.Some(int32(b.SettleType)), InBills: b.InBills}
			row.SettleSubType = schema.Null[int32]{V: int32(b.SettleSubType), Valid: b.SettleSubType != 0}
			if b.Payable != nil {
				row.FundAmount = schema.Some(schema.Fen(*b.Payable))
			}
			if b.InBills {
				row.BilledOn = schema.Some(b.Day.String())
			}
			switch listed := w.Verdict == "tied" || w.Verdict == "mismatched"; {
			case table == schema.WithdrawnBills.Name && listed:
				rows = append(rows, row)
			case table == schema.Exceptions.Name && listed && !b.InBills && !b.Before:
				rows = append(rows, &schema.Exception{Rule: schema.RuleWithdrawnNotInBills, LedgerID: schema.Some(b.LedgerID)})
			}
		}
	}
	return rows
}

// TestReportRollsForward: a report of some days has the roll-forward of each payee as the
// platform knows it, what waited on the days before included, and its parts add up, though some
// bills are published on two days.
func TestReportRollsForward(t *testing.T) {
	t.Parallel()
	breaks, err := sandbox.ParseBreaks("all")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(4) {
		first := billwalktest.FirstDay
		from, to := first+schema.Day(3*seed), first+11
		at := (to + 1).Start().Add(12 * time.Hour)
		p := sandbox.New(sandbox.Config{Seed: 500 + seed, Accounts: 8, Bills: 12, Withdrawals: true, Breaks: breaks, Now: func() time.Time { return at }})
		lake := &truthLake{balanceTruth: &balanceTruth{states: p.BillStates(p.Accounts(), first, to, at), withdrawals: p.Withdrawals(p.Accounts(), first, to, at)}, root: "7113893944009705516"}
		lake.repeat(to)
		for day := first; day <= to; day++ {
			lake.days = append(lake.days, day)
		}
		r, err := report.Load(t.Context(), lake, report.Options{Job: "nightly", Accounts: []schema.Account{{ID: lake.root, Root: true}}, From: from, To: to, Buckets: 1, Withdrawals: true})
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, b := range r.Withdrawals.Periods {
			got = append(got, fmt.Sprint(b.Period, " ", b.Account, b.Opening, b.In, b.Out, b.Withdrawn, b.Closing, b.BillsWithdrawn, b.BillsWaiting, b.BillsUnknown, b.Unexplained))
		}
		for _, b := range p.Balances(p.Accounts(), first, to, at) {
			if moved := b.In != 0 || b.Out != 0 || b.Withdrawn != 0 || b.BillsUnknown+b.BillsWaiting+b.BillsWithdrawn > 0; b.Day >= from && moved {
				want = append(want, fmt.Sprint(b.Day, " ", b.Account, b.Opening, b.In, b.Out, b.Withdrawn, b.Closing, b.BillsWithdrawn, b.BillsWaiting, b.BillsUnknown, b.Unexplained))
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("seed %d: the platform (-) and the report (+):\n%s", seed, diff)
		}
		checkBalances(t, r.Withdrawals)
	}
}

// checkBalances adds up what has to foot in a roll-forward.
func checkBalances(t *testing.T, w *report.Withdrawals) {
	t.Helper()
	var all report.PayeeBalance
	for _, a := range w.Accounts {
		waiting := schema.Fen(0)
		for i, band := range a.Waiting {
			waiting += band.Fen
			all.Waiting[i].Bills, all.Waiting[i].Fen = all.Waiting[i].Bills+band.Bills, all.Waiting[i].Fen+band.Fen
		}
		if a.Opening+a.In-a.Out-a.Withdrawn != a.Closing || a.Closing+a.UnexplainedSince != waiting {
			t.Errorf("account %s does not foot: %+v", a.Account, a)
		}
		last, moved := a.Opening, report.Balance{}
		for _, p := range w.Periods {
			if p.Account != a.Account {
				continue
			}
			if p.Opening != last || p.Opening+p.In-p.Out-p.Withdrawn != p.Closing {
				t.Errorf("%s of %s does not follow %d: %+v", p.Period, p.Account, last, p)
			}
			last = p.Closing
			moved.In, moved.Out, moved.Withdrawn = moved.In+p.In, moved.Out+p.Out, moved.Withdrawn+p.Withdrawn
		}
		if last != a.Closing || moved.In != a.In || moved.Out != a.Out || moved.Withdrawn != a.Withdrawn {
			t.Errorf("the days of %s are %+v, closing %d: %+v", a.Account, moved, last, a)
		}
		all.Opening, all.In, all.Out, all.Withdrawn, all.Closing = all.Opening+a.Opening, all.In+a.In, all.Out+a.Out, all.Withdrawn+a.Withdrawn, all.Closing+a.Closing
		all.Unexplained, all.UnexplainedSince = all.Unexplained+a.Unexplained, all.UnexplainedSince+a.UnexplainedSince
		all.BillsWithdrawn, all.BillsWaiting, all.BillsUnknown = all.BillsWithdrawn+a.BillsWithdrawn, all.BillsWaiting+a.BillsWaiting, all.BillsUnknown+a.BillsUnknown
	}
	if diff := cmp.Diff(all, w.Total); diff != "" {
		t.Errorf("the accounts (-) and the total (+):\n%s", diff)
	}
	paid, sums := schema.Fen(0), int64(0)
	for _, v := range w.Verdicts {
		sums += v.Count
		if v.Verdict.Paid() {
			paid += v.Amount
		}
	}
	if paid != w.Total.Withdrawn || sums != int64(len(w.List))+w.Left {
		t.Errorf("%d withdrawals of %d fen are not those of the total, %d, or of the list", sums, paid, w.Total.Withdrawn)
	}
}

// balances names the numbers of a roll-forward.
func (n numbers) balances(w *report.Withdrawals) {
	waiting := schema.Fen(0)
	for _, band := range w.Total.Waiting {
		waiting += band.Fen
	}
	n.named(int64(waiting), "waiting", "fen")
	for _, p := range w.Periods {
		for name, value := range map[string]int64{
			"opening": int64(p.Opening), "in": int64(p.In), "out": int64(p.Out), "withdrawn": int64(p.Withdrawn), "closing": int64(p.Closing), "unexplained": int64(p.Unexplained),
			"bills_withdrawn": p.BillsWithdrawn, "bills_waiting": p.BillsWaiting, "bills_unknown": p.BillsUnknown,
		} {
			n.named(value, "balance", p.Period, p.Account, name)
		}
	}
	for _, v := range w.Verdicts {
		at := "withdrawals/" + string(v.Verdict)
		n.named(v.Count, at, "count")
		n.named(int64(v.Amount), at, "amount")
		n.named(int64(v.Bills), at, "bills")
		n.named(int64(v.Diff), at, "diff")
	}
}

// withdrawalViews returns the views of withdrawals and of balances, and those that these need.
func withdrawalViews(lake billwalktest.Place) string {
	const first = "CREATE OR REPLACE VIEW stores AS"
	views := schema.DuckDB(lake.SQL, schema.Stores.Name)
	_, optional, _ := strings.Cut(views, first)
	optional, _, _ = strings.Cut(optional, "\n-- Matched groups")
	_, balances, _ := strings.Cut(views, "\n-- Accounts and days, from the manifests")
	balances, _, _ = strings.Cut(balances, "\n-- What people have noted")
	return first + optional + "\n--" + balances
}
