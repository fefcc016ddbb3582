-- 未核平差异：每个订单跨天、跨账户累计，差额大的在前，附账龄（天）。
-- Open differences: per order over its days and accounts, the largest first, with their age in days.
-- 列出：有组为差异的订单，以及只分到一部分的订单（已有分账到账，又有组未查到分账或分账失败）。差额按该订单的全部组累计，不论结论，分账处理中的也算。
-- Listed are orders with a mismatched group, and those that are settled in part: they have settlements, and a group is bill_only
-- or failed. The difference is the sum over all groups of the order with any verdict, also pending.
-- 不列：各项合计为 0 的（一天多出的，另一天少）；partly_billed 且最早账单日在最近的追溯期内的：账单可能还会来。
-- Not listed are orders whose legs all have the sum 0 (one day has too much and another too little), and those that are
-- partly_billed with a first bill_date within the lookback of the newest day of the lake: further bills may come.
--
-- order_key          订单 the order; ext: and the merchant's own order id if there is no other
-- difference_yuan    分账 - 账单：正为多分，负为少分 settled - billed; NULL if it cannot be compared
-- fee_..., commission_..., net_difference_yuan   平台服务费、佣金、商家实际结算的差额 the same of the other legs
-- age_days           从最早账单日到数据中最新一天 from the first bill_date to the newest day of the lake
-- resolution         人工处理：resolved 已处理、reopened 处理后金额已变；未处理为空 by hand (billwalk resolve): resolved, or reopened since the amounts are others now
WITH settings AS (
  SELECT 7 AS lookback_days -- 追溯期（天），与任务的 lookback 相同 as the job has it
),
-- Nothing below needs editing.
newest AS (
  SELECT max(bill_date) AS newest_date FROM reconciliation
),
noted AS (
  SELECT walk_account_id, order_key, state FROM resolution_states
),
groups AS (
  SELECT
    *,
    substr(group_key, 1, length(group_key) - COALESCE(length(item_order_id) + 1, 0)) AS order_key, -- an item's is order/item
    COALESCE(settled_total_fen <> 0 OR settled_fee_fen <> 0 OR settled_commission_fen <> 0 OR settled_net_fen <> 0, false) AS has_money,
    array_contains(reasons, 'partly_billed') AS is_partly_billed,
    verdict IN ('mismatched', 'bill_only', 'failed') AS is_open,
    -- A group that is neither matched nor mismatched has no difference yet: it is settled with what it has.
    verdict NOT IN ('matched', 'mismatched') AS undecided,
    COALESCE(settled_total_fen, settled_fee_fen, settled_commission_fen, settled_net_fen) IS NULL AS unsettled
  FROM reconciliation
  WHERE verdict <> 'settlement_only' AND (shop_order_id IS NOT NULL OR group_key LIKE 'ext:%') -- else the bill has no order
),
legs AS (
  SELECT
    groups.*,
    CASE WHEN NOT undecided THEN diff_total_fen WHEN unsettled THEN -billed_total_fen ELSE settled_total_fen - billed_total_fen END AS total_fen,
    CASE WHEN NOT undecided THEN diff_fee_fen WHEN unsettled THEN -billed_fee_fen ELSE settled_fee_fen - billed_fee_fen END AS fee_fen,
    CASE WHEN NOT undecided THEN diff_commission_fen WHEN unsettled THEN -billed_commission_fen
      ELSE settled_commission_fen - billed_commission_fen END AS commission_fen,
    CASE WHEN NOT undecided THEN diff_net_fen WHEN unsettled THEN -billed_net_fen ELSE settled_net_fen - billed_net_fen END AS net_fen
  FROM groups
),
orders AS (
  SELECT
    order_key,
    CAST(sum(total_fen) AS DECIMAL(19, 0)) * 0.01 AS total,
    CAST(sum(fee_fen) AS DECIMAL(19, 0)) * 0.01 AS fee,
    CAST(sum(commission_fen) AS DECIMAL(19, 0)) * 0.01 AS commission,
    CAST(sum(net_fen) AS DECIMAL(19, 0)) * 0.01 AS net,
    CAST(sum(billed_total_fen) AS DECIMAL(19, 0)) * 0.01 AS billed,
    CAST(sum(settled_total_fen) AS DECIMAL(19, 0)) * 0.01 AS settled,
    min(bill_date) AS first_bill_date,
    max(bill_date) AS last_bill_date,
    count(DISTINCT walk_account_id) AS accounts,
    bool_or(is_partly_billed) AND bool_and(is_partly_billed OR NOT is_open) AS partly_billed, -- and nothing else is the matter with it
    CASE WHEN bool_and(COALESCE(state = 'resolved', false)) FILTER (WHERE is_open OR verdict = 'pending') THEN 'resolved' -- in every account
      WHEN bool_or(state = 'reopened') THEN 'reopened' END AS resolution
  FROM legs LEFT JOIN noted USING (walk_account_id, order_key)
  GROUP BY order_key
  HAVING bool_or(verdict = 'mismatched') OR bool_or(has_money) AND bool_or(verdict IN ('bill_only', 'failed'))
)
SELECT
  order_key,
  CASE WHEN total > 0 THEN '多分' WHEN total < 0 THEN '少分' WHEN total = 0 THEN '总额相符，分项不符' ELSE '差异' END AS kind,
  CAST(total AS DECIMAL(18, 2)) AS difference_yuan,
  CAST(fee AS DECIMAL(18, 2)) AS fee_difference_yuan,
  CAST(commission AS DECIMAL(18, 2)) AS commission_difference_yuan,
  CAST(net AS DECIMAL(18, 2)) AS net_difference_yuan,
  CAST(billed AS DECIMAL(18, 2)) AS billed_yuan,
  CAST(settled AS DECIMAL(18, 2)) AS settled_yuan,
  first_bill_date,
  last_bill_date,
  date_diff('day', first_bill_date, newest_date) AS age_days,
  accounts,
  resolution
FROM orders CROSS JOIN newest CROSS JOIN settings
WHERE (total IS NULL AND fee IS NULL AND commission IS NULL AND net IS NULL
    OR COALESCE(total, 0) <> 0 OR COALESCE(fee, 0) <> 0 OR COALESCE(commission, 0) <> 0 OR COALESCE(net, 0) <> 0)
  AND NOT (partly_billed AND date_diff('day', first_bill_date, newest_date) <= lookback_days)
ORDER BY greatest(abs(COALESCE(total, 0)), abs(COALESCE(fee, 0)), abs(COALESCE(commission, 0)), abs(COALESCE(net, 0))) DESC, order_key;
