package schema

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// duckDB runs SQL and returns what it prints. It skips the test if there is no duckdb
// command, unless the environment requires one.
func duckDB(t *testing.T, mode, sql string) string {
	t.Helper()
	if _, err := exec.LookPath("duckdb"); err != nil {
		if os.Getenv("BILLWALK_REQUIRE_DUCKDB") != "" {
			t.Fatal("BILLWALK_REQUIRE_DUCKDB is set and there is no duckdb on the PATH")
		}
		t.Skip("no duckdb on the PATH: what DuckDB makes of the SQL is not checked")
	}
	cmd := exec.CommandContext(t.Context(), "duckdb", "-no-init", "-bail", mode)
	cmd.Stdin = strings.NewReader("SET TimeZone = 'Asia/Shanghai';\n" + sql)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil || errOut.Len() > 0 {
		t.Fatalf("duckdb: %v\n%s", err, errOut.String())
	}
	return out.String()
}

// emptyTables returns the SQL that creates the published tables as their views have them.
func emptyTables() string {
	var sql strings.Builder
	for _, listed := range Tables {
		table := listed.Describe()
		fmt.Fprintf(&sql, "CREATE TABLE %s (bill_date DATE", table.Name)
		for _, c := range table.Columns {
			fmt.Fprintf(&sql, ", %s %s", c.Name, c.Type)
		}
		sql.WriteString(");\n")
	}
	sql.WriteString("CREATE TABLE units (account VARCHAR, name VARCHAR, day DATE, state VARCHAR, reason VARCHAR, logid VARCHAR, bills BIGINT, generation BIGINT, stale BOOLEAN);\n")
	for _, v := range []sqlView{storeNames, doubtsView, accountNames(DuckDBDialect), billStates, balances,
		resolutions(DuckDBDialect, lakeFiles{lake: "lake"}), closings(DuckDBDialect, lakeFiles{lake: "lake"}), resolutionStates(DuckDBDialect), changesAfterClosing()} {
		v.write(&sql, DuckDBDialect)
	}
	return sql.String()
}

// smallLake returns the SQL of three days of two accounts, with rows for every analyst
// query; its verdicts are those of reconcile.sql.
func smallLake(t *testing.T) string {
	t.Helper()
	rows, err := os.ReadFile("testdata/small_lake.sql")
	if err != nil {
		t.Fatal(err)
	}
	rules := []Match{{"order_id", "shop_order_id"}, {"out_order_no", "order_ext_id"}}
	return emptyTables() + string(rows) + reconcileSQL(0, 7, true, rules) + "INSERT INTO reconciliation BY NAME FROM reconciled;\n" +
		`CREATE OR REPLACE VIEW closings AS SELECT DATE '2026-11-20' AS bill_date, 'nightly' AS job, '张' AS closed_by, TIMESTAMPTZ '2026-11-22 01:00:00+00' AS closed_at, 1 AS generation, '' AS note;
		CREATE OR REPLACE VIEW resolutions AS SELECT '' AS walk_account_id, '' AS order_key, '' AS reason, '' AS resolved_by, now() AS resolved_at, '' AS job, 0 AS diff_total_fen, '' AS amounts, '' AS note WHERE false;
		INSERT INTO restatements (bill_date, walk_account_id, ledger_id, change, diff_total_fen, diff_goods_fen, old_generation, new_generation, restated_at) VALUES
			('2026-11-20', '71', 'L01', 'changed', -100, -90, 1, 2, TIMESTAMPTZ '2026-11-22 00:59:59+00'), ('2026-11-20', '71', 'L02', 'changed', -200, NULL, 2, 3, TIMESTAMPTZ '2026-11-22 01:00:01+00'),
			('2026-11-21', '71', 'L03', 'added', 300, 290, 1, 2, TIMESTAMPTZ '2026-11-23 00:00:00+00');
`
}

