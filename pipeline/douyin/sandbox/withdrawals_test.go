package sandbox

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"billwalk/schema"
)

// afterNight returns the time at which a nightly run of the day is over.
func afterNight(day schema.Day) time.Time { return (day + 1).Start().Add(12 * time.Hour) }

func mustBreaks(t testing.TB, list string) Breaks {
	t.Helper()
	out, err := ParseBreaks(list)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// anyText is an id or a number, as text or as a number.
type anyText string

func (a *anyText) UnmarshalJSON(data []byte) error {
	*a = anyText(strings.Trim(string(data), `"`))
	return nil
}

type withdrawalRecord struct {
	ID     anyText `json:"withdraw_id"`
	Amount anyText `json:"amount"`
	Status anyText `json:"status"`
	Launch anyText `json:"launch_time"`
	Done   anyText `json:"withdraw_time"`
	Bank   string  `json:"settle_account"`
}

func (w *walker) withdrawals(account schema.AccountID, from, to schema.Day, size int) ([]withdrawalRecord, int64) {
	w.t.Helper()
	var all []withdrawalRecord
	for cursor := firstCursor; ; {
		body := w.get("/goodlife/v1/settle/withdraw/catering_query/", url.Values{
			"account_id": {string(account)}, "cursor": {cursor}, "size": {strconv.Itoa(size)}, "start_date": {from.String()}, "end_date": {to.String()},
		}).body
		var out struct {
			Data struct {
				Cursor  string
				More    bool               `json:"has_more"`
				Records []withdrawalRecord `json:"bill_withdraw_records"`
			}
		}
		if err := json.Unmarshal(body, &out); err != nil {
			w.t.Fatalf("%v in %.200q", err, body)
		}
		if code := parsePage(w.t, body).code(); code != 0 {
			return nil, code
		}
		all = append(all, out.Data.Records...)
		if !out.Data.More {
			return all, 0
		}
		cursor = out.Data.Cursor
	}
}

func withdrawnQuery(account schema.AccountID, id, cursor string, size int) url.Values {
	return url.Values{"account_id": {string(account)}, "withdraw_id": {id}, "bill_date": {"2020-01-01"}, "cursor": {cursor}, "size": {strconv.Itoa(size)}}
}

func (w *walker) withdrawnBills(account schema.AccountID, id string, size int) ([]json.RawMessage, int64) {
	w.t.Helper()
	var all []json.RawMessage
	for cursor := firstCursor; ; {
		got := parsePage(w.t, w.query(withdrawnQuery(account, id, cursor, size)).body)
		if got.code() != 0 {
			return nil, got.code()
		}
		all = append(all, got.Data.Records...)
		if !*got.Data.HasMore {
			return all, 0
		}
		cursor = got.Data.Cursor
	}
}

// The pages of the two APIs are the truth, on every night and for every page size.
func TestWithdrawalsAreServed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seed   uint64
		breaks string
		size   int
	}{{70, "", 7}, {71, "all", 50}, {72, "", 1}} {
		now := afterNight(demoDay + 2)
		p := New(Config{Seed: c.seed, Bills: 24, Withdrawals: true, Breaks: mustBreaks(t, c.breaks), Now: func() time.Time { return now }})
		for night := demoDay + 2; night < demoDay+8; night += 3 {
			now = afterNight(night)
			w := walk(t, p)
			w.authorise()
			sameWithdrawals(t, p, w, demoDay, night+1, now, c.size)
		}
	}
}

// sameWithdrawals compares what the APIs list with the truth.
func sameWithdrawals(t *testing.T, p *Platform, w *walker, from, to schema.Day, now time.Time, size int) {
	t.Helper()
	truth := map[schema.AccountID][]Withdrawal{}
	for _, row := range p.Withdrawals(p.Accounts(), from, to, now) {
		truth[row.Account] = append(truth[row.Account], row)
	}
	for _, of := range p.world.payees {
		listed, code := w.withdrawals(of.id, from, to, size)
		if lost, gone := p.WithdrawalsLost(of.id); code != lost || gone != (code != 0) {
			t.Errorf("%s: code %d, want %d", of.id, code, lost)
		}
		if len(listed) != len(truth[of.id]) {
			t.Fatalf("%s: %d withdrawals, want %d", of.id, len(listed), len(truth[of.id]))
		}
		for i, row := range truth[of.id] {
			got := listed[i]
			done := int64(0)
			if !row.WithdrawTime.IsZero() {
				done = row.WithdrawTime.Unix()
			}
			at, _ := strconv.ParseInt(string(got.Done), 10, 64)
			want := withdrawalRecord{anyText(row.ID), anyText(fmt.Sprint(row.Amount)), anyText(row.Status), anyText(fmt.Sprint(row.LaunchTime.Unix())), got.Done, row.BankAccount}
			if got != want || at != done || schema.DayOf(row.LaunchTime) != row.Day || row.LaunchTime.After(now) {
				t.Errorf("listed %+v, want %+v at %d", got, want, done)
			}
			sameWithdrawnBills(t, w, row, size)
		}
	}
}

