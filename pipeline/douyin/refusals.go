package douyin

import (
	"sync"

	"billwalk/schema"
)

// sureAfter is how many calls in a row have to be refused with a code that means
// the whole app before the client believes it.
const sureAfter = 3

// refusals decides when an API refuses the app, and not one account alone: the
// platform gives some codes for both. An app that was never answered, and has no
// other call under way, is refused by the first; any other by sureAfter in a row,
// with no answer between them. From then on no call is made.
type refusals struct {
	mu       sync.Mutex
	answered bool
	row      int
	final    *Error
}

// answer notes an answer that does not refuse the app.
func (r *refusals) answer() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered, r.row = true, 0
}

// refuse notes a refusal, and sets how far it reaches. others says that further
// calls are under way, which will know better.
func (r *refusals) refuse(fault *Error, others bool) *Error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.row++
	if r.final == nil && r.row < sureAfter && (r.answered || others) {
		fault.reach = schema.ReachUnit
		return fault
	}
	if r.final == nil {
		r.final = fault
	}
	return fault
}

// ended returns the refusal that ended the API's calls, or nil.
func (r *refusals) ended() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.final == nil {
		return nil
	}
	return r.final
}
