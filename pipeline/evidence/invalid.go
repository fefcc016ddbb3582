package evidence

import (
	"fmt"

	"billwalk/schema"
)

// invalidAnswer is an entry of the archive that is no answer to its query: mostly an
// error that an earlier version took for one.
type invalidAnswer struct {
	schema.Question
	account schema.AccountID
	fetched int64 // unix microseconds
	fault   error
}

func (a *answers) addInvalid(answer *schema.SettleAnswer, fault error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.invalid[answer.Day] = append(a.invalid[answer.Day], invalidAnswer{
		Question: answer.Question(), account: answer.Account, fetched: answer.FetchedAt.UnixMicro(),
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
		if a.around(one.Question, day).Fetched < one.fetched {
			left = append(left, one)
		}
	}
	return left
}

// Unanswered returns the queries of a unit to which the archive has an invalid answer
// alone, each once. Its orders may not need some of them any more.
func (e *Evidence) Unanswered(u schema.Unit) (queries []schema.Question) {
	seen := make(map[idHash]bool)
	for _, one := range e.answers.unanswered(u.Day) {
		if id := hashQuery(one.Question); one.account == u.Account.ID && !seen[id] {
			seen[id] = true
			queries = append(queries, one.Question)
		}
	}
	return queries
}

// checkInvalid looks for invalid answers on the days. A run queries them again, and only
// logs it; for a replay they are an error.
func (e *Evidence) checkInvalid(from, to schema.Day) error {
	for day := from; day <= to; day++ {
		left := e.answers.unanswered(day)
		switch {
		case len(left) == 0:
		case e.Replay:
			return left[0].fault
		case !e.warned[day]:
			e.warned[day] = true
			e.Log.Warn("the archive has errors in place of answers of the settle query: they are asked for again", "bill_date", day, "answers", len(left), "error", left[0].fault)
		}
	}
	return nil
}
