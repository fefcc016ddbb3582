// Package walk fetches the bills of a unit, one account on one day, and proves that
// they are whole.
//
//	Source ──page──▶ trace: chain and guards ──▶ batch ──▶ Archive
//	                   │
//	                   └── enough walks in a row found the same bills ──▶ certificate ──▶ Archive
//
// A walk is one pass over the unit's pages, strictly in sequence, from cursor "0" to
// the page with has_more=false. Its pages are stored in batches on the way, so
// that an interrupted walk can be resumed. The certificate comes last, and names every
// page by its hash; whoever reads a certified walk back ([Certified]) checks them. [Recent]
// has what was stored just now still in memory.
package walk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/passid"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// maxWalks is how often one run walks a unit in search of equal walks.
const maxWalks = 4

// Source is the platform's bill API.
type Source interface {
	// Bills fetches the unit's page at a cursor, of at most size records, and decodes it.
	// It retries and keeps the pace by itself. An answer without an error is a whole page.
	// An error may carry a schema.Failure in a method Failure; the answer then has the
	// platform's body, if one came. Safe for concurrent use.
	Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error)
}

// Archive keeps the raw answers of walks, and the certificates.
type Archive interface {
	Reader
	// Encode appends the answer in the archive's form, or nothing with an error. Encoded
	// answers may be joined.
	Encode(to []byte, a schema.Answer) ([]byte, error)
	// Append makes encoded answers durable as batch n (from 1) of a walk. A batch is
	// never replaced: if another run wrote it, the error is schema.ErrTaken.
	Append(ctx context.Context, u schema.Unit, walk string, n int, answers []byte) error
	// Certify makes a certificate durable, under its latest walk. If another run
	// certified that walk, the error is schema.ErrTaken.
	Certify(ctx context.Context, c *schema.Certificate) error
}

// Reader reads walks back.
type Reader interface {
	// Answers yields a walk's answers in order, up to the last batch.
	Answers(ctx context.Context, u schema.Unit, walk string) iter.Seq2[schema.Answer, error]
	// Unit returns the unit's latest certificate, or nil, and the walks begun after it,
	// oldest first. Of a certificate that cannot be read only the walk is returned, and
	// the error is schema.ErrDamaged.
	Unit(ctx context.Context, u schema.Unit) (*schema.Certificate, []schema.BegunWalk, error)
}

// Config is how a job walks its units.
type Config struct {
	Source      Source // nil: nothing is fetched, the archive is all there is
	Decode      Decode // of pages that are read from the archive again; nil: they are bills
	PageSize    int    // records of a page at most
	Passes      int    // equal walks in a row that a unit needs
	AllowShrink bool   // a day may have lost more than a tenth of its bills
}

// Decode decodes an archived page.
type Decode func(schema.Answer) (normalise.PageAnswer, error)

// Walker walks units for one run. Units may be walked side by side.
type Walker struct {
	Config
	Archive  Archive
	Recent   *Recent // remembers what is to be built; may be nil
	RunID    string
	Units    int // that the run walks, side by side as far as it can; 0: very many
	Now      func() time.Time
	Log      *slog.Logger
	Progress *progress.Counter

	// Pages returns how many pages a walk of the unit is likely to have, 0 if it is not
	// known; nil knows of none.
	Pages func(schema.Unit) int

	// IsCurrent reports whether a certificate is new enough for this run, so that its
	// unit is not walked again.
	IsCurrent func(context.Context, schema.Unit, *schema.Certificate) (bool, error)
}

// Outcome is what became of a unit: it has a certificate or a failure.
type Outcome struct {
	Unit        schema.Unit
	Certificate *schema.Certificate
	Failure     *schema.Failure
}