// TestAnalysis runs every analyst query on the small lake.
func TestAnalysis(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("sql/analysis/*.sql")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no analyst queries: %v", err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".sql")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			query, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			types := "CREATE TEMP VIEW asked AS " + string(query) +
				"SELECT column_name FROM duckdb_columns() WHERE table_name = 'asked' AND (data_type IN ('DOUBLE', 'FLOAT')" +
				" OR (data_type = 'DECIMAL(18,2)') <> (column_name LIKE '%_yuan' OR column_name LIKE '%_percent'));\n"
			if wrong := duckDB(t, "-list", ".headers off\n"+smallLake(t)+types); wrong != "" {
				t.Errorf("not DECIMAL(18,2), or not said to be: %s", wrong)
			}
			golden(t, "testdata/"+name+".txt", duckDB(t, "-markdown", ".nullvalue NULL\n"+smallLake(t)+string(query)))
		})
	}
}

// TestLabelledViews reads the small lake as people do.
func TestLabelledViews(t *testing.T) {
	t.Parallel()
	sql := smallLake(t) + `INSERT INTO bills (ledger_id, biz_type, settle_type, settle_sub_type, fund_amount_type) VALUES
		('L91', 1, 1, NULL, 0), ('L92', NULL, 4, 21, 1), ('L93', 3, 4, 32, 1), ('L94', 0, 5, 0, NULL), ('L95', 2, 6, 29, 7);
		INSERT INTO restatements (settle_type, settle_sub_type) VALUES (2, 33);`
	noted := regexp.MustCompile(`VIEW (resolution|closings|changes_after)`) // of what nobody has noted there are no rows
	for _, statement := range strings.SplitAfter(DuckDB("lake"), ";\n") {
		if strings.Contains(statement, `VIEW "`) || noted.MatchString(statement) || strings.Contains(statement, `ON COLUMN "`) {
			sql += statement
		}
	}
	sql += `SELECT "账单日期", "查询账户", "核对单元", "对账结论", "账单金额(元)", "分账金额(元)", "金额差额(元)", "平台服务费差额(元)", "退款金额(元)", "扣款及其他金额(元)"
		FROM 对账 ORDER BY ALL;
		SELECT "账单ID", "实付(元)", "应结算(元)" FROM 账单 WHERE "账单ID" = 'L01';
		SELECT "账单ID", "业务类型", "业务类型含义", "结算类型", "结算类型含义", "子结算类型", "子结算类型含义", "入账出账", "入账出账含义" FROM 账单 WHERE "账单ID" > 'L90' ORDER BY ALL;
		SELECT "结算类型含义", "子结算类型含义" FROM 账单变更;
		SELECT "核对单元", "原因", "原因含义", "匹配方式含义", "处理" FROM 对账 WHERE "账单日期" = '2026-11-20' ORDER BY ALL;
		SELECT "异常类型", "异常类型含义", "错误、提醒", "处理" FROM 异常;
		SELECT * FROM 余额调节 WHERE "日期" IS NOT NULL AND "收款账户" IS NOT NULL ORDER BY ALL;
		SELECT "核对单元", "对账结论", "存疑" FROM 对账 WHERE "存疑" IS NOT NULL;
		SELECT "结算时间(北京时间)", timezone('Asia/Shanghai', "结算时间") = "结算时间(北京时间)" AS "同" FROM 账单 WHERE "账单ID" = 'L01';
		SELECT "名称", "状态", "原因", "账单数" FROM 完整性 ORDER BY ALL;
		SELECT count(*) AS "异常" FROM 异常; SELECT count(*) AS "账单变更" FROM 账单变更; SELECT count(*) AS "分账" FROM 分账;`
	golden(t, "testdata/labelled_views.txt", duckDB(t, "-markdown", ".nullvalue NULL\n"+sql))
}

