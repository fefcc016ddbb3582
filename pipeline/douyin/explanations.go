package douyin

import (
	"maps"
	"slices"

	"billwalk/schema"
)

// Explanation is what the error table says of one code, for people.
type Explanation struct {
	Code     int64
	Sub      bool // it is a sub_error_code
	Meaning  schema.Bilingual
	Handling schema.Bilingual // what billwalk does about it by itself
	Remedies []Remedy         // at least one; several where it differs by API
}

// Remedy is what a person does about a code.
type Remedy struct {
	APIs []string // catering_query, query_settle or client_token
	schema.Bilingual
}

// Unknown explains a code that is not in the table.
func Unknown(number int64) Explanation {
	found, _ := lookUp(number, false, "")
	return explain(number, false, found)
}

// Explanations returns the whole error table, by code; error codes before sub codes.
func Explanations() (all []Explanation) {
	for _, sub := range []bool{false, true} {
		table := codes
		if sub {
			table = subCodes
		}
		for _, number := range slices.Sorted(maps.Keys(table)) {
			all = append(all, explain(number, sub, table[number]))
		}
	}
	return all
}

// Meaning returns what a code or sub code means, or nothing if it is not known.
func Meaning(number int64) schema.Bilingual {
	for _, table := range []map[int64]code{codes, subCodes} {
		if c, known := table[number]; known {
			return c.meaning
		}
	}
	return schema.Bilingual{}
}

func explain(number int64, sub bool, c code) Explanation {
	e := Explanation{Code: number, Sub: sub, Meaning: c.meaning, Handling: handling[c.remedy]}
	for _, api := range []string{apiBills, apiSettlements, apiStores, apiToken} {
		hint := hintOf(api, c)
		i := slices.IndexFunc(e.Remedies, func(r Remedy) bool { return r.Bilingual == hint })
		if i < 0 {
			i = len(e.Remedies)
			e.Remedies = append(e.Remedies, Remedy{Bilingual: hint})
		}
		e.Remedies[i].APIs = append(e.Remedies[i].APIs, api)
	}
	return e
}

// handling says what billwalk does by itself, by remedy.
var handling = [remedies]schema.Bilingual{
	giveUpUnit:    {English: "the account's day, or the query of one order, fails at once; everything else goes on", Chinese: "该账户当天（或该订单的查询）即告失败，其余照常"},
	giveUpAccount: {English: "all days of the account fail at once; the other accounts go on", Chinese: "该账户各天即告失败，其他账户照常"},
	giveUpApp:     {English: "all calls of the app end: those for bills and settlements once three in a row say so, those for a token at once; what is whole is published", Chinese: "停止该应用的全部调用（账单与分账查询连续三次才停，获取 token 一次即停）；完整的照常发布"},
	giveUpToday:   {English: "all calls end; what is whole is published, and the run ends with exit 5", Chinese: "停止全部调用；完整的照常发布，退出码 5"},
	unavailable:   {English: "the account's day is unavailable: neither a failure nor an empty day", Chinese: "该账户当天记为 unavailable，既不是失败，也不是空天"},
	notFound:      {English: "the order has no settlement by this query: an answer, and no failure", Chinese: "视为该查询查无分账：是答复，不是失败"},
	repeat:        {English: "the call is made again, eight times in all and later ones at the end of the queue", Chinese: "重查，共八次，排到队尾"},
	repeatOnce:    {English: "the call is made once more", Chinese: "再查一次"},
	repeatFew:     {English: "the call is made again, three times in all", Chinese: "重查，共三次"},
	slowDown:      {English: "the pace is halved, and the call is made again", Chinese: "速度减半后重查"},
	renewToken:    {English: "a new token is fetched, and the call is made once more", Chinese: "换新 token 后再查一次"},
}
