package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Share is what one merchant got of a settlement.
type Share struct {
	MerchantNo string // 20 digits
	Fen        int64
}

// shares deals the net out to one to four merchants.
func (s *settlement) shares() []Share {
	if s.status != statusSuccess || s.raises == SettleDetail {
		return nil
	}
	r := draw(s.look, word("shares"))
	count := max(1, r.IntN(7)-2)
	shares := make([]Share, count)
	left := s.fen[legNet]
	for i := range shares {
		shares[i] = Share{MerchantNo: "688827208" + strconv.FormatUint(1e10+r.Uint64N(9e10), 10), Fen: left}
		if i < count-1 && left > 0 {
			shares[i].Fen = r.Int64N(left + 1)
		}
		left -= shares[i].Fen
	}
	return shares
}

var (
	dashes     = []string{"-", "-", "- ", " - ", " -", "－", "—", "–", " — "}
	brackets   = [][2]string{{"(", ")"}, {"(", ")"}, {"（", "）"}}
	separators = []string{",", ";", "、", "|", "，", "；", " ", "\n", " / ", ", "}
	unreadable = []string{"", "分账明细见商户后台", "商户号68882720803499563550-分成金额(分)12.50", "商户号68882720803499563550", "68882720803499563550:840"}
)

// detail writes the shares as settle_detail has them, in one of its spellings.
func (s *settlement) detail() string {
	r := draw(s.look, word("detail"))
	if s.raises == SettleDetail {
		return unreadable[r.IntN(len(unreadable))]
	}
	dash, bracket, gap := dashes[r.IntN(len(dashes))], brackets[r.IntN(len(brackets))], strings.Repeat(" ", r.IntN(6)/5)
	var parts []string
	for _, share := range s.shares() {
		parts = append(parts, "商户号"+gap+share.MerchantNo+dash+"分成金额"+bracket[0]+"分"+bracket[1]+gap+strconv.FormatInt(share.Fen, 10))
	}
	return strings.Join(parts, separators[r.IntN(len(separators))])
}

// settlementRecord is a settlement on the wire. Sibling versions of the API differ
// in which fields there are, and in what is text and what is a number.
type settlementRecord struct {
	OutOrderNo     string `json:"out_order_no"`
	OutSettleNo    any    `json:"out_settle_no"`
	OrderID        any    `json:"order_id"`
	SettleID       any    `json:"settle_id"`
	ItemOrderID    any    `json:"item_order_id,omitempty"`
	SettleAmount   any    `json:"settle_amount"`
	SettleStatus   string `json:"settle_status"`
	SettleDetail   string `json:"settle_detail"`
	SettleTime     any    `json:"settle_time,omitempty"`
	SettleAt       any    `json:"settle_at,omitempty"`
	Rake           any    `json:"rake,omitempty"`
	Commission     any    `json:"commission,omitempty"`
	CpExtra        string `json:"cp_extra"`
	WalletSettleID string `json:"wallet_settle_id,omitempty"`
	PlatformTicket *int64 `json:"platform_ticket,omitempty"`
}

// record writes the settlement as its look has it.
func (s *settlement) record() settlementRecord {
	r := draw(s.look, word("record"))
	number := func(n int64) any { return n }
	if r.IntN(8) == 0 {
		number = func(n int64) any { return strconv.FormatInt(n, 10) }
	}
	id := func(text string) any { return text }
	if r.IntN(8) == 0 {
		id = bareNumber
	}
	out := settlementRecord{
		OutOrderNo: s.outOrderNo, OutSettleNo: id(s.outSettleNo), OrderID: id(s.orderID), SettleID: id(s.settleID),
		SettleAmount: number(s.fen[legTotal]), SettleStatus: s.status, SettleDetail: s.detail(),
	}
	if s.item != "" {
		out.ItemOrderID = id(s.item)
	}
	if s.told[legFee] {
		out.Rake = number(s.fen[legFee])
	}
	if s.told[legCommission] {
		out.Commission = number(s.fen[legCommission])
	}
	sibling := r.IntN(6) == 0
	switch {
	case s.time == 0 && sibling:
		out.SettleTime = 0
	case s.time == 0:
	case sibling:
		out.SettleAt = number(s.time)
	default:
		out.SettleTime = number(s.time)
	}
	if sibling {
		out.WalletSettleID, out.PlatformTicket = "wallet"+s.outSettleNo, new(int64)
	}
	if r.IntN(6) == 0 {
		out.CpExtra = hostile[r.IntN(len(hostile))]
	}
	return out
}

// bareNumber writes an id without quotes where it is all digits.
func bareNumber(id string) any {
	if strings.Trim(id, "0123456789") != "" || id == "" {
		return id
	}
	return json.Number(id)
}
