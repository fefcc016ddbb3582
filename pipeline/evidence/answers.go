package evidence

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"billwalk/pipeline/hashed"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// answers are the last answers to every query that the archive has, by the day that
// they are filed under. They lie on local disk: one costs about 60 bytes of memory.
// Safe for concurrent use.
type answers struct {
	archive Archive
	wanted  func(schema.AccountID) bool // whose answers are loaded; nil: all
	window  schema.Day                  // days before and after, within which an answer serves
	records *spill.Records
	chunks  sync.Pool // of *answerChunk

	mu      sync.RWMutex
	days    map[schema.Day]*hashed.Map[lastAnswer] // by query
	filled  []schema.Day                           // that have answers, ascending
	invalid map[schema.Day][]invalidAnswer
	passes  map[unitKey]schema.SettlePass // the latest of each unit
	units   map[unitKey]*unitAnswers
	rules   map[schema.Match]struct{} // of the job

	indexed bool                      // answers are found by the ids of their settlements
	byID    map[idHash][]answerSource // then: by settle_id and order_id
}

// unitKey is a unit, whatever the account is called.
type unitKey struct {
	account schema.AccountID
	day     schema.Day
}

// answerSource is an answer that has settlements of an id.
type answerSource struct {
	query idHash
	place spill.Place
}

// lastAnswer is the last answer of a day to a query. It has no pointers, for there may be
// millions.
type lastAnswer struct {
	offset  int64
	fetched int64 // unix microseconds
	length  int32
	outcome Outcome
}

func (l lastAnswer) on(day schema.Day) Answer {
	return Answer{place: spill.Place{Offset: l.offset, Length: l.length}, Fetched: l.fetched, Day: day, Outcome: l.outcome}
}

// Answer is the last answer to a query, or none: then its outcome is NoAnswer.
type Answer struct {
	place   spill.Place
	Fetched int64      // unix microseconds; when the platform last gave this answer
	Day     schema.Day // that it is filed under
	Outcome Outcome
}

// Age returns how long ago the answer was fetched.
func (a Answer) Age(now time.Time) time.Duration { return now.Sub(time.UnixMicro(a.Fetched)) }

// Outcome is what an answer says of its query. Outcomes over Empty have settlements.
type Outcome uint8

const (
	NoAnswer   Outcome = iota
	Empty              // no settlement came back
	Unfinished         // a settlement is not final
	Failed             // all are final, and one is FAIL
	Settled            // all are SUCCESS
)

func newAnswers(archive Archive, wanted func(schema.AccountID) bool, rules []schema.Match, window schema.Day) (*answers, error) {
	records, err := spill.NewRecords("answers")
	if err != nil {
		return nil, err
	}
	known := make(map[schema.Match]struct{})
	for _, m := range rules {
		known[m] = struct{}{}
	}
	return &answers{
		archive: archive, wanted: wanted, window: window, records: records,
		days: make(map[schema.Day]*hashed.Map[lastAnswer]), invalid: make(map[schema.Day][]invalidAnswer),
		passes: make(map[unitKey]schema.SettlePass), units: make(map[unitKey]*unitAnswers), rules: known, byID: make(map[idHash][]answerSource),
	}, nil
}

func (a *answers) close() { a.records.Close() }

// forget gives up what is known of a day.
func (a *answers) forget(day schema.Day) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.days, day)
	maps.DeleteFunc(a.units, func(u unitKey, _ *unitAnswers) bool { return u.day == day })
	a.filled = slices.DeleteFunc(a.filled, func(d schema.Day) bool { return d == day })
	delete(a.invalid, day)
}

func (a *answers) addPass(p schema.SettlePass) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := (unitKey{p.Account.ID, p.Day}); p.Pass >= a.passes[u].Pass {
		a.passes[u] = p
	}
}

func (a *answers) lastPass(u schema.Unit) schema.SettlePass {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.passes[unitKey{u.Account.ID, u.Day}]
}

// covers reports whether the last pass over the certificate's unit was over its bills.
func (a *answers) covers(c *schema.Certificate) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	p, ok := a.passes[unitKey{c.Account.ID, c.Day}]
	return ok && p.Bills == c.Digest
}

