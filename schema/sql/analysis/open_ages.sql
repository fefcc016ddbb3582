-- 未分账龄：还没有分完的订单，按账龄（天）分段，最后一行为合计。
-- The age of open orders: those whose bills are not settled, by the days since their first open bill_date; the last row is the sum.
--
-- age                从最早未了的账单日到数据中最新一天 from the first open bill_date to the newest day of the lake
-- unsettled_yuan     未分金额：后三列之和，即调节表 2、4、5 行之和，符号相反 what is not settled: the sum of the next three; lines 2, 4 and 5 of the bridge, with the opposite sign
-- bill_only_yuan ... 未查到分账、分账处理中、分账失败 of it, by verdict
WITH newest AS (
  SELECT max(bill_date) AS newest_date FROM reconciliation
),
groups AS (
  SELECT
    bill_date, verdict, COALESCE(billed_total_fen, 0) - COALESCE(settled_total_fen, 0) AS unsettled,
    substr(group_key, 1, length(group_key) - COALESCE(length(item_order_id) + 1, 0)) AS order_key -- an item's is order/item
  FROM reconciliation
  WHERE verdict IN ('bill_only', 'pending', 'failed')
),
orders AS (
  SELECT
    min(bill_date) AS first_bill_date, sum(unsettled) AS unsettled,
    sum(unsettled) FILTER (WHERE verdict = 'bill_only') AS bill_only, sum(unsettled) FILTER (WHERE verdict = 'pending') AS pending,
    sum(unsettled) FILTER (WHERE verdict = 'failed') AS failed
  FROM groups
  GROUP BY order_key
),
aged AS (
  SELECT orders.*, date_diff('day', first_bill_date, newest_date) AS days FROM orders CROSS JOIN newest
),
by_age AS (
  SELECT CASE WHEN days <= 1 THEN '0-1' WHEN days <= 3 THEN '2-3' WHEN days <= 7 THEN '4-7' ELSE '8+' END AS age, first_bill_date, unsettled, bill_only, pending, failed
  FROM aged
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, NULL, NULL -- a row of nothing: not every engine has () of no rows
),
sums AS (
  SELECT
    age, GROUPING(age) AS is_sum, count(age) AS orders, min(first_bill_date) AS first_bill_date, COALESCE(sum(unsettled), 0) AS unsettled,
    COALESCE(sum(bill_only), 0) AS bill_only, COALESCE(sum(pending), 0) AS pending, COALESCE(sum(failed), 0) AS failed
  FROM by_age
  GROUP BY GROUPING SETS ((age), ())
  HAVING GROUPING(age) = 1 OR count(age) > 0
)
SELECT
  COALESCE(age, '合计') AS age,
  orders,
  first_bill_date,
  CAST(CAST(unsettled AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS unsettled_yuan,
  CAST(CAST(bill_only AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS bill_only_yuan,
  CAST(CAST(pending AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS pending_yuan,
  CAST(CAST(failed AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS failed_yuan
FROM sums
ORDER BY is_sum, age;
