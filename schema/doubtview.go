package schema

// doubtsView is the SQL of the view of matched groups with an exception on one of their bills
// or settlements: 平账（存疑）. A forward bill is in the group of its item if there is one, else
// in that of its order.
const doubtsView = `
-- Matched groups with an exception on one of their bills or settlements: 平账（存疑）.

CREATE OR REPLACE VIEW doubts AS
WITH named AS (
  SELECT bill_date, account_id, ledger_id, settle_id, rule FROM exceptions
),
bill AS (
  SELECT b.bill_date, b.walk_account_id, COALESCE(NULLIF(b.shop_order_id, ''), 'ext:' || NULLIF(b.order_ext_id, '')) AS order_key, b.item_order_id, n.rule
  FROM bills AS b JOIN named AS n USING (bill_date, account_id, ledger_id)
  WHERE b.settle_type = 1
),
matched AS (
  SELECT bill_date, walk_account_id, group_key, verdict FROM reconciliation
),
suspect AS (
  SELECT b.bill_date, b.walk_account_id, COALESCE(i.group_key, b.order_key) AS group_key, b.rule
  FROM bill AS b
  LEFT JOIN matched AS i ON i.bill_date = b.bill_date AND i.walk_account_id = b.walk_account_id AND i.group_key = b.order_key || '/' || b.item_order_id
  UNION ALL
  SELECT bill_date, s.walk_account_id, s.group_key, n.rule
  FROM settlements AS s JOIN named AS n USING (bill_date, settle_id)
)
SELECT bill_date, walk_account_id, group_key, list_sort(list(DISTINCT rule)) AS rules
FROM suspect JOIN matched USING (bill_date, walk_account_id, group_key)
WHERE verdict = 'matched'
GROUP BY ALL;
COMMENT ON VIEW doubts IS 'One row per matched group with an exception on one of its bills or settlements, and the rules; settlements in files of earlier versions name no group.';
`

// doubtSQL is the SQL of what the view 对账 says beside the verdict.
func doubtSQL() string {
	return "CASE WHEN doubts IS NOT NULL THEN '平账（存疑）：' || array_to_string(list_transform(doubts, lambda r: " + caseSQL("r", Rules, Rule.Label) + "), '；') END"
}
