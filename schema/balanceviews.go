package schema

import (
	"regexp"
	"strings"
)

// balanceViews returns the SQL of the views of what waits in the accounts. Where no day has a
// bill that a withdrawal pays, and no exception says so, the bill is of a day before the first.
func balanceViews() string {
	sql := strings.ReplaceAll(balanceViewsSQL, "$NOT_IN_BILLS", quoteSQL(string(RuleWithdrawnNotInBills)))
	return yuanOf.ReplaceAllStringFunc(sql, func(call string) string { return DuckDBDialect.yuan(yuanOf.FindStringSubmatch(call)[1]) })
}

// yuanOf is a column of fen that the views show in yuan.
var yuanOf = regexp.MustCompile(`\$YUAN\((\w+)\)`)

const balanceViewsSQL = `
-- What waits in the accounts to be withdrawn. Without withdrawals, balances has no rows.

CREATE OR REPLACE VIEW account_names AS
SELECT account_id, COALESCE(max(listed), max(configured)) AS name
FROM (
  SELECT account_id, arg_max(account_name, fetched_at) AS listed, NULL AS configured FROM stores GROUP BY account_id
  UNION ALL
  SELECT account, NULL, arg_max(name, day) FROM units GROUP BY account
)
GROUP BY account_id;
COMMENT ON VIEW account_names IS 'The name of each account: the newest that the lists of stores have, else that of the list of accounts.';

CREATE OR REPLACE VIEW bill_states AS
WITH paid AS (
  SELECT DISTINCT b.ledger_id, b.settle_type, COALESCE(b.settle_sub_type, 0) AS settle_sub_type
  FROM withdrawn_bills AS b JOIN withdrawals AS w USING (bill_date, account_id, withdraw_id)
  WHERE w.verdict IN ('tied', 'mismatched')
),
bill AS ( -- of a bill that several days have, the first
  SELECT
    bill_date, account_id, walk_account_id, ledger_id, settle_type, COALESCE(settle_sub_type, 0) AS settle_sub_type,
    COALESCE(fund_amount_fen, goods_fen) AS amount_fen
  FROM bills
  WHERE COALESCE(counted, true)
  QUALIFY row_number() OVER (PARTITION BY account_id, ledger_id, settle_type, COALESCE(settle_sub_type, 0) ORDER BY bill_date, walk_account_id) = 1
)
SELECT
  b.*,
  CASE WHEN b.amount_fen IS NULL THEN 'not_withdrawable' WHEN p.ledger_id IS NULL THEN 'waiting' ELSE 'withdrawn' END AS state
FROM bill AS b LEFT JOIN paid AS p USING (ledger_id, settle_type, settle_sub_type);

CREATE OR REPLACE VIEW balances AS
WITH listed AS ( -- by the withdrawals that are paid; of a bill that two of them list, the first
  SELECT
    b.bill_date, b.account_id, b.ledger_id, b.settle_type, COALESCE(b.settle_sub_type, 0) AS settle_sub_type,
    COALESCE(b.fund_amount_fen, b.goods_fen) AS amount_fen
  FROM withdrawn_bills AS b JOIN withdrawals AS w USING (bill_date, account_id, withdraw_id)
  WHERE w.verdict IN ('tied', 'mismatched')
  QUALIFY row_number() OVER (
    PARTITION BY b.ledger_id, b.settle_type, COALESCE(b.settle_sub_type, 0) ORDER BY b.bill_date, w.launch_time, b.account_id, b.withdraw_id) = 1
),
unknown AS (
  SELECT DISTINCT bill_date, ledger_id FROM exceptions WHERE rule = $NOT_IN_BILLS
),
movement AS (
  SELECT
    bill_date, account_id, greatest(amount_fen, 0) AS in_fen, greatest(-amount_fen, 0) AS out_fen, 0 AS withdrawn_fen, 0 AS earlier_fen, 0 AS listed_fen,
    state, amount_fen
  FROM bill_states
  UNION ALL
  SELECT bill_date, account_id, 0, 0, amount_fen, 0, 0, NULL, NULL
  FROM withdrawals WHERE verdict IN ('tied', 'mismatched', 'manual', 'not_asked')
  UNION ALL
  SELECT
    l.bill_date, l.account_id, 0, 0, 0, CASE WHEN s.ledger_id IS NULL AND u.ledger_id IS NULL THEN l.amount_fen ELSE 0 END,
    CASE WHEN s.ledger_id IS NOT NULL THEN s.amount_fen WHEN u.ledger_id IS NULL THEN l.amount_fen END, NULL, NULL
  FROM listed AS l
  LEFT JOIN bill_states AS s USING (ledger_id, settle_type, settle_sub_type)
  LEFT JOIN unknown AS u ON u.bill_date = l.bill_date AND u.ledger_id = l.ledger_id
),
moved AS (
  SELECT
    bill_date, account_id,
    COALESCE(sum(in_fen), 0)::BIGINT AS in_fen,
    COALESCE(sum(out_fen), 0)::BIGINT AS out_fen,
    COALESCE(sum(withdrawn_fen), 0)::BIGINT AS withdrawn_fen,
    COALESCE(sum(earlier_fen), 0)::BIGINT AS earlier_fen,
    (COALESCE(sum(withdrawn_fen), 0) - COALESCE(sum(listed_fen), 0))::BIGINT AS unexplained_fen,
    count(*) FILTER (state = 'withdrawn') AS bills_withdrawn,
    count(*) FILTER (state = 'waiting') AS bills_waiting,
    count(*) FILTER (state = 'not_withdrawable') AS bills_not_withdrawable,
    COALESCE(sum(amount_fen) FILTER (state = 'waiting'), 0)::BIGINT AS waiting_fen
  FROM movement
  GROUP BY bill_date, account_id
),
day AS (
  SELECT * FROM (SELECT DISTINCT bill_date FROM moved) CROSS JOIN (SELECT account_id, sum(earlier_fen) AS before_fen FROM moved GROUP BY account_id)
  WHERE EXISTS (FROM withdrawals)
),
rolled AS (
  SELECT
    d.bill_date, d.account_id,
    (d.before_fen + COALESCE(sum(m.in_fen - m.out_fen - m.withdrawn_fen) OVER (PARTITION BY d.account_id ORDER BY d.bill_date), 0))::BIGINT AS closing_fen,
    COALESCE(m.in_fen, 0) AS in_fen, COALESCE(m.out_fen, 0) AS out_fen, COALESCE(m.withdrawn_fen, 0) AS withdrawn_fen, COALESCE(m.unexplained_fen, 0) AS unexplained_fen,
    COALESCE(m.bills_withdrawn, 0) AS bills_withdrawn, COALESCE(m.bills_waiting, 0) AS bills_waiting,
    COALESCE(m.bills_not_withdrawable, 0) AS bills_not_withdrawable, COALESCE(m.waiting_fen, 0) AS waiting_fen
  FROM day AS d LEFT JOIN moved AS m USING (bill_date, account_id)
)
SELECT
  bill_date, account_id, closing_fen - in_fen + out_fen + withdrawn_fen AS opening_fen, in_fen, out_fen, withdrawn_fen, closing_fen,
  bills_withdrawn, bills_waiting, bills_not_withdrawable, waiting_fen, unexplained_fen
FROM rolled;
COMMENT ON VIEW bill_states IS 'One row per bill that counts: where its money is. Of a bill that several days have, the first day counts.';
COMMENT ON COLUMN bill_states.amount_fen IS 'what it adds to the account''s balance: fund_amount_fen, or goods_fen where that is NULL; NULL where the direction is unknown; signed fen';
COMMENT ON COLUMN bill_states.state IS 'withdrawn (a withdrawal that is paid lists it), waiting, or not_withdrawable (its direction is unknown)';
COMMENT ON VIEW balances IS 'One row per payee and day: opening_fen + in_fen - out_fen - withdrawn_fen = closing_fen, the opening_fen of the day after. No rows where no withdrawals are published.';
COMMENT ON COLUMN balances.opening_fen IS 'what waited before the day; of the first day, what withdrawals pay of earlier bills';
COMMENT ON COLUMN balances.in_fen IS 'the day''s bills to the merchant';
COMMENT ON COLUMN balances.out_fen IS 'the day''s bills from the merchant, without a sign';
COMMENT ON COLUMN balances.withdrawn_fen IS 'the withdrawals that were launched on the day and are paid, those by hand included';
COMMENT ON COLUMN balances.closing_fen IS 'what waits to be withdrawn';
COMMENT ON COLUMN balances.waiting_fen IS 'what still waits of the day''s bills';
COMMENT ON COLUMN balances.unexplained_fen IS 'by how much the day''s withdrawals are more than their bills; by hand, all of it. The last closing_fen and all of these are the sum of waiting_fen';

CREATE OR REPLACE VIEW "余额调节" AS
SELECT
  bill_date AS "日期", account_id AS "收款账户", n.name AS "名称",
  $YUAN(opening_fen) AS "期初(元)", $YUAN(in_fen) AS "入账(元)", $YUAN(out_fen) AS "出账(元)", $YUAN(withdrawn_fen) AS "提现(元)", $YUAN(closing_fen) AS "期末待提现(元)",
  bills_withdrawn AS "已提现账单", bills_waiting AS "待提现账单", bills_not_withdrawable AS "不可提现账单", $YUAN(waiting_fen) AS "当日账单待提现(元)",
  max(bill_date) OVER () - bill_date AS "账龄(天)", $YUAN(unexplained_fen) AS "提现无对应账单(元)"
FROM balances LEFT JOIN account_names AS n USING (account_id);
COMMENT ON VIEW "余额调节" IS '每个收款账户每天一行：期初 + 入账 - 出账 - 提现 = 期末待提现，即次日期初。没有已发布的提现时没有行。';
COMMENT ON COLUMN "余额调节"."期初(元)" IS '当日之前待提现的；最早一天为之后的提现所付的更早账单';
COMMENT ON COLUMN "余额调节"."提现(元)" IS '当日发起、已到账的提现，含手动提现';
COMMENT ON COLUMN "余额调节"."当日账单待提现(元)" IS '当日账单中至今待提现的';
COMMENT ON COLUMN "余额调节"."账龄(天)" IS '从账单日到数据中最新一天';
COMMENT ON COLUMN "余额调节"."提现无对应账单(元)" IS '提现多于其账单之数，手动提现为全额';
`
