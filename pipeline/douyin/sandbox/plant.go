package sandbox

import "strings"

// The exceptions that bills are planted to raise, by the rule's name.
const (
	UnknownDirection     = "unknown_direction"      // neither fund_amount_type nor a settle_type gives it
	DirectionConflict    = "direction_conflict"     // fund_amount_type against settle_type
	OriginalIdentity     = "original_identity"      // original ≠ pay + merchant_ticket + platform_ticket
	LedgerTotalIdentity  = "ledger_total_identity"  // ledger_total ≠ pay + ledger_platform_ticket
	GoodsIdentity        = "goods_identity"         // goods ≠ ledger_total − fees
	DuplicateConflict    = "duplicate_conflict"     // two bills with one key and different content; both have the exception, the first counts
	SettleDay            = "settle_day"             // settle_time on another day
	UnknownEnum          = "unknown_enum"           // an undocumented settle type, sub type, biz type or status
	HiddenTicketNegative = "hidden_ticket_negative" // original < pay + merchant_ticket where platform_ticket is hidden
)

// repeated is no exception: the slot repeats an earlier bill exactly, on another page
// for any page size.
const (
	repeated       = "repeated"
	repeatDistance = 51
)

// plantDistance is the distance between planted slots: one bill in 61 is planted.
const plantDistance = 61

// plantable returns the rules that a bill of this shape can break: not an identity
// with an absent field.
func plantable(s shape) []string {
	rules := []string{UnknownDirection, DuplicateConflict, SettleDay, UnknownEnum, DirectionConflict, repeated}
	if s.hidden {
		return append(rules, HiddenTicketNegative)
	}
	rules = append(rules, OriginalIdentity, LedgerTotalIdentity)
	if s.early {
		return rules
	}
	return append(rules, GoodsIdentity)
}

// planted returns the rule that the bill at the place breaks, "" for most.
func (w *world) planted(at place) string {
	if w.healthy || at.slot < 0 {
		return ""
	}
	shift := int(w.dice(place{at.payee, at.day, 0}, "plant") % plantDistance)
	if at.slot%plantDistance != shift || at.slot == 0 {
		return ""
	}
	rules := plantable(at.payee.merchant.shape)
	turn := at.slot/plantDistance + 3*(int(at.day)%len(rules)+len(rules)) + at.payee.number
	rule := rules[turn%len(rules)]
	if rule == repeated && at.slot < repeatDistance {
		return SettleDay
	}
	return rule
}

// plant returns a bill that breaks the rule and no other.
func (w *world) plant(at place, rule string) bill {
	if rule == DuplicateConflict {
		b := w.plain(place{at.payee, at.day, at.slot - 1})
		b.Amount.raise(100)
		b.exceptions = []string{rule}
		b.again = true
		return b
	}
	if rule == UnknownDirection {
		b := w.charge(at, []int{refundFee, arrears, compensation}[at.slot%3], 0)
		b.FundAmountType, b.FundAmount = nil, nil
		b.direction = 0
		b.exceptions = []string{rule}
		return b
	}
	b := w.sale(at)
	b.exceptions = []string{rule}
	f := &b.Amount.fen
	switch rule {
	case OriginalIdentity:
		f[original] += 7
	case LedgerTotalIdentity:
		f[ledgerTotal] += 3
		f[goods] += 3
	case GoodsIdentity:
		f[goods]++
	case HiddenTicketNegative:
		b.Amount.raise(100)
		f[original] = f[pay] + f[merchantTicket] - 1
	case SettleDay:
		b.SettleTime += []int64{-secondsPerDay, +secondsPerDay}[at.slot%2]
	case DirectionConflict:
		b.direction = -1
		b.setFunds(b.direction)
	case UnknownEnum:
		b.breakEnum(at.slot % 3)
	}
	return b
}

// The exceptions that bills raise under the faults cut-text, half-escape and minus.
const (
	BadText        = "bad_text"        // a text is cut in the middle of a character
	NegativeAmount = "negative_amount" // one for each amount with a minus
)

// textDamage lists the ways in which a text is cut: the fault, a sign that no name has,
// and the bytes that replace the sign on the wire.
var textDamage = []struct{ fault, sign, wire string }{
	{"cut-text", "\ue000", "\xf0\x9f\x8d"},
	{"half-escape", "\ue001", `\ud83c`},
}

// applyContentFaults applies the faults cut-text, half-escape and minus to a bill.
func (w *world) applyContentFaults(b *bill, at place) {
	for i, damage := range textDamage {
		if w.faults.has(damage.fault) && b.GroupName != "" && w.dice(at, "cut")%11 == uint64(i) {
			b.GroupName += damage.sign
			b.exceptions = append(b.exceptions, BadText)
		}
	}
	if w.faults.has("minus") && b.SettleType == refund && w.dice(at, "minus")%2 == 0 {
		b.negateAmounts()
	}
}

// negateAmounts gives every positive amount a minus.
func (b *bill) negateAmounts() {
	f := &b.Amount
	for i := range craftsManCommission {
		if f.fen[i] > 0 && !f.absent[i] {
			f.fen[i] = -f.fen[i]
			b.exceptions = append(b.exceptions, NegativeAmount)
		}
	}
	if b.FundAmount != nil && *b.FundAmount > 0 {
		fen := -*b.FundAmount
		b.FundAmount = &fen
		b.exceptions = append(b.exceptions, NegativeAmount)
	}
}

// mendedName returns a name as a lake must hold it.
func mendedName(name string) string {
	for _, damage := range textDamage {
		name = strings.ReplaceAll(name, damage.sign, "\ufffd")
	}
	return name
}
