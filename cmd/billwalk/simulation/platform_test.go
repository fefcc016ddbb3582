package simulation

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// shifting is the sandbox with days that change while they are walked, as those
// of a real platform may. Its cursors are offsets: a bill that goes while a walk
// is under way makes that walk miss another.
type shifting struct {
	*sandbox.Platform
	story *story

	mu     sync.Mutex
	units  map[string][]ledgerRecord // all that will ever be, by account and day
	served map[[sha256.Size]byte]bool
	truth  map[schema.Day][]trueRow
}

// ledgerRecord is a bill as the sandbox writes it.
type ledgerRecord struct {
	id  string
	raw json.RawMessage
}

func newShifting(s *story) *shifting {
	return &shifting{
		Platform: sandbox.New(s.world), story: s,
		units: make(map[string][]ledgerRecord), served: make(map[[sha256.Size]byte]bool), truth: make(map[schema.Day][]trueRow),
	}
}

// visible says that the bill is among those that a walk of the day finds at the time.
func (p *shifting) visible(ledgerID string, root bool, day schema.Day, at time.Time) bool {
	for i, c := range p.story.changes {
		if come := c.come != (c.move && !root); c.day == day && c.made(at) != come && dice(p.story.seed, "change", i, ledgerID)%c.part == 0 {
			return false
		}
	}
	return true
}

// answer is what the platform says to a request.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	changed []shareKind // how settlements are other than at the end
}

// platformPage is the sandbox's answer to a question for bills, as far as it is
// changed here.
type platformPage struct {
	Data struct {
		Cursor  string             `json:"cursor"`
		HasMore bool               `json:"has_more"`
		Records *[]json.RawMessage `json:"ledger_records"`
	} `json:"data"`
	Extra json.RawMessage `json:"extra"`
}

func (p *shifting) answer(r *http.Request, body []byte) answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	var got answer
	switch {
	case strings.Contains(r.URL.Path, "bill/catering_query") && !r.URL.Query().Has("withdraw_id"):
		got = p.bills(r)
	case strings.Contains(r.URL.Path, "query_settle"):
		got = p.settlements(p.ask(r, body, r.URL))
	default:
		got = p.ask(r, body, r.URL)
	}
	p.served[sha256.Sum256(got.body)] = true
	return got
}

// ask puts the request to the sandbox.
func (p *shifting) ask(r *http.Request, body []byte, to *url.URL) answer {
	out := httptest.NewRecorder()
	header := r.Header.Clone()
	header.Del("Accept-Encoding") // answers are changed, and compared with what is archived: they are not packed
	again := &http.Request{Method: r.Method, URL: to, Header: header, Body: http.NoBody, Proto: r.Proto}
	if len(body) > 0 {
		again.Body = readCloser{bytes.NewReader(body)}
	}
	p.ServeHTTP(out, again)
	return answer{status: out.Code, header: out.Header(), body: bytes.TrimSpace(out.Body.Bytes())}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// at returns the request's address with another cursor and size.
func at(u *url.URL, cursor string, size int) *url.URL {
	query := u.Query()
	query.Set("cursor", cursor)
	query.Set("size", strconv.Itoa(size))
	return &url.URL{Path: u.Path, RawQuery: query.Encode()}
}

const offsetCursor = "offset-"

// bills gives the page of now, where the sandbox has one to give: it is asked for
// the first bill alone, and says what is wrong with the call or the unit.
func (p *shifting) bills(r *http.Request) answer {
	first := p.ask(r, nil, at(r.URL, "0", 1))
	var page platformPage
	if json.Unmarshal(first.body, &page) != nil || page.Data.Records == nil {
		return first
	}
	query := r.URL.Query()
	day, _ := schema.ParseDay(query.Get("bill_date"))
	var records []json.RawMessage
	for _, one := range p.unit(r) {
		if p.visible(one.id, query.Get("root_account_id") != "", day, time.Now()) {
			records = append(records, one.raw)
		}
	}
	offset, _ := strconv.Atoi(strings.TrimPrefix(query.Get("cursor"), offsetCursor))
	size, _ := strconv.Atoi(query.Get("size"))
	begin, end := min(offset, len(records)), min(offset+size, len(records))
	var out bytes.Buffer
	out.WriteString(`{"data":{"cursor":"` + offsetCursor + strconv.Itoa(end) + `","has_more":` + strconv.FormatBool(end < len(records)) + `,"ledger_records":[`)
	for i, raw := range records[begin:end] {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(raw)
	}
	out.WriteString(`]},"extra":` + string(page.Extra) + `}`)
	return answer{status: first.status, header: first.header, body: out.Bytes()}
}

// unit returns all records of a unit, whether they are there now or not.
func (p *shifting) unit(r *http.Request) []ledgerRecord {
	query := r.URL.Query()
	name := query.Get("account_id") + query.Get("root_account_id") + " " + query.Get("bill_date")
	if records, ok := p.units[name]; ok {
		return records
	}
	records := []ledgerRecord{}
	for cursor := "0"; ; {
		var page platformPage
		if err := json.Unmarshal(p.ask(r, nil, at(r.URL, cursor, 50)).body, &page); err != nil || page.Data.Records == nil {
			panic("the sandbox serves the first page and not the others")
		}
		for _, raw := range *page.Data.Records {
			var id struct {
				LedgerID string `json:"ledger_id"`
			}
			if err := json.Unmarshal(raw, &id); err != nil {
				panic(err)
			}
			records = append(records, ledgerRecord{id.LedgerID, raw})
		}
		if cursor = page.Data.Cursor; !page.Data.HasMore {
			break
		}
	}
	p.units[name] = records
	return records
}
