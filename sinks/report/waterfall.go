package report

import "billwalk/schema"

// steps are the bars of a waterfall in their order.
var steps = []StepCode{
	StepOriginal, StepMerchantTicket, StepPlatformTicket, StepLedgerTicket, StepTotalUnknown, StepTotalBroken, StepLedgerTotal,
	StepFee, StepCommission, StepInsurance, StepGoodsUnknown, StepGoodsBroken, StepGoods,
	StepRefund, StepOther, StepMerchant,
}

// fall adds up a waterfall.
type fall map[StepCode]*Step

func newFall() fall {
	f := make(fall)
	for _, code := range steps {
		f[code] = &Step{Code: code, Subtotal: code == StepLedgerTotal || code == StepGoods || code == StepMerchant}
	}
	return f
}

func (f fall) add(a *adder, code StepCode, fen schema.Fen) {
	f[code].Bills++
	a.add(&f[code].Fen, fen)
}

// addBill adds a bill that counts.
func (f fall) addBill(a *adder, b *schema.Bill) {
	goods := b.Amounts[schema.Goods]
	if goods.Valid {
		f.add(a, StepMerchant, goods.V)
	}
	switch {
	case b.SettleType == forward:
		f.addForward(a, b)
	case !goods.Valid:
	case b.SettleType == refund:
		f.add(a, StepRefund, goods.V)
	default:
		f.add(a, StepOther, goods.V)
	}
}

// addForward adds a forward bill's way from original to ledger_total, and from there to
// goods.
func (f fall) addForward(a *adder, b *schema.Bill) {
	amounts := &b.Amounts
	commission, err := schema.Total(amounts.Commissions()...)
	if err != nil {
		a.err = err
		return
	}
	f.leg(a, StepTotalUnknown, StepTotalBroken, change{StepLedgerTotal, amounts[schema.LedgerTotal], +1}, schema.Some(schema.Fen(0)),
		change{StepOriginal, amounts[schema.Original], +1},
		change{StepMerchantTicket, amounts[schema.MerchantTicket], -1},
		change{StepPlatformTicket, amounts[schema.PlatformTicket], -1},
		change{StepLedgerTicket, amounts[schema.LedgerPlatformTicket], +1})
	f.leg(a, StepGoodsUnknown, StepGoodsBroken, change{StepGoods, amounts[schema.Goods], +1}, amounts[schema.LedgerTotal],
		change{StepFee, amounts[schema.TotalMerchantPlatformService], -1},
		change{StepCommission, commission, -1},
		change{StepInsurance, amounts[schema.ActualInsured], -1})
}

// change is what a step adds (+1) or takes (-1).
type change struct {
	code StepCode
	fen  schema.Null[schema.Fen]
	sign schema.Fen
}

// leg adds a bill's steps from one subtotal to the next. What they do not explain goes to
// unknown if one of the amounts is, else to broken.
func (f fall) leg(a *adder, unknown, broken StepCode, end change, start schema.Null[schema.Fen], changes ...change) {
	rest, known := end.fen.V, end.fen.Valid && start.Valid
	if end.fen.Valid {
		f.add(a, end.code, end.fen.V)
	}
	a.sub(&rest, start.V)
	for _, c := range changes {
		if !c.fen.Valid {
			known = false
			continue
		}
		f.add(a, c.code, c.sign*c.fen.V)
		a.sub(&rest, c.sign*c.fen.V)
	}
	switch {
	case rest == 0:
	case known:
		f.add(a, broken, rest)
	default:
		f.add(a, unknown, rest)
	}
}

func (f fall) merge(a *adder, o fall) {
	for code, step := range o {
		f[code].Bills += step.Bills
		a.add(&f[code].Fen, step.Fen)
	}
}

// waterfall returns the bars in their order.
func (f fall) waterfall() Waterfall {
	w := make(Waterfall, len(steps))
	for i, code := range steps {
		w[i] = *f[code]
	}
	return w
}
