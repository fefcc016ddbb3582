package sandbox

// Error codes that the platform returns by its own rules. It returns other codes only
// under the fault of that name.
const (
	codeMissingParameter = 4000001
	codeBadParameter     = 4000002
	codeSystem           = 5000001
	codeWithdrawnByHand  = 6000001
	codeNoDetail         = 6000002
	codeBadToken         = 2190002
	codeIncapable        = 2190004
	codeUnauthorised     = 2119005
	codeTooFrequent      = 2119003
	codeSettle           = 2191009
	codeTokenParameter   = 10002
	codeBadKey           = 10003
	codeBadSecret        = 10013
	codeTokenCalls       = 10020
)

// Sub codes, beside the code in extra.
const (
	subNotAuthorised = 11006 // beside 2119005
	subTooFrequent   = 12001 // beside 5000001
	subBadParameter  = 10000 // beside 2191009
	subNoOrder       = 20000 // beside 2191009
	subNoID          = 23002 // beside 2190004, as in the documentation's example
)

var descriptions = map[int64]string{
	3000001: "业务异常", 4000001: "缺少必填参数", 4000002: "参数非法", 5000001: "系统异常", 6000001: "非自动提现", 6000002: "无账单明细",
	2190002: "access_token无效", 2190008: "access_token过期", 28001003: "access_token无效", 28001008: "access_token过期",
	2190004: "应用未获得该能力", 28001018: "应用未获得该能力", 28001014: "应用无权限", 2100007: "无权限操作", 2119005: "商户未授权",
	2119013: "IP不在白名单", 2119001: "参数不合法", 2100005: "参数不合法", 28001007: "参数不合法", 2119003: "请求过于频繁",
	28003018: "请求频率过高", 2190001: "quota已用完", 28003017: "quota已用完", 2100004: "系统繁忙", 28001005: "系统繁忙",
	2100001: "未知错误", 2119002: "系统繁忙", 28001006: "网络调用错误", 9999999: "未定义的错误", 10001: "系统错误", 10002: "参数错误",
	10003: "client_key错误", 10013: "client_key或者client_secret错误", 10020: "请求次数超过上限",
	subNotAuthorised: "商服关系未授权", subTooFrequent: "访问过于频繁", codeSettle: "分账异常",
	subBadParameter: "参数不合法", subNoOrder: "订单不存在", subNoID: "订单id,分账单id至少指定一个",
}

func describe(code int64) string { return descriptions[code] }
