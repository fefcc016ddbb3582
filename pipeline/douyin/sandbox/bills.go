package sandbox

import (
	"bytes"
	"net/http"
	"strings"

	"billwalk/schema"
)

func (p *Platform) serveBills(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Has("withdraw_id") {
		p.serveWithdrawnBills(w, r)
		return
	}
	arrived := p.config.Now()
	number := p.traffic.record(Request{
		API: BillsAPI, At: arrived, Cursor: query.Get("cursor"), Day: query.Get("bill_date"),
		Account: query.Get("account_id") + query.Get("root_account_id"),
	})
	if !pause(r.Context(), p.config.Latency) {
		return
	}
	c, code := p.readCall(query)
	if refused := p.refuse(r, BillsAPI, number); refused != 0 {
		code = refused
	}
	if c.hash == 0 {
		c.hash = dice(p.config.Seed, word(r.URL.RawQuery))
	}
	c.attempt = p.counts.increment(c.hash)
	if code != 0 {
		p.send(w, r, p.failure(c.apiQuery, code))
		return
	}
	p.send(w, r, p.answer(c, r.Header.Get("access-token")))
}

// refuse returns the error code of a call that is refused regardless of its content:
// for its token, its app, the rate limit, or an ending fault. 0 is none.
func (p *Platform) refuse(r *http.Request, api string, number int) int64 {
	now := p.config.Now()
	key, good := p.tokens.owner(r.Header.Get("access-token"), now)
	if !good {
		return codeBadToken
	}
	if !p.config.admits(api, key) {
		return codeIncapable
	}
	if !p.windows[api].accept(now) {
		return p.config.Faults.limitCode()
	}
	if f, ok := p.endingFault(api, number); ok {
		p.traffic.countFault(api, f)
		return f.code
	}
	return 0
}

// answer returns the reply to a valid call.
func (p *Platform) answer(c call, token string) reply {
	if f, ok := p.lastingFault(c.scope, c.day); ok {
		p.traffic.countFault(BillsAPI, f)
		return p.withLastingFault(c, f)
	}
	if p.Unauthorised(c.account) {
		return p.failure(c.apiQuery, codeUnauthorised)
	}
	if code, unavailable := p.Unavailable(schema.Unit{Account: c.account, Day: c.day}); unavailable {
		return p.failure(c.apiQuery, code)
	}
	if f, ok := p.passingFault(c.apiQuery); ok {
		return p.withPassingFault(c.apiQuery, f, token, func() reply { return p.success(c, "") })
	}
	return p.success(c, "")
}

// success returns the reply with the call's page, changed by the named lasting fault
// if any.
func (p *Platform) success(c call, lasting string) reply {
	if c.cursor == firstCursor {
		p.countWalk(c)
	}
	out := p.page(c)
	p.spoilPage(&out, c, lasting)
	p.traffic.countAnswer(BillsAPI, 0)
	body := compact(envelope{Data: out, Extra: p.extra(c.apiQuery, 0)})
	return reply{body: p.applyFormatFaults(body, c.scope.merchant)}
}

// withLastingFault returns the reply to a call that meets a lasting fault.
func (p *Platform) withLastingFault(c call, f fault) reply {
	if f.code != 0 {
		return p.failure(c.apiQuery, f.code)
	}
	out := p.success(c, f.name)
	out.body = spoilBody(out.body, f.name)
	return out
}

// spoilBody changes the answer's text as the lasting fault does.
func spoilBody(body []byte, fault string) []byte {
	switch fault {
	case "dupkeys":
		return bytes.Replace(body, []byte(`"has_more":`), []byte(`"has_more":false,"has_more":`), 1)
	case "bad-id":
		body = bytes.ReplaceAll(body, []byte(`order_id":"`), []byte("order_id\":\"\xff"))
		return bytes.Replace(body, []byte(`"cursor":"`), []byte("\"cursor\":\"\xff"), 1)
	case "big":
		filler := `"data":{"filler":"` + strings.Repeat("抖", 5<<20/3) + `",`
		return bytes.Replace(body, []byte(`"data":{`), []byte(filler), 1)
	}
	return body
}
