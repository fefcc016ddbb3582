package schema

import (
	"fmt"
	"slices"
	"time"
)

// ManifestVersion is the version of the manifest's form. A reader refuses a version that it
// does not know, and ignores keys that it does not know. So a key may be added without a new
// version only if it does no harm that an earlier billwalk drops it when it publishes the day
// again. One of version 1 has many lines; of version 2 one, as Trino's Hive connector reads JSON.
const ManifestVersion = 2

// RowRule is the version of the rules of columns that billwalk adds to rows. The manifest
// records it as row_rule; it is absent in those of an earlier version. By rule 1 one row of a
// bill counts (bills.counted), by rule 2 a mismatch has a cause (reconciliation.cause),
// by rule 3 settlements name their group (settlements.group_key), by rule 4 groups have the
// reason rule_never_answered, and by rule 5 bills name their group (bills.group_key), too.
const RowRule = 5

// Manifest is the record of one (day, bucket): what was published, from what, and the proof
// that it is complete.
type Manifest struct {
	Version     int               `json:"version"`
	Day         Day               `json:"bill_date"`
	Bucket      int               `json:"bucket"`
	Generation  int64             `json:"generation"` // counts publications that were begun, from 1
	WriteID     string            `json:"write_id"`   // of this publication; also in the files' footers and metadata
	RunID       string            `json:"run_id"`
	Job         string            `json:"job"`
	PublishedAt time.Time         `json:"published_at"`
	Billwalk    string            `json:"billwalk"`   // version of the program
	SignTable   int               `json:"sign_table"` // version of the rules by which amounts are signed
	Commissions int               `json:"commission_rule,omitempty"`
	RowRule     int               `json:"row_rule,omitempty"`
	Objects     []Object          `json:"objects"`
	Units       []Entry           `json:"units"`
	Identities  map[Rule]Check    `json:"identities"`
	Exceptions  map[Rule]int64    `json:"exceptions"`            // rows of the table exceptions, by rule
	Verdicts    map[Verdict]int64 `json:"verdicts"`              // rows of the table reconciliation, by verdict
	Withdrawals *WithdrawalsEntry `json:"withdrawals,omitempty"` // launched on the day; nil where no job looked at them
	Seal        string            `json:"seal"`                  // SHA-256 of the manifest's JSON with an empty seal, hex; empty in those of an older billwalk
}

// Object is one published Parquet file.
type Object struct {
	Table      string `json:"table"`
	Day        Day    `json:"bill_date"`
	Bucket     int    `json:"bucket"`
	Key        string `json:"key"`
	Rows       int64  `json:"rows"`
	Bytes      int64  `json:"bytes"`
	SHA256     string `json:"sha256"`
	RowsSHA256 string `json:"rows_sha256"` // of all before the footer: equal for equal rows
	ETag       string `json:"etag"`
	Generation int64  `json:"generation,omitempty"` // of the publication that wrote it; 0: the manifest's
	WriteID    string `json:"write_id,omitempty"`   // likewise
	Totals     Totals `json:"totals"`
	Unchanged  bool   `json:"unchanged,omitempty"`  // in a run's summary: it stays, because its rows are the same
	Superseded bool   `json:"superseded,omitempty"` // in a run's summary: another run published it first, and its result is at least as new
}

// Entry is what the manifest's files contain of one unit.
type Entry struct {
	Account       Account      `json:"account"`
	State         State        `json:"state"`
	Stale         bool         `json:"stale,omitempty"`          // its rows are those of an earlier run
	Totals        Totals       `json:"totals"`                   // rows of its published bills, and sums of those that count
	Repeated      int64        `json:"repeated"`                 // records dropped: received again with the same content
	Elsewhere     int64        `json:"elsewhere"`                // records left to the account's own walk, published in another bucket
	Orders        int64        `json:"orders"`                   // different orders of its bills for the settle query
	Open          int64        `json:"open"`                     // of its groups: pending, bill_only or failed
	Mismatched    int64        `json:"mismatched,omitempty"`     // of its groups; earlier versions did not count them
	NeverAnswered int64        `json:"never_answered,omitempty"` // of its groups, with the reason rule_never_answered
	Rules         []RuleUse    `json:"rules,omitempty"`          // how often each match rule has answered so far
	Failure       *Failure     `json:"failure,omitempty"`
	Certificate   *Certificate `json:"certificate,omitempty"`
	Stores        *Listing     `json:"stores,omitempty"` // of the account's stores, where they were asked for
}

// Check counts the outcomes of one identity over all bills.
type Check struct {
	Pass         int64 `json:"pass"`
	Fail         int64 `json:"fail"`
	NotEvaluable int64 `json:"not_evaluable"`
}

// Key returns the key of the manifest in its lake.
func (m *Manifest) Key() string { return ManifestKey(m.Day, m.Bucket) }

// ManifestKey returns the key of a partition's manifest.
func ManifestKey(day Day, bucket int) string {
	return fmt.Sprintf("_manifests/bill_date=%s/bucket-%03d.json", day, bucket)
}

// Stamp returns the generation and write id of the publication that wrote one of the
// manifest's objects.
func (m *Manifest) Stamp(o *Object) (generation int64, writeID string) {
	if o.WriteID == "" {
		return m.Generation, m.WriteID
	}
	return o.Generation, o.WriteID
}

// Entry returns the entry of an account, or nil.
func (m *Manifest) Entry(id AccountID) *Entry {
	for i := range m.Units {
		if m.Units[i].Account.ID == id {
			return &m.Units[i]
		}
	}
	return nil
}

// Object returns the table's object, or nil.
func (m *Manifest) Object(table string) *Object {
	i := slices.IndexFunc(m.Objects, func(o Object) bool { return o.Table == table })
	if i < 0 {
		return nil
	}
	return &m.Objects[i]
}
