// Package yield lets a call that has to wait give up its place to others.
//
// A caller that makes a limited number of calls side by side gives each of them a context
// with its place:
//
//	places <- struct{}{}
//	go call(yield.With(ctx, func() { <-places }))
//
// A call that failed and will be retried yields its place, so that first attempts go
// first. It waits beside the others then, and needs no place for its retries.
package yield

import (
	"context"
	"sync"
)

type key struct{}

// With returns a context in which the first call of [Place] calls leave.
func With(ctx context.Context, leave func()) context.Context {
	return context.WithValue(ctx, key{}, sync.OnceFunc(leave))
}

// Place gives up the caller's place, if its context has one.
func Place(ctx context.Context) {
	if leave, ok := ctx.Value(key{}).(func()); ok {
		leave()
	}
}
