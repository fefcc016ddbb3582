-- 每日每账户账单合计（元），缺的账户也在；account 为空的是当日合计，bill_date 也为空的是全部合计。
-- The sums of the bills per day and account, in yuan, with the accounts that are missing. A row without account is the day's sum, one without bill_date that of all days.
--
-- state, reason      complete 完整、unavailable 手动提现、failed 失败，与原因；合计行为不完整的账户数 whether the account is whole, and why not; in a sum: how many are not
-- forward_yuan       正向账单 ledger_total of the forward bills
-- refund_yuan        退款 of the refunds
-- other_yuan         扣款及其他 of all other bills
-- net_yuan           净额：前三列之和 the sum of the three
-- goods_yuan         商家实际结算 what the merchants get, over all bills
-- unknown_bills      应结算金额未知，未计入的账单数 bills whose ledger_total is not known, and not in the sums
WITH unit AS (
  SELECT day AS bill_date, account, name, state, reason FROM units
),
bill AS (
  SELECT
    bill_date, walk_account_id AS account, count(*) AS bills, count(*) FILTER (WHERE ledger_total_fen IS NULL) AS unknown_bills,
    sum(ledger_total_fen) FILTER (WHERE settle_type = 1) AS forward, sum(ledger_total_fen) FILTER (WHERE settle_type = 2) AS refund,
    sum(ledger_total_fen) FILTER (WHERE settle_type NOT IN (1, 2)) AS other, sum(ledger_total_fen) AS net, sum(goods_fen) AS goods
  FROM bills
  WHERE COALESCE(counted, true)
  GROUP BY bill_date, walk_account_id
),
account_day AS (
  SELECT * FROM unit FULL JOIN bill USING (bill_date, account)
)
SELECT
  bill_date, account,
  CASE WHEN GROUPING(account) = 1 THEN '合计' ELSE any_value(name) END AS name,
  CASE
    WHEN GROUPING(account) = 0 THEN any_value(state)
    WHEN bool_and(state = 'complete') THEN 'complete'
    ELSE CAST(count(*) FILTER (WHERE state IS DISTINCT FROM 'complete') AS VARCHAR) || ' / ' || CAST(count(*) AS VARCHAR) || ' not complete' END AS state,
  CASE WHEN GROUPING(account) = 0 THEN any_value(reason) END AS reason,
  CAST(COALESCE(sum(bills), 0) AS BIGINT) AS bills,
  CAST(CAST(sum(forward) AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS forward_yuan,
  CAST(CAST(sum(refund) AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS refund_yuan,
  CAST(CAST(sum(other) AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS other_yuan,
  CAST(CAST(sum(net) AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS net_yuan,
  CAST(CAST(sum(goods) AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS goods_yuan,
  CAST(COALESCE(sum(unknown_bills), 0) AS BIGINT) AS unknown_bills
FROM account_day
GROUP BY GROUPING SETS ((bill_date, account), (bill_date), ())
HAVING count(*) > 0
ORDER BY bill_date NULLS FIRST, account NULLS FIRST;
