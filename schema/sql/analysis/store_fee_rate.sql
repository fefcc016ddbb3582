-- 各门店费率：平台服务费、佣金及两者合计占应结算金额的百分比（正向账单），按账户、门店，服务费率高的在前。
-- The rates of each store: the platform's service fee, the commissions, and both, in percent of ledger_total, over forward bills, by account and store, the highest fee rate first.
--
-- walk_account_id    查询账户 the account
-- poi_id             核销门店；空为商户级账单 the store; NULL for bills of an account as a whole
-- poi_name           门店名称，任务有 stores: true 时才有 its name, of jobs with stores: true
-- bills, unknown     应结算与服务费都已知的账单数，其余账单数 bills with ledger_total and fee known; the other bills, which are not in the fee rate
-- commission_bills   应结算与佣金都已知的账单数 bills with ledger_total and commissions known
-- taken_percent      总费率：两者都已知的账单的服务费加佣金 both, over the bills that state both
-- ..._percent        费率（%），四舍五入到两位；合计为 0 时为空 rounded half away from 0 to two places; NULL if the total is 0
WITH forward AS (
  SELECT
    walk_account_id, COALESCE(poi_id, '') AS poi_id, ledger_total_fen AS total, total_merchant_platform_service_fen AS fee,
    CASE
      WHEN total_commission_fen IS NOT NULL THEN total_commission_fen
      WHEN COALESCE(talent_commission_fen, total_agent_merchant_fen, broker_commission_fen, clerk_commission_fen) IS NOT NULL
        THEN COALESCE(talent_commission_fen, 0) + COALESCE(total_agent_merchant_fen, 0) + COALESCE(broker_commission_fen, 0)
          + COALESCE(clerk_commission_fen, 0) + COALESCE(mall_store_goods_fen, 0)
    END AS commission -- the parts that are known; the mall's share alone says nothing of the others
  FROM bills
  WHERE settle_type = 1 AND COALESCE(counted, true)
),
store AS (
  SELECT walk_account_id, poi_id, count(*) AS forward_bills FROM forward GROUP BY walk_account_id, poi_id
),
part AS ( -- what each rate is of, in the bills that state all of it
  SELECT walk_account_id, poi_id, 'fee' AS rate, total, fee AS part FROM forward WHERE total IS NOT NULL AND fee IS NOT NULL
  UNION ALL
  SELECT walk_account_id, poi_id, 'commission' AS rate, total, commission AS part FROM forward WHERE total IS NOT NULL AND commission IS NOT NULL
  UNION ALL
  SELECT walk_account_id, poi_id, 'taken' AS rate, total, fee + commission AS part FROM forward WHERE total IS NOT NULL AND fee IS NOT NULL AND commission IS NOT NULL
),
added AS (
  SELECT walk_account_id, poi_id, rate, count(*) AS bills, sum(total) AS total, sum(part) AS part FROM part GROUP BY walk_account_id, poi_id, rate
),
rated AS (
  SELECT
    walk_account_id, poi_id, rate, bills,
    CAST(CAST(total AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS total_yuan,
    CAST(CAST(part AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS part_yuan,
    -- Hundredths of a percent as a whole number, for / would give a float: half the divisor is added to round.
    CAST(CAST(CASE WHEN (part < 0) <> (total < 0) THEN -1 ELSE 1 END * ((abs(part) * 10000 + abs(total) // 2) // NULLIF(abs(total), 0)) AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS rate_percent
  FROM added
),
rates AS (
  SELECT
    s.walk_account_id, NULLIF(s.poi_id, '') AS poi_id, s.forward_bills,
    COALESCE(f.bills, 0) AS bills, f.total_yuan, f.part_yuan AS fee_yuan, f.rate_percent AS fee_percent,
    COALESCE(c.bills, 0) AS commission_bills, c.total_yuan AS commission_total_yuan, c.part_yuan AS commission_yuan, c.rate_percent AS commission_percent, t.rate_percent AS taken_percent
  FROM store AS s
    LEFT JOIN rated AS f ON f.walk_account_id = s.walk_account_id AND f.poi_id = s.poi_id AND f.rate = 'fee'
    LEFT JOIN rated AS c ON c.walk_account_id = s.walk_account_id AND c.poi_id = s.poi_id AND c.rate = 'commission'
    LEFT JOIN rated AS t ON t.walk_account_id = s.walk_account_id AND t.poi_id = s.poi_id AND t.rate = 'taken'
)
SELECT
  walk_account_id, poi_id, poi_name, bills, forward_bills - bills AS unknown, total_yuan, fee_yuan, fee_percent,
  commission_bills, commission_total_yuan, commission_yuan, commission_percent, taken_percent
FROM rates LEFT JOIN store_names USING (poi_id)
ORDER BY fee_percent DESC NULLS LAST, walk_account_id, poi_id;
