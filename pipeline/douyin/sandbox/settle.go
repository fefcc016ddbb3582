package sandbox

import (
	"encoding/json"
	"net/http"

	"billwalk/schema"
)

// settleQuery is the body of a settle query. One of the ids decides, the first
// that is not empty in this order; the others are ignored.
type settleQuery struct {
	SettleID    string `json:"settle_id"`
	OrderID     string `json:"order_id"`
	OutSettleNo string `json:"out_settle_no"`
	OutOrderNo  string `json:"out_order_no"`
}

func (q settleQuery) deciding() (parameter, value string) {
	switch {
	case q.SettleID != "":
		return "settle_id", q.SettleID
	case q.OrderID != "":
		return "order_id", q.OrderID
	case q.OutSettleNo != "":
		return "out_settle_no", q.OutSettleNo
	}
	return "out_order_no", q.OutOrderNo
}

const longestID = 64 // bytes, of an id in a settle query

func (p *Platform) serveSettlements(w http.ResponseWriter, r *http.Request) {
	var query settleQuery
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&query)
	parameter, value := query.deciding()
	arrived := p.config.Now()
	number := p.traffic.arrive(Request{API: SettleAPI, At: arrived, Parameter: parameter, Value: value[:min(len(value), longestID)]})
	if !pause(r.Context(), p.config.Latency) {
		return
	}
	q := question{api: SettleAPI, day: schema.DayOf(arrived), identity: dice(p.config.Seed, word(parameter), word(value))}
	q.asked = p.memory.again(q.identity)
	refused := p.refuse(r, SettleAPI, number)
	switch {
	case refused != 0:
		p.send(w, r, p.failure(q, refused))
	case err != nil || len(value) > longestID:
		p.send(w, r, p.settleFailure(q, codeSettle, subBadParameter))
	case value == "":
		p.send(w, r, p.settleFailure(q, codeIncapable, subNoID))
	default:
		p.send(w, r, p.answerSettle(q, parameter, value, r.Header.Get("access-token")))
	}
}

// answerSettle returns the reply to a settle query that is in order.
func (p *Platform) answerSettle(q question, parameter, value, token string) reply {
	right := func() reply { return p.settlements(q, parameter, value) }
	if f, ok := p.passing(q); ok {
		return p.interrupted(q, f, token, right)
	}
	return right()
}

// settlements returns the reply with what the trade system knows. Of an order
// that it does not know it says so in one of two ways.
func (p *Platform) settlements(q question, parameter, value string) reply {
	found := p.world.query(parameter, value, p.config.Now())
	if len(found) == 0 {
		found = p.world.queryStray(parameter, value, p.config.Now())
	}
	if len(found) == 0 && q.identity%4 == 0 {
		return p.settleFailure(q, codeSettle, subNoOrder)
	}
	records := make([]settlementRecord, 0, len(found))
	for i := range found {
		records = append(records, found[i].record())
	}
	p.traffic.answered(q.api, 0)
	return reply{body: compact(envelope{Data: records, Extra: p.extra(q, 0)})}
}
