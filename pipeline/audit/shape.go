package audit

import (
	"bytes"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"billwalk/schema"
)

// shape is what an object looks like up to one of its members: the names, in their order. The
// objects of the platform have few shapes. A name is compared with the one that came in its
// place before, and is looked up, and sorted among the others, the first time only.
type shape struct {
	name   string        // of the last member, as it is written: `"name":`
	role   role          // of this name
	amount schema.Amount // of this name, in the object amount
	before *shape        // without it
	inside *shape        // of objects in its value, before their first member; nil until there is one
	next   []*shape      // with one member more; the one that came last is the first

	// Where objects end with the shape:
	ended  bool
	path   []*shape // by member
	sorted []int    // places of the members in the order of their names
	twice  bool     // two members have one name
}

// Objects without surprises have fewer members, some hundreds of shapes, and are less deep.
const (
	maxMembers = 1 << 8
	maxShapes  = 1 << 12
	maxDepth   = 1 << 6 // of objects and arrays in each other
)

// follow returns the shape with the member that begins at a place of a text, and where its
// value begins; nil if its name has escapes.
func (s *scan) follow(before *shape, at int) (*shape, int) {
	for i, next := range before.next {
		if end := at + len(next.name); end <= len(s.text) && string(s.text[at:end]) == next.name {
			if i > 0 {
				before.next[0], before.next[i] = next, before.next[0]
			}
			return next, end
		}
	}
	if at >= len(s.text) || s.text[at] != '"' {
		return nil, 0
	}
	size := bytes.Index(s.text[at+1:], []byte(`":`)) + 1
	if size == 0 || !isPlainName(s.text[at+1:at+size]) || s.shapes == maxShapes {
		return nil, 0
	}
	s.shapes++
	name := string(s.text[at+1 : at+size])
	next := &shape{name: `"` + name + `":`, role: roleOf(name), amount: schema.AmountCount, before: before}
	if a, known := schema.AmountByField(name); known {
		next.amount = a
	}
	before.next = append(before.next, next)
	return next, at + len(next.name)
}

func isPlainName(name []byte) bool {
	for _, c := range name {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return utf8.Valid(name)
}

// end notes that objects end with the shape.
func (s *shape) end() {
	s.ended = true
	for at := s; at.before != nil; at = at.before {
		s.path = append(s.path, at)
	}
	slices.Reverse(s.path)
	s.sorted = make([]int, len(s.path))
	for i := range s.sorted {
		s.sorted[i] = i
	}
	slices.SortFunc(s.sorted, func(i, j int) int { return compareNames(s.path[i], s.path[j]) })
	for i := 1; i < len(s.sorted); i++ {
		s.twice = s.twice || compareNames(s.path[s.sorted[i-1]], s.path[s.sorted[i]]) == 0
	}
}

// compareNames compares names by their UTF-16, as the members of a record are sorted for its
// hash (RFC 8785).
func compareNames(a, b *shape) int {
	return slices.Compare(a.inUTF16(), b.inUTF16())
}

func (s *shape) inUTF16() []uint16 { return utf16.Encode([]rune(s.name[1 : len(s.name)-2])) }

// role is what a member is for the audit.
type role uint8

const (
	noRole role = iota
	roleAccountID
	roleLedgerID
	roleShopOrderID
	roleItemOrderID
	roleOrderExtID
	roleSettleType
	roleSettleSubType
	roleFundType
	roleFund
	roleBizType
	roleAmount
	roleData
	roleExtra
	roleCursor
	roleHasMore
	roleLedgerRecords
	roleSettleID
	roleSettleStatus
	roleSettleAmount
	roleRake
	roleCommission
	roleSettleDetail
	roleErrorCode
	roleErrNo
	roleErrCode
	roleSubErrorCode
	roleDescription
	roleErrMsg
	roleErrTips
	roleMessage
	roleLogID
	roleLogIDToo
	roleCount
)

var roleNames = [roleCount]string{
	roleAccountID: "account_id", roleLedgerID: "ledger_id", roleShopOrderID: "shop_order_id", roleItemOrderID: "item_order_id", roleOrderExtID: "order_ext_id",
	roleSettleType: "settle_type", roleSettleSubType: "settle_sub_type", roleFundType: "fund_amount_type", roleFund: "fund_amount", roleBizType: "biz_type", roleAmount: "amount",
	roleData: "data", roleExtra: "extra", roleCursor: "cursor", roleHasMore: "has_more", roleLedgerRecords: "ledger_records",
	roleSettleID: "settle_id", roleSettleStatus: "settle_status", roleSettleAmount: "settle_amount", roleRake: "rake", roleCommission: "commission", roleSettleDetail: "settle_detail",
	roleErrorCode: "error_code", roleErrNo: "err_no", roleErrCode: "code", roleSubErrorCode: "sub_error_code", roleDescription: "description",
	roleErrMsg: "err_msg", roleErrTips: "err_tips", roleMessage: "message", roleLogID: "logid", roleLogIDToo: "log_id",
}

// roleOf returns the role of a member of that name.
func roleOf(name string) role {
	return role(max(0, slices.Index(roleNames[1:], name)+1))
}
