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
package evidence

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// Archive keeps the raw answers and callbacks.
type Archive interface {
	// Settlements reads all that is filed under the day. Where some of it cannot
	// be read, the rest is, and the error says what.
	Settlements(ctx context.Context, day schema.Day, answer func(schema.SettleAnswer), pass func(schema.SettlePass)) error
	// FirstReceived returns the first day on which settle callbacks were received; ok
	// is false where none ever were.
	FirstReceived(ctx context.Context) (day schema.Day, ok bool, err error)
	// Callbacks reads the settle callbacks that were received on a day. Where
	// some of them are damaged, the rest is read, and the error is
	// schema.ErrDamaged.
	Callbacks(ctx context.Context, received schema.Day, take func(schema.Callback)) error
}

// Lake has the published tables.
type Lake interface {
	// Manifest reads a manifest, or nil where nothing is published.
	Manifest(ctx context.Context, day schema.Day, bucket int) (*schema.Manifest, error)
	// Settlements reads columns of the published settlements. A settlement yielded is
	// good until the next.
	Settlements(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Settlement, error]
}

// readsAtATime is how many reads of the archive or the lake run side by side.
const readsAtATime = 16

// Config says of what there is evidence, and where it lies.
type Config struct {
	Archive Archive
	Lake    Lake
	Bills   ReadPartition // the bills that the run has staged, else those that are published
	Rules   *reconcile.Rules
	Rows    normalise.Normaliser
	AppIDs  schema.AppIDs // whose callbacks count
	Buckets int           // of the lake
	Days    []schema.Day  // that the run builds
	Replay  bool          // nothing can be queried: what the archive cannot give is an error
	Now     func() time.Time
	Log     *slog.Logger
}

// Evidence is what a run knows of settlements. What is not said to be otherwise is safe
// for concurrent use, once it is loaded.
type Evidence struct {
	Config
	answers   *answers
	callbacks *callbacks
	bills     *billIndex
	standings *standings

	faults    map[schema.Day]error // what could not be read of a day's answers
	warned    map[schema.Day]bool  // of invalid answers
	manifests map[schema.Partition]*schema.Manifest
	late      int64 // callbacks
	received  bool  // some callback, at any time
}

// Open returns the evidence of a run, of which nothing is loaded yet.
func Open(c Config) (*Evidence, error) {
	window := schema.Day(c.Rules.Lookback)
	answers, err := newAnswers(c.Archive, window)
	if err != nil {
		return nil, err
	}
	return &Evidence{
		Config: c, answers: answers, callbacks: new(callbacks), bills: newBillIndex(c.Rules, c.Buckets, c.Bills), standings: newStandings(window, c.Days),
		faults: make(map[schema.Day]error), warned: make(map[schema.Day]bool), manifests: make(map[schema.Partition]*schema.Manifest),
	}, nil
}

// Close removes the local files.
func (e *Evidence) Close() {
	e.answers.close()
	e.callbacks.close()
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

// LoadAnswers loads what the archive has of the day's window. A run queries again what
// cannot be read, or is no answer; a replay cannot, and must not guess. It is not safe
// for concurrent use.
func (e *Evidence) LoadAnswers(ctx context.Context, day schema.Day) error {
	window := e.Window()
	for other := day - window; other <= day+window; other++ {
		if err := e.answers.load(ctx, other); err != nil {
			e.faults[other] = err
			if !e.Replay {
				e.Log.Warn("settlements in the archive cannot be read: their orders are asked for again", "bill_date", other, "error", err)
			}
		}
		if err := e.faults[other]; err != nil && e.Replay {
			return err
		}
	}
	return e.checkInvalid(day-window, day+window)
}

// Forget gives up what is known of a day that no other day needs any more.
func (e *Evidence) Forget(day schema.Day) {
	e.answers.forget(day)
	e.bills.forget(day)
}

// ForgetBills gives up the index of the day's bills: others have taken their place.
func (e *Evidence) ForgetBills(day schema.Day) { e.bills.forget(day) }

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
func (e *Evidence) LastAnswer(q schema.Question, day schema.Day) Answer {
	return e.answers.around(q, day)
}

// AddAnswer adds an answer that the archive has now.
func (e *Evidence) AddAnswer(a schema.SettleAnswer) error { return e.answers.add(a) }

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
