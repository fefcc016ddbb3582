package sql

import (
	"embed"
	"fmt"
	"path"
	"regexp"
	"strings"
)

//go:embed analysis/*.sql
var analyses embed.FS

// Reconciled is the saved query of the whole reconciliation. It leaves the table reconciled.
const Reconciled = "reconcile"

// Names returns the names of the saved queries: reconcile, and the analyses by name.
func Names() []string {
	names := []string{Reconciled}
	entries, err := analyses.ReadDir("analysis")
	if err != nil {
		panic(err) // they are embedded
	}
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), path.Ext(entry.Name())))
	}
	return names
}

// lookbackSetting is the line of a saved query that people set to the lookback of their job.
var lookbackSetting = regexp.MustCompile(`(?m)^  SELECT \d+ AS lookback_days\b`)

// Saved returns a saved query as statements for DuckDB, each ended by a semicolon at the end
// of a line, or false. They read the tables or views by their names.
func Saved(name string, s Settings) (string, bool) {
	return SavedIn(name, "duckdb", s)
}

// SavedIn is Saved in a dialect, which is one of the names of schema.Dialects.
func SavedIn(name, dialect string, s Settings) (string, bool) {
	if name == Reconciled {
		return translate(Reconcile(s), dialect), true
	}
	query, err := analyses.ReadFile("analysis/" + name + ".sql")
	if err != nil {
		return "", false
	}
	return translate(lookbackSetting.ReplaceAllString(string(query), fmt.Sprintf("  SELECT %d AS lookback_days", s.LookbackDays)), dialect), true
}
