package schema

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// openCase is a lake, and the expected rows of open_differences.sql.
//
//	bill        day walk_account_id ledger_id shop_order_id legs [ext=] [item=] [type=]
//	settlement  day settle_id order_id status legs [out=] [item=] [asked=, none for NULL] [source=]
//	row         order kind total/fee/commission/net billed settled first..last age accounts
//
// An id that is - is NULL. Legs are total/fee/commission/net in fen, - for NULL; a lone total of
// 100 is 100/10/0/90, a lone - is all NULL. Rows are in yuan. The lookback is 7 days, and the
// newest bill of the lake is of the 20th.
type openCase struct {
	name                     string
	bills, settlements, rows []string
}

var openCases = []openCase{
	{"what agrees is no open difference",
		[]string{"01 A l o 100"},
		[]string{"01 s o SUCCESS 100"},
		nil},
	{"nor is what has no settlement at all, or is in flight, or failed as a whole",
		[]string{"01 A l1 o1 100", "01 A l2 o2 100", "01 A l3 o3 100"},
		[]string{"01 s2 o2 INIT 100", "01 s3 o3 FAIL 100"},
		nil},
	{"a difference over two days and accounts is one",
		[]string{"01 A l1 o 100", "02 B l2 o 50"},
		[]string{"02 s o SUCCESS 140"},
		[]string{"o 少分 -0.10/-0.01/0.00/-0.09 1.50 1.40 01..02 19 2"}},
	{"the whole of it, with what matches", // the second item takes back what the first has too much
		[]string{"01 A l1 o 100 item=i1", "01 A l2 o 100 item=i2"},
		[]string{"01 s1 o SUCCESS 100 item=i1", "01 s2 o SUCCESS 90 item=i2"},
		[]string{"o 少分 -0.10/-0.01/0.00/-0.09 2.00 1.90 01..01 19 1"}},
	{"settled in part: the other account has nothing",
		[]string{"01 A l1 o 100", "01 B l2 o 50"},
		[]string{"01 s o SUCCESS 100"},
		[]string{"o 少分 -0.50/-0.05/0.00/-0.45 1.50 1.00 01..01 19 2"}},
	{"settled in part: the other day failed",
		[]string{"01 A l1 o 100", "02 A l2 o 50"},
		[]string{"01 s1 o SUCCESS 100", "02 s2 o FAIL 50"},
		[]string{"o 少分 -0.50/-0.05/0.00/-0.45 1.50 1.00 01..02 19 1"}},
	{"settled in part: one try of the group failed",
		[]string{"01 A l1 o 100"},
		[]string{"01 s1 o SUCCESS 40", "01 s2 o FAIL 60"},
		[]string{"o 少分 -0.60/-0.06/0.00/-0.54 1.00 0.40 01..01 19 1"}},
	{"settled in part, by an amount that is another day's",
		[]string{"01 A l1 o 100", "02 A l2 o 70"},
		[]string{"02 s o SUCCESS 100"},
		[]string{"o 少分 -0.70/-0.07/0.00/-0.63 1.70 1.00 01..02 19 1"}},
	{"what is in flight is not there yet",
		[]string{"01 A l1 o 100", "02 A l2 o 50"},
		[]string{"01 s1 o SUCCESS 100", "02 s2 o INIT 50"},
		nil},
	{"what is in flight is missing, too, where something else is open",
		[]string{"01 A l1 o 100", "10 A l2 o 50"},
		[]string{"01 s1 o SUCCESS 90", "10 s2 o INIT 50"},
		[]string{"o 少分 -0.60/-0.06/0.00/-0.54 1.50 0.90 01..10 19 1"}},
	{"a difference that another day takes back, beyond the lookback, is none",
		[]string{"01 A l1 o 100", "10 A l2 o 50"},
		[]string{"01 s o SUCCESS 150"},
		nil},
	{"but it is if one leg is left",
		[]string{"01 A l1 o 100", "10 A l2 o 50"},
		[]string{"01 s o SUCCESS 150/14/0/136"},
		[]string{"o 总额相符，分项不符 0.00/-0.01/0.00/0.01 1.50 1.50 01..10 19 1"}},
	{"and if it takes back too little",
		[]string{"01 A l1 o 100", "10 A l2 o 50"},
		[]string{"01 s o SUCCESS 120"},
		[]string{"o 少分 -0.30/-0.03/0.00/-0.27 1.50 1.20 01..10 19 1"}},
	{"refunds are no part of it, nor is what no bill explains",
		[]string{"01 A l o 100", "01 A r o -30 type=2"},
		[]string{"01 s1 o SUCCESS 90", "01 s2 o SUCCESS 70 asked=none source=callback"},
		[]string{"o 少分 -0.10/-0.01/0.00/-0.09 1.00 0.90 01..01 19 1"}},
	{"nor are bills without an order",
		[]string{"01 A l - 100"},
		nil,
		nil},
	{"a leg that is not compared, and nothing that is",
		[]string{"01 A l1 o 100/-/0/90", "01 A l2 p -"},
		[]string{"01 s1 o SUCCESS 90/10/0/80", "01 s2 p SUCCESS 100"},
		[]string{"o 少分 -0.10/-/0.00/-0.10 1.00 0.90 01..01 19 1", "p 差异 -/-/-/- - 1.00 01..01 19 1"}},
	{"by the merchant's own id, item by item",
		[]string{"01 A l1 - 100 ext=e item=i1", "01 A l2 - 50 ext=e"},
		[]string{"01 s1 - SUCCESS 90 out=e item=i1", "01 s2 - SUCCESS 50 out=e"},
		[]string{"ext:e 少分 -0.10/-0.01/0.00/-0.09 1.50 1.40 01..01 19 1"}},
	{"partly billed, and within the lookback of the newest day: the rest may come",
		[]string{"13 A l1 o 100", "14 A l2 o 50"},
		[]string{"13 s o SUCCESS 300"},
		nil},
	{"partly billed, and not within it any more",
		[]string{"12 A l1 o 100", "14 A l2 o 50"},
		[]string{"12 s o SUCCESS 300"},
		[]string{"o 多分 1.50/0.15/0.00/1.35 1.50 3.00 12..14 8 1"}},
	{"partly billed, and something else the matter",
		[]string{"14 A l1 o 100 item=i1", "14 A l2 o 100 item=i2"},
		[]string{"14 s1 o SUCCESS 100 item=i1", "14 s2 o SUCCESS 50", "14 s3 o SUCCESS 130 item=i2"},
		[]string{"o 多分 0.80/0.08/0.00/0.72 2.00 2.80 14..14 6 1"}},
}

