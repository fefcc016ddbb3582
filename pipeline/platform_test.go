package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// platform is a bill API in memory. It needs no socket, so that whole runs fit
// into a bubble of testing/synctest, where waiting costs nothing.
type platform struct {
	now     func() time.Time
	latency time.Duration
	// strike, where set, is called before each answer. It may change the platform, return
	// another body, or an error. Strikes do not overlap.
	strike   func(c call) (body string, err error)
	striking sync.Mutex

	mu           sync.Mutex
	days         map[schema.Unit][]string // raw records
	calls        []call
	walks        map[schema.Unit]int
	active, peak int
}

// call is one call of the API.
type call struct {
	schema.Unit
	cursor string
	walk   int // of the unit, from 1: counts calls at cursor "0"
	at     time.Time
}

func newPlatform() *platform {
	return &platform{days: make(map[schema.Unit][]string), walks: make(map[schema.Unit]int)}
}

func (p *platform) set(u schema.Unit, records ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.days[u] = records
}

// Bills implements walk.Source.
func (p *platform) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	c := p.enter(u, cursor)
	defer p.leave()
	answer := normalise.PageAnswer{Answer: schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, LogID: fmt.Sprintf("log-%s-%s-%s", u.Account.ID, u.Day, cursor)}}
	select {
	case <-time.After(p.latency):
	case <-ctx.Done():
		return answer, ctx.Err()
	}
	answer.FetchedAt = p.now().UTC()
	var body string
	var err error
	if p.strike != nil {
		p.striking.Lock()
		body, err = p.strike(c)
		p.striking.Unlock()
	}
	if body == "" && err == nil {
		body = p.page(u, cursor, size)
	}
	answer.Body = []byte(body)
	if err == nil {
		if answer.Decoded, err = normalise.ReadContent(answer.Body); err != nil {
			err = &schema.UnitError{Unit: u, LogID: answer.LogID, Err: err}
		}
	}
	return answer, err
}

func (p *platform) enter(u schema.Unit, cursor string) call {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cursor == "0" {
		p.walks[u]++
	}
	c := call{u, cursor, p.walks[u], time.Now()}
	p.calls = append(p.calls, c)
	p.active++
	p.peak = max(p.peak, p.active)
	return c
}

func (p *platform) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active--
}

func (p *platform) page(u schema.Unit, cursor string, size int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	records := p.days[u]
	from, _ := strconv.Atoi(strings.TrimPrefix(cursor, "at-"))
	to := min(from+size, len(records))
	return pageOf(fmt.Sprint("at-", to), to < len(records), records[min(from, to):to]...)
}

// pageOf returns the body of an answer.
func pageOf(next string, more bool, records ...string) string {
	return fmt.Sprintf(`{"data":{"cursor":%q,"has_more":%t,"ledger_records":[%s]},"extra":{"error_code":0}}`, next, more, strings.Join(records, ","))
}

// made returns the calls made since made was called last.
func (p *platform) made() []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	made := p.calls
	p.calls = nil
	return made
}

// cursorsOf returns the cursors of the unit's calls.
func cursorsOf(calls []call, u schema.Unit) []string {
	var cursors []string
	for _, c := range calls {
		if c.Unit == u {
			cursors = append(cursors, c.cursor)
		}
	}
	return cursors
}

// unitsOf returns the units in the order of their first calls.
func unitsOf(calls []call) []schema.Unit {
	var units []schema.Unit
	for _, c := range calls {
		if !slices.Contains(units, c.Unit) {
			units = append(units, c.Unit)
		}
	}
	return units
}

// record returns a raw ledger record that pays an account.
func record(payee schema.AccountID, ledger string, fen int64) string {
	return fmt.Sprintf(`{"account_id":%q,"ledger_id":%q,"settle_type":1,"amount":{"pay":%d,"goods":%d}}`, payee, ledger, fen, fen)
}

// records returns n different records with numbered names.
func records(payee schema.AccountID, name string, n int) []string {
	var list []string
	for i := range n {
		list = append(list, record(payee, fmt.Sprintf("%s-%05d", name, i), int64(100+i)))
	}
	return list
}

// refusal is an error of the platform, as the client returns it.
type refusal struct{ failure schema.Failure }

func (r *refusal) Error() string           { return r.failure.Reason }
func (r *refusal) Failure() schema.Failure { return r.failure }

func refuse(code int64, reach schema.Reach) error {
	return &refusal{schema.Failure{Code: code, Reason: fmt.Sprint("the platform says ", code), LogID: fmt.Sprint("refused-", code), Reach: reach}}
}
