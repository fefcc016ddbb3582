package normalise

import (
	"bytes"
	"encoding/binary"

	"billwalk/schema"
)

// clean reports whether Row would find nothing wrong with the record, which it then gives
// its direction and outcomes. It states the rules of checker again, for numbers in place
// of values that can be absent; a record that does not pass is left to the checker.
func (s *scanner) clean(r *scanned, from *Provenance, settled period) bool {
	for m := range idMembers {
		if r.given.has(m) && !isSoundID(s.text(r.texts[m])) {
			return false
		}
	}
	if !from.Root && string(s.text(r.texts[accountID])) != string(from.Walk) {
		return false
	}
	if r.given.has(settleTime) && !settled.has(r.whole[settleTime]) {
		return false
	}
	return r.hasSoundAmounts() && r.hasKnownCodes() && r.setDirection() && r.setOutcomes()
}

// period is a range of unix seconds, without its end.
type period struct{ from, to int64 }

func (p period) has(seconds int64) bool { return seconds >= p.from && seconds < p.to }

// settledOn returns the settle times that checker.settleTime accepts on a day.
func settledOn(day schema.Day) period {
	return period{max(earliest, day.Start().Unix()), min(latest, (day + 1).Start().Unix())}
}

// isSoundID is what findings.oddIDs asks of an id.
func isSoundID(id []byte) bool {
	if len(id) > schema.MaxQueryID {
		return false
	}
	for i := 0; i < len(id); {
		if i+8 <= len(id) {
			// ASCII from '!' to '~': no byte is below or above.
			x := binary.LittleEndian.Uint64(id[i:])
			if (x|(x-'!'*eachByte)|(x+eachByte))&eachHigh == 0 {
				i += 8
				continue
			}
		}
		if c := id[i]; c <= ' ' || c > '~' {
			return !bytes.ContainsFunc(id[i:], schema.Invisible)
		}
		i++
	}
	return true
}

// hasSoundAmounts reports whether no amount has a minus, and none is so large that a sum of
// them could overflow.
func (r *scanned) hasSoundAmounts() bool {
	var all int64
	for _, fen := range r.money.fen {
		all |= fen
	}
	return uint64(all) < 1<<58
}

// signs are the sign table by code, 0 where it has none.
type signs [8]int64

func newSigns(table map[int32]int32) (by signs) {
	for code, sign := range table {
		by[code] = int64(sign)
	}
	return by
}

func (s *signs) of(code int64) int64 {
	if uint64(code) < uint64(len(s)) {
		return s[code]
	}
	return 0
}

var signByFund, signByType = newSigns(directions.byFund), newSigns(directions.byType)

// setDirection reports whether the record has a direction without a contradiction.
func (r *scanned) setDirection() bool {
	byType := signByType.of(r.whole[settleType])
	r.direction = byType
	if r.given.has(fundAmountType) {
		r.direction = signByFund.of(r.whole[fundAmountType])
	}
	return r.direction != 0 && (byType == 0 || byType == r.direction)
}

// known are the documented codes of a list, by bit.
type known uint64

func newKnown(l *schema.CodeList) (codes known) {
	for _, c := range l.Codes {
		codes |= 1 << c.Value
	}
	return codes
}

func (k known) has(code int64) bool { return uint64(code) < 64 && k>>code&1 != 0 }

var knownCodes = [...]struct {
	member
	known
}{
	{settleType, newKnown(&schema.SettleTypes)}, {settleSubType, newKnown(&schema.SettleSubTypes)},
	{bizType, newKnown(&schema.BizTypes)}, {fundAmountType, newKnown(&schema.FundAmountTypes)},
}

func (r *scanned) hasKnownCodes() bool {
	for i := range knownCodes {
		if c := &knownCodes[i]; r.given.has(c.member) && !c.known.has(r.whole[c.member]) {
			return false
		}
	}
	return true
}

// setOutcomes reports whether no identity fails, and no hidden ticket is negative. The
// sign, which is the same for all amounts, makes no difference.
func (r *scanned) setOutcomes() bool {
	fen, given := &r.money.fen, r.money.given
	left := [len(Identities)]struct {
		fen   int64
		terms memberSet
	}{
		{fen[schema.Original] - fen[schema.Pay] - fen[schema.MerchantTicket] - fen[schema.PlatformTicket], originalTerms},
		{fen[schema.LedgerTotal] - fen[schema.Pay] - fen[schema.LedgerPlatformTicket], ledgerTotalTerms},
		{fen[schema.LedgerTotal] - fen[schema.TotalMerchantPlatformService] - fen[schema.ActualInsured] - fen[schema.Goods], goodsTerms},
	}
	commissions, evaluable := r.commissions()
	left[2].fen -= commissions
	for i := range left {
		r.outcomes[i] = NotEvaluable
		if !given.hasAll(left[i].terms) || i == 2 && !evaluable {
			continue
		}
		if r.outcomes[i] = Pass; left[i].fen != 0 {
			return false
		}
	}
	return !r.isHiddenNegative(schema.PlatformTicket, originalTerms, left[0].fen) &&
		!r.isHiddenNegative(schema.LedgerPlatformTicket, ledgerTotalTerms, left[1].fen)
}

// The amounts of each of Identities, without the commissions.
var (
	originalTerms    = setOf(schema.Original, schema.Pay, schema.MerchantTicket, schema.PlatformTicket)
	ledgerTotalTerms = setOf(schema.LedgerTotal, schema.Pay, schema.LedgerPlatformTicket)
	goodsTerms       = setOf(schema.Goods, schema.LedgerTotal, schema.TotalMerchantPlatformService, schema.ActualInsured)

	telling = setOf(schema.CommissionParts...) &^ setOf(schema.MallStoreGoods)
)

// commissions returns the sum of Amounts.Commissions, or false if that is NULL.
func (r *scanned) commissions() (sum int64, ok bool) {
	if r.money.given.hasAmount(schema.TotalCommission) {
		return r.money.fen[schema.TotalCommission], true
	}
	for _, part := range schema.CommissionParts {
		sum += r.money.fen[part]
	}
	return sum, r.money.given&telling != 0
}

// isHiddenNegative is what checker.hidden asks of an absent ticket: left is the whole
// without the visible parts.
func (r *scanned) isHiddenNegative(ticket schema.Amount, terms memberSet, left int64) bool {
	return left < 0 && !r.money.given.hasAmount(ticket) && r.money.given.hasAll(terms&^setOf(ticket))
}
