package schema

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reconcileCase is one case, told in lines.
//
//	bill        day walk_account_id ledger_id shop_order_id legs [ext=] [item=] [cert=] [type=] [sub=] [parts=]
//	settlement  day settle_id order_id status legs [out=] [item=] [cert=] [asked=, none for NULL] [source=] [at=]
//	row         day walk_account_id group_key shop_order_id item_order_id verdict [by tier] [reasons] bills+settlements
//	            billed legs settled legs diff legs [refund fen] [at first..last]
//
// An id that is - is NULL; an account that is - is "". Legs are total/fee/commission/net in fen, - for NULL; a lone total of 100 is
// 100/10/0/90, a lone - is all NULL. Times are seconds. The lookback is two days.
type reconcileCase struct {
	name                     string
	bills, settlements, rows []string
}

var (
	byOrder = Match{"order_id", "shop_order_id"}
	byExt   = Match{"out_order_no", "order_ext_id"}
	byCert  = Match{"settle_id", "certificate_id"}
)

func TestReconcile(t *testing.T) {
	t.Parallel()
	for _, run := range []struct {
		name       string
		tolerance  Fen
		configured bool
		rules      []Match
		cases      []reconcileCase
	}{
		{"order", 0, true, []Match{byOrder, byExt, byCert}, orderCases},
		{"days", 0, true, []Match{byOrder, byExt, byCert}, dayCases},
		{"parts of an order", 0, true, []Match{byOrder, byExt, byCert}, partCases},
		{"left over beside a match", 0, true, []Match{byOrder, byExt, byCert}, leftOverCases},
		{"callbacks", 0, true, []Match{byOrder, byExt, byCert}, callbackCases},
		{"keys", 0, true, []Match{byOrder, byExt, byCert}, keyCases},
		{"some cannot be asked", 0, true, []Match{byExt}, unaskedCases},
		{"tolerance", 5, true, []Match{byOrder}, toleranceCases},
		{"not configured", 0, false, nil, notConfiguredCases},
	} {
		t.Run(run.name, func(t *testing.T) {
			t.Parallel()
			var sql strings.Builder
			sql.WriteString(".headers off\n" + emptyTables())
			for i, c := range run.cases {
				c.insert(&sql, fmt.Sprintf("c%02d.", i))
			}
			sql.WriteString("CREATE VIEW r AS " + Reconcile(run.tolerance, 2, run.configured, run.rules) + ";\n")
			sql.WriteString(showReconciliation)
			shown := strings.Split(duckDB(t, "-list", sql.String()), "\n")
			for i, c := range run.cases {
				var got, want []string
				prefix := fmt.Sprintf("c%02d.", i)
				for _, row := range shown {
					if strings.Contains(row, prefix) {
						got = append(got, strings.ReplaceAll(row, prefix, ""))
					}
				}
				for _, row := range c.rows {
					want = append(want, spell(row))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", c.name, diff)
				}
			}
		})
	}
}

// showReconciliation prints the rows of the view r as the cases tell them.
var showReconciliation = func() string {
	legs := func(kind string) string {
		var columns []string
		for leg := range LegCount {
			columns = append(columns, "COALESCE("+kind+"_"+leg.String()+"_fen::VARCHAR, '-')")
		}
		return strings.Join(columns, " || '/' || ")
	}
	return `SELECT strftime(bill_date, '%d') || ' ' || COALESCE(NULLIF(walk_account_id, ''), '-') || ' ' || group_key || ' ' || COALESCE(shop_order_id, '-') || ' ' ||
		COALESCE(item_order_id, '-') || ' ' || verdict || COALESCE(' by ' || matched_by, '') || ' [' || array_to_string(reasons, ' ') || '] ' ||
		bill_rows || '+' || settlement_rows || ' billed ' || ` + legs("billed") + ` || ' settled ' || ` + legs("settled") + ` || ' diff ' || ` + legs("diff") + ` ||
		COALESCE(' refund ' || refund_fen, '') || COALESCE(' at ' || epoch(first_settle_time)::BIGINT || '..' || epoch(last_settle_time)::BIGINT, '')
		FROM r ORDER BY bill_date, walk_account_id, group_key;`
}()

