package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"billwalk/schema"
)

// withdrawalsCall is a checked query of the withdrawal API. Its cursors are those of a
// call of the bill API.
type withdrawalsCall struct {
	call
	of       *payee
	from, to schema.Day
}

// maxWithdrawalDays is the most days that one query may cover: a limit of the sandbox,
// as the platform documents none.
const maxWithdrawalDays = 366

type withdrawalsPage struct {
	ErrorCode   *int64            `json:"error_code,omitempty"` // 0 or left out, by chance
	Description string            `json:"description,omitempty"`
	Cursor      string            `json:"cursor"`
	HasMore     bool              `json:"has_more"`
	Records     *[]wireWithdrawal `json:"bill_withdraw_records,omitempty"` // nil only under the fault missing-records
}

func (p *Platform) serveWithdrawals(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	number := p.traffic.record(Request{
		API: WithdrawalsAPI, At: p.config.Now(), Account: query.Get("account_id"), Cursor: query.Get("cursor"),
		Day: query.Get("start_date"), LastDay: query.Get("end_date"),
	})
	if !pause(r.Context(), p.config.Latency) {
		return
	}
	c, code := p.readWithdrawalsCall(query)
	if refused := p.refuse(r, WithdrawalsAPI, number); refused != 0 {
		code = refused
	}
	c.hash = dice(p.config.Seed, word("withdrawals"), word(r.URL.RawQuery))
	c.attempt = p.counts.increment(c.hash)
	if code != 0 {
		p.send(w, r, p.failure(c.apiQuery, code))
		return
	}
	p.send(w, r, p.answerWithdrawn(c.call, c.of, r.Header.Get("access-token"), func(lasting string) reply { return p.listWithdrawals(c, lasting) }))
}

// readWithdrawalsCall checks the query and returns the call, or an error code.
func (p *Platform) readWithdrawalsCall(query url.Values) (withdrawalsCall, int64) {
	c := withdrawalsCall{call: call{apiQuery: apiQuery{api: WithdrawalsAPI}, cursor: query.Get("cursor")}}
	for _, name := range []string{"account_id", "cursor", "size", "start_date", "end_date"} {
		if !query.Has(name) {
			return c, codeMissingParameter
		}
	}
	var err error
	if c.from, err = schema.ParseDay(query.Get("start_date")); err != nil {
		return c, codeBadParameter
	}
	if c.to, err = schema.ParseDay(query.Get("end_date")); err != nil || c.to < c.from || c.to-c.from >= maxWithdrawalDays {
		return c, codeBadParameter
	}
	if c.size, err = strconv.Atoi(query.Get("size")); err != nil || c.size < 1 || c.size > maxPageSize {
		return c, codeBadParameter
	}
	var ok bool
	c.day, c.scoped = c.from, dice(p.config.Seed, word("withdrawals"), word(query.Get("account_id")), uint64(c.from), uint64(c.to))
	if c.offset, ok = p.openCursor(c.call); !ok {
		return c, codeBadParameter
	}
	if c.of, ok = p.world.payees[schema.AccountID(query.Get("account_id"))]; !ok {
		return c, codeUnauthorised
	}
	return c, 0
}

// answerWithdrawn returns the reply to a valid query for the payee's withdrawals, or for
// the bills of one. A lasting fault of the payee's merchant is the same on all days.
func (p *Platform) answerWithdrawn(c call, of *payee, token string, correct func(lasting string) reply) reply {
	if p.Unauthorised(of.merchant.account()) {
		return p.failure(c.apiQuery, codeUnauthorised)
	}
	if f, ok := p.withdrawalsFault(of); ok {
		p.traffic.countFault(c.api, f)
		if f.code != 0 {
			return p.failure(c.apiQuery, f.code)
		}
		out := correct(f.name)
		out.body = spoilBody(out.body, f.name)
		return out
	}
	if f, ok := p.passingFault(c.apiQuery); ok {
		return p.withPassingFault(c.apiQuery, f, token, func() reply { return correct("") })
	}
	return correct("")
}

// withdrawalsFault returns the lasting fault that all queries for the account's
// withdrawals meet: the first of its merchant. Those of withdrawals by hand are not
// among them.
func (p *Platform) withdrawalsFault(of *payee) (fault, bool) {
	list := p.lasting[of.merchant.index]
	if len(list) == 0 || list[0].code == codeWithdrawnByHand || list[0].code == codeNoDetail {
		return fault{}, false
	}
	return list[0], true
}

