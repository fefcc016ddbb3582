// Package stores fetches the lists of the stores below accounts, and proves that they are
// whole.
//
// A list is read page by page, from 1 on, until it has as many stores as the platform says
// that there are. The pages are archived first, and then the proof, a schema.Listing, which
// names every page by its hash. What is in the archive for an account and day is not asked
// again: the list of a day is final.
package stores

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/passid"
	"billwalk/schema"
)

const (
	pageSize    = 50
	maxPages    = 10_000
	maxPasses   = 3       // over a list that changes while it is read
	batchTarget = 1 << 20 // bytes of a batch, compressed
)

// Source is the platform's store API.
type Source interface {
	// Stores fetches a page, from 1, of the stores below the unit's account, and decodes it.
	// It retries and keeps the pace by itself. An error may carry a schema.Failure in a
	// method Failure. Safe for concurrent use.
	Stores(ctx context.Context, u schema.Unit, page, size int) (normalise.StoresAnswer, error)
}

// Archive keeps the answers and the proofs.
type Archive interface {
	Reader
	// Encode appends the answer in the archive's form, or nothing with an error.
	Encode(to []byte, a schema.Answer) ([]byte, error)
	// AppendStores makes encoded answers durable as batch n (from 1) of a pass.
	AppendStores(ctx context.Context, u schema.Unit, walk string, n int, answers []byte) error
	// CertifyStores makes the proof durable.
	CertifyStores(ctx context.Context, l *schema.Listing) error
}

// Reader reads lists back.
type Reader interface {
	// Stores returns the latest proof for an account and day, or nil. If it cannot be read,
	// the error is schema.ErrDamaged.
	Stores(ctx context.Context, u schema.Unit) (*schema.Listing, error)
	// StoreAnswers yields a pass's answers in order, up to the last batch.
	StoreAnswers(ctx context.Context, u schema.Unit, walk string) iter.Seq2[schema.Answer, error]
}

// Lister fetches the lists of one run. Lists may be fetched side by side.
type Lister struct {
	Source  Source
	Archive Archive
	RunID   string
	Now     func() time.Time
	Log     *slog.Logger
}

// List returns the proof of the list of an account for a day, which it fetches where the
// archive has none.
func (l *Lister) List(ctx context.Context, u schema.Unit) (*schema.Listing, error) {
	known, err := l.Archive.Stores(ctx, u)
	if errors.Is(err, schema.ErrDamaged) {
		l.Log.Warn("the proof of a list of stores is damaged: the list is fetched again", "account_id", u.Account.ID, "account_name", u.Account.Name, "bill_date", u.Day, "error", err)
		err = nil
	}
	if known != nil || err != nil {
		return known, err
	}
	p := &pass{lister: l, unit: u}
	for range maxPasses {
		p.begin()
		err = p.read(ctx)
		if !errors.As(err, new(changedError)) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return p.listing, l.Archive.CertifyStores(ctx, p.listing)
}

// pass is one pass over a list.
type pass struct {
	lister  *Lister
	unit    schema.Unit
	listing *schema.Listing
	total   int64
	seen    map[[2]string]bool // poi_id and account_id
	batch   []byte
	batches int
}

// begin begins a new pass.
func (p *pass) begin() {
	previous := ""
	if p.listing != nil {
		previous = p.listing.Walk
	}
	walk := passid.New(p.lister.RunID, p.unit, p.lister.Now(), previous)
	*p = pass{lister: p.lister, unit: p.unit, seen: make(map[[2]string]bool), listing: &schema.Listing{
		Account: p.unit.Account, Day: p.unit.Day, Walk: walk, Pages: []schema.Link{}, RunID: p.lister.RunID,
	}}
}

// changedError is the error of a list that changed while it was read.
type changedError string

func (e changedError) Error() string { return "the list of stores keeps changing: " + string(e) }

// read reads all pages.
func (p *pass) read(ctx context.Context) error {
	for page := 1; ; page++ {
		answer, err := p.lister.Source.Stores(ctx, p.unit, page, pageSize)
		if err != nil {
			return err
		}
		if err := p.add(&answer); err != nil {
			return &schema.UnitError{Unit: p.unit, LogID: answer.LogID, Code: schema.CodeChanging, Err: err}
		}
		if p.listing.Rows == p.total {
			return p.store(ctx, answer.Answer, true)
		}
		if err := p.store(ctx, answer.Answer, false); err != nil {
			return err
		}
	}
}

// add checks the next page. Two pages that have the same store, or say different totals, are
// of a list that changed meanwhile.
func (p *pass) add(a *normalise.StoresAnswer) error {
	page, list := &a.Decoded, p.listing
	n := len(list.Pages) + 1
	if n == 1 {
		p.total = page.Total
	}
	for i := range page.Stores {
		s := &page.Stores[i]
		key := [2]string{s.PoiID.V, s.AccountID.V}
		if p.seen[key] {
			return changedError(fmt.Sprintf("page %d has store %s of account %s again", n, s.PoiID.V, s.AccountID.V))
		}
		p.seen[key] = true
	}
	list.Pages = append(list.Pages, schema.Link{Cursor: a.Cursor, Rows: len(page.Stores), SHA256: schema.HashOf(a.Body)})
	list.Rows, list.FinishedAt = list.Rows+int64(len(page.Stores)), a.FetchedAt
	switch {
	case page.Total != p.total:
		return changedError(fmt.Sprintf("page 1 says that there are %d, and page %d says %d", p.total, n, page.Total))
	case list.Rows > p.total, len(page.Stores) == 0 && list.Rows < p.total:
		return changedError(fmt.Sprintf("the platform says that there are %d, and lists %d up to page %d", p.total, list.Rows, n))
	case n == maxPages && list.Rows < p.total:
		return fmt.Errorf("the list of stores does not end: %d pages of %d stores", n, p.total)
	}
	return nil
}

// store adds an answer to the batch, and makes the batch durable once it is large or the last.
func (p *pass) store(ctx context.Context, a schema.Answer, last bool) (err error) {
	a.Walk = p.listing.Walk
	if p.batch, err = p.lister.Archive.Encode(p.batch, a); err != nil {
		return err
	}
	if !last && len(p.batch) < batchTarget {
		return nil
	}
	p.batches++
	err = p.lister.Archive.AppendStores(ctx, p.unit, p.listing.Walk, p.batches, p.batch)
	p.batch = p.batch[:0]
	return err
}

// Rows returns the rows of a list, from the archive: its pages must be those that the proof
// names. The error of what is not in the archive as it was is a *schema.UnitError.
func Rows(ctx context.Context, archive Reader, l *schema.Listing) (rows []schema.Store, err error) {
	damaged := func(err error) error {
		return &schema.UnitError{Unit: l.Unit(), Code: schema.CodeDamaged, Err: err}
	}
	n := 0
	for answer, err := range archive.StoreAnswers(ctx, l.Unit(), l.Walk) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, damaged(err)
		}
		if n == len(l.Pages) || schema.HashOf(answer.Body) != l.Pages[n].SHA256 {
			return nil, damaged(fmt.Errorf("archive object %s: page %d is not the one that was certified", answer.Key, n+1))
		}
		n++
		page, err := normalise.ReadStores(answer.Body)
		if err != nil {
			return nil, damaged(fmt.Errorf("archive object %s: page %d: %w", answer.Key, n, err))
		}
		for i := range page.Stores {
			rows = append(rows, page.Stores[i].Store(l.Account, &answer))
		}
	}
	if n < len(l.Pages) {
		return nil, damaged(fmt.Errorf("the archive holds %d of the list's %d pages", n, len(l.Pages)))
	}
	return rows, nil
}
