package sandbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// DeliveryConfig says which callbacks are delivered, where, and with which troubles.
type DeliveryConfig struct {
	URL         string          // of the receiver and its app, for callbacks of both kinds
	Key         *rsa.PrivateKey // the platform's
	LegacyToken schema.Secret   // signs old-style callbacks; empty: there are none
	From, To    schema.Day      // see [Platform.Callbacks]
	Speed       int             // how many times faster than the platform a callback is tried again, 1 when 0
	Concurrency int             // callbacks on their way at once, 8 when 0
	Client      *http.Client    // one that waits 10 s for an answer when nil

	// Percent of the callbacks, chosen by the seed.
	Duplicates int // sent once or twice more after they were acknowledged, with their fields in another order
	Reordering int // sent after others that come later
	Signatures int // sent before with a wrong signature, which has to be refused
	Legacy     int // of orders whose callbacks are old-style ones (担保支付)
}

// Report is what came of a delivery. If all are delivered, Notified is what the
// receiver's side knows now.
type Report struct {
	Notified
	Callbacks  int // to deliver, each counted once
	Legacy     int // of them, old-style ones
	Reordered  int
	Tries      int // requests that were in order
	Delivered  int // callbacks that were acknowledged
	GivenUp    int // callbacks that were not, in 20 tries
	Duplicates int // callbacks that were acknowledged again

	Forged        int // requests with a wrong signature
	Refused       int // of them, as it should be
	WrongAccepted int // of them, acknowledged: a fault of the receiver
}

// delivery is one call of Deliver under way.
type delivery struct {
	DeliveryConfig
	platform *Platform
	foreign  *rsa.PrivateKey // signs what has to be refused

	mu     sync.Mutex
	report Report
}

// Deliver posts the callbacks that there are by now and returns when each is
// acknowledged, or given up after 20 tries. What is sent follows from the seed;
// keys, nonces and times do not. The error is the configuration's, or why the
// context ended; the report is of what was done until then.
func (p *Platform) Deliver(ctx context.Context, c DeliveryConfig) (Report, error) {
	d, err := p.delivery(c)
	if err != nil {
		return Report{}, err
	}
	var running errgroup.Group
	running.SetLimit(d.Concurrency)
	for s := range d.reordered(d.settlements()) {
		if ctx.Err() != nil {
			break
		}
		running.Go(func() error { // when it is its turn, the context may have ended
			if ctx.Err() == nil {
				d.deliver(ctx, &s)
			}
			return nil
		})
	}
	_ = running.Wait() // what fails is in the report
	return d.report, context.Cause(ctx)
}

// Check returns what makes a delivery impossible.
func (c *DeliveryConfig) Check() error {
	target, err := url.Parse(c.URL)
	switch {
	case err != nil || target.Scheme != "http" && target.Scheme != "https" || target.Host == "":
		return fmt.Errorf("%q: want an http or https URL", c.URL)
	case c.Key == nil || c.Key.N.BitLen() < leastKey:
		return fmt.Errorf("want an RSA private key of %d bits or more to sign with", leastKey)
	case c.From > c.To:
		return fmt.Errorf("%s to %s are no days", c.From, c.To)
	}
	return nil
}

func (p *Platform) delivery(c DeliveryConfig) (*delivery, error) {
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("callbacks: %w", err)
	}
	c.Speed, c.Concurrency = max(1, c.Speed), cmp.Or(max(0, c.Concurrency), 8)
	if c.Client == nil {
		c.Client = newClient(c.Concurrency)
	}
	d := &delivery{DeliveryConfig: c, platform: p}
	d.report.Notified = Notified{c.From, c.To, p.config.Now()}
	var err error
	if c.Signatures > 0 {
		d.foreign, err = rsa.GenerateKey(rand.Reader, leastKey)
	}
	return d, err
}

const leastKey = 2048 // bits

func newClient(concurrency int) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: concurrency, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       10 * time.Second,
	}
}

// settlements yields what callbacks tell, one by one.
func (d *delivery) settlements() iter.Seq[settlement] {
	return func(yield func(settlement) bool) {
		for _, told := range d.platform.notices(d.report.Notified) {
			for _, s := range told {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// mostHeld is how many callbacks are held back at most.
const mostHeld = 64

// reordered holds some settlements back, and then yields the latest of them first.
func (d *delivery) reordered(settlements iter.Seq[settlement]) iter.Seq[settlement] {
	return func(yield func(settlement) bool) {
		var held []settlement
		release := func() bool {
			for _, s := range slices.Backward(held) {
				if !yield(s) {
					return false
				}
			}
			held = held[:0]
			return true
		}
		for s := range settlements {
			if !d.chosen(&s, "reordering", d.Reordering) {
				if !yield(s) {
					return
				}
				continue
			}
			d.count(func(r *Report) { r.Reordered++ })
			if held = append(held, s); len(held) == mostHeld && !release() {
				return
			}
		}
		release()
	}
}

// deliver sends the callback until it is acknowledged, and whatever goes with it.
func (d *delivery) deliver(ctx context.Context, s *settlement) {
	c := d.carry(s)
	d.count(func(r *Report) {
		r.Callbacks++
		if c.legacy {
			r.Legacy++
		}
	})
	if d.chosen(s, "signatures", d.Signatures) {
		d.forge(ctx, c)
	}
	acknowledged := d.post(ctx, c, 0)
	d.count(func(r *Report) {
		if acknowledged {
			r.Delivered++
		} else if ctx.Err() == nil {
			r.GivenUp++
		}
	})
	if !acknowledged || !d.chosen(s, "duplicates", d.Duplicates) {
		return
	}
	for again := range 1 + d.chance(s, "duplicates again")%2 {
		if d.post(ctx, c, 1+int(again)) {
			d.count(func(r *Report) { r.Duplicates++ })
		}
	}
}

func (d *delivery) count(change func(*Report)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.report)
}

// chosen says that the callback is among so many percent.
func (d *delivery) chosen(s *settlement, what string, percent int) bool {
	return d.chance(s, what)%100 < uint64(max(0, percent))
}

func (d *delivery) chance(s *settlement, what string) uint64 {
	return dice(d.platform.config.Seed, word(what), word(s.settleID), word(s.item))
}
