package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"billwalk/schema"
)

// By how much the withdrawals with a break differ.
func TestDifferences(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 75, Bills: 30, Healthy: true, Withdrawals: true, Breaks: mustBreaks(t, "all")})
	seen := map[string]bool{}
	for _, row := range p.Withdrawals(p.Accounts(), demoDay, demoDay+29, afterNight(demoDay+40)) {
		if row.DiffFen == nil {
			continue
		}
		diff := *row.DiffFen
		seen[fmt.Sprint(row.Break, diff > 0)] = true
		want := map[string]bool{
			FeeWithheld: diff < -1, WrongByAFen: diff == 1 || diff == -1, BillLeftOut: diff > 0, BillChangedUnpaid: diff == -changedFen,
			NoDirection: diff > 0 && row.BillsFen == row.Amount-diff, NoBills: diff == row.Amount && row.BillRows == 0,
		}
		if expected, mismatches := want[row.Break]; mismatches && !expected || !mismatches && diff != 0 {
			t.Errorf("%s of %d differs by %d", row.Break, row.Amount, diff)
		}
	}
	if !seen[WrongByAFen+"true"] || !seen[WrongByAFen+"false"] {
		t.Errorf("seen are %v, want a fen more and a fen less", seen)
	}
}

// A withdrawal is in flight from its launch on. If it fails, its bills wait until the next
// one pays them.
func TestWithdrawalsChangeFromNightToNight(t *testing.T) {
	t.Parallel()
	now := afterNight(demoDay)
	p := New(Config{Seed: 76, Bills: 20, Withdrawals: true, Breaks: mustBreaks(t, "returned,stuck"), Now: func() time.Time { return now }})
	histories, bills := map[string][]string{}, map[string][]WithdrawnBill{}
	for night := range 14 {
		for _, row := range p.Withdrawals(p.Accounts(), demoDay, demoDay+7, afterNight(demoDay+schema.Day(night))) {
			of := histories[row.ID]
			if len(of) == 0 || of[len(of)-1] != row.Status {
				histories[row.ID] = append(of, row.Status)
			}
			bills[row.ID] = row.Bills
		}
	}
	counts := map[string]int{}
	for _, h := range histories {
		counts[strings.Join(h, ">")]++
	}
	for _, want := range []string{"2", "3", "1", "1>2", "2>3"} {
		if counts[want] == 0 {
			t.Errorf("no withdrawal went %s; there are %v", want, counts)
		}
	}
	if len(counts) != 5 {
		t.Errorf("withdrawals went %v", counts)
	}
	retriedTo := 0
	for _, of := range p.world.payees {
		for po := range p.world.payouts(of, demoDay, demoDay+3) {
			all := p.world.withdrawals(po)
			if len(all) != 2 {
				continue
			}
			retriedTo++
			if first, second := bills[all[0].id], bills[all[1].id]; all[0].amount != all[1].amount || len(first) != len(second) || all[0].id == all[1].id {
				t.Errorf("%+v is followed by %+v", all[0], all[1])
			}
			states := p.BillStates(p.Accounts(), demoDay-21, demoDay+7, all[1].launched.Add(time.Minute))
			paid := p.BillStates(p.Accounts(), demoDay-21, demoDay+7, all[1].launched.Add(100*time.Hour))
			for at := range p.world.places(po) {
				ledger := p.world.bill(at).LedgerID
				i := slices.IndexFunc(states, func(s BillState) bool { return s.LedgerID == ledger })
				if i >= 0 && (states[i].State != BillWaiting || paid[i].State != BillWithdrawn || !slices.Equal(paid[i].WithdrawIDs, []string{all[1].id})) {
					t.Errorf("%s: %+v, then %+v, want it to wait for %s", all[0].story, states[i], paid[i], all[1].id)
				}
				break
			}
		}
	}
	if retriedTo < 5 {
		t.Errorf("%d withdrawals were followed by another", retriedTo)
	}
}

