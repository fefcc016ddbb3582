-- 有分账、未查到账单：回调报来而没有账单的每一笔分账，最早的在前。
-- One-sided settlements: every settlement that a callback reported and that has no bill, the oldest first.
-- 没有账单的原因：查询账户不在 jobs.yaml 中；那一天该账户失败；账单在追溯期之外；核销后 1 小时内撤销或退款，永远不会有账单。
-- Why there is no bill: its account is not in jobs.yaml; its day failed for the account; the bill is further away than the lookback,
-- or the order was verified and undone within an hour, and never has one.
--
-- bill_date          分账日 the settlement's own day
-- settled_at         分账时间（北京时间） when it was shared out, or failed, in UTC+8
-- amount_yuan        分账金额；只有 SUCCESS 才是已分 settle_amount, which is shared out only if the status is SUCCESS
-- age_days           从该日到数据中最新一天 from its day to the newest day of the lake
WITH newest AS (
  SELECT max(bill_date) AS newest_date FROM reconciliation
)
SELECT
  bill_date, order_id, item_order_id, settle_id, out_settle_no, settle_status,
  timezone('Asia/Shanghai', settle_time) AS settled_at,
  CAST(CAST(settle_amount_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(18, 2)) AS amount_yuan,
  message, app_id,
  date_diff('day', bill_date, newest_date) AS age_days
FROM settlements CROSS JOIN newest
WHERE asked_by IS NULL
ORDER BY bill_date, order_id, item_order_id, settle_id;
