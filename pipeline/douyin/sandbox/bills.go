package sandbox

import (
	"net/http"
	"strconv"
	"strings"

	"billwalk/schema"
)

// envelope is what every answer of the two data APIs comes in.
type envelope struct {
	Data  any   `json:"data,omitempty"`
	Extra extra `json:"extra"`
}

type extra struct {
	ErrorCode      int64  `json:"error_code"`
	Description    string `json:"description"`
	SubErrorCode   int64  `json:"sub_error_code"`
	SubDescription string `json:"sub_description"`
	LogID          string `json:"logid"`
	Now            int64  `json:"now"`
}

type errorData struct {
	ErrorCode   int64  `json:"error_code"`
	Description string `json:"description"`
}

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

// failure returns the reply with the code in each place that the API has for it.
func (p *Platform) failure(q question, code int64) reply {
	out := p.refusal(q, code)
	if code == codeUnauthorised {
		out.Extra.setSub(subNotAuthorised)
	}
	return reply{body: compact(out)}
}

// refusal counts and returns an answer with the code. One to a settle query has no data.
func (p *Platform) refusal(q question, code int64) envelope {
	p.traffic.answered(q.api, code)
	out := envelope{Extra: p.extra(q, code)}
	if q.api == BillsAPI {
		out.Data = errorData{code, describe(code)}
	}
	return out
}

// extra returns the part that closes every answer; its clock is in seconds or
// in milliseconds, as it happens.
func (p *Platform) extra(q question, code int64) extra {
	chance := dice(p.config.Seed, q.identity, uint64(q.asked))
	out := extra{ErrorCode: code, Description: "success", LogID: logID(q.day, chance), Now: p.config.Now().Unix()}
	if code != 0 {
		out.Description, out.SubDescription = describe(code), describe(code)
	}
	if chance%2 == 0 {
		out.Now = p.config.Now().UnixMilli()
	}
	return out
}

func (e *extra) setSub(code int64) { e.SubErrorCode, e.SubDescription = code, describe(code) }

// logID is 31 digits like the platform's, and the same whenever the same is
// asked for the same time.
func logID(day schema.Day, chance uint64) string {
	date := strings.ReplaceAll(day.String(), "-", "")
	return date + strconv.FormatUint(1e11+chance%1e11, 10)[1:] + strconv.FormatUint(1e12+dice(chance)%9e12, 10)[1:]
}
