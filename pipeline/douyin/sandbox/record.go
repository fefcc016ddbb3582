package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Share is the amount that one merchant received of a settlement.
type Share struct {
	MerchantNo string // 20 digits
	Fen        int64
}

// shares divides the net amount among one to four merchants.
func (s *settlement) shares() []Share {
	if s.status != statusSuccess || s.exception == SettleDetail {
		return nil
	}
	r := draw(s.variant, word("shares"))
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

// detail returns the shares in the form of settle_detail. The word varies the
// spelling, except of a detail that cannot be read.
func (s *settlement) detail(spelling string) string {
	if s.exception == SettleDetail {
		return unreadable[draw(s.variant, word("detail")).IntN(len(unreadable))]
	}
	r := draw(s.variant, word(spelling))
	dash, bracket, gap := dashes[r.IntN(len(dashes))], brackets[r.IntN(len(brackets))], strings.Repeat(" ", r.IntN(6)/5)
	var parts []string
	for _, share := range s.shares() {
		parts = append(parts, "商户号"+gap+share.MerchantNo+dash+"分成金额"+bracket[0]+"分"+bracket[1]+gap+strconv.FormatInt(share.Fen, 10))
	}
	return strings.Join(parts, separators[r.IntN(len(separators))])
}

// wireSettlement is a settlement on the wire. Versions of the API differ in their
// fields, and in the types of ids and amounts.
type wireSettlement struct {
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

// style is the spelling of a settlement on the wire.
type style struct {
	quoted  bool   // amounts are strings
	bare    bool   // ids of digits are numbers
	sibling bool   // as in another version of the API
	cpExtra string // the developer's own text
}

func (s *settlement) style() (out style) {
	r := draw(s.variant, word("record"))
	out.quoted, out.bare, out.sibling = r.IntN(8) == 0, r.IntN(8) == 0, r.IntN(6) == 0
	if r.IntN(6) == 0 {
		out.cpExtra = hostile[r.IntN(len(hostile))]
	}
	return out
}

// record returns the settlement in its style.
func (s *settlement) record() wireSettlement {
	style := s.style()
	number := func(n int64) any { return n }
	if style.quoted {
		number = func(n int64) any { return strconv.FormatInt(n, 10) }
	}
	id := func(text string) any { return text }
	if style.bare {
		id = bareNumber
	}
	out := wireSettlement{
		OutOrderNo: s.outOrderNo, OutSettleNo: id(s.outSettleNo), OrderID: id(s.orderID), SettleID: id(s.settleID),
		SettleAmount: number(s.fen[legTotal]), SettleStatus: s.status, SettleDetail: s.detail("detail"),
		CpExtra: style.cpExtra,
	}
	if s.item != "" {
		out.ItemOrderID = id(s.item)
	}
	if s.shown[legFee] {
		out.Rake = number(s.fen[legFee])
	}
	if s.shown[legCommission] {
		out.Commission = number(s.fen[legCommission])
	}
	switch {
	case s.time == 0 && style.sibling:
		out.SettleTime = 0
	case s.time == 0:
	case style.sibling:
		out.SettleAt = number(s.time)
	default:
		out.SettleTime = number(s.time)
	}
	if style.sibling {
		out.WalletSettleID, out.PlatformTicket = "wallet"+s.outSettleNo, new(int64)
	}
	return out
}

// bareNumber returns an id of digits as a number, any other unchanged.
func bareNumber(id string) any {
	if strings.Trim(id, "0123456789") != "" || id == "" {
		return id
	}
	return json.Number(id)
}
