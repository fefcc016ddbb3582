package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// withStores returns the accounts, and the stores of all brands.
func withStores(p *Platform) []schema.Account {
	accounts := p.Accounts()
	for _, account := range p.Accounts() {
		accounts = append(accounts, p.Stores(account.ID)...)
	}
	return accounts
}

// Every bill of the truth is in one group, and every settlement in one row.
func TestVerdictsConserve(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 4; seed++ {
		p := New(Config{Seed: seed})
		accounts := p.Accounts()
		if seed%2 == 0 {
			accounts = withStores(p)
		}
		bills, settlements := map[schema.Day]int{}, map[schema.Day]int{}
		for _, row := range p.Truth(accounts, demoDay, demoDay+2) {
			if row.Counted {
				bills[row.Day]++
			}
		}
		ids := map[string]bool{}
		for _, s := range p.SettlementTruth(accounts, demoDay, demoDay+2, farAhead) {
			settlements[s.Day]++
			if ids[s.SettleID] {
				t.Errorf("settlement %s is there twice", s.SettleID)
			}
			ids[s.SettleID] = true
		}
		keys := map[string]bool{}
		for _, v := range p.Verdicts(accounts, demoDay, demoDay+2, farAhead) {
			bills[v.Day] -= v.Bills
			settlements[v.Day] -= v.Settlements
			key := fmt.Sprint(v.Day, v.Account, v.GroupKey)
			if keys[key] || v.Bills == 0 || (v.MatchedBy != "") != (v.Verdict == matched) || (v.DiffTotal != nil) != (v.Verdict == matched || v.Verdict == mismatched) {
				t.Errorf("seed %d: %+v", seed, v)
			}
			keys[key] = true
		}
		for day := demoDay; day < demoDay+3; day++ {
			if bills[day] != 0 || settlements[day] != 0 {
				t.Errorf("seed %d, %s: %d bills and %d settlements more than in the groups", seed, day, bills[day], settlements[day])
			}
		}
	}
}

// The differences of an order's groups add up to 0 if all of them are matched.
func TestDifferencesOfMatchedOrders(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 5})
	diffs, unmatched, tiers := map[string]int64{}, map[string]bool{}, map[string]int{}
	for _, v := range p.Verdicts(withStores(p), demoDay, demoDay+6, farAhead) {
		if v.Verdict == notApplicable {
			continue
		}
		tiers[v.MatchedBy]++
		key := v.ShopOrderID + v.GroupKey
		if v.ShopOrderID != "" {
			key = v.ShopOrderID
		}
		if unmatched[key] = unmatched[key] || v.Verdict != matched; v.DiffTotal != nil {
			diffs[key] += *v.DiffTotal
		}
	}
	for key, diff := range diffs {
		if diff != 0 && !unmatched[key] {
			t.Errorf("order %s is matched, but differs by %d fen", key, diff)
		}
	}
	for _, tier := range []string{perItem, perOrder, perWindow, perAmount} {
		if tiers[tier] == 0 {
			t.Errorf("nothing is matched by %s", tier)
		}
	}
}

// An order with one settlement of several days agrees only if all of them were walked.
func TestWindowsNeedAllTheirDays(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 6})
	seen := 0
	whole := verdictsByKey(p.Verdicts(p.Accounts(), demoDay, demoDay+6, farAhead))
	for key, v := range whole {
		if v.MatchedBy != perWindow || v.Day == demoDay {
			continue
		}
		alone := verdictsByKey(p.Verdicts(p.Accounts(), v.Day, v.Day, farAhead))[key]
		if alone.Verdict != mismatched || alone.Settlements != 1 || *alone.DiffTotal <= 0 {
			t.Errorf("%+v, walked alone: %+v", v, alone)
		}
		if seen++; seen == 5 {
			return
		}
	}
	t.Errorf("%d orders of several days, want 5", seen)
}

func verdictsByKey(verdicts []Verdict) map[string]Verdict {
	out := map[string]Verdict{}
	for _, v := range verdicts {
		out[fmt.Sprint(v.Day, v.Account, v.GroupKey)] = v
	}
	return out
}

// A store's bills count for its own walk, in any order of the accounts. Orders of
// several payees then have several groups.
func TestOwnWalkWins(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 7})
	brand := p.Accounts()[0]
	both := append([]schema.Account{brand}, p.Stores(brand.ID)...)
	forwards := p.Verdicts(both, demoDay, demoDay+2, farAhead)
	slices.Reverse(both)
	if diff := cmp.Diff(forwards, p.Verdicts(both, demoDay, demoDay+2, farAhead)); diff != "" {
		t.Errorf("the accounts' order matters:\n%.1000s", diff)
	}
	accounts, orders := map[schema.AccountID]int{}, map[string]map[schema.AccountID]bool{}
	for _, v := range forwards {
		accounts[v.Account] += v.Bills
		if v.Verdict == matched && v.ShopOrderID != "" {
			if orders[v.ShopOrderID] == nil {
				orders[v.ShopOrderID] = map[schema.AccountID]bool{}
			}
			orders[v.ShopOrderID][v.Account] = true
		}
	}
	want := map[schema.AccountID]int{}
	for _, row := range p.Truth(both, demoDay, demoDay+2) {
		if row.Counted {
			want[row.Account]++
		}
	}
	if diff := cmp.Diff(want, accounts); diff != "" {
		t.Errorf("bills by walk (-by payee +by group):\n%s", diff)
	}
	shared := 0
	for _, accountsOfOrder := range orders {
		if len(accountsOfOrder) > 1 {
			shared++
		}
	}
	if shared == 0 {
		t.Error("no order of two accounts is matched")
	}
	for _, v := range p.Verdicts([]schema.Account{brand}, demoDay, demoDay, farAhead) {
		if v.Account != brand.ID {
			t.Errorf("walked by the brand alone: %+v", v)
		}
	}
}

