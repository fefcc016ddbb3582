package schema

import (
	"fmt"
	"strings"
)

// noted returns the values of the fields of a note, and what the notes are read from: in DuckDB
// line, the text of each, and otherwise the columns of an external table. The note is larger
// for one that was appended later. The lines are read as text: of a lake in which nobody has
// noted anything there is no file, and DuckDB then has no rows of text, where it refuses to
// read JSON.
func noted(d Dialect, lake lakeFiles, files jsonTable) (value func(field string) string, note, from string) {
	value = func(field string) string { return field }
	switch d {
	case DuckDBDialect:
		from = fmt.Sprintf("FROM (\n  SELECT unnest(lines)::JSON AS line, parse_filename(filename) || lpad(generate_subscripts(lines, 1)::VARCHAR, 9, '0') AS note\n"+
			"  FROM (SELECT filename, string_split(rtrim(content, chr(10)), chr(10)) AS lines FROM %s)\n)", lake.noteSource(files))
		return func(field string) string { return "line ->> '" + field + "'" }, "note", from
	case Spark:
		return value, "_metadata.file_name", "FROM " + files.name
	}
	return value, `"$path"`, "FROM " + files.name
}

const noteDoc = "所在文件（DuckDB 中还有行号）；同一时刻的记录，大的较晚 / names the file, in DuckDB and the line; of notes of one time the larger is the later"

// resolutions is the view of what people have settled by hand.
func resolutions(d Dialect, lake lakeFiles) sqlView {
	value, note, from := noted(d, lake, resolutionFiles)
	return sqlView{
		name: "resolutions", doc: "每条人工处理的差异一行（billwalk resolve）；每个订单以最后一条为准 / One row per difference that a person has settled by hand (billwalk resolve); the last one of an order counts.",
		columns: []viewColumn{
			{value("walk_account_id"), "walk_account_id", "配置的账户，即账单所属 / the configured account whose bills these are"},
			{value("order_key"), "order_key", "订单：group_key 去掉子订单 / the order: group_key without the item"},
			{value("reason"), "reason", "处理人所写的原因 / why it is settled, in the words of who says so"},
			{value("resolved_by"), "resolved_by", "处理人 / who says so"},
			{d.instant(value("resolved_at")), "resolved_at", "时间 / when"},
			{value("job"), "job", "所指的任务 / the job that was named"},
			{cast(value("diff_total_fen"), "BIGINT"), "diff_total_fen", "当时该订单的分账 - 账单，带符号；无法比较时为 NULL / settled - billed of the order then; NULL if it could not be compared; signed fen"},
			{value("amounts"), "amounts", "当时各分项（总额、服务费、佣金、净额）的账单,分账，单位分：现在若不同，订单重新算未了 / billed,settled of total;fee;commission;net then, in fen: where they are others now, the order is open again"},
			{note, "note", noteDoc},
		},
		from: from,
	}
}

// closings is the view of the days that people have closed.
func closings(d Dialect, lake lakeFiles) sqlView {
	value, note, from := noted(d, lake, closingFiles)
	return sqlView{
		name: "closings", doc: "每个人工结账的日子一行（billwalk close）；每天以最后一条为准 / One row per day that a person has closed (billwalk close, 结账); the last one of a day counts.",
		columns: []viewColumn{
			{cast(value("bill_date"), "DATE"), "bill_date", "账单日 / the day"},
			{value("job"), "job", "任务 / the job"},
			{value("closed_by"), "closed_by", "结账人 / who closed it"},
			{d.instant(value("closed_at")), "closed_at", "时间 / when"},
			{cast(value("generation"), "BIGINT"), "generation", "当时该日最高的代次 / the highest generation of the day then"},
			{note, "note", noteDoc},
		},
		from: from,
	}
}

// resolutionStates is the view of what resolutions are worth by the amounts of now. Its rule is
// that of Resolution.State, its amounts those of OrderAmounts.Fingerprint.
func resolutionStates(d Dialect) sqlView {
	var open []string
	for _, v := range Verdicts {
		if v.Open() {
			open = append(open, quoteSQL(string(v)))
		}
	}
	sum := func(side string, leg Leg) string {
		return "COALESCE(" + cast(fmt.Sprintf("sum(r.%s_%s_fen)", side, leg), d.text()) + ", '')"
	}
	var sums []string
	for leg := range LegCount {
		sums = append(sums, sum("billed", leg)+" || ',' || "+sum("settled", leg))
	}
	v := sqlView{
		name: "resolution_states",
		doc:  "每个订单最后一条处理，及现在是否仍成立：resolved 成立；reopened 金额已变，重新未了；cleared 已无未了 / The last resolution of each order, and whether it holds: resolved; reopened, since the amounts of the order are others now; or cleared, since nothing of it is open any more.",
		with: fmt.Sprintf(resolutionStatesWith, strings.Join(sums, "\n    || ';' || "), strings.Join(open, ", ")),
		from: "FROM latest AS l LEFT JOIN orders AS o ON o.walk_account_id = l.walk_account_id AND o.order_key = l.order_key",
	}
	for _, c := range resolutions(d, lakeFiles{}).columns {
		v.columns = append(v.columns, viewColumn{"l." + c.name, c.name, c.doc})
	}
	v.columns = append(v.columns,
		viewColumn{"o.amounts_now", "amounts_now", "现在的 amounts / amounts, of now"},
		viewColumn{"CASE WHEN NOT COALESCE(o.is_open, false) THEN 'cleared' WHEN o.amounts_now = l.amounts THEN 'resolved' ELSE 'reopened' END", "state", "resolved 成立、reopened 重新未了、cleared 已无未了 / resolved, reopened or cleared"})
	return v
}

