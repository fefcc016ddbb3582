package sandbox

import (
	"fmt"
	"strings"
	"testing"

	"billwalk/schema"
)

// groupsOf is the sum of an order's verdicts on one day and account.
type groupsOf struct {
	bills, settlements int
	diff               int64
	matched            bool
}

func byOrderKey(verdicts []Verdict) map[string]groupsOf {
	out := map[string]groupsOf{}
	for _, v := range verdicts {
		if v.Verdict == notApplicable || v.Verdict == settlementOnly {
			continue
		}
		order, _, _ := strings.Cut(v.GroupKey, "/")
		key := fmt.Sprint(v.Day, v.Account, order)
		sum, seen := out[key]
		sum.bills, sum.settlements = sum.bills+v.Bills, sum.settlements+v.Settlements
		if v.DiffTotal != nil {
			sum.diff += *v.DiffTotal
		}
		sum.matched = (sum.matched || !seen) && v.Verdict == matched
		out[key] = sum
	}
	return out
}

// Callbacks divide orders into items and change nothing else: what agreed still agrees,
// and a part of what did not may agree, as its item is known.
func TestVerdictsByItem(t *testing.T) {
	t.Parallel()
	tiers := map[string]int{}
	for seed := range uint64(6) {
		p := New(Config{Seed: seed, Bills: 60, Healthy: seed == 5})
		accounts := p.Accounts()
		if seed%2 == 0 {
			accounts = withStores(p)
		}
		for _, days := range []schema.Day{1, 3} {
			without, with := p.Verdicts(accounts, demoDay, demoDay+days-1, farAhead), p.Verdicts(accounts, demoDay, demoDay+days-1, farAhead, allCallbacks)
			want, got := byOrderKey(without), byOrderKey(with)
			if len(want) != len(got) {
				t.Errorf("seed %d: %d orders without callbacks, %d with them", seed, len(want), len(got))
			}
			for key, sum := range want {
				other := got[key]
				if sum.matched != other.matched || sum.bills != other.bills || sum.settlements != other.settlements || sum.matched && sum.diff != other.diff {
					t.Errorf("seed %d, order %s: %+v without callbacks, %+v with them", seed, key, sum, other)
				}
			}
			for _, v := range with {
				tiers[v.MatchedBy]++
				if item := strings.Contains(v.GroupKey, "/") && v.Verdict == matched; item && v.MatchedBy != perItem {
					t.Errorf("%+v: the narrowest tier is the item", v)
				}
			}
		}
	}
	if tiers[perItem] < tiers[perOrder]/2 || tiers[perOrder] < 500 || tiers[perWindow] == 0 {
		t.Errorf("matched by %v", tiers)
	}
}

// With callbacks, too, every bill and every settlement is in exactly one group.
func TestVerdictsWithCallbacksConserve(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		p := New(Config{Seed: seed, Bills: 60, LostCallbacks: 10, Strays: 20})
		deliveries := []CallbackWindow{{demoDay - 1, demoDay, farAhead}, {demoDay, demoDay + 4, farAhead}}
		bills, settlements := map[schema.Day]int{}, map[schema.Day]int{}
		for _, row := range p.Truth(p.Accounts(), demoDay, demoDay+2) {
			if row.Counted {
				bills[row.Day]++
			}
		}
		rows, unmatched, named := map[string]bool{}, 0, 0
		for _, s := range p.SettlementTruth(p.Accounts(), demoDay, demoDay+2, farAhead, deliveries...) {
			settlements[s.Day]++
			key := s.SettleID + " " + s.ItemOrderID
			if rows[key] || s.Account == "" && (!s.InCallback || s.Day != schema.DayOf(s.SettleTime)) {
				t.Errorf("%+v is there twice, or has no callback", s)
			}
			rows[key] = true
			if s.Account == "" {
				unmatched++
			} else if s.ItemOrderID != "" {
				named++
			}
		}
		keys, only := map[string]bool{}, 0
		for _, v := range p.Verdicts(p.Accounts(), demoDay, demoDay+2, farAhead, deliveries...) {
			bills[v.Day] -= v.Bills
			settlements[v.Day] -= v.Settlements
			alone := v.Verdict == settlementOnly
			key := fmt.Sprint(v.Day, v.Account, v.GroupKey)
			if keys[key] || alone != (v.Account == "") || alone != (v.Bills == 0) || alone && (v.DiffTotal != nil || v.Settlements == 0) {
				t.Errorf("seed %d: %+v", seed, v)
			}
			keys[key] = true
			if alone {
				only += v.Settlements
			}
		}
		if only != unmatched || only < 50 || named < 200 {
			t.Errorf("seed %d: %d settlements of items, %d without bills, %d of them in groups", seed, named, unmatched, only)
		}
		for day := demoDay; day < demoDay+3; day++ {
			if bills[day] != 0 || settlements[day] != 0 {
				t.Errorf("seed %d, %s: %d bills and %d settlements more than in the groups", seed, day, bills[day], settlements[day])
			}
		}
	}
}

// Settlements without bills are the strays, those of unavailable units, and those of
// days before the first.
func TestUnmatchedSettlements(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 12, Bills: 60})
	orders, _ := p.forwardBills(p.Accounts(), demoDay, demoDay+2)
	why := map[string]int{}
	want := map[string]bool{}
	for o, settlements := range p.callbackOrders(allCallbacks) {
		switch {
		case o == nil:
			why["stray"]++
		case orders[o.origin] != nil:
			continue
		case o.lastDay() < demoDay:
			why["before"]++
		case o.origin.payee.merchant.index >= withdrawnByHand:
			why["unavailable"]++
		default:
			t.Errorf("order %s has bills, but none was walked", o.shop)
		}
		for _, s := range settlements {
			if allCallbacks.covers(s.ownDay()) {
				want[s.settleID+s.item] = true
			}
		}
	}
	got := map[string]bool{}
	for _, s := range p.SettlementTruth(p.Accounts(), demoDay, demoDay+2, farAhead, allCallbacks) {
		if s.Account == "" {
			got[s.SettleID+s.ItemOrderID] = true
		}
	}
	if len(got) != len(want) || why["stray"] == 0 || why["before"] == 0 || why["unavailable"] == 0 {
		t.Errorf("%d settlements, want %d: %v", len(got), len(want), why)
	}
	for key := range want {
		if !got[key] {
			t.Errorf("settlement %s is missing", key)
		}
	}
}

// Most orders need no settle query if all callbacks were delivered, and each needs one
// without callbacks.
func TestCoveredByCallbacks(t *testing.T) {
	t.Parallel()
	all := CallbackWindow{demoDay - 1, demoDay + 9, farAhead}
	for _, c := range []struct {
		config     Config
		min, max   int // percent of the orders
		deliveries []CallbackWindow
	}{
		{Config{Seed: 13}, 70, 85, []CallbackWindow{all}},
		{Config{Seed: 13, Healthy: true}, 85, 95, []CallbackWindow{all}},
		{Config{Seed: 13, LostCallbacks: 50}, 30, 45, []CallbackWindow{all}},
		{Config{Seed: 13, LostCallbacks: 100}, 0, 0, []CallbackWindow{all}},
		{Config{Seed: 13}, 0, 0, nil},
	} {
		c.config.Bills = 60
		p := New(c.config)
		covered, orders := p.CoveredByCallbacks(p.Accounts(), demoDay, demoDay+2, farAhead, c.deliveries...)
		if covered*100 < c.min*orders || covered*100 > c.max*orders || orders < 500 {
			t.Errorf("%+v: %d of %d orders are covered, want %d to %d percent", c.config, covered, orders, c.min, c.max)
		}
	}
}
