package schema

import (
	"fmt"
	"strings"
)

// unitValues are the SQL of the columns of units, of m, a manifest, and u, one of its units.
var unitValues = map[string]string{
	"account":    "u ->> '$.account.account'",
	"name":       "u ->> '$.account.name'",
	"day":        "CAST(m ->> '$.bill_date' AS DATE)",
	"state":      "u ->> '$.state'",
	"reason":     "COALESCE(u ->> '$.failure.reason', u ->> '$.certificate.unavailable.reason')",
	"logid":      "COALESCE(u ->> '$.failure.logid', u ->> '$.certificate.unavailable.logid')",
	"bills":      "CAST(u ->> '$.totals.rows' AS BIGINT)",
	"generation": "CAST(m ->> '$.generation' AS BIGINT)",
	"stale":      "COALESCE(CAST(u ->> '$.stale' AS BOOLEAN), false)",
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

// writeUnits writes the view units, of the manifests. Without any it has no rows.
func (t Description) writeUnits(sql *strings.Builder, manifests string) {
	fmt.Fprintf(sql, "\nCREATE OR REPLACE VIEW %s AS SELECT", t.Name)
	separator := ""
	for _, c := range t.Columns {
		fmt.Fprintf(sql, "%s\n  %s AS %s", separator, unitValues[c.Name], c.Name)
		separator = ","
	}
	fmt.Fprintf(sql, "\nFROM (\n  SELECT content::JSON AS m, unnest(json_extract(content, '$.units[*]')) AS u\n  FROM %s\n);\n", manifests)
	t.writeComments(sql)
}
