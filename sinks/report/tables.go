package report

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"

	"billwalk/schema"
)

// unitKey is a unit in memory.
type unitKey struct {
	day     schema.Day
	account schema.AccountID
}

// tables is what one pass over all tables finds.
type tables struct {
	units        map[unitKey]*tally
	fall         fall
	stores       map[storeKey]*Store
	exceptions   exceptions
	restatements restatements
	afterClosing restatements // those of them that came after their day was closed
	suspects     []suspect
	refunds      []refundBill
	orders       map[uint64]bool          // hash of the order's key; whether it may be open
	unclear      map[BlockerCode]*Blocker // of all units
	adder
}

func newTables() *tables {
	return &tables{units: make(map[unitKey]*tally), fall: newFall(), stores: make(map[storeKey]*Store), exceptions: make(exceptions), restatements: make(restatements), afterClosing: make(restatements), orders: make(map[uint64]bool)}
}

// found is what one part has.
type found struct {
	*tables
	part part
}

func (l *loader) readPart(ctx context.Context, p part) (found, error) {
	f := found{newTables(), p}
	for _, read := range []func(context.Context, *loader) error{f.readBills, f.readGroups, f.readRestatements} {
		if err := read(ctx, l); err != nil {
			return f, err
		}
	}
	return f, f.err
}

// unit returns the tally of an account in the part.
func (f *found) unit(account schema.AccountID) *tally {
	key := unitKey{f.part.day, account}
	t := f.units[key]
	if t == nil {
		t = newTally()
		f.units[key] = t
	}
	return t
}

// billColumns are the columns that addBill needs.
var billColumns = func() []string {
	columns := []string{"account_id", "ledger_id", "walk_account_id", "settle_type", "direction", "poi_id", "counted", "shop_order_id", "order_ext_id", "item_order_id", "settle_time"}
	for _, a := range slices.Concat([]schema.Amount{
		schema.Original, schema.MerchantTicket, schema.PlatformTicket, schema.LedgerPlatformTicket, schema.LedgerTotal,
		schema.TotalMerchantPlatformService, schema.TotalCommission, schema.ActualInsured, schema.Goods}, schema.CommissionParts) {
		columns = append(columns, a.Column())
	}
	return columns
}()

// readBills reads the bills, and the exceptions, which are of bills.
func (f *found) readBills(ctx context.Context, l *loader) error {
	found, err := readExceptions(ctx, l, f.part)
	if err != nil {
		return err
	}
	for b, err := range rows[schema.Bill](ctx, l, &schema.Bills, f.part, billColumns...) {
		if err != nil {
			return err
		}
		rules := found.own(b)
		if l.accounts[b.WalkAccountID] {
			f.addBill(b)
			f.suspectBill(b, rules)
		}
	}
	if err := f.suspectSettlements(ctx, l, found.settlements); err != nil {
		return err
	}
	f.exceptions = found.count(l.accounts, f.unit)
	return f.err
}

func (f *found) addBill(b *schema.Bill) {
	f.unit(b.WalkAccountID).addBill(&f.adder, b)
	if !b.Counts() {
		return
	}
	f.fall.addBill(&f.adder, b)
	f.refunds = addRefund(f.refunds, f.part.day, b)
	if b.SettleType == forward {
		addStore(&f.adder, f.stores, b)
	}
}

// groupColumns are the columns that addGroup needs.
var groupColumns = []string{
	"walk_account_id", "group_key", "shop_order_id", "item_order_id", "verdict", "reasons", "billed_total_fen", "settled_total_fen", "diff_total_fen",
}

func (f *found) readGroups(ctx context.Context, l *loader) error {
	for r, err := range rows[schema.Reconciliation](ctx, l, &schema.Reconciliations, f.part, groupColumns...) {
		if err != nil {
			return err
		}
		if !l.accounts[r.WalkAccountID] {
			continue
		}
		f.unit(r.WalkAccountID).addGroup(&f.adder, r)
		if termOf(r) != "" {
			hash := orderHash(r)
			f.orders[hash] = f.orders[hash] || isOpen(r)
		}
	}
	return f.err
}

// add adds what a later part has.
func (t *tables) add(f found) error {
	for key, unit := range f.units {
		if sum := t.units[key]; sum != nil {
			sum.merge(&t.adder, unit)
			continue
		}
		t.units[key] = unit
	}
	t.fall.merge(&t.adder, f.fall)
	mergeStores(&t.adder, t.stores, f.stores)
	t.exceptions.merge(f.exceptions)
	t.refunds = append(t.refunds, f.refunds...)
	t.suspects = append(t.suspects, f.suspects...)
	t.restatements.merge(&t.adder, f.restatements)
	t.afterClosing.merge(&t.adder, f.afterClosing)
	for hash, open := range f.orders {
		t.orders[hash] = t.orders[hash] || open
	}
	return t.err
}

// isOpen reports whether somebody has to look at the group.
func isOpen(r *schema.Reconciliation) bool {
	return r.Verdict.Open() || termOf(r) == TermNoKey
}

// orderKey returns the key of the group's order: that of the group without its item.
func orderKey(r *schema.Reconciliation) string {
	key := strings.TrimSuffix(r.GroupKey, "#"+schema.ReasonBillRemoved)
	if r.ItemOrderID.Valid {
		key = strings.TrimSuffix(key, "/"+r.ItemOrderID.V)
	}
	return key
}

func orderHash(r *schema.Reconciliation) uint64 { return maphash.String(hashSeed, orderKey(r)) }
