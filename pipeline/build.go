package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/stop"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// builder builds the days of a run from the archive alone.
type builder struct {
	*Run
	plan       Plan
	refetch    *refetchPolicy
	summary    *Summary
	begun      time.Time // when it had waited for other runs
	results    map[schema.Unit]walk.Outcome
	assemblies map[schema.Partition]*assembly
	settled    map[schema.Day]bool // staged, and asked for
	joined     map[schema.Day]bool // published, or given up
	evidence   *evidence.Evidence

	settler       *settle.Settler
	tradeFailures []schema.Failure
}

func newBuilder(r *Run, plan Plan, refetch *refetchPolicy, s *Summary, begun time.Time) (*builder, error) {
	b := &builder{
		Run: r, plan: plan, refetch: refetch, summary: s, begun: begun, results: make(map[schema.Unit]walk.Outcome), assemblies: make(map[schema.Partition]*assembly),
		settled: make(map[schema.Day]bool), joined: make(map[schema.Day]bool),
	}
	var err error
	b.evidence, err = evidence.Open(evidence.Config{
		Archive: r.Archive, Lake: r.Lake, Bills: b.bills, Rules: &r.Rules, Rows: r.Rows, AppIDs: r.AppIDs, Buckets: r.Buckets,
		Days: plan.days(), Replay: r.Settle.Trade == nil, Now: r.Now, Log: r.Log,
	})
	b.settler = &settle.Settler{
		Config: r.Settle, Archive: r.Archive, Evidence: b.evidence, Rules: &r.Rules, Halt: stop.NewHalt(r.Log), Log: r.Log, Now: r.Now, Progress: r.Progress,
		RunID: r.ID, Backfill: r.Backfill, LastLook: r.lastLook(), Started: s.StartedAt, Began: begun, EndedWell: refetch.runEndedWell,
	}
	return b, err
}

// close gives back what is left of the days that an interruption cut.
func (b *builder) close() {
	for _, a := range b.assemblies {
		a.close()
	}
	b.evidence.Close()
}

// bills reads the bills of a partition: those that this run has staged, else
// those that are published.
func (b *builder) bills(ctx context.Context, at schema.Partition, columns ...string) iter.Seq2[*schema.Bill, error] {
	if a := b.assemblies[at]; a != nil && a.stage != nil {
		return a.stage.Bills(columns...)
	}
	return b.Lake.Bills(ctx, at.Day, at.Bucket, columns...)
}

// stopped notes the orders that were not answered, and says whether quota or
// deadline was why.
func (b *builder) stopped() (err error) {
	b.settler.Halt.LogAffected()
	slices.SortFunc(b.tradeFailures, func(f, g schema.Failure) int {
		return cmp.Or(cmp.Compare(f.Day, g.Day), cmp.Compare(f.Account, g.Account))
	})
	for _, f := range b.tradeFailures {
		b.summary.Failures = append(b.summary.Failures, f)
		if f.Reach == schema.ReachToday {
			err = errStoppedToday
		}
	}
	return err
}

// assembly is one (day, bucket) being built. Its units are loaded as they end,
// while others are still walked; when all have, its bills are staged.
type assembly struct {
	*builder
	base  schema.Base
	m     *schema.Manifest
	spool *spool // until the bills are staged
	stage Stage  // from then on
	loads errgroup.Group

	settlements map[string]schema.Status // once it is joined, by settle_id

	unitless bool // the job has no unit in it: it is built for settlements that no bill explains
}

func (a *assembly) at() schema.Partition {
	return schema.Partition{Day: a.base.Day, Bucket: a.base.Bucket}
}

// assemble begins a partition with the units that are to be in it: the job's,
// and those that another job published, whose rows stay.
func (b *builder) assemble(ctx context.Context, base schema.Base) (*assembly, error) {
	spool, err := newSpool()
	if err != nil {
		return nil, err
	}
	a := &assembly{builder: b, base: base, spool: spool, m: &schema.Manifest{RunID: b.ID, Job: b.Job, SignTable: normalise.SignTable, Commissions: schema.CommissionRule}}
	a.loads.SetLimit(runtime.GOMAXPROCS(0))
	for _, account := range b.Accounts {
		if account.ID.Bucket(b.Buckets) == base.Bucket {
			a.m.Units = append(a.m.Units, schema.Entry{Account: account})
		}
	}
	own := len(a.m.Units)
	if base.Manifest != nil {
		for _, e := range base.Manifest.Units {
			if known := a.m.Entry(e.Account.ID); known != nil {
				known.Rules = e.Rules
				continue
			}
			e.Totals, e.Repeated, e.Elsewhere, e.Open, e.Mismatched = schema.Totals{}, 0, 0, 0, 0
			a.m.Units = append(a.m.Units, e)
		}
	}
	for i := own; i < len(a.m.Units); i++ {
		a.loads.Go(func() error { return a.load(ctx, &a.m.Units[i]) })
	}
	return a, nil
}

