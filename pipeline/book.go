package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// book knows the last answer to every question that the archive has, by the day
// that the answer is filed under. The answers themselves lie on local disk: one
// costs about 60 bytes of memory. Safe for concurrent use.
type book struct {
	archive Archive
	window  schema.Day // days before and after, within which an answer serves
	file    *spill.File

	mu     sync.RWMutex
	size   int64
	days   map[schema.Day]map[fingerprint]known
	none   map[schema.Day][]noAnswer
	passes map[filed]schema.SettlePass // the latest of each unit

	linking bool                      // there are callbacks to be linked
	told    map[fingerprint][]tellsOf // then: by settle_id and order_id, the answers that tell of it
}

// filed is a unit, whatever the account is called.
type filed struct {
	account schema.AccountID
	day     schema.Day
}

// fingerprint stands for a question: what was asked, whatever column gave it. What a
// callback gave is apart: its answer is of no order.
type fingerprint [16]byte

func fingerprintOf(q schema.Question) (f fingerprint) {
	text := q.Parameter + "\x00" + q.Value
	if confirms(q) {
		text = byCallback + "\x00" + text
	}
	sum := sha256.Sum256([]byte(text))
	copy(f[:], sum[:])
	return f
}

// sampled picks one question in a hundred, the same in every run.
func (f fingerprint) sampled() bool { return (int(f[0])<<8|int(f[1]))%100 == 0 }

// tellsOf is an answer that tells of an id: to which question, and where it lies.
type tellsOf struct {
	question fingerprint
	offset   int64
}

// known is where an answer lies, and what it comes to.
type known struct {
	offset  int64
	length  int32
	outcome outcome
	day     schema.Day // that it is filed under
	fetched int64      // microseconds; the answer's own time is that at which it was said first
}

// outcome is what an answer says of its question.
type outcome uint8

const (
	unknown outcome = iota // there is no answer
	nothing                // nothing came back
	open                   // something is in flight
	failed                 // all final, and something FAILed
	settled                // all SUCCESS
)

func newBook(archive Archive, window int) (*book, error) {
	file, err := spill.New("billwalk-*.answers")
	if err != nil {
		return nil, err
	}
	return &book{
		archive: archive, window: schema.Day(window), file: file,
		days: make(map[schema.Day]map[fingerprint]known), none: make(map[schema.Day][]noAnswer), passes: make(map[filed]schema.SettlePass), told: make(map[fingerprint][]tellsOf),
	}, nil
}

func (b *book) close() { b.file.Close() }

// load reads what the archive has of a day, once. What cannot be read of it is an
// error; the rest is known all the same.
func (b *book) load(ctx context.Context, day schema.Day) error {
	b.mu.Lock()
	_, loaded := b.days[day]
	if !loaded {
		b.days[day] = make(map[fingerprint]known)
	}
	b.mu.Unlock()
	if loaded {
		return nil
	}
	var fault error
	err := b.archive.Settlements(ctx, day, func(a schema.SettleAnswer) {
		if err := b.add(a); err != nil && fault == nil {
			fault = err
		}
	}, b.pass)
	if err == nil {
		err = fault
	}
	return err
}

// forget gives up what is known of a day.
func (b *book) forget(day schema.Day) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.days, day)
	delete(b.none, day)
}

// pass notes a pass over a unit.
func (b *book) pass(p schema.SettlePass) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u := (filed{p.Account.ID, p.Day}); p.Pass >= b.passes[u].Pass {
		b.passes[u] = p
	}
}

// lastPass returns the last pass over a unit that was not cut, the zero pass where
// there was none.
func (b *book) lastPass(u schema.Unit) schema.SettlePass {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.passes[filed{u.Account.ID, u.Day}]
}

// complete says that every order of the certificate's unit was asked for, its
// bills being those of the certificate.
func (b *book) complete(c *schema.Certificate) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	p, ok := b.passes[filed{c.Account.ID, c.Day}]
	return ok && p.Bills == c.Digest
}

