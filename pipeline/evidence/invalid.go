package evidence

import (
	"fmt"

	"billwalk/schema"
)

// invalidAnswer is an entry of the archive that is no answer to its query: mostly an
// error that an earlier version took for one.
type invalidAnswer struct {
	schema.Query
	account schema.AccountID
	fetched int64 // unix microseconds
	fault   error
}

func (a *answers) addInvalid(answer *schema.SettleAnswer, fault error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.invalid[answer.Day] = append(a.invalid[answer.Day], invalidAnswer{
		Query: answer.Query(), account: answer.Account, fetched: answer.FetchedAt.UnixMicro(),
		fault: fmt.Errorf("archive object %s: the answer to %s %q: %w", answer.Key, answer.Parameter, answer.Value, fault),
	})
}

// unanswered returns the invalid answers that are filed under a day, where there is no
// later answer to the same query.
func (a *answers) unanswered(day schema.Day) (left []invalidAnswer) {
	a.mu.RLock()
	invalid := a.invalid[day]
	a.mu.RUnlock()
	for _, one := range invalid {
		if a.around(one.Query, day).Fetched < one.fetched {
			left = append(left, one)
		}
	}
	return left
}
