package schema

import (
	"errors"
	"flag"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// contract is the design's list of columns: name, type, and ! if it is never NULL.
var contract = map[string]string{
	"bills": `
		account_id VARCHAR!  ledger_id VARCHAR!  walk_account_id VARCHAR!  counted BOOLEAN  group_key VARCHAR  biz_type INTEGER  shop_order_id VARCHAR
		item_order_id VARCHAR  order_ext_id VARCHAR  certificate_id VARCHAR  verify_id VARCHAR  poi_id VARCHAR
		verify_poi_account_id VARCHAR  sku_id VARCHAR  group_name VARCHAR  code VARCHAR  settle_type INTEGER!
		settle_type_desc VARCHAR  settle_sub_type INTEGER  settle_time TIMESTAMPTZ  direction INTEGER
		pay_fen BIGINT  deduction_discount_fen BIGINT  merchant_ticket_fen BIGINT  platform_ticket_fen BIGINT
		ledger_platform_ticket_fen BIGINT  original_fen BIGINT  ledger_total_fen BIGINT  total_commission_fen BIGINT
		actual_insured_fen BIGINT  total_agent_merchant_fen BIGINT  total_merchant_platform_service_fen BIGINT
		total_operation_agent_fen BIGINT  talent_commission_fen BIGINT  broker_commission_fen BIGINT
		clerk_commission_fen BIGINT  mall_store_goods_fen BIGINT  goods_fen BIGINT  fund_amount_fen BIGINT
		fund_amount_type INTEGER  extra VARCHAR  logid VARCHAR  fetched_at TIMESTAMPTZ!  archive_key VARCHAR!`,
	"settlements": `
		settle_id VARCHAR!  order_id VARCHAR  out_settle_no VARCHAR  out_order_no VARCHAR  item_order_id VARCHAR
		walk_account_id VARCHAR  group_key VARCHAR  settle_status VARCHAR!  settle_amount_fen BIGINT  rake_fen BIGINT  commission_fen BIGINT  shares_fen BIGINT
		shares STRUCT(merchant_no*VARCHAR,*amount_fen*BIGINT)[]  settle_detail VARCHAR  settle_time TIMESTAMPTZ
		is_auto_settle BOOLEAN  message VARCHAR  cp_extra VARCHAR  source VARCHAR!  asked_by VARCHAR  app_id VARCHAR
		logid VARCHAR  fetched_at TIMESTAMPTZ!`,
	"reconciliation": `
		walk_account_id VARCHAR!  group_key VARCHAR!  shop_order_id VARCHAR  item_order_id VARCHAR  verdict VARCHAR!
		matched_by VARCHAR  reasons VARCHAR[]  cause VARCHAR  bill_rows BIGINT!  settlement_rows BIGINT!
		billed_total_fen BIGINT  settled_total_fen BIGINT  diff_total_fen BIGINT
		billed_fee_fen BIGINT  settled_fee_fen BIGINT  diff_fee_fen BIGINT
		billed_commission_fen BIGINT  settled_commission_fen BIGINT  diff_commission_fen BIGINT
		billed_net_fen BIGINT  settled_net_fen BIGINT  diff_net_fen BIGINT
		refund_fen BIGINT  other_fen BIGINT  first_settle_time TIMESTAMPTZ  last_settle_time TIMESTAMPTZ`,
	"exceptions": `
		rule VARCHAR!  severity VARCHAR!  account_id VARCHAR  ledger_id VARCHAR  shop_order_id VARCHAR  settle_id VARCHAR
		expected_fen BIGINT  actual_fen BIGINT  detail VARCHAR!  record VARCHAR  archive_key VARCHAR`,
	"restatements": `
		account_id VARCHAR!  ledger_id VARCHAR!  settle_type INTEGER!  settle_sub_type INTEGER  walk_account_id VARCHAR!
		shop_order_id VARCHAR  change VARCHAR!  columns VARCHAR[]  old VARCHAR  new VARCHAR  diff_total_fen BIGINT
		diff_goods_fen BIGINT  old_generation BIGINT!  new_generation BIGINT!  restated_at TIMESTAMPTZ!`,
	"stores": `
		root_account_id VARCHAR  account_id VARCHAR!  account_name VARCHAR  poi_id VARCHAR  poi_name VARCHAR  fetched_at TIMESTAMPTZ!`,
	"withdrawals": `
		account_id VARCHAR!  withdraw_id VARCHAR!  amount_fen BIGINT  status VARCHAR  withdraw_mode VARCHAR  launch_time TIMESTAMPTZ
		withdraw_time TIMESTAMPTZ  withdraw_msg VARCHAR  settle_account VARCHAR  account_name VARCHAR  bill_rows BIGINT  bills_fen BIGINT
		diff_fen BIGINT  verdict VARCHAR!  logid VARCHAR  fetched_at TIMESTAMPTZ!  archive_key VARCHAR!`,
	"withdrawn_bills": `
		account_id VARCHAR!  withdraw_id VARCHAR!  ledger_id VARCHAR!  settle_type INTEGER  settle_sub_type INTEGER  billed_on VARCHAR
		fund_amount_fen BIGINT  goods_fen BIGINT  in_bills BOOLEAN!`,
}

func TestColumnsAreTheContract(t *testing.T) {
	t.Parallel()
	if n := len(Tables); n != len(contract) {
		t.Errorf("%d tables, the contract has %d", n, len(contract))
	}
	for _, listed := range Tables {
		table := listed.Describe()
		var got []string
		for _, c := range table.Columns {
			column := string(c.Type)
			if c.Required {
				column += "!"
			}
			got = append(got, c.Name, column)
		}
		want := strings.Fields(contract[table.Name])
		for i := range want {
			want[i] = strings.ReplaceAll(want[i], "*", " ")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-contract +code):\n%s", table.Name, diff)
		}
	}
}

