-- What a report says, found by DuckDB in the tables: rows of name and value, without those that are 0.
CREATE TEMP VIEW bill AS
SELECT *, counted IS NOT FALSE AS counts,
  COALESCE(total_commission_fen, CASE WHEN COALESCE(talent_commission_fen, total_agent_merchant_fen, broker_commission_fen, clerk_commission_fen) IS NOT NULL THEN
    COALESCE(talent_commission_fen, 0) + COALESCE(total_agent_merchant_fen, 0) + COALESCE(broker_commission_fen, 0) + COALESCE(clerk_commission_fen, 0) + COALESCE(mall_store_goods_fen, 0) END) AS commission_fen
FROM bills;

CREATE TEMP VIEW grouped AS
SELECT *,
  CASE WHEN item_order_id IS NOT NULL AND suffix(key, '/' || item_order_id) THEN left(key, length(key) - length(item_order_id) - 1) ELSE key END AS order_key,
  CASE verdict
    WHEN 'bill_only' THEN CASE WHEN list_contains(reasons, 'rule_never_answered') THEN 'rule_never_answered' ELSE 'bill_only' END
    WHEN 'not_applicable' THEN CASE WHEN list_contains(reasons, 'non_forward') THEN NULL WHEN list_contains(reasons, 'not_configured') THEN 'not_configured' ELSE 'no_key' END
    ELSE verdict END AS term
FROM (SELECT *, CASE WHEN suffix(group_key, '#bill_removed') THEN left(group_key, length(group_key) - length('#bill_removed')) ELSE group_key END AS key FROM reconciliation);

CREATE TEMP VIEW legs AS
SELECT *,
  term = 'no_key' OR verdict NOT IN ('matched', 'not_applicable') AS is_open,
  list_position(['matched', 'mismatched', 'bill_only', 'settlement_only', 'pending', 'failed', 'not_applicable'], verdict) AS rank,
  verdict IN ('matched', 'mismatched') AS decided,
  COALESCE(settled_total_fen, settled_fee_fen, settled_commission_fen, settled_net_fen) IS NULL AS unsettled,
  CASE WHEN decided THEN diff_total_fen WHEN unsettled THEN -billed_total_fen WHEN verdict = 'settlement_only' THEN settled_total_fen ELSE settled_total_fen - billed_total_fen END AS d0,
  CASE WHEN decided THEN diff_fee_fen WHEN unsettled THEN -billed_fee_fen WHEN verdict = 'settlement_only' THEN settled_fee_fen ELSE settled_fee_fen - billed_fee_fen END AS d1,
  CASE WHEN decided THEN diff_commission_fen WHEN unsettled THEN -billed_commission_fen WHEN verdict = 'settlement_only' THEN settled_commission_fen ELSE settled_commission_fen - billed_commission_fen END AS d2,
  CASE WHEN decided THEN diff_net_fen WHEN unsettled THEN -billed_net_fen WHEN verdict = 'settlement_only' THEN settled_net_fen ELSE settled_net_fen - billed_net_fen END AS d3
FROM grouped
WHERE term IS NOT NULL;

CREATE TEMP VIEW every_order AS
SELECT *, COALESCE(greatest(abs(diff0), abs(diff1), abs(diff2), abs(diff3)), greatest(abs(billed0), abs(settled0)), 0) AS stake,
  open > 0 AND (stake <> 0 OR NOT differs OR COALESCE(diff0, diff1, diff2, diff3) IS NULL) AS is_open
FROM (
  SELECT order_key, count(*) AS groups, min(bill_date) AS first, max(bill_date) AS last, count(*) FILTER (is_open) AS open, min(rank) FILTER (is_open) AS rank,
    bool_and(NOT is_open OR verdict = 'mismatched') AS differs, COALESCE(bool_and(COALESCE(state = 'resolved', false)) FILTER (is_open), false) AS is_resolved,
    sum(billed_total_fen) AS billed0, sum(settled_total_fen) AS settled0, sum(d0) AS diff0,
    sum(billed_fee_fen) AS billed1, sum(settled_fee_fen) AS settled1, sum(d1) AS diff1,
    sum(billed_commission_fen) AS billed2, sum(settled_commission_fen) AS settled2, sum(d2) AS diff2,
    sum(billed_net_fen) AS billed3, sum(settled_net_fen) AS settled3, sum(d3) AS diff3
  FROM legs LEFT JOIN (SELECT walk_account_id, order_key, state FROM resolution_states) USING (walk_account_id, order_key)
  GROUP BY order_key
);
CREATE TEMP VIEW open_order AS
SELECT *, DATE '${TO}' - first AS age, CASE WHEN age <= 1 THEN 0 WHEN age <= 7 THEN 2 WHEN age <= 30 THEN 8 ELSE 31 END AS band FROM every_order WHERE is_open AND NOT is_resolved;
CREATE TEMP VIEW resolved_order AS FROM every_order WHERE is_open AND is_resolved;

