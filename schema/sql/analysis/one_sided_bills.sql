-- 有账单、未查到分账：已查询而无分账的每一笔正向账单，最早的在前。
-- One-sided bills: every forward bill whose order was queried and has no settlement, the oldest first.
--
-- order_key          订单 the order; ext: and the merchant's own order id if there is no other
-- poi_name           门店名称，任务有 stores: true 时才有 the store's name, of jobs with stores: true
-- total_yuan         应结算金额 ledger_total
-- age_days           从账单日到数据中最新一天 from the bill_date to the newest day of the lake
WITH bill AS (
  SELECT *, COALESCE(NULLIF(shop_order_id, ''), 'ext:' || NULLIF(order_ext_id, '')) AS order_key
  FROM bills
  WHERE settle_type = 1 AND COALESCE(counted, true)
),
newest AS (
  SELECT max(bill_date) AS newest_date FROM reconciliation
)
SELECT
  b.bill_date, b.walk_account_id, b.account_id, b.ledger_id, b.order_key, b.poi_id, n.poi_name, b.group_name,
  CAST(CAST(b.ledger_total_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(18, 2)) AS total_yuan,
  date_diff('day', b.bill_date, newest_date) AS age_days
FROM bill b CROSS JOIN newest
-- A bill is in the group of its item where there is one, else in that of its order.
LEFT JOIN reconciliation i
  ON i.bill_date = b.bill_date AND i.walk_account_id = b.walk_account_id AND i.group_key = b.order_key || '/' || b.item_order_id
LEFT JOIN reconciliation o
  ON o.bill_date = b.bill_date AND o.walk_account_id = b.walk_account_id AND o.group_key = b.order_key
LEFT JOIN store_names n ON n.poi_id = b.poi_id
WHERE COALESCE(i.verdict, o.verdict) = 'bill_only'
ORDER BY b.bill_date, b.walk_account_id, b.account_id, b.ledger_id;
