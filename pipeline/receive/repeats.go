package receive

import (
	"crypto/sha256"
	"sync"
	"time"

	"billwalk/schema"
)

// maxRemembered is the maximum number of keys, of 16 bytes, in each half of repeats.
const maxRemembered = 1 << 16

// repeatKey identifies a callback by app and signature, and by whether it is quarantined.
type repeatKey [16]byte

// repeatKeyOf returns the key of a verified callback. Nonce and timestamp are not part of
// it, as the old signature joins them without a separator and digits could move from
// one to the other. Quarantined callbacks have other keys, as the old signature does not
// cover the whole body.
func repeatKeyOf(c *schema.Callback, quarantined bool) repeatKey {
	text := c.App + "\n" + string(c.Scheme) + "\n" + c.Signature
	if quarantined {
		text += "\n"
	}
	sum := sha256.Sum256([]byte(text))
	return repeatKey(sum[:])
}

// repeats remembers which callbacks are durable, so that repeated ones cannot fill the
// archive. It has two halves: when one is full, or as old as a callback may be, the
// other is forgotten. A forgotten callback is stored again, which does no harm.
type repeats struct {
	now func() time.Time

	mu        sync.Mutex
	pending   map[repeatKey]*batch // batches that are being stored
	new, old  map[repeatKey]struct{}
	beginning time.Time // when new was empty
}

// once adds a callback to a batch and waits until that is stored. If one with the same
// key is durable or in a batch already, it adds nothing and returns again as true.
// Without an error the callback is durable.
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

// begin returns the batch that has the callback, or nil if it is durable already.
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
	if now := r.now(); r.new == nil || len(r.new) >= maxRemembered || now.Sub(r.beginning).Abs() > maxAge+maxAhead {
		r.old, r.new, r.beginning = r.new, make(map[repeatKey]struct{}), now
	}
	r.new[key] = struct{}{}
}
