package schema

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed sql/reconcile.sql
var reconcileSQL string

// What is between these lines of reconcile.sql is for people to edit.
const (
	settingsBegin = "WITH settings AS ("
	settingsEnd   = "-- Nothing below needs editing.\n"
)

// Reconcile returns one SELECT, without a semicolon, that makes the rows of the
// table reconciliation, bill_date first, for all days of the tables or views
// bills and settlements: what billwalk publishes, found by another path.
//
// A leg that differs by no more than tolerance is equal; an order is looked at
// within lookbackDays before and after each of its days; without configured,
// nothing was asked. The rules are those that settlements.asked_by names.
func Reconcile(tolerance Fen, lookbackDays int, configured bool, rules []Match) string {
	about, rest, _ := strings.Cut(reconcileSQL, settingsBegin)
	_, query, _ := strings.Cut(rest, settingsEnd)
	values := make([]string, len(rules))
	for i, r := range rules {
		values[i] = fmt.Sprintf("    (%s, %s)", quoteSQL(r.Parameter), quoteSQL(r.Column))
	}
	if len(rules) == 0 {
		values = []string{"    ('', '')"} // asks for nothing
	}
	return about + settingsBegin + fmt.Sprintf(`
  SELECT
    CAST(%d AS BIGINT) AS tolerance_fen, -- a leg that differs by no more is equal
    %d AS lookback_days,                 -- an order is looked at over that many days before and after each of its days
    %v AS configured                  -- false: no trade app was asked, and nothing is compared
),
rules (parameter, bill_column) AS ( -- how orders were asked for; settlements.asked_by is 'parameter: bill_column'
  VALUES
%s
),
`, tolerance, lookbackDays, configured, strings.Join(values, ",\n")) + settingsEnd + query
}