// TestLabels: every column has a Chinese name, unique in its table.
func TestLabels(t *testing.T) {
	t.Parallel()
	for _, listed := range Tables {
		table := listed.Describe()
		seen := map[string]string{"账单日期": "bill_date"}
		for _, c := range table.Columns {
			if other, taken := seen[c.Label]; c.Label == "" || taken || strings.ContainsAny(c.Label, `"(`) && c.Type != ShareList {
				t.Errorf("%s.%s: label %q (taken by %q)", table.Name, c.Name, c.Label, other)
			}
			seen[c.Label] = c.Name
		}
	}
}

// TestAbsentTables: of an optional table without a file the view has no rows and the types of
// the table, and what is made of it has none either.
func TestAbsentTables(t *testing.T) {
	t.Parallel()
	lake := t.TempDir()
	var sql strings.Builder
	Stores.Describe().writeView(&sql, "")
	storeNames.write(&sql, DuckDBDialect)
	Stores.Describe().labelledView(DuckDBDialect).write(&sql, DuckDBDialect)
	sql.WriteString(`SELECT count(*) FROM stores; SELECT count(*) FROM store_names; SELECT count(*) FROM 门店; SELECT typeof(any_value(fetched_at)), typeof(any_value(bill_date)) FROM stores;`)
	if got, want := duckDB(t, "-list", ".headers off\n"+sql.String()), "0\n0\n0\nTIMESTAMP WITH TIME ZONE|DATE\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if with := DuckDB(lake, Stores.Name); strings.Contains(with, "/stores/") || !strings.Contains(DuckDB(lake), "/stores/") {
		t.Errorf("files of stores are read where there are none, or not where there are: %s", with)
	}
}

