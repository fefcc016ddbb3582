package pipeline

import (
	"context"
	"slices"
	"sync"

	"billwalk/pipeline/yield"
)

// asking is an order that is being asked for.
type asking struct {
	order  *wanted
	result answered
	done   chan struct{} // closed when result is there
}

// chunk asks for some orders side by side, and then archives and learns. What
// fails at first it does not wait for: that yields its turn, and is taken later.
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
	if len(p.data) > 0 && p.now().Sub(p.began) >= batchSpan {
		return p.flush(ctx)
	}
	return nil
}

// takeAside takes the orders that have come to their end, or waits for all.
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

// abandon ends the asking for what is left aside.
func (p *settlePass) abandon(cancel func()) {
	cancel()
	for _, a := range p.aside {
		<-a.done
	}
}
