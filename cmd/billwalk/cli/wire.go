package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/claims"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/shards"
	"billwalk/pipeline/stores"
	"billwalk/pipeline/walk"
	"billwalk/pipeline/withdraw"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
)

// wired is a job with its parts:
//
//	jobs.yaml ──▶ jobs.File ──▶ object.Store ──▶ archive.Archive ──┐
//	                  │                     └──▶ lake.Lake ────────┼──▶ pipeline.Run
//	                  └──────▶ douyin.Client (not for a replay) ───┘
//
// There is one client for each app: one for bills and one for settlements, or
// the same for both.
type wired struct {
	file    *jobs.File
	run     *pipeline.Run
	clients []*douyin.Client // none for a replay
	bills   *douyin.Client   // of these, whose bills are fetched
	trade   *douyin.Client   // and who is asked for settlements: nil where none are queried
	notify  []jobs.Webhook   // none for a replay
	report  bool             // is written after a run
	clock   *clockCheck      // nil for a replay
	store   object.Store
	lake    *lake.Lake
	lakeURL string
	weights shards.Weights // of the rate; none where it is not shared
	stop    func()         // ends the platform of the built-in demo
}

func (w *wired) close() {
	for _, c := range w.clients {
		c.CloseIdleConnections()
	}
	w.stop()
}

// open finds the job and its days before it wires them: what is wrong with them is
// reported before any request to a store. A replay and a plan have no client.
func (p *program) open(cmd *cobra.Command, name string, dates *dateFlags, withClient bool) (*wired, error) {
	file, stop, err := p.load(cmd, name)
	if err != nil {
		return nil, err
	}
	if !withClient {
		stop()
	}
	w, err := p.openDays(cmd.Context(), file, name, dates, withClient)
	if err != nil {
		stop()
		return nil, err
	}
	w.stop = stop
	return w, nil
}

func (p *program) openDays(ctx context.Context, file *jobs.File, name string, dates *dateFlags, withClient bool) (*wired, error) {
	job, days, err := p.jobDays(file, name, dates)
	if err != nil {
		return nil, err
	}
	w, err := p.wire(ctx, file, name, false)
	if err != nil {
		return nil, err
	}
	w.run.From, w.run.To, w.run.Lookback = days.from, days.to, days.lookback
	w.run.Backfill = days.backfill
	w.shareNight(days, !withClient)
	if withClient {
		if err := p.connectShare(ctx, w, file, job); err != nil {
			return nil, err
		}
		w.clock = &clockCheck{program: p, clients: w.clients, planned: days, days: func(today schema.Day) (span, error) { return dates.of(job, today) }}
	}
	return w, nil
}

// jobDays finds the job and the days that are meant.
func (p *program) jobDays(file *jobs.File, name string, dates *dateFlags) (jobs.Job, span, error) {
	job, err := file.Job(name)
	if err != nil {
		return job, span{}, &exitError{exitUsage, err}
	}
	days, err := dates.of(job, schema.DayOf(p.now()))
	if err != nil {
		return job, span{}, &exitError{exitUsage, err}
	}
	return job, days, nil
}

// load reads the file of jobs. Where there is none at hand, the job demo is
// built in: its platform is a sandbox that the returned function stops.
func (p *program) load(cmd *cobra.Command, name string) (*jobs.File, func(), error) {
	file, err := p.loadJobs()
	missing := errors.Is(err, fs.ErrNotExist)
	if err == nil {
		_, known := file.Jobs[name]
		missing = !known
	}
	if name == jobs.DemoName && missing && !cmd.Flags().Changed("config") {
		platform, err := startSandbox(cmd.Context(), p.demoWorld())
		if err != nil {
			return nil, nil, failed(err)
		}
		return jobs.Demo(platform.url, platform.Accounts()), platform.stop, nil
	}
	if err != nil {
		return nil, nil, &exitError{exitUsage, err}
	}
	return file, func() {}, nil
}

