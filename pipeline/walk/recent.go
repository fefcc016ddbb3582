package walk

import (
	"context"
	"iter"
	"sync"

	"billwalk/schema"
)

// Recent is an archive that remembers the answers of the walks which it is storing, so that a
// build does not have to read them back. They take a limited amount of memory: a unit for
// which there is none left is read from the archive.
type Recent struct {
	Archive
	key   func(u schema.Unit, walk string, n int) string // of a batch
	limit int                                            // bytes of bodies

	mu    sync.Mutex
	bytes int
	walks map[unitKey]*recentWalk
}

// unitKey is a unit as its answers name it.
type unitKey struct {
	account schema.AccountID
	day     schema.Day
}

func keyOf(u schema.Unit) unitKey { return unitKey{u.Account.ID, u.Day} }

// recentWalk is the unit's newest walk, as far as it was encoded from its first page on.
type recentWalk struct {
	walk    string
	answers []schema.Answer
	bytes   int // of their bodies
	batches int // that are stored
	stored  int // answers in them
}

// NewRecent returns an archive that remembers answers of at most limit bytes. Batches have the
// key that is given.
func NewRecent(archive Archive, key func(u schema.Unit, walk string, n int) string, limit int) *Recent {
	return &Recent{Archive: archive, key: key, limit: limit, walks: make(map[unitKey]*recentWalk)}
}

// Encode implements Archive. It keeps the answer: its body must not be changed.
func (r *Recent) Encode(to []byte, a schema.Answer) ([]byte, error) {
	encoded, err := r.Archive.Encode(to, a)
	if err == nil {
		r.remember(a)
	}
	return encoded, err
}

func (r *Recent) remember(a schema.Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := unitKey{a.Account, a.Day}
	w := r.walks[u]
	if a.Page == 1 {
		r.forget(u)
		w = &recentWalk{walk: a.Walk}
		r.walks[u] = w
	}
	if w == nil {
		return
	}
	if w.walk != a.Walk || a.Page != len(w.answers)+1 || r.bytes+len(a.Body) > r.limit {
		r.forget(u)
		return
	}
	w.answers = append(w.answers, a)
	w.bytes += len(a.Body)
	r.bytes += len(a.Body)
}

// Append implements Archive. Answers that were not stored are forgotten.
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
	w.batches = n
	for ; w.stored < len(w.answers); w.stored++ {
		w.answers[w.stored].Key = r.key(u, walk, n)
	}
	return nil
}

// Certify implements Archive. Only a walk that is certified will be read.
func (r *Recent) Certify(ctx context.Context, c *schema.Certificate) error {
	if err := r.Archive.Certify(ctx, c); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	u := keyOf(c.Unit())
	if w := r.walks[u]; w != nil && (w.walk != c.Walk || w.stored != len(c.Pages)) {
		r.forget(u)
	}
	return nil
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

// Answers implements Reader. What is remembered is yielded once, and then forgotten.
func (r *Recent) Answers(ctx context.Context, u schema.Unit, walk string) iter.Seq2[schema.Answer, error] {
	return func(yield func(schema.Answer, error) bool) {
		w := r.take(u, walk)
		if w == nil {
			r.Archive.Answers(ctx, u, walk)(yield)
			return
		}
		defer r.release(w)
		for i := range w.answers {
			answer := w.answers[i]
			w.answers[i].Body = nil // its memory is free as soon as it is built
			if !yield(answer, nil) {
				return
			}
		}
	}
}

// take removes a walk that is stored as a whole, and returns it, or nil if there is none.
func (r *Recent) take(u schema.Unit, walk string) *recentWalk {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.walks[keyOf(u)]
	if w == nil || w.walk != walk || w.stored < len(w.answers) {
		return nil
	}
	delete(r.walks, keyOf(u))
	return w
}

// release makes room for as much as a walk took.
func (r *Recent) release(w *recentWalk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes -= w.bytes
}
