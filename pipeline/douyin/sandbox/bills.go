package sandbox

import (
	"bytes"
	"net/http"
	"strings"

	"billwalk/schema"
)

func (p *Platform) serveBills(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	arrived := p.config.Now()
	number := p.traffic.arrive(Request{
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
	if c.identity == 0 {
		c.identity = dice(p.config.Seed, word(r.URL.RawQuery))
	}
	c.asked = p.memory.again(c.identity)
	if code != 0 {
		p.send(w, r, p.failure(c.question, code))
		return
	}
	p.send(w, r, p.answer(c, r.Header.Get("access-token")))
}

// refuse returns the error code of a call that is refused whatever it asks, or 0.
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
	if f, ok := p.ending(api, number); ok {
		p.traffic.struck(api, f)
		return f.code
	}
	return 0
}

// answer returns the reply to a call that is in order.
func (p *Platform) answer(c call, token string) reply {
	if f, ok := p.striking(c.reach, c.day); ok {
		p.traffic.struck(BillsAPI, f)
		return p.spoiled(c, f)
	}
	if p.Unauthorised(c.account) {
		return p.failure(c.question, codeUnauthorised)
	}
	if code, unavailable := p.Unavailable(schema.Unit{Account: c.account, Day: c.day}); unavailable {
		return p.failure(c.question, code)
	}
	if f, ok := p.passing(c.question); ok {
		return p.interrupted(c.question, f, token, func() reply { return p.success(c, "") })
	}
	return p.success(c, "")
}

// success returns the reply with the call's page, spoiled by a lasting fault
// where one is named.
func (p *Platform) success(c call, spoiledBy string) reply {
	if c.cursor == firstCursor {
		p.beginWalk(c)
	}
	out := p.page(c)
	p.spoil(&out, c, spoiledBy)
	p.traffic.answered(BillsAPI, 0)
	body := compact(envelope{Data: out, Extra: p.extra(c.question, 0)})
	return reply{body: p.dress(body, c)}
}

// spoiled returns the reply under a lasting fault.
func (p *Platform) spoiled(c call, f fault) reply {
	if f.code != 0 {
		return p.failure(c.question, f.code)
	}
	out := p.success(c, f.name)
	switch f.name {
	case "dupkeys":
		out.body = bytes.Replace(out.body, []byte(`"has_more":`), []byte(`"has_more":false,"has_more":`), 1)
	case "bad-id":
		out.body = bytes.ReplaceAll(out.body, []byte(`order_id":"`), []byte("order_id\":\"\xff"))
		out.body = bytes.Replace(out.body, []byte(`"cursor":"`), []byte("\"cursor\":\"\xff"), 1)
	case "big":
		filler := `"data":{"filler":"` + strings.Repeat("抖", 5<<20/3) + `",`
		out.body = bytes.Replace(out.body, []byte(`"data":{`), []byte(filler), 1)
	}
	return out
}
