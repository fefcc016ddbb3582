// Package parallel does work on all processors and keeps its order.
package parallel

import (
	"iter"
	"runtime"
	"sync"
)

// InOrder applies do to every input, on all processors, and yields what comes of
// them in the order of the inputs. After an error, or when the consumer stops,
// nothing new is begun.
func InOrder[In, Out any](inputs iter.Seq[In], do func(In) (Out, error)) iter.Seq2[Out, error] {
	type outcome struct {
		out Out
		err error
	}
	return func(yield func(Out, error) bool) {
		var running sync.WaitGroup
		defer running.Wait()
		stop := make(chan struct{})
		defer close(stop)
		pending := make(chan chan outcome, 2*runtime.GOMAXPROCS(0)) // so many may be done before their turn
		running.Go(func() {
			defer close(pending)
			for in := range inputs {
				done := make(chan outcome, 1)
				select {
				case pending <- done:
				case <-stop:
					return
				}
				running.Go(func() {
					out, err := do(in)
					done <- outcome{out, err}
				})
			}
		})
		for done := range pending {
			if o := <-done; !yield(o.out, o.err) || o.err != nil {
				return
			}
		}
	}
}
