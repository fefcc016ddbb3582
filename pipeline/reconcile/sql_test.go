package reconcile_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
	"billwalk/schema/sql"
)

var (
	byOrder  = schema.Match{Parameter: "order_id", Column: "shop_order_id"}
	byExt    = schema.Match{Parameter: "out_order_no", Column: "order_ext_id"}
	byItem   = schema.Match{Parameter: "order_id", Column: "item_order_id"}
	byVerify = schema.Match{Parameter: "out_settle_no", Column: "verify_id"}
)

// TestSQL: sql.Reconcile gives the same rows as Reconcile, NotCompared and Unmatched,
// in every column, for random purchases under the settings that jobs have.
func TestSQL(t *testing.T) {
	t.Parallel()
	requireDuckDB(t)
	seen := make(map[string]bool)
	purchases := 0
	for seed, test := range []struct {
		name  string
		rules reconcile.Rules
	}{
		{"two days", reconcile.Rules{Match: []schema.Match{byOrder, byExt}, Lookback: 2, Configured: true}},
		{"tolerance", reconcile.Rules{Match: []schema.Match{byExt, byOrder}, Lookback: 2, Tolerance: 3, Configured: true}},
		{"each day by itself", reconcile.Rules{Match: []schema.Match{byOrder}, Configured: true}},
		{"a week", reconcile.Rules{Match: []schema.Match{byOrder, byExt}, Lookback: 7, Configured: true}},
		{"the merchant's id alone", reconcile.Rules{Match: []schema.Match{byExt}, Lookback: 7, Tolerance: 3, Configured: true}},
		{"ids of parts", reconcile.Rules{Match: []schema.Match{byVerify, byItem}, Lookback: 2, Configured: true}},
		{"not configured any more", reconcile.Rules{Match: []schema.Match{byOrder, byExt}, Lookback: 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := lake{rules: &test.rules, dice: dice{rand.New(rand.NewPCG(uint64(seed), 0))}}
			for l.purchases < 1200 {
				l.purchase(t)
			}
			for i := range l.groups {
				g := &l.groups[i].row
				seen[string(g.Verdict)] = true
				seen[string(g.MatchedBy.V)] = true
				for _, reason := range g.Reasons {
					if strings.HasPrefix(reason, "offset_by:") {
						reason = "offset_by, " + string(g.MatchedBy.V)
					}
					seen[reason] = true
				}
			}
			for i := range l.settlements {
				seen[l.settlements[i].row.AskedBy.V] = true
			}
			purchases += l.purchases
			l.compare(t)
		})
	}
	want := map[string]bool{
		"matched": true, "mismatched": true, "bill_only": true, "settlement_only": true, "pending": true, "failed": true, "not_applicable": true,
		"": true, "item": true, "order": true, "order_window": true, "amount": true,
		"order_id: shop_order_id": true, "out_order_no: order_ext_id": true, "order_id: item_order_id": true, "out_settle_no: verify_id": true,
		"item_order_id: item_order_id": true, "order_id: settlement": true,
		"nothing_compared": true, "settlement_unexplained": true, "settled_elsewhere": true, "partly_billed": true,
		"offset_by, item": true, "offset_by, order": true, "offset_by, order_window": true, "offset_by, amount": true, "retry_in_flight": true, "no_key": true, "non_forward": true, "not_configured": true,
	}
	for leg := range schema.LegCount {
		for _, word := range []string{"_differs", "_not_billed", "_not_settled"} {
			want[leg.String()+word] = true
		}
	}
	if diff := gocmp.Diff(want, seen); diff != "" || purchases < 5000 {
		t.Errorf("%d purchases, verdicts, tiers, links and reasons (-want +seen):\n%s", purchases, diff)
	}
}

