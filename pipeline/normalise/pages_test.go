package normalise

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// randomPage returns a page of n records as the platform has them: most are clean, some
// break a rule or have members that this version does not know.
func randomPage(dice *rand.Rand, n int) []byte {
	var page strings.Builder
	page.WriteString(`{"data":{"error_code":0,"description":"success","cursor":"4He82HMhohed9u3Jjpu0yA","has_more":true,"ledger_records":[`)
	for i := range n {
		if i > 0 {
			page.WriteByte(',')
		}
		randomRecord(dice, &page)
	}
	page.WriteString(`]},"extra":{"error_code":0,"description":"success","sub_error_code":0,"sub_description":"","logid":"2023081533971801850815060960254","now":1692115093541}}`)
	return []byte(page.String())
}

func randomRecord(dice *rand.Rand, to *strings.Builder) {
	id := func() int64 { return 7e18 + dice.Int64N(1e18) }
	fmt.Fprintf(to, `{"ledger_id":"%d","account_id":"741995784931998627%d","biz_type":1,"shop_order_id":"%d","item_order_id":"%d","settle_type":%d,"settle_type_desc":"正向账单","settle_time":%d,`,
		id(), dice.IntN(3), id(), id(), 1+dice.IntN(2), 1692028800+dice.IntN(86400))
	pay, ticket, service, talent := dice.IntN(30000), dice.IntN(500), dice.IntN(900), dice.IntN(90)
	goods := pay - service - talent
	if dice.IntN(100) == 0 {
		goods++ // breaks an identity
	}
	fmt.Fprintf(to, `"amount":{"pay":%d,"deduction_discount":0,"merchant_ticket":%d,`, pay, ticket)
	if dice.IntN(3) > 0 {
		fmt.Fprintf(to, `"platform_ticket":0,"ledger_platform_ticket":0,"original":%d,"ledger_total":%d,"total_commission":%d,"actual_insured":0,"total_agent_merchant":0,"total_merchant_platform_service":%d,"total_operation_agent":0,"talent_commission":%d,"broker_commission":0,"clerk_commission":0,"mall_store_goods":0,"goods":%d}`,
			pay+ticket, pay, talent, service, talent, goods)
	} else {
		fmt.Fprintf(to, `"original":%d,"ledger_total":%d,"actual_insured":0,"mall_store_goods":0,"goods":%d,"crafts_man_commission":0}`, pay+ticket, pay, goods)
	}
	fmt.Fprintf(to, `,"certificate_id":"%d","verify_id":"%d","poi_id":"774619577056925024%d","verify_poi_account_id":"741995784931998627%d","sku_id":"774514827370413508%d"`,
		id(), id(), dice.IntN(9), dice.IntN(3), dice.IntN(9))
	if dice.IntN(20) > 0 {
		fmt.Fprintf(to, `,"order_ext_id":"ext-%d","group_name":%q`, id(), []string{"双人套餐", "爆品任选券", "鲜啤一升"}[dice.IntN(3)])
	}
	fmt.Fprintf(to, `,"code":"%d"`, 1e11+dice.Int64N(9e11))
	switch dice.IntN(20) {
	case 0:
		fmt.Fprintf(to, `,"flow_id":"%d"`, id())
	case 1:
		to.WriteString(`,"labels":["a","b"],"audit_number":17`)
	case 2:
		to.WriteString(`,"new":{"b":1,"a":"\u53cc"}`)
	}
	to.WriteByte('}')
}
