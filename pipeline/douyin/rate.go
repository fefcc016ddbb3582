package douyin

import (
	"context"
	"time"

	"billwalk/pipeline/stop"
)

// Rate is the part that this process has of an API's rate.
type Rate struct{ pace *pacer }

// BillsRate returns the rate of the bill API.
func (c *Client) BillsRate() Rate { return Rate{c.bills.pace} }

// SettlementsRate returns the rate of the settle query.
func (c *Client) SettlementsRate() Rate { return Rate{c.settlements.pace} }

// Borrow has the process also use slots of idle ones, by their index, until a time. Each of them
// must have had the answer of its last call more than a second ago, have returned what it had borrowed, and
// make no other call before that time. Processes need not know of the same idle ones.
func (r Rate) Borrow(idle []int, until time.Time) {
	r.pace.mu.Lock()
	defer r.pace.mu.Unlock()
	r.pace.loan.renew(idle, until)
}

// Return ends all that the process has borrowed. It returns once the requests count no more that
// were made beyond its own part, or ctx's error.
func (r Rate) Return(ctx context.Context) error {
	for {
		pause := r.pace.endLoan(time.Now())
		if pause <= 0 {
			return nil
		}
		if err := stop.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// endLoan ends the loan, and returns how long more requests count than are the process's own.
func (p *pacer) endLoan(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loan = loan{}
	p.divide(now)
	p.window.limit++ // there is room for one more as soon as no more count than are its own
	return p.window.free(now).Sub(now)
}
