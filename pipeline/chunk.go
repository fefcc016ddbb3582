package pipeline

import (
	"context"
	"slices"
	"sync"

	"billwalk/pipeline/yield"
)

// asking is an order whose queries are under way.
type asking struct {
	order  *wanted
	result answered
	done   chan struct{} // closed when result is there
}

// chunk queries some orders side by side, archives the answers, and counts which
// rules answered. It does not wait for an order whose query failed: that gives its
// turn to others, and is taken later.
func (p *settlePass) chunk(ctx context.Context, orders []wanted) error {
	var first sync.WaitGroup // until each is answered, or has failed once
	for i := range orders {
		p.turns <- struct{}{}
		first.Add(1)
		leave := sync.OnceFunc(func() { <-p.turns; first.Done() })
		a := &asking{order: &orders[i], done: make(chan struct{})}
		p.aside = append(p.aside, a)
		go func() {
			defer leave()
			defer close(a.done)
			a.result = p.order(yield.With(ctx, leave), a.order)
		}()
	}
	first.Wait()
	if err := p.takeAside(ctx, false); err != nil {
		return err
	}
	if len(p.data) > 0 && p.now().Sub(p.began) >= settleSpan {
		return p.flush(ctx)
	}
	return nil
}

// takeAside takes the orders that are done, or waits for all of them.
func (p *settlePass) takeAside(ctx context.Context, all bool) (err error) {
	p.aside = slices.DeleteFunc(p.aside, func(a *asking) bool {
		if all {
			<-a.done
		}
		select {
		case <-a.done:
			if err == nil {
				err = p.take(ctx, a.order, &a.result)
			}
			return true
		default:
			return false
		}
	})
	return err
}

// abandon cancels the queries that are still under way, and waits for their end.
func (p *settlePass) abandon(cancel func()) {
	cancel()
	for _, a := range p.aside {
		<-a.done
	}
}