// take loads a unit that has ended. It returns at once, but for when all
// processors are loading.
func (a *assembly) take(ctx context.Context, u schema.Unit, r walk.Outcome) {
	e := a.m.Entry(u.Account.ID)
	a.loads.Go(func() error {
		e.Certificate, e.Failure = r.Certificate, r.Failure
		if r.Failure != nil {
			last, _, err := a.Archive.Unit(ctx, u)
			if err != nil { // the archive's cannot be read
				last = nil
				if published := a.published(u); published != nil {
					last = published.Certificate
				}
			}
			e.State, e.Certificate, e.Stale = schema.Failed, last, last != nil && last.Walk != ""
		} else {
			e.State = r.Certificate.State
			e.Stale = e.State == schema.Unavailable && r.Certificate.Walk != ""
		}
		return a.load(ctx, e)
	})
}

// build stages the bills and their exceptions, all units of the day having
// ended. Where no unit of the partition was ever whole, there is no stage.
func (a *assembly) build(ctx context.Context, results map[schema.Unit]walk.Outcome) error {
	defer a.unspool()
	if err := a.loads.Wait(); err != nil {
		return err
	}
	if !a.unitless && !slices.ContainsFunc(a.m.Units, func(e schema.Entry) bool { return e.Certificate != nil }) {
		return nil
	}
	if err := a.loadElsewhere(ctx, results); err != nil {
		return err
	}
	a.spool.sort()
	stage, err := a.Lake.Stage(a.base)
	if err != nil {
		return err
	}
	if err := a.fill(ctx, stage.Append); err != nil {
		stage.Close()
		return err
	}
	a.stage = stage
	return nil
}

func (a *assembly) unspool() {
	if a.spool != nil {
		a.spool.close()
		a.spool = nil
	}
}

// close gives back what the assembly holds, published or not.
func (a *assembly) close() {
	_ = a.loads.Wait() // its error was told by build, or does not matter
	a.unspool()
	if a.stage != nil {
		a.stage.Close()
	}
}

// load spools the records of one unit. A unit whose archive does not hold what
// its certificate says is failed, and costs no other unit its rows; but where
// its rows are published, the partition stays as it is.
func (a *assembly) load(ctx context.Context, e *schema.Entry) error {
	if e.Certificate == nil || e.Certificate.Walk == "" {
		return nil
	}
	u := schema.Unit{Account: e.Account, Day: a.base.Day}
	err := a.read(ctx, e.Certificate, spooledPage{entry: e, root: e.Certificate.Account.Root})
	var damaged *schema.UnitError
	if !errors.As(err, &damaged) {
		return err
	}
	if published := a.published(u); published != nil && published.Totals.Rows > 0 {
		return fmt.Errorf("%s stays as published: %w", u, err)
	}
	a.spool.drop(e)
	failure := schema.FailureOf(err, u)
	e.State, e.Stale, e.Failure, e.Certificate = schema.Failed, false, &failure, nil
	a.Log.Error("a unit's archive is damaged", "account_id", u.Account.ID, "bill_date", u.Day, "error", err)
	return nil
}

// published returns what the base says of the unit, or nil.
func (a *assembly) published(u schema.Unit) *schema.Entry {
	if a.base.Manifest == nil {
		return nil
	}
	return a.base.Manifest.Entry(u.Account.ID)
}

// read spools a certified walk.
func (a *assembly) read(ctx context.Context, c *schema.Certificate, common spooledPage) error {
	u := c.Unit()
	for answer, err := range walk.Certified(ctx, a.Archive, c) {
		if err != nil {
			return err
		}
		page, err := normalise.DecodePage(answer.Body)
		if err != nil {
			return &schema.UnitError{Unit: u, LogID: answer.LogID, Err: fmt.Errorf("archive object %s: page %d: %w", answer.Key, answer.Page, err)}
		}
		common.Provenance = normalise.Provenance{Walk: u.Account.ID, Root: c.Account.Root, Day: u.Day, LogID: answer.LogID, FetchedAt: answer.FetchedAt, ArchiveKey: answer.Key}
		common.number, common.run = common.number+1, c.Latest().RunID
		if err := a.spool.add(common, page.Records); err != nil {
			return err
		}
	}
	return nil
}

// loadElsewhere spools the bills of accounts that a root account's walk found
// here and that, being configured themselves, are published in another bucket.
// What both walks found is left to the account's own.
func (a *assembly) loadElsewhere(ctx context.Context, results map[schema.Unit]walk.Outcome) error {
	found := a.spool.payees(func(p *spooledPage) bool { return p.root })
	for _, account := range a.Accounts {
		if account.Root || !found[string(account.ID)] || account.ID.Bucket(a.Buckets) == a.base.Bucket {
			continue
		}
		u := schema.Unit{Account: account, Day: a.base.Day}
		c := results[u].Certificate
		if c == nil {
			var err error
			if c, _, err = a.Archive.Unit(ctx, u); err != nil {
				return err
			}
		}
		if c == nil || c.Walk == "" {
			continue
		}
		if err := a.read(ctx, c, spooledPage{}); err != nil {
			return err
		}
	}
	return nil
}
