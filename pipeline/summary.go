package pipeline

import (
	"slices"
	"time"

	"billwalk/pipeline/alarms"
	"billwalk/pipeline/evidence"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/stores"
	"billwalk/pipeline/walk"
	"billwalk/pipeline/withdraw"
	"billwalk/schema"
)

// Summary of a run, as --output json prints it and runs/ keeps it.
type Summary struct {
	Job            string                       `json:"job"`
	RunID          string                       `json:"run_id"`
	Shard          string                       `json:"shard,omitempty"` // of a run that several processes share
	From           schema.Day                   `json:"from"`
	To             schema.Day                   `json:"to"`
	LookbackDays   int                          `json:"lookback_days"`
	StartedAt      time.Time                    `json:"started_at"`
	ExitCode       int                          `json:"exit_code"`
	ElapsedSeconds float64                      `json:"elapsed_seconds"`
	Seconds        Seconds                      `json:"seconds"`
	Units          UnitCounts                   `json:"units"`
	Archived       Archived                     `json:"archived"`
	Calls          Calls                        `json:"calls"`
	Rows           map[string]int64             `json:"rows"`               // published, by table
	Repeated       int64                        `json:"repeated"`           // records received again with the same content, dropped
	Verdicts       map[schema.Verdict]int64     `json:"verdicts"`           // groups, by verdict
	Resolved       int64                        `json:"resolved,omitempty"` // mismatched groups that people have settled; counted for --fail-on
	Settling       Settling                     `json:"settling"`
	Callbacks      Callbacks                    `json:"callbacks"`
	Stores         *stores.Lists                `json:"stores,omitempty"`      // of a job with stores
	Withdrawals    *withdraw.Found              `json:"withdrawals,omitempty"` // of a job with withdrawals
	Restated       map[schema.Change]int64      `json:"restated"`              // bills of closed days that were found otherwise
	ToReplay       *ToReplay                    `json:"to_replay,omitempty"`   // days that the run did not build, and whose verdicts do not know of what it published
	Partitions     []schema.Object              `json:"partitions"`
	Failures       []schema.Failure             `json:"failures"`
	Unavailable    []schema.Failure             `json:"unavailable"`
	Identities     map[schema.Rule]schema.Check `json:"identities"`
	Exceptions     map[schema.Rule]int64        `json:"exceptions"`
	Report         string                       `json:"report,omitempty"`   // place of the page of the report of the run's days; the workbook is beside it
	Alarms         []alarms.Alarm               `json:"alarms,omitempty"`   // of a nightly run of a job with webhooks
	Warnings       []string                     `json:"warnings,omitempty"` // what was not done beside the run, such as a message that was not sent
}

// What a run counts of its queries of the trade system.
type (
	Settling   = settle.Counts
	Confirming = settle.ConfirmCounts
	Saved      = settle.SavedCounts
)

// Callbacks counts the settlements in the callbacks of the run's days and their windows.
type Callbacks = evidence.CallbackCounts

// ToReplay are days that a run did not build: orders of them got bills or settlements, on days
// near them, that the verdicts there would know of.
type ToReplay struct {
	Orders int64      `json:"orders"`
	From   schema.Day `json:"from"` // the first day that has such an order
	To     schema.Day `json:"to"`   // the last one
}

// UnitCounts counts units by what became of them.
type UnitCounts struct {
	Complete    int `json:"complete"`
	Unavailable int `json:"unavailable"`
	Failed      int `json:"failed"`
}

// Archived counts what an earlier run had left in the archive, and was not fetched again.
type Archived struct {
	Units int64 `json:"units"` // walked whole
	Pages int64 `json:"pages"` // of walks that were resumed
}

// Calls counts the requests made.
type Calls struct {
	Bills       int64 `json:"bills"`
	Settlements int64 `json:"settlements"`
	Withdrawals int64 `json:"withdrawals,omitempty"` // of a job with withdrawals; the lists of their bills are among Bills
	Stores      int64 `json:"stores,omitempty"`      // of a job with stores
	Token       int64 `json:"token"`
	Retries     int64 `json:"retries"`
	Throttled   int64 `json:"throttled"`
}

func newSummary(r *Run, started time.Time) *Summary {
	s := &Summary{
		Job: r.Job, RunID: r.ID, From: r.From, To: r.To, LookbackDays: r.Lookback, StartedAt: started.UTC(),
		Rows:     noRows(),
		Verdicts: map[schema.Verdict]int64{}, Restated: map[schema.Change]int64{}, Identities: map[schema.Rule]schema.Check{}, Exceptions: map[schema.Rule]int64{},
		Partitions: []schema.Object{}, Failures: []schema.Failure{}, Unavailable: []schema.Failure{},
	}
	if !r.Shard.Whole() {
		s.Shard = r.Shard.String()
	}
	return s
}

