package settle

import (
	"context"
	"slices"
	"sync"

	"billwalk/pipeline/yield"
)

// running is an order whose queries are under way.
type running struct {
	order  *order
	result result
	done   chan struct{} // closed when result is there
}

// queryChunk queries some orders side by side, and counts which rules answered. Answers are
// kept as they come: where many units share a low rate, a chunk takes minutes. It does not
// wait for an order whose query failed: that gives its slot to others, and is taken later.
func (p *pass) queryChunk(ctx context.Context, orders []order) error {
	var first sync.WaitGroup // until each is answered, or has failed once
	for i := range orders {
		p.slots <- struct{}{}
		first.Add(1)
		release := sync.OnceFunc(func() { <-p.slots; first.Done() })
		r := &running{order: &orders[i], done: make(chan struct{})}
		p.running = append(p.running, r)
		place := p.begun
		p.begun++
		go func() {
			defer release()
			defer close(r.done)
			r.result = p.query(yield.With(ctx, release), r.order)
			if r.result.err != nil {
				return
			}
			r.result.unkept = p.keep(ctx, place, r.result.answers)
			r.result.answers = nil
			p.Progress.OrderAnswered()
		}()
	}
	first.Wait()
	return p.takeDone(ctx, false)
}

// takeDone takes the results of the orders that are done; with all, it waits for all.
func (p *pass) takeDone(ctx context.Context, all bool) (err error) {
	p.running = slices.DeleteFunc(p.running, func(r *running) bool {
		if all {
			<-r.done
		}
		select {
		case <-r.done:
			if err == nil {
				err = p.take(ctx, r.order, &r.result)
			}
			return true
		default:
			return false
		}
	})
	return err
}

// abandon cancels the queries that are still under way, and waits for their end.
func (p *pass) abandon(cancel func()) {
	cancel()
	for _, r := range p.running {
		<-r.done
	}
}
