// Package withdraw fetches the withdrawals that payees launched on a day, and the bills that
// each of them pays, and proves that both lists are whole.
//
//	withdrawal API ─pages─▶ walk ─▶ archive/withdrawals      the list of a payee's day
//	bill API ──────pages──▶ walk ─▶ archive/withdrawn_bills  the bills of each withdrawal that is paid
//
// A closed day's list never grows, so that a day is asked for again only while one of its
// withdrawals is not final. Both lists are walked and certified as the bills of a unit are:
// see package walk. What the archive holds of a payee's day is read by Recall, and no call
// is needed.
package withdraw

import (
	"context"
	"errors"
	"fmt"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/stop"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// Source is the platform's APIs for withdrawals. Its methods behave as those of
// walk.Source.
type Source interface {
	// Withdrawals fetches a page of the withdrawals that the unit's account launched on its day.
	Withdrawals(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error)
	// WithdrawnBills fetches a page of the bills of a withdrawal.
	WithdrawnBills(ctx context.Context, u schema.Unit, withdrawID, cursor string, size int) (normalise.PageAnswer, error)
}

// Archive keeps the raw answers.
type Archive interface {
	Withdrawals() walk.Archive
	WithdrawnBills(withdrawID string) walk.Archive
}

// Config is how a job follows withdrawals.
type Config struct {
	Source   Source // nil: nothing is fetched, the archive is all there is
	Statuses normalise.WithdrawalStatuses
	Rows     normalise.Normaliser
}

// Fetcher fetches withdrawals for one run. Units may be fetched side by side.
type Fetcher struct {
	Config
	Archive Archive
	Walker  walk.Walker // of the run; its archive, configuration and IsCurrent are not used
}

// Launches are the withdrawals that a payee launched on a day, as the archive holds them.
type Launches struct {
	Unit        schema.Unit
	Certificate *schema.Certificate // of the list
	Withdrawals []Withdrawal        // in the order of the list, each once
	Exceptions  []schema.Exception
}

// Withdrawal is one of them, tied to its bills.
type Withdrawal struct {
	schema.Withdrawal
	Stage       schema.WithdrawStage
	Certificate *schema.Certificate // of its bills; nil where they were not fetched
	Bills       []Bill              // each once; billed_on and in_bills are not set
	Failure     *schema.Failure     // why its bills could not be fetched
}

// Bill is one bill of a withdrawal, as the platform lists it.
type Bill struct {
	schema.WithdrawnBill
	Key        schema.BillKey
	SettledOn  schema.Null[schema.Day] // the day of its settle_time
	Order      schema.Null[string]     // its shop_order_id
	ArchiveKey string
}

// Final reports whether the platform can say nothing new of the payee's day.
func (l *Launches) Final() bool {
	for i := range l.Withdrawals {
		if !l.Withdrawals[i].Verdict.Final() {
			return false
		}
	}
	return true
}

// Fetch fetches what the payee launched on the day, and then the bills of each withdrawal
// that is paid and not known to tie. A withdrawal whose bills could not be fetched has a
// Failure, and the others go on. When interrupted is closed, the request in flight is
// finished, what was fetched is stored, and the error is stop.ErrStopped.
func (f *Fetcher) Fetch(ctx context.Context, u schema.Unit, interrupted <-chan struct{}) (*Launches, error) {
	certificate, err := f.list().Walk(ctx, u, interrupted)
	if err != nil {
		return nil, err
	}
	l, err := f.read(ctx, certificate)
	if err != nil {
		return nil, err
	}
	for i := range l.Withdrawals {
		w := &l.Withdrawals[i]
		if w.Stage != schema.WithdrawPaid || w.Verdict.Final() {
			continue
		}
		err := f.fetchBills(ctx, u, w, interrupted)
		if errors.Is(err, stop.ErrStopped) || ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			failure := schema.FailureOf(err, u)
			w.Failure = &failure
		}
	}
	return l, nil
}

// Recall returns what the archive holds of the payee's day, or nil where it has no whole
// list of it.
func (f *Fetcher) Recall(ctx context.Context, u schema.Unit) (*Launches, error) {
	certificate, _, err := f.Archive.Withdrawals().Unit(ctx, u)
	if certificate == nil || err != nil {
		return nil, err
	}
	return f.read(ctx, certificate)
}

// isCurrent reports whether a list was fetched after its day had ended, and all of its
// withdrawals are final.
func (f *Fetcher) isCurrent(ctx context.Context, u schema.Unit, c *schema.Certificate) (bool, error) {
	if c.Latest().At.Before((u.Day + 1).Start()) {
		return false, nil
	}
	l, err := f.read(ctx, c)
	return err == nil && l.Final(), ctx.Err()
}

// list returns the walker of lists of withdrawals.
func (f *Fetcher) list() *walk.Walker {
	w := f.Walker
	w.Archive = f.Archive.Withdrawals()
	w.IsCurrent = f.isCurrent
	w.Config = walk.Config{Source: pages(f.Source.Withdrawals), Decode: normalise.DecodeWithdrawalsAnswer, PageSize: pageSize, Passes: 1, AllowShrink: true}
	return &w
}

// bills returns the walker of the bills of a withdrawal.
func (f *Fetcher) bills(withdrawID string) *walk.Walker {
	w := f.Walker
	w.Archive = f.Archive.WithdrawnBills(withdrawID)
	w.IsCurrent = func(context.Context, schema.Unit, *schema.Certificate) (bool, error) { return false, nil } // they tie, or are asked for
	w.Config = walk.Config{PageSize: pageSize, Passes: 1, AllowShrink: true, Source: pages(func(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
		return f.Source.WithdrawnBills(ctx, u, withdrawID, cursor, size)
	})}
	return &w
}

// pageSize is the most that both APIs give.
const pageSize = 50

// pages is a walk.Source.
type pages func(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error)

// Bills implements walk.Source.
func (p pages) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	return p(ctx, u, cursor, size)
}

// fetchBills walks the bills of a withdrawal, and ties it to them.
func (f *Fetcher) fetchBills(ctx context.Context, u schema.Unit, w *Withdrawal, interrupted <-chan struct{}) error {
	if !schema.PlainID(w.WithdrawID) {
		return &schema.UnitError{Unit: u, Code: schema.CodeUnreadable, Err: fmt.Errorf("withdraw_id %.80q is no id, and its bills are not asked for", w.WithdrawID)}
	}
	certificate, err := f.bills(w.WithdrawID).Walk(ctx, u, interrupted)
	if err != nil {
		return fmt.Errorf("the bills of withdrawal %s: %w", w.WithdrawID, err)
	}
	return f.tie(ctx, w, certificate)
}

// tie ties a withdrawal to the bills of a certified walk.
func (f *Fetcher) tie(ctx context.Context, w *Withdrawal, certificate *schema.Certificate) error {
	w.Certificate = certificate
	listing := reconcile.NotListed
	switch {
	case certificate == nil:
	case certificate.State == schema.Unavailable:
		listing = reconcile.ByHand
	default:
		listing = reconcile.Listed
		var err error
		if w.Bills, err = f.readBills(ctx, w, certificate); err != nil {
			return err
		}
	}
	rows := make([]schema.WithdrawnBill, len(w.Bills))
	for i := range w.Bills {
		rows[i] = w.Bills[i].WithdrawnBill
	}
	return reconcile.TieOut(&w.Withdrawal, w.Stage, listing, rows)
}
