-- 分账后退款：订单已分账成功，之后又产生的退款单。
-- Refunds after settlement: refund bills of orders that were shared out successfully before.
--
-- refund_time        退款单创建时间（北京时间） when the refund bill was created, in UTC+8
-- refund_yuan        退款单应结算金额（带符号） its ledger_total, signed
-- first_settle_time  首次分账成功时间（北京时间） the order's first successful settlement
-- settled_yuan       该订单分账成功合计 sum of the order's successful settlements
WITH bill AS (
  SELECT *, COALESCE(NULLIF(shop_order_id, ''), 'ext:' || NULLIF(order_ext_id, '')) AS order_key FROM bills WHERE COALESCE(counted, true)
),
settlement AS ( -- with the rule that found it, 'parameter: bill_column', and the id of the query
  SELECT
    settle_id, order_id, item_order_id, settle_status, settle_time, settle_amount_fen, split_part(asked_by, ': ', 2) AS bill_column,
    CASE split_part(asked_by, ': ', 1)
      WHEN 'order_id' THEN order_id WHEN 'out_order_no' THEN out_order_no WHEN 'item_order_id' THEN item_order_id
      WHEN 'out_settle_no' THEN out_settle_no WHEN 'settle_id' THEN settle_id END AS asked_id
  FROM settlements
),
asked AS (
  SELECT DISTINCT
    order_key, bill_column,
    CASE bill_column
      WHEN 'shop_order_id' THEN shop_order_id WHEN 'order_ext_id' THEN order_ext_id WHEN 'item_order_id' THEN item_order_id
      WHEN 'certificate_id' THEN certificate_id WHEN 'verify_id' THEN verify_id END AS asked_id
  FROM bill CROSS JOIN (SELECT DISTINCT bill_column FROM settlement) AS columns_asked
  WHERE settle_type = 1
),
linked AS (
  SELECT DISTINCT a.order_key, s.*
  FROM asked a JOIN settlement s ON s.bill_column = a.bill_column AND s.asked_id = a.asked_id
),
settled AS ( -- 'order_id: settlement' is a callback that only another settlement of its order links to bills
  SELECT order_key, min(settle_time) AS first_settle_time, sum(settle_amount_fen) AS settled
  FROM (
    SELECT * FROM linked
    UNION ALL
    SELECT DISTINCT l.order_key, s.* FROM settlement s JOIN linked l ON l.order_id = s.order_id WHERE s.bill_column = 'settlement'
  ) AS every_settlement
  WHERE settle_status = 'SUCCESS'
  GROUP BY order_key
)
SELECT
  b.bill_date, b.walk_account_id, b.account_id, b.ledger_id, b.order_key,
  timezone('Asia/Shanghai', b.settle_time) AS refund_time,
  CAST(CAST(b.ledger_total_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(18, 2)) AS refund_yuan,
  timezone('Asia/Shanghai', s.first_settle_time) AS first_settle_time,
  CAST(CAST(s.settled AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS settled_yuan
FROM bill b JOIN settled s ON s.order_key = b.order_key
WHERE b.settle_type = 2 AND COALESCE(b.settle_time >= s.first_settle_time, true) -- a time that is not known hides nothing
ORDER BY b.bill_date, b.walk_account_id, b.account_id, b.ledger_id;
