package sandbox

import "strings"

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
	for i, one := range textDamage {
		if w.faults.has(one.fault) && b.GroupName != "" && w.dice(at, "cut")%11 == uint64(i) {
			b.GroupName += one.sign
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
	for _, one := range textDamage {
		name = strings.ReplaceAll(name, one.sign, "\ufffd")
	}
	return name
}
