package sandbox

import (
	"time"

	"billwalk/schema"
)

// Statuses of a settlement.
const (
	statusInit       = "INIT"
	statusProcessing = "PROCESSING"
	statusSuccess    = "SUCCESS"
	statusFail       = "FAIL"
	statusUnknown    = "AUDITING"
)

// The amounts that bills and settlements both tell.
const (
	legTotal = iota
	legFee
	legCommission
	legNet
	legCount
)

// legs are amounts in fen, and whether the bill or settlement tells them. An
// amount that is not told is true all the same.
type legs struct {
	fen  [legCount]int64
	told [legCount]bool
}

// The settlements planted to raise exceptions, by the rule's name.
const (
	SettleAmountIdentity = "settle_amount_identity" // settle_amount ≠ rake + commission + shares
	SettleDetail         = "settle_detail"          // a SUCCESS whose shares cannot be read
) // and UnknownEnum: a status of no documentation

// settlement is one sharing-out of an order, or of a part of it.
type settlement struct {
	legs
	settleID, outSettleNo, orderID, outOrderNo string
	item                                       string   // item_order_id, "" for a whole order's
	items                                      []string // of the bills that it settles, whether it names them or not
	status                                     string
	time                                       int64      // milliseconds, 0 for none
	day                                        schema.Day // whose bills it is of, where each day has its own
	raises                                     string
	notified                                   bool   // a callback tells it
	look                                       uint64 // decides how it is written
}

func (l *line) legs() legs {
	f, absent, sign := &l.Amount.fen, &l.Amount.absent, int64(l.direction)
	out := legs{
		fen:  [legCount]int64{legTotal: f[ledgerTotal], legFee: f[totalMerchantPlatformService], legNet: f[goods]},
		told: [legCount]bool{legTotal: true, legFee: !absent[totalMerchantPlatformService], legNet: true},
	}
	if !absent[totalCommission] {
		out.fen[legCommission], out.told[legCommission] = f[totalCommission], true
	} else {
		for _, part := range []int{talentCommission, totalAgentMerchant, brokerCommission, clerkCommission, mallStoreGoods} {
			out.fen[legCommission] += f[part]
			if part != mallStoreGoods && !absent[part] {
				out.told[legCommission] = true // bills hide all of these or none
			}
		}
	}
	for i := range out.fen {
		out.fen[i] *= sign
	}
	return out
}

// sum adds lines up; a leg that one of them hides is not told.
func sum(lines []line) legs {
	out := legs{told: [legCount]bool{true, true, true, true}}
	for i := range lines {
		one := lines[i].legs()
		for leg := range out.fen {
			out.fen[leg] += one.fen[leg]
			out.told[leg] = out.told[leg] && one.told[leg]
		}
	}
	return out
}

// whole returns the settlement of the lines that agrees with every leg that they
// tell, and with settle_amount = rake + commission + shares. What insurance took
// is put on a leg that bills hide; where they hide none, the commission is withheld.
func whole(lines []line) settlement {
	billed := sum(lines)
	s := settlement{status: statusSuccess, legs: billed}
	for _, part := range byItems(lines) {
		s.items = append(s.items, part[0].ItemOrderID)
	}
	s.told = [legCount]bool{true, true, true, true}
	switch rest := s.fen[legTotal] - s.fen[legFee] - s.fen[legCommission] - s.fen[legNet]; {
	case rest == 0:
	case !billed.told[legCommission]:
		s.fen[legCommission] += rest
	case !billed.told[legFee]:
		s.fen[legFee] += rest
	default:
		s.told[legCommission] = false
	}
	return s
}

// halves splits a settlement in two that add up to it, leg by leg, and that both
// keep to settle_amount = rake + commission + shares where it does.
func (s settlement) halves() []settlement {
	first, second := s, s
	for leg := range first.fen {
		first.fen[leg] /= 2
	}
	if s.told[legCommission] {
		first.fen[legTotal] = first.fen[legFee] + first.fen[legCommission] + first.fen[legNet]
	}
	for leg := range second.fen {
		second.fen[leg] -= first.fen[leg]
	}
	return []settlement{first, second}
}

// off returns the settlement with one leg wrong by some fen, and another withheld
// so that nothing but the comparison with the bills can tell.
func (s settlement) off(leg int, by int64) settlement {
	s.fen[leg] += by
	s.told[leg] = true
	if leg == legCommission {
		s.told[legFee] = false
	} else {
		s.told[legCommission] = false
	}
	return s
}

// pending returns the settlement on its way.
func (s settlement) pending(status string) settlement {
	s.status = status
	if status == statusUnknown {
		s.raises = UnknownEnum
	}
	return s
}

// failed returns the settlement as it looks when nothing was shared out.
func (s settlement) failed() settlement {
	s.status = statusFail
	s.fen[legFee], s.fen[legCommission], s.fen[legNet] = 0, 0, 0
	return s
}

// final says that nothing will change the settlement: then a callback tells it.
func (s *settlement) final() bool { return s.status == statusSuccess || s.status == statusFail }

func (s settlement) field(parameter string) string {
	return map[string]string{"settle_id": s.settleID, "order_id": s.orderID, "out_settle_no": s.outSettleNo, "out_order_no": s.outOrderNo}[parameter]
}

// ownDay is the day on which the settlement was made.
func (s *settlement) ownDay() schema.Day { return schema.DayOf(time.UnixMilli(s.time)) }

// auto says that the platform shared out by itself.
func (s *settlement) auto() bool { return s.outSettleNo == s.settleID }

var failures = []string{"收款商户账户异常", "分账金额超过可分账余额", "商户未完成进件,无法分账", "系统繁忙,请稍后重试"}

func (s *settlement) message() string {
	if s.status == statusFail {
		return failures[s.look%uint64(len(failures))]
	}
	return statusSuccess
}