// TestOddFolders: the name of a lake's folder is no pattern, beside folders that it would match.
func TestOddFolders(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	var files, queries strings.Builder
	lakes := []string{"lake[1]", "lake1", "l*", "lake?", "lake{1,2}", "100% o'ne 湖", "env=prod"}
	for _, name := range lakes {
		lake := filepath.Join(parent, name)
		folder := filepath.Join(lake, Restatements.Name, "bill_date=2026-10-31")
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&files, "COPY (SELECT %s AS lake) TO %s (FORMAT parquet);\n", quoteSQL(name), quoteSQL(filepath.Join(folder, "bucket-000.parquet")))
		fmt.Fprintf(&queries, "SELECT lake, bill_date\n%s;\n", lakeFiles{lake: lake}.source(Restatements.Describe()))
	}
	want := strings.Join(lakes, "|2026-10-31\n") + "|2026-10-31\n"
	if got := duckDB(t, "-list", ".headers off\n"+files.String()+queries.String()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestYuanInSQL: no digit is lost, and an amount beyond DECIMAL(18,2) is an error.
func TestYuanInSQL(t *testing.T) {
	t.Parallel()
	var sql strings.Builder
	amounts := []Fen{0, 1, -1, 10, -123456, 900719925474099301, 999999999999999999, -999999999999999999}
	var want strings.Builder
	for _, amount := range amounts {
		fmt.Fprintf(&sql, "SELECT %s FROM (SELECT %d::BIGINT AS fen);\n", DuckDBDialect.yuan("fen"), amount)
		want.WriteString(amount.Yuan() + "\n")
	}
	fmt.Fprintf(&sql, "SELECT %s FROM (SELECT 9223372036854775807::BIGINT AS fen);\n", strings.Replace(DuckDBDialect.yuan("fen"), "::DECIMAL(18,2)", "", 1))
	want.WriteString("92233720368547758.07\n")
	if diff := cmp.Diff(want.String(), duckDB(t, "-list", ".headers off\n"+sql.String())); diff != "" {
		t.Errorf("yuan (-want +got):\n%s", diff)
	}
}

// TestUnits reads the view units of manifests: of this version, of one that lacked most keys,
// of a day without units, and of a lake without manifests, which has no rows.
func TestUnits(t *testing.T) {
	t.Parallel()
	lake := filepath.Join(t.TempDir(), "it's")
	view := func() string {
		var sql strings.Builder
		unitsView(DuckDBDialect, lakeFiles{lake: lake}.manifestSource()).write(&sql, DuckDBDialect)
		units.labelledView(DuckDBDialect).write(&sql, DuckDBDialect)
		return sql.String()
	}
	if got := duckDB(t, "-list", ".headers off\n"+view()+`SELECT count(*) FROM units; SELECT count(*) FROM 完整性;`); got != "0\n0\n" {
		t.Errorf("without manifests: %q", got)
	}
	for name, manifest := range map[string]string{
		"lake.json": `{"buckets":2}`,
		"bill_date=2026-11-20/bucket-000.json": `{"version":1,"bill_date":"2026-11-20","generation":3,"units":[
			{"account":{"account":"7113893944009705516","root":true,"name":"甲 \"店\""},"state":"complete","totals":{"rows":7}},
			{"account":{"account":"72"},"state":"failed","stale":true,"totals":{"rows":2},"failure":{"code":1,"reason":"商户未授权","logid":"l1"}},
			{"account":{"account":"73"},"state":"unavailable","totals":{"rows":0},"certificate":{"unavailable":{"reason":"非自动提现","logid":"l2"}}}]}`,
		"bill_date=2026-11-20/bucket-001.json": `{"version":1,"bill_date":"2026-11-20","units":[{"account":{"account":"74"},"state":"complete"}]}`,
		"bill_date=2026-11-21/bucket-000.json": `{"version":1,"bill_date":"2026-11-21","units":[]}`,
		"bill_date=2026-11-21/bucket-001.json": `{"version":1,"bill_date":"2026-11-21","units":null}`,
	} {
		path := filepath.Join(lake, "_manifests", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(manifest), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const want = `account|name|day|state|reason|logid|bills|generation|stale
7113893944009705516|甲 "店"|2026-11-20|complete|-|-|7|3|false
72|-|2026-11-20|failed|商户未授权|l1|2|3|true
73|-|2026-11-20|unavailable|非自动提现|l2|0|3|false
74|-|2026-11-20|complete|-|-|-|-|false
状态
失败
完整
平台不提供
`
	if diff := cmp.Diff(want, duckDB(t, "-list", ".nullvalue -\n"+view()+`SELECT * FROM units ORDER BY ALL; SELECT DISTINCT "状态" FROM 完整性 ORDER BY ALL;`)); diff != "" {
		t.Errorf("units (-want +got):\n%s", diff)
	}
}

// TestSumsOfNothing: a query whose last row is a sum has that row, and no other, where there is
// nothing to add up. Spark has no row for the grouping set () of no rows: the queries do not rely on one.
func TestSumsOfNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"causes", "open_ages", "changes_after_close"} {
		query, err := os.ReadFile("sql/analysis/" + name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		text := string(query)
		if got := duckDB(t, "-list", ".headers off\n"+emptyTables()+"CREATE VIEW asked AS "+text+"SELECT count(*) FROM asked;\n"); got != "1\n" {
			t.Errorf("%s has %s rows", name, got)
		}
	}
}

// TestCommentsAreBilingual: a comment of a table or view with an English name, and of each of their columns, is in Chinese
// and in English; of a view for people it is in Chinese.
func TestCommentsAreBilingual(t *testing.T) {
	t.Parallel()
	comments := regexp.MustCompile(`COMMENT ON (?:VIEW|COLUMN) (\S+) IS '(.*)';\n`).FindAllStringSubmatch(DuckDB("lake"), -1)
	if len(comments) < 300 {
		t.Errorf("%d comments", len(comments))
	}
	for _, c := range comments {
		name, text := c[1], c[2]
		chinese, english := regexp.MustCompile(`\p{Han}`).MatchString(text), strings.Contains(text, " / ")
		if !chinese || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_.") == "" && !english {
			t.Errorf("%s: %s", name, text)
		}
	}
}
