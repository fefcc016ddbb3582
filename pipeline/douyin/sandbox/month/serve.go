package month

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"billwalk/schema"
)

func (p *Platform) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/client_token/{$}", p.serveToken)
	mux.HandleFunc("GET /goodlife/v1/settle/bill/catering_query/{$}", p.serveBills)
	mux.HandleFunc("POST /api/apps/trade/v2/settle/query_settle", p.serveSettlements)
	mux.HandleFunc("GET /sandbox/accounts", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.Accounts()) })
	mux.HandleFunc("POST /sandbox/night/{night}", p.serveNight)
	mux.HandleFunc("GET /{$}", p.serveIndex)
	return mux
}

// Error codes of refusals.
const (
	codeUnauthorised = 2119005
	codeBadParameter = 4000002
)

func (p *Platform) extra(code int) object {
	return object{"error_code": code, "description": "", "sub_error_code": 0, "sub_description": "", "logid": "20261101000000000000000000000000", "now": p.config.Now().UnixMilli()}
}

func (p *Platform) serveToken(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, object{"message": "success", "data": object{"access_token": "clt.month", "error_code": 0, "expires_in": 7200}})
}

func (p *Platform) serveBills(w http.ResponseWriter, r *http.Request) {
	query, night := r.URL.Query(), p.Tonight()
	account, day, from, size, err := readQuery(query)
	switch {
	case err != nil:
		writeJSON(w, object{"data": object{"error_code": codeBadParameter}, "extra": p.extra(codeBadParameter)})
		return
	case p.refusal(night).account == account.ID:
		writeJSON(w, object{"data": object{"error_code": codeUnauthorised}, "extra": p.extra(codeUnauthorised)})
		return
	}
	records := []object{}
	for _, b := range p.billsFor(account, day, night) {
		records = append(records, b.record(night))
	}
	end := min(from+size, len(records))
	writeJSON(w, object{
		"data":  object{"cursor": strconv.Itoa(end), "has_more": end < len(records), "ledger_records": records[min(from, end):end]},
		"extra": p.extra(0),
	})
}

func readQuery(query url.Values) (account schema.Account, day schema.Day, from, size int, err error) {
	root := query.Get("root_account_id")
	account = schema.Account{ID: schema.AccountID(root + query.Get("account_id")), Root: root != ""}
	if day, err = schema.ParseDay(query.Get("bill_date")); err != nil {
		return
	}
	if from, err = strconv.Atoi(query.Get("cursor")); err != nil {
		return
	}
	size, err = strconv.Atoi(query.Get("size"))
	return
}

// billsFor returns the bills of the day that a walk of the account finds in a night.
func (p *Platform) billsFor(account schema.Account, day schema.Day, night int) (found []*bill) {
	for _, b := range p.bills[day] {
		v, _ := b.at(night)
		if account.Root && v.root && p.isBrand(account.ID) || !account.Root && v.own && b.payee == account.ID {
			found = append(found, b)
		}
	}
	return found
}

func (b *bill) record(night int) object {
	v, _ := b.at(night)
	settleType, fund := 1, 0
	if b.refund {
		settleType, fund = 2, 1
	}
	total, fee, commission, net := v.legs[0], v.legs[1], v.legs[2], v.legs[3]
	record := object{
		"ledger_id": b.ledger, "account_id": b.payee, "biz_type": 1, "shop_order_id": b.order.key, "item_order_id": "i" + b.ledger,
		"settle_type": settleType, "settle_time": b.day.Start().Unix() + 43_200, "certificate_id": "c" + b.ledger, "code": "",
		"fund_amount_type": fund, "fund_amount": net,
		"amount": object{
			"pay": total, "original": total, "ledger_total": total, "merchant_ticket": 0, "platform_ticket": 0, "ledger_platform_ticket": 0, "actual_insured": 0,
			"total_merchant_platform_service": fee, "total_commission": commission, "goods": net,
		},
	}
	if b.order.ext != "" {
		record["order_ext_id"] = b.order.ext
	}
	return record
}