CREATE TEMP VIEW value AS
SELECT 'unit/' || bill_date || '/' || walk_account_id AS thing, name, value FROM (UNPIVOT (
  SELECT bill_date, walk_account_id, count(*)::HUGEINT AS bills, (count(*) FILTER (NOT counts))::HUGEINT AS uncounted,
    sum(ledger_total_fen) FILTER (counts AND settle_type = 1) AS forward, sum(ledger_total_fen) FILTER (counts AND settle_type = 2) AS refund,
    sum(ledger_total_fen) FILTER (counts AND settle_type NOT IN (1, 2)) AS other, sum(ledger_total_fen) FILTER (counts) AS net, sum(goods_fen) FILTER (counts) AS merchant,
    (count(*) FILTER (counts AND direction IS NULL))::HUGEINT AS unknown_direction,
    (count(*) FILTER (counts AND direction IS NOT NULL AND ledger_total_fen IS NULL))::HUGEINT AS unknown_total,
    (count(*) FILTER (counts AND settle_type = 1 AND ledger_total_fen IS NULL))::HUGEINT AS unknown_forward,
    (count(*) FILTER (counts AND direction IS NOT NULL AND goods_fen IS NULL))::HUGEINT AS unknown_merchant
  FROM bill GROUP BY ALL) ON COLUMNS(* EXCLUDE (bill_date, walk_account_id)))
UNION ALL
SELECT 'verdict/' || bill_date || '/' || walk_account_id || '/' || verdict, name, value FROM (UNPIVOT (
  SELECT bill_date, walk_account_id, verdict, count(*)::HUGEINT AS groups, sum(billed_total_fen) AS billed, sum(settled_total_fen) AS settled, sum(diff_total_fen) AS diff,
    sum(diff_total_fen) FILTER (diff_total_fen > 0) AS over, sum(diff_total_fen) FILTER (diff_total_fen < 0) AS short
  FROM grouped GROUP BY ALL) ON COLUMNS(* EXCLUDE (bill_date, walk_account_id, verdict)))
UNION ALL
SELECT CASE WHEN rules IS NULL THEN 'certain/' ELSE 'doubtful/' END || bill_date || '/' || walk_account_id, name, value FROM (UNPIVOT (
  SELECT bill_date, walk_account_id, any_value(rules) AS rules, count(*)::HUGEINT AS groups, sum(billed_total_fen) AS billed, sum(settled_total_fen) AS settled
  FROM grouped LEFT JOIN doubts USING (bill_date, walk_account_id, group_key) WHERE verdict = 'matched' GROUP BY bill_date, walk_account_id, rules IS NULL)
  ON COLUMNS(* EXCLUDE (bill_date, walk_account_id, rules)))
UNION ALL
SELECT 'refunds', name, value FROM (UNPIVOT (SELECT count(*)::HUGEINT AS bills, (sum(refund_yuan) * 100)::HUGEINT AS fen FROM refunds) ON COLUMNS(*))
UNION ALL
SELECT 'refunded/' || order_key, name, value FROM (UNPIVOT (
  SELECT order_key, count(*)::HUGEINT AS bills, (sum(refund_yuan) * 100)::HUGEINT AS refund, (any_value(settled_yuan) * 100)::HUGEINT AS settled FROM refunds GROUP BY ALL) ON COLUMNS(* EXCLUDE order_key))
UNION ALL
SELECT 'refunded_store/' || walk_account_id || '/' || COALESCE(poi_id, ''), name, value FROM (UNPIVOT (
  SELECT r.walk_account_id, poi_id, count(*)::HUGEINT AS bills, (sum(refund_yuan) * 100)::HUGEINT AS refund
  FROM refunds AS r JOIN bills AS b ON b.bill_date = r.bill_date AND b.account_id = r.account_id AND b.ledger_id = r.ledger_id AND b.settle_type = 2 AND b.counted IS NOT FALSE GROUP BY ALL)
  ON COLUMNS(* EXCLUDE (walk_account_id, poi_id)))