// compare reconciles the lake in DuckDB, all days and then some of them, and reports the rows
// that only one side has with their purchases.
func (l *lake) compare(t *testing.T) {
	t.Helper()
	some := settingsOf(l.rules)
	some.From, some.To = (firstDay + 1).Start(), (firstDay + 1 + schema.Day(l.rules.Lookback)).Start()
	statements := tableOf(t, schema.Bills, "bills", l.bills) + tableOf(t, schema.Settlements, "settlements", l.settlements) +
		tableOf(t, schema.Reconciliations, "by_go", l.groups) +
		reconcileSQL(l.rules) + "CREATE TABLE by_sql AS FROM reconciled;\n" + sql.Reconcile(some) +
		fmt.Sprintf("CREATE TABLE some_by_go AS FROM by_go WHERE bill_date BETWEEN '%s' AND '%s';\n", firstDay+1, firstDay+1+schema.Day(l.rules.Lookback)) +
		"SELECT 'only Go' AS side, * FROM (FROM by_go EXCEPT ALL FROM by_sql) UNION ALL\n" +
		"SELECT 'only SQL', * FROM (FROM by_sql EXCEPT ALL FROM by_go) UNION ALL\n" +
		"SELECT 'only Go, some days', * FROM (FROM some_by_go EXCEPT ALL FROM reconciled) UNION ALL\n" +
		"SELECT 'only SQL, some days', * FROM (FROM reconciled EXCEPT ALL FROM some_by_go) ORDER BY bill_date, walk_account_id, group_key, side;\n"
	lines := strings.Split(strings.TrimSpace(duckDB(t, "-list", statements)), "\n")
	rows := make(map[string]string) // by purchase
	for _, line := range lines[min(1, len(lines)):] {
		number := purchaseNumber.FindString(line)
		rows[number] += line + "\n"
	}
	numbers := slices.Sorted(maps.Keys(rows))
	for _, number := range numbers[:min(3, len(numbers))] {
		t.Errorf("purchase %s, one of %d that differ:\n%s\n%s\n%s%s", number, len(numbers), lines[0], rows[number],
			describe(schema.Bills, l.bills, number), describe(schema.Settlements, l.settlements, number))
	}
}

// purchaseNumber matches the number in every id of a purchase.
var purchaseNumber = regexp.MustCompile(`\d{5}`)

// describe returns the rows of the purchase, without columns that are NULL.
func describe[R any](table schema.Table[R], rows []dated[R], number string) string {
	var b strings.Builder
	for i := range rows {
		line := fmt.Sprintf("%s of %s", table.Name, rows[i].day)
		for _, f := range table.Fields {
			if v := f.Text(&rows[i].row); v.Valid && f.Name != "fetched_at" {
				line += fmt.Sprintf(" %s=%q", f.Name, v.V)
			}
		}
		if strings.Contains(line, number) {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// tableOf writes the rows to a file and returns SQL that makes a table of it.
func tableOf[R any](t *testing.T, table schema.Table[R], name string, rows []dated[R]) string {
	t.Helper()
	const null = `\N`
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for i := range rows {
		record := []string{rows[i].day.String()}
		for _, f := range table.Fields {
			v := f.Text(&rows[i].row)
			switch {
			case !v.Valid:
				v.V = null
			case f.Type == schema.Texts:
				v.V = "[" + strings.ReplaceAll(v.V, " ", ", ") + "]"
			}
			record = append(record, v.V)
		}
		if err := w.Write(record); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	path := filepath.Join(t.TempDir(), name+".csv")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	columns := []string{"bill_date DATE"}
	for _, c := range table.Columns() {
		columns = append(columns, c.Name+" "+string(c.Type))
	}
	return fmt.Sprintf("CREATE TABLE %s (%s);\nCOPY %s FROM '%s' (FORMAT csv, AUTO_DETECT false, HEADER false, NULLSTR '%s');\n",
		name, strings.Join(columns, ", "), name, path, null)
}

// requireDuckDB skips the test where there is no duckdb command, unless the
// environment requires one.
func requireDuckDB(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("duckdb"); err != nil {
		if os.Getenv("BILLWALK_REQUIRE_DUCKDB") != "" {
			t.Fatal("BILLWALK_REQUIRE_DUCKDB is set and there is no duckdb on the PATH")
		}
		t.Skip("no duckdb on the PATH: the SQL of reconciliation is not tested")
	}
}

// duckDB runs SQL and returns what it prints in the mode: -list or -json.
func duckDB(t *testing.T, mode, sql string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "duckdb", "-no-init", "-bail", mode, "-nullvalue", "NULL")
	cmd.Stdin = strings.NewReader(sql)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil || errOut.Len() > 0 {
		t.Fatalf("duckdb: %v\n%s", err, errOut.String())
	}
	return out.String()
}

// reconcileSQL returns the SQL that reconciles by the rules.
func reconcileSQL(r *reconcile.Rules) string { return sql.Reconcile(settingsOf(r)) }

func settingsOf(r *reconcile.Rules) sql.Settings {
	settings := sql.Settings{Tolerance: int64(r.Tolerance), LookbackDays: r.Lookback, Configured: r.Configured}
	for _, m := range r.Match {
		settings.Rules = append(settings.Rules, sql.Rule(m))
	}
	return settings
}
