package receive

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"billwalk/schema"
)

const (
	batchWait     = 25 * time.Millisecond // how long a batch stays open while another is being stored
	batchBytes    = 1 << 20               // bytes of raw bodies that make a batch full
	maxCommits    = 4                     // in flight
	maxQueued     = 16 << 20              // bytes of raw bodies that are not stored yet
	commitTimeout = 8 * time.Second       // from the first request of a batch until it fails
)

var (
	errFull   = errors.New("the queue is full")
	errClosed = errors.New("the receiver has ended")
)

// batch is the callbacks that one PUT makes durable.
type batch struct {
	day   schema.Day // when its requests were received
	began time.Time
	lines [][]byte    // one for each request
	bytes int         // of raw bodies
	timer *time.Timer // makes it due; nil if it does not wait
	due   bool        // it has been open for batchWait
	done  chan struct{}
	err   error // set before done is closed
}

// wait waits until the batch is stored, or returns why it is not.
func (b *batch) wait() error {
	<-b.done
	return b.err
}

// commits stores callbacks in batches (group commit). If no commit is in flight a batch
// is stored at once, else when it is due or full.
//
//	add ─▶ open ──due, or nothing in flight──▶ put, 4 at a time ─▶ done
//	         └────1 MiB, or another day──▶ full ──▲
type commits struct {
	put     func(ctx context.Context, received schema.Day, batch string, lines []byte) error
	name    func() string // returns a name for a batch
	done    func(error)   // called with the outcome of every commit
	metrics *metrics

	mu       sync.Mutex
	open     *batch   // gets the next callback; may be nil
	full     []*batch // waiting to be stored, oldest first
	inFlight int
	queued   int // bytes of raw bodies
	closed   bool
	pending  sync.WaitGroup // batches that are not done
}

// add adds the line of a callback to a batch of the day, or returns errFull at once.
// bytes is the length of the raw body.
func (c *commits) add(day schema.Day, line []byte, bytes int) (*batch, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, errClosed
	case c.queued+bytes > maxQueued:
		return nil, errFull
	}
	if c.open != nil && c.open.day != day {
		c.closeOpen()
	}
	if c.open == nil {
		c.open = c.newBatch(day)
	}
	b := c.open
	b.lines = append(b.lines, line)
	b.bytes += bytes
	c.count(1, bytes)
	if b.bytes >= batchBytes {
		c.closeOpen()
	}
	c.startCommits()
	return b, nil
}

// newBatch returns an empty batch. If a commit is in flight, a timer makes it due.
func (c *commits) newBatch(day schema.Day) *batch {
	c.pending.Add(1)
	b := &batch{day: day, began: time.Now(), done: make(chan struct{})}
	if c.inFlight > 0 {
		b.timer = time.AfterFunc(batchWait, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			b.due = true
			c.startCommits()
		})
	}
	return b
}

// closeOpen makes the open batch wait for its turn.
func (c *commits) closeOpen() {
	c.full, c.open = append(c.full, c.open), nil
}

// startCommits starts the commits that may start now. While maxCommits are in flight the
// open batch grows, due or not, so that a slow store gets larger batches.
func (c *commits) startCommits() {
	for c.inFlight < maxCommits {
		var b *batch
		switch {
		case len(c.full) > 0:
			b, c.full = c.full[0], c.full[1:]
		case c.open != nil && (c.open.due || c.inFlight == 0):
			b, c.open = c.open, nil
		default:
			return
		}
		if b.timer != nil {
			b.timer.Stop()
		}
		c.inFlight++
		go c.commit(b)
	}
}

// commit stores the batch, even if its senders have gone, and reports the outcome.
func (c *commits) commit(b *batch) {
	defer c.pending.Done()
	ctx, cancel := context.WithDeadline(context.Background(), b.began.Add(commitTimeout))
	defer cancel()
	began := time.Now()
	b.err = c.put(ctx, b.day, c.name(), slices.Concat(b.lines...))
	c.metrics.commit(b, time.Since(began))
	c.done(b.err)
	c.release(b)
	close(b.done)
}

func (c *commits) release(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	c.count(-len(b.lines), -b.bytes)
	c.startCommits()
}

func (c *commits) count(requests, bytes int) {
	c.queued += bytes
	c.metrics.queueRequests.Add(float64(requests))
	c.metrics.queueBytes.Add(float64(bytes))
}

// nearlyFull reports whether a body of the maximum size would not be accepted.
func (c *commits) nearlyFull() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queued+maxBody > maxQueued
}

// close accepts no more callbacks and waits until all batches are done.
func (c *commits) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.pending.Wait()
}
