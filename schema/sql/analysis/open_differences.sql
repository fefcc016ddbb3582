-- 未平差异:每个订单跨天、跨商户累计,差额大的在前,附账龄(天)。
-- Open differences: per order over its days and accounts, the largest first, with their age in days.
--
-- order_key          订单 the order; ext: and the merchant's own order id where there is no other
-- difference_yuan    分账 - 账单:正为长款,负为短款 settled - billed; NULL where it cannot be compared
-- fee_..., commission_..., net_difference_yuan   手续费、佣金、商家所得的差额 the same of the other legs
-- age_days           从最早账单日到数据中最新一天 from the first bill_date to the newest day of the lake
WITH groups AS (
  SELECT
    bill_date, walk_account_id,
    left(group_key, length(group_key) - COALESCE(length(item_order_id) + 1, 0)) AS order_key, -- an item's is order/item
    billed_total_fen::DECIMAL(19, 0) * 0.01 AS billed,
    settled_total_fen::DECIMAL(19, 0) * 0.01 AS settled,
    diff_total_fen::DECIMAL(19, 0) * 0.01 AS total,
    diff_fee_fen::DECIMAL(19, 0) * 0.01 AS fee,
    diff_commission_fen::DECIMAL(19, 0) * 0.01 AS commission,
    diff_net_fen::DECIMAL(19, 0) * 0.01 AS net
  FROM reconciliation
  WHERE verdict = 'mismatched'
)
SELECT
  order_key,
  CASE sign(sum(total)) WHEN 1 THEN '长款' WHEN -1 THEN '短款' ELSE '差异' END AS kind,
  sum(total)::DECIMAL(18, 2) AS difference_yuan,
  sum(fee)::DECIMAL(18, 2) AS fee_difference_yuan,
  sum(commission)::DECIMAL(18, 2) AS commission_difference_yuan,
  sum(net)::DECIMAL(18, 2) AS net_difference_yuan,
  sum(billed)::DECIMAL(18, 2) AS billed_yuan,
  sum(settled)::DECIMAL(18, 2) AS settled_yuan,
  min(bill_date) AS first_bill_date,
  max(bill_date) AS last_bill_date,
  (SELECT max(bill_date) FROM reconciliation) - min(bill_date) AS age_days,
  count(DISTINCT walk_account_id) AS accounts
FROM groups
GROUP BY order_key
ORDER BY greatest(abs(sum(total)), abs(sum(fee)), abs(sum(commission)), abs(sum(net))) DESC NULLS LAST, order_key;