func sameWithdrawnBills(t *testing.T, w *walker, row Withdrawal, size int) {
	t.Helper()
	records, code := w.withdrawnBills(row.Account, row.ID, size)
	if byHand := code == codeWithdrawnByHand || code == codeNoDetail; code != 0 && !byHand || row.Verdict == manual && !byHand || byHand && row.counts() {
		t.Errorf("the bills of %+v: code %d", row, code)
	}
	var got, want []string
	for _, raw := range records {
		var b struct {
			Account string `json:"account_id"`
			Ledger  string `json:"ledger_id"`
			Type    int    `json:"settle_type"`
			Way     *int   `json:"fund_amount_type"`
			Fund    *int64 `json:"fund_amount"`
			Amount  struct{ Goods int64 }
		}
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Fatal(err)
		}
		fen, sign := b.Amount.Goods, map[int]int64{1: 1, 2: -1}[b.Type]
		if b.Fund != nil {
			fen, sign = *b.Fund, []int64{1, -1}[*b.Way]
		}
		got = append(got, fmt.Sprint(b.Account, " ", b.Ledger, " ", b.Type, " ", fen*sign))
	}
	for _, b := range row.Bills {
		fen := int64(0)
		if b.Payable != nil {
			fen = *b.Payable
		}
		want = append(want, fmt.Sprint(b.Account, " ", b.LedgerID, " ", b.SettleType, " ", fen))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the bills of %s %s: %d, want %d\n%v\n%v", row.ID, row.Break, len(got), len(want), got, want)
	}
}

// A world without breaks: all that was paid and can be listed ties, nothing is raised, and
// what waits is what the balances close with.
func TestWithdrawalsTie(t *testing.T) {
	t.Parallel()
	const last = demoDay + 29
	p := New(Config{Seed: 73, Bills: 60, Withdrawals: true})
	at := afterNight(last)
	verdicts, long, several, days := map[string]int{}, 0, 0, map[string]int{}
	rows := p.Withdrawals(p.Accounts(), demoDay, last, at)
	for _, row := range rows {
		verdicts[row.Verdict]++
		days[fmt.Sprint(row.Account, row.Day)]++
		old := 0
		for _, b := range row.Bills {
			if b.Day < demoDay {
				old++
			}
		}
		before := slices.Equal(row.Exceptions, []string{BeforeFirstDay}) && old > 0
		if row.Verdict == mismatched || row.Break != "" || len(row.Exceptions) > 0 && !before {
			t.Errorf("%+v", row)
		}
		if row.BillRows >= 1000 {
			long++
		}
	}
	for _, n := range days {
		if n > 1 {
			several++
		}
	}
	if verdicts[tied] < 300 || verdicts[failed] < 20 || verdicts[inFlight] < 5 || verdicts[manual] < 15 || long == 0 || several < 50 {
		t.Errorf("verdicts %v, %d of 1,000 bills, %d days with several", verdicts, long, several)
	}
	checkBalances(t, p, p.Accounts(), demoDay, last, at)
}

func checkBalances(t *testing.T, p *Platform, accounts []schema.Account, from, to schema.Day, at time.Time) {
	t.Helper()
	closing, manualFen, waiting, unexplained := int64(0), int64(0), int64(0), int64(0)
	for _, row := range p.Withdrawals(accounts, from, to, at) {
		if row.Verdict == manual {
			manualFen += row.Amount
		}
	}
	for _, row := range p.Balances(accounts, from, to, at) {
		if row.Opening+row.In-row.Out-row.Withdrawn != row.Closing {
			t.Errorf("%+v does not add up", row)
		}
		waiting += row.WaitingFen
		unexplained += row.Unexplained
		if row.Day == to {
			closing += row.Closing
		}
	}
	states, withdrawn := map[string]int{}, 0
	for _, s := range p.BillStates(accounts, from, to, at) {
		states[s.State]++
		withdrawn += len(s.WithdrawIDs)
	}
	if closing+unexplained != waiting || unexplained != manualFen {
		t.Errorf("closing %d + unexplained %d (by hand %d), waiting %d", closing, unexplained, manualFen, waiting)
	}
	if states[BillWithdrawn] != withdrawn || states[BillWaiting] == 0 || states[BillNotWithdrawable] == 0 {
		t.Errorf("states %v, in withdrawals %d", states, withdrawn)
	}
}

