package sandbox

import (
	"encoding/json"
	"net/http"

	"billwalk/schema"
)

// settleRequest is the body of a settle query. The first id that is not empty counts,
// in this order.
type settleRequest struct {
	SettleID    string `json:"settle_id"`
	OrderID     string `json:"order_id"`
	OutSettleNo string `json:"out_settle_no"`
	OutOrderNo  string `json:"out_order_no"`
}

// deciding returns the id that counts.
func (q settleRequest) deciding() (parameter, value string) {
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

const maxIDBytes = 64 // bytes, of an id in a settle query

func (p *Platform) serveSettlements(w http.ResponseWriter, r *http.Request) {
	var query settleRequest
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&query)
	parameter, value := query.deciding()
	arrived := p.config.Now()
	number := p.traffic.record(Request{API: SettleAPI, At: arrived, Parameter: parameter, Value: value[:min(len(value), maxIDBytes)]})
	if !pause(r.Context(), p.config.Latency) {
		return
	}
	q := apiQuery{api: SettleAPI, day: schema.DayOf(arrived), hash: dice(p.config.Seed, word(parameter), word(value))}
	q.attempt = p.counts.increment(q.hash)
	refused := p.refuse(r, SettleAPI, number)
	switch {
	case refused != 0:
		p.send(w, r, p.failure(q, refused))
	case err != nil || len(value) > maxIDBytes:
		p.send(w, r, p.settleFailure(q, codeSettle, subBadParameter))
	case value == "":
		p.send(w, r, p.settleFailure(q, codeIncapable, subNoID))
	default:
		p.send(w, r, p.answerSettle(q, parameter, value, r.Header.Get("access-token")))
	}
}

// answerSettle returns the reply to a valid settle query.
func (p *Platform) answerSettle(q apiQuery, parameter, value, token string) reply {
	correct := func() reply { return p.settlements(q, parameter, value) }
	if f, ok := p.passingFault(q); ok {
		return p.withPassingFault(q, f, token, correct)
	}
	return correct()
}

// settlements returns the reply with the settlements that the query finds. If there
// are none, it is an empty list or an error.
func (p *Platform) settlements(q apiQuery, parameter, value string) reply {
	found := p.world.findSettlements(parameter, value, p.config.Now())
	if len(found) == 0 {
		found = p.world.findStray(parameter, value, p.config.Now())
	}
	if len(found) == 0 && q.hash%4 == 0 {
		return p.settleFailure(q, codeSettle, subNoOrder)
	}
	records := make([]wireSettlement, 0, len(found))
	for i := range found {
		records = append(records, found[i].record())
	}
	p.traffic.countAnswer(q.api, 0)
	return reply{body: compact(envelope{Data: records, Extra: p.extra(q, 0)})}
}
