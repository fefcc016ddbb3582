// Package evidence gathers what is known of the settlements of an order: what the
// settle query answered, what callbacks say, and where the settlements are
// published already.
//
// A callback names a settlement, and not always the order: it belongs to the order
// whose bills have one of its ids, within some days of its event. One that belongs
// to no order is unmatched, and is shown without a bill.
//
// Callbacks come late, repeatedly, in any order, or not at all. Of one settlement and
// item the latest event counts; of one moment, success before failure before anything
// else. Where the query and a callback contradict each other, the query wins.
//
// The package reads the archive and the lake. It queries nothing and decides no verdict.
//
//	evidence, config, load    what is loaded, from where
//	order, foreign, elsewhere an order with all that is known of it: the result
//	answers, answerrecord,
//	invalid                   answers of the settle query
//	callbacks, state          callbacks, the latest of each settlement and item
//	linkids, links, owner     to which order a callback belongs
//	merge                     one row of an answer and callbacks
//	unmatched…                settlements of callbacks that belong to no order
//	standing                  on which day each settlement is published
//	billindex                 the bills around a day
//	sharedids, shared         settlements that several orders find, and whose each is
//	billsorter, billcolumns,
//	billcodec                 bills order by order
//	neighbours                what several processes tell each other of their bills
//	entry, recordreader, id   records of the local files, hashes of ids
package evidence