UNION ALL
SELECT 'doubt/' || bill_date || '/' || walk_account_id || '/' || group_key, 'rules', len(rules) FROM doubts
UNION ALL
SELECT 'term/' || bill_date || '/' || walk_account_id || '/' || term, name, value FROM (UNPIVOT (
  SELECT bill_date, walk_account_id, term, count(*)::HUGEINT AS groups, sum(COALESCE(settled_total_fen, 0) - COALESCE(billed_total_fen, 0)) AS fen
  FROM grouped WHERE term IS NOT NULL GROUP BY ALL) ON COLUMNS(* EXCLUDE (bill_date, walk_account_id, term)))
UNION ALL
SELECT 'settled', 'fen', sum(settle_amount_fen) FROM settlements WHERE settle_status = 'SUCCESS'
UNION ALL
SELECT 'waterfall', name, value FROM (UNPIVOT (
  SELECT sum(original_fen) AS original, -sum(merchant_ticket_fen) AS merchant_ticket, -sum(platform_ticket_fen) AS platform_ticket, sum(ledger_platform_ticket_fen) AS ledger_platform_ticket,
    sum(ledger_total_fen) AS ledger_total, -sum(total_merchant_platform_service_fen) AS total_merchant_platform_service, -sum(commission_fen) AS commission, -sum(actual_insured_fen) AS actual_insured,
    sum(goods_fen) AS goods
  FROM bill WHERE counts AND settle_type = 1) ON COLUMNS(*))
UNION ALL
SELECT 'waterfall', name, value FROM (UNPIVOT (
  SELECT sum(goods_fen) FILTER (settle_type = 2) AS refund, sum(goods_fen) FILTER (settle_type NOT IN (1, 2)) AS other, sum(goods_fen) AS merchant FROM bill WHERE counts) ON COLUMNS(*))
