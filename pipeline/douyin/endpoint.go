package douyin

import "sync/atomic"

// endpoint is one API of the app.
type endpoint struct {
	api     string
	circuit circuit
	pace    *pacer       // nil for client_token, which is called once in two hours
	calls   atomic.Int64 // over HTTP, repeats included

	repeats  budget
	health   health
	refusals refusals
}
