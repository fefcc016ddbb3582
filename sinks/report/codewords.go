package report

// codeWords explains the codes that are the report's own, as in Report.Glossary.
var codeWords = map[string]Word{
	"blocker:" + string(UnitsAbsent): {
		Label:  Text{"账户缺数据（户日）", "account-days without data"},
		Advice: Text{"按“完整性”所列原因处理后补拉", "mend what “Completeness” names, and fetch again"},
	},
	"blocker:" + string(UnitsStale): {
		Label:  Text{"沿用旧数据（户日）", "account-days with the rows of an earlier walk"},
		Advice: Text{"排除故障后重跑这几天", "mend the failure, and run these days again"},
	},
	"blocker:" + string(HalfPublished): {
		Label:  Text{"数据只更新了一半（天）", "days published by half"},
		Advice: Text{"重跑这几天即自行修复", "run these days again, which heals them"},
	},
	"blocker:" + string(BridgeRemainder): {
		Label:  Text{"调节表不平", "bridges that do not foot"},
		Advice: Text{"先用 verify 查数据，查清前不出报告", "check the data with verify before the report is used"},
	},
	"blocker:" + string(DirectionUnknown): {
		Label:  Text{"方向不明的账单", "bills of unknown direction"},
		Advice: Text{"核对资金流水方向，查清前不入账", "look the direction up in the account's statement; do not book before"},
	},
	"blocker:" + string(AmountUnknown): {
		Label:  Text{"应结算金额未知的账单", "bills without ledger_total"},
		Advice: Text{"见“错误、提醒”，到来客核对金额", "see errors and warnings, and look the amount up in the console"},
	},
	"blocker:" + string(NothingCompared): {
		Label:  Text{"没有一项可比的核对单元", "groups without an amount to compare"},
		Advice: Text{"金额均未知，按“错误、提醒”处理", "no amount is known: see errors and warnings"},
	},
	"blocker:" + string(NotAsked): {
		Label:  Text{"尚未查询分账的核对单元", "groups whose order has not been queried"},
		Advice: Text{"排除故障后重跑", "mend the failure, and run again"},
	},
	"blocker:" + string(RuleNeverAnswered): {
		Label:  Text{"匹配规则从未命中的核对单元", "groups whose match rule never found anything"},
		Advice: Text{"匹配规则或应用不对，先改配置", "the match rule or the app is wrong: mend the configuration first"},
	},

	"term:" + string(TermBillOnly):       {Label: Text{"未查到分账", "no settlement found"}},
	"term:" + string(TermNeverAnswered):  {Label: Text{"未查到分账（规则未命中）", "no settlement found (match rule never finds any)"}},
	"term:" + string(TermPending):        {Label: Text{"分账处理中（未分部分）", "under way (not settled so far)"}},
	"term:" + string(TermFailed):         {Label: Text{"分账失败（未分部分）", "failed (not settled)"}},
	"term:" + string(TermNoKey):          {Label: Text{"缺单号", "no id to query by"}},
	"term:" + string(TermNotConfigured):  {Label: Text{"未接入分账", "settlements not configured"}},
	"term:" + string(TermSettlementOnly): {Label: Text{"有分账、未查到账单", "settlements without a bill"}},
	"term:" + string(TermMismatched):     {Label: Text{"差异净额", "net difference"}},
	"term:" + string(TermMatched):        {Label: Text{"跨日及分段匹配", "matched over days or in parts"}},

	"state:" + string(Missing): {Label: Text{"缺失", "missing"}},
	"state:empty":              {Label: Text{"无账单（平台确认为空）", "no bills (the platform says there are none)"}}, // complete, of no bill

	"step:" + string(StepOriginal):       {Label: Text{"交易金额", "order value"}},
	"step:" + string(StepMerchantTicket): {Label: Text{"商家优惠", "merchant's discounts"}},
	"step:" + string(StepPlatformTicket): {Label: Text{"平台优惠", "platform's discounts"}},
	"step:" + string(StepLedgerTicket):   {Label: Text{"参与结算的平台补贴", "platform's subsidy that is settled"}},
	"step:" + string(StepTotalUnknown):   {Label: Text{"分项未知的账单", "bills that lack an amount"}},
	"step:" + string(StepTotalBroken):    {Label: Text{"勾稽不符的账单", "bills that do not add up"}},
	"step:" + string(StepLedgerTotal):    {Label: Text{"应结算", "ledger total"}},
	"step:" + string(StepFee):            {Label: Text{"平台服务费", "platform's service fee"}},
	"step:" + string(StepCommission):     {Label: Text{"佣金", "commissions"}},
	"step:" + string(StepInsurance):      {Label: Text{"保险费", "insurance"}},
	"step:" + string(StepGoodsUnknown):   {Label: Text{"扣减项未知的账单", "bills that lack a deduction"}},
	"step:" + string(StepGoodsBroken):    {Label: Text{"扣减勾稽不符的账单", "bills whose deductions do not add up"}},
	"step:" + string(StepGoods):          {Label: Text{"正向账单商家实际结算", "merchant receives of forward bills"}},
	"step:" + string(StepRefund):         {Label: Text{"退款（商家实收口径）", "refunds (merchant receives)"}},
	"step:" + string(StepOther):          {Label: Text{"扣款及其他（商家实收口径）", "deductions and other (merchant receives)"}},
	"step:" + string(StepMerchant):       {Label: Text{"商家实际结算", "merchant receives"}},
}
