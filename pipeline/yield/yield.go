// Package yield lets a call that has to wait give up its slot to other calls.
//
// A caller of concurrent calls limits their number by slots, and passes each call a context
// with its slot:
//
//	slots <- struct{}{}
//	go call(yield.With(ctx, func() { <-slots }))
//
// A call that failed and will be repeated yields its slot, so that calls not made yet go
// first. It waits and repeats without a slot.
package yield

import (
	"context"
	"sync"
)

type key struct{}

// With returns a context in which the first call of [Slot] calls release.
func With(ctx context.Context, release func()) context.Context {
	return context.WithValue(ctx, key{}, sync.OnceFunc(release))
}

// Slot releases the slot of the context, if it has one.
func Slot(ctx context.Context) {
	if release, ok := ctx.Value(key{}).(func()); ok {
		release()
	}
}
