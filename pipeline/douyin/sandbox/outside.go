package sandbox

import (
	"fmt"
)

// outsideNames are the gateways' names for the code, the text and the logid of an
// error beside data.
var outsideNames = [][3]string{
	{"err_no", "err_msg", "log_id"}, {"error_code", "description", "logid"}, {"code", "message", "log_id"}, {"err_no", "err_tips", "logid"},
}

// dataBesideError is the data of such an answer: a gateway's filler, or the API's
// defaults.
var dataBesideError = map[string][]string{
	BillsAPI:  {`null`, `{}`, `[]`, `{"cursor":"0","has_more":false,"ledger_records":[]}`, `{"cursor":"","has_more":false,"ledger_records":null}`},
	SettleAPI: {`null`, `{}`, `[]`},
}

// errorOutside returns an answer whose error is neither in data nor in extra. Its code
// may be a string.
func (p *Platform) errorOutside(q apiQuery, f fault) reply {
	p.traffic.countAnswer(q.api, f.code)
	chance := dice(p.config.Seed, word("outside"), q.hash)
	names := outsideNames[chance%uint64(len(outsideNames))]
	left := dataBesideError[q.api][chance>>8%uint64(len(dataBesideError[q.api]))]
	code := fmt.Sprint(f.code)
	if chance>>16%4 == 0 {
		code = `"` + code + `"`
	}
	return reply{body: fmt.Appendf(nil, `{"data":%s,"%s":%s,"%s":"%s","%s":"%s"}`, left, names[0], code, names[1], describe(f.code), names[2], logID(q.day, chance))}
}
