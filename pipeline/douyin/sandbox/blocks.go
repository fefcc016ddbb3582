package sandbox

import (
	"encoding/json"
	"math/rand/v2"

	"billwalk/schema"
)

// blockLayouts are the ways in which a block of four slots is divided into orders:
// for each slot, the first slot of its order.
var blockLayouts = [][4]int{{0, 1, 2, 3}, {0, 1, 2, 3}, {0, 0, 2, 3}, {0, 0, 2, 2}, {0, 0, 0, 3}, {0, 1, 1, 1}, {0, 0, 0, 0}}

const blockSize = 4

func firstSlotOfBlock(slot int) int { return slot / blockSize * blockSize }

// originOf returns the place that identifies the order of the bill at the place: the
// order's first slot. The last slot of a block may belong to an order of another day,
// or of the head office, instead.
func (w *world) originOf(at place) place {
	if at.slot%blockSize == blockSize-1 {
		if from, _, ok := w.span(at); ok {
			return place{at.payee, from, at.slot}
		}
		if w.joinsHeadOffice(at) {
			at.payee = at.payee.merchant.payees[0]
		}
	}
	block := firstSlotOfBlock(at.slot)
	deal := blockLayouts[w.dice(place{at.payee, at.day, block}, "deal")%uint64(len(blockLayouts))]
	return place{at.payee, at.day, block + deal[at.slot%blockSize]}
}

// maySpanDays reports whether the place's block may have an order of several days.
// The other blocks may have an order of several payees.
func maySpanDays(at place) bool { return firstSlotOfBlock(at.slot)%(2*blockSize) == 0 }

// periodLength is the number of days within which an order of several days lies.
const periodLength = 5

// span returns the first day, and the number of days, of an order of several days in
// the slot. ok is false if there is none that includes the day.
func (w *world) span(at place) (from schema.Day, days int, ok bool) {
	if w.healthy || !maySpanDays(at) {
		return 0, 0, false
	}
	shifted := int(at.day) + at.payee.number
	start := at.day - schema.Day((shifted%periodLength+periodLength)%periodLength)
	chance := w.dice(place{at.payee, start, firstSlotOfBlock(at.slot)}, "span")
	days = 2 + int(chance/3%2)
	from = start + schema.Day(chance/6%uint64(periodLength-days+1))
	return from, days, chance%3 == 0 && from <= at.day && at.day < from+schema.Day(days)
}

// joinsHeadOffice reports whether the store's bill belongs to an order of its brand's
// head office: one order with two payees.
func (w *world) joinsHeadOffice(at place) bool {
	m := at.payee.merchant
	return !w.healthy && at.payee != m.payees[0] && !maySpanDays(at) && w.dice(at, "join")%4 == 0
}

// usualBizType returns the biz_type of most of a merchant's bills: 1 coupons, 3
// payment at the table, 5 ordering.
func usualBizType(m *merchant) int { return []int{1, 1, 5, 1, 3}[m.index%5] }

// orderOf returns a bill with the fields that all bills of one order share.
func (w *world) orderOf(at place) bill {
	order := w.originOf(at)
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
		origin:      order,
	}
	store := at.payee.merchant.payees[r.IntN(len(at.payee.merchant.payees))]
	b.POIID = makeID(w.seed, idPOI, store.number, 0, 0)
	b.VerifyPOIAccountID = string(store.id) // the store that verified, not the one that is paid
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
	} // otherwise there is none
	if !w.healthy && r.IntN(60) == 0 {
		b.ShopOrderID = ""
	}
	w.setCertificate(&b, at, order)
	return b
}

// setCertificate sets the ids of a coupon. Some coupons are for two items: then two
// bills share one certificate and its verification.
func (w *world) setCertificate(b *bill, at, order place) {
	if *b.BizType != 1 {
		return
	}
	if w.dice(at, "certificate")%5 == 0 {
		at = order
	}
	b.CertificateID, b.VerifyID = w.id(at, idCertificate), w.id(at, idVerify)
}

// addUnknownFields sometimes adds a field that a client does not know.
func (w *world) addUnknownFields(b *bill, at place, r *rand.Rand) {
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
