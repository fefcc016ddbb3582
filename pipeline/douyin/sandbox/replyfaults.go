package sandbox

import (
	"bytes"
	"net/http"
	"regexp"
)

// interrupted returns the reply under a passing fault, which may be the right
// one that does not arrive whole.
func (p *Platform) interrupted(q question, f fault, token string, right func() reply) reply {
	switch f.name {
	case "12001", "error-in-data-only", "error-in-extra-only":
		return p.halfFailure(q, f)
	case "error-outside", "token-outside":
		return p.outside(q, f)
	case "no-extra":
		return withoutProof(q, right())
	case "token-stolen":
		p.tokens.kill(token)
		return p.failure(q, codeBadToken)
	case "html":
		status := http.StatusBadGateway
		if q.identity%2 == 0 {
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
		out := right()
		out.trouble = f.name
		return out
	}
	return p.failure(q, f.code)
}

// halfFailure returns an error that does not stand in both places alike. Answers
// to a settle query have one place only.
func (p *Platform) halfFailure(q question, f fault) reply {
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

// dress gives a right answer the look that the dressing faults ask for. Quotes
// within text are escaped, so the patterns meet fields only.
func (p *Platform) dress(body []byte, c call) []byte {
	if p.config.Faults.has("numeric-ids") && (c.reach.merchant.index%2 == 1 || len(p.world.merchants) == 1) {
		body = idField.ReplaceAll(body, []byte(`"$1":$2`))
	}
	if p.config.Faults.has("string-amounts") {
		body = amountMap.ReplaceAllFunc(body, func(amount []byte) []byte {
			return amountField.ReplaceAll(amount, []byte(`"$1":"$2"`))
		})
	}
	for _, w := range wounds {
		body = bytes.ReplaceAll(body, []byte(w.sign), []byte(w.wire))
	}
	return body
}

// withoutProof returns a right reply without what says that it is one.
func withoutProof(q question, right reply) reply {
	extra := [][]byte{nil, []byte(`"extra":null`), []byte(`"extra":[]`), []byte(`"extra":{"description":"success"}`)}[q.identity>>8%4]
	data := bytes.TrimRight(right.body[:bytes.LastIndex(right.body, []byte(`"extra":`))], ",")
	if len(extra) > 0 && len(data) > 1 {
		data = append(data, ',')
	}
	right.body = append(append(data, extra...), '}')
	return right
}
