package normalise

import "billwalk/schema"

// member is a documented member of a ledger record.
type member uint8

// The members, those of one type together.
const (
	ledgerID member = iota
	accountID
	shopOrderID
	itemOrderID
	orderExtID
	certificateID
	verifyID
	poiID
	verifyPoiAccountID
	skuID
	couponCode
	groupName
	settleTypeDesc
	bizType
	settleType
	settleSubType
	settleTime
	fundAmountType
	fundAmount
	amountObject
	memberCount
)

const (
	unknownMember = memberCount        // or none
	idMembers     = couponCode         // the rule RuleBadID is for those before it
	textMembers   = settleTypeDesc + 1 // members before it are texts, those after it numbers
)

var memberNames = [memberCount]string{
	"ledger_id", "account_id", "shop_order_id", "item_order_id", "order_ext_id", "certificate_id", "verify_id",
	"poi_id", "verify_poi_account_id", "sku_id", "code", "group_name", "settle_type_desc",
	"biz_type", "settle_type", "settle_sub_type", "settle_time", "fund_amount_type", "fund_amount", "amount",
}

// Members with the quotes and the colon, as most writers write them. The last is never
// found.
var (
	memberTokens = func() (tokens [memberCount + 1]string) {
		for m, name := range memberNames {
			tokens[m] = `"` + name + `":`
		}
		tokens[unknownMember] = "?"
		return tokens
	}()
	amountTokens = func() (tokens [schema.AmountCount + 1]string) {
		for a := range schema.AmountCount {
			tokens[a] = `"` + a.Field() + `":`
		}
		tokens[schema.FundAmount], tokens[schema.AmountCount] = "?", "?"
		return tokens
	}()
	memberByName = func() map[string]member {
		byName := make(map[string]member)
		for m, name := range memberNames {
			byName[name] = member(m)
		}
		return byName
	}()
)

// memberSet is a set of members, or of amounts.
type memberSet uint32

func (s memberSet) has(m member) bool              { return s>>m&1 != 0 }
func (s memberSet) hasAmount(a schema.Amount) bool { return s>>a&1 != 0 }
func setOf(amounts ...schema.Amount) (all memberSet) {
	for _, a := range amounts {
		all |= 1 << a
	}
	return all
}
func (s memberSet) hasAll(of memberSet) bool { return s&of == of }
