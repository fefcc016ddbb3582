package walk

import (
	"bytes"
	"context"
	"sync"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// Recent is an archive that remembers the bills of the walks which it is storing, by column, so
// that a build does not have to read the answers once more. They take a limited amount of
// memory: a unit for which there is none left is read from the archive.
type Recent struct {
	Archive
	key   func(u schema.Unit, walk string, n int) string // of a batch
	rows  normalise.Normaliser
	limit int // bytes of bills

	mu    sync.Mutex
	bytes int
	walks map[unitKey]*recentWalk
}

// unitKey is a unit whatever its account is called.
type unitKey struct {
	account schema.AccountID
	root    bool
	day     schema.Day
}

func keyOf(u schema.Unit) unitKey { return unitKey{u.Account.ID, u.Account.Root, u.Day} }

// recentWalk is the unit's newest walk, as far as it was remembered from its first page on.
type recentWalk struct {
	walk    string
	pages   []recentPage
	bytes   int // of their bills
	batches int // that are stored
	stored  int // pages in them
}

// recentPage is a page of a walk.
type recentPage struct {
	sha256 string // of the answer's body
	bills  []byte // as normalise.RowsCodec has them
}

// NewRecent returns an archive that remembers the bills of at most limit bytes, as they are
// normalised. Batches have the key that is given.
func NewRecent(archive Archive, key func(u schema.Unit, walk string, n int) string, rows normalise.Normaliser, limit int) *Recent {
	return &Recent{Archive: archive, key: key, rows: rows, limit: limit, walks: make(map[unitKey]*recentWalk)}
}

// pageRows is memory for the bills of a page.
type pageRows struct {
	rows  *normalise.Rows
	codec normalise.RowsCodec
	data  []byte
}

var pageRowsPool = sync.Pool{New: func() any { return &pageRows{rows: normalise.NewRows(), codec: normalise.NewRowsCodec()} }}

// Remember remembers the bills of a page that is about to be stored in batch n of its walk.
// A nil Recent remembers nothing.
func (r *Recent) Remember(u schema.Unit, a *normalise.PageAnswer, n int) {
	if r == nil || !r.expects(keyOf(u), a) {
		return
	}
	page := recentPage{a.SHA256, r.billsOf(u, a, n)}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.walks[keyOf(u)]
	if page.bills == nil || r.bytes+len(page.bills) > r.limit {
		r.forget(keyOf(u))
		return
	}
	w.pages = append(w.pages, page)
	w.bytes += len(page.bills)
	r.bytes += len(page.bills)
}

// expects reports whether the page is the next one of a walk that is remembered, which the first
// page begins.
func (r *Recent) expects(u unitKey, a *normalise.PageAnswer) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.Page == 1 {
		r.forget(u)
		r.walks[u] = &recentWalk{walk: a.Walk}
	}
	w := r.walks[u]
	if w == nil {
		return false
	}
	if w.walk != a.Walk || a.Page != len(w.pages)+1 {
		r.forget(u)
		return false
	}
	return true
}

// billsOf returns the page's bills, or nil if it cannot be decoded.
func (r *Recent) billsOf(u schema.Unit, a *normalise.PageAnswer, n int) []byte {
	p := pageRowsPool.Get().(*pageRows)
	defer pageRowsPool.Put(p)
	p.rows.Reset()
	from := normalise.Provenance{Walk: u.Account.ID, Root: u.Account.Root, Day: u.Day, LogID: a.LogID, FetchedAt: a.FetchedAt, ArchiveKey: r.key(u, a.Walk, n)}
	if r.rows.AddAnswer(p.rows, a, from) != nil {
		return nil
	}
	p.data = p.codec.Append(p.data[:0], p.rows)
	return bytes.Clone(p.data)
}

// Append implements Archive. Pages that were not stored are forgotten.
func (r *Recent) Append(ctx context.Context, u schema.Unit, walk string, n int, answers []byte) error {
	err := r.Archive.Append(ctx, u, walk, n, answers)
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.walks[keyOf(u)]
	if w == nil {
		return err
	}
	if err != nil || w.walk != walk || w.batches != n-1 {
		r.forget(keyOf(u))
		return err
	}
	w.batches, w.stored = n, len(w.pages)
	return nil
}

// Certify implements Archive. Only a walk that is certified will be loaded.
func (r *Recent) Certify(ctx context.Context, c *schema.Certificate) error {
	if err := r.Archive.Certify(ctx, c); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	u := keyOf(c.Unit())
	if w := r.walks[u]; w != nil && !w.is(c) {
		r.forget(u)
	}
	return nil
}

// is reports whether the walk is stored, and is the one that was certified.
func (w *recentWalk) is(c *schema.Certificate) bool {
	if w.walk != c.Walk || w.stored != len(c.Pages) || w.stored != len(w.pages) {
		return false
	}
	for i := range w.pages {
		if w.pages[i].sha256 != c.Pages[i].SHA256 {
			return false
		}
	}
	return true
}

// Forget forgets what is remembered of a unit.
func (r *Recent) Forget(u schema.Unit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(keyOf(u))
}

func (r *Recent) forget(u unitKey) {
	if w := r.walks[u]; w != nil {
		r.bytes -= w.bytes
		delete(r.walks, u)
	}
}

// Load passes on the bills of a certified walk, page by page, and forgets them. It returns
// false if they are not remembered. The bills of a page are not to be added to, and good until
// the next.
func (r *Recent) Load(c *schema.Certificate, add func(*normalise.Rows) error) (found bool, err error) {
	w := r.take(c)
	if w == nil {
		return false, nil
	}
	defer r.release(w)
	rows, codec := normalise.NewRows(), normalise.NewRowsCodec()
	for i := range w.pages {
		if _, err := codec.Read(w.pages[i].bills, rows); err != nil {
			return true, err
		}
		if err := add(rows); err != nil {
			return true, err
		}
		w.pages[i].bills = nil // its memory is free as soon as it is built
	}
	return true, nil
}

// take removes a walk that was certified, and returns it, or nil if there is none.
func (r *Recent) take(c *schema.Certificate) *recentWalk {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	u := keyOf(c.Unit())
	w := r.walks[u]
	if w == nil || !w.is(c) {
		r.forget(u)
		return nil
	}
	delete(r.walks, u)
	return w
}

// release makes room for as much as a walk took.
func (r *Recent) release(w *recentWalk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes -= w.bytes
}
