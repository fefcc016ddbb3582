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
	batchWait   = 25 * time.Millisecond // that a batch gathers while another is being stored
	batchBytes  = 1 << 20               // of raw bodies, at which it gathers no more
	mostCommits = 4                     // in flight at a time
	mostQueued  = 16 << 20              // bytes of raw bodies that are not stored yet
	commitTime  = 8 * time.Second       // from a batch's first request until its senders are told to come again
)

var (
	errFull   = errors.New("the queue is full")
	errClosed = errors.New("the receiver has ended")
)

// batch is what one PUT makes durable.
type batch struct {
	day   schema.Day // of its requests' receipt
	began time.Time
	lines [][]byte    // one for each request
	bytes int         // of raw bodies
	timer *time.Timer // that makes it due, where it has to gather
	due   bool        // it has gathered for long enough
	known chan struct{}
	err   error // why it is not stored, once that is known
}

// wait returns when it is known what became of the batch: without an error only
// where it is durable.
func (b *batch) wait() error {
	<-b.known
	return b.err
}

// commits stores requests in batches: group commit. Where no commit is in flight a
// batch is stored at once; else it gathers until it is due or full.
//
//	add ─▶ open ──due, or nothing in flight──▶ put, 4 at a time ─▶ known
//	         └────1 MiB, or another day──▶ full ──▲
type commits struct {
	put     func(ctx context.Context, received schema.Day, batch string, lines []byte) error
	name    func() string // of a batch
	ended   func(error)   // told of every commit's outcome
	metrics *metrics

	mu       sync.Mutex
	open     *batch   // that requests are added to
	full     []*batch // that wait for their turn, oldest first
	inFlight int
	queued   int // bytes of raw bodies
	closed   bool
	unknown  sync.WaitGroup // batches
}

// add puts a line of so many raw bytes into a batch of the day, or returns errFull
// at once.
func (c *commits) add(day schema.Day, line []byte, bytes int) (*batch, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, errClosed
	case c.queued+bytes > mostQueued:
		return nil, errFull
	}
	if c.open != nil && c.open.day != day {
		c.fill()
	}
	if c.open == nil {
		c.open = c.begin(day)
	}
	b := c.open
	b.lines = append(b.lines, line)
	b.bytes += bytes
	c.count(1, bytes)
	if b.bytes >= batchBytes {
		c.fill()
	}
	c.next()
	return b, nil
}

// begin opens a batch. Where it has to gather, a timer makes it due.
func (c *commits) begin(day schema.Day) *batch {
	c.unknown.Add(1)
	b := &batch{day: day, began: time.Now(), known: make(chan struct{})}
	if c.inFlight > 0 {
		b.timer = time.AfterFunc(batchWait, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			b.due = true
			c.next()
		})
	}
	return b
}

// fill lets the open batch gather no more.
func (c *commits) fill() {
	c.full, c.open = append(c.full, c.open), nil
}

// next begins the commits whose turn it is. While as many are in flight as may be,
// the open batch goes on gathering, due or not: a slow store gets larger batches.
func (c *commits) next() {
	for c.inFlight < mostCommits {
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

// commit stores the batch and tells its senders. It outlives them: what a sender
// has gone away from is stored all the same.
func (c *commits) commit(b *batch) {
	defer c.unknown.Done()
	ctx, cancel := context.WithDeadline(context.Background(), b.began.Add(commitTime))
	defer cancel()
	began := time.Now()
	b.err = c.put(ctx, b.day, c.name(), slices.Concat(b.lines...))
	c.metrics.commit(b, time.Since(began))
	c.ended(b.err)
	c.release(b)
	close(b.known)
}

func (c *commits) release(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	c.count(-len(b.lines), -b.bytes)
	c.next()
}

func (c *commits) count(requests, bytes int) {
	c.queued += bytes
	c.metrics.queueRequests.Add(float64(requests))
	c.metrics.queueBytes.Add(float64(bytes))
}

// crowded says that a request of usual size would be sent away.
func (c *commits) crowded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queued+mostBody > mostQueued
}

// close takes no more requests and waits until the outcome of all is known.
func (c *commits) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.unknown.Wait()
}