// listWithdrawals returns the reply with the call's page, changed by the named lasting
// fault if any.
func (p *Platform) listWithdrawals(c withdrawalsCall, lasting string) reply {
	now := p.config.Now()
	all := p.world.launches(c.of, c.from, c.to, now)
	end := min(c.offset+c.size, len(all))
	records := []wireWithdrawal{}
	for position := c.offset; position < end; position++ {
		records = append(records, all[position].record(now))
	}
	if p.config.Faults.has("null-records") && len(records) == 0 {
		records = nil
	}
	out := withdrawalsPage{Cursor: p.sealCursor(c.call, end), HasMore: end < len(all), Records: &records}
	if c.hash%2 == 0 {
		out.ErrorCode, out.Description = new(int64), "success"
	}
	switch lasting {
	case "loop":
		out.HasMore, out.Cursor = true, p.sealCursor(c.call, c.size)
	case "empty-pages":
		out.HasMore = true
		if c.offset > 0 {
			records, out.Cursor = []wireWithdrawal{}, p.sealCursor(c.call, c.offset+1)
		}
	case "missing-records":
		out.Records = nil
	case "oversize-page":
		for len(records) <= c.size {
			records = append(records, wireWithdrawal{WithdrawID: p.world.id(place{c.of, c.from, len(records)}, idWithdrawal), Status: withdrawPaid})
		}
	}
	p.traffic.countAnswer(WithdrawalsAPI, 0)
	body := compact(envelope{Data: out, Extra: p.extra(c.apiQuery, 0)})
	return reply{body: p.applyFormatFaults(body, c.of.merchant)}
}

// wireWithdrawal is a withdrawal on the wire. Versions of the API differ in the types of
// its ids, times and status.
type wireWithdrawal struct {
	WithdrawID   any    `json:"withdraw_id"`
	Amount       any    `json:"amount"`
	Status       any    `json:"status"`
	LaunchTime   any    `json:"launch_time"`
	WithdrawTime any    `json:"withdraw_time,omitempty"` // until it has one: 0, or left out
	Message      string `json:"withdraw_msg"`
	Account      string `json:"settle_account"`
	AccountName  string `json:"account_name"`
	Mode         any    `json:"withdraw_mode,omitempty"`
	Info         string `json:"withdraw_account_info,omitempty"`
}

// The values of withdraw_mode, which the platform does not document.
const (
	modeAutomatic = 1
	modeByHand    = 2
)

var withdrawFailures = []string{"收款账户状态异常", "银行处理失败,请核对账户信息", "账户户名不符"}

// record returns the withdrawal as of a time.
func (w *withdrawal) record(now time.Time) wireWithdrawal {
	r := draw(word(w.id), word("record"))
	number, id := func(n int64) any { return n }, func(text string) any { return text }
	if r.IntN(2) == 0 {
		number = func(n int64) any { return strconv.FormatInt(n, 10) }
	}
	if r.IntN(2) == 0 {
		id = bareNumber
	}
	state := w.at(now)
	out := wireWithdrawal{
		WithdrawID: id(w.id), Amount: w.amount, Status: number(int64(state.status)), LaunchTime: number(w.launched.Unix()),
		Account: w.payee.bankAccount(), AccountName: w.payee.name + "餐饮有限公司",
	}
	if r.IntN(4) == 0 {
		out.Amount = strconv.FormatInt(w.amount, 10)
	}
	switch state.status {
	case withdrawPaid:
		out.WithdrawTime, out.Message = number(state.from.Unix()), "提现成功"
	case withdrawFailed:
		out.WithdrawTime, out.Message = number(state.from.Unix()), withdrawFailures[r.IntN(len(withdrawFailures))]
	default:
		if r.IntN(2) == 0 {
			out.WithdrawTime = number(0)
		}
	}
	if r.IntN(3) > 0 {
		out.Mode = number(modeAutomatic)
		if w.manual() != 0 {
			out.Mode = number(modeByHand)
		}
	}
	if r.IntN(3) == 0 {
		out.Info = "招商银行(" + out.Account[len(out.Account)-4:] + ")"
	}
	return out
}

// bankAccount returns the number of the account at a bank that is paid.
func (p *payee) bankAccount() string {
	return "6217" + strconv.FormatUint(1e15+word(string(p.id))%9e15, 10)[1:]
}
