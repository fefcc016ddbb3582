package pipeline

import (
	"slices"
	"time"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// Summary of a run, as --output json prints it and runs/ keeps it.
type Summary struct {
	Job            string                       `json:"job"`
	RunID          string                       `json:"run_id"`
	From           schema.Day                   `json:"from"`
	To             schema.Day                   `json:"to"`
	LookbackDays   int                          `json:"lookback_days"`
	StartedAt      time.Time                    `json:"started_at"`
	ExitCode       int                          `json:"exit_code"`
	ElapsedSeconds float64                      `json:"elapsed_seconds"`
	Units          UnitCounts                   `json:"units"`
	Calls          Calls                        `json:"calls"`
	Rows           map[string]int64             `json:"rows"`     // published, by table
	Repeated       int64                        `json:"repeated"` // records received again with the same content, dropped
	Verdicts       map[schema.Verdict]int64     `json:"verdicts"` // groups, by verdict
	Settling       Settling                     `json:"settling"`
	Callbacks      Callbacks                    `json:"callbacks"`
	Restated       map[schema.Change]int64      `json:"restated"` // bills of closed days that were found otherwise
	Partitions     []schema.Object              `json:"partitions"`
	Failures       []schema.Failure             `json:"failures"`
	Unavailable    []schema.Failure             `json:"unavailable"`
	Identities     map[schema.Rule]schema.Check `json:"identities"`
	Exceptions     map[schema.Rule]int64        `json:"exceptions"`
}

// Settling counts the queries of the trade system, those made and those saved.
type Settling struct {
	Orders     int64 `json:"orders"`     // distinct orders of each unit
	Asked      int64 `json:"asked"`      // queries, repeated calls not counted
	Answered   int64 `json:"answered"`   // orders that were due, and have an answer
	Unanswered int64 `json:"unanswered"` // orders that were due, and have no answer
	NoKey      int64 `json:"no_key"`     // orders that no match rule has a value for
	Lookback   struct {
		Orders int64 `json:"orders"`
		Asked  int64 `json:"asked"`
	} `json:"lookback"` // of these, on days before the job's own
	SettlementOnly Confirming `json:"settlement_only"`
	Saved          Saved      `json:"saved"`
}

// Confirming counts the settlements known from callbacks alone, without a bill, for
// which the settle query was due.
type Confirming struct {
	Asked      int64 `json:"asked"`      // queries
	Answered   int64 `json:"answered"`   // settlements: confirmed, or not known to it
	Confirmed  int64 `json:"confirmed"`  // of these
	Unanswered int64 `json:"unanswered"` // without an answer
}

// Saved counts the queries that were not made, compared with a run that queries every
// bill by every rule in turn.
type Saved struct {
	Distinct  int64 `json:"distinct"`   // further bills of an order
	Final     int64 `json:"final"`      // the order agrees
	Resumed   int64 `json:"resumed"`    // queried just before, by a run that was interrupted
	RuleOrder int64 `json:"rule_order"` // the rule that answers most often came first
	OtherRun  int64 `json:"other_run"`  // another run queried it, while this one waited for that run
	Callbacks int64 `json:"callbacks"`  // a callback gave the answer
}

func (s *Settling) add(t Settling) {
	s.Orders, s.Asked, s.Answered = s.Orders+t.Orders, s.Asked+t.Asked, s.Answered+t.Answered
	s.Unanswered, s.NoKey = s.Unanswered+t.Unanswered, s.NoKey+t.NoKey
	s.Lookback.Orders, s.Lookback.Asked = s.Lookback.Orders+t.Lookback.Orders, s.Lookback.Asked+t.Lookback.Asked
	s.Saved.Distinct, s.Saved.Final, s.Saved.Resumed = s.Saved.Distinct+t.Saved.Distinct, s.Saved.Final+t.Saved.Final, s.Saved.Resumed+t.Saved.Resumed
	s.Saved.RuleOrder = s.Saved.RuleOrder + t.Saved.RuleOrder
	s.Saved.OtherRun, s.Saved.Callbacks = s.Saved.OtherRun+t.Saved.OtherRun, s.Saved.Callbacks+t.Saved.Callbacks
}

// Callbacks counts the settlements that callbacks tell of, of the run's days and
// their windows.
type Callbacks = evidence.CallbackCounts

// UnitCounts counts units by what became of them.
type UnitCounts struct {
	Complete    int `json:"complete"`
	Unavailable int `json:"unavailable"`
	Failed      int `json:"failed"`
}

// Calls counts the requests made.
type Calls struct {
	Bills       int64 `json:"bills"`
	Settlements int64 `json:"settlements"`
	Token       int64 `json:"token"`
	Retries     int64 `json:"retries"`
	Throttled   int64 `json:"throttled"`
}

func newSummary(r *Run, started time.Time) *Summary {
	return &Summary{
		Job: r.Job, RunID: r.ID, From: r.From, To: r.To, LookbackDays: r.Lookback, StartedAt: started.UTC(),
		Rows:     noRows(),
		Verdicts: map[schema.Verdict]int64{}, Restated: map[schema.Change]int64{}, Identities: map[schema.Rule]schema.Check{}, Exceptions: map[schema.Rule]int64{},
		Partitions: []schema.Object{}, Failures: []schema.Failure{}, Unavailable: []schema.Failure{},
	}
}

// noRows counts 0 rows of every table.
func noRows() map[string]int64 {
	rows := make(map[string]int64)
	for _, table := range schema.Tables {
		rows[table.Describe().Name] = 0
	}
	return rows
}

// endedAt returns when the run ended.
func (s *Summary) endedAt() time.Time {
	return s.StartedAt.Add(time.Duration(s.ElapsedSeconds * float64(time.Second)))
}

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
