// Package sql holds the queries for analysts, which `billwalk sql` prints with the settings of a
// job, for DuckDB and for engines that run on clusters. The tests and `billwalk bench` run them.
package sql

import (
	_ "embed"
	"fmt"
	"strings"
	"time"
)

//go:embed reconcile.sql
var reconcile string

// What is between these lines of reconcile.sql is for people to edit.
const (
	settingsBegin = "CREATE OR REPLACE TEMP VIEW reconcile_settings AS\n"
	settingsEnd   = "-- Nothing below needs editing.\n"
)

// Settings are what a person edits in a query.
type Settings struct {
	Tolerance    int64 // fen; a leg that differs by no more is equal
	LookbackDays int   // an order is compared over so many days before and after each of its days
	Configured   bool  // false: the settle query is not configured, and nothing is compared
	Rules        []Rule
	From, To     time.Time // the days that are reconciled, both included; the zero time does not limit them
}

// Rule is a match rule, as settlements.asked_by names it.
type Rule struct {
	Parameter string // of the settle query
	Column    string // of bills
}

// Reconcile returns statements of DuckDB, each ended by a semicolon at the end of a line. They
// leave the table reconciled, with the rows of the table reconciliation, bill_date first, for
// the days of the tables or views bills and settlements: what billwalk publishes, found by
// another path.
func Reconcile(s Settings) string {
	about, rest, _ := strings.Cut(reconcile, settingsBegin)
	_, steps, _ := strings.Cut(rest, settingsEnd)
	values := make([]string, len(s.Rules))
	for i, r := range s.Rules {
		values[i] = fmt.Sprintf("    (%s, %s)", quote(r.Parameter), quote(r.Column))
	}
	if len(s.Rules) == 0 {
		values = []string{"    ('', '')"} // queries nothing
	}
	reach := 3 * s.LookbackDays // of settlements near a day, those that link them, and the bills of those
	days := fmt.Sprintf("SELECT *, %s AS is_target, %s AS is_read FROM", s.days(0), s.days(reach))
	return about + settingsBegin + fmt.Sprintf(`SELECT CAST(%d AS BIGINT) AS tolerance_fen, %d AS lookback_days, %v AS configured;

-- How orders were queried: settlements.asked_by is 'parameter: bill_column'.
CREATE OR REPLACE TEMP VIEW reconcile_rules AS
SELECT * FROM (
  VALUES
%s
) AS rules (parameter, bill_column);

-- The days that are reconciled, and those that are read for them: three lookbacks before and after.
CREATE OR REPLACE TEMP VIEW reconcile_bills AS
%[5]s bills;

CREATE OR REPLACE TEMP VIEW reconcile_settlements AS
%[5]s settlements;

`, s.Tolerance, s.LookbackDays, s.Configured, strings.Join(values, ",\n"), days) + settingsEnd + steps
}

// days returns the condition of the days, and of as many more before and after them.
func (s Settings) days(more int) string {
	var conditions []string
	if !s.From.IsZero() {
		conditions = append(conditions, s.From.AddDate(0, 0, -more).Format("bill_date >= DATE '2006-01-02'"))
	}
	if !s.To.IsZero() {
		conditions = append(conditions, s.To.AddDate(0, 0, more).Format("bill_date <= DATE '2006-01-02'"))
	}
	if conditions == nil {
		return "true"
	}
	return strings.Join(conditions, " AND ")
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
