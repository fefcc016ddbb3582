package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/audit"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/lake"
)

// verified is what verify prints.
type verified struct {
	Job        string           `json:"job"`
	From       schema.Day       `json:"from"`
	To         schema.Day       `json:"to"`
	ProvenDays int              `json:"proven_days"`
	Units      int              `json:"units"`
	Bills      int64            `json:"bills"`
	Objects    int              `json:"objects"`
	Bytes      int64            `json:"bytes"`
	Days       []audit.Day      `json:"days"`
	Findings   []schema.Finding `json:"findings"` // by day, bucket and object
}

func (p *program) verify() *cobra.Command {
	var dates dateFlags
	cmd := &cobra.Command{
		Use:   "verify JOB",
		Short: "Prove the published days from the bucket alone: hashes, chains, and the sums added up again from the archive",
		Long: `verify reads every object that the archive and the lake have of the days: it holds each against its hash,
each walk against its certificate, each table against its manifest, and adds the money of the archived pages
up again, by another path than the tables were built. It reads the lists of withdrawals and of their bills a
second time as well: each row, whether it adds up, and which bills are on which day. Of all other published
days it reads the settle_ids and what withdrawals pay: no settlement counts on two days, and a bill that two
withdrawals pay is an exception. It calls no API and writes nothing.

It names what breaks, object by object, and ends with exit code 1; 0 means that all days are proven.`,
		Example: "  billwalk verify nightly --from 2026-10",
		Args:    oneJob,

		ValidArgsFunction: p.jobNames,
	}
	dates.add(cmd)
	p.addShard(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		a, settings, err := p.openAudit(cmd, args[0], &dates)
		if err != nil {
			return err
		}
		result := verified{Job: args[0], From: a.From, To: a.To, Days: []audit.Day{}, Findings: append([]schema.Finding{}, settings...)}
		text := p.output == "text"
		if text {
			printFindings(p.out, settings)
			a.Each = func(d audit.Day) { printDay(p.out, d) }
		}
		idle := len(a.Accounts) == 0 // a shard that owns no bucket
		if !idle {
			if result.Days, err = a.Run(cmd.Context()); err != nil {
				return cut(cmd.Context(), fmt.Errorf("verify could not go on: %w", err))
			}
		}
		result.sum()
		result.Findings = append(result.Findings, a.Elsewhere...)
		slices.SortStableFunc(result.Findings, schema.Finding.Compare)
		switch {
		case text && idle:
			fmt.Fprintf(p.out, "Nothing to prove: none of the job's accounts is in the buckets of shard %s\n", p.shard)
		case text:
			printFindings(p.out, a.Elsewhere)
			fmt.Fprintf(p.out, "%d of %s proven: %s, %s, %s, %s\n", result.ProvenDays, count(len(result.Days), "day"),
				count(result.Units, "unit"), count(int(result.Bills), "bill"), count(result.Objects, "object"), size(result.Bytes))
		default:
			if err := p.printJSON(result); err != nil {
				return failed(err)
			}
		}
		if len(result.Findings) > 0 {
			return &exitError{code: pipeline.ExitFailed}
		}
		return nil
	}
	return cmd
}

// openAudit wires what verify needs: the store, and no client. What is wrong with
// the lake's settings is returned as the first findings.
func (p *program) openAudit(cmd *cobra.Command, name string, dates *dateFlags) (*audit.Audit, []schema.Finding, error) {
	file, stop, err := p.load(cmd, name)
	if err != nil {
		return nil, nil, err
	}
	stop() // the platform of the built-in demo: nothing is asked of it
	job, days, err := p.jobDays(file, name, dates)
	if err != nil {
		return nil, nil, err
	}
	store, err := p.openStore(cmd.Context(), file.Lake)
	if err != nil {
		return nil, nil, failed(coded{cmp.Or(schema.ErrorCodeOf(err), schema.CodeStore), err})
	}
	lookback := 0
	for _, other := range file.Jobs { // a day may hold rows of other jobs, too
		lookback = max(lookback, other.Lookback)
	}
	published := lake.ToVerify(store, file.Lake.Buckets, Version())
	var owns func(bucket int) bool
	if !p.shard.Whole() {
		owns = p.shard.Buckets(job.Accounts, file.Lake.Buckets)
		job.Accounts = p.shard.Accounts(job.Accounts, file.Lake.Buckets)
	}
	return &audit.Audit{
		Owns:    owns,
		Archive: archive.New(store), Lake: published, Accounts: job.Accounts, Buckets: file.Lake.Buckets,
		From: days.from, To: days.to, Today: schema.DayOf(p.now()), Lookback: lookback, AppIDs: file.AppIDs(), Statuses: statusesOf(file, job),
	}, published.ProveSettings(cmd.Context()), nil
}

// statusesOf returns the statuses of withdrawals: the job's own, or those of another job that
// may have published them.
func statusesOf(file *jobs.File, job jobs.Job) audit.Statuses {
	follows := job.Withdrawals
	for _, name := range slices.Sorted(maps.Keys(file.Jobs)) {
		if follows == nil {
			follows = file.Jobs[name].Withdrawals
		}
	}
	if follows == nil {
		return audit.Statuses{}
	}
	return audit.Statuses(follows.Statuses)
}

// sum adds the days up.
func (v *verified) sum() {
	for _, d := range v.Days {
		if d.Proven {
			v.ProvenDays++
		}
		v.Units, v.Bills, v.Objects, v.Bytes = v.Units+d.Units, v.Bills+d.Bills, v.Objects+d.Objects, v.Bytes+d.Bytes
		v.Findings = append(v.Findings, d.Findings...)
	}
}

// printDay prints what was found of a day, and then what was proven of it.
func printDay(out io.Writer, d audit.Day) {
	printFindings(out, d.Findings)
	state := "proven"
	switch {
	case d.Units == 0:
		state = "not published"
	case !d.Proven:
		state = "NOT PROVEN, " + count(len(d.Findings), "finding")
	}
	var apart []string
	for _, part := range []struct {
		n    int
		what string
	}{{d.Unavailable, "unavailable"}, {d.Failed, "failed"}, {d.Stale, "stale, with the rows of an earlier run"}} {
		if part.n > 0 {
			apart = append(apart, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	units := count(d.Units, "unit")
	if len(apart) > 0 {
		units += " (" + strings.Join(apart, ", ") + ")"
	}
	fmt.Fprintf(out, "%s  %s: %s, %s, %s, %s\n", d.Day, state, units, count(int(d.Bills), "bill"), count(d.Objects, "object"), size(d.Bytes))
}

func printFindings(out io.Writer, findings []schema.Finding) {
	for _, f := range findings {
		line := f.Key
		if f.Place != "" {
			line += ": " + f.Place
		}
		if f.Want != "" {
			line += ": want " + f.Want + ", got"
		} else {
			line += ":"
		}
		fmt.Fprintf(out, "%s %s → %s\n", plain(line), plain(f.Got), f.Fix)
	}
}

// size is bytes for people.
func size(bytes int64) string {
	const mib = 1 << 20
	return fmt.Sprintf("%d.%d MiB", bytes/mib, bytes%mib*10/mib)
}
