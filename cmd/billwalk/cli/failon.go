package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
)

// failOn is the value of --fail-on: what is found that ends a run with an exit code of its
// own.
type failOn struct{ differences bool }

const onDifferences = "differences"

// add adds the flag to a verb.
func (f *failOn) add(cmd *cobra.Command) {
	cmd.Flags().Var(f, "fail-on", "differences: exit 4 if a group of these days is mismatched and nobody has settled it (billwalk resolve), or a withdrawal is mismatched or pays bills that are not right, and nothing else went wrong")
	if err := cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{onDifferences}, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is there
	}
}

// judge sets the exit code of a run that has found differences, unless they are groups alone
// and people have settled all of them. Any other failure comes before differences.
func (f *failOn) judge(ctx context.Context, l *lake.Lake, s *pipeline.Summary) (err error) {
	if !f.differences || s.ExitCode != pipeline.ExitDone {
		return nil
	}
	if s.Verdicts[schema.Mismatched] > 0 {
		if s.Resolved, err = resolvedGroups(ctx, l, s); err != nil {
			s.Resolved, err = 0, fmt.Errorf("what people have settled could not be read, and all differences count: %w", err)
		}
	}
	if len(differencesOf(s)) > 0 {
		s.ExitCode = pipeline.ExitDifferences
	}
	return err
}

// differencesOf counts, in words, each kind of differences that a run has found and nobody has
// settled.
func differencesOf(s *pipeline.Summary) (kinds []string) {
	withdrawals, exceptions := s.Withdrawals.Differences()
	if n := s.Verdicts[schema.Mismatched] - s.Resolved; n > 0 {
		kinds = append(kinds, count(int(n), "mismatched group"))
	}
	if withdrawals > 0 {
		kinds = append(kinds, count(int(withdrawals), "mismatched withdrawal"))
	}
	if exceptions > 0 {
		kinds = append(kinds, count(int(exceptions), "error")+" in withdrawn bills")
	}
	return kinds
}

// resolvedGroups counts the mismatched groups of a run whose orders are resolved.
func resolvedGroups(ctx context.Context, l *lake.Lake, s *pipeline.Summary) (n int64, err error) {
	rows, err := l.Resolutions(ctx)
	if err != nil {
		return 0, err
	}
	if len(rows) == 0 {
		return 0, nil
	}
	noted := schema.LatestResolutions(rows)
	groups := make(map[schema.ResolutionKey]int64) // mismatched
	for _, o := range s.Partitions {
		if o.Table != schema.Reconciliations.Name {
			continue
		}
		for r, err := range l.Reconciliation(ctx, o.Day, o.Bucket, "walk_account_id", "group_key", "item_order_id", "verdict") {
			if err != nil {
				return 0, err
			}
			key := schema.ResolutionKey{WalkAccountID: r.WalkAccountID, Order: r.Order()}
			if _, ok := noted[key]; ok && r.Verdict == schema.Mismatched {
				groups[key]++
			}
		}
	}
	states, err := l.ResolutionStates(ctx, func(key schema.ResolutionKey) bool { return groups[key] > 0 })
	for key, now := range states {
		if now.State == schema.Resolved {
			n += groups[key]
		}
	}
	return n, err
}

// String implements pflag.Value.
func (f *failOn) String() string {
	if f.differences {
		return onDifferences
	}
	return ""
}

// Set implements pflag.Value.
func (f *failOn) Set(value string) error {
	if value != onDifferences {
		return fmt.Errorf("want %s", onDifferences)
	}
	f.differences = true
	return nil
}

// Type implements pflag.Value.
func (f *failOn) Type() string { return "what" }
