package cli

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"billwalk/cmd/billwalk/telemetry"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/spans"
	"billwalk/schema"
)

// tell begins the run's telemetry, where the environment asks for it: what cannot be sent is a warning, and never ends
// a run. The returned function sends how the run ended, and for how long it was throttled. What a night's shards have
// done is told as one, with the summary of the night, by the last of them.
func (p *program) tell(ctx context.Context, run *pipeline.Run, verb string) (context.Context, func(own, night *pipeline.Summary, throttled time.Duration, err error)) {
	warn := func(err error) { p.log.Warn("telemetry is not sent", "error", err) }
	t, err := telemetry.Open(ctx, os.Getenv, Version(), run.Job, kindOf(run, verb), run.ID, warn)
	if err != nil {
		warn(err)
		return ctx, func(_, _ *pipeline.Summary, _ time.Duration, _ error) {}
	}
	p.telemetry = t
	ctx, end := t.Run(ctx, verb)
	return ctx, func(own, night *pipeline.Summary, throttled time.Duration, err error) {
		end()
		if own != nil {
			t.Set(ctx, telemetry.Throttled, throttled.Milliseconds())
			tellSeconds(ctx, t, own.Seconds)
		}
		if night != nil {
			p.tellSummary(ctx, t, night)
		}
		if night != nil || own == nil {
			code := exitOf(night, err)
			t.Set(ctx, telemetry.ExitCode, int64(code))
			t.Set(ctx, telemetry.Ended, p.now().Unix(), strconv.Itoa(code))
		}
		if err := t.Close(ctx); err != nil {
			warn(err)
		}
	}
}

// kindOf returns what keeps a job's nights apart from all else that is done with the job: run, backfill, replay or demo.
func kindOf(run *pipeline.Run, verb string) string {
	if verb == "run" && run.Backfill {
		return "backfill"
	}
	return verb
}

// exitOf returns the exit code of a run; one without a summary did not begin.
func exitOf(s *pipeline.Summary, err error) int {
	if s != nil {
		return s.ExitCode
	}
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	return pipeline.ExitFailed
}

// observe tells of a request of the platform, as a metric and as a span.
func (p *program) observe(ctx context.Context, r douyin.Request) {
	if p.telemetry == nil {
		return
	}
	p.telemetry.Call(ctx, r.API, r.Result, r.Ended.Sub(r.Began))
	var fault error
	if r.Result != "0" {
		fault = errors.New(r.Result)
	}
	spans.Record(ctx, r.API, r.Began, r.Ended, fault, "result", r.Result)
}

func tellSeconds(ctx context.Context, t *telemetry.Telemetry, s pipeline.Seconds) {
	for phase, seconds := range map[string]float64{"before": s.Before, "asking": s.Asking, "after": s.After} {
		t.Set(ctx, telemetry.Duration, time.Duration(seconds*float64(time.Second)).Milliseconds(), phase)
	}
}

func (p *program) tellSummary(ctx context.Context, t *telemetry.Telemetry, s *pipeline.Summary) {
	for state, n := range map[string]int{"complete": s.Units.Complete, "unavailable": s.Units.Unavailable, "failed": s.Units.Failed} {
		t.Set(ctx, telemetry.Units, int64(n), state)
	}
	failures := make(map[string]int64)
	for _, f := range s.Failures {
		failures[failureCode(f)]++
	}
	setAll(ctx, t, telemetry.Failures, failures)
	setAll(ctx, t, telemetry.Rows, s.Rows)
	setAll(ctx, t, telemetry.Verdicts, s.Verdicts)
	setAll(ctx, t, telemetry.Exceptions, s.Exceptions)
	setAll(ctx, t, telemetry.Restatements, s.Restated)
	bytes := make(map[string]int64)
	for _, o := range s.Partitions {
		bytes[o.Table] += o.Bytes
	}
	setAll(ctx, t, telemetry.Bytes, bytes)
	p.tellAmounts(ctx, t, s.Partitions)
}

// tellAmounts sends the sums of the published files. Where one leaves int64 none is sent, with a warning.
func (p *program) tellAmounts(ctx context.Context, t *telemetry.Telemetry, objects []schema.Object) {
	type column struct{ table, name string }
	sums := make(map[column]schema.Fen)
	for _, o := range objects {
		for name, of := range o.Totals.Fen {
			sum, err := sums[column{o.Table, name}].Add(of.Fen)
			if err != nil {
				p.log.Warn("telemetry is not sent", "table", o.Table, "column", name, "error", err)
				return
			}
			sums[column{o.Table, name}] = sum
		}
	}
	for c, sum := range sums {
		t.Set(ctx, telemetry.Amount, int64(sum), c.table, c.name)
	}
}

func setAll[K ~string](ctx context.Context, t *telemetry.Telemetry, m telemetry.Metric, values map[K]int64) {
	for label, value := range values {
		t.Set(ctx, m, value, string(label))
	}
}
