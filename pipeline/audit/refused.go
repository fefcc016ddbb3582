package audit

import (
	"context"
	"time"

	"billwalk/schema"
)

// refusedAnswer is an archived answer that does not prove that the call succeeded, which an
// earlier version accepted.
type refusedAnswer struct {
	query   string
	at      time.Time
	finding schema.Finding
}

// queryOf returns parameter and value of the query, whatever column they are from.
func queryOf(a *schema.SettleAnswer) string { return a.Parameter + " " + a.Value }

// unresolvedRefusals returns the findings of those refused answers of a day that no later
// answer has replaced. The later one may be filed under another day, as an order with bills
// on several days is queried once.
func unresolvedRefusals(ctx context.Context, archive SettlementArchive, lookback int, day schema.Day, refused []refusedAnswer) (findings []schema.Finding, err error) {
	if len(refused) == 0 {
		return nil, nil
	}
	replaced := make(map[string]time.Time, len(refused)) // time of the latest answer, by query
	for i := range refused {
		replaced[refused[i].query] = time.Time{}
	}
	note := func(_ int, answer schema.SettleAnswer) {
		at, known := replaced[queryOf(&answer)]
		if !known || !answer.FetchedAt.After(at) {
			return
		}
		if _, err := readSettlements(&answer); err == nil {
			replaced[queryOf(&answer)] = answer.FetchedAt
		}
	}
	window := schema.Day(lookback)
	for other := day - window; other <= day+window; other++ {
		filed, err := archive.SettlementSeries(ctx, other)
		if err != nil {
			return nil, err
		}
		for _, f := range filed {
			for _, key := range f.Batches {
				if key != "" {
					_ = archive.ProveSettlements(ctx, key, note) // findings of its own day say what is wrong with it
				}
			}
		}
	}
	for _, r := range refused {
		if replaced[r.query].Before(r.at) {
			findings = append(findings, r.finding)
		}
	}
	return findings, ctx.Err()
}
