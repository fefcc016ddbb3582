package schema

import (
	"fmt"
	"strings"
)

// noteViews returns the SQL of the views of what people have noted. The lines are read as
// text: of a lake in which nobody has noted anything there is no file, and DuckDB then has no
// rows of text, where it refuses to read JSON.
func noteViews(lake string) string {
	var open []string
	for _, v := range Verdicts {
		if v.Open() {
			open = append(open, quoteSQL(string(v)))
		}
	}
	var fingerprint, sums []string
	for leg := range LegCount {
		for _, side := range []string{"billed", "settled"} {
			fingerprint = append(fingerprint, fmt.Sprintf("COALESCE(sum(%s_%s_fen)::VARCHAR, '')", side, leg))
		}
		sums = append(sums, strings.Join(fingerprint[len(fingerprint)-2:], " || ',' || "))
	}
	return fmt.Sprintf(noteViewsSQL, notedLines(lake+"/resolutions/*.jsonl"), notedLines(lake+"/closings/*.jsonl"),
		strings.Join(sums, "\n    || ';' || "), strings.Join(open, ", "))
}

// notedLines returns the SQL of the lines of the files: line, and note, which is larger for
// one that was appended later.
func notedLines(files string) string {
	return fmt.Sprintf("(\n  SELECT unnest(lines)::JSON AS line, parse_filename(filename) || lpad(generate_subscripts(lines, 1)::VARCHAR, 9, '0') AS note\n"+
		"  FROM (SELECT filename, string_split(rtrim(content, chr(10)), chr(10)) AS lines FROM read_text(%s))\n)", quoteSQL(files))
}

const noteViewsSQL = `
-- What people have noted by hand, which changes nothing in the tables.

CREATE OR REPLACE VIEW resolutions AS SELECT
  line->>'walk_account_id' AS walk_account_id,
  line->>'order_key' AS order_key,
  line->>'reason' AS reason,
  line->>'resolved_by' AS resolved_by,
  (line->>'resolved_at')::TIMESTAMPTZ AS resolved_at,
  line->>'job' AS job,
  (line->>'diff_total_fen')::BIGINT AS diff_total_fen,
  line->>'amounts' AS amounts,
  note
FROM %s;
COMMENT ON VIEW resolutions IS 'One row per difference that a person has settled by hand (billwalk resolve); the last one of an order counts.';
COMMENT ON COLUMN resolutions.walk_account_id IS 'the configured account whose bills these are';
COMMENT ON COLUMN resolutions.order_key IS 'the order: group_key without the item';
COMMENT ON COLUMN resolutions.reason IS 'why it is settled, in the words of who says so';
COMMENT ON COLUMN resolutions.resolved_by IS 'who says so';
COMMENT ON COLUMN resolutions.resolved_at IS 'when';
COMMENT ON COLUMN resolutions.job IS 'the job that was named';
COMMENT ON COLUMN resolutions.diff_total_fen IS 'settled - billed of the order then; NULL if it could not be compared; signed fen';
COMMENT ON COLUMN resolutions.amounts IS 'billed,settled of total;fee;commission;net then, in fen: where they are others now, the order is open again';
COMMENT ON COLUMN resolutions.note IS 'names the line; of notes of one time the larger is the later';

CREATE OR REPLACE VIEW closings AS SELECT
  (line->>'bill_date')::DATE AS bill_date,
  line->>'job' AS job,
  line->>'closed_by' AS closed_by,
  (line->>'closed_at')::TIMESTAMPTZ AS closed_at,
  (line->>'generation')::BIGINT AS generation,
  note
FROM %s;
COMMENT ON VIEW closings IS 'One row per day that a person has closed (billwalk close, 结账); the last one of a day counts.';
COMMENT ON COLUMN closings.bill_date IS 'the day';
COMMENT ON COLUMN closings.job IS 'the job';
COMMENT ON COLUMN closings.closed_by IS 'who closed it';
COMMENT ON COLUMN closings.closed_at IS 'when';
COMMENT ON COLUMN closings.generation IS 'the highest generation of the day then';
COMMENT ON COLUMN closings.note IS 'names the line; of notes of one time the larger is the later';

CREATE OR REPLACE VIEW resolution_states AS
WITH latest AS (
  SELECT * FROM resolutions QUALIFY row_number() OVER (PARTITION BY walk_account_id, order_key ORDER BY resolved_at DESC, note DESC) = 1
),
orders AS (
  SELECT
    r.walk_account_id, l.order_key,
    %s AS amounts_now,
    bool_or(r.verdict IN (%s)) AS is_open
  FROM reconciliation AS r
  JOIN latest AS l ON l.walk_account_id = r.walk_account_id
    AND l.order_key = left(r.group_key, length(r.group_key) - COALESCE(length(r.item_order_id) + 1, 0))
  GROUP BY ALL
)
SELECT
  l.*, o.amounts_now,
  CASE WHEN o.is_open IS NOT TRUE THEN 'cleared' WHEN o.amounts_now = l.amounts THEN 'resolved' ELSE 'reopened' END AS state
FROM latest AS l LEFT JOIN orders AS o USING (walk_account_id, order_key);
COMMENT ON VIEW resolution_states IS 'The last resolution of each order, and whether it holds: resolved; reopened, since the amounts of the order are others now; or cleared, since nothing of it is open any more.';

CREATE OR REPLACE VIEW changes_after_closing AS
WITH latest AS (
  SELECT * FROM closings QUALIFY row_number() OVER (PARTITION BY job, bill_date ORDER BY closed_at DESC, note DESC) = 1
)
SELECT c.closed_by, c.closed_at, c.generation AS closed_generation, r.*
FROM restatements AS r
JOIN (SELECT * FROM latest QUALIFY row_number() OVER (PARTITION BY bill_date ORDER BY closed_at, job) = 1) AS c
  ON c.bill_date = r.bill_date AND r.restated_at > c.closed_at;
COMMENT ON VIEW changes_after_closing IS 'The rows of restatements that came after their day was closed (结账后变更); where several jobs share the lake, after the first of them had closed it.';

CREATE OR REPLACE VIEW "差异处理" AS SELECT
  walk_account_id AS "查询账户", order_key AS "订单", (diff_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "处理时差额(元)",
  CASE state WHEN 'resolved' THEN '已处理' WHEN 'cleared' THEN '已核平' ELSE '金额已变，重新打开' END AS "状态",
  reason AS "处理说明", resolved_by AS "处理人", resolved_at AS "处理时间"
FROM resolution_states;

CREATE OR REPLACE VIEW "结账" AS SELECT
  bill_date AS "账单日期", job AS "任务", closed_by AS "结账人", closed_at AS "结账时间", generation AS "批次"
FROM closings;

CREATE OR REPLACE VIEW "结账后变更" AS SELECT
  bill_date AS "账单日期", walk_account_id AS "查询账户", ledger_id AS "账单ID", shop_order_id AS "订单号", change AS "变动",
  (diff_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "应结算差额(元)", restated_at AS "变更时间", closed_by AS "结账人", closed_at AS "结账时间"
FROM changes_after_closing;
`
