-- 未分账龄：还没有分完的订单，按账龄（天）分段，最后一行为合计。
-- The age of open orders: those whose bills are not settled, by the days since their first open bill_date; the last row is the sum.
--
-- age                从最早未了的账单日到数据中最新一天 from the first open bill_date to the newest day of the lake
-- unsettled_yuan     未分金额：后三列之和，即调节表 2、4、5 行之和，符号相反 what is not settled: the sum of the next three; lines 2, 4 and 5 of the bridge, with the opposite sign
-- bill_only_yuan ... 未查到分账、分账处理中、分账失败 of it, by verdict
WITH groups AS (
  SELECT
    bill_date, verdict, COALESCE(billed_total_fen, 0) - COALESCE(settled_total_fen, 0) AS unsettled,
    left(group_key, length(group_key) - COALESCE(length(item_order_id) + 1, 0)) AS order_key -- an item's is order/item
  FROM reconciliation
  WHERE verdict IN ('bill_only', 'pending', 'failed')
),
orders AS (
  SELECT
    order_key, (SELECT max(bill_date) FROM reconciliation) - min(bill_date) AS days, min(bill_date) AS first_bill_date, sum(unsettled) AS unsettled,
    sum(unsettled) FILTER (verdict = 'bill_only') AS bill_only, sum(unsettled) FILTER (verdict = 'pending') AS pending,
    sum(unsettled) FILTER (verdict = 'failed') AS failed
  FROM groups
  GROUP BY order_key
),
aged AS (
  SELECT *, CASE WHEN days <= 1 THEN '0-1' WHEN days <= 3 THEN '2-3' WHEN days <= 7 THEN '4-7' ELSE '8+' END AS age FROM orders
)
SELECT
  COALESCE(age, '合计') AS age,
  count(*) AS orders,
  min(first_bill_date) AS first_bill_date,
  (COALESCE(sum(unsettled), 0)::DECIMAL(20, 0) * 0.01)::DECIMAL(18, 2) AS unsettled_yuan,
  (COALESCE(sum(bill_only), 0)::DECIMAL(20, 0) * 0.01)::DECIMAL(18, 2) AS bill_only_yuan,
  (COALESCE(sum(pending), 0)::DECIMAL(20, 0) * 0.01)::DECIMAL(18, 2) AS pending_yuan,
  (COALESCE(sum(failed), 0)::DECIMAL(20, 0) * 0.01)::DECIMAL(18, 2) AS failed_yuan
FROM aged
GROUP BY GROUPING SETS ((age), ())
ORDER BY GROUPING(age), age;
