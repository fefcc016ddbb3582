package sandbox

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"

	"billwalk/schema"
)

// storesCall is a checked query of the store API.
type storesCall struct {
	apiQuery
	of         *payee
	page, size int // pages count from 1
}

// The records of the store API.
type (
	wirePOI struct {
		POI     wirePOIPlace `json:"poi"`
		Account struct {
			Parent wireAccount `json:"parent_account"`
			POI    wireAccount `json:"poi_account"`
		} `json:"account"`
	}
	wirePOIPlace struct {
		ID        string  `json:"poi_id"`
		Name      string  `json:"poi_name"`
		Address   string  `json:"address"`
		Latitude  float64 `json:"latitude"`
		Longitude float64 `json:"longitude"`
	}
	wireAccount struct {
		ID   string `json:"account_id"`
		Name string `json:"account_name"`
	}
)

type storesPage struct {
	ErrorCode   *int64     `json:"error_code,omitempty"` // 0 or left out, by chance
	Description string     `json:"description,omitempty"`
	POIs        *[]wirePOI `json:"pois,omitempty"` // nil only under the fault missing-records
	Total       int        `json:"total"`
}

func (p *Platform) serveStores(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	arrived := p.config.Now()
	number := p.traffic.record(Request{API: StoresAPI, At: arrived, Account: query.Get("account_id"), Cursor: query.Get("page")})
	if !pause(r.Context(), p.config.Latency) {
		return
	}
	c, code := p.readStoresCall(query)
	c.day = schema.DayOf(arrived)
	if refused := p.refuse(r, StoresAPI, number); refused != 0 {
		code = refused
	}
	c.hash = dice(p.config.Seed, word("stores"), word(r.URL.RawQuery))
	c.attempt = p.counts.increment(c.hash)
	if code != 0 {
		p.send(w, r, p.failure(c.apiQuery, code))
		return
	}
	p.send(w, r, p.answerStores(c, r.Header.Get("access-token")))
}

// readStoresCall checks the query and returns the call, or an error code.
func (p *Platform) readStoresCall(query url.Values) (storesCall, int64) {
	c := storesCall{apiQuery: apiQuery{api: StoresAPI}}
	for _, name := range []string{"account_id", "page", "size"} {
		if !query.Has(name) {
			return c, codeMissingParameter
		}
	}
	var err error
	if c.page, err = strconv.Atoi(query.Get("page")); err != nil || c.page < 1 || c.page > 1<<20 {
		return c, codeBadParameter
	}
	if c.size, err = strconv.Atoi(query.Get("size")); err != nil || c.size < 1 || c.size > maxPageSize {
		return c, codeBadParameter
	}
	if relation := query.Get("relation_type"); relation != "" {
		if _, err := strconv.Atoi(relation); err != nil {
			return c, codeBadParameter
		}
	}
	var ok bool
	if c.of, ok = p.world.payees[schema.AccountID(query.Get("account_id"))]; !ok {
		return c, codeUnauthorised
	}
	return c, 0
}

// answerStores returns the reply to a valid call.
func (p *Platform) answerStores(c storesCall, token string) reply {
	if p.Unauthorised(c.of.merchant.account()) {
		return p.failure(c.apiQuery, codeUnauthorised)
	}
	if f, ok := p.storesFault(c.of); ok {
		p.traffic.countFault(StoresAPI, f)
		if f.code != 0 {
			return p.failure(c.apiQuery, f.code)
		}
		return p.listStores(c, f.name)
	}
	correct := func() reply { return p.listStores(c, "") }
	if f, ok := p.passingFault(c.apiQuery); ok {
		return p.withPassingFault(c.apiQuery, f, token, correct)
	}
	return correct()
}

// listStores returns the reply with the call's page, changed by the named lasting fault
// if any.
func (p *Platform) listStores(c storesCall, lasting string) reply {
	all := p.POIs(c.of.id)
	from := min((c.page-1)*c.size, len(all))
	pois := []wirePOI{}
	for _, poi := range all[from:min(from+c.size, len(all))] {
		pois = append(pois, poi.record())
	}
	out := storesPage{POIs: &pois, Total: len(all)}
	if c.hash%2 == 0 {
		out.ErrorCode, out.Description = new(int64), "success"
	}
	if lasting == "missing-records" {
		out.POIs = nil
	}
	p.traffic.countAnswer(StoresAPI, 0)
	body := compact(envelope{Data: out, Extra: p.extra(c.apiQuery, 0)})
	body = spoilBody(body, lasting)
	if lasting == "bad-id" {
		body = bytes.ReplaceAll(body, []byte(`_id":"`), []byte("_id\":\"\xff"))
	}
	return reply{body: p.applyFormatFaults(body, c.of.merchant)}
}

func (s POI) record() wirePOI {
	chance := word(s.ID)
	out := wirePOI{POI: wirePOIPlace{
		ID: s.ID, Name: s.Name, Address: "人民路" + strconv.FormatUint(1+chance%900, 10) + "号",
		Latitude: 20 + float64(chance%200_000)/10_000, Longitude: 100 + float64(chance%170_000)/10_000,
	}}
	out.Account.Parent = wireAccount{string(s.Parent), s.ParentName}
	out.Account.POI = wireAccount{string(s.Account), s.AccountName}
	return out
}
