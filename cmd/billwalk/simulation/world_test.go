package simulation

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// dice is where all chance of a simulation comes from once it goes: a number that
// the seed and the words decide, whatever happened before. So it does not matter
// which of two goroutines comes first.
func dice(seed uint64, words ...any) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, seed, words)
	n := h.Sum64()
	n = (n ^ n>>30) * 0xBF58476D1CE4E5B9
	n = (n ^ n>>27) * 0x94D049BB133111EB
	return n ^ n>>31
}

// story is everything that a seed decides before a simulation begins.
type story struct {
	seed     uint64
	world    sandbox.Config
	accounts []schema.Account
	job      simJob
	changes  []change
	shares   []shareChange
	trouble  uint64 // steps that fail, in a thousand
	unsteady uint64 // first attempts of a call that the platform fails, in a hundred, whoever calls
	shared   bool   // the token, in the bucket
	slow     uint64 // how much longer the platform takes than a store
	runs     []plannedRun
	hasty    bool       // an undisturbed run begins while calls of the others may still be applied
	last     plannedRun // undisturbed, after all others, and after all that they have sent
}

// simJob is what jobs.yaml says of the one job.
type simJob struct {
	lookback, pageSize, passes, buckets int
	settlements, withdrawals            bool
}

// kind is what a process is started for.
type kind string

const (
	night    kind = "night"
	backfill kind = "backfill"
	replayed kind = "replay"
)

// ending is what happens to a process from outside.
type ending string

const (
	undisturbed ending = ""
	killed      ending = "killed" // before a step; nothing that it does after has any effect
	killedAfter ending = "killed after"
	told        ending = "told to stop" // SIGTERM
	frozen      ending = "frozen"       // and goes on later, as if nothing were
)

type plannedRun struct {
	kind     kind
	after    time.Duration // the start of the one before, or its end
	beside   bool          // does not wait for that end
	from, to schema.Day    // of a backfill and a replay, counted from the first day of the bubble
	ending   ending
	step     int           // at which it happens
	pause    time.Duration // while frozen
	deadline time.Duration
	shrink   bool
	part     bool // of another job, that has the first account alone
}

// change is when some of a day's bills come or go.
type change struct {
	at   time.Duration // since the beginning
	back time.Duration // after which all is as before; 0 is never
	day  schema.Day
	part uint64 // one bill in so many
	come bool   // they were not there before; else they are gone from then on
	move bool   // so it is in the walk of a root account, and the other way round in others
}

// made says that a change is in force at the time.
func (c change) made(at time.Time) bool {
	since := at.Sub(firstMorning.Add(c.at))
	return since >= 0 && (c.back == 0 || since < c.back)
}

// moments are those at which days change.
func (s *story) moments() (all []time.Time) {
	for _, c := range s.changes {
		all = append(all, firstMorning.Add(c.at))
		if c.back > 0 {
			all = append(all, firstMorning.Add(c.at+c.back))
		}
	}
	return all
}

// changesBetween says that a day changes between two moments.
func (s *story) changesBetween(from, to time.Time) bool {
	return slices.ContainsFunc(s.moments(), func(at time.Time) bool { return at.After(from) && at.Before(to) })
}

// firstMorning is when every simulation begins: 8 o'clock in China.
var firstMorning = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// wakeUp sets the clock of a bubble, which starts in the year 2000.
func wakeUp() { time.Sleep(time.Until(firstMorning)) }

// draw returns the story of a seed.
func draw(seed uint64) *story {
	r := rand.New(rand.NewPCG(seed, 0))
	s := &story{seed: seed, world: sandbox.Config{
		Seed: r.Uint64(), Accounts: 3, Bills: pick(r, 1, 5, 12, 20, 35), Healthy: r.IntN(2) == 0, Now: time.Now,
		ClientKey: "life", ClientSecret: schema.NewSecret("life-secret"), TradeKey: "trade", TradeSecret: schema.NewSecret("trade-secret"),
	}}
	if r.IntN(12) == 0 {
		s.world.Faults, _ = sandbox.ParseFaults(pick(r, "6000001", "9999999", "2119005", "missing-records"))
	}
	s.accounts = drawAccounts(r, sandbox.New(s.world))
	s.job = simJob{lookback: pick(r, 0, 0, 1, 1, 2), pageSize: pick(r, 5, 9, 20), passes: 1 + r.IntN(2), buckets: pick(r, 1, 1, 2), settlements: r.IntN(3) > 0}
	s.trouble = pick[uint64](r, 0, 15, 30, 50)
	yesterday := schema.DayOf(firstMorning) - 1
	first := yesterday - schema.Day(s.job.lookback)
	if r.IntN(5) < 2 {
		for range 1 + r.IntN(3) {
			s.changes = append(s.changes, change{
				at: time.Duration(r.Int64N(int64(pick(r, time.Minute, 10*time.Minute, 8*time.Hour)))), day: first + schema.Day(r.IntN(int(yesterday-first)+1)),
				part: uint64(2 + r.IntN(12)), come: r.IntN(2) == 0, back: pick(r, 0, 0, time.Minute, time.Hour),
			})
		}
	}
	s.shared = r.IntN(3) == 0
	s.slow = pick[uint64](r, 1, 1, 20, 300)
	switch r.IntN(8) {
	case 0, 1, 2:
		s.zombie(r, first, yesterday)
	case 3:
		s.pods(r, first, yesterday)
	default:
		for range 1 + r.IntN(4) {
			s.runs = append(s.runs, drawRun(r, first, yesterday, len(s.changes) > 0))
		}
	}
	// The last run comes so late that it walks everything anew, or so early that it
	// goes on with what it finds.
	s.last = plannedRun{kind: night, after: pick(r, time.Minute, 30*time.Minute, 7*time.Hour), from: first, to: yesterday, shrink: true}
	if r.IntN(3) == 0 {
		s.last.kind = backfill
	}
	s.hasty = r.IntN(4) == 0
	s.unsteady = pick[uint64](r, 0, 0, 20, 50)
	s.drawShares(first, yesterday)
	if s.job.withdrawals = r.IntN(3) == 0; s.job.withdrawals {
		s.world.Withdrawals = true
		s.world.Breaks, _ = sandbox.ParseBreaks(pick(r, "", "bill_twice,other_account,unlisted_bill,no_direction,stuck", "wrong_by_a_fen,paid_twice,manual,no_bills,unknown_status"))
	}
	return s
}

