-- 单边账:有分账回调而无账单的每一笔分账,最早的在前。
-- One-sided settlements: every settlement of which a callback told and that no bill explains, the oldest first.
-- 原因之一:核销后 1 小时内撤销或退款的订单,平台永不出账单;撤销或退款后的这笔分账应在后台核对。
-- One of the causes: a coupon verified and undone or refunded within an hour, of which there is no bill, ever.
--
-- bill_date          分账日 the settlement's own day
-- settled_at         分账时间(北京时间) when it was shared out, or failed, in UTC+8
-- amount_yuan        分账金额;只有 SUCCESS 才是已分 settle_amount, which is shared out only where the status is SUCCESS
-- age_days           从该日到数据中最新一天 from its day to the newest day of the lake
SELECT
  bill_date, order_id, item_order_id, settle_id, out_settle_no, settle_status,
  timezone('Asia/Shanghai', settle_time) AS settled_at,
  (settle_amount_fen::DECIMAL(19, 0) * 0.01)::DECIMAL(18, 2) AS amount_yuan,
  message, app_id,
  (SELECT max(bill_date) FROM reconciliation) - bill_date AS age_days
FROM settlements
WHERE asked_by IS NULL
ORDER BY bill_date, order_id, item_order_id, settle_id;
