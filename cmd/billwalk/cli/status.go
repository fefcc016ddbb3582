package cli

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"billwalk/pipeline"
	"billwalk/schema"
)

const (
	statusDays  = 35 // shown unless --from and --to say others: a month, and the week after it
	statusReads = 64 // of the lake side by side
)

// status is what the verb prints.
type status struct {
	Job        string       `json:"job"`
	Lake       string       `json:"lake"`
	From       schema.Day   `json:"from"`
	To         schema.Day   `json:"to"`
	Accounts   int          `json:"accounts"`
	Days       []dayStatus  `json:"days"` // all of them, oldest first
	LastRun    *lastRun     `json:"last_run"`
	Unfinished string       `json:"unfinished_run,omitempty"` // a later run that has published and left no summary: it is running, or was killed
	Next       string       `json:"next,omitempty"`           // the command that completes what is not whole
	Notes      *statusNotes `json:"notes"`                    // what people have noted by hand

	AtWork          []runAtWork       `json:"at_work,omitempty"`          // runs that have not ended
	OpenByAge       []openAge         `json:"open_by_age,omitempty"`      // what is open on the days, the oldest first
	OpenWithdrawals []openWithdrawals `json:"open_withdrawals,omitempty"` // those that are not tied, the oldest first
	NeverAnswered   []neverAnswered   `json:"never_answered,omitempty"`   // accounts with the reason rule_never_answered

	names   accountNames
	payees  accountNames // of withdrawals, by the lists of stores
	cut     []dayRange   // days of runs that ended before their work did
	further []dayStatus  // days of these, and of killed runs, outside of from and to
}

// dayStatus is what is published of a day, for the accounts of the job.
type dayStatus struct {
	Day         schema.Day               `json:"bill_date"`
	State       dayState                 `json:"state"`
	Units       unitStates               `json:"units"`
	Bills       int64                    `json:"bills"`
	Open        map[schema.Verdict]int64 `json:"open"`       // groups with an open verdict, of all accounts in the day's files
	Generation  int64                    `json:"generation"` // the highest of the day's buckets
	PublishedAt time.Time                `json:"published_at,omitzero"`
	RunID       string                   `json:"run_id,omitempty"` // of the run that published last

	reconciliationBytes int64
	expected            int // units that lack an authorisation which may still come
}

// dayState is the state of a day: that of its worst unit, if it is published at all.
type dayState string

const (
	dayComplete     dayState = "complete"
	dayUnavailable  dayState = "unavailable"    // some unit was withdrawn on the platform
	dayStale        dayState = "stale"          // some unit failed, and has the rows of an earlier walk
	dayIncomplete   dayState = "incomplete"     // some unit has no rows
	dayDamaged      dayState = "damaged"        // a manifest is not as it was written: verify says where
	dayHalf         dayState = "half_published" // a run was cut between data and manifest, or is running
	dayNotPublished dayState = "not_published"
)

// dayStates explains the states of a day.
var dayStates = []struct {
	state           dayState
	meaning, advice schema.Bilingual
}{
	{dayComplete, schema.Bilingual{English: "all units are whole", Chinese: "所有账户完整"}, schema.Bilingual{English: "nothing", Chinese: "无"}},
	{dayUnavailable, schema.Bilingual{English: "complete but for units that the platform withholds (manual withdrawal, 手动提现)", Chinese: "完整，但有账户的账单平台不提供（手动提现）"},
		schema.Bilingual{English: "look their money up in the merchant's console", Chinese: "到来客后台核对这些账户"}},
	{dayStale, schema.Bilingual{English: "some unit shows the rows of an earlier walk, because later ones failed", Chinese: "有账户因后来拉取失败，仍是较早一次的数据"},
		schema.Bilingual{English: "mend what the last run's failures name, and run the day again", Chinese: "按最近一次运行的失败提示处理，再跑这一天"}},
	{dayIncomplete, schema.Bilingual{English: "some unit has no rows", Chinese: "有账户没有数据"},
		schema.Bilingual{English: "mend what the last run's failures name, and run the day again", Chinese: "按最近一次运行的失败提示处理，再跑这一天"}},
	{dayDamaged, schema.Bilingual{English: "the manifest cannot be read", Chinese: "清单读不了"},
		schema.Bilingual{English: "billwalk verify says why; replay builds the day again from the archive", Chinese: "用 billwalk verify 看原因；replay 可从归档重建这一天"}},
	{dayHalf, schema.Bilingual{English: "a run was interrupted between two files of the day, or is publishing it right now", Chinese: "在这一天的两个文件之间被中断，或正在发布"},
		schema.Bilingual{English: "run the day again", Chinese: "再跑这一天"}},
	{dayNotPublished, schema.Bilingual{English: "nothing of the day is published", Chinese: "这一天还没有发布"},
		schema.Bilingual{English: "run the day", Chinese: "运行这一天"}},
}

