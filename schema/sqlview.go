package schema

import (
	"fmt"
	"strings"
)

// sqlView is a view: its columns, and what it reads.
type sqlView struct {
	name, doc string
	columns   []viewColumn
	with      string // common table expressions, or ""
	from      string // FROM and what follows
}

// viewColumn is a column of a view: the SQL of its value, its name, and what it is.
type viewColumn struct{ value, name, doc string }

// write writes the view, with comments as far as the dialect has them for views.
func (v sqlView) write(sql *strings.Builder, d Dialect) {
	fmt.Fprintf(sql, "\nCREATE OR REPLACE VIEW %s", v.name)
	if d == Spark {
		separator := " (\n  "
		for _, c := range v.columns {
			fmt.Fprintf(sql, "%s%s COMMENT %s", separator, d.quoteName(c.name), quoteComment(c.doc))
			separator = ",\n  "
		}
		fmt.Fprintf(sql, "\n) COMMENT %s", quoteComment(v.doc))
	}
	sql.WriteString(" AS " + v.with + "SELECT")
	separator := "\n  "
	for _, c := range v.columns {
		fmt.Fprintf(sql, "%s%s AS %s", separator, c.value, d.quoteName(c.name))
		separator = ",\n  "
	}
	sql.WriteString("\n" + v.from + ";\n")
	if d == DuckDBDialect || d == Trino {
		v.writeComments(sql, d)
	}
}

func (v sqlView) writeComments(sql *strings.Builder, d Dialect) {
	fmt.Fprintf(sql, "COMMENT ON VIEW %s IS %s;\n", v.name, quoteComment(v.doc))
	for _, c := range v.columns {
		fmt.Fprintf(sql, "COMMENT ON COLUMN %s.%s IS %s;\n", v.name, d.quoteName(c.name), quoteComment(c.doc))
	}
}

// quoteComment returns a comment as a literal of any dialect: they differ in how they write an
// apostrophe and a backslash.
func quoteComment(text string) string { return "'" + plainComment(text) + "'" }

func plainComment(text string) string {
	return strings.NewReplacer("'", "’", `\`, "/").Replace(text)
}

// storeNames is the view of the newest names of stores, which the views for people show
// beside ids.
var storeNames = sqlView{
	name: "store_names", doc: "每个门店最新的名称 / The newest name of each store.",
	columns: []viewColumn{
		{"poi_id", "poi_id", "门店 ID / the store"},
		{"max_by(poi_name, fetched_at)", "poi_name", "最新列表中的名称 / its name in the newest list"},
	},
	from: "FROM stores WHERE poi_id IS NOT NULL GROUP BY poi_id",
}

// doubtsView is the view of matched groups with an exception on one of their bills or
// settlements: 平账（存疑）. A forward bill is in the group of its item if there is one, else in
// that of its order.
var doubtsView = sqlView{
	name: "doubts",
	doc:  "平账（存疑）：每个平账而其账单或分账有异常的核对单元一行，及异常类型；早期版本文件中的分账不带核对单元 / One row per matched group with an exception on one of its bills or settlements, and the rules; settlements in files of earlier versions name no group.",
	columns: []viewColumn{
		{"s.bill_date", "bill_date", "账单日 / the day"},
		{"s.walk_account_id", "walk_account_id", "配置的账户，与 group_key 一起指明当天 reconciliation 的一行 / with group_key, the row of reconciliation on that day"},
		{"s.group_key", "group_key", "核对单元 / the group"},
		{"array_sort(array_agg(DISTINCT s.rule))", "rules", "异常类型 / the rules of the exceptions"},
	},
	with: `WITH bill AS (
  SELECT b.bill_date, b.walk_account_id, COALESCE(NULLIF(b.shop_order_id, ''), 'ext:' || NULLIF(b.order_ext_id, '')) AS order_key, b.item_order_id, e.rule
  FROM bills AS b JOIN exceptions AS e ON e.bill_date = b.bill_date AND e.account_id = b.account_id AND e.ledger_id = b.ledger_id
  WHERE b.settle_type = 1
),
suspect AS (
  SELECT b.bill_date, b.walk_account_id, COALESCE(i.group_key, b.order_key) AS group_key, b.rule
  FROM bill AS b
  LEFT JOIN reconciliation AS i ON i.bill_date = b.bill_date AND i.walk_account_id = b.walk_account_id AND i.group_key = b.order_key || '/' || b.item_order_id
  UNION ALL
  SELECT s.bill_date, s.walk_account_id, s.group_key, e.rule
  FROM settlements AS s JOIN exceptions AS e ON e.bill_date = s.bill_date AND e.settle_id = s.settle_id
)
`,
	from: `FROM suspect AS s JOIN reconciliation AS m ON m.bill_date = s.bill_date AND m.walk_account_id = s.walk_account_id AND m.group_key = s.group_key
WHERE m.verdict = 'matched'
GROUP BY s.bill_date, s.walk_account_id, s.group_key`,
}