// add notes an answer; of several to one question the one fetched last counts.
// One that says what the one before said changes nothing but when it was heard:
// rows that did not change keep their provenance, and so their bytes. What is no
// answer is kept apart.
func (b *book) add(a schema.SettleAnswer) error {
	records, err := normalise.DecodeSettlements(a.Body)
	if err != nil {
		b.refuse(&a, err)
		return nil
	}
	said := a
	a.Body = nil
	head, err := json.Marshal(struct {
		schema.SettleAnswer
		Key string
	}{a, a.Key})
	if err != nil {
		return err
	}
	entry := append(append(head, '\n'), said.Body...)
	var ids []fingerprint
	if b.linking && !confirms(said.Question()) {
		ids = toldBy(records, &said)
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	day := b.days[a.Day]
	if day == nil {
		day = make(map[fingerprint]known)
		b.days[a.Day] = day
	}
	f, fetched := fingerprintOf(a.Question()), a.FetchedAt.UnixMicro()
	if before, ok := day[f]; ok {
		if before.fetched > fetched {
			return nil
		}
		if same, err := b.says(before, &said); err != nil {
			return err
		} else if same {
			before.fetched = fetched
			day[f] = before
			return nil
		}
	}
	if _, err := b.file.WriteAt(entry, b.size); err != nil {
		return fmt.Errorf("writing the local file of answers: %w", err)
	}
	day[f] = known{b.size, int32(len(entry)), outcomeOfRecords(records), a.Day, fetched}
	for _, id := range ids {
		b.told[id] = append(b.told[id], tellsOf{f, b.size})
	}
	b.size += int64(len(entry))
	return nil
}

// says reports whether a known answer tells of the same settlements as another
// to the same question.
func (b *book) says(k known, a *schema.SettleAnswer) (bool, error) {
	before, err := b.read(k)
	if err != nil || before.Question() != a.Question() {
		return false, err
	}
	was, err := settlementsOf(before.Body, a)
	if err != nil {
		return false, err
	}
	is, err := settlementsOf(a.Body, a)
	return reflect.DeepEqual(was, is), err
}

// settlementsOf returns what a body tells, by settle_id, as if it were the answer's.
func settlementsOf(body []byte, a *schema.SettleAnswer) ([]schema.Settlement, error) {
	records, err := normalise.DecodeSettlements(body)
	if err != nil {
		return nil, err
	}
	all := make([]schema.Settlement, len(records))
	for i := range records {
		all[i] = normalise.Normaliser{}.Settlement(records[i], a).Settlement
	}
	slices.SortStableFunc(all, func(a, b schema.Settlement) int { return strings.Compare(a.SettleID, b.SettleID) })
	return all, nil
}

// answersItself says that an answer has a settlement of the id that was asked for. One
// that has settlements of other ids alone says nothing of the order: the next rule
// is asked.
func answersItself(a *schema.SettleAnswer) (bool, error) {
	records, err := normalise.DecodeSettlements(a.Body)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(records, func(r normalise.SettleRecord) bool {
		return !normalise.Normaliser{}.Settlement(r, a).Foreign
	}), nil
}

func outcomeOfRecords(records []normalise.SettleRecord) outcome {
	if len(records) == 0 {
		return nothing
	}
	result := settled
	for i := range records {
		switch status := records[i].Status(); {
		case !status.Final():
			return open
		case status == schema.StatusFail:
			result = failed
		}
	}
	return result
}

// around returns the last answer to a question that serves for the day.
func (b *book) around(q schema.Question, day schema.Day) known {
	return b.latest(q, day-b.window, day+b.window)
}

// latest returns the last answer to a question that is filed within the days.
func (b *book) latest(q schema.Question, from, to schema.Day) known {
	return b.latestOf(fingerprintOf(q), from, to)
}

func (b *book) latestOf(f fingerprint, from, to schema.Day) known {
	var last known
	b.mu.RLock()
	defer b.mu.RUnlock()
	for day := from; day <= to; day++ {
		if k, ok := b.days[day][f]; ok && k.fetched >= last.fetched {
			last = k
		}
	}
	return last
}

// read returns an answer that is known.
func (b *book) read(k known) (schema.SettleAnswer, error) {
	entry := make([]byte, k.length)
	if _, err := b.file.ReadAt(entry, k.offset); err != nil {
		return schema.SettleAnswer{}, fmt.Errorf("reading the local file of answers: %w", err)
	}
	var head struct {
		schema.SettleAnswer
		Key string
	}
	dec := json.NewDecoder(bytes.NewReader(entry))
	if err := dec.Decode(&head); err != nil {
		return schema.SettleAnswer{}, err
	}
	a := head.SettleAnswer
	a.Body, a.Key = entry[dec.InputOffset()+1:], head.Key
	return a, nil
}

// age says how long ago an answer was fetched.
func (k known) age(now time.Time) time.Duration { return now.Sub(time.UnixMicro(k.fetched)) }
