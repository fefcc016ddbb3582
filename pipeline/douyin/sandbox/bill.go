package sandbox

import (
	"math/rand/v2"
	"strconv"

	"billwalk/schema"
)

// settleType returns the kind of the bill at the place.
func (w *world) settleType(at place) (settleType, subType int) {
	switch roll := w.dice(at, "type"); {
	case roll%100 < 88:
		return forward, 0
	case roll%100 < 94:
		return refund, 0
	case roll%100 < 96:
		return refundFee, 0
	case roll%100 < 97:
		return arrears, 0
	case roll%100 < 98:
		return compensation, 0
	default:
		return arrears, subTypes[roll/100%uint64(len(subTypes))]
	}
}

// bill returns the bill at the place. Everything follows from the place, so the cost
// does not depend on the number of bills.
func (w *world) bill(at place) bill {
	switch rule := w.planted(at); rule {
	case "":
	case repeated:
		return w.bill(place{at.payee, at.day, at.slot - repeatDistance})
	default:
		return w.plant(at, rule)
	}
	b := w.plain(at)
	if w.planted(place{at.payee, at.day, at.slot + 1}) == DuplicateConflict && at.slot+1 < w.count(at.payee, at.day) {
		b.exceptions = []string{DuplicateConflict}
		return b
	}
	w.applyContentFaults(&b, at)
	return b
}

// plain returns the bill at the place without anything planted.
func (w *world) plain(at place) bill {
	settleType, subType := w.settleType(at)
	switch {
	case settleType == forward:
		return w.sale(at)
	case settleType == refund:
		return w.refund(at)
	default:
		return w.charge(at, settleType, subType)
	}
}

// sale returns a forward bill: a coupon verified, or an order paid, on the day.
func (w *world) sale(at place) bill {
	r := draw(w.dice(at, "sale"))
	shape := at.payee.merchant.shape
	b := w.orderOf(at)
	b.LedgerID, b.ItemOrderID = w.id(at, idLedger), w.id(at, idItem)
	b.setType(forward, 0)
	b.direction = +1
	b.SettleTime = saleTime(at, r)
	b.Amount = saleAmounts(r, shape)
	if *b.BizType == 1 {
		b.Code = strconv.FormatInt(100_000_000_000+r.Int64N(900_000_000_000), 10)
	}
	if shape.funds && r.IntN(10) < 7 {
		b.setFunds(b.direction)
	}
	w.addUnknownFields(&b, at, r)
	return b
}

// refund returns the refund of a bill of the same slot on one of the last six
// days, or a sale where there is none to refund.
func (w *world) refund(at place) bill {
	r := draw(w.dice(at, "refund"))
	from := place{at.payee, at.day - schema.Day(1+r.IntN(6)), at.slot}
	settleType, _ := w.settleType(from)
	if settleType != forward || w.planted(from) != "" || from.slot >= w.count(from.payee, from.day) {
		return w.sale(at)
	}
	b := w.sale(from)
	b.LedgerID = w.id(at, idLedger)
	b.setType(refund, 0)
	b.direction = -1
	b.SettleTime = at.day.Start().Unix() + r.Int64N(secondsPerDay)
	b.FundAmountType, b.FundAmount = nil, nil
	if at.payee.merchant.shape.funds && r.IntN(10) < 7 {
		b.setFunds(b.direction)
	}
	return b
}

// charge returns a bill that is neither sale nor refund. Only fund_amount_type gives
// its direction.
func (w *world) charge(at place, settleType, subType int) bill {
	r := draw(w.dice(at, "charge"))
	b := w.orderOf(at)
	b.LedgerID, b.ItemOrderID = w.id(at, idLedger), w.id(at, idItem)
	b.setType(settleType, subType)
	b.SettleTime = at.day.Start().Unix() + r.Int64N(secondsPerDay)
	b.Amount = flatAmounts(1+r.Int64N(5_000), at.payee.merchant.shape)
	b.direction = -1
	if unfreezes := subType == 22 || subType == 26 || subType == 31; unfreezes || settleType == compensation && r.IntN(2) == 0 {
		b.direction = +1
	}
	b.setFunds(b.direction)
	return b
}

const secondsPerDay = 24 * 60 * 60

// saleTime returns a time within opening hours, except for the first two bills of a
// day, which have its first and its last second.
func saleTime(at place, r *rand.Rand) int64 {
	start := at.day.Start().Unix()
	switch at.slot {
	case 0:
		return start
	case 1:
		return start + secondsPerDay - 1
	}
	return start + 10*60*60 + r.Int64N(13*60*60)
}