var (
	loneLegs  = regexp.MustCompile(`(billed|settled|diff) (-?\d+|-)( |$)`)
	wholeLegs = regexp.MustCompile(`^(-?\d+|-)$`)
)

// spell writes the lone totals of an expected row out.
func spell(row string) string {
	return loneLegs.ReplaceAllStringFunc(row, func(found string) string {
		m := loneLegs.FindStringSubmatch(found)
		return m[1] + " " + strings.ReplaceAll(strings.Join(fourLegs(m[2]), "/"), "NULL", "-") + m[3]
	})
}

// fourLegs returns the legs as SQL.
func fourLegs(legs string) []string {
	if legs == "-" {
		return []string{"NULL", "NULL", "NULL", "NULL"}
	}
	if wholeLegs.MatchString(legs) {
		var total int
		fmt.Sscan(legs, &total)
		return []string{legs, fmt.Sprint(total / 10), "0", fmt.Sprint(total - total/10)}
	}
	four := strings.Split(legs, "/")
	for i := range four {
		if four[i] == "-" {
			four[i] = "NULL"
		}
	}
	return four
}

// insert writes the case's bills and settlements, its ids under the prefix, so
// that all cases of a run stand in one lake.
func (c reconcileCase) insert(sql *strings.Builder, prefix string) {
	id := func(s string) string {
		switch s {
		case "-", "":
			return "NULL"
		case "''":
			return s
		}
		return quoteSQL(prefix + s)
	}
	for _, line := range c.bills {
		f, options := fields(line, 5)
		legs := fourLegs(f[4])
		parts := strings.Split(or(options["parts"], "NULL,NULL,NULL,NULL,NULL"), ",")
		fmt.Fprintf(sql, `INSERT INTO bills (bill_date, walk_account_id, account_id, ledger_id, shop_order_id, order_ext_id, item_order_id, certificate_id,
			settle_type, settle_sub_type, ledger_total_fen, total_merchant_platform_service_fen, total_commission_fen, goods_fen,
			talent_commission_fen, total_agent_merchant_fen, broker_commission_fen, clerk_commission_fen, mall_store_goods_fen)
			VALUES ('2026-11-%s', %s, '9', %s, %s, %s, %s, %s, %s, %s, %s, %s);`+"\n",
			f[0], quoteSQL(f[1]), id(f[2]), id(f[3]), id(options["ext"]), id(options["item"]), id(options["cert"]),
			or(options["type"], "1"), or(options["sub"], "NULL"), strings.Join(legs, ", "), strings.Join(parts, ", "))
	}
	for _, line := range c.settlements {
		f, options := fields(line, 5)
		asked := byOrder
		if options["out"] != "" {
			asked = byExt
		}
		askedBy := quoteSQL(strings.ReplaceAll(or(options["asked"], asked.String()), "=>", ": "))
		if options["asked"] == "none" {
			askedBy = "NULL"
		}
		fmt.Fprintf(sql, `INSERT INTO settlements (bill_date, settle_id, order_id, out_order_no, item_order_id, settle_status, source, asked_by, settle_time,
			settle_amount_fen, rake_fen, commission_fen, shares_fen) VALUES ('2026-11-%s', %s, %s, %s, %s, %s, %s, %s, to_timestamp(%s), %s);`+"\n",
			f[0], id(f[1]), id(f[2]), id(options["out"]), id(options["item"]), quoteSQL(f[3]),
			quoteSQL(or(options["source"], string(SourceQuery))), askedBy, or(options["at"], "NULL"), strings.Join(fourLegs(f[4]), ", "))
	}
}

// fields splits a line into its first n fields and the options after them.
func fields(line string, n int) ([]string, map[string]string) {
	all := strings.Fields(line)
	options := make(map[string]string)
	for _, option := range all[n:] {
		key, value, _ := strings.Cut(option, "=")
		options[key] = value
	}
	return all[:n], options
}

func or(s, absent string) string {
	if s == "" {
		return absent
	}
	return s
}

