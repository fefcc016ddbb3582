package pipeline

import (
	"context"
	"sync"
	"time"

	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// places limits the units that are walked side by side. A unit that stores what it has
// fetched leaves its place to others, so that a slow store does not slow the calls; but
// all in all there are fewer than twice as many units, and one where one is the limit.
type places struct {
	limit func() int // changes with what the platform's answers take

	mu             sync.Mutex
	begun, storing int           // units that have not ended, and those of them that store
	changed        chan struct{} // of one message, that there may be a place
}

func newPlaces(limit func() int) *places {
	return &places{limit: limit, changed: make(chan struct{}, 1)}
}

// take waits for a place.
func (p *places) take() {
	for !p.tryTake() {
		look := time.NewTimer(time.Second) // at the limit
		select {
		case <-p.changed:
		case <-look.C:
		}
		look.Stop()
	}
}

func (p *places) tryTake() bool {
	limit := max(1, p.limit())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun-p.storing >= limit || p.begun >= 2*limit-1 {
		return false
	}
	p.begun++
	return true
}

// leave gives a place back.
func (p *places) leave() { p.add(-1, 0) }

// store notes that a unit stores, until the returned function is called.
func (p *places) store() (stored func()) {
	p.add(0, 1)
	return func() { p.add(0, -1) }
}

func (p *places) add(begun, storing int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun, p.storing = p.begun+begun, p.storing+storing
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// storingArchive is an archive whose writers leave their places.
type storingArchive struct {
	walk.Archive
	places *places
}

// Append implements walk.Archive.
func (a storingArchive) Append(ctx context.Context, u schema.Unit, walk string, n int, answers []byte) error {
	defer a.places.store()()
	return a.Archive.Append(ctx, u, walk, n, answers)
}

// Certify implements walk.Archive.
func (a storingArchive) Certify(ctx context.Context, c *schema.Certificate) error {
	defer a.places.store()()
	return a.Archive.Certify(ctx, c)
}
