package sandbox

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"billwalk/schema"
)

// demoBills calls see with every bill of the first days.
func demoBills(p *Platform, days int, see func(place, *bill)) {
	for at := range p.obtained(unitsOf(p.Accounts(), demoDay, demoDay+schema.Day(days-1))) {
		for b := range p.world.distinctBills(at.payee, at.day) {
			see(at, b)
		}
	}
}

// identities are those of the documents, in arithmetic that cannot overflow.
var identities = map[string]struct {
	whole int
	parts func(b *bill) (plus, minus []int)
}{
	OriginalIdentity: {original, func(*bill) (plus, minus []int) { return []int{pay, merchantTicket, platformTicket}, nil }},
	LedgerTotalIdentity: {ledgerTotal, func(*bill) (plus, minus []int) {
		return []int{pay, ledgerPlatformTicket}, nil
	}},
	GoodsIdentity: {goods, func(b *bill) (plus, minus []int) {
		minus = []int{totalMerchantPlatformService, actualInsured}
		if !b.Amount.absent[totalCommission] {
			return []int{ledgerTotal}, append(minus, totalCommission)
		}
		minus = append(minus, talentCommission, totalAgentMerchant, brokerCommission, clerkCommission)
		if !b.Amount.absent[mallStoreGoods] {
			minus = append(minus, mallStoreGoods)
		}
		return []int{ledgerTotal}, minus // a bill shows all of the first four or none
	}},
}

// holds reports whether the identity holds, and whether all its fields are present.
func holds(b *bill, rule string) (pass, evaluable bool) {
	identity := identities[rule]
	sum, evaluable := new(big.Int), !b.Amount.absent[identity.whole]
	plus, minus := identity.parts(b)
	for _, i := range plus {
		sum.Add(sum, big.NewInt(b.Amount.fen[i]))
		evaluable = evaluable && !b.Amount.absent[i]
	}
	for _, i := range minus {
		sum.Sub(sum, big.NewInt(b.Amount.fen[i]))
		evaluable = evaluable && !b.Amount.absent[i]
	}
	return sum.Cmp(big.NewInt(b.Amount.fen[identity.whole])) == 0, evaluable
}

// Every bill breaks the rules that it is planted to break, and no other.
func TestPlantedExceptions(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 11})
	evaluated := map[string]int{}
	contents := map[string][]*bill{}
	demoBills(p, 3, func(at place, b *bill) {
		key := fmt.Sprint(b.AccountID, b.LedgerID, b.SettleType, b.SettleSubType)
		contents[key] = append(contents[key], b)
		for rule := range identities {
			pass, evaluable := holds(b, rule)
			if evaluable {
				evaluated[rule]++
			}
			check(t, b, rule, evaluable && !pass)
		}
		byType := map[int]int{forward: +1, refund: -1}[b.SettleType]
		byFund := 0
		if b.FundAmountType != nil {
			byFund = 1 - 2**b.FundAmountType
		}
		check(t, b, UnknownDirection, byType == 0 && byFund == 0)
		check(t, b, DirectionConflict, byType != 0 && byFund != 0 && byType != byFund)
		check(t, b, SettleDay, schema.DayOf(unix(b.SettleTime)) != at.day)
		subKnown := b.SettleSubType == 0 || slices.Contains(subTypes, b.SettleSubType)
		check(t, b, UnknownEnum, b.SettleType > 5 || !subKnown || !slices.Contains([]int{1, 3, 5}, *b.BizType))
		f := b.Amount.fen
		check(t, b, HiddenTicketNegative, b.Amount.absent[platformTicket] && f[original] < f[pay]+f[merchantTicket] ||
			b.Amount.absent[ledgerPlatformTicket] && f[ledgerTotal] < f[pay])
		for i, fen := range f {
			if fen < 0 {
				t.Errorf("ledger %s: %s is %d, want an absolute amount", b.LedgerID, amountNames[i], fen)
			}
		}
	})
	for _, same := range contents {
		for _, b := range same {
			check(t, b, DuplicateConflict, len(same) > 1)
		}
	}
	for rule := range identities {
		if evaluated[rule] == 0 {
			t.Errorf("%s: no bill has all its fields", rule)
		}
	}
}

func check(t *testing.T, b *bill, rule string, broken bool) {
	t.Helper()
	if planted := slices.Contains(b.exceptions, rule); planted != broken {
		t.Errorf("ledger %s: %s is broken: %t, planted: %t", b.LedgerID, rule, broken, planted)
	}
}