// Without the option there are none, and with it the bills of days are as without.
func TestWithdrawalsAreAnOption(t *testing.T) {
	t.Parallel()
	plain := New(Config{Seed: 77, Bills: 20, Now: fixedClock})
	with := New(Config{Seed: 77, Bills: 20, Now: fixedClock, Withdrawals: true, Breaks: mustBreaks(t, "all")})
	w, v := walk(t, plain), walk(t, with)
	w.authorise()
	v.authorise()
	for _, u := range demoUnits(plain, 2) {
		if got, want := v.query(unitQuery(u, firstCursor, 50)).body, w.query(unitQuery(u, firstCursor, 50)).body; !bytes.Equal(got, want) {
			t.Errorf("%s: %s\n%s", u, got, want)
		}
	}
	day := schema.DayOf(fixedClock())
	id := with.Withdrawals(with.Accounts(), day-3, day, fixedClock())[0]
	if rows, code := w.withdrawals(id.Account, day-3, day, 50); len(rows) != 0 || code != 0 || len(plain.Withdrawals(plain.Accounts(), day-3, day, fixedClock())) != 0 {
		t.Errorf("%d withdrawals, code %d, want none", len(rows), code)
	}
	if _, code := w.withdrawnBills(id.Account, id.ID, 50); code != codeBadParameter {
		t.Errorf("the bills of a withdrawal: code %d", code)
	}
	if _, code := v.withdrawnBills(id.Account, id.ID, 50); code != 0 && id.BillRows > 0 {
		t.Errorf("the bills of a withdrawal: code %d", code)
	}
}

func TestWithdrawalsAreRefused(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 78, Bills: 20, Now: fixedClock, Withdrawals: true})
	w := walk(t, p)
	w.authorise()
	day := schema.DayOf(fixedClock())
	row := p.Withdrawals(p.Accounts(), day-3, day, fixedClock())[0]
	list := url.Values{"account_id": {string(row.Account)}, "cursor": {"0"}, "size": {"50"}, "start_date": {(day - 3).String()}, "end_date": {day.String()}}
	bills := withdrawnQuery(row.Account, row.ID, firstCursor, 50)
	change := func(of url.Values, name string, values ...string) url.Values {
		out := url.Values{}
		for k, v := range of {
			out[k] = v
		}
		out[name] = values
		if len(values) == 0 {
			delete(out, name)
		}
		return out
	}
	const withdrawals, billsAPI = "/goodlife/v1/settle/withdraw/catering_query/", "/goodlife/v1/settle/bill/catering_query/"
	for _, c := range []struct {
		path  string
		query url.Values
		code  int64
	}{
		{withdrawals, list, 0},
		{withdrawals, change(list, "account_id"), codeMissingParameter},
		{withdrawals, change(list, "end_date"), codeMissingParameter},
		{withdrawals, change(list, "end_date", "2020-01-01"), codeBadParameter},
		{withdrawals, change(list, "size", "51"), codeBadParameter},
		{withdrawals, change(list, "cursor", "x"), codeBadParameter},
		{withdrawals, change(list, "account_id", "1"), codeUnauthorised},
		{withdrawals, change(list, "account_id", string(p.Accounts()[unauthorised].ID)), codeUnauthorised},
		{billsAPI, bills, 0},
		{billsAPI, change(bills, "bill_date"), codeMissingParameter},
		{billsAPI, change(bills, "bill_date", "yesterday"), codeBadParameter},
		{billsAPI, change(bills, "withdraw_id", "7123456789012345678"), codeBadParameter},
		{billsAPI, change(bills, "account_id", string(p.Accounts()[1].ID)), codeBadParameter}, // the withdrawal is another account's
		{billsAPI, change(bills, "root_account_id", string(row.Account)), codeBadParameter},
	} {
		if code := parsePage(t, w.get(c.path, c.query).body).code(); code != c.code {
			t.Errorf("%s %v: code %d, want %d", c.path, c.query, code, c.code)
		}
	}
	if stats := p.Stats(); stats.Calls[WithdrawalsAPI] != 8 || stats.Calls[WithdrawnBillsAPI] != 6 || stats.Calls[BillsAPI] != 0 {
		t.Errorf("calls %v", stats.Calls)
	}
}

