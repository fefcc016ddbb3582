package audit

import (
	"context"
	"time"

	"billwalk/schema"
)

// refusedAnswer is one that does not prove that it succeeded, and that an earlier
// version took for an answer all the same.
type refusedAnswer struct {
	question string
	at       time.Time
	finding  schema.Finding
}

// questionOf names what was asked, whatever column gave it.
func questionOf(a *schema.SettleAnswer) string { return a.Parameter + " " + a.Value }

// standing returns the findings about those refused answers of a day that no later
// answer has replaced. Under which day that one is filed does not matter: an order
// with bills on several days is asked for once.
func (a *Audit) standing(ctx context.Context, day schema.Day, refused []refusedAnswer) (findings []schema.Finding, err error) {
	if len(refused) == 0 {
		return nil, nil
	}
	replaced := make(map[string]time.Time, len(refused)) // when a question was answered last
	for i := range refused {
		replaced[refused[i].question] = time.Time{}
	}
	note := func(_ int, answer schema.SettleAnswer) {
		at, asked := replaced[questionOf(&answer)]
		if !asked || !answer.FetchedAt.After(at) {
			return
		}
		if _, err := readSettlements(&answer); err == nil {
			replaced[questionOf(&answer)] = answer.FetchedAt
		}
	}
	window := schema.Day(a.Lookback)
	for other := day - window; other <= day+window; other++ {
		filed, err := a.Archive.SettlementSeries(ctx, other)
		if err != nil {
			return nil, err
		}
		for _, f := range filed {
			for _, key := range f.Batches {
				if key != "" {
					_ = a.Archive.ProveSettlements(ctx, key, note) // what is wrong with it, its own day's findings say
				}
			}
		}
	}
	for _, r := range refused {
		if replaced[r.question].Before(r.at) {
			findings = append(findings, r.finding)
		}
	}
	return findings, ctx.Err()
}
