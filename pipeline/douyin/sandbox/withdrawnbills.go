package sandbox

import (
	"net/http"
	"net/url"
	"strconv"

	"billwalk/schema"
)

// withdrawnCall is a checked query of the bill API by withdraw_id.
type withdrawnCall struct {
	call
	withdrawal withdrawal
}

func (p *Platform) serveWithdrawnBills(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	number := p.traffic.record(Request{
		API: WithdrawnBillsAPI, At: p.config.Now(), Account: query.Get("account_id"), Cursor: query.Get("cursor"), Day: query.Get("bill_date"),
		Parameter: "withdraw_id", Value: query.Get("withdraw_id")[:min(len(query.Get("withdraw_id")), maxIDBytes)],
	})
	if !pause(r.Context(), p.config.Latency) {
		return
	}
	c, code := p.readWithdrawnCall(query)
	if refused := p.refuse(r, WithdrawnBillsAPI, number); refused != 0 {
		code = refused
	}
	c.hash = dice(p.config.Seed, word("withdrawn bills"), word(query.Get("withdraw_id")), word(query.Get("cursor")), uint64(c.size))
	c.attempt = p.counts.increment(c.hash)
	if code != 0 {
		p.send(w, r, p.failure(c.apiQuery, code))
		return
	}
	of := c.withdrawal.payee
	p.send(w, r, p.answerWithdrawn(c.call, of, r.Header.Get("access-token"), func(lasting string) reply { return p.withdrawnBills(c, lasting) }))
}

// readWithdrawnCall checks the query and returns the call, or an error code. The day has
// to be valid, and does not count.
func (p *Platform) readWithdrawnCall(query url.Values) (withdrawnCall, int64) {
	c := withdrawnCall{call: call{apiQuery: apiQuery{api: WithdrawnBillsAPI}, cursor: query.Get("cursor")}}
	if query.Has("root_account_id") || query.Has("biz_type") {
		return c, codeBadParameter
	}
	for _, name := range []string{"account_id", "cursor", "size", "bill_date"} {
		if !query.Has(name) {
			return c, codeMissingParameter
		}
	}
	var err error
	if c.day, err = schema.ParseDay(query.Get("bill_date")); err != nil {
		return c, codeBadParameter
	}
	if c.size, err = strconv.Atoi(query.Get("size")); err != nil || c.size < 1 || c.size > maxPageSize {
		return c, codeBadParameter
	}
	of, ok := p.world.payees[schema.AccountID(query.Get("account_id"))]
	if !ok {
		return c, codeUnauthorised
	}
	c.scope, _ = p.world.scopeOf(schema.Account{ID: of.id})
	if c.withdrawal, ok = p.world.findWithdrawal(of, query.Get("withdraw_id"), p.config.Now()); !ok {
		return c, codeBadParameter
	}
	c.scoped = dice(p.config.Seed, word("withdrawn bills"), word(c.withdrawal.id))
	if c.offset, ok = p.openCursor(c.call); !ok {
		return c, codeBadParameter
	}
	return c, 0
}

// withdrawnBills returns the reply with the call's page of the withdrawal's bills,
// changed by the named lasting fault if any.
func (p *Platform) withdrawnBills(c withdrawnCall, lasting string) reply {
	if code := p.manual(&c.withdrawal); code != 0 {
		return p.failure(c.apiQuery, code)
	}
	count := p.world.listLength(&c.withdrawal)
	end := min(c.offset+c.size, count)
	bills := []bill{}
	for _, b := range p.world.list(&c.withdrawal, c.offset, end) {
		bills = append(bills, b.bill)
	}
	if p.config.Faults.has("null-records") && len(bills) == 0 {
		bills = nil
	}
	out := page{Cursor: p.sealCursor(c.call, end), HasMore: end < count, LedgerRecords: &bills}
	if c.hash%2 == 0 {
		out.ErrorCode, out.Description = new(int64), "success"
	}
	if p.config.Faults.has("biz-beside") {
		out.liftBizType(usualBizType(c.withdrawal.payee.merchant))
	}
	p.spoilPage(&out, c.call, lasting)
	p.traffic.countAnswer(WithdrawnBillsAPI, 0)
	body := compact(envelope{Data: out, Extra: p.extra(c.apiQuery, 0)})
	return reply{body: p.applyFormatFaults(body, c.withdrawal.payee.merchant)}
}

// manual returns the error code of a query for the withdrawal's bills, 0 for none. It is
// also the lasting fault of the merchant.
func (p *Platform) manual(w *withdrawal) int64 {
	list := p.lasting[w.payee.merchant.index]
	if len(list) > 0 && (list[0].code == codeWithdrawnByHand || list[0].code == codeNoDetail) {
		return list[0].code
	}
	return w.manual()
}
