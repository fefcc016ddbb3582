package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
)

// withPassingFault returns the reply to a query that meets a passing fault. correct
// returns the correct reply, which some faults change.
func (p *Platform) withPassingFault(q apiQuery, f fault, token string, correct func() reply) reply {
	switch f.name {
	case "12001", "error-in-data-only", "error-in-extra-only":
		return p.partialFailure(q, f)
	case "error-outside", "token-outside":
		return p.errorOutside(q, f)
	case "no-extra":
		return withoutSuccess(q, correct())
	case "token-stolen":
		p.tokens.kill(token)
		return p.failure(q, codeBadToken)
	case "html":
		status := http.StatusBadGateway
		if q.hash%2 == 0 {
			status = http.StatusOK
		}
		return reply{status: status, contentType: "text/html", body: []byte("<html><body><h1>502 Bad Gateway</h1></body></html>\n")}
	case "nonjson":
		return reply{contentType: "text/plain", body: []byte("upstream connect error or disconnect/reset before headers")}
	case "http429":
		return reply{status: http.StatusTooManyRequests, body: []byte(`{}`)}
	case "http503":
		return reply{status: http.StatusServiceUnavailable, contentType: "text/plain", body: []byte("no healthy upstream")}
	case "slow", "cut", "reset":
		out := correct()
		out.wireFault = f.name
		return out
	}
	return p.failure(q, f.code)
}

// partialFailure returns an answer with an error in one of two places. Answers of the
// settle query have only one.
func (p *Platform) partialFailure(q apiQuery, f fault) reply {
	out := p.refusal(q, f.code)
	switch {
	case f.name == "12001":
		out.Extra.setSub(subTooFrequent)
	case q.api == SettleAPI:
	case f.name == "error-in-data-only":
		out.Extra = p.extra(q, 0)
	case f.name == "error-in-extra-only":
		out.Data = struct{}{}
	}
	return reply{body: compact(out)}
}

var (
	idField     = regexp.MustCompile(`"(ledger_id|account_id|shop_order_id|item_order_id|certificate_id|verify_id|poi_id|verify_poi_account_id|sku_id)":"([1-9][0-9]*)"`)
	amountField = regexp.MustCompile(`"([a-z_]+)":(-?[0-9]+)`)
	amountMap   = regexp.MustCompile(`"amount":\{[^}]*\}`)
)

// applyFormatFaults changes a correct answer by the formatting faults. The patterns
// match only fields, because quotes within text are escaped.
func (p *Platform) applyFormatFaults(body []byte, m *merchant) []byte {
	if p.config.Faults.has("numeric-ids") && (m.index%2 == 1 || len(p.world.merchants) == 1) {
		body = idField.ReplaceAll(body, []byte(`"$1":$2`))
	}
	if p.config.Faults.has("string-amounts") {
		body = amountMap.ReplaceAllFunc(body, func(amount []byte) []byte {
			return amountField.ReplaceAll(amount, []byte(`"$1":"$2"`))
		})
	}
	for _, w := range textDamage {
		body = bytes.ReplaceAll(body, []byte(w.sign), []byte(w.wire))
	}
	return body
}

// withoutSuccess returns the correct reply without the fields that report success.
func withoutSuccess(q apiQuery, correct reply) reply {
	extra := [][]byte{nil, []byte(`"extra":null`), []byte(`"extra":[]`), []byte(`"extra":{"description":"success"}`)}[q.hash>>8%4]
	data := bytes.TrimRight(correct.body[:bytes.LastIndex(correct.body, []byte(`"extra":`))], ",")
	if len(extra) > 0 && len(data) > 1 {
		data = append(data, ',')
	}
	correct.body = append(append(data, extra...), '}')
	return correct
}

// outsideNames are the gateways' names for the code, the text and the logid of an
// error beside data.
var outsideNames = [][3]string{
	{"err_no", "err_msg", "log_id"}, {"error_code", "description", "logid"}, {"code", "message", "log_id"}, {"err_no", "err_tips", "logid"},
}

// dataBesideError is the data of such an answer: a gateway's filler, or the API's
// defaults.
var dataBesideError = map[string][]string{
	BillsAPI:       {`null`, `{}`, `[]`, `{"cursor":"0","has_more":false,"ledger_records":[]}`, `{"cursor":"","has_more":false,"ledger_records":null}`},
	SettleAPI:      {`null`, `{}`, `[]`},
	WithdrawalsAPI: {`null`, `{}`, `[]`, `{"cursor":"0","has_more":false,"bill_withdraw_records":[]}`, `{"cursor":"","has_more":false,"bill_withdraw_records":null}`},
	StoresAPI:      {`null`, `{}`, `[]`, `{"pois":[],"total":0}`, `{"pois":null,"total":0}`},
}

// errorOutside returns an answer whose error is neither in data nor in extra. Its code
// may be a string.
func (p *Platform) errorOutside(q apiQuery, f fault) reply {
	p.traffic.countAnswer(q.api, f.code)
	chance := dice(p.config.Seed, word("outside"), q.hash)
	if q.api == WithdrawnBillsAPI {
		q.api = BillsAPI // it is the same API
	}
	names := outsideNames[chance%uint64(len(outsideNames))]
	left := dataBesideError[q.api][chance>>8%uint64(len(dataBesideError[q.api]))]
	code := fmt.Sprint(f.code)
	if chance>>16%4 == 0 {
		code = `"` + code + `"`
	}
	return reply{body: fmt.Appendf(nil, `{"data":%s,"%s":%s,"%s":"%s","%s":"%s"}`, left, names[0], code, names[1], describe(f.code), names[2], logID(q.day, chance))}
}
