// Package yield lets a call that has to wait give its place to others.
//
// Who calls many things side by side has so many places, and gives each call a
// context that knows its own:
//
//	places <- struct{}{}
//	go call(yield.With(ctx, func() { <-places }))
//
// A call that failed and is going to be repeated yields its place: what was never
// asked goes first. It keeps on waiting by itself, and takes no place again.
package yield

import (
	"context"
	"sync"
)

type key struct{}

// With returns a context in which [Place] calls leave, the first time.
func With(ctx context.Context, leave func()) context.Context {
	return context.WithValue(ctx, key{}, sync.OnceFunc(leave))
}

// Place gives up the caller's place, if its context has one.
func Place(ctx context.Context) {
	if leave, ok := ctx.Value(key{}).(func()); ok {
		leave()
	}
}
