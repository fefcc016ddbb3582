package withdraw_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/walk"
	"billwalk/pipeline/withdraw"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object/objecttest"
)

const payee = "7047437174853240835"

// platform answers by page: of the list under "", of the bills of a withdrawal under its id.
type platform struct {
	pages map[string][]string
	fails map[string]error // by list, of every call
	calls []string
}

func (p *platform) page(list, records string, u schema.Unit, cursor string) (normalise.PageAnswer, error) {
	p.calls = append(p.calls, list+" at "+cursor)
	if err := p.fails[list]; err != nil {
		return normalise.PageAnswer{}, err
	}
	n := 0
	_, _ = fmt.Sscan(cursor, &n)
	more := n+1 < len(p.pages[list])
	body := fmt.Sprintf(`{"data":{"cursor":"%d","has_more":%v,%q:[%s]},"extra":{"error_code":0,"logid":"L"}}`, n+1, more, records, p.pages[list][n])
	a := schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, FetchedAt: time.Unix(1795140000, 0).UTC(), LogID: "L", Body: []byte(body)}
	if records == "ledger_records" {
		return normalise.DecodeAnswer(a)
	}
	return normalise.DecodeWithdrawalsAnswer(a)
}

func (p *platform) Withdrawals(_ context.Context, u schema.Unit, cursor string, _ int) (normalise.PageAnswer, error) {
	return p.page("", "bill_withdraw_records", u, cursor)
}

func (p *platform) WithdrawnBills(_ context.Context, u schema.Unit, withdrawID, cursor string, _ int) (normalise.PageAnswer, error) {
	return p.page(withdrawID, "ledger_records", u, cursor)
}

// byHand is the platform's refusal of a withdrawal's bills.
type byHand struct{}

func (byHand) Error() string { return "withdrawn by hand" }
func (byHand) Failure() schema.Failure {
	return schema.Failure{Code: 6000001, Reason: "withdrawn by hand", Reach: schema.ReachUnavailable}
}

type stored struct{ *archive.Archive }

func (s stored) Withdrawals() walk.Archive             { return s.Archive.Withdrawals() }
func (s stored) WithdrawnBills(id string) walk.Archive { return s.Archive.WithdrawnBills(id) }

func fetcher(p *platform, a *archive.Archive, run string, current bool) *withdraw.Fetcher {
	return &withdraw.Fetcher{
		Config:  withdraw.Config{Source: p, Statuses: normalise.WithdrawalStatuses{InFlight: []string{"1"}, Paid: []string{"2"}, Failed: []string{"3"}}},
		Archive: stored{a},
		Walker: walk.Walker{
			RunID: run, Now: func() time.Time { return time.Unix(1795140000, 0) }, Log: slog.New(slog.DiscardHandler), Progress: new(progress.Counter),
			IsCurrent: func(context.Context, schema.Unit, *schema.Certificate) (bool, error) { return current, nil },
		},
	}
}

func withdrawal(id, amount, status string) string {
	return fmt.Sprintf(`{"withdraw_id":%q,"amount":%s,"status":%q}`, id, amount, status)
}

func bill(id, fund string) string {
	return fmt.Sprintf(`{"account_id":%q,"ledger_id":%q,"settle_type":1,"fund_amount":%s,"fund_amount_type":0,"amount":{"goods":%s}}`, payee, id, fund, fund)
}

func unit(t *testing.T) schema.Unit {
	day, err := schema.ParseDay("2026-11-20")
	if err != nil {
		t.Fatal(err)
	}
	return schema.Unit{Account: schema.Account{ID: payee}, Day: day}
}

// verdicts returns the id, verdict, number of bills, their sum and the difference of each.
func verdicts(l *withdraw.Launches) []string {
	var all []string
	for _, w := range l.Withdrawals {
		all = append(all, fmt.Sprintf("%s %s: %d bills of %d, difference %d", w.WithdrawID, w.Verdict, len(w.Bills), w.BillsTotal.V, w.Diff.V))
	}
	return all
}