import (
	"context"
	"iter"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// Evidence is what a run knows of settlements. What is not said to be otherwise is safe
// for concurrent use, once it is loaded.
type Evidence struct {
	Config
	answers   *answers
	callbacks *callbacks
	bills     *billIndex
	standings *standings

	foreign map[schema.Partition][]uint64 // ids of the bills of other processes

	faults    map[schema.Day]error // what could not be read of a day's answers
	warned    map[schema.Day]bool  // of invalid answers
	manifests map[schema.Partition]*schema.Manifest
	late      int64 // callbacks
	received  bool  // some callback, at any time
}

// Open returns the evidence of a run, of which nothing is loaded yet.
func Open(c Config) (*Evidence, error) {
	window := schema.Day(c.Rules.Lookback)
	answers, err := newAnswers(c.Archive, c.Wanted, c.Rules.Match, window)
	if err != nil {
		return nil, err
	}
	return &Evidence{
		Config: c, answers: answers, callbacks: new(callbacks), bills: newBillIndex(c.Rules, c.Buckets, c.Bills), standings: newStandings(window, c.Days),
		foreign: make(map[schema.Partition][]uint64), faults: make(map[schema.Day]error), warned: make(map[schema.Day]bool), manifests: make(map[schema.Partition]*schema.Manifest),
	}, nil
}

// Close removes the local files.
func (e *Evidence) Close() {
	e.answers.close()
	e.callbacks.close()
	e.standings.published.close()
}

// Window returns how many days before and after a day have a say in its verdicts, or
// in which order a callback belongs to.
func (e *Evidence) Window() schema.Day {
	switch {
	case !e.Rules.Configured:
		return 0
	case e.HasCallbacks():
		return linkDays(e.Rules.Lookback)
	}
	return schema.Day(e.Rules.Lookback)
}

// Ahead returns how many days after a day have a say in which settlements count on those of
// its window.
func (e *Evidence) Ahead() schema.Day {
	if !e.Rules.Configured {
		return 0
	}
	return max(e.Window(), schema.Day(2*e.Rules.Lookback))
}

// LoadAhead reads which orders have bills on the days of the run beyond the day's window that
// have a say in which settlements count within it.
func (e *Evidence) LoadAhead(ctx context.Context, day schema.Day) error {
	return e.bills.loadDays(ctx, e.standings.ahead(day))
}

// BillsElsewhere returns, by order, the forward bills that the orders of a partition
// have in other partitions of the window.
func (e *Evidence) BillsElsewhere(ctx context.Context, at schema.Partition) (map[string][]reconcile.Bill, error) {
	return e.bills.elsewhere(ctx, at)
}

// ForwardBills yields the forward bills of orders on the days around one, as far as the
// window goes, with the columns that the rules need. A bill yielded is good until the next.
func (e *Evidence) ForwardBills(ctx context.Context, day schema.Day) iter.Seq2[*reconcile.Bill, error] {
	return func(yield func(*reconcile.Bill, error) bool) {
		for at := range e.bills.partitions(day, e.Window()) {
			for bill, err := range e.bills.forward(ctx, at, e.Rules.Columns()...) {
				if !yield(bill, err) || err != nil {
					return
				}
			}
		}
	}
}

// LastAnswer returns the last answer to a query that serves for the day, the zero
// Answer where there is none.
func (e *Evidence) LastAnswer(q schema.Query, day schema.Day) Answer {
	return e.answers.around(q, day)
}

// PrepareAnswer prepares an answer that the archive does not have yet.
func (e *Evidence) PrepareAnswer(a *normalise.SettlementsAnswer) PreparedAnswer {
	return e.answers.prepare(a, new(answerMemory))
}

// AddAnswer adds an answer that the archive has now, under the key.
func (e *Evidence) AddAnswer(a *PreparedAnswer, key string) error {
	return e.answers.addPrepared(a, key)
}

// AddPass notes that a pass over a unit's orders is complete.
func (e *Evidence) AddPass(p schema.SettlePass) { e.answers.addPass(p) }

// LastPass returns the last complete pass over a unit's orders, the zero pass where
// there was none.
func (e *Evidence) LastPass(u schema.Unit) schema.SettlePass { return e.answers.lastPass(u) }

// PassCovers reports whether the last pass over the certificate's unit was over these
// very bills.
func (e *Evidence) PassCovers(c *schema.Certificate) bool { return e.answers.covers(c) }

// CallbacksReceived reports whether callbacks were ever received, of whatever days.
func (e *Evidence) CallbacksReceived() bool { return e.received }

// HasCallbacks reports whether there are callbacks of the run's days.
func (e *Evidence) HasCallbacks() bool { return !e.callbacks.none() }

// HasCallbacksOn reports whether there are callbacks of events of a day.
func (e *Evidence) HasCallbacksOn(day schema.Day) bool { return len(e.callbacks.on(day)) > 0 }

// Unanswered returns the queries of a unit to which the archive has an invalid answer
// alone, each once. Its orders may not need some of them any more.
func (e *Evidence) Unanswered(u schema.Unit) (queries []schema.Query) {
	seen := make(map[idHash]bool)
	for _, one := range e.answers.unanswered(u.Day) {
		if id := hashQuery(one.Query); one.account == u.Account.ID && !seen[id] {
			seen[id] = true
			queries = append(queries, one.Query)
		}
	}
	return queries
}

// StandsElsewhere reports whether a settlement is published outside the day's window: it
// does not count on the day.
func (e *Evidence) StandsElsewhere(settleID string, day schema.Day) (bool, error) {
	where, known, err := e.standings.find(settleID)
	return known && max(where.day-day, day-where.day) > e.standings.window, err
}

// IsNew reports whether a settlement is not published, or has succeeded since.
func (e *Evidence) IsNew(s *schema.Settlement) (bool, error) {
	where, known, err := e.standings.find(s.SettleID)
	return !known || s.Status == schema.StatusSuccess && !where.succeeded, err
}

// CallbackCounts counts what was loaded.
func (e *Evidence) CallbackCounts() CallbackCounts {
	c := e.callbacks
	return CallbackCounts{States: int64(len(c.states)), Unreadable: c.unreadable, Foreign: c.foreign, Late: e.late}
}

// BuiltDays returns the days that this run builds.
func (e *Evidence) BuiltDays() map[schema.Day]bool { return e.standings.days }
