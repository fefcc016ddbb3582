-- 差异成因：对账结论为差异的，按成因汇总（元），最后一行为合计，即调节表的差异净额。
-- The causes of differences, in yuan: the mismatched groups by cause; the last row is the sum, which is the net of the differences in the bridge.
--
-- cause              差异成因；旧版本发布的日子为空 NULL on days that an earlier version published
-- over_yuan          多分 settled more than billed
-- under_yuan         少分 settled less than billed, negative
-- net_yuan           净额：前两列之和 the sum of the two
WITH mismatched AS (
  SELECT cause, COALESCE(settled_total_fen, 0) - COALESCE(billed_total_fen, 0) AS fen, 1 AS one FROM reconciliation WHERE verdict = 'mismatched'
  UNION ALL
  SELECT NULL, NULL, NULL -- a row of nothing: not every engine has () of no rows
),
sums AS (
  SELECT
    cause, GROUPING(cause) AS is_sum, count(one) AS groups,
    COALESCE(sum(fen) FILTER (WHERE fen > 0), 0) AS more, COALESCE(sum(fen) FILTER (WHERE fen < 0), 0) AS less, COALESCE(sum(fen), 0) AS net
  FROM mismatched
  GROUP BY GROUPING SETS ((cause), ())
  HAVING GROUPING(cause) = 1 OR count(one) > 0
)
SELECT
  CASE WHEN is_sum = 1 THEN '合计' ELSE cause END AS cause,
  groups,
  CAST(CAST(more AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS over_yuan,
  CAST(CAST(less AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS under_yuan,
  CAST(CAST(net AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS net_yuan
FROM sums
ORDER BY is_sum, abs(net) DESC, cause;
