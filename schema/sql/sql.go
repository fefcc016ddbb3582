// Package sql holds the queries for analysts, which `billwalk sql` prints with the settings of a
// job. The tests and `billwalk bench` run them.
package sql

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed reconcile.sql
var reconcile string

// What is between these lines of reconcile.sql is for people to edit.
const (
	settingsBegin = "WITH settings AS ("
	settingsEnd   = "-- Nothing below needs editing.\n"
)

// Settings are what a person edits in reconcile.sql.
type Settings struct {
	Tolerance    int64 // fen; a leg that differs by no more is equal
	LookbackDays int   // an order is compared over so many days before and after each of its days
	Configured   bool  // false: the settle query is not configured, and nothing is compared
	Rules        []Rule
}

// Rule is a match rule, as settlements.asked_by names it.
type Rule struct {
	Parameter string // of the settle query
	Column    string // of bills
}

// Reconcile returns one SELECT, without a semicolon, that makes the rows of the table
// reconciliation, bill_date first, for all days of the tables or views bills and
// settlements: what billwalk publishes, found by another path.
func Reconcile(s Settings) string {
	about, rest, _ := strings.Cut(reconcile, settingsBegin)
	_, query, _ := strings.Cut(rest, settingsEnd)
	values := make([]string, len(s.Rules))
	for i, r := range s.Rules {
		values[i] = fmt.Sprintf("    (%s, %s)", quote(r.Parameter), quote(r.Column))
	}
	if len(s.Rules) == 0 {
		values = []string{"    ('', '')"} // queries nothing
	}
	return about + settingsBegin + fmt.Sprintf(`
  SELECT
    CAST(%d AS BIGINT) AS tolerance_fen, -- a leg that differs by no more is equal
    %d AS lookback_days,                 -- an order is compared over so many days before and after each of its days
    %v AS configured                  -- false: the settle query is not configured, and nothing is compared
),
rules (parameter, bill_column) AS ( -- how orders were queried; settlements.asked_by is 'parameter: bill_column'
  VALUES
%s
),
`, s.Tolerance, s.LookbackDays, s.Configured, strings.Join(values, ",\n")) + settingsEnd + query
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
