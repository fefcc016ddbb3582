-- 漏提：还没有提现，而同一收款账户更晚的账单已经提现的账单。
-- Bills that no withdrawal has paid, while later ones of the same payee are withdrawn.
--
-- first_bill_date ... 这些账单的最早、最晚账单日，条数与金额，退款已抵减 of which days they are, and what they come to, refunds deducted
-- passed_on           首笔越过它们的提现的发起日 the launch day of the first withdrawal that paid a later day
-- may_be_in           期间发起、尚未核平的提现，这些账单可能属于它，金额相同的优先；为空则没有任何提现涉及它们，应向平台查询
--                     a withdrawal that was launched meanwhile and does not tie (by hand, in flight, failed, mismatched): they may be in it, most likely in one of the same amount. Where it is NULL no withdrawal has to do with them: ask the platform
WITH paid AS (
  SELECT w.account_id, w.bill_date AS launched_on, max(b.billed_on) AS paid_to
  FROM withdrawals AS w
  JOIN withdrawn_bills AS b ON b.bill_date = w.bill_date AND b.account_id = w.account_id AND b.withdraw_id = w.withdraw_id
  WHERE w.verdict IN ('tied', 'mismatched')
  GROUP BY w.account_id, w.bill_date
),
waiting AS (
  SELECT account_id, bill_date, count(*) AS bills, sum(amount_fen) AS fen
  FROM bill_states
  WHERE state = 'waiting'
  GROUP BY account_id, bill_date
),
passed AS (
  SELECT s.account_id, s.bill_date, s.bills, s.fen, min(p.launched_on) AS passed_on
  FROM waiting AS s JOIN paid AS p ON p.account_id = s.account_id AND p.paid_to > CAST(s.bill_date AS VARCHAR)
  GROUP BY s.account_id, s.bill_date, s.bills, s.fen
),
gap AS (
  SELECT account_id, passed_on, min(bill_date) AS first_bill_date, max(bill_date) AS last_bill_date, sum(bills) AS bills, sum(fen) AS fen
  FROM passed
  GROUP BY account_id, passed_on
  HAVING sum(fen) > 0
),
untied AS (
  SELECT account_id, passed_on, may_be_in
  FROM (
    SELECT
      g.account_id, g.passed_on, concat(w.verdict, ' ', w.withdraw_id) AS may_be_in,
      row_number() OVER (
        PARTITION BY g.account_id, g.passed_on
        ORDER BY
          CASE WHEN w.amount_fen = g.fen THEN 0 ELSE 1 END,
          CASE w.verdict WHEN 'manual' THEN 1 WHEN 'not_asked' THEN 2 WHEN 'mismatched' THEN 3 WHEN 'in_flight' THEN 4 ELSE 5 END,
          w.withdraw_id
      ) AS place
    FROM gap AS g JOIN withdrawals AS w ON w.account_id = g.account_id AND w.bill_date >= g.first_bill_date AND w.bill_date <= g.passed_on
    WHERE w.verdict <> 'tied'
  ) AS candidate
  WHERE place = 1
)
SELECT
  g.account_id, n.name, g.first_bill_date, g.last_bill_date,
  CAST(g.bills AS BIGINT) AS bills,
  CAST(CAST(g.fen AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(18, 2)) AS waiting_yuan,
  g.passed_on, u.may_be_in
FROM gap AS g
LEFT JOIN untied AS u ON u.account_id = g.account_id AND u.passed_on = g.passed_on
LEFT JOIN account_names AS n ON n.account_id = g.account_id
ORDER BY may_be_in NULLS FIRST, waiting_yuan DESC, g.account_id, g.passed_on;
