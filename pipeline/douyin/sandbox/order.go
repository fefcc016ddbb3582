package sandbox

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
)

// Slots are dealt to orders in blocks of four: one order of two items and two
// single ones, for example. Each row holds the first slot of each slot's order.
var dealings = [][4]int{{0, 1, 2, 3}, {0, 1, 2, 3}, {0, 0, 2, 3}, {0, 0, 2, 2}, {0, 0, 0, 3}, {0, 1, 1, 1}, {0, 0, 0, 0}}

// orderSlot returns the first slot of the order that the slot belongs to.
func (w *world) orderSlot(at place) place {
	block := at.slot / 4 * 4
	deal := dealings[w.dice(place{at.payee, at.day, block}, "deal")%uint64(len(dealings))]
	return place{at.payee, at.day, block + deal[at.slot%4]}
}

// usualBizType is what most of a merchant's bills are: 1 coupons, 3 payment at
// the table, 5 ordering.
func usualBizType(m *merchant) int { return []int{1, 1, 5, 1, 3}[m.index%5] }

// orderOf returns a bill with what all bills of one order share.
func (w *world) orderOf(at place) bill {
	order := w.orderSlot(at)
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
	}
	store := at.payee.merchant.payees[r.IntN(len(at.payee.merchant.payees))]
	b.POIID = makeID(w.seed, idPOI, store.number, 0, 0)
	b.VerifyPOIAccountID = string(store.id) // where it was verified, not who is paid
	if r.IntN(20) == 0 {
		b.POIID = ""
	}
	if r.IntN(3) > 0 {
		b.OrderExtID = "ext-" + strconv.FormatUint(w.dice(order, "external"), 36)
	}
	switch roll := r.IntN(40); {
	case roll < 34:
		b.GroupName = dishes[r.IntN(len(dishes))]
	case roll < 37:
		b.GroupName = hostile[r.IntN(len(hostile))]
	} // and otherwise there is none
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