// zombie is a run that is frozen in the middle, while others see the day change
// and publish it, and that goes on then.
func (s *story) zombie(r *rand.Rand, first, last schema.Day) {
	slow := plannedRun{kind: night, from: first, to: last, shrink: true, ending: frozen, step: 10 + r.IntN(pick(r, 30, 100)), pause: 2 * time.Hour}
	s.changes = append(s.changes, change{
		at: 30 * time.Minute, back: pick(r, 0, 40*time.Minute), day: last, part: uint64(2 + r.IntN(8)), come: r.IntN(2) == 0,
	})
	s.runs = append(s.runs, slow)
	for range 1 + r.IntN(2) {
		other := drawRun(r, first, last, true)
		other.kind, other.beside, other.after = night, true, 40*time.Minute
		s.runs = append(s.runs, other)
	}
}

// pods are runs of the same night that begin almost at once.
func (s *story) pods(r *rand.Rand, first, last schema.Day) {
	for range 2 + r.IntN(2) {
		pod := drawRun(r, first, last, true)
		pod.kind, pod.beside, pod.from, pod.to, pod.after = night, true, first, last, time.Duration(r.Int64N(int64(2*time.Second)))
		s.runs = append(s.runs, pod)
	}
}

func drawAccounts(r *rand.Rand, platform *sandbox.Platform) []schema.Account {
	all := platform.Accounts()
	accounts := all[r.IntN(len(all)):]
	if accounts[0].Root && r.IntN(2) == 0 {
		accounts = append([]schema.Account{platform.Stores(accounts[0].ID)[r.IntN(2)]}, accounts...)
	}
	return accounts[:min(len(accounts), 1+r.IntN(3))]
}

func drawRun(r *rand.Rand, first, last schema.Day, shrink bool) plannedRun {
	run := plannedRun{
		kind: pick(r, night, night, night, backfill, replayed), from: first, to: last, beside: r.IntN(3) == 0, shrink: shrink || r.IntN(2) == 0,
		after: time.Duration(r.Int64N(int64(pick(r, time.Second, 20*time.Second, 5*time.Minute, 7*time.Hour)))),
	}
	if run.kind != night {
		run.from += schema.Day(r.IntN(int(last-first) + 1))
		run.to -= schema.Day(r.IntN(int(last-run.from) + 1))
	}
	run.ending = pick(r, undisturbed, killed, killed, killedAfter, told, told, frozen, frozen)
	run.step = 1 + r.IntN(pick(r, 10, 40, 150))
	run.pause = time.Duration(r.Int64N(int64(pick(r, time.Minute, time.Hour, 8*time.Hour))))
	if r.IntN(10) == 0 {
		run.deadline = time.Duration(1 + r.Int64N(int64(20*time.Second)))
	}
	run.part = r.IntN(6) == 0
	return run
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// file is the story's jobs.yaml: the job, and one that has a part of its accounts.
func (s *story) file() *jobs.File {
	app := func(name string) jobs.App {
		return jobs.App{
			Name: name, BaseURL: "https://platform.example", ClientKey: name, ClientSecret: schema.NewSecret(name + "-secret"),
			QPS: 50, Timeout: 30 * time.Second,
		}
	}
	job := jobs.Job{
		Name: "nightly", Accounts: s.accounts, Lookback: s.job.lookback, Columns: jobs.Columns{Code: jobs.Keep},
		Bills: jobs.Bills{App: "life", PageSize: s.job.pageSize, Passes: s.job.passes},
	}
	if s.job.settlements {
		job.Settlements = &jobs.Settlements{App: "trade", Match: []schema.Match{
			{Parameter: "order_id", Column: "shop_order_id"}, {Parameter: "out_order_no", Column: "order_ext_id"},
		}}
	}
	if s.job.withdrawals {
		job.Withdrawals = &jobs.Withdrawals{Lookback: s.job.lookback, Statuses: jobs.Statuses{InFlight: []string{"1"}, Paid: []string{"2"}, Failed: []string{"3"}}}
	}
	part := job
	part.Name, part.Accounts = "part", s.accounts[:1]
	return &jobs.File{
		Lake: jobs.Lake{Buckets: s.job.buckets}, Apps: map[string]jobs.App{"life": app("life"), "trade": app("trade")},
		Jobs: map[string]jobs.Job{job.Name: job, part.Name: part},
	}
}