UNION ALL
SELECT 'waterfall', 'total_broken', sum(ledger_total_fen - (original_fen - merchant_ticket_fen - platform_ticket_fen + ledger_platform_ticket_fen)) FROM bill WHERE counts AND settle_type = 1
UNION ALL
SELECT 'waterfall', 'goods_broken', sum(goods_fen - (ledger_total_fen - total_merchant_platform_service_fen - commission_fen - actual_insured_fen)) FROM bill WHERE counts AND settle_type = 1
UNION ALL
SELECT 'store/' || walk_account_id || '/' || COALESCE(poi_id, ''), name, value FROM (UNPIVOT (
  SELECT walk_account_id, poi_id, (count(*) FILTER (known))::HUGEINT AS bills, (count(*) FILTER (NOT known))::HUGEINT AS unknown,
    sum(ledger_total_fen) FILTER (known) AS total, sum(total_merchant_platform_service_fen) FILTER (known) AS fee,
    (sign(fee) * sign(total) * ((abs(fee) * 10000 + abs(total) // 2) // NULLIF(abs(total), 0)))::HUGEINT AS rate,
    (count(*) FILTER (rated))::HUGEINT AS commission_bills, sum(ledger_total_fen) FILTER (rated) AS commission_total, sum(commission_fen) FILTER (rated) AS commission,
    sum(ledger_total_fen) FILTER (known AND rated) AS taken_total, sum(total_merchant_platform_service_fen + commission_fen) FILTER (known AND rated) AS taken,
    (count(*) FILTER (ledger_total_fen IS NULL))::HUGEINT AS lacking_total, (count(*) FILTER (total_merchant_platform_service_fen IS NULL))::HUGEINT AS lacking_fee,
    (count(*) FILTER (commission_fen IS NULL))::HUGEINT AS lacking_commissions
  FROM (SELECT *, ledger_total_fen IS NOT NULL AND total_merchant_platform_service_fen IS NOT NULL AS known, ledger_total_fen IS NOT NULL AND commission_fen IS NOT NULL AS rated FROM bill WHERE counts AND settle_type = 1)
  GROUP BY ALL) ON COLUMNS(* EXCLUDE (walk_account_id, poi_id)))
UNION ALL
SELECT 'exception/' || rule, severity, count(*) FROM exceptions GROUP BY ALL
UNION ALL
SELECT 'restatement/' || bill_date, name, value FROM (UNPIVOT (
  SELECT bill_date, (count(*) FILTER (change = 'added'))::HUGEINT AS added, (count(*) FILTER (change = 'removed'))::HUGEINT AS removed, (count(*) FILTER (change = 'changed'))::HUGEINT AS changed,
    sum(diff_total_fen) AS total, sum(diff_goods_fen) AS merchant
  FROM restatements GROUP BY ALL) ON COLUMNS(* EXCLUDE bill_date))
UNION ALL
SELECT 'after_closing/' || bill_date, name, value FROM (UNPIVOT (
  SELECT bill_date, count(*)::HUGEINT AS changes, sum(diff_total_fen) AS total, sum(diff_goods_fen) AS merchant FROM changes_after_closing GROUP BY ALL) ON COLUMNS(* EXCLUDE bill_date))
UNION ALL
SELECT 'resolved', name, value FROM (UNPIVOT (
  SELECT count(*)::HUGEINT AS orders, sum(billed0) AS billed, sum(settled0) AS settled, sum(stake) AS stake FROM resolved_order) ON COLUMNS(*))
UNION ALL
SELECT 'resolved/' || order_key, 'diff', diff0 FROM resolved_order
UNION ALL
SELECT 'order/' || order_key, name, value FROM (UNPIVOT (
  SELECT order_key, groups::HUGEINT AS groups, rank::HUGEINT AS rank, age::HUGEINT AS age, (last - first)::HUGEINT AS days, stake, COLUMNS('^(billed|settled|diff)[0-3]$'),
    ((diff0 IS NOT NULL)::INT + 2 * (diff1 IS NOT NULL)::INT + 4 * (diff2 IS NOT NULL)::INT + 8 * (diff3 IS NOT NULL)::INT)::HUGEINT AS compared
  FROM open_order) ON COLUMNS(* EXCLUDE order_key))
UNION ALL
SELECT 'age/' || rank || '/' || band, name, value FROM (UNPIVOT (
  SELECT rank, band, count(*)::HUGEINT AS orders, sum(billed0) AS billed, sum(settled0) AS settled, sum(stake) AS stake FROM open_order GROUP BY ALL) ON COLUMNS(* EXCLUDE (rank, band)))
UNION ALL
SELECT 'closed', name, value FROM (UNPIVOT (
  SELECT count(*)::HUGEINT AS orders, sum(billed0) AS billed, sum(settled0) AS settled FROM every_order WHERE NOT is_open) ON COLUMNS(*))
UNION ALL
SELECT 'balance/' || bill_date || '/' || account_id, name, value FROM (UNPIVOT (
  SELECT bill_date, account_id, opening_fen::HUGEINT AS opening, in_fen::HUGEINT AS in, out_fen::HUGEINT AS out, withdrawn_fen::HUGEINT AS withdrawn, closing_fen::HUGEINT AS closing, unexplained_fen::HUGEINT AS unexplained,
    bills_withdrawn::HUGEINT AS bills_withdrawn, bills_waiting::HUGEINT AS bills_waiting, bills_not_withdrawable::HUGEINT AS bills_unknown
  FROM balances WHERE bills_withdrawn + bills_waiting + bills_not_withdrawable > 0 OR withdrawn_fen <> 0) ON COLUMNS(* EXCLUDE (bill_date, account_id)))
UNION ALL
SELECT 'waiting', 'fen', sum(waiting_fen) FROM balances
UNION ALL
SELECT 'withdrawals/' || verdict, name, value FROM (UNPIVOT (
  SELECT verdict, count(*)::HUGEINT AS count, sum(amount_fen) AS amount, sum(bills_fen) AS bills, sum(diff_fen) AS diff FROM withdrawals GROUP BY ALL) ON COLUMNS(* EXCLUDE verdict))
UNION ALL
SELECT 'drill/' || order_key, name, value FROM (UNPIVOT (
  SELECT order_key, count(*)::HUGEINT AS bills, sum(ledger_total_fen) AS billed FROM bill JOIN open_order ON order_key = COALESCE(NULLIF(shop_order_id, ''), 'ext:' || NULLIF(order_ext_id, '')) GROUP BY ALL) ON COLUMNS(* EXCLUDE order_key));

SELECT thing || '/' || name AS name, value::VARCHAR AS value FROM value WHERE value <> 0;