// Every break is planted by itself, with its verdict and its exceptions and no others; and
// twelve accounts have all of them within thirty days.
func TestBreaks(t *testing.T) {
	t.Parallel()
	const last = demoDay + 29
	at := afterNight(last + 10)
	if len(BreakList()) != 20 {
		t.Errorf("%d breaks, want 20", len(BreakList()))
	}
	for _, kind := range BreakList() {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			p := New(Config{Seed: 74, Bills: 20, Healthy: true, Withdrawals: true, Breaks: mustBreaks(t, kind.Name)})
			planted := checkBreaks(t, p, demoDay, last, at)
			ids := p.withdrawalIDs(last, at)
			without := New(Config{Seed: 74, Bills: 20, Healthy: true, Withdrawals: true}).withdrawalIDs(last, at)
			if kind.Verdict == "" {
				if len(planted) > 0 || len(ids) > len(without)-10 {
					t.Errorf("%d of %d withdrawals are left", len(ids), len(without))
				}
				return
			}
			if planted[kind.Name] < 10 || len(planted) != 1 {
				t.Errorf("planted %v, want 10 of %s", planted, kind.Name)
			}
		})
	}
	for _, from := range []schema.Day{demoDay, demoDay + 11, demoDay + 333} {
		p := New(Config{Seed: uint64(from), Bills: 60, Withdrawals: true, Breaks: mustBreaks(t, "all")})
		if planted := checkBreaks(t, p, from, from+29, afterNight(from+39)); len(planted) != len(BreakList())-1 { // NotWithdrawn has no row
			t.Errorf("from %s, planted are %v", from, planted)
		}
	}
}

func (p *Platform) withdrawalIDs(last schema.Day, at time.Time) (ids []string) {
	for _, row := range p.Withdrawals(p.Accounts(), demoDay, last, at) {
		ids = append(ids, row.ID)
	}
	return ids
}

// checkBreaks compares the withdrawals of the breaks with their documentation, and counts
// them.
func checkBreaks(t *testing.T, p *Platform, from, to schema.Day, at time.Time) map[string]int {
	t.Helper()
	docs, planted := map[string]BreakDoc{"": {Verdict: tied}}, map[string]int{}
	for _, kind := range BreakList() {
		docs[kind.Name] = kind
	}
	rows := p.Withdrawals(p.Accounts(), from, to, at)
	paid := map[string]int{}
	for _, row := range rows {
		for _, b := range row.Bills {
			if row.counts() {
				paid[b.LedgerID+fmt.Sprint(b.SettleType)]++
			}
		}
	}
	for _, row := range rows {
		// The first withdrawals pay bills of days before the first, which no walk has.
		early := slices.ContainsFunc(row.Bills, func(b WithdrawnBill) bool { return b.Before && b.Day > from-30 })
		twice := row.counts() && slices.ContainsFunc(row.Bills, func(b WithdrawnBill) bool { return paid[b.LedgerID+fmt.Sprint(b.SettleType)] > 1 })
		doc := docs[row.Break]
		want, verdict := slices.DeleteFunc(slices.Clone(doc.Exceptions), func(rule string) bool { return rule == WithdrawnTwice }), doc.Verdict
		if twice { // the other one may be on a later day, or have failed
			want = append(want, WithdrawnTwice)
		}
		slices.Sort(want)
		if row.Break != "" {
			planted[row.Break]++
		} else if row.Verdict != mismatched {
			verdict = row.Verdict
		}
		if row.Break == Returned && row.Verdict == tied { // the one that follows
			verdict = tied
		}
		if row.Verdict != verdict || !early && !slices.Equal(row.Exceptions, want) {
			t.Errorf("%s on %s, %s: %s %v, want %s %v", row.ID, row.Day, row.Break, row.Verdict, row.Exceptions, verdict, want)
		}
	}
	return planted
}
