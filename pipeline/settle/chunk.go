package settle

import (
	"context"
	"math"
	"slices"
	"sync"

	"billwalk/pipeline/yield"
)

// allChunks stands for all chunks of a pass.
const allChunks = math.MaxInt

// running is an order whose queries are under way.
type running struct {
	order  *order
	chunk  int
	result result
	done   chan struct{} // closed when result is there
}

// queryChunk begins to query some orders side by side. The returned function waits for them, and
// counts which rules answered. Answers are kept as they come: where many units share a low rate, a
// chunk takes minutes. It does not wait for an order whose query failed: that gives its slot to
// others, and is taken later.
func (p *pass) queryChunk(ctx context.Context, orders []order) (await func() error) {
	p.chunks++
	chunk := p.chunks
	var first sync.WaitGroup // until each is answered, or has failed once
	for i := range orders {
		first.Add(1)
		r := &running{order: &orders[i], chunk: chunk, done: make(chan struct{})}
		p.running = append(p.running, r)
		place := p.begun
		p.begun++
		sequence, omitted := p.queryOrder(r.order)
		p.slots.run(func() {
			ctx := yield.With(ctx, func() { p.slots.leave(); first.Done() })
			defer yield.Slot(ctx)
			defer close(r.done)
			r.result = p.query(ctx, r.order, sequence)
			r.result.omitted = omitted
			if r.result.err != nil {
				return
			}
			r.result.unkept = p.keep(ctx, place, r.result.answers)
			r.result.answers = nil
			p.Progress.OrderAnswered()
		})
	}
	return func() error {
		first.Wait()
		return p.takeDone(ctx, chunk)
	}
}

// takeDone takes the results of the orders that are done, up to a chunk: what is known of the rules
// does not depend on how fast the next one is. With allChunks, it waits for all.
func (p *pass) takeDone(ctx context.Context, chunk int) (err error) {
	p.running = slices.DeleteFunc(p.running, func(r *running) bool {
		if r.chunk > chunk {
			return false
		}
		if chunk == allChunks {
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
