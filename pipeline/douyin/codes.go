package douyin

import (
	"cmp"
	"regexp"
	"strings"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// remedy says what to do about an answer with an error code, or about a missing one.
type remedy int

const (
	giveUpUnit    remedy = iota // this account on this day, or this query: a bad request, or an unknown code
	giveUpAccount               // every day of this account
	giveUpApp                   // every call of the app
	giveUpToday                 // every call for now: the quota is used up, or nothing answers (circuit.go)
	unavailable                 // withdrawn by hand: not a failure, but there are no bills
	notFound                    // not an error: the order is unknown
	repeat                      // the platform or the network is at fault
	repeatOnce
	repeatFew
	slowDown   // repeat, at half the rate
	renewToken // repeat once, with a fresh token
	remedies   // how many there are
)

// attempts is the number of attempts of one call by remedy: eight for transient faults
// in all, and fewer if the answer probably stays the same. On an unsteady platform it is
// multiplied by unsteadyPatience.
var attempts = [remedies]int{repeat: 8, repeatOnce: 2, repeatFew: 3, slowDown: 8, renewToken: 2}

// code describes an error code.
type code struct {
	remedy  remedy
	meaning schema.Bilingual // as in the platform's documents, and in English
	hint    schema.Bilingual // what a person should do; hintsElsewhere has those that differ by API
}

func say(chinese, english string) schema.Bilingual {
	return schema.Bilingual{English: english, Chinese: chinese}
}

// What a person should do.
var (
	hintParameters = say("对照接口文档检查参数；此接口仅供餐饮商家，其他行业商家请勿查询", "the request itself is wrong: check the account id and the day, and that the merchant is a catering one, for whom alone this API is")
	hintBusiness   = say("对照接口文档检查参数并重试；此接口仅供餐饮商家，其他行业商家请勿查询", "check the account id and the day, and that the merchant is a catering one, for whom alone this API is; then run again")
	hintBusy       = say("平台繁忙，稍后再跑；若反复出现，多为参数类型错误", "the platform is busy: run again later; where it stays so, a parameter of the wrong type is the usual reason: give Douyin's support the logid")
	hintAccount    = say("请商家在 抖音来客 > 店铺管理 > 服务应用授权 中授权本应用", "the merchant must authorise the app")
	hintCapability = say("在 控制台 > 应用详情 > 解决方案 开通“商家账单明细”", "the app needs scope life.capacity.billing.detail")
	hintBanned     = say("在控制台查看应用与“商家账单明细”能力的状态，恢复后再跑", "look up the state of the app and of its scope life.capacity.billing.detail in the console, and run again once it is restored")
	hintWhitelist  = say("把本机出口 IP 加入应用的 IP 白名单", "add this machine's outgoing IP address to the app's IP whitelist")
	hintQuota      = say("配额用完，明天再跑", "the quota is used up: run again another day to go on")
	hintOutage     = say("平台或网络无应答，恢复后再跑", "the platform or the network is down: check the network and the app's base_url, and run again to go on")
	hintWithdrawn  = say("手动提现的账单无法查询，请到 来客 财务首页 > 交易账户详情 核对", "look the money up in the merchant's console")
	hintSlower     = say("降低 qps", "lower the app's qps in jobs.yaml")
	hintPlatform   = say("平台异常，稍后再跑", "the platform is at fault: run again later, and give Douyin's support the logid")
	hintToken      = say("检查 client_key 与 client_secret 是否属于本应用", "check that the app's client_key and client_secret are its own")
	hintStolen     = say("检查是否有其他程序用同一 client_key 获取 token", "another program probably fetches tokens with the same client_key, and each new token ends the older ones: give it a key of its own")
	hintUnknown    = say("未知错误码，请凭 logid 咨询抖音", "this code is not known: ask Douyin's support, with the logid")
	hintModule     = say("看子错误码，并凭 logid 咨询抖音", "the sub code says more: ask Douyin's support, with the logid")
	hintOrder      = say("平台查无此单", "the platform knows nothing of this order")
	hintNoEvidence = say("应答未表明成功或失败，检查 base_url，并凭 logid 咨询抖音", "the answer says neither that it succeeded nor that it failed: check the app's base_url, and ask Douyin's support, with the logid")
	hintBaseURL    = say("检查 base_url", "check the app's base_url in jobs.yaml")
)

// hintsElsewhere are the hints that differ by API: the settle query's app is a
// mini-program (小程序) and no life-service app, and client_token knows no account,
// day or order.
var hintsElsewhere = map[string]map[schema.Bilingual]schema.Bilingual{
	apiSettlements: {
		hintParameters: say("检查 settlements.match 所用的订单号", "the request itself is wrong: check the job's settlements.match, and the id that was asked with"),
		hintBusiness:   say("平台拒绝了该订单的查询，稍后再跑，并凭 logid 咨询抖音", "the platform refused the query of this order: run again later, and ask Douyin's support, with the logid"),
		hintAccount:    say("该订单不属于本小程序，检查 settlements.app 与 match", "the order is not this mini-program's: check the job's settlements.app and settlements.match"),
		hintCapability: say("在小程序控制台申请分账能力", "the mini-program needs scope industry_open.trade.settle, applied for in its console"),
		hintBanned:     say("在小程序控制台查看应用与能力的状态，恢复后再跑", "look up the state of the mini-program and of scope industry_open.trade.settle in its console, and run again once it is restored"),
		hintWhitelist:  say("把本机出口 IP 加入小程序的 IP 白名单", "add this machine's outgoing IP address to the mini-program's IP whitelist"),
		hintWithdrawn:  hintUnknown,
	},
	apiStores: {
		hintParameters: say("检查账户 ID", "the request itself is wrong: check the account id"),
		hintBusiness:   say("检查账户 ID，稍后再跑", "check the account id, and run again later"),
		hintCapability: say("在 控制台 > 应用详情 申请门店能力（life.capacity.shop），或去掉任务的 stores", "the app needs scope life.capacity.shop, or leave stores out of the job: bills do not need it"),
		hintWithdrawn:  hintUnknown, hintOrder: hintUnknown,
	},
	apiToken: {
		hintParameters: hintToken, hintBusiness: hintPlatform, hintAccount: hintToken,
		hintCapability: say("在控制台查看应用的能力", "look up the app's capabilities in its console"),
		hintBanned:     say("在控制台查看应用的状态，恢复后再跑", "look up the app's state in its console, and run again once it is restored"),
		hintWithdrawn:  hintUnknown, hintOrder: hintUnknown, hintModule: hintUnknown,
		hintSlower: hintStolen,
	},
}

// hintOf returns the hint that fits the API.
func hintOf(api string, c code) schema.Bilingual {
	return cmp.Or(hintsElsewhere[api][c.hint], c.hint)
}

// codes is the error table of all APIs: the documents' own lists, and what users
// of the platform have met.
var codes = map[int64]code{
	3000001: {repeatOnce, say("业务异常", "business error"), hintBusiness},
	4000001: {giveUpUnit, say("缺少必填参数", "a parameter is missing"), hintParameters},
	4000002: {giveUpUnit, say("参数非法", "a parameter is invalid"), hintParameters},
	5000001: {repeat, say("系统异常", "system error"), hintPlatform},
	6000001: {unavailable, say("非自动提现", "the bills were withdrawn by hand"), hintWithdrawn},
	6000002: {unavailable, say("无账单明细", "the bills were withdrawn by hand, there is no list"), hintWithdrawn},

	2190002:  {renewToken, say("access_token 无效", "the token is invalid"), hintToken},
	2190008:  {renewToken, say("access_token 过期", "the token has expired"), hintToken},
	28001003: {renewToken, say("access_token 无效", "the token is invalid"), hintToken},
	28001008: {renewToken, say("access_token 过期", "the token has expired"), hintToken},
	10008:    {renewToken, say("access_token 无效", "the token is invalid"), hintToken},

	2190004:  {giveUpApp, say("应用未获得该能力", "the app lacks the capability"), hintCapability},
	28001014: {giveUpApp, say("应用未授权", "the app is not authorised for this API"), hintCapability},
	28001016: {giveUpApp, say("应用已被封禁或下线", "the app is banned, or taken offline"), hintBanned},
	28001017: {giveUpApp, say("应用不能调用此接口", "the app may not call this API"), hintCapability},
	28001018: {giveUpApp, say("应用未获得该能力", "the app lacks the capability"), hintCapability},
	28001019: {giveUpApp, say("应用的该能力已被封禁", "the app's capability is banned"), hintBanned},
	28001056: {giveUpApp, say("该能力不可用或已下线", "the capability is not to be had, or taken offline"), hintBanned},
	2100007:  {giveUpApp, say("无权限", "no permission"), hintCapability},
	2119013:  {giveUpApp, say("IP 不在白名单", "the caller's IP address is not in the app's whitelist"), hintWhitelist},
	2119005:  {giveUpAccount, say("商服关系未授权", "the merchant has not authorised the app"), hintAccount},

	2119001:  {giveUpUnit, say("参数错误", "a parameter is wrong"), hintParameters},
	2100005:  {giveUpUnit, say("参数错误", "a parameter is wrong"), hintParameters},
	28001007: {giveUpUnit, say("参数错误", "a parameter is wrong"), hintParameters},

	2119003:  {slowDown, say("请求过于频繁", "too many requests"), hintSlower},
	28001052: {slowDown, say("访问受限，稍后重试", "the platform asks to back off"), hintSlower},
	28003018: {slowDown, say("请求频率过高", "too many requests"), hintSlower},
	2190001:  {giveUpToday, say("quota 已用完", "the quota is used up"), hintQuota},
	28003017: {giveUpToday, say("quota 已用完", "the quota is used up"), hintQuota},

	2100004:  {repeatFew, say("系统繁忙", "busy, or a parameter of the wrong type"), hintBusy},
	28001005: {repeatFew, say("系统繁忙", "busy, or a parameter of the wrong type"), hintBusy},
	2100001:  {repeat, say("系统错误", "system error"), hintPlatform},
	2119002:  {repeat, say("系统繁忙", "the platform is busy"), hintPlatform},
	28001006: {repeat, say("网络错误", "network error within the platform"), hintPlatform},

	2191000: {repeat, say("内部错误", "internal error"), hintPlatform},
	2191001: {giveUpUnit, say("风控错误", "refused by risk control"), hintModule},
	2191002: {giveUpUnit, say("交易错误", "error of the trade module"), hintModule},
	2191003: {giveUpUnit, say("正向交易错误", "error of the order module"), hintModule},
	2191004: {giveUpUnit, say("核销错误", "error of the verification module"), hintModule},
	2191005: {giveUpUnit, say("逆向交易错误", "error of the refund module"), hintModule},
	2191006: {giveUpUnit, say("资金错误", "error of the funds module"), hintModule},
	2191007: {giveUpUnit, say("扩展错误", "error of the extension module"), hintModule},
	2191008: {giveUpUnit, say("营销错误", "error of the marketing module"), hintModule},
	2191009: {giveUpUnit, say("分账错误", "error of the settlement module"), hintModule},

	20000: {notFound, say("订单不存在", "the order is not found"), hintOrder}, // documented as a sub code

	10001: {repeat, say("系统错误", "system error"), hintPlatform},
	10002: {giveUpApp, say("参数错误", "a parameter of the token request is wrong"), hintToken},
	10003: {giveUpApp, say("client_key 错误", "the client_key is not known"), hintToken},
	10013: {giveUpApp, say("client_key 或 client_secret 错误", "the client_key or client_secret is wrong"), hintToken},
	10020: {slowDown, say("获取 token 过于频繁", "too many tokens fetched (500 in 5 minutes)"), hintStolen},
}

// subCodes is the table of sub_error_code, where a number may have another meaning than
// as an error_code.
var subCodes = map[int64]code{
	10000: {giveUpUnit, say("参数错误", "a parameter is wrong"), hintParameters},
	10002: {giveUpUnit, say("参数错误", "a parameter is wrong"), hintParameters},
	11001: {giveUpAccount, say("无权查询该数据", "the data belongs to somebody else"), hintAccount},
	11002: {renewToken, say("access_token 无效", "the token is invalid"), hintToken},
	11004: {giveUpApp, say("签名错误", "the signature is wrong"), hintToken},
	11006: {giveUpAccount, say("商服关系未授权", "the merchant has not authorised the app"), hintAccount},
	12001: {slowDown, say("访问过于频繁", "too many requests"), hintSlower},
	13000: {repeat, say("系统内部错误", "internal error, mostly a timeout"), hintPlatform},
	20000: {notFound, say("订单不存在", "the order is not found"), hintOrder},
	20005: {repeatFew, say("查询失败", "the query failed"), hintPlatform},
	23002: {giveUpUnit, say("参数缺失", "a parameter is missing"), hintParameters},
}

var aboutIP = regexp.MustCompile(`(?i)\bip\b`)

// lookUp returns the description of a code. An unknown code ends the unit, because a
// retry would be blind.
func lookUp(number int64, sub bool, texts string) (found code, known bool) {
	// 2100007 is used for every refusal of access; only its text distinguishes them.
	if number == 2100007 && aboutIP.MatchString(texts) {
		number = 2119013
	}
	tables := [2]map[int64]code{codes, subCodes}
	if sub {
		tables[0], tables[1] = subCodes, codes
	}
	for _, table := range tables {
		if found, known = table[number]; known {
			return found, true
		}
	}
	return code{giveUpUnit, say("未知错误码", "unknown error code"), hintUnknown}, false
}

// LacksAuthorisation reports whether a failure of bills says that the merchant has not
// authorised the app.
func LacksAuthorisation(f schema.Failure) bool {
	for number, table := range map[int64]map[int64]code{f.Code: codes, f.SubCode: subCodes} {
		if found, ok := table[number]; ok && found.hint == hintAccount && number != otherOwner {
			return true
		}
	}
	return false
}

// otherOwner is the sub code of data that belong to somebody else, as with a wrong account
// id: authorisation is not what is missing.
const otherOwner = 11001

// generalCodes only name the module of the platform in which a call failed. Beside these
// a sub code decides, beside all others it does not.
var generalCodes = map[int64]bool{
	3000001: true, 5000001: true, 2100001: true, 2119002: true,
	2191000: true, 2191001: true, 2191002: true, 2191003: true, 2191004: true,
	2191005: true, 2191006: true, 2191007: true, 2191008: true, 2191009: true,
}

// farReaching ranks the remedies that affect more than one call: they decide wherever
// their code is.
var farReaching = [remedies]int{giveUpApp: 10, giveUpToday: 9, renewToken: 8, slowDown: 7}

// weight ranks the codes of an answer: the one with the greatest weight decides, of equal
// ones the first. An unknown code has less weight than any other.
func weight(c normalise.PlacedCode, known bool, found code) int {
	switch {
	case !known && strings.HasPrefix(c.Place, "data."): // mostly a copy of extra's
		return 0
	case !known:
		return 1
	case farReaching[found.remedy] > 0:
		return farReaching[found.remedy]
	case !c.Sub && generalCodes[c.N]:
		return 2
	case found.remedy == notFound:
		return 3
	case c.Sub:
		return 4
	case found.remedy == giveUpAccount:
		return 6
	default:
		return 5
	}
}

// decision is the code that decides about an answer.
type decision struct {
	code
	main, sub int64 // error_code and sub_error_code; 0 if there is none
}

// decide returns what to do about an answer with these codes. ok is false if all are 0.
func decide(placed []normalise.PlacedCode, texts string) (d decision, ok bool) {
	best := [2]int{-1, -1} // weights of the codes, and of the sub codes
	for _, c := range placed {
		if c.N == 0 {
			continue
		}
		found, known := lookUp(c.N, c.Sub, texts)
		w, kind, number := weight(c, known, found), 0, &d.main
		if c.Sub {
			kind, number = 1, &d.sub
		}
		if w > max(best[0], best[1]) {
			d.code, ok = found, true
		}
		if w > best[kind] {
			best[kind], *number = w, c.N
		}
	}
	return d, ok
}
