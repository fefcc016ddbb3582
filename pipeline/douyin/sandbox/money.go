package sandbox

import (
	"math/rand/v2"
	"strconv"
)

// The indexes of [amounts].
const (
	pay = iota
	deductionDiscount
	merchantTicket
	platformTicket
	ledgerPlatformTicket
	original
	ledgerTotal
	totalCommission
	actualInsured
	totalAgentMerchant
	totalMerchantPlatformService
	totalOperationAgent
	talentCommission
	brokerCommission
	clerkCommission
	mallStoreGoods
	goods
	craftsManCommission // on the wire only: a key that no table has
	amountFields
)

var amountNames = [amountFields]string{
	"pay", "deduction_discount", "merchant_ticket", "platform_ticket", "ledger_platform_ticket", "original", "ledger_total",
	"total_commission", "actual_insured", "total_agent_merchant", "total_merchant_platform_service", "total_operation_agent",
	"talent_commission", "broker_commission", "clerk_commission", "mall_store_goods", "goods", "crafts_man_commission",
}

// hiddenFields are hidden from service providers since 2024-03-31.
var hiddenFields = []int{
	platformTicket, ledgerPlatformTicket, totalAgentMerchant, totalMerchantPlatformService,
	totalOperationAgent, talentCommission, brokerCommission, clerkCommission,
}

// amounts is a bill's amount object in fen, without signs as in the API.
type amounts struct {
	fen    [amountFields]int64
	absent [amountFields]bool
}

// MarshalJSON writes the fields that are present.
func (a amounts) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 512)
	out = append(out, '{')
	for i, name := range amountNames {
		if a.absent[i] {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, '"')
		out = append(out, name...)
		out = append(out, `":`...)
		out = strconv.AppendInt(out, a.fen[i], 10)
	}
	return append(out, '}'), nil
}

// hide marks the fields as absent that bills of this shape lack.
func (a *amounts) hide(s shape) {
	a.absent[craftsManCommission] = true
	a.absent[totalCommission] = !s.total
	if s.early {
		a.absent[deductionDiscount], a.absent[mallStoreGoods] = true, true
	}
	if s.hidden {
		for _, i := range hiddenFields {
			a.absent[i] = true
		}
	}
}

// saleAmounts returns the amounts of a verified coupon: tickets make up the totals,
// and goods is the total less the fees.
func saleAmounts(r *rand.Rand, s shape) amounts {
	var a amounts
	f := &a.fen
	if r.IntN(50) > 0 { // one coupon in fifty was free
		f[pay] = 100 + r.Int64N(1+r.Int64N(40_000))
	}
	if r.IntN(3) == 0 {
		f[merchantTicket] = r.Int64N(1_000)
	}
	if r.IntN(3) == 0 {
		f[platformTicket] = r.Int64N(1_500)
		f[ledgerPlatformTicket] = r.Int64N(f[platformTicket] + 1)
	}
	if r.IntN(8) == 0 {
		f[deductionDiscount] = r.Int64N(500)
	}
	f[original] = f[pay] + f[merchantTicket] + f[platformTicket]
	f[ledgerTotal] = f[pay] + f[ledgerPlatformTicket]
	f[totalMerchantPlatformService] = f[ledgerTotal] * 25 / 1000
	platformCommission := f[ledgerTotal] / 200 // only in total_commission, which is therefore more than the sum of its parts
	for _, fee := range []struct{ field, permille, oneIn int }{
		{totalAgentMerchant, 10, 2}, {talentCommission, 30, 2}, {brokerCommission, 7, 2}, {clerkCommission, 5, 2}, {mallStoreGoods, 12, 2}, {actualInsured, 3, 8},
	} {
		if r.IntN(fee.oneIn) == 0 && !(s.early && fee.field == mallStoreGoods) {
			f[fee.field] = f[ledgerTotal] * int64(fee.permille) / 1000
		}
	}
	f[totalOperationAgent] = f[totalAgentMerchant]
	if r.IntN(2) == 0 { // it overlaps the talent's commission
		f[totalOperationAgent] += f[talentCommission]
	}
	commissions := f[totalAgentMerchant] + f[talentCommission] + f[brokerCommission] + f[clerkCommission] + f[mallStoreGoods]
	if s.total {
		commissions += platformCommission
		f[totalCommission] = commissions
	}
	f[goods] = f[ledgerTotal] - f[totalMerchantPlatformService] - commissions - f[actualInsured]
	a.hide(s)
	if r.IntN(40) == 0 {
		a.absent[craftsManCommission] = false
		f[craftsManCommission] = r.Int64N(300)
	}
	return a
}

// flatAmounts returns the amounts of a charge, which has neither tickets nor fees.
func flatAmounts(fen int64, s shape) amounts {
	var a amounts
	for _, i := range []int{pay, original, ledgerTotal, goods} {
		a.fen[i] = fen
	}
	a.hide(s)
	return a
}

// raise adds to the paid amount and to the totals that include it.
func (a *amounts) raise(fen int64) {
	for _, i := range []int{pay, original, ledgerTotal, goods} {
		a.fen[i] += fen
	}
}