func TestHealthyVerdicts(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 8, Healthy: true})
	verdicts := map[string]int{}
	for _, v := range p.Verdicts(p.Accounts(), demoDay, demoDay, fixedClock()) {
		verdicts[v.Verdict]++
	}
	if len(verdicts) != 2 || verdicts[matched] < 1000 || verdicts[notApplicable] == 0 {
		t.Errorf("verdicts %v, want matched and not_applicable", verdicts)
	}
}

var shareText = regexp.MustCompile(`商户号\s*(\d{20})\s*[-－—–]\s*分成金额[(（]分[)）]\s*(\d+)`)

// The settlements that queries by the bills' ids find are those of SettlementTruth.
func TestServedSettlementsAreTheTruth(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 9, Now: func() time.Time { return (demoDay + 2).Start() }})
	w := walk(t, p)
	w.authorise()
	got := map[string]string{}
	for _, key := range queriesOf(p) {
		for _, s := range w.settlements(key[0], key[1]) {
			line := settlementLine(t, s)
			if former, ok := got[text(s["settle_id"])]; ok && former != line {
				t.Errorf("two queries find different settlements: %s and %s", former, line)
			}
			got[text(s["settle_id"])] = line
		}
	}
	want := map[string]string{}
	for _, s := range p.SettlementTruth(p.Accounts(), demoDay, demoDay, p.config.Now()) {
		want[s.SettleID] = s.line()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settlements (-truth +served):\n%.2000s", diff)
	}
	if len(got) < 500 {
		t.Errorf("%d settlements", len(got))
	}
}

func settlementLine(t *testing.T, s map[string]json.RawMessage) string {
	t.Helper()
	var detail, status string
	if err := json.Unmarshal(s["settle_detail"], &detail); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(s["settle_status"], &status); err != nil {
		t.Fatal(err)
	}
	shares, rest := "", shareText.ReplaceAllString(detail, "")
	if regexp.MustCompile(`^[\s,;、|，；/]*$`).MatchString(rest) {
		for _, share := range shareText.FindAllStringSubmatch(detail, -1) {
			shares += share[1] + "=" + share[2] + " "
		}
	}
	at := text(s["settle_time"]) + text(s["settle_at"])
	if at == "0" {
		at = ""
	}
	return fmt.Sprintf("%s %s %s %s %s|%s|%s|%s|%s|%s", text(s["order_id"]), text(s["out_settle_no"]), text(s["out_order_no"]), text(s["item_order_id"]), status,
		text(s["settle_amount"]), text(s["rake"]), text(s["commission"]), at, shares)
}

func (s SettlementRow) line() string {
	number := func(fen *int64) string {
		if fen == nil {
			return ""
		}
		return strconv.FormatInt(*fen, 10)
	}
	shares, at := "", ""
	for _, share := range s.Shares {
		shares += share.MerchantNo + "=" + strconv.FormatInt(share.Fen, 10) + " "
	}
	if !s.SettleTime.IsZero() {
		at = strconv.FormatInt(s.SettleTime.UnixMilli(), 10)
	}
	return fmt.Sprintf("%s %s %s %s %s|%s|%s|%s|%s|%s", s.OrderID, s.OutSettleNo, s.OutOrderNo, s.ItemOrderID, s.Status,
		number(s.Amount), number(s.Rake), number(s.Commission), at, shares)
}

func TestVerdictsAreServed(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 10, Bills: 40, Now: fixedClock})
	body := open(t, p, "/sandbox/verdicts?from=2026-11-20&to=2026-11-21").Body.Bytes()
	var counts []verdictCount
	if err := json.Unmarshal(body, &counts); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, count := range counts {
		got[count.Verdict] += count.Groups
	}
	want := map[string]int{}
	for _, v := range p.Verdicts(p.Accounts(), demoDay, demoDay+1, fixedClock()) {
		want[v.Verdict]++
	}
	if diff := cmp.Diff(want, got); diff != "" || !slices.Contains(slices.Collect(maps.Keys(got)), pending) {
		t.Errorf("verdicts (-want +served):\n%s", diff)
	}
	if code := open(t, p, "/sandbox/verdicts?from=2026-11-21").Code; code != 400 {
		t.Errorf("without an end: status %d", code)
	}
}
