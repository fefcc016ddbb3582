package sandbox

import (
	"encoding/json"
	"math/rand/v2"

	"billwalk/schema"
)

// Slots are dealt to orders in blocks of four: one order of two items and two
// single ones, for example. Each row holds the first slot of each slot's order.
var dealings = [][4]int{{0, 1, 2, 3}, {0, 1, 2, 3}, {0, 0, 2, 3}, {0, 0, 2, 2}, {0, 0, 0, 3}, {0, 1, 1, 1}, {0, 0, 0, 0}}

const blockSize = 4

func blockOf(slot int) int { return slot / blockSize * blockSize }

// home returns the place that the order of the bill at the place is named after:
// its first slot, mostly. The last slot of a block may belong to an order of
// another day or of the head office instead.
func (w *world) home(at place) place {
	if at.slot%blockSize == blockSize-1 {
		if from, _, ok := w.span(at); ok {
			return place{at.payee, from, at.slot}
		}
		if w.joins(at) {
			at.payee = at.payee.merchant.payees[0]
		}
	}
	block := blockOf(at.slot)
	deal := dealings[w.dice(place{at.payee, at.day, block}, "deal")%uint64(len(dealings))]
	return place{at.payee, at.day, block + deal[at.slot%blockSize]}
}

// spanning says that the place's block may have an order of several days. The
// other blocks may have one of several payees.
func spanning(at place) bool { return blockOf(at.slot)%(2*blockSize) == 0 }

// A period is a stretch of days within which an order of several days lies.
const periodLength = 5

// span returns the first of the days, and how many, over which one order is
// verified in the slot, if the day is among them.
func (w *world) span(at place) (from schema.Day, days int, ok bool) {
	if w.healthy || !spanning(at) {
		return 0, 0, false
	}
	shifted := int(at.day) + at.payee.number
	start := at.day - schema.Day((shifted%periodLength+periodLength)%periodLength)
	chance := w.dice(place{at.payee, start, blockOf(at.slot)}, "span")
	days = 2 + int(chance/3%2)
	from = start + schema.Day(chance/6%uint64(periodLength-days+1))
	return from, days, chance%3 == 0 && from <= at.day && at.day < from+schema.Day(days)
}

// joins says that the store's bill is of an order of its brand's head office:
// one order under two payees.
func (w *world) joins(at place) bool {
	m := at.payee.merchant
	return !w.healthy && at.payee != m.payees[0] && !spanning(at) && w.dice(at, "join")%4 == 0
}

// usualBizType is what most of a merchant's bills are: 1 coupons, 3 payment at
// the table, 5 ordering.
func usualBizType(m *merchant) int { return []int{1, 1, 5, 1, 3}[m.index%5] }

// orderOf returns a bill with what all bills of one order share.
func (w *world) orderOf(at place) bill {
	order := w.home(at)
	r := draw(w.dice(order, "order"))
	bizType := usualBizType(at.payee.merchant)
	if r.IntN(5) == 0 {
		bizType = []int{1, 3, 5}[r.IntN(3)]
	}
	b := bill{
		AccountID:   string(at.payee.id),
		BizType:     &bizType,
		ShopOrderID: w.id(order, idOrder),
		SKUID:       makeID(w.seed, idSKU, at.payee.merchant.index, 0, r.IntN(50)),
		home:        order,
	}
	store := at.payee.merchant.payees[r.IntN(len(at.payee.merchant.payees))]
	b.POIID = makeID(w.seed, idPOI, store.number, 0, 0)
	b.VerifyPOIAccountID = string(store.id) // where it was verified, not who is paid
	if r.IntN(20) == 0 {
		b.POIID = ""
	}
	if r.IntN(20) > 0 {
		b.OrderExtID = externalPrefix + w.id(order, idExternal)
	}
	switch roll := r.IntN(40); {
	case roll < 34:
		b.GroupName = dishes[r.IntN(len(dishes))]
	case roll < 37:
		b.GroupName = hostile[r.IntN(len(hostile))]
	} // and otherwise there is none
	if !w.healthy && r.IntN(60) == 0 {
		b.ShopOrderID = ""
	}
	w.setCertificate(&b, at, order)
	return b
}

// setCertificate gives coupons their ids. Some coupons are good for two items,
// and then two bills share one certificate and its verification.
func (w *world) setCertificate(b *bill, at, order place) {
	if *b.BizType != 1 {
		return
	}
	if w.dice(at, "certificate")%5 == 0 {
		at = order
	}
	b.CertificateID, b.VerifyID = w.id(at, idCertificate), w.id(at, idVerify)
}

// surprise adds fields that a client does not know yet, now and then.
func (w *world) surprise(b *bill, at place, r *rand.Rand) {
	switch r.IntN(24) {
	case 0:
		b.FlowID = w.id(at, idFlow)
	case 1:
		b.VerifySerialNum = 1 + r.IntN(9)
	case 2:
		b.AuditNumber = json.Number("9" + w.id(at, idFlow) + "0123456789")
	case 3:
		b.Labels = json.RawMessage(`{"渠道":["直播",null,true],"rate":0.10}`)
	}
}
