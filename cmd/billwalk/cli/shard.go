package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/shards"
	"billwalk/pipeline/swap"
)

// shardFlag is the value of --shard.
type shardFlag struct{ *shards.Shard }

// addShard adds the flag to a verb.
func (p *program) addShard(cmd *cobra.Command) {
	cmd.Flags().Var(shardFlag{&p.shard}, "shard", "this process is number i, from 0, of n that do this together: it takes the buckets b of lake.buckets with b mod n = i, and its share of qps")
}

// Set implements pflag.Value.
func (f shardFlag) Set(text string) (err error) {
	*f.Shard, err = shards.Parse(text)
	return err
}

// String implements pflag.Value.
func (f shardFlag) String() string {
	if f.Shard == nil || f.Whole() {
		return ""
	}
	return f.Shard.String()
}

// Type implements pflag.Value.
func (f shardFlag) Type() string { return "i/n" }

// divide leaves the run the accounts of this shard.
func (p *program) divide(w *wired, file *jobs.File) {
	if p.shard.Whole() {
		return
	}
	if n := file.Lake.Buckets; p.shard.Count > n {
		p.log.Warn(fmt.Sprintf("lake.buckets is %d: of %d shards those from number %d on have nothing to do", n, p.shard.Count, n))
	}
	r := w.run
	r.Shard, r.JobAccounts = p.shard, r.Accounts
	r.Accounts = p.shard.Accounts(r.JobAccounts, r.Buckets)
	if len(r.Accounts) == 0 {
		p.log.Info("none of the job's accounts is in this shard's buckets: there is nothing to do", "shard", p.shard.String())
	}
}

// shareNight has the run tell the other shards how far it is. Those of given days, and of a
// replay, are a night of their own, and replays claim their work apart: no run waits for one.
func (w *wired) shareNight(days span, replay bool) {
	r := w.run
	if r.Shard.Whole() {
		return
	}
	folder := fmt.Sprintf("_control/shards/%s-of-%d", r.Job, r.Shard.Count)
	if days.backfill {
		folder += fmt.Sprintf("-%s-%s", days.from, days.to)
	}
	if replay {
		folder += "-replay"
		r.Claims.Store = register{w.store, replaysKey}
	}
	r.Shared = func(name string) swap.Object { return register{w.store, folder + "/" + name} }
}

// weigh finds by what the shards divide the rate of each API: by the number of their accounts,
// or, of a night, by how many calls each is likely to make.
func (w *wired) weigh(ctx context.Context) (err error) {
	r := w.run
	if r.Shard.Whole() || len(r.Accounts) == 0 {
		return nil
	}
	if r.Shared != nil {
		w.weights, err = r.Weights(ctx)
		return err
	}
	counts := r.Shard.Weights(r.JobAccounts, r.Buckets)
	w.weights = shards.Weights{Bills: counts, Settlements: counts}
	return nil
}

// share returns what keeps a client to this shard's share of its app's rate.
func (w *wired) share(weights []int) []douyin.Option {
	if len(weights) == 0 {
		return nil
	}
	return []douyin.Option{douyin.WithShare(douyin.NewShare(w.run.Shard.Index, weights))}
}

// endNight notes that the shard's run has ended, unless it is to be repeated. The last shard of
// a night gets the job with all accounts, and the summary of all shards; the others get none, and
// the night is not theirs to report. A run that is not shared gets its own.
func (p *program) endNight(ctx context.Context, w *wired, s *pipeline.Summary) (*wired, *pipeline.Summary) {
	if w.run.Shard.Whole() {
		return w, s
	}
	if rank(s.ExitCode) < 0 {
		return w, s // the policy runs it again: what went wrong is told
	}
	if w.run.Night == nil {
		return nil, nil
	}
	all, err := w.run.Night.End(context.WithoutCancel(ctx), s.ExitCode)
	if err == nil && all == nil {
		return nil, nil
	}
	var night *pipeline.Summary
	if err == nil {
		night, err = w.wholeNight(ctx, all)
	}
	if err != nil {
		p.log.Error("how the other shards have ended is not known: no report is written, and no message sent", "error", err)
		return nil, nil
	}
	p.log.Info("this was the last shard of the night", "shards", len(all), "exit_code", night.ExitCode)
	whole, run := *w, *w.run
	run.Accounts = run.JobAccounts
	whole.run = &run
	return &whole, night
}

// nightDone notes that nothing is left to do of the shard's part of a night.
func (p *program) nightDone(ctx context.Context, w *wired, s *pipeline.Summary) {
	if rank(s.ExitCode) < 0 || w.run.Night == nil {
		return
	}
	if err := w.run.Night.Done(context.WithoutCancel(ctx)); err != nil {
		p.log.Error("that this shard has ended could not be stored", "error", err)
	}
}

// wholeNight adds up the summaries of all shards.
func (w *wired) wholeNight(ctx context.Context, all map[int]shards.Ended) (*pipeline.Summary, error) {
	var whole *pipeline.Summary
	for _, i := range slices.Sorted(maps.Keys(all)) {
		data, err := w.lake.Summary(ctx, all[i].RunID)
		if err != nil {
			return nil, err
		}
		var one pipeline.Summary
		if data == nil {
			return nil, fmt.Errorf("the summary of shard %d, run %s, is not there", i, all[i].RunID)
		}
		if err := json.Unmarshal(data, &one); err != nil {
			return nil, fmt.Errorf("the summary of shard %d, run %s: %w", i, all[i].RunID, err)
		}
		one.ExitCode = all[i].ExitCode
		if whole == nil {
			whole = &one
		} else {
			addSummary(whole, &one)
		}
	}
	whole.Shard, whole.Warnings = "", nil
	return whole, nil
}

// addSummary adds another shard's summary, as far as reports, messages and telemetry use it.
func addSummary(sum, other *pipeline.Summary) {
	if rank(other.ExitCode) > rank(sum.ExitCode) {
		sum.ExitCode = other.ExitCode
	}
	if other.StartedAt.Before(sum.StartedAt) {
		sum.StartedAt = other.StartedAt
	}
	sum.ElapsedSeconds = max(sum.ElapsedSeconds, other.ElapsedSeconds)
	sum.Units.Complete += other.Units.Complete
	sum.Units.Unavailable += other.Units.Unavailable
	sum.Units.Failed += other.Units.Failed
	sum.Partitions = append(sum.Partitions, other.Partitions...)
	sum.Failures = append(sum.Failures, other.Failures...)
	sum.Unavailable = append(sum.Unavailable, other.Unavailable...)
	sum.Alarms = append(sum.Alarms, other.Alarms...)
	addCounts(sum.Rows, other.Rows)
	addCounts(sum.Verdicts, other.Verdicts)
	addCounts(sum.Exceptions, other.Exceptions)
	addCounts(sum.Restated, other.Restated)
}

func addCounts[K ~string](sum, other map[K]int64) {
	for of, n := range other {
		sum[of] += n
	}
}

// rank orders the exit codes of shards that have ended: differences are told only where nothing
// is missing. It is negative for a run that is to be repeated.
func rank(code int) int {
	return slices.Index([]int{pipeline.ExitDone, pipeline.ExitDifferences, pipeline.ExitIncomplete}, code)
}
