package sandbox

import "strings"

// The exceptions that bills raise under the faults cut-text, half-escape and minus.
const (
	BadText        = "bad_text"        // a text was cut in the middle of a character
	NegativeAmount = "negative_amount" // one for each amount with a minus
)

// wounds are the ways in which a text is cut: by fault, a sign for it that no name
// has, and what stands on the wire in its place.
var wounds = []struct{ fault, sign, wire string }{
	{"cut-text", "\ue000", "\xf0\x9f\x8d"},
	{"half-escape", "\ue001", `\ud83c`},
}

// wound applies the faults of content to a bill that has no other fault.
func (w *world) wound(b *bill, at place) {
	for i, one := range wounds {
		if w.faults.has(one.fault) && b.GroupName != "" && w.dice(at, "cut")%11 == uint64(i) {
			b.GroupName += one.sign
			b.raises = append(b.raises, BadText)
		}
	}
	if w.faults.has("minus") && b.SettleType == refund && w.dice(at, "minus")%2 == 0 {
		b.turn()
	}
}

// turn writes a minus before every amount that is not 0.
func (b *bill) turn() {
	f := &b.Amount
	for i := range craftsManCommission {
		if f.fen[i] > 0 && !f.absent[i] {
			f.fen[i] = -f.fen[i]
			b.raises = append(b.raises, NegativeAmount)
		}
	}
	if b.FundAmount != nil && *b.FundAmount > 0 {
		fen := -*b.FundAmount
		b.FundAmount = &fen
		b.raises = append(b.raises, NegativeAmount)
	}
}

// mended returns a name as it must stand in the lake.
func mended(name string) string {
	for _, one := range wounds {
		name = strings.ReplaceAll(name, one.sign, "\ufffd")
	}
	return name
}
