package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"billwalk/schema"
)

// The items of an order share its id, and a refund names a bill of an earlier day.
func TestOrdersAndRefunds(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 13, Healthy: true})
	sold, items := map[string]schema.Day{}, map[string]map[string]bool{}
	certificates := map[string]int{}
	demoBills(p, 8, func(at place, b *bill) {
		if b.SettleType == forward {
			sold[b.ItemOrderID] = at.day
			certificates[b.CertificateID]++
			if items[b.ShopOrderID] == nil {
				items[b.ShopOrderID] = map[string]bool{}
			}
			items[b.ShopOrderID][b.ItemOrderID] = true
		}
	})
	several, shared, refunds := 0, 0, 0
	for _, itemsOfOrder := range items {
		if len(itemsOfOrder) > 1 {
			several++
		}
	}
	for id, count := range certificates {
		if id != "" && count > 1 {
			shared++
		}
	}
	demoBills(p, 8, func(at place, b *bill) {
		if b.SettleType != refund || at.day < demoDay+6 {
			return
		}
		refunds++
		if day, ok := sold[b.ItemOrderID]; !ok || day >= at.day || !items[b.ShopOrderID][b.ItemOrderID] {
			t.Errorf("refund %s on %s: item %s was not sold before", b.LedgerID, at.day, b.ItemOrderID)
		}
	})
	if several == 0 || shared == 0 || refunds == 0 {
		t.Errorf("%d orders of several items, %d shared certificates, %d refunds, want some of each", several, shared, refunds)
	}
}

func TestIDsAreLongAndUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for kind := range idStrayOutSettle + 1 {
		for _, payee := range []int{0, 1, 79_999} {
			for _, day := range []int64{0, 1, 20_777, 99_999} {
				for _, slot := range []int{0, 1, 999_999} {
					what := fmt.Sprint(kind, payee, day, slot)
					id := makeID(3, kind, payee, day, slot)
					number, err := strconv.ParseInt(id, 10, 64)
					if err != nil || len(id) != 19 || number <= 1<<53 {
						t.Errorf("id %s: want 19 digits above 2^53", id)
					}
					if k, p, d, s, ok := readID(3, id); !ok || fmt.Sprint(k, p, d, s) != what {
						t.Errorf("id %s of %s is read as %d %d %d %d", id, what, k, p, d, s)
					}
					if seen[id] != "" {
						t.Errorf("id %s belongs to %s and to %s", id, what, seen[id])
					}
					seen[id] = what
				}
			}
		}
	}
}

func TestAccountsAreConfigurable(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 14, Accounts: 30})
	kinds := map[bool]int{}
	ids := map[schema.AccountID]bool{}
	for _, account := range p.Accounts() {
		if _, err := schema.ParseAccountID(string(account.ID)); err != nil || !utf8.ValidString(account.Name) || account.Name == "" {
			t.Errorf("account %+v: %v", account, err)
		}
		kinds[account.Root]++
		ids[account.ID] = true
	}
	if len(ids) != 30 || kinds[true] == 0 || kinds[false] == 0 {
		t.Errorf("%d ids, brands and single accounts %v", len(ids), kinds)
	}
	if New(Config{Accounts: 1 << 30}).config.Accounts != maxAccounts {
		t.Error("the number of accounts is not limited")
	}
}

func TestLargeUnits(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 15, Bills: 50_000, Healthy: true, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	u := schema.Unit{Account: p.Accounts()[1], Day: demoDay}
	scope, _ := p.world.scopeOf(u.Account)
	count := p.world.count(scope.payees[0], u.Day)
	if count < 40_000 || count > 60_000 {
		t.Fatalf("%d bills, want 40,000 to 60,000", count)
	}
	c := call{apiQuery: apiQuery{day: u.Day}, account: u.Account, scope: scope}
	page, err := w.page(u, p.sealCursor(c, count-30), 50)
	if err != nil || len(page.Data.Records) != 30 || *page.Data.HasMore {
		t.Errorf("the last page: %d bills, %v", len(page.Data.Records), err)
	}
}

func TestFenColumns(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`pay_fen deduction_discount_fen merchant_ticket_fen platform_ticket_fen ledger_platform_ticket_fen original_fen
		ledger_total_fen total_commission_fen actual_insured_fen total_agent_merchant_fen total_merchant_platform_service_fen
		total_operation_agent_fen talent_commission_fen broker_commission_fen clerk_commission_fen mall_store_goods_fen goods_fen fund_amount_fen`)
	if got := FenColumns(); !slices.Equal(got, want) {
		t.Errorf("columns %v", got)
	}
	row := (&bill{direction: 1}).row(demoDay)
	if got := slices.Sorted(maps.Keys(row.Amounts)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("a row has %v", got)
	}
}
