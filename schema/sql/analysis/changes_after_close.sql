-- 结账后变更：结账之后有哪些账单增加、减少、变更，按日、账户与批次；没有结账的日子没有行，bill_date 为空的是合计。
-- Changes after the close: bills that were added, removed or changed after their day was closed (billwalk close), by day, account
-- and generation. A day that nobody has closed has no row; the row without bill_date is the sum.
--
-- closed_by          结账人 who closed the day
-- closed_at          结账时间（北京时间） when, in UTC+8
-- old_generation     变更前批次 the generation before the change
-- total_yuan         应结算差额合计 new - old ledger_total
-- goods_yuan         商家实际结算差额合计 new - old goods
-- unknown_bills      差额未知的账单数 bills whose difference is not known
-- changed_at         最晚一次变更（北京时间） when the last of them was found, in UTC+8
WITH change_or_none AS (
  SELECT
    bill_date, closed_by, closed_at, walk_account_id, old_generation, new_generation, change, diff_total_fen, diff_goods_fen, restated_at
  FROM changes_after_closing
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL -- a row of nothing: not every engine has () of no rows
),
sums AS (
  SELECT
    bill_date, closed_by, closed_at, walk_account_id, old_generation, new_generation,
    count(*) FILTER (WHERE change = 'added') AS added,
    count(*) FILTER (WHERE change = 'removed') AS removed,
    count(*) FILTER (WHERE change = 'changed') AS changed,
    COALESCE(sum(diff_total_fen), 0) AS total,
    COALESCE(sum(diff_goods_fen), 0) AS goods,
    count(change) FILTER (WHERE diff_total_fen IS NULL OR diff_goods_fen IS NULL) AS unknown_bills,
    max(restated_at) AS restated_at
  FROM change_or_none
  GROUP BY GROUPING SETS ((bill_date, closed_by, closed_at, walk_account_id, old_generation, new_generation), ())
  HAVING GROUPING(bill_date) = 1 OR count(change) > 0
)
SELECT
  bill_date, closed_by, timezone('Asia/Shanghai', closed_at) AS closed_at, walk_account_id, old_generation, new_generation, added, removed, changed,
  CAST(CAST(total AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS total_yuan,
  CAST(CAST(goods AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS goods_yuan,
  unknown_bills,
  timezone('Asia/Shanghai', restated_at) AS changed_at
FROM sums
ORDER BY bill_date NULLS FIRST, walk_account_id, old_generation, new_generation;