// unitStates counts the configured accounts by what is published of them.
type unitStates struct {
	Complete    int `json:"complete"`
	Unavailable int `json:"unavailable"`
	Stale       int `json:"stale"`
	Failed      int `json:"failed"`
	Missing     int `json:"missing"` // the manifest does not know them
}

// lastRun is how the job's last run ended.
type lastRun struct {
	RunID          string              `json:"run_id"`
	Shard          string              `json:"shard,omitempty"` // of a run that several processes share
	StartedAt      time.Time           `json:"started_at"`
	ElapsedSeconds float64             `json:"elapsed_seconds"`
	From           schema.Day          `json:"from"`
	To             schema.Day          `json:"to"`
	ExitCode       int                 `json:"exit_code"`
	Units          pipeline.UnitCounts `json:"units"`
	Failures       []schema.Failure    `json:"failures"`

	verdict string
}

func (p *program) status() *cobra.Command {
	var dates dateFlags
	var all bool
	cmd := &cobra.Command{
		Use:   "status JOB",
		Short: "Show what is published, day by day, how the last run ended, and what to do next; call and change nothing",
		Example: "  billwalk status nightly\n" +
			"  billwalk status nightly --from 2026-08-01 --to 2026-10-31 --all",
	}
	cmd.Flags().BoolVar(&all, "all", false, "a line for every day, however many there are")
	return p.forJob(cmd, &dates, false, func(ctx context.Context, w *wired) error {
		w.run.Lookback = 0
		if dates.from == "" && dates.to == "" {
			w.run.To = schema.DayOf(p.now()) - 1
			w.run.From = w.run.To - statusDays + 1
		}
		s, err := readStatus(ctx, w)
		if err != nil {
			return cut(ctx, err)
		}
		if p.output == "json" {
			return p.printJSON(s)
		}
		return s.print(p.out, all)
	})
}

// readStatus reads the manifests of the days, and the summaries of runs.
func readStatus(ctx context.Context, w *wired) (*status, error) {
	s := &status{Job: w.run.Job, Lake: w.lakeURL, From: w.run.From, To: w.run.To, Accounts: len(w.run.Accounts), names: namesOf(w.run.Accounts)}
	bases, damaged, err := readBases(ctx, w, w.run.Days())
	if err != nil {
		return nil, err
	}
	s.Days = statesOf(w, w.run.Days(), bases, damaged)
	published := make(map[schema.Day]time.Time)
	for _, d := range s.Days {
		published[d.Day] = d.PublishedAt
	}
	if s.Notes, err = readStatusNotes(ctx, w.lake, w.run, published); err != nil {
		return nil, err
	}
	if err := s.readRuns(ctx, w); err != nil {
		return nil, err
	}
	if err := s.readAtWork(ctx, w, w.run.Now()); err != nil {
		return nil, err
	}
	if err := s.readUnended(ctx, w); err != nil {
		return nil, err
	}
	if err := s.readOpen(ctx, w); err != nil {
		return nil, err
	}
	if err := s.readWithdrawals(ctx, w, bases); err != nil {
		return nil, err
	}
	s.addRules(w.run.Accounts, bases)
	s.Next = s.next()
	return s, nil
}