// Each fault that strikes a call once is survived by repeating the call; lasting ones are
// what the truth says.
func TestWithdrawalFaults(t *testing.T) {
	t.Parallel()
	day := schema.DayOf(fixedClock())
	passed := New(Config{Seed: 79, Bills: 20, Healthy: true, Now: fixedClock, Withdrawals: true, Passing: 100, Stall: time.Millisecond, Faults: mustFaults(t, "passing")})
	w := overWire(t, passed)
	w.authorise()
	failures := 0
	for _, account := range passed.Accounts() {
		query := url.Values{"account_id": {string(account.ID)}, "cursor": {"0"}, "size": {"50"}, "start_date": {(day - 3).String()}, "end_date": {day.String()}}
		for try := 0; ; try++ {
			got := w.get("/goodlife/v1/settle/withdraw/catering_query/", query)
			var out pageAnswer
			if got.err == nil && got.status == http.StatusOK && json.Unmarshal(got.body, &out) == nil && proven(got.body) && out.code() == 0 {
				break
			}
			if strings.Contains(string(got.body), "token") || out.code() == codeBadToken {
				w.authorise()
			}
			if failures++; try == 4 {
				t.Fatalf("%s is never answered: %+v", account, got)
			}
		}
	}
	if failures < len(passed.Accounts())/2 {
		t.Errorf("%d calls failed", failures)
	}

	lasting := New(Config{Seed: 80, Accounts: 60, Bills: 20, Healthy: true, Now: fixedClock, Withdrawals: true,
		Faults: mustFaults(t, "2119005,4000001,6000001,6000002,dupkeys,big,loop,empty-pages,missing-records,oversize-page,bad-id")})
	w = walk(t, lasting)
	w.authorise()
	codes := map[string]bool{}
	for _, account := range lasting.Accounts() {
		body := w.get("/goodlife/v1/settle/withdraw/catering_query/", url.Values{"account_id": {string(account.ID)}, "cursor": {"0"}, "size": {"1"}, "start_date": {(day - 3).String()}, "end_date": {day.String()}}).body
		code, lost := lasting.WithdrawalsLost(account.ID)
		if got := parsePage(t, bytes.ToValidUTF8(body, nil)).code(); got != code {
			t.Errorf("%s: code %d, want %d", account, got, code)
		}
		codes[fmt.Sprint(code, lost)] = true
	}
	byHand := 0
	for _, row := range lasting.Withdrawals(lasting.Accounts(), day-3, day, fixedClock()) {
		if row.Verdict == manual {
			byHand++
		}
	}
	if len(codes) != 4 || byHand == 0 {
		t.Errorf("codes %v, %d by hand", codes, byHand)
	}

	denied := New(Config{Healthy: true, Now: fixedClock, Withdrawals: true, Faults: mustFaults(t, "withdrawals-denied")})
	w = walk(t, denied)
	w.authorise()
	for i := range answeredBeforeEnding + 2 {
		_, code := w.withdrawals(denied.Accounts()[1].ID, day, day, 50)
		if refused := i >= answeredBeforeEnding; refused != (code == codeIncapable) {
			t.Errorf("call %d: code %d", i+1, code)
		}
	}
}

func TestParseBreaks(t *testing.T) {
	t.Parallel()
	if _, err := ParseBreaks("fee_withheld,fee"); err == nil || !strings.Contains(err.Error(), `"fee"`) || !strings.Contains(err.Error(), NotWithdrawn) {
		t.Errorf("got %v, want an error that lists all breaks", err)
	}
	if got := mustBreaks(t, " stuck, fee_withheld,stuck"); len(got.kinds) != 2 {
		t.Errorf("got %v", got)
	}
}

func TestWithdrawalTruthIsServed(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 81, Bills: 20, Now: fixedClock, Withdrawals: true})
	day := schema.DayOf(fixedClock())
	days := fmt.Sprintf("?from=%s&to=%s", day-3, day)
	var rows []Withdrawal
	if err := json.Unmarshal(open(t, p, "/sandbox/withdrawals"+days).Body.Bytes(), &rows); err != nil || len(rows) != len(p.Withdrawals(p.Accounts(), day-3, day, fixedClock())) {
		t.Errorf("%d withdrawals: %v", len(rows), err)
	}
	var balances []Balance
	if err := json.Unmarshal(open(t, p, "/sandbox/balances"+days).Body.Bytes(), &balances); err != nil || !slices.Equal(balances, p.Balances(p.Accounts(), day-3, day, fixedClock())) {
		t.Errorf("%d balances: %v", len(balances), err)
	}
	for _, path := range []string{"/sandbox/withdrawals", "/sandbox/balances?from=2026-01-02&to=2026-01-01"} {
		if code := open(t, p, path).Code; code != 400 {
			t.Errorf("%s: status %d", path, code)
		}
	}
}