// addPrepared adds an answer that the archive has under the key; of several to one query the one fetched last counts. One that
// says what the one before said changes only the time: rows that did not change keep
// their provenance, and so their bytes.
func (a *answers) addPrepared(p *PreparedAnswer, key string) error {
	query, fetched := hashQuery(p.query), p.fetched.UnixMicro()
	var record []byte
	if p.outcome > Empty {
		var err error
		if record, err = p.recordIn(key); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.countRule(p, query)
	day := a.days[p.day]
	if day == nil {
		day = new(hashed.Map[lastAnswer])
		a.days[p.day] = day
	}
	if at, known := slices.BinarySearch(a.filled, p.day); !known {
		a.filled = slices.Insert(a.filled, at, p.day)
	}
	last, added := day.Add(query.key())
	if !added {
		same, since, err := a.repeats(last.on(p.day), p, record)
		switch {
		case err != nil:
			return err
		case same && fetched < since: // two accounts have queried it, and are read one after the other
			fetched = last.fetched
		case same:
			last.fetched = max(last.fetched, fetched)
			return nil
		case last.fetched > fetched:
			return nil
		}
	}
	var place spill.Place
	if p.outcome > Empty {
		var err error
		if place, err = a.records.Add(record); err != nil {
			return err
		}
	}
	*last = lastAnswer{place.Offset, fetched, place.Length, p.outcome}
	for _, id := range p.ids {
		a.byID[id] = append(a.byID[id], answerSource{query, place})
	}
	return nil
}

// repeats reports whether an answer, of which this is the record, has the same settlements as
// another one to the same query, and since when that one says so.
func (a *answers) repeats(other Answer, p *PreparedAnswer, record []byte) (same bool, since int64, err error) {
	if other.Outcome <= Empty || p.outcome <= Empty {
		return other.Outcome == Empty && p.outcome == Empty, 0, nil
	}
	last, err := a.read(other, nil)
	if err != nil || last.query != p.query {
		return false, 0, err
	}
	now, err := decodeAnswerRecord(string(record), nil)
	if err != nil {
		return false, 0, err
	}
	since = last.rows[0].Settlement.FetchedAt.UnixMicro()
	return reflect.DeepEqual(p.settlementsOf(last.rows), p.settlementsOf(now.rows)), since, nil
}

// settlementsOf returns the settlements of rows, by id, as if they were the answer's.
func (p *PreparedAnswer) settlementsOf(rows []normalise.SettleRow) []schema.Settlement {
	all := make([]schema.Settlement, len(rows))
	for i := range rows {
		all[i] = rows[i].Settlement
		all[i].FetchedAt, all[i].LogID = p.fetched, schema.Some(p.logID)
	}
	slices.SortStableFunc(all, func(a, b schema.Settlement) int { return strings.Compare(a.SettleID, b.SettleID) })
	return all
}

// HasOwnSettlement reports whether an answer has a settlement of the id that was
// queried. One that has only settlements of other ids says nothing of the order.
func HasOwnSettlement(answer *normalise.SettlementsAnswer) bool {
	records := answer.Decoded.Records
	for i := range records {
		if !records[i].Foreign(&answer.SettleAnswer) {
			return true
		}
	}
	return false
}

func outcomeOf(records []normalise.SettleRecord) Outcome {
	if len(records) == 0 {
		return Empty
	}
	result := Settled
	for i := range records {
		switch status := records[i].Status(); {
		case !status.Final():
			return Unfinished
		case status == schema.StatusFail:
			result = Failed
		}
	}
	return result
}

// around returns the last answer to a query that serves for the day.
func (a *answers) around(q schema.Query, day schema.Day) Answer {
	return a.latest(hashQuery(q), day-a.window, day+a.window)
}

// latest returns the last answer to a query that is filed within the days.
func (a *answers) latest(query idHash, from, to schema.Day) Answer {
	var last Answer
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, day := range a.filled {
		if day < from || day > to {
			continue
		}
		if one := a.days[day].Find(query.key()); one != nil && one.fetched >= last.Fetched {
			last = one.on(day)
		}
	}
	return last
}

// read returns an answer that has settlements, its rows in the memory as far as that goes.
func (a *answers) read(answer Answer, memory []normalise.SettleRow) (storedAnswer, error) {
	record, err := a.records.ReadText(answer.place)
	if err != nil {
		return storedAnswer{}, err
	}
	return decodeAnswerRecord(record, memory)
}

// withSettlement returns the answer, filed within reach of the day, that has a
// settlement of this settle_id or order_id.
func (a *answers) withSettlement(id idHash, day schema.Day) Answer {
	a.mu.RLock()
	sources := a.byID[id]
	a.mu.RUnlock()
	reach := linkDays(int(a.window))
	for _, s := range sources {
		if last := a.latest(s.query, day-reach, day+reach); last.Outcome > Empty && last.place == s.place {
			return last
		}
	}
	return Answer{}
}

// idsOfRows returns the settle_ids and order_ids of an answer's settlements.
func idsOfRows(rows []normalise.SettleRow) (ids []idHash) {
	for i := range rows {
		if rows[i].Foreign {
			continue
		}
		ids = append(ids, settleIDs(&rows[i].Settlement)...)
		if order := linkIDsOf(&rows[i].Settlement).order; order != (idHash{}) {
			ids = append(ids, order)
		}
	}
	return ids
}

// rowsOfRecords returns the rows of an answer's records, in the memory as far as that goes.
func rowsOfRecords(memory []normalise.SettleRow, records []normalise.SettleRecord, answer *schema.SettleAnswer) []normalise.SettleRow {
	rows := slices.Grow(memory[:0], len(records))
	for i := range records {
		rows = append(rows, normalise.Normaliser{}.Settlement(records[i], answer))
	}
	return rows
}
