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

// The legs: the amounts that both bills and settlements have.
const (
	legTotal = iota
	legFee
	legCommission
	legNet
	legCount
)

// legs are amounts in fen, and whether the bill or settlement shows them. fen also has
// the amounts that are not shown.
type legs struct {
	fen   [legCount]int64
	shown [legCount]bool
}

// The settlements planted to raise exceptions, by the rule's name.
const (
	SettleAmountIdentity = "settle_amount_identity" // settle_amount ≠ rake + commission + shares
	SettleDetail         = "settle_detail"          // a SUCCESS whose shares cannot be read
) // and UnknownEnum: an undocumented status

// settlement is one settlement of an order, or of a part of it.
type settlement struct {
	legs
	settleID, outSettleNo, orderID, outOrderNo string
	item                                       string   // item_order_id, "" if it names none
	settledItems                               []string // the items of the bills that it settles
	status                                     string
	time                                       int64      // milliseconds, 0 for none
	day                                        schema.Day // of the settled bills, if each day is settled separately
	exception                                  string
	inCallback                                 bool   // it has a callback
	variant                                    uint64 // the chance of its spelling on the wire
}

// legs returns the line's amounts, signed by its direction.
func (l *line) legs() legs {
	f, absent, sign := &l.Amount.fen, &l.Amount.absent, int64(l.direction)
	out := legs{
		fen:   [legCount]int64{legTotal: f[ledgerTotal], legFee: f[totalMerchantPlatformService], legNet: f[goods]},
		shown: [legCount]bool{legTotal: true, legFee: !absent[totalMerchantPlatformService], legNet: true},
	}
	if !absent[totalCommission] {
		out.fen[legCommission], out.shown[legCommission] = f[totalCommission], true
	} else {
		for _, part := range []int{talentCommission, totalAgentMerchant, brokerCommission, clerkCommission, mallStoreGoods} {
			out.fen[legCommission] += f[part]
			if part != mallStoreGoods && !absent[part] {
				out.shown[legCommission] = true // a bill shows all of these or none
			}
		}
	}
	for i := range out.fen {
		out.fen[i] *= sign
	}
	return out
}

// sum adds up the lines. A leg is shown if all of them show it.
func sum(lines []line) legs {
	out := legs{shown: [legCount]bool{true, true, true, true}}
	for i := range lines {
		added := lines[i].legs()
		for leg := range out.fen {
			out.fen[leg] += added.fen[leg]
			out.shown[leg] = out.shown[leg] && added.shown[leg]
		}
	}
	return out
}

// settleLines returns a settlement that agrees with every leg that the lines show, and
// with settle_amount = rake + commission + shares. Insurance is added to a leg that the
// bills hide; if they hide none, the settlement does not show the commission.
func settleLines(lines []line) settlement {
	billed := sum(lines)
	s := settlement{status: statusSuccess, legs: billed}
	for _, part := range splitByItem(lines) {
		s.settledItems = append(s.settledItems, part[0].ItemOrderID)
	}
	s.shown = [legCount]bool{true, true, true, true}
	switch rest := s.fen[legTotal] - s.fen[legFee] - s.fen[legCommission] - s.fen[legNet]; {
	case rest == 0:
	case !billed.shown[legCommission]:
		s.fen[legCommission] += rest
	case !billed.shown[legFee]:
		s.fen[legFee] += rest
	default:
		s.shown[legCommission] = false
	}
	return s
}

// halves returns two settlements that add up to this one, leg by leg, and that satisfy
// settle_amount = rake + commission + shares if it does.
func (s settlement) halves() []settlement {
	first, second := s, s
	for leg := range first.fen {
		first.fen[leg] /= 2
	}
	if s.shown[legCommission] {
		first.fen[legTotal] = first.fen[legFee] + first.fen[legCommission] + first.fen[legNet]
	}
	for leg := range second.fen {
		second.fen[leg] -= first.fen[leg]
	}
	return []settlement{first, second}
}

// withError returns the settlement with one leg wrong by some fen. Another leg is not
// shown, so that only the comparison with the bills can find the error.
func (s settlement) withError(leg int, by int64) settlement {
	s.fen[leg] += by
	s.shown[leg] = true
	if leg == legCommission {
		s.shown[legFee] = false
	} else {
		s.shown[legCommission] = false
	}
	return s
}

// pending returns the settlement in a status that is not final.
func (s settlement) pending(status string) settlement {
	s.status = status
	if status == statusUnknown {
		s.exception = UnknownEnum
	}
	return s
}

// failed returns the settlement as a failed one, which has no shares.
func (s settlement) failed() settlement {
	s.status = statusFail
	s.fen[legFee], s.fen[legCommission], s.fen[legNet] = 0, 0, 0
	return s
}

// final reports whether the settlement will not change: only then it has a callback.
func (s *settlement) final() bool { return s.status == statusSuccess || s.status == statusFail }

// field returns the id that a parameter of the settle query refers to.
func (s settlement) field(parameter string) string {
	return map[string]string{"settle_id": s.settleID, "order_id": s.orderID, "out_settle_no": s.outSettleNo, "out_order_no": s.outOrderNo}[parameter]
}

// ownDay is the day on which the settlement was made.
func (s *settlement) ownDay() schema.Day { return schema.DayOf(time.UnixMilli(s.time)) }

// auto reports whether the platform settled by itself.
func (s *settlement) auto() bool { return s.outSettleNo == s.settleID }

var failures = []string{"收款商户账户异常", "分账金额超过可分账余额", "商户未完成进件,无法分账", "系统繁忙,请稍后重试"}

func (s *settlement) message() string {
	if s.status == statusFail {
		return failures[s.variant%uint64(len(failures))]
	}
	return statusSuccess
}
