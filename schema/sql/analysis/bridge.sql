-- 调节表（元）：从正向账单到分账成功，每天一组，bill_date 为空的是全部日子的合计。
-- The bridge, in yuan, from the forward bills to what was shared out: a set of lines per day, and one of all days, whose bill_date is NULL.
--
-- line, item         行次，项目 the line of the bridge
-- amount_yuan        加减后的金额：1 行加 2、4 至 10 行等于 11 行；3 行是 2 行的一部分 with its sign: lines 1, 2 and 4 to 10 sum up to line 11; line 3 is a part of line 2
-- 11                 直接取自分账，不经对账 from the settlements, not from the reconciliation
-- 12                 平衡校验，必为 0.00 the check, 0.00
WITH item (line, item, english) AS (
  VALUES
    (1, '正向账单', 'forward bills'),
    (2, '减：未查到分账', 'less: no settlement found'),
    (3, '其中：匹配规则从未查到', 'of which: the match rules never found one'),
    (4, '减：分账处理中（未分部分）', 'less: under way (the unsettled part)'),
    (5, '减：分账失败（未分部分）', 'less: failed (the unsettled part)'),
    (6, '减：缺单号', 'less: no id to query with'),
    (7, '减：未接入分账', 'less: settlements not configured'),
    (8, '加：有分账、未查到账单', 'plus: settlements without a bill'),
    (9, '加：差异净额', 'plus: differences, net'),
    (10, '加：跨日及分段匹配', 'plus: matched over days and parts'),
    (11, '分账成功', 'settled'),
    (12, '平衡校验', 'check')
),
bridge AS (
  SELECT bill_date, 1 AS line, ledger_total_fen AS fen FROM bills WHERE settle_type = 1 AND COALESCE(counted, true)
  UNION ALL
  SELECT
    bill_date,
    CASE verdict
      WHEN 'bill_only' THEN 2 WHEN 'pending' THEN 4 WHEN 'failed' THEN 5 WHEN 'settlement_only' THEN 8 WHEN 'mismatched' THEN 9 WHEN 'matched' THEN 10
      ELSE CASE WHEN array_contains(reasons, 'no_key') THEN 6 ELSE 7 END END,
    COALESCE(settled_total_fen, 0) - COALESCE(billed_total_fen, 0)
  FROM reconciliation
  UNION ALL
  SELECT bill_date, 11, settle_amount_fen FROM settlements WHERE settle_status = 'SUCCESS'
),
entry AS (
  SELECT * FROM bridge
  UNION ALL
  SELECT bill_date, 3, COALESCE(settled_total_fen, 0) - COALESCE(billed_total_fen, 0) FROM reconciliation
  WHERE verdict = 'bill_only' AND array_contains(reasons, 'rule_never_answered')
  UNION ALL
  SELECT bill_date, 12, CASE line WHEN 11 THEN -fen ELSE fen END FROM bridge
),
total AS (
  SELECT bill_date, line, sum(fen) AS fen FROM entry GROUP BY GROUPING SETS ((bill_date, line), (line))
),
day AS (
  SELECT DISTINCT bill_date FROM total
)
SELECT
  d.bill_date, i.line, i.item, i.english,
  CAST(CAST(COALESCE(t.fen, 0) AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS amount_yuan
FROM day d CROSS JOIN item i
LEFT JOIN total t ON t.line = i.line AND t.bill_date IS NOT DISTINCT FROM d.bill_date
ORDER BY d.bill_date NULLS FIRST, i.line;
