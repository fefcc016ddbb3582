package schema

// Amount names one amount of a bill.
type Amount int

// The amounts of a bill, in the order of the table's columns.
const (
	Pay Amount = iota
	DeductionDiscount
	MerchantTicket
	PlatformTicket
	LedgerPlatformTicket
	Original
	LedgerTotal
	TotalCommission
	ActualInsured
	TotalAgentMerchant
	TotalMerchantPlatformService
	TotalOperationAgent
	TalentCommission
	BrokerCommission
	ClerkCommission
	MallStoreGoods
	Goods
	FundAmount
	AmountCount
)

// Amounts are the amounts of one bill, by Amount, in fen.
type Amounts [AmountCount]Null[Fen]

var amounts = [AmountCount]struct{ name, label, doc, chineseDoc string }{
	Pay:                          {"pay", "实付", "paid by the user, channel discounts included", "用户实付，含支付渠道优惠"},
	DeductionDiscount:            {"deduction_discount", "团购券抵扣", "group coupon deduction; not settled", "团购券抵扣金额，不参与结算"},
	MerchantTicket:               {"merchant_ticket", "商家优惠", "merchant's discount; not settled", "商家优惠，不参与结算"},
	PlatformTicket:               {"platform_ticket", "平台补贴", "platform's subsidy; hidden from service providers", "平台补贴；服务商不可见"},
	LedgerPlatformTicket:         {"ledger_platform_ticket", "参与结算的平台券", "platform's coupon that is settled; hidden from service providers", "参与结算的平台券；服务商不可见"},
	Original:                     {"original", "交易金额", "order total: pay + merchant_ticket + platform_ticket", "交易金额＝实付＋商家优惠＋平台补贴"},
	LedgerTotal:                  {"ledger_total", "应结算", "to be settled: pay + ledger_platform_ticket", "应结算金额＝实付＋参与结算的平台券"},
	TotalCommission:              {"total_commission", "佣金合计", "all commissions together", "佣金合计"},
	ActualInsured:                {"actual_insured", "保险费", "insurance fee", "保险费"},
	TotalAgentMerchant:           {"total_agent_merchant", "服务商佣金", "service provider's commission; hidden from service providers", "服务商佣金；服务商不可见"},
	TotalMerchantPlatformService: {"total_merchant_platform_service", "软件服务费", "software service fee, payment fee included; hidden from service providers", "软件服务费，含支付手续费；服务商不可见"},
	TotalOperationAgent:          {"total_operation_agent", "代运营服务商佣金", "agency's commission; overlaps total_agent_merchant, never subtract both", "代运营服务商佣金；与 total_agent_merchant 重叠，不能两项都减"},
	TalentCommission:             {"talent_commission", "达人佣金", "influencer's commission; hidden from service providers", "达人佣金；服务商不可见"},
	BrokerCommission:             {"broker_commission", "撮合经纪服务费", "broker's fee; hidden from service providers", "撮合经纪服务费；服务商不可见"},
	ClerkCommission:              {"clerk_commission", "店员佣金", "clerk's commission; hidden from service providers", "店员佣金；服务商不可见"},
	MallStoreGoods:               {"mall_store_goods", "商场店铺分佣", "mall's share", "商场店铺分佣"},
	Goods:                        {"goods", "商家实际结算", "what the merchant gets (商家实际结算金额)", "商家实际结算金额"},
	FundAmount:                   {"fund_amount", "款项金额", "amount of the movement of funds (款项金额)", "款项金额"},
}

// Field returns the amount's name in the API.
func (a Amount) Field() string { return amounts[a].name }

// Column returns the amount's column in the table bills.
func (a Amount) Column() string { return amounts[a].name + "_fen" }

// InRecord reports whether the amount is a field of the record itself and not of its object
// "amount".
func (a Amount) InRecord() bool { return a == FundAmount }

func (a Amount) source() string {
	if a.InRecord() {
		return a.Field()
	}
	return "amount." + a.Field()
}

// CommissionRule is the version of the rule of Commissions. The manifest records it as
// commission_rule. By rule 1, whose manifests do not have it, a single absent part made the
// commissions NULL.
const CommissionRule = 2

// CommissionParts are the commissions of a bill without total_commission. They do not include
// total_operation_agent, which overlaps total_agent_merchant.
var CommissionParts = []Amount{TalentCommission, TotalAgentMerchant, BrokerCommission, ClerkCommission, MallStoreGoods}

// Commissions returns the amounts whose sum is the bill's commissions: the total if it is
// known, else the known parts. If no part but the mall's share is known, the result is one
// NULL: service providers see that part only, so that it says nothing of the others.
func (a *Amounts) Commissions() []Null[Fen] {
	if a[TotalCommission].Valid {
		return []Null[Fen]{a[TotalCommission]}
	}
	parts, known := make([]Null[Fen], 0, len(CommissionParts)), false
	for _, part := range CommissionParts {
		if a[part].Valid {
			parts = append(parts, a[part])
			known = known || part != MallStoreGoods
		}
	}
	if !known {
		return []Null[Fen]{{}}
	}
	return parts
}

// AmountByField returns the amount of the object "amount" with that name in the API, or false.
func AmountByField(name string) (Amount, bool) {
	a, ok := amountByField[name]
	return a, ok
}

var amountByField = func() map[string]Amount {
	byField := make(map[string]Amount)
	for a := range AmountCount {
		if !a.InRecord() {
			byField[a.Field()] = a
		}
	}
	return byField
}()
