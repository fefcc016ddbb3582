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

// DeliveryConfig says which callbacks are delivered, where, and with which faults.
type DeliveryConfig struct {
	URL         string          // of the receiver and its app, for both kinds of callbacks
	Key         *rsa.PrivateKey // the platform's; 2048 bits or more
	LegacyToken schema.Secret   // signs old-style callbacks (担保支付); none are sent when empty
	From, To    schema.Day      // see [Platform.Callbacks]
	Speed       int             // how many times faster than the platform to try again, 1 when 0
	Concurrency int             // callbacks delivered at the same time, 8 when 0
	Client      *http.Client    // with a timeout of 10 s when nil

	// Percent of the callbacks, chosen by the seed.
	Duplicates int // sent once or twice more after the acknowledgement, with their fields in another order
	Reordering int // sent after callbacks of later settlements
	Signatures int // sent first with a wrong signature, which must be refused
	Legacy     int // sent as old-style callbacks, all those of an order alike
}

// Report is the result of a delivery. If all callbacks were delivered, the receiver
// knows those of the CallbackWindow.
type Report struct {
	CallbackWindow
	Callbacks  int // to deliver, each counted once
	Legacy     int // old-style ones among them
	Reordered  int
	Tries      int // requests with a valid signature
	Delivered  int // callbacks that were acknowledged
	GivenUp    int // callbacks that were not acknowledged in 20 tries
	Duplicates int // acknowledgements of repeated callbacks

	Forged        int // requests with a wrong signature
	Refused       int // forged requests that were refused, as they must be
	WrongAccepted int // forged requests that were acknowledged: a fault of the receiver
}

// delivery is one call of Deliver under way.
type delivery struct {
	DeliveryConfig
	platform *Platform
	foreign  *rsa.PrivateKey // not the platform's, for forged requests

	mu     sync.Mutex
	report Report
}

// Deliver posts the callbacks of the days, as of now, and returns once each is
// acknowledged, or given up after 20 tries. What is sent follows from the seed, except
// for signatures, nonces and times. The error is that of [DeliveryConfig.Check], or the
// cause of the context's end; the report counts what was done until then.
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
		running.Go(func() error { // the context may have ended before it starts
			if ctx.Err() == nil {
				d.deliver(ctx, &s)
			}
			return nil
		})
	}
	_ = running.Wait() // failures are in the report
	return d.report, context.Cause(ctx)
}

// Check returns an error if the delivery is impossible.
func (c *DeliveryConfig) Check() error {
	target, err := url.Parse(c.URL)
	switch {
	case err != nil || target.Scheme != "http" && target.Scheme != "https" || target.Host == "":
		return fmt.Errorf("%q: want an http or https URL", c.URL)
	case c.Key == nil || c.Key.N.BitLen() < minKeyBits:
		return fmt.Errorf("want an RSA private key of %d bits or more to sign with", minKeyBits)
	case c.From > c.To:
		return fmt.Errorf("the first day %s is after %s", c.From, c.To)
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
	d.report.CallbackWindow = CallbackWindow{c.From, c.To, p.config.Now()}
	var err error
	if c.Signatures > 0 {
		d.foreign, err = rsa.GenerateKey(rand.Reader, minKeyBits)
	}
	return d, err
}

const minKeyBits = 2048 // bits

func newClient(concurrency int) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: concurrency, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       10 * time.Second,
	}
}

// settlements yields the settlements that have callbacks.
func (d *delivery) settlements() iter.Seq[settlement] {
	return func(yield func(settlement) bool) {
		for _, settlements := range d.platform.callbackOrders(d.report.CallbackWindow) {
			for _, s := range settlements {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// maxHeld is the maximum number of callbacks that are held back.
const maxHeld = 64

// reordered holds some settlements back, and yields them later in reverse order.
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
			if held = append(held, s); len(held) == maxHeld && !release() {
				return
			}
		}
		release()
	}
}

// deliver sends the callback until it is acknowledged, with its forgery and duplicates.
func (d *delivery) deliver(ctx context.Context, s *settlement) {
	c := d.newOutgoing(s)
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

// chosen reports whether a fault applies to the callback, which it does to so many
// percent of them.
func (d *delivery) chosen(s *settlement, fault string, percent int) bool {
	return d.chance(s, fault)%100 < uint64(max(0, percent))
}

// chance returns the chance of one property of the callback.
func (d *delivery) chance(s *settlement, what string) uint64 {
	return dice(d.platform.config.Seed, word(what), word(s.settleID), word(s.item))
}