// wire puts a job's parts together. Without a client it cannot walk: a replay or
// a plan does not need one.
func (p *program) wire(ctx context.Context, file *jobs.File, name string, withClient bool) (*wired, error) {
	job, err := file.Job(name)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	if err := file.Conflict(name); err != nil {
		return nil, &exitError{exitUsage, err}
	}
	for _, warning := range slices.Concat(file.Lake.Warnings, job.Warnings) {
		p.log.Warn(warning, "job", name)
	}
	store, err := p.openStore(ctx, file.Lake)
	if err != nil {
		return nil, failed(coded{cmp.Or(schema.ErrorCodeOf(err), schema.CodeStore), err})
	}
	published, err := lake.Open(ctx, store, file.Lake.Buckets, Version())
	if errors.Is(err, lake.ErrBuckets) || errors.Is(err, object.ErrDenied) {
		return nil, &exitError{exitUsage, err}
	}
	if err != nil {
		return nil, cut(ctx, coded{cmp.Or(schema.ErrorCodeOf(err), schema.CodeStore), err})
	}
	answers := archive.New(store)
	w := &wired{file: file, report: job.Report, store: store, lake: published, lakeURL: file.Lake.URL, stop: func() {}}
	w.run = &pipeline.Run{
		Expected: p.expected(job), Stores: stores.Config{Wanted: job.Stores},
		ID: p.world.newRunID(), Job: name, Accounts: job.Accounts,
		Lookback: job.Lookback, Buckets: file.Lake.Buckets,
		Walk:    walk.Config{PageSize: job.Bills.PageSize, Passes: job.Bills.Passes},
		Archive: answers, Lake: staging{published}, Claims: claims.Register{Store: register{store, claimsKey}, Process: p.world.process(), Gone: processGone}, Rows: normalise.Normaliser{Code: codePolicy(job.Columns)},
		Rules: rulesOf(job), AppIDs: file.AppIDs(),
		Now: p.now, Log: p.log, Progress: new(progress.Counter),
		InFlight: 1, PublishedDays: published.PublishedDays, Settle: settle.Config{FinalCheck: job.Settlements != nil && job.Settlements.FinalCheck},
	}
	if f := job.Withdrawals; f != nil {
		statuses := normalise.WithdrawalStatuses{InFlight: f.Statuses.InFlight, Paid: f.Statuses.Paid, Failed: f.Statuses.Failed}
		w.run.Withdrawals = &pipeline.Withdrawals{
			Config:  withdraw.Config{Statuses: statuses, Rows: w.run.Rows},
			Archive: withdrawn{answers}, Lake: staging{published}, Lookback: f.Lookback,
		}
	}
	p.divide(w, file)
	if withClient {
		if err := p.connectShare(ctx, w, file, job); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// connectShare makes the clients of a job, with this process's share of the rate.
func (p *program) connectShare(ctx context.Context, w *wired, file *jobs.File, job jobs.Job) error {
	caches, err := p.openTokenCaches(w.store)
	if err != nil {
		return err
	}
	err = w.weigh(ctx)
	if errors.Is(err, object.ErrDenied) {
		return &exitError{exitUsage, err}
	}
	if err != nil {
		return cut(ctx, coded{cmp.Or(schema.ErrorCodeOf(err), schema.CodeStore), fmt.Errorf("how the shards divide the rate: %w", err)})
	}
	w.connect(file, job, p, caches)
	return nil
}

// expected returns whether a failure is expected: the account may lack the merchant's
// authorisation up to a day, and this is what it lacks. A failure of the settle query never is.
func (p *program) expected(job jobs.Job) func(schema.Failure) bool {
	today := schema.DayOf(p.now())
	return func(f schema.Failure) bool {
		until, listed := job.Until[f.Account]
		return listed && today <= until && f.Reach == schema.ReachAccount && douyin.LacksAuthorisation(f)
	}
}

// Where the runs of a lake claim their work, and the replays that are in shards.
const (
	claimsKey  = "_control/claims.json"
	replaysKey = "_control/replays.json"
)

// rulesOf returns what the job says of reconciliation.
func rulesOf(job jobs.Job) reconcile.Rules {
	rules := reconcile.Rules{Lookback: job.Lookback}
	if s := job.Settlements; s != nil {
		rules.Configured, rules.Match, rules.Tolerance = true, s.Match, s.ToleranceFen
	}
	return rules
}

// credentials are what a client needs to know of an app.
func credentials(app jobs.App) douyin.App {
	return douyin.App{
		Name: app.Name, BaseURL: app.BaseURL, ClientKey: app.ClientKey, ClientSecret: app.ClientSecret, QPS: app.QPS, Timeout: app.Timeout,
	}
}

// connect makes a client of each app that the job uses.
func (w *wired) connect(file *jobs.File, job jobs.Job, p *program, caches tokenCaches) {
	client := func(app jobs.App, weights []int) *douyin.Client {
		c := douyin.New(credentials(app), slices.Concat([]douyin.Option{douyin.WithLogger(p.log), douyin.WithClock(p.now), douyin.WithTransportWrap(transport), douyin.WithHidden(&p.hidden), douyin.WithObserver(p.observe)}, caches.of(app), w.share(weights), p.world.client)...)
		w.clients = append(w.clients, c)
		return c
	}
	app := file.Apps[job.Bills.App]
	weights := w.weights.Bills
	if s := job.Settlements; s != nil && s.App == job.Bills.App {
		weights = w.weights.Both()
	}
	bills := client(app, weights)
	w.bills = bills
	w.run.Walk.Source, w.run.InFlight, w.run.Needed = bills, inFlight(app.QPS), bills.BillsNeeded
	if len(weights) > 0 {
		w.run.Rates = map[string]shards.Rate{shards.Bills: bills.BillsRate()}
	}
	if job.Stores {
		w.run.Stores.Source = bills
	}
	if w.run.Withdrawals != nil {
		w.run.Withdrawals.Source = bills
	}
	w.notify = job.Notify
	if s := job.Settlements; s != nil {
		trade := bills
		if s.App != job.Bills.App {
			app = file.Apps[s.App]
			trade = client(app, w.weights.Settlements)
		}
		w.trade = trade
		if len(weights) > 0 {
			w.run.Rates[shards.Settlements] = trade.SettlementsRate()
			w.run.Divide = func(weights []int) { trade.ShareSettlements(douyin.NewShare(w.run.Shard.Index, weights)) }
		}
		w.run.Settle.Trade, w.run.Settle.InFlight, w.run.Settle.Needed = trade, inFlight(app.QPS), trade.SettlementsNeeded
	}
	w.run.Calls = func() pipeline.Calls {
		s := w.stats()
		return pipeline.Calls{Bills: s.Bills, Withdrawals: s.Withdrawals, Settlements: s.Settlements, Stores: s.Stores, Token: s.Token, Retries: s.Retries, Throttled: s.Throttled}
	}
}

// stats adds up what the clients have done.
func (w *wired) stats() (sum douyin.Stats) {
	for _, c := range w.clients {
		s := c.Stats()
		sum.Bills, sum.Settlements, sum.Token = sum.Bills+s.Bills, sum.Settlements+s.Settlements, sum.Token+s.Token
		sum.Stores, sum.Withdrawals = sum.Stores+s.Stores, sum.Withdrawals+s.Withdrawals
		sum.Retries, sum.Throttled, sum.ThrottledTime = sum.Retries+s.Retries, sum.Throttled+s.Throttled, sum.ThrottledTime+s.ThrottledTime
		sum.Rate, sum.Cap = sum.Rate+s.Rate, sum.Cap+s.Cap
	}
	return sum
}

// inFlight is how many units are walked, or queries made, side by side: enough that
// answers which take four seconds still leave the pace to the limiter; above 64 requests
// per second, enough for a quarter of a second and more. Where more are needed there are more.
func inFlight(qps float64) int { return int(min(max(4*qps, 8), 256)) }

func codePolicy(c jobs.Columns) normalise.CodePolicy {
	switch c.Code {
	case jobs.Keep:
		return normalise.KeepCode
	case jobs.Hash:
		return normalise.HashCode(c.CodeKey)
	default:
		return nil
	}
}
