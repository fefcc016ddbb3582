package sandbox

import "encoding/json"

// bill is one ledger record as the platform writes it, with the facts about it that
// are not on the wire.
type bill struct {
	LedgerID           string  `json:"ledger_id"`
	AccountID          string  `json:"account_id"`
	BizType            *int    `json:"biz_type,omitempty"` // nil if it is beside the cursor
	ShopOrderID        string  `json:"shop_order_id"`
	ItemOrderID        string  `json:"item_order_id"`
	SettleType         int     `json:"settle_type"`
	SettleTypeDesc     string  `json:"settle_type_desc"`
	SettleSubType      int     `json:"settle_sub_type,omitempty"`
	SettleTime         int64   `json:"settle_time"`
	Amount             amounts `json:"amount"`
	CertificateID      string  `json:"certificate_id"`
	VerifyID           string  `json:"verify_id"`
	POIID              string  `json:"poi_id"`
	VerifyPOIAccountID string  `json:"verify_poi_account_id"`
	SKUID              string  `json:"sku_id"`
	OrderExtID         string  `json:"order_ext_id,omitempty"`
	GroupName          string  `json:"group_name,omitempty"`
	Code               string  `json:"code"`
	FundAmountType     *int    `json:"fund_amount_type,omitempty"`
	FundAmount         *int64  `json:"fund_amount,omitempty"`

	// Fields that are undocumented, or only in later documentation.
	FlowID          string          `json:"flow_id,omitempty"`
	VerifySerialNum int             `json:"verify_serial_num,omitempty"`
	AuditNumber     json.Number     `json:"audit_number,omitempty"` // too long for any integer type
	Labels          json.RawMessage `json:"labels,omitempty"`

	direction  int      // +1 to the merchant, -1 from it, 0 unknown
	exceptions []string // the rules that it is planted to break
	origin     place    // the place that identifies its order
	again      bool     // the platform has served the bill before, with other content: it does not count
}

func (b *bill) setType(settleType, subType int) {
	b.SettleType, b.SettleTypeDesc, b.SettleSubType = settleType, settleTypeNames[settleType], subType
}

// setFunds sets the fields that give the direction on the wire.
func (b *bill) setFunds(direction int) {
	way, fen := 0, b.Amount.fen[goods]
	if direction < 0 {
		way = 1
	}
	b.FundAmountType, b.FundAmount = &way, &fen
}

// breakEnum gives the bill an undocumented value in one of three fields.
func (b *bill) breakEnum(which int) {
	switch which {
	case 0:
		b.setType(unknownType, 0)
		b.setFunds(b.direction)
	case 1:
		b.SettleSubType = 99
	default:
		unknown := 7
		b.BizType = &unknown
	}
}

// key returns the group key of reconciliation, "" if the bill names no order.
func (b *bill) key() string {
	switch {
	case b.ShopOrderID != "":
		return b.ShopOrderID
	case b.OrderExtID != "":
		return "ext:" + b.OrderExtID
	}
	return ""
}

// Settle types and what the API calls them.
const (
	forward      = 1
	refund       = 2
	refundFee    = 3
	arrears      = 4
	compensation = 5
	unknownType  = 9
)

var settleTypeNames = map[int]string{
	forward: "正向账单", refund: "退款单", refundFee: "退款手续费", arrears: "商家欠款欠收", compensation: "机构/达人发票逾期补偿", unknownType: "新类型",
}

// subTypes are groups of four: freeze, unfreeze, deduct, claim.
var subTypes = []int{21, 22, 23, 24, 25, 26, 27, 28, 30, 31, 32, 33}