// Walk walks the unit until enough walks in a row agree, and returns its certificate.
// A current certificate is taken as it is, and young walks that an earlier run began
// are resumed. When interrupted is closed, the request in flight is finished, what was
// fetched is stored, and the error is stop.ErrStopped.
func (w *Walker) Walk(ctx context.Context, unit schema.Unit, interrupted <-chan struct{}) (*schema.Certificate, error) {
	last, begun, err := w.Archive.Unit(ctx, unit)
	u := &unitWalk{walker: w, unit: unit, interrupted: interrupted}
	if last != nil {
		u.newest = last.Latest().Walk
	}
	if errors.Is(err, schema.ErrDamaged) {
		u.warn("a unit's certificate is damaged: it is walked again", "error", err)
		last, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	if last != nil {
		current, err := w.IsCurrent(ctx, unit, last)
		if err != nil {
			return nil, err
		}
		if current && u.intact(ctx, last) {
			return last, nil
		}
	}
	if w.Pages != nil {
		u.pages = w.Pages(unit)
	}
	u.last, u.begun = last, begun[max(0, len(begun)-w.Passes):]
	defer func() { u.walker.Progress.UnitUnderWay(-u.reached) }() // it is counted as a whole from now on
	return u.run(ctx)
}

// unitWalk is what a Walker knows of one unit while it walks it.
type unitWalk struct {
	walker      *Walker
	unit        schema.Unit
	interrupted <-chan struct{}
	last        *schema.Certificate // nil where there is none that can be read
	begun       []schema.BegunWalk  // walks to resume, oldest first
	newest      string              // id of the newest walk
	fetched     int                 // walks that were begun by this run
	pages       int                 // of a walk, likely; 0 if it is not known
	reached     int64               // thousandths of the unit that are walked, as far as is known
	following   int                 // walks that are needed after the present one, if it finds the same
}

func (u *unitWalk) warn(message string, args ...any) {
	u.walker.Log.Warn(message, append([]any{"account_id", u.unit.Account.ID, "account_name", u.unit.Account.Name, "bill_date", u.unit.Day}, args...)...)
}

// run walks until enough walks in a row found the same bills.
func (u *unitWalk) run(ctx context.Context) (*schema.Certificate, error) {
	var equal []*trace
	digest := ""
	for u.fetched < maxWalks {
		u.following = u.walker.Passes - len(equal) - 1
		t, err := u.next(ctx)
		if errors.Is(err, schema.ErrTaken) {
			u.warn("another run has resumed this walk; a new one is begun", "walk", u.newest)
			continue
		}
		if err != nil {
			if failure := schema.FailureOf(err, u.unit); failure.Reach == schema.ReachUnavailable {
				return u.unavailable(ctx, failure)
			}
			return nil, err
		}
		if t == nil {
			continue
		}
		bills, found := t.digest()
		if len(equal) > 0 && found != digest {
			u.warn("the day changed while it was walked", "walk", t.walk, "bills", bills)
			equal = nil
		}
		t.contents, t.seen, u.pages = nil, nil, len(t.pages)
		equal, digest = append(equal, t), found
		if len(equal) >= u.walker.Passes {
			return u.certify(ctx, equal, bills, digest)
		}
	}
	return nil, &schema.UnitError{Unit: u.unit, Code: schema.CodeChanging, Err: fmt.Errorf("the day keeps changing: no %d of %d walks in a row found the same bills; run again later", u.walker.Passes, maxWalks)}
}

// next makes the next walk: one that was begun, else a new one. It returns nil where
// the walk cannot be resumed.
func (u *unitWalk) next(ctx context.Context) (*trace, error) {
	if len(u.begun) > 0 {
		begun := u.begun[0]
		u.newest, u.begun = begun.Walk, u.begun[1:]
		return u.resume(ctx, begun)
	}
	u.fetched++
	t := newTrace(u.unit, passid.New(u.walker.RunID, u.unit, u.walker.Now(), u.newest))
	u.newest = t.walk
	return t, u.fetch(ctx, t, 0)
}

// resume continues a walk that was begun. It returns nil where the walk is too old or
// damaged, or the platform does not know its cursor any more.
func (u *unitWalk) resume(ctx context.Context, begun schema.BegunWalk) (*trace, error) {
	t, err := u.reread(ctx, begun.Walk)
	if err != nil {
		u.warn("a walk in the archive cannot be resumed", "walk", begun.Walk, "error", err)
		return nil, nil
	}
	if u.walker.Now().Sub(t.began) >= stop.ResumeAge {
		return nil, nil
	}
	u.walker.Progress.PagesFound(len(t.pages))
	pages := len(t.pages)
	err = u.fetch(ctx, t, begun.Batches)
	if err != nil && len(t.pages) == pages && u.cursorIsUnknown(err) && ctx.Err() == nil {
		u.warn("the platform no longer knows the walk's cursor; a new walk is begun", "walk", begun.Walk, "error", err)
		return nil, nil
	}
	return t, err
}

// cursorIsUnknown reports whether the error of a walk's first call may be due to its
// cursor: the platform refused it, and is not at fault itself.
func (u *unitWalk) cursorIsUnknown(err error) bool {
	return schema.FailureOf(err, u.unit).Reach == schema.ReachUnit && !isTemporary(err) && !errors.Is(err, stop.ErrStopped)
}

// isTemporary reports whether the platform or the network was at fault: the same call
// may succeed later.
func isTemporary(err error) bool {
	var typed interface{ Temporary() bool }
	return errors.As(err, &typed) && typed.Temporary()
}

func (w *Walker) decode(a schema.Answer) (normalise.PageAnswer, error) {
	if w.Decode == nil {
		return normalise.DecodeAnswer(a)
	}
	return w.Decode(a)
}

// reread returns the trace of an archived walk, up to where it was interrupted.
func (u *unitWalk) reread(ctx context.Context, walk string) (*trace, error) {
	t := newTrace(u.unit, walk)
	for answer, err := range u.walker.Archive.Answers(ctx, u.unit, walk) {
		if err != nil {
			return nil, err
		}
		page, err := u.walker.decode(answer)
		if err != nil {
			return nil, err
		}
		if err := t.add(&page, u.walker.PageSize); err != nil {
			return nil, err
		}
		page.Decoded.Release()
	}
	return t, nil
}
