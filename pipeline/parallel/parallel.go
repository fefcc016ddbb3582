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
	type task struct {
		in   In
		done chan outcome
	}
	return func(yield func(Out, error) bool) {
		var running sync.WaitGroup
		defer running.Wait()
		stop := make(chan struct{})
		defer close(stop)
		processors := runtime.GOMAXPROCS(0)
		pending := make(chan chan outcome, 2*processors) // so many may be done before their turn
		tasks := make(chan task, processors)
		for range processors { // in the order of the inputs: the consumer waits for the first
			running.Go(func() {
				for t := range tasks {
					out, err := do(t.in)
					t.done <- outcome{out, err}
				}
			})
		}
		running.Go(func() {
			defer close(pending)
			defer close(tasks)
			for in := range inputs {
				t := task{in, make(chan outcome, 1)}
				select {
				case pending <- t.done:
					tasks <- t
				case <-stop:
					return
				}
			}
		})
		for done := range pending {
			if o := <-done; !yield(o.out, o.err) || o.err != nil {
				return
			}
		}
	}
}
