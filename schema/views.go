package schema

import "strings"

// writeViews writes the views of the tables: for DuckDB also of the lake's other files, which
// other engines have as tables.
func writeViews(sql *strings.Builder, d Dialect, lake lakeFiles) {
	storeNames.write(sql, d)
	doubtsView.write(sql, d)
	sql.WriteString("\n-- The same for people: Chinese names, amounts in yuan (exact decimals), times in UTC+8, words for codes.\n")
	for _, t := range Tables {
		t.Describe().labelledView(d).write(sql, d)
	}
	sql.WriteString("\n-- Accounts and days, from the manifests: what failed has no row in the tables, and one here.\n")
	unitsView(d, lake.manifestSource()).write(sql, d)
	units.labelledView(d).write(sql, d)
	sql.WriteString("\n-- What waits in the accounts to be withdrawn. Without withdrawals, balances has no rows.\n")
	for _, v := range []sqlView{accountNames(d), billStates, balances, labelledBalances(d)} {
		v.write(sql, d)
	}
	sql.WriteString("\n-- What people have noted by hand, which changes nothing in the tables.\n")
	for _, v := range append([]sqlView{resolutions(d, lake), closings(d, lake), resolutionStates(d), changesAfterClosing()}, labelledNotes(d)...) {
		v.write(sql, d)
	}
}