func TestColumnsAreDocumented(t *testing.T) {
	t.Parallel()
	for _, listed := range Tables {
		table := listed.Describe()
		if table.Doc == "" {
			t.Errorf("%s has no doc", table.Name)
		}
		seen := make(map[string]bool)
		for _, c := range table.Columns {
			fen := strings.HasSuffix(c.Name, "_fen")
			switch {
			case seen[c.Name]:
				t.Errorf("%s.%s is there twice", table.Name, c.Name)
			case c.Doc == "" || strings.ContainsAny(c.Doc, "|\n"):
				t.Errorf("%s.%s: %q is no doc that a table can show", table.Name, c.Name, c.Doc)
			case fen != (c.Unit == "fen") || fen && c.Type != Int64:
				t.Errorf("%s.%s is %s of unit %q", table.Name, c.Name, c.Type, c.Unit)
			case c.Name == "bill_date":
				t.Errorf("%s.bill_date: it is in the path, not in the file", table.Name)
			}
			seen[c.Name] = true
		}
	}
}

// TestArrowTypes: files only have types that all engines read. Elements of lists are never
// NULL.
func TestArrowTypes(t *testing.T) {
	t.Parallel()
	allowed := map[Type]string{
		Int64: "int64", Int32: "int32", Bool: "bool", Text: "utf8", Timestamp: "timestamp[us, tz=UTC]",
		Texts: "list<item: utf8>", ShareList: "list<item: struct<merchant_no: utf8, amount_fen: int64>>",
	}
	for _, listed := range Tables {
		table := listed.Describe()
		fields := table.Arrow()
		if fields.NumFields() != len(table.Columns) {
			t.Fatalf("%s: %d Arrow fields of %d columns", table.Name, fields.NumFields(), len(table.Columns))
		}
		for i, c := range table.Columns {
			field := fields.Field(i)
			if field.Name != c.Name || field.Type.String() != allowed[c.Type] || field.Nullable == c.Required {
				t.Errorf("%s %s (required: %v) is %s in Arrow", c.Name, c.Type, c.Required, field)
			}
		}
	}
}

