package receive

import (
	"crypto/sha256"
	"sync"
	"time"

	"billwalk/schema"
)

// mostRemembered is how many signatures each half of the memory of repeats has, of 16
// bytes.
const mostRemembered = 1 << 16

// repeatKey stands for a signature of an app, and for where its callback goes.
type repeatKey [16]byte

// repeatKeyOf returns the key of a verified callback. The signature alone says what is
// repeated: the old one joins nonce and timestamp without a separator, so that they can
// trade digits. It does not cover the whole body either, so that what goes to quarantine
// must not stand for what does not.
func repeatKeyOf(c *schema.Callback, apart bool) repeatKey {
	text := c.App + "\n" + string(c.Scheme) + "\n" + c.Signature
	if apart {
		text += "\n"
	}
	sum := sha256.Sum256([]byte(text))
	return repeatKey(sum[:])
}

// repeats remembers which callbacks are durable, so that senders who repeat one cannot
// fill the archive. It has two halves: when one is full, or as old as a callback may be,
// the other is forgotten. What is forgotten is stored again, which does no harm.
type repeats struct {
	now func() time.Time

	mu        sync.Mutex
	pending   map[repeatKey]*batch // being stored
	new, old  map[repeatKey]struct{}
	beginning time.Time // of new
}

// once adds a callback to a batch and waits for that, unless one with the same key is
// durable or in a batch already: again then says so. Without an error it is durable.
func (r *repeats) once(key repeatKey, add func() (*batch, error)) (again bool, err error) {
	b, again, err := r.begin(key, add)
	if err != nil || b == nil {
		return again, err
	}
	err = b.wait()
	if again {
		return true, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pending, key)
	if err == nil {
		r.remember(key)
	}
	return false, err
}

// begin returns the batch that the callback is in, or nil where it is durable.
func (r *repeats) begin(key repeatKey, add func() (*batch, error)) (b *batch, again bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.knows(key) {
		return nil, true, nil
	}
	if b := r.pending[key]; b != nil {
		return b, true, nil
	}
	if b, err = add(); err == nil {
		r.pending[key] = b
	}
	return b, false, err
}

func (r *repeats) knows(key repeatKey) bool {
	if _, ok := r.new[key]; ok {
		return true
	}
	_, ok := r.old[key]
	return ok
}

func (r *repeats) remember(key repeatKey) {
	if now := r.now(); r.new == nil || len(r.new) >= mostRemembered || now.Sub(r.beginning).Abs() > mostAge+mostAhead {
		r.old, r.new, r.beginning = r.new, make(map[repeatKey]struct{}), now
	}
	r.new[key] = struct{}{}
}
