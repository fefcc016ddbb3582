-- 各门店费率：软件服务费占应结算金额的百分比（正向账单），高的在前。
-- The fee rate of each store: the platform's service fee in percent of ledger_total, over forward bills, the highest first.
--
-- poi_id             核销门店；空为商户级账单 the store; NULL for bills of an account as a whole
-- poi_name           门店名称，任务有 stores: true 时才有 its name, of jobs with stores: true
-- bills, unknown     两项金额都已知的账单数，其余账单数 bills with both amounts known; the other bills, which are not in the rate
-- fee_percent        费率(%)rounded half away from 0 to two places; NULL if the total is 0
WITH forward AS (
  SELECT
    NULLIF(poi_id, '') AS poi_id, ledger_total_fen AS total, total_merchant_platform_service_fen AS fee,
    ledger_total_fen IS NOT NULL AND total_merchant_platform_service_fen IS NOT NULL AS known
  FROM bills
  WHERE settle_type = 1 AND COALESCE(counted, true)
),
store AS (
  SELECT
    poi_id, count(*) FILTER (WHERE known) AS bills, count(*) FILTER (WHERE NOT known) AS unknown,
    sum(total) FILTER (WHERE known) AS total, sum(fee) FILTER (WHERE known) AS fee
  FROM forward
  GROUP BY poi_id
)
SELECT
  poi_id, poi_name, bills, unknown,
  CAST(CAST(total AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS total_yuan,
  CAST(CAST(fee AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS fee_yuan,
  -- Hundredths of a percent as a whole number, for / would give a float: half the divisor is added to round.
  CAST(CAST(CASE WHEN (fee < 0) <> (total < 0) THEN -1 ELSE 1 END * ((abs(fee) * 10000 + abs(total) // 2) // NULLIF(abs(total), 0)) AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS fee_percent
FROM store LEFT JOIN store_names USING (poi_id)
ORDER BY fee_percent DESC NULLS LAST, poi_id;
