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

// Amounts of one bill, by Amount, in fen.
type Amounts [AmountCount]Null[Fen]

var amounts = [AmountCount]struct{ name, doc string }{
	Pay:                          {"pay", "paid by the user, channel discounts included"},
	DeductionDiscount:            {"deduction_discount", "group coupon deduction; not settled"},
	MerchantTicket:               {"merchant_ticket", "merchant's discount; not settled"},
	PlatformTicket:               {"platform_ticket", "platform's subsidy; hidden from service providers"},
	LedgerPlatformTicket:         {"ledger_platform_ticket", "platform's coupon that is settled; hidden from service providers"},
	Original:                     {"original", "order total: pay + merchant_ticket + platform_ticket"},
	LedgerTotal:                  {"ledger_total", "to be settled: pay + ledger_platform_ticket"},
	TotalCommission:              {"total_commission", "all commissions together"},
	ActualInsured:                {"actual_insured", "insurance fee"},
	TotalAgentMerchant:           {"total_agent_merchant", "service provider's commission; hidden from service providers"},
	TotalMerchantPlatformService: {"total_merchant_platform_service", "software service fee, payment fee included; hidden from service providers"},
	TotalOperationAgent:          {"total_operation_agent", "agency's commission; overlaps total_agent_merchant, never subtract both"},
	TalentCommission:             {"talent_commission", "influencer's commission; hidden from service providers"},
	BrokerCommission:             {"broker_commission", "broker's fee; hidden from service providers"},
	ClerkCommission:              {"clerk_commission", "clerk's commission; hidden from service providers"},
	MallStoreGoods:               {"mall_store_goods", "mall's share"},
	Goods:                        {"goods", "what the merchant gets (商家实际结算金额)"},
	FundAmount:                   {"fund_amount", "amount of the movement of funds (款项金额)"},
}

// Field returns the amount's name in the API.
func (a Amount) Field() string { return amounts[a].name }

// Column returns the amount's column in the table bills.
func (a Amount) Column() string { return amounts[a].name + "_fen" }

// InRecord says that the amount stands in the record itself and not in its
// object "amount".
func (a Amount) InRecord() bool { return a == FundAmount }

func (a Amount) source() string {
	if a.InRecord() {
		return a.Field()
	}
	return "amount." + a.Field()
}

// AmountByField finds an amount of the object "amount" by its name in the API.
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
