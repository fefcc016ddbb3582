-- 余额调节表（元）：每个收款账户每天 期初 + 入账 - 出账 - 提现 = 期末待提现，并按账龄列出待提现；account_id 为空的是当日合计，bill_date 也为空的是全部日子的合计。
-- The roll-forward per payee and day, in yuan: opening + in - out - withdrawn = closing, with the age of what waits. A row without account_id is the day's sum, one without bill_date the sum of all days.
-- 数据中最早一天的期初，为之后的提现所付的更早账单。没有已发布的提现时（任务没有 withdrawals，或还没有人提现），只有一行，name 说明。
-- The opening of the first day is what withdrawals pay of earlier bills. Without published withdrawals (the job has no key withdrawals, or nobody has withdrawn yet) there is one row, whose name says so.
--
-- in_yuan, out_yuan     入账、出账：当日账单的 fund_amount，没有则取 goods；出账不带负号 fund_amount of the day's bills, or goods where there is none; out_yuan has no sign
-- withdrawn_yuan        当日发起、已到账的提现，含手动提现 withdrawals that were launched on the day and are paid, those by hand included
-- closing_yuan          期末待提现 what waits then
-- bills_...             当日账单：已提现、待提现、不可提现（收支方向不明）的条数 the day's bills: withdrawn, waiting, not withdrawable (of unknown direction)
-- waiting_yuan          当日账单中至今待提现的，等于其后按账龄（从账单日到数据中最新一天的天数）的四列之和 what still waits of the day's bills: the sum of the next four, by days from the bill_date to the newest day of the lake
-- unexplained_yuan      提现多于其账单之数：手动提现全额，差异，重复支付。最后一天的期末加各天此数，等于待提现之和 by how much withdrawals are more than their bills: by hand, mismatched, bills paid twice. The last closing and all of these are what waits of all days
WITH newest AS (
  SELECT min(bill_date) AS first_date, max(bill_date) AS last_date FROM balances
),
balance AS (
  SELECT
    b.*, n.name, b.bill_date = first_date AS is_first, b.bill_date = last_date AS is_last,
    date_diff('day', b.bill_date, last_date) AS age
  FROM balances AS b CROSS JOIN newest LEFT JOIN account_names AS n ON n.account_id = b.account_id
),
total AS (
  SELECT
    bill_date, account_id, CASE WHEN GROUPING(account_id) = 1 THEN '合计' ELSE max(name) END AS name, GROUPING(bill_date) = 1 AS all_days,
    sum(opening_fen) AS opening, sum(opening_fen) FILTER (WHERE is_first) AS first_opening, sum(in_fen) AS money_in, sum(out_fen) AS money_out,
    sum(withdrawn_fen) AS withdrawn, sum(closing_fen) AS closing, sum(closing_fen) FILTER (WHERE is_last) AS last_closing,
    sum(bills_withdrawn) AS bills_withdrawn, sum(bills_waiting) AS bills_waiting, sum(bills_not_withdrawable) AS bills_not_withdrawable,
    sum(waiting_fen) AS waiting, sum(CASE WHEN age <= 1 THEN waiting_fen ELSE 0 END) AS waiting_0_1,
    sum(CASE WHEN age BETWEEN 2 AND 7 THEN waiting_fen ELSE 0 END) AS waiting_2_7, sum(CASE WHEN age BETWEEN 8 AND 30 THEN waiting_fen ELSE 0 END) AS waiting_8_30,
    sum(CASE WHEN age > 30 THEN waiting_fen ELSE 0 END) AS waiting_31, sum(unexplained_fen) AS unexplained
  FROM balance
  GROUP BY GROUPING SETS ((bill_date, account_id), (bill_date), (account_id), ())
  HAVING count(*) > 0
)
SELECT
  bill_date, account_id, name,
  CAST(CAST(CASE WHEN all_days THEN first_opening ELSE opening END AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS opening_yuan,
  CAST(CAST(money_in AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS in_yuan,
  CAST(CAST(money_out AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS out_yuan,
  CAST(CAST(withdrawn AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS withdrawn_yuan,
  CAST(CAST(CASE WHEN all_days THEN last_closing ELSE closing END AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS closing_yuan,
  CAST(bills_withdrawn AS BIGINT) AS bills_withdrawn, CAST(bills_waiting AS BIGINT) AS bills_waiting, CAST(bills_not_withdrawable AS BIGINT) AS bills_not_withdrawable,
  CAST(CAST(waiting AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS waiting_yuan,
  CAST(CAST(waiting_0_1 AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS waiting_0_1_yuan,
  CAST(CAST(waiting_2_7 AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS waiting_2_7_yuan,
  CAST(CAST(waiting_8_30 AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS waiting_8_30_yuan,
  CAST(CAST(waiting_31 AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS waiting_31_up_yuan,
  CAST(CAST(unexplained AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS unexplained_yuan
FROM total
UNION ALL
SELECT
  NULL, NULL, '没有已发布的提现，无法编制余额调节表 no withdrawals are published',
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
WHERE NOT EXISTS (SELECT 1 FROM withdrawals)
ORDER BY bill_date NULLS FIRST, account_id NULLS FIRST;