// TestFetch: the pages of both lists are walked to their end, only what is paid is asked for
// its bills, and what ties is never asked for them again. A replay finds the same.
func TestFetch(t *testing.T) {
	t.Parallel()
	p := &platform{
		pages: map[string][]string{
			"":   {withdrawal("11", "300", "2") + "," + withdrawal("12", "50", "1"), withdrawal("13", "70", "3") + "," + withdrawal("14", "99", "2") + "," + withdrawal("15", "8", "2")},
			"11": {bill("1", "100") + "," + bill("2", "120"), bill("3", "80") + "," + bill("3", "80")},
			"14": {bill("4", "100")},
		},
		fails: map[string]error{"15": byHand{}},
	}
	a := archive.New(objecttest.NewMem())
	first, err := fetcher(p, a, "01JD0000000000000000000001", false).Fetch(t.Context(), unit(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"11 tied: 3 bills of 300, difference 0", "12 in_flight: 0 bills of 0, difference 0", "13 failed: 0 bills of 0, difference 0",
		"14 mismatched: 1 bills of 100, difference -1", "15 manual: 0 bills of 0, difference 0",
	}
	if diff := cmp.Diff(want, verdicts(first)); diff != "" || first.Final() {
		t.Errorf("final %v (-want +got):\n%s", first.Final(), diff)
	}
	if diff := cmp.Diff([]string{" at 0", " at 1", "11 at 0", "11 at 1", "14 at 0", "15 at 0"}, p.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}

	p.calls, p.pages[""][0] = nil, withdrawal("11", "300", "2")+","+withdrawal("12", "50", "2")
	p.pages["12"], p.pages["14"] = []string{bill("5", "50")}, []string{bill("4", "99")}
	second, err := fetcher(p, a, "01JD0000000000000000000002", false).Fetch(t.Context(), unit(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	want[1], want[3] = "12 tied: 1 bills of 50, difference 0", "14 tied: 1 bills of 99, difference 0"
	if diff := cmp.Diff(want, verdicts(second)); diff != "" || !second.Final() {
		t.Errorf("the second night: final %v (-want +got):\n%s", second.Final(), diff)
	}
	if diff := cmp.Diff([]string{" at 0", " at 1", "12 at 0", "14 at 0"}, p.calls); diff != "" {
		t.Errorf("calls of the second night (-want +got):\n%s", diff)
	}

	p.calls = nil
	again, err := fetcher(p, a, "01JD0000000000000000000003", false).Recall(t.Context(), unit(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(verdicts(second), verdicts(again)); diff != "" || len(p.calls) > 0 {
		t.Errorf("recalled with the calls %v (-fetched +recalled):\n%s", p.calls, diff)
	}
}

// TestFetchFails: a withdrawal whose bills cannot be fetched whole has none, and the others
// have theirs. A list that cannot be fetched whole is an error.
func TestFetchFails(t *testing.T) {
	t.Parallel()
	lost := errors.New("no answer")
	p := &platform{
		pages: map[string][]string{"": {withdrawal("11", "100", "2") + "," + withdrawal("a/b", "5", "2") + "," + withdrawal("12", "70", "2")}, "12": {bill("1", "70")}},
		fails: map[string]error{"11": lost},
	}
	a := archive.New(objecttest.NewMem())
	l, err := fetcher(p, a, "01JD0000000000000000000001", false).Fetch(t.Context(), unit(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"11 not_asked: 0 bills of 0, difference 0", "a/b not_asked: 0 bills of 0, difference 0", "12 tied: 1 bills of 70, difference 0"}
	if diff := cmp.Diff(want, verdicts(l)); diff != "" || l.Final() {
		t.Errorf("final %v (-want +got):\n%s", l.Final(), diff)
	}
	for i, why := range []string{"no answer", "is no id"} {
		if f := l.Withdrawals[i].Failure; f == nil || !strings.Contains(f.Reason, why) || f.Account != payee {
			t.Errorf("%s: failure %+v, want %q", l.Withdrawals[i].WithdrawID, f, why)
		}
	}
	if l.Withdrawals[2].Failure != nil {
		t.Errorf("failure %+v", l.Withdrawals[2].Failure)
	}

	p.fails[""] = lost
	if l, err := fetcher(p, a, "01JD0000000000000000000002", false).Fetch(t.Context(), unit(t), nil); !errors.Is(err, lost) {
		t.Errorf("got %+v, %v; want the error of the list", l, err)
	}
	if slices.ContainsFunc(p.calls[3:], func(call string) bool { return call != " at 0" && call != "12 at 0" }) {
		t.Errorf("calls %v", p.calls)
	}
}

// TestRecallNothing: a payee's day that was never fetched is nil, not a day without
// withdrawals.
func TestRecallNothing(t *testing.T) {
	t.Parallel()
	if l, err := fetcher(nil, archive.New(objecttest.NewMem()), "", false).Recall(t.Context(), unit(t)); l != nil || err != nil {
		t.Errorf("got %+v, %v", l, err)
	}
}
