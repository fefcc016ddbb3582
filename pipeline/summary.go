package pipeline

import (
	"time"

	"billwalk/schema"
)

// Exit codes of a run, as the command line documents them.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitIncomplete  = 3 // some units failed; what is whole was published
	ExitStopped     = 5 // by quota or deadline; run again to go on
	ExitSuperseded  = 6 // another run got there first
	ExitInterrupted = 130
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
	Verdicts       map[string]int64             `json:"verdicts"`
	Partitions     []schema.Object              `json:"partitions"`
	Failures       []schema.Failure             `json:"failures"`
	Unavailable    []schema.Failure             `json:"unavailable"`
	Identities     map[schema.Rule]schema.Check `json:"identities"`
	Exceptions     map[schema.Rule]int64        `json:"exceptions"`
}

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
		Rows:     map[string]int64{schema.Bills.Name: 0, schema.Exceptions.Name: 0, "settlements": 0, "reconciliation": 0},
		Verdicts: map[string]int64{}, Identities: map[schema.Rule]schema.Check{}, Exceptions: map[schema.Rule]int64{},
		Partitions: []schema.Object{}, Failures: []schema.Failure{}, Unavailable: []schema.Failure{},
	}
}

// unit notes what became of a unit.
func (s *Summary) unit(r result) {
	switch {
	case r.failure != nil:
		s.Units.Failed++
		s.Failures = append(s.Failures, *r.failure)
	case r.certificate.State == schema.Unavailable:
		s.Units.Unavailable++
		s.Unavailable = append(s.Unavailable, *r.certificate.Unavailable)
	default:
		s.Units.Complete++
	}
}

// published notes a publication.
func (s *Summary) published(m *schema.Manifest) {
	for _, o := range m.Objects {
		s.Rows[o.Table] += o.Rows
		s.Partitions = append(s.Partitions, o)
	}
	for _, e := range m.Units {
		s.Repeated += e.Repeated
	}
	for rule, n := range m.Exceptions {
		s.Exceptions[rule] += n
	}
	for rule, c := range m.Identities {
		sum := s.Identities[rule]
		sum.Pass, sum.Fail, sum.NotEvaluable = sum.Pass+c.Pass, sum.Fail+c.Fail, sum.NotEvaluable+c.NotEvaluable
		s.Identities[rule] = sum
	}
}
