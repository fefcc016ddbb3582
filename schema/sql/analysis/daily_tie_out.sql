-- 每日每账户平账表（元）：应结算金额按对账结论拆分，结论各列之和等于 billed_yuan。
-- The daily tie-out per account, in yuan: the sum of the forward bills, and how it is divided among the verdicts.
--
-- walk_account_id    查询账户；空为有分账而无账单 the account; empty for settlements without a bill
-- state, reason      complete 完整、unavailable 手动提现、failed 失败，与原因：不完整的账户也有一行 whether the account is whole, and why not: it has a row in any case
-- billed_yuan        正向账单应结算合计 ledger_total of the forward bills: the sum of the next six columns
-- matched_yuan ...   其中：平账、差异、有账单未查到分账、分账处理中、失败、不纳入比对 of it, by verdict
-- settled_yuan       分账成功合计 settle_amount of the day's successful settlements
-- difference_yuan    差额合计（分账 - 账单）settled - billed, where both are known
-- refund_yuan        退款合计 ledger_total of the refunds, signed
-- other_yuan         扣款及其他合计 of all other bills, signed
-- doubtful_yuan      平账（存疑）：平账中账单或分账有异常的 the part of matched_yuan with an exception on a bill or settlement
WITH groups AS (
  SELECT
    bill_date, walk_account_id, verdict, bill_rows,
    CAST(billed_total_fen AS DECIMAL(19, 0)) * 0.01 AS billed,
    CAST(settled_total_fen AS DECIMAL(19, 0)) * 0.01 AS settled,
    CAST(diff_total_fen AS DECIMAL(19, 0)) * 0.01 AS difference,
    CAST(refund_fen AS DECIMAL(19, 0)) * 0.01 AS refund,
    CAST(other_fen AS DECIMAL(19, 0)) * 0.01 AS other,
    doubts.rules IS NOT NULL AS doubtful
  FROM reconciliation LEFT JOIN doubts USING (bill_date, walk_account_id, group_key)
),
unit AS (
  SELECT day AS bill_date, account AS walk_account_id, name, state, reason FROM units
)
SELECT
  bill_date,
  walk_account_id,
  any_value(name) AS name,
  any_value(state) AS state,
  any_value(reason) AS reason,
  CAST(COALESCE(sum(bill_rows), 0) AS BIGINT) AS bills,
  CAST(sum(billed) AS DECIMAL(18, 2)) AS billed_yuan,
  CAST(sum(billed) FILTER (WHERE verdict = 'matched') AS DECIMAL(18, 2)) AS matched_yuan,
  CAST(sum(billed) FILTER (WHERE verdict = 'mismatched') AS DECIMAL(18, 2)) AS mismatched_yuan,
  CAST(sum(billed) FILTER (WHERE verdict = 'bill_only') AS DECIMAL(18, 2)) AS bill_only_yuan,
  CAST(sum(billed) FILTER (WHERE verdict = 'pending') AS DECIMAL(18, 2)) AS pending_yuan,
  CAST(sum(billed) FILTER (WHERE verdict = 'failed') AS DECIMAL(18, 2)) AS failed_yuan,
  CAST(sum(billed) FILTER (WHERE verdict = 'not_applicable') AS DECIMAL(18, 2)) AS not_applicable_yuan,
  CAST(sum(settled) AS DECIMAL(18, 2)) AS settled_yuan,
  CAST(sum(difference) AS DECIMAL(18, 2)) AS difference_yuan,
  CAST(sum(refund) AS DECIMAL(18, 2)) AS refund_yuan,
  CAST(sum(other) AS DECIMAL(18, 2)) AS other_yuan,
  CAST(sum(billed) FILTER (WHERE doubtful) AS DECIMAL(18, 2)) AS doubtful_yuan
FROM groups FULL JOIN unit USING (bill_date, walk_account_id)
GROUP BY bill_date, walk_account_id
ORDER BY bill_date, walk_account_id;