// readDays says what is published of some days.
func readDays(ctx context.Context, w *wired, days []schema.Day) ([]dayStatus, error) {
	bases, damaged, err := readBases(ctx, w, days)
	return statesOf(w, days, bases, damaged), err
}

// readBases reads the manifests of the days, by day and bucket, and which days have a
// damaged one.
func readBases(ctx context.Context, w *wired, days []schema.Day) ([][]schema.Base, []atomic.Bool, error) {
	bases := make([][]schema.Base, len(days))
	damaged := make([]atomic.Bool, len(days))
	reads, reading := errgroup.WithContext(ctx)
	reads.SetLimit(statusReads)
	unmatched := schema.Account{ID: schema.NoAccount}
	buckets := schema.BucketsOf(append(slices.Clip(w.run.Accounts), unmatched), w.run.Buckets)
	for i, day := range days {
		bases[i] = make([]schema.Base, w.run.Buckets)
		for _, bucket := range buckets {
			reads.Go(func() (err error) {
				bases[i][bucket], err = w.lake.Base(reading, day, bucket)
				if errors.Is(err, schema.ErrManifest) {
					damaged[i].Store(true)
					return nil
				}
				return err
			})
		}
	}
	return bases, damaged, reads.Wait()
}

// statesOf says what is published of the days, by their manifests.
func statesOf(w *wired, days []schema.Day, bases [][]schema.Base, damaged []atomic.Bool) (states []dayStatus) {
	for i, day := range days {
		d := dayOf(day, w.run.Accounts, bases[i])
		if damaged[i].Load() {
			d.State = dayDamaged
		}
		for b := range bases[i] {
			m := bases[i][b].Manifest
			if m == nil {
				continue
			}
			if o := m.Object(schema.Reconciliations.Name); o != nil {
				d.reconciliationBytes += o.Bytes
			}
			for _, a := range w.run.Accounts {
				if e := m.Entry(a.ID); e != nil && e.Failure != nil && e.State == schema.Failed && w.run.Expected(*e.Failure) {
					d.expected++
				}
			}
		}
		states = append(states, d)
	}
	return states
}

// dayOf says what is published of a day.
func dayOf(day schema.Day, accounts []schema.Account, bases []schema.Base) dayStatus {
	d := dayStatus{Day: day, Open: make(map[schema.Verdict]int64)}
	half := false
	for i := range bases {
		half = half || bases[i].Torn()
		m := bases[i].Manifest
		if m == nil {
			continue
		}
		d.Generation = max(d.Generation, m.Generation)
		if d.RunID == "" || m.PublishedAt.After(d.PublishedAt) {
			d.PublishedAt, d.RunID = m.PublishedAt, m.RunID
		}
		for _, v := range schema.Verdicts {
			if n := m.Verdicts[v]; v.Open() && n > 0 {
				d.Open[v] += n
			}
		}
	}
	for _, a := range accounts {
		d.count(bases[a.ID.Bucket(len(bases))].Manifest, a.ID)
	}
	d.State = d.Units.worst()
	switch {
	case half:
		d.State = dayHalf
	case d.RunID == "":
		d.State = dayNotPublished
	}
	return d
}

func (d *dayStatus) count(m *schema.Manifest, id schema.AccountID) {
	var e *schema.Entry
	if m != nil {
		e = m.Entry(id)
	}
	switch {
	case e == nil:
		d.Units.Missing++
		return
	case e.State == schema.Complete:
		d.Units.Complete++
	case e.State == schema.Unavailable:
		d.Units.Unavailable++
	case e.Stale:
		d.Units.Stale++
	default:
		d.Units.Failed++
	}
	d.Bills += e.Totals.Rows
}

func (u unitStates) worst() dayState {
	switch {
	case u.Failed+u.Missing > 0:
		return dayIncomplete
	case u.Stale > 0:
		return dayStale
	case u.Unavailable > 0:
		return dayUnavailable
	default:
		return dayComplete
	}
}
