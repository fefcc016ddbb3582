package douyin

import (
	"sync"

	"billwalk/schema"
)

// certainAfter is how many calls in a row have to be refused with a code that means
// the whole app before the client believes it.
const certainAfter = 3

// refusals decides when an API refuses the app, and not one account alone: the
// platform gives some codes for both. An app that was never answered, and has no
// other call under way, is refused by the first; any other by sureAfter in a row,
// with no answer between them. From then on no call is made.
type refusals struct {
	mu       sync.Mutex
	answered bool
	inRow    int
	certain  *Error
}

// recordAnswer notes an answer that does not refuse the app.
func (r *refusals) recordAnswer() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered, r.inRow = true, 0
}

// recordRefusal notes a refusal, and sets how far it reaches. others says that further
// calls are under way, which will know better.
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

// err returns the refusal that ended the API's calls, or nil.
func (r *refusals) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.certain == nil {
		return nil
	}
	return r.certain
}