func TestOpenDifferences(t *testing.T) {
	t.Parallel()
	query, err := os.ReadFile("sql/analysis/open_differences.sql")
	if err != nil {
		t.Fatal(err)
	}
	var sql strings.Builder
	sql.WriteString(".headers off\n" + emptyTables())
	openCase{bills: []string{"20 A l newest 100"}}.insert(&sql, "")
	for i, c := range openCases {
		c.insert(&sql, fmt.Sprintf("c%02d.", i))
	}
	sql.WriteString(reconcileSQL(0, 7, true, []Match{byOrder, byExt}) + "INSERT INTO reconciliation BY NAME FROM reconciled;\n")
	sql.WriteString("CREATE TEMP VIEW open AS " + string(query) + `
		SELECT order_key || ' ' || kind || ' ' || COALESCE(difference_yuan::VARCHAR, '-') || '/' || COALESCE(fee_difference_yuan::VARCHAR, '-') || '/' ||
		COALESCE(commission_difference_yuan::VARCHAR, '-') || '/' || COALESCE(net_difference_yuan::VARCHAR, '-') || ' ' || COALESCE(billed_yuan::VARCHAR, '-') || ' ' ||
		COALESCE(settled_yuan::VARCHAR, '-') || ' ' || strftime(first_bill_date, '%d') || '..' || strftime(last_bill_date, '%d') || ' ' || age_days || ' ' || accounts
		FROM open ORDER BY order_key;`)
	shown := strings.Split(duckDB(t, "-list", sql.String()), "\n")
	for i, c := range openCases {
		var got []string
		prefix := fmt.Sprintf("c%02d.", i)
		for _, row := range shown {
			if strings.Contains(row, prefix) {
				got = append(got, strings.ReplaceAll(row, prefix, ""))
			}
		}
		if diff := cmp.Diff(c.rows, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

var wholeLegs = regexp.MustCompile(`^(-?\d+|-)$`)

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

// insert writes the case's bills and settlements, with a prefix before its ids, so that all
// cases of a run are in one lake.
func (c openCase) insert(sql *strings.Builder, prefix string) {
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
