package schema

import (
	"fmt"
	"strings"
)

// unitPaths are where the columns of units are in m, a manifest, and u, one of its units: of
// several, the first that is there.
var unitPaths = map[string][]string{
	"account":    {"u.account.account"},
	"name":       {"u.account.name"},
	"day":        {"m.bill_date"},
	"state":      {"u.state"},
	"reason":     {"u.failure.reason", "u.certificate.unavailable.reason"},
	"logid":      {"u.failure.logid", "u.certificate.unavailable.logid"},
	"bills":      {"u.totals.rows"},
	"generation": {"m.generation"},
	"stale":      {"u.stale"},
}

// units describes the view units, which is not a table: the manifests have its rows.
var units = Description{
	Name: "units", Label: "完整性",
	Doc:        "One row per account and day, from the manifests: also of an account that failed, which has no row in the tables.",
	ChineseDoc: "每个账户每天一行，取自清单；失败的账户在各表中没有行，这里有。",
	Columns: []Column{
		{Name: "account", Label: "查询账户", Type: Text, Doc: "the configured account", ChineseDoc: "jobs.yaml 中配置的账户"},
		{Name: "name", Label: "名称", Type: Text, Doc: "its name in the list of accounts", ChineseDoc: "账户清单中的名称"},
		{Name: "day", Label: "账单日期", Type: "DATE", Doc: "the bill_date", ChineseDoc: "账单日（北京时间）"},
		{Name: "state", Label: "状态", Type: Text, Doc: "complete, unavailable (withdrawn manually) or failed", ChineseDoc: "complete 完整、unavailable 平台不提供（手动提现）、failed 失败"},
		{Name: "reason", Label: "原因", Type: Text, Doc: "why it is not complete", ChineseDoc: "为何不完整"},
		{Name: "logid", Label: "日志ID", Type: Text, Doc: "the platform's id of that answer", ChineseDoc: "平台该次应答的日志 ID"},
		{Name: "bills", Label: "账单数", Type: Int64, Doc: "its published bills", ChineseDoc: "已发布的账单数"},
		{Name: "generation", Label: "批次", Type: Int64, Doc: "generation of the day's publication", ChineseDoc: "该日发布的批次"},
		{Name: "stale", Label: "沿用旧数据", Type: Bool, Doc: "its rows are those of an earlier run", ChineseDoc: "各表中是较早一次运行的数据"},
	},
}

// unitsFrom is the SQL of every manifest m and each of its units u, of an engine's external table.
var unitsFrom = map[Dialect]string{
	Spark:  "FROM manifest_files AS m LATERAL VIEW explode(m.units) e AS u",
	Trino:  unnestUnits,
	Athena: unnestUnits,
}

// UNNEST makes columns of the fields of a row, but for a row of rows.
const unnestUnits = "FROM manifest_files AS m CROSS JOIN UNNEST(transform(m.units, one -> ROW(one))) AS e (u)"

// unitsView returns the view units. In DuckDB it reads the manifests, content; without any it
// has no rows.
func unitsView(d Dialect, manifests string) sqlView {
	v := sqlView{name: units.Name, doc: units.ChineseDoc + " / " + units.Doc, from: unitsFrom[d]}
	if d == DuckDBDialect {
		v.from = "FROM (\n  SELECT content::JSON AS m, unnest(json_extract(content, '$.units[*]')) AS u\n  FROM " + manifests + "\n)"
	}
	for _, c := range units.Columns {
		var values []string
		for _, path := range unitPaths[c.Name] {
			value := path
			if from, field, _ := strings.Cut(path, "."); d == DuckDBDialect {
				value = fmt.Sprintf("%s ->> '$.%s'", from, field)
			}
			if c.Type != Text {
				value = fmt.Sprintf("CAST(%s AS %s)", value, c.Type)
			}
			values = append(values, value)
		}
		if c.Type == Bool {
			values = append(values, "false") // it is left out
		}
		value := values[0]
		if len(values) > 1 {
			value = "COALESCE(" + strings.Join(values, ", ") + ")"
		}
		v.columns = append(v.columns, viewColumn{value, c.Name, c.comment()})
	}
	return v
}
