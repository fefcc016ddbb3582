package audit

import (
	"fmt"
	"hash/maphash"
	"slices"

	"billwalk/schema"
)

// The settle_type of sales (1 正向), the only bills that are settled, and of refunds (2 退款).
const (
	forward = 1
	refund  = 2
)

// outcome is the result of an identity.
type outcome int

const (
	unknown outcome = iota // a term is NULL, or the sum overflows
	holds
	fails
)

// identity is the rule that an amount is the sum of some amounts minus others.
type identity struct {
	rule        schema.Rule
	whole       schema.Null[schema.Fen]
	plus, minus []schema.Null[schema.Fen]
}

func (i identity) check() outcome {
	plus, err := schema.Total(i.plus...)
	if err != nil {
		return unknown
	}
	minus, err := schema.Total(i.minus...)
	if err != nil {
		return unknown
	}
	want, err := difference(plus, minus)
	switch {
	case err != nil || !want.Valid || !i.whole.Valid:
		return unknown
	case want == i.whole:
		return holds
	}
	return fails
}

// difference returns a - b, NULL if one of them is.
func difference(a, b schema.Null[schema.Fen]) (schema.Null[schema.Fen], error) {
	if !a.Valid || !b.Valid {
		return schema.Null[schema.Fen]{}, nil
	}
	v, err := a.V.Sub(b.V)
	return schema.Null[schema.Fen]{V: v, Valid: err == nil}, err
}

// commissionRule is the version of the rule of commissions.
const commissionRule = 2

// rowRule is the version of the rules of the columns that billwalk adds: by rule 1 one row of
// a bill counts, before it all did; by rule 2 a mismatch has a cause,
// by rule 3 a settlement names its group, by rule 4 bill_only may have rule_never_answered,
// by rule 5 a bill names its group, too.
const rowRule = 5

// commissions returns the terms of a bill's commission: the total if the platform has it,
// else its parts (total_operation_agent is within total_agent_merchant). By rule 1 the
// commission is NULL if any part is; by rule 2 NULL parts count as nothing if one of the four
// usual ones is known.
func commissions(a *schema.Amounts, rule int) []schema.Null[schema.Fen] {
	if a[schema.TotalCommission].Valid {
		return a[schema.TotalCommission : schema.TotalCommission+1]
	}
	usual := []schema.Null[schema.Fen]{a[schema.TalentCommission], a[schema.TotalAgentMerchant], a[schema.BrokerCommission], a[schema.ClerkCommission]}
	all := append(usual, a[schema.MallStoreGoods])
	if rule < 2 || !slices.ContainsFunc(usual, isKnown) {
		return all
	}
	return slices.DeleteFunc(all, func(part schema.Null[schema.Fen]) bool { return !part.Valid })
}

func isKnown(v schema.Null[schema.Fen]) bool { return v.Valid }

// billIdentities returns the identities of a bill.
func billIdentities(a *schema.Amounts, rule int) [3]identity {
	return [3]identity{
		{schema.RuleOriginal, a[schema.Original], []schema.Null[schema.Fen]{a[schema.Pay], a[schema.MerchantTicket], a[schema.PlatformTicket]}, nil},
		{schema.RuleLedgerTotal, a[schema.LedgerTotal], []schema.Null[schema.Fen]{a[schema.Pay], a[schema.LedgerPlatformTicket]}, nil},
		{schema.RuleGoods, a[schema.Goods], []schema.Null[schema.Fen]{a[schema.LedgerTotal]},
			append([]schema.Null[schema.Fen]{a[schema.TotalMerchantPlatformService], a[schema.ActualInsured]}, commissions(a, rule)...)},
	}
}

// rowRules returns the rules, other than identities, that a bill of the day breaks by its
// columns.
func rowRules(b *schema.Bill, day schema.Day) (rules []schema.Rule) {
	bySettleType := directionOf(int64(b.SettleType), schema.Null[int64]{})
	switch {
	case !b.Direction.Valid:
		rules = append(rules, schema.RuleUnknownDirection)
	case bySettleType != 0 && bySettleType != b.Direction.V:
		rules = append(rules, schema.RuleDirectionConflict)
	}
	if b.SettleTime.Valid && schema.DayOf(b.SettleTime.V) != day {
		rules = append(rules, schema.RuleSettleDay)
	}
	return rules
}

// settleIdentity returns the identity of a settlement.
func settleIdentity(s *schema.Settlement) identity {
	return identity{schema.RuleSettleAmount, s.Amount, []schema.Null[schema.Fen]{s.Rake, s.Commission, s.SharesTotal}, nil}
}

// sharesOf returns the sum of a settlement's shares, NULL if there is no list of them or the
// sum is beyond maxSettled.
func sharesOf(s *schema.Settlement) schema.Null[schema.Fen] {
	if !s.Shares.Valid {
		return schema.Null[schema.Fen]{}
	}
	var amounts []schema.Null[schema.Fen]
	for _, share := range s.Shares.V {
		amounts = append(amounts, schema.Some(share.Amount))
	}
	total, err := schema.Total(amounts...)
	if err != nil || total.V > maxSettled {
		return schema.Null[schema.Fen]{}
	}
	return total
}