const resolutionStatesWith = `WITH latest AS (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY walk_account_id, order_key ORDER BY resolved_at DESC, note DESC) AS place FROM resolutions
  ) AS every_resolution
  WHERE place = 1
),
orders AS (
  SELECT
    r.walk_account_id, l.order_key,
    %s AS amounts_now,
    bool_or(r.verdict IN (%s)) AS is_open
  FROM reconciliation AS r
  JOIN latest AS l ON l.walk_account_id = r.walk_account_id
    AND l.order_key = substr(r.group_key, 1, length(r.group_key) - COALESCE(length(r.item_order_id) + 1, 0))
  GROUP BY r.walk_account_id, l.order_key
)
`

// changesAfterClosing is the view of the restatements that came too late.
func changesAfterClosing() sqlView {
	v := sqlView{
		name: "changes_after_closing",
		doc:  "结账之后的变更，restatements 的行；几个任务共用数据湖时，以最先结账的为准 / The rows of restatements that came after their day was closed (结账后变更); where several jobs share the lake, after the first of them had closed it.",
		columns: []viewColumn{
			{"c.closed_by", "closed_by", "结账人 / who closed the day"},
			{"c.closed_at", "closed_at", "时间 / when"},
			{"c.generation", "closed_generation", "当时该日最高的代次 / the highest generation of the day then"},
			{"r.bill_date", "bill_date", "账单日 / the day"},
		},
		with: `WITH latest AS (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY job, bill_date ORDER BY closed_at DESC, note DESC) AS place FROM closings
  ) AS every_closing
  WHERE place = 1
),
first_closed AS (
  SELECT * FROM (
    SELECT bill_date, closed_by, closed_at, generation, row_number() OVER (PARTITION BY bill_date ORDER BY closed_at, job) AS place FROM latest
  ) AS of_jobs
  WHERE place = 1
)
`,
		from: "FROM restatements AS r JOIN first_closed AS c ON c.bill_date = r.bill_date AND r.restated_at > c.closed_at",
	}
	for _, c := range Restatements.Describe().Columns {
		v.columns = append(v.columns, viewColumn{"r." + c.Name, c.Name, c.ChineseDoc + " / " + c.Doc})
	}
	return v
}

// labelledNotes are the views of notes for people.
func labelledNotes(d Dialect) []sqlView {
	difference := func(label string) viewColumn {
		return viewColumn{d.yuan("diff_total_fen"), d.unit(label, "元"), "分账 - 账单；无法比较时为空"}
	}
	return []sqlView{
		{
			name: d.nameForPeople("resolution_states", "差异处理"), doc: "人工处理过的差异，每个订单最后一次，及现在是否仍成立。",
			columns: []viewColumn{
				{"walk_account_id", "查询账户", "jobs.yaml 中配置的账户"}, {"order_key", "订单", "订单"}, difference("处理时差额"),
				{"CASE state WHEN 'resolved' THEN '已处理' WHEN 'cleared' THEN '已核平' ELSE '金额已变，重新打开' END", "状态", "处理现在是否仍成立"},
				{"reason", "处理说明", "处理人的话"}, {"resolved_by", "处理人", "谁处理的"}, {"resolved_at", "处理时间", "何时处理的"},
			},
			from: "FROM resolution_states",
		},
		{
			name: d.nameForPeople("closings", "结账"), doc: "人工结账的日子。",
			columns: []viewColumn{
				{"bill_date", "账单日期", "账单日"}, {"job", "任务", "任务"}, {"closed_by", "结账人", "谁结的账"}, {"closed_at", "结账时间", "何时结账"},
				{"generation", "批次", "结账时该日的最高批次"},
			},
			from: "FROM closings",
		},
		{
			name: d.nameForPeople("changes_after_closing", "结账后变更"), doc: "结账之后有变更的账单。",
			columns: []viewColumn{
				{"bill_date", "账单日期", "账单日"}, {"walk_account_id", "查询账户", "jobs.yaml 中配置的账户"}, {"ledger_id", "账单ID", "账单"},
				{"shop_order_id", "订单号", "订单"}, {"change", "变动", "增加、删除或变更"},
				{d.yuan("diff_total_fen"), d.unit("应结算差额", "元"), "变更后 - 变更前；未知时为空"},
				{"restated_at", "变更时间", "何时发现"}, {"closed_by", "结账人", "谁结的账"}, {"closed_at", "结账时间", "何时结账"},
			},
			from: "FROM changes_after_closing",
		},
	}
}
