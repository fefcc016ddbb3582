package sandbox

import (
	"fmt"
)

// outsideNames are what gateways call code, text and logid of an error that they
// put beside data.
var outsideNames = [][3]string{
	{"err_no", "err_msg", "log_id"}, {"error_code", "description", "logid"}, {"code", "message", "log_id"}, {"err_no", "err_tips", "logid"},
}

// remains are what an error from outside has for data: what a gateway that makes
// its own answer fills in, or one that wraps the API's defaults.
var remains = map[string][]string{
	BillsAPI:  {`null`, `{}`, `[]`, `{"cursor":"0","has_more":false,"ledger_records":[]}`, `{"cursor":"","has_more":false,"ledger_records":null}`},
	SettleAPI: {`null`, `{}`, `[]`},
}

// outside returns an error that stands neither in data nor in extra. Its code may
// be quoted.
func (p *Platform) outside(q question, f fault) reply {
	p.traffic.answered(q.api, f.code)
	chance := dice(p.config.Seed, word("outside"), q.identity)
	names := outsideNames[chance%uint64(len(outsideNames))]
	left := remains[q.api][chance>>8%uint64(len(remains[q.api]))]
	code := fmt.Sprint(f.code)
	if chance>>16%4 == 0 {
		code = `"` + code + `"`
	}
	return reply{body: fmt.Appendf(nil, `{"data":%s,"%s":%s,"%s":"%s","%s":"%s"}`, left, names[0], code, names[1], describe(f.code), names[2], logID(q.day, chance))}
}