func (p *Platform) serveSettlements(w http.ResponseWriter, r *http.Request) {
	var ids map[string]string
	if json.NewDecoder(r.Body).Decode(&ids) != nil || len(ids) != 1 {
		writeJSON(w, object{"extra": p.extra(codeBadParameter)})
		return
	}
	night := p.Tonight()
	for parameter, value := range ids {
		if p.refusal(night).parameter == parameter {
			writeJSON(w, object{"extra": p.extra(codeBadParameter)})
			return
		}
		records := []object{}
		for _, s := range p.findSettlements(parameter, value, night) {
			records = append(records, s.record(night))
		}
		writeJSON(w, object{"data": records, "extra": p.extra(0)})
	}
}

// findSettlements returns the settlements that a query finds in a night, and records the
// answer.
func (p *Platform) findSettlements(parameter, value string, night int) (found []*settlement) {
	if s := p.settlementsByID[value]; s != nil && (parameter == "settle_id") == (value == s.id) {
		if _, ok := s.at(night); ok {
			return []*settlement{s}
		}
		return nil
	}
	o := p.byKey[value]
	if o == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answered[o.key] == nil {
		p.answered[o.key] = map[string][]int{}
	}
	if p.queried[night] == nil {
		p.queried[night] = map[string]bool{}
	}
	p.answered[o.key][parameter] = append(p.answered[o.key][parameter], night)
	p.queried[night][o.key] = true
	return o.settlementsFor(parameter, night)
}

// settlementsFor returns the order's settlements that a query by the parameter finds in a
// night.
func (o *order) settlementsFor(parameter string, night int) (found []*settlement) {
	if parameter != o.merchant.parameter {
		return nil
	}
	for _, s := range o.settlements {
		if _, ok := s.at(night); ok {
			found = append(found, s)
		}
	}
	return found
}

// tradeOrderID returns the settlement's order_id: the trade system of a merchant whose
// orders are found by out_order_no has ids of its own.
func (s *settlement) tradeOrderID() string {
	if s.order.merchant.parameter == outOrderNo {
		return "ot" + s.order.key
	}
	return s.order.key
}

// outSettleNo returns the developer's id of the settlement.
func (s *settlement) outSettleNo() string { return "out_" + s.id }

func (s *settlement) record(night int) object {
	v, _ := s.at(night)
	record := object{
		"settle_id": s.id, "order_id": s.tradeOrderID(), "out_settle_no": s.outSettleNo(), "out_order_no": s.order.ext,
		"settle_amount": v.legs[0], "rake": v.legs[1], "commission": v.legs[2], "settle_status": v.status,
		"settle_detail": fmt.Sprintf("商户号68882720803499563550-分成金额(分)%d", v.legs[3]), "settle_time": v.time.UnixMilli(), "cp_extra": "",
	}
	return record
}

// serveNight sets the night.
func (p *Platform) serveNight(w http.ResponseWriter, r *http.Request) {
	night, err := strconv.Atoi(r.PathValue("night"))
	if err != nil || night < 0 || night >= p.config.Nights {
		http.Error(w, fmt.Sprintf("night %q: want 0 to %d", r.PathValue("night"), p.config.Nights-1), http.StatusBadRequest)
		return
	}
	p.SetNight(night)
	writeJSON(w, object{"night": night})
}

func (p *Platform) serveIndex(w http.ResponseWriter, _ *http.Request) {
	var stories []string
	for _, o := range p.orders {
		stories = append(stories, o.bills[0].day.String()+" "+o.key+" "+o.story)
	}
	slices.Sort(stories)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "billwalk sandbox, night by night: seed %d, tonight is night %d of 0 to %d\nGET /sandbox/accounts is what a job should configure\nPOST /sandbox/night/N chooses the night, which is that of the clock until then\n\n%s\n",
		p.config.Seed, p.Tonight(), p.config.Nights-1, strings.Join(stories, "\n"))
}
