package douyin

import (
	"sync"

	"billwalk/schema"
)

// certainAfter is the number of calls in a row that must be refused with a code for the
// whole app before the client accepts that it is.
const certainAfter = 3

// refusals decides whether an API refuses the whole app or one account, for which the
// platform uses the same codes. The first refusal counts for the app if it never had an
// answer and no other call is under way; otherwise certainAfter in a row do. From then
// on no call is made.
type refusals struct {
	mu       sync.Mutex
	answered bool
	inRow    int
	certain  *Error
}

// recordAnswer records an answer that does not refuse the app.
func (r *refusals) recordAnswer() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered, r.inRow = true, 0
}

// recordRefusal records a refusal, and sets its reach. others says that further calls are
// under way, whose answers will decide.
func (r *refusals) recordRefusal(fault *Error, others bool) *Error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inRow++
	if r.certain == nil && r.inRow < certainAfter && (r.answered || others) {
		fault.reach = schema.ReachUnit
		return fault
	}
	if r.certain == nil {
		r.certain = fault
	}
	return fault
}

// err returns the refusal that ended the calls of the API, or nil.
func (r *refusals) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.certain == nil {
		return nil
	}
	return r.certain
}