// TestAmountsAreColumns: every amount has one money column.
func TestAmountsAreColumns(t *testing.T) {
	t.Parallel()
	var b Bill
	for a := range AmountCount {
		b.Amounts[a] = Some(Fen(a) + 1)
		found, ok := AmountByField(a.Field())
		if ok == a.InRecord() || ok && found != a {
			t.Errorf("AmountByField(%q) = %v, %v", a.Field(), found, ok)
		}
	}
	var totals Totals
	if err := Bills.Tally(&totals, &b); err != nil {
		t.Fatal(err)
	}
	if len(totals.Fen) != int(AmountCount) {
		t.Errorf("%d sums of %d amounts", len(totals.Fen), AmountCount)
	}
	for a := range AmountCount {
		if got, want := totals.Fen[a.Column()], (Sum{Fen: Fen(a) + 1}); got != want {
			t.Errorf("%s: %+v, want %+v", a.Column(), got, want)
		}
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	var totals Totals
	for _, expected := range []Null[Fen]{Some[Fen](5), {}, Some[Fen](-7), {V: 99}} {
		if err := Exceptions.Tally(&totals, &Exception{Expected: expected}); err != nil {
			t.Fatal(err)
		}
	}
	want := Totals{Rows: 4, Fen: map[string]Sum{"expected_fen": {Fen: -2, Nulls: 2}, "actual_fen": {Nulls: 4}}}
	if diff := cmp.Diff(want, totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

// TestTallyDoesNotWrap: a sum that leaves int64, in either direction, is an error with the
// name of its column.
func TestTallyDoesNotWrap(t *testing.T) {
	t.Parallel()
	for _, amount := range []Fen{math.MaxInt64, math.MinInt64} {
		var totals Totals
		b := Bill{}
		b.Amounts[Goods] = Some(amount)
		if err := Bills.Tally(&totals, &b); err != nil {
			t.Fatalf("one bill of %d: %v", amount, err)
		}
		if err := Bills.Tally(&totals, &b); !errors.Is(err, ErrOverflow) || !strings.Contains(err.Error(), "bills.goods_fen") {
			t.Errorf("two bills of %d: %v, want ErrOverflow that names bills.goods_fen", amount, err)
		}
	}
}

// TestAppendKeepsNull: absent is NULL and not 0 or "", and times keep their microseconds.
func TestAppendKeepsNull(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 23, 59, 59, 123456789, China)
	full := Bill{GroupName: Some(""), BizType: Some(int32(0)), SettleTime: Some(at)}
	full.Amounts[Pay] = Some(Fen(0))
	batch := arrowOf(t, Bills, &full, &Bill{})
	for i, c := range Bills.Columns() {
		if null := batch.Column(i).IsNull(1); null == c.Required {
			t.Errorf("%s (required: %v) of an empty bill is NULL: %v", c.Name, c.Required, null)
		}
		switch c.Name {
		case "group_name", "biz_type", "pay_fen", "settle_time":
			if batch.Column(i).IsNull(0) {
				t.Errorf("%s is given and NULL", c.Name)
			}
		}
		if c.Name == "settle_time" {
			if got := batch.Column(i).(*array.Timestamp).Value(0); int64(got) != at.UnixMicro() {
				t.Errorf("settle_time is %d µs, want %d", got, at.UnixMicro())
			}
		}
	}
}

func TestDuckDBIsGolden(t *testing.T) {
	t.Parallel()
	golden(t, "sql/duckdb.sql", DuckDB("lake"))
}

// golden compares a text with the file, or with -update writes the file.
func golden(t *testing.T, path, made string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with: go test ./schema -update", err)
	}
	if diff := cmp.Diff(string(stored), made); diff != "" {
		t.Errorf("%s is stale; write it anew with: go test ./schema -update\n%s", path, diff)
	}
}

func TestDuckDBQuotes(t *testing.T) {
	t.Parallel()
	sql := DuckDB("s3://o'brien/lake/")
	if want := "read_parquet('s3://o''brien/lake/bills/*/*.parquet'"; !strings.Contains(sql, want) {
		t.Errorf("no %s in:\n%.400s", want, sql)
	}
}
