package schema

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// openCases are what open_differences.sql makes of orders: bills and settlements as
// of a reconcileCase, reconciled with a lookback of 7 days, and the rows as
//
//	order kind total/fee/commission/net billed settled first..last age accounts
//
// in yuan. The newest bill of the lake is of the 20th.
var openCases = []reconcileCase{
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
		[]string{"o 短款 -0.10/-0.01/0.00/-0.09 1.50 1.40 01..02 19 2"}},
	{"the whole of it, with what matches", // the second item takes back what the first has too much
		[]string{"01 A l1 o 100 item=i1", "01 A l2 o 100 item=i2"},
		[]string{"01 s1 o SUCCESS 100 item=i1", "01 s2 o SUCCESS 90 item=i2"},
		[]string{"o 短款 -0.10/-0.01/0.00/-0.09 2.00 1.90 01..01 19 1"}},
	{"settled in part: the other account has nothing",
		[]string{"01 A l1 o 100", "01 B l2 o 50"},
		[]string{"01 s o SUCCESS 100"},
		[]string{"o 短款 -0.50/-0.05/0.00/-0.45 1.50 1.00 01..01 19 2"}},
	{"settled in part: the other day failed",
		[]string{"01 A l1 o 100", "02 A l2 o 50"},
		[]string{"01 s1 o SUCCESS 100", "02 s2 o FAIL 50"},
		[]string{"o 短款 -0.50/-0.05/0.00/-0.45 1.50 1.00 01..02 19 1"}},
	{"settled in part: one try of the group failed",
		[]string{"01 A l1 o 100"},
		[]string{"01 s1 o SUCCESS 40", "01 s2 o FAIL 60"},
		[]string{"o 短款 -0.60/-0.06/0.00/-0.54 1.00 0.40 01..01 19 1"}},
	{"settled in part, by an amount that is another day's",
		[]string{"01 A l1 o 100", "02 A l2 o 70"},
		[]string{"02 s o SUCCESS 100"},
		[]string{"o 短款 -0.70/-0.07/0.00/-0.63 1.70 1.00 01..02 19 1"}},
	{"what is in flight is not there yet",
		[]string{"01 A l1 o 100", "02 A l2 o 50"},
		[]string{"01 s1 o SUCCESS 100", "02 s2 o INIT 50"},
		nil},
	{"what is in flight is missing, too, where something else is open",
		[]string{"01 A l1 o 100", "10 A l2 o 50"},
		[]string{"01 s1 o SUCCESS 90", "10 s2 o INIT 50"},
		[]string{"o 短款 -0.60/-0.06/0.00/-0.54 1.50 0.90 01..10 19 1"}},
	{"a difference that another day takes back, beyond the lookback, is none",
		[]string{"01 A l1 o 100", "10 A l2 o 50"},
		[]string{"01 s o SUCCESS 150"},
		nil},
	{"but it is if one leg is left",
		[]string{"01 A l1 o 100", "10 A l2 o 50"},
		[]string{"01 s o SUCCESS 150/14/0/136"},
		[]string{"o 差异 0.00/-0.01/0.00/0.01 1.50 1.50 01..10 19 1"}},
	{"and if it takes back too little",
		[]string{"01 A l1 o 100", "10 A l2 o 50"},
		[]string{"01 s o SUCCESS 120"},
		[]string{"o 短款 -0.30/-0.03/0.00/-0.27 1.50 1.20 01..10 19 1"}},
	{"refunds are no part of it, nor is what no bill explains",
		[]string{"01 A l o 100", "01 A r o -30 type=2"},
		[]string{"01 s1 o SUCCESS 90", "01 s2 o SUCCESS 70 asked=none source=callback"},
		[]string{"o 短款 -0.10/-0.01/0.00/-0.09 1.00 0.90 01..01 19 1"}},
	{"nor are bills without an order",
		[]string{"01 A l - 100"},
		nil,
		nil},
	{"a leg that is not compared, and nothing that is",
		[]string{"01 A l1 o 100/-/0/90", "01 A l2 p -"},
		[]string{"01 s1 o SUCCESS 90/10/0/80", "01 s2 p SUCCESS 100"},
		[]string{"o 短款 -0.10/-/0.00/-0.10 1.00 0.90 01..01 19 1", "p 差异 -/-/-/- - 1.00 01..01 19 1"}},
	{"by the merchant's own id, item by item",
		[]string{"01 A l1 - 100 ext=e item=i1", "01 A l2 - 50 ext=e"},
		[]string{"01 s1 - SUCCESS 90 out=e item=i1", "01 s2 - SUCCESS 50 out=e"},
		[]string{"ext:e 短款 -0.10/-0.01/0.00/-0.09 1.50 1.40 01..01 19 1"}},
	{"partly billed, and within the lookback of the newest day: the rest may come",
		[]string{"13 A l1 o 100", "14 A l2 o 50"},
		[]string{"13 s o SUCCESS 300"},
		nil},
	{"partly billed, and not within it any more",
		[]string{"12 A l1 o 100", "14 A l2 o 50"},
		[]string{"12 s o SUCCESS 300"},
		[]string{"o 长款 1.50/0.15/0.00/1.35 1.50 3.00 12..14 8 1"}},
	{"partly billed, and something else the matter",
		[]string{"14 A l1 o 100 item=i1", "14 A l2 o 100 item=i2"},
		[]string{"14 s1 o SUCCESS 100 item=i1", "14 s2 o SUCCESS 50", "14 s3 o SUCCESS 130 item=i2"},
		[]string{"o 长款 0.80/0.08/0.00/0.72 2.00 2.80 14..14 6 1"}},
}

func TestOpenDifferences(t *testing.T) {
	t.Parallel()
	query, err := os.ReadFile("sql/analysis/open_differences.sql")
	if err != nil {
		t.Fatal(err)
	}
	var sql strings.Builder
	sql.WriteString(".headers off\n" + emptyTables())
	reconcileCase{bills: []string{"20 A l newest 100"}}.insert(&sql, "")
	for i, c := range openCases {
		c.insert(&sql, fmt.Sprintf("c%02d.", i))
	}
	sql.WriteString("INSERT INTO reconciliation BY NAME\n" + Reconcile(0, 7, true, []Match{byOrder, byExt}) + ";\n")
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