// noRows counts 0 rows of every table that a lake always has.
func noRows() map[string]int64 {
	rows := make(map[string]int64)
	for _, table := range schema.Tables {
		if d := table.Describe(); !d.Optional {
			rows[d.Name] = 0
		}
	}
	return rows
}

// endedAt returns when the run ended.
func (s *Summary) endedAt() time.Time {
	return s.StartedAt.Add(time.Duration(s.ElapsedSeconds * float64(time.Second)))
}

// endedWell reports whether the run has done all its work, whatever it found.
func (s *Summary) endedWell() bool { return s.ExitCode == ExitDone || s.ExitCode == ExitDifferences }

// addUnits adds to the summary what became of every unit. The error is errStoppedToday
// where a quota, an outage or the deadline stopped one.
func (s *Summary) addUnits(plan Plan, outcomes map[schema.Unit]walk.Outcome) (err error) {
	for _, u := range plan.Units {
		outcome, ok := outcomes[u.Unit]
		if !ok {
			continue // interrupted: the next run resumes it
		}
		s.addUnit(outcome)
		if outcome.Failure != nil && outcome.Failure.Reach == schema.ReachToday {
			err = errStoppedToday
		}
	}
	slices.SortStableFunc(s.Partitions, func(a, b schema.Object) int { return int(a.Day - b.Day) })
	return err
}

// addUnit counts a unit by what became of it.
func (s *Summary) addUnit(o walk.Outcome) {
	switch {
	case o.Failure != nil:
		s.Units.Failed++
		s.Failures = append(s.Failures, *o.Failure)
	case o.Certificate.State == schema.Unavailable:
		s.Units.Unavailable++
		s.Unavailable = append(s.Unavailable, *o.Certificate.Unavailable)
	default:
		s.Units.Complete++
	}
}

// addPublished adds a publication: this run's, or one that stays, because its rows are
// the same or because another run came first.
func (s *Summary) addPublished(m *schema.Manifest, unchanged, superseded bool) {
	for _, o := range m.Objects {
		o.Unchanged, o.Superseded = unchanged, superseded
		s.Rows[o.Table] += o.Rows
		s.Partitions = append(s.Partitions, o)
	}
	for _, e := range m.Units {
		s.Repeated += e.Repeated
	}
	for rule, n := range m.Exceptions {
		s.Exceptions[rule] += n
	}
	for verdict, n := range m.Verdicts {
		s.Verdicts[verdict] += n
	}
	for rule, c := range m.Identities {
		sum := s.Identities[rule]
		sum.Pass, sum.Fail, sum.NotEvaluable = sum.Pass+c.Pass, sum.Fail+c.Fail, sum.NotEvaluable+c.NotEvaluable
		s.Identities[rule] = sum
	}
}

// addToReplay adds orders of a day that the run does not build.
func (s *Summary) addToReplay(day schema.Day, orders int64) {
	if s.ToReplay == nil {
		s.ToReplay = &ToReplay{From: day, To: day}
	}
	r := s.ToReplay
	r.Orders, r.From, r.To = r.Orders+orders, min(r.From, day), max(r.To, day)
}

// addAmended adds the withdrawals of a day that was amended, in place of those with which this
// run may have published its bills.
func (s *Summary) addAmended(before, after *schema.Manifest) {
	for _, name := range schema.AmendedTables {
		o := after.Object(name)
		if o == nil {
			continue
		}
		was := -1
		for i := range s.Partitions {
			if s.Partitions[i].Key == o.Key {
				was = i
			}
		}
		s.Rows[name] += o.Rows
		if was < 0 {
			s.Partitions = append(s.Partitions, *o)
			continue
		}
		s.Rows[name] -= s.Partitions[was].Rows
		s.Partitions[was] = *o
		if name == schema.Exceptions.Name { // these were counted with the bills
			for rule, rows := range before.Exceptions {
				if rule.OfWithdrawals() {
					s.Exceptions[rule] -= rows
				}
			}
		}
	}
	for rule, rows := range after.Exceptions {
		if rule.OfWithdrawals() {
			s.Exceptions[rule] += rows
		}
	}
	for rule, rows := range s.Exceptions {
		if rule.OfWithdrawals() && rows == 0 {
			delete(s.Exceptions, rule)
		}
	}
}
