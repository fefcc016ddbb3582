// Package chain tells a call how many more must follow it, one after the other.
//
// The pages of an account are a chain: each has the cursor of the next. Where many calls
// wait for a rate limit, those with the longest chains behind them must not come last, or
// the run ends with a few chains that cannot use the limit.
package chain

import "context"

type key struct{}

// With returns a context for a call that so many others are likely to follow; 0 if it is
// not known.
func With(ctx context.Context, left int) context.Context {
	if left <= 0 {
		return ctx
	}
	return context.WithValue(ctx, key{}, left)
}

// Left returns how many calls are likely to follow one with the context, 0 if it is not
// known.
func Left(ctx context.Context) int {
	left, _ := ctx.Value(key{}).(int)
	return left
}