// Any demo has one of each kind, and is mostly healthy.
func TestDemoHasOneOfEverything(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		p := New(Config{Seed: seed})
		seen := map[string]int{}
		rows := 0
		demoBills(p, 3, func(_ place, b *bill) {
			rows++
			for _, rule := range b.exceptions {
				seen[rule]++
				seen["exceptions"]++
			}
			for _, kind := range kindsOf(b) {
				seen[kind]++
			}
		})
		for at := range p.obtained(unitsOf(p.Accounts(), demoDay, demoDay+2)) {
			count := p.world.count(at.payee, at.day)
			if count == 0 {
				seen["empty day"]++
			}
			for slot := range count {
				if p.world.planted(place{at.payee, at.day, slot}) == repeated {
					seen[repeated]++
				}
			}
		}
		for _, u := range demoUnits(p, 3) {
			if code, ok := p.Unavailable(u); ok {
				seen[fmt.Sprint(code)]++
			}
			if code, ok := p.Lost(u); ok {
				seen[fmt.Sprint(code)]++
			}
		}
		for _, kind := range append(plantedRules(), expectedKinds...) {
			if seen[kind] == 0 {
				t.Errorf("seed %d: no %s", seed, kind)
			}
		}
		if seen["2119005"] != 3 || seen["exceptions"]*40 > rows {
			t.Errorf("seed %d: %d unauthorised units, %d exceptions in %d rows", seed, seen["2119005"], seen["exceptions"], rows)
		}
	}
}

var expectedKinds = append([]string{
	repeated, "empty day", "6000001", "6000002", "2119005",
	"type 1", "type 2", "type 3", "type 4", "type 5", "biz 1", "biz 3", "biz 5",
	"fund", "no fund", "order_ext_id", "no order_ext_id", "group_name", "no group_name", "hostile name", "no poi",
	"hidden fields", "total_commission", "no total_commission", "no mall_store_goods", "crafts_man_commission",
	"flow_id", "verify_serial_num", "audit_number", "labels",
}, func() (kinds []string) {
	for _, sub := range subTypes {
		kinds = append(kinds, fmt.Sprint("sub ", sub))
	}
	return kinds
}()...)

func kindsOf(b *bill) []string {
	yesNo := func(yes bool, name string) string {
		if yes {
			return name
		}
		return "no " + name
	}
	kinds := []string{
		fmt.Sprint("type ", b.SettleType), fmt.Sprint("sub ", b.SettleSubType), fmt.Sprint("biz ", *b.BizType),
		yesNo(b.FundAmount != nil, "fund"), yesNo(b.OrderExtID != "", "order_ext_id"), yesNo(b.GroupName != "", "group_name"),
		yesNo(b.POIID != "", "poi"), yesNo(!b.Amount.absent[totalCommission], "total_commission"),
		yesNo(!b.Amount.absent[mallStoreGoods], "mall_store_goods"), yesNo(!b.Amount.absent[craftsManCommission], "crafts_man_commission"),
		yesNo(b.FlowID != "", "flow_id"), yesNo(b.VerifySerialNum != 0, "verify_serial_num"),
		yesNo(b.AuditNumber != "", "audit_number"), yesNo(b.Labels != nil, "labels"),
	}
	if slices.Contains(hostile, b.GroupName) {
		kinds = append(kinds, "hostile name")
	}
	if b.Amount.absent[platformTicket] {
		kinds = append(kinds, "hidden fields")
	}
	return kinds
}

func TestHealthyWorldHasNoExceptions(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 12, Healthy: true})
	rows := 0
	ledgers := map[string]bool{}
	demoBills(p, 3, func(_ place, b *bill) {
		rows++
		ledgers[b.LedgerID] = true
		if len(b.exceptions) > 0 || b.direction == 0 {
			t.Errorf("ledger %s has exceptions %v", b.LedgerID, b.exceptions)
		}
	})
	if len(ledgers) != rows || rows < 6_000 {
		t.Errorf("%d ledger ids in %d rows, want equal numbers above 6000", len(ledgers), rows)
	}
	for _, u := range demoUnits(p, 3) {
		if _, lost := p.Lost(u); lost {
			t.Errorf("%s is lost", u)
		}
		if _, unavailable := p.Unavailable(u); unavailable {
			t.Errorf("%s is unavailable", u)
		}
	}
}

// plantedRules returns the names of all exceptions that a world plants, sorted.
func plantedRules() []string {
	rules := []string{
		UnknownDirection, DirectionConflict, OriginalIdentity, LedgerTotalIdentity, GoodsIdentity,
		DuplicateConflict, SettleDay, UnknownEnum, HiddenTicketNegative,
	}
	slices.Sort(rules)
	return rules
}

// Unequal accounts have as many bills in all as equal ones, but for rounding, and the
// largest of 200 has fifty times as many as the smallest.
func TestUnequal(t *testing.T) {
	t.Parallel()
	means := meanBills(Config{Seed: 1, Accounts: 200, Bills: 1000, Unequal: true})
	sum := 0
	for _, mean := range means {
		sum += mean
	}
	if largest, smallest := slices.Max(means), slices.Min(means); sum < 199_000 || sum > 200_000 || largest < 50*smallest || largest > 60*smallest {
		t.Errorf("%d bills in all, %d to %d of an account", sum, smallest, largest)
	}
}