// TestReconcileFillsItsHead: the file is what Reconcile makes of the settings that
// stand in it, whatever they are set to it stays one query, and a quote in a rule
// stays a quote.
func TestReconcileFillsItsHead(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("sql/reconcile.sql")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(file), Reconcile(0, 7, true, []Match{byOrder, byExt})); diff != "" {
		t.Errorf("sql/reconcile.sql is not its own default (-file +made):\n%s", diff)
	}
	sql := ".headers off\n" + emptyTables() + "CREATE TEMP VIEW r AS " + Reconcile(12345, 30, false, []Match{{"it's", "--"}}) + ";\nSELECT count(*) FROM r;"
	if got := duckDB(t, "-list", sql); got != "0\n" {
		t.Errorf("no bills give %q", got)
	}
}

// TestReconcileMakesTheTable: the columns, in order and type, are the table's.
func TestReconcileMakesTheTable(t *testing.T) {
	t.Parallel()
	want := []string{"bill_date DATE"}
	for _, c := range Reconciliations.Columns() {
		want = append(want, c.Name+" "+strings.Replace(string(c.Type), "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", 1))
	}
	sql := ".headers off\n" + emptyTables() + "CREATE TEMP VIEW r AS " + Reconcile(0, 7, true, []Match{byOrder}) +
		";\nSELECT column_name || ' ' || data_type FROM duckdb_columns() WHERE table_name = 'r' ORDER BY column_index;"
	got := strings.Split(strings.TrimSpace(duckDB(t, "-list", sql)), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-table +query):\n%s", diff)
	}
}

// TestReconcileLosesNothing holds the query to the invariants, on bills and
// settlements of all kinds thrown together by a hash.
func TestReconcileLosesNothing(t *testing.T) {
	t.Parallel()
	throw, err := os.ReadFile("testdata/thrown.sql")
	if err != nil {
		t.Fatal(err)
	}
	var sums []string
	for leg, column := range []string{"total", "fee", "commission", "net"} {
		bills := []string{"ledger_total_fen", "total_merchant_platform_service_fen", "total_commission_fen", "goods_fen"}[leg]
		sums = append(sums, fmt.Sprintf("SELECT '%s', (SELECT sum(billed_%[1]s_fen) FROM r) = (SELECT sum(%s) FROM bills WHERE settle_type = 1)", column, bills))
	}
	sums = append(sums,
		"SELECT 'refunds', (SELECT sum(refund_fen) FROM r) = (SELECT sum(ledger_total_fen) FROM bills WHERE settle_type <> 1)",
		"SELECT 'bills', (SELECT sum(bill_rows) FROM r) = (SELECT count(*) FROM bills)",
		"SELECT 'settlements', (SELECT sum(settlement_rows) FROM r) = (SELECT count(*) FROM settlements)",
		"SELECT 'a key of its own', (SELECT count(*) FROM (SELECT DISTINCT bill_date, walk_account_id, group_key FROM r)) = (SELECT count(*) FROM r)",
		"SELECT 'a verdict', (SELECT count(*) FROM r WHERE verdict IS NULL OR reasons IS NULL OR (verdict = 'matched') <> (matched_by IS NOT NULL)) = 0",
		// The lake is thrown so that every verdict and every tier occurs: none of the above is true of nothing.
		"SELECT 'settled', (SELECT sum(settled_total_fen) FROM r) = (SELECT sum(settle_amount_fen) FROM settlements WHERE settle_status = 'SUCCESS')",
		"SELECT 'verdicts', (SELECT count(DISTINCT verdict) FROM r) = 7",
		"SELECT 'tiers', (SELECT count(DISTINCT matched_by) FROM r) = 4")
	sql := ".headers off\n" + emptyTables() + string(throw) + "CREATE TABLE r AS " + Reconcile(0, 2, true, []Match{byOrder, byExt}) +
		";\nSELECT * FROM (" + strings.Join(sums, " UNION ALL ") + ") AS checks(name, held) WHERE held IS DISTINCT FROM true;"
	if broken := duckDB(t, "-list", sql); broken != "" {
		t.Errorf("invariants that do not hold:\n%s", broken)
	}
}