// conserved are the sums that bills and their groups must have in common.
type conserved struct {
	bills  int64
	billed [schema.LegCount]schema.Fen // of forward bills
	refund schema.Fen                  // of refunds
	other  schema.Fen                  // of all others
}

func (c *conserved) String() string {
	return fmt.Sprintf("%d bills of %d fen in total, %d in fees, %d in commissions, %d net, %d fen of refunds and %d of other bills",
		c.bills, c.billed[schema.LegTotal], c.billed[schema.LegFee], c.billed[schema.LegCommission], c.billed[schema.LegNet], c.refund, c.other)
}

func (c *conserved) bill(b *schema.Bill, rule int) error {
	c.bills++
	switch b.SettleType {
	case forward:
	case refund:
		return addTo(&c.refund, b.Amounts[schema.LedgerTotal])
	default:
		return addTo(&c.other, b.Amounts[schema.LedgerTotal])
	}
	commission, err := schema.Total(commissions(&b.Amounts, rule)...)
	if err != nil {
		return err
	}
	return c.add(&schema.Legs{
		schema.LegTotal: b.Amounts[schema.LedgerTotal], schema.LegFee: b.Amounts[schema.TotalMerchantPlatformService],
		schema.LegCommission: commission, schema.LegNet: b.Amounts[schema.Goods],
	})
}

func (c *conserved) group(r *schema.Reconciliation) error {
	c.bills += r.BillRows
	if err := c.add(&r.Billed); err != nil {
		return err
	}
	if err := addTo(&c.refund, r.Refund); err != nil {
		return err
	}
	return addTo(&c.other, r.Other)
}

// addAll adds other sums.
func (c *conserved) addAll(other *conserved) error {
	c.bills += other.bills
	if err := addTo(&c.refund, schema.Some(other.refund)); err != nil {
		return err
	}
	if err := addTo(&c.other, schema.Some(other.other)); err != nil {
		return err
	}
	for leg := range schema.LegCount {
		if err := addTo(&c.billed[leg], schema.Some(other.billed[leg])); err != nil {
			return err
		}
	}
	return nil
}

const weightBase = 1_000_003

// weight returns a number of which that of a sum is the sum, modulo 2^64, and which is
// another if any of the sums is.
func (c *conserved) weight() uint64 {
	weight := uint64(c.bills)
	for _, fen := range c.billed {
		weight = weight*weightBase + uint64(fen)
	}
	return (weight*weightBase+uint64(c.refund))*weightBase + uint64(c.other)
}

// withoutOther returns the sums as earlier versions have them: those of other bills are among
// the refunds.
func (c conserved) withoutOther() (conserved, error) {
	err := addTo(&c.refund, schema.Some(c.other))
	c.other = 0
	return c, err
}

func (c *conserved) add(legs *schema.Legs) error {
	for leg := range schema.LegCount {
		if err := addTo(&c.billed[leg], legs[leg]); err != nil {
			return err
		}
	}
	return nil
}

func addTo(sum *schema.Fen, v schema.Null[schema.Fen]) (err error) {
	if v.Valid {
		*sum, err = sum.Add(v.V)
	}
	return err
}

// settledTally sums settlements and the groups that they are in. An order may have groups in
// several buckets and its settlements in one of them, so both agree over the whole day.
type settledTally struct {
	rows, grouped       int64
	settlements, groups [schema.LegCount]schema.Fen
	placed, keyed       uint64 // sums of hashes of the groups that settlements name, and of the groups' own
	unkeyed             bool   // some rows are of an earlier version, whose settlements name no group
}

var keySeed = maphash.MakeSeed()

// hashGroup returns a hash of a group's key.
func hashGroup(account schema.AccountID, key string) uint64 {
	return maphash.Comparable(keySeed, [2]string{string(account), key})
}

func (t *settledTally) settlement(s *schema.Settlement) error {
	t.rows++
	t.placed += hashGroup(s.WalkAccountID.V, s.GroupKey.V)
	if s.Status != schema.StatusSuccess {
		return nil
	}
	for leg, v := range [schema.LegCount]schema.Null[schema.Fen]{s.Amount, s.Rake, s.Commission, s.SharesTotal} {
		if err := addTo(&t.settlements[leg], v); err != nil {
			return err
		}
	}
	return nil
}

func (t *settledTally) group(r *schema.Reconciliation) error {
	t.grouped += r.SettlementRows
	t.keyed += hashGroup(r.WalkAccountID, r.GroupKey) * uint64(r.SettlementRows)
	for leg, v := range r.Settled {
		if err := addTo(&t.groups[leg], v); err != nil {
			return err
		}
	}
	return nil
}

func (t *settledTally) merge(other *settledTally) error {
	t.rows, t.grouped = t.rows+other.rows, t.grouped+other.grouped
	t.placed, t.keyed, t.unkeyed = t.placed+other.placed, t.keyed+other.keyed, t.unkeyed || other.unkeyed
	for leg := range schema.LegCount {
		if err := addTo(&t.settlements[leg], schema.Some(other.settlements[leg])); err != nil {
			return err
		}
		if err := addTo(&t.groups[leg], schema.Some(other.groups[leg])); err != nil {
			return err
		}
	}
	return nil
}
