-- Reconciliation in SQL: the table reconciliation of all days, from the tables or views bills and settlements. One row per
-- group: the forward bills of one order (or item) of one account on one day, or its other bills, or settlements without a
-- bill. It leaves the table reconciled.
-- Each step is a table of its own, as an engine may compute a WITH again at each use; what a step uses twice is a step before
-- it. All joins are by keys. It is written for DuckDB; `billwalk sql reconcile --dialect` prints it for other engines.
-- The statements cannot find what billwalk knows of calls: which settlements have no bill (billwalk leaves their asked_by NULL,
-- which is relied on), the reason not_asked, and for which of several orders with one id a settlement was found that counts
-- further away than the lookback (the reason settled_elsewhere).

-- Settings: the difference up to which a leg is equal; the days before and after each of its days over which an order is
-- compared; and false if the settle query is not configured, so that nothing is compared.
CREATE OR REPLACE TEMP VIEW reconcile_settings AS
SELECT CAST(0 AS BIGINT) AS tolerance_fen, 7 AS lookback_days, true AS configured;

-- How orders were queried: settlements.asked_by is 'parameter: bill_column'.
CREATE OR REPLACE TEMP VIEW reconcile_rules AS
SELECT * FROM (
  VALUES
    ('order_id', 'shop_order_id'),
    ('out_order_no', 'order_ext_id')
) AS rules (parameter, bill_column);

-- The days that are reconciled, and those that are read for them: three lookbacks before and after.
CREATE OR REPLACE TEMP VIEW reconcile_bills AS
SELECT *, true AS is_target, true AS is_read FROM bills;

CREATE OR REPLACE TEMP VIEW reconcile_settlements AS
SELECT *, true AS is_target, true AS is_read FROM settlements;

-- Nothing below needs editing.

-- Bills with their order, their day as a number, and the four legs. A text that is empty is absent. The other contents of a
-- bill (duplicate_conflict) are left out.
CREATE OR REPLACE TEMP TABLE reconcile_bill AS
SELECT
  bill_date,
  date_diff('day', DATE '1970-01-01', bill_date) AS day,
  is_target, walk_account_id, account_id, ledger_id, settle_type, settle_sub_type,
  COALESCE(NULLIF(shop_order_id, ''), 'ext:' || NULLIF(order_ext_id, '')) AS order_key,
  NULLIF(shop_order_id, '') AS shop_order_id,
  NULLIF(item_order_id, '') AS item_order_id,
  NULLIF(order_ext_id, '') AS order_ext_id,
  NULLIF(certificate_id, '') AS certificate_id,
  NULLIF(verify_id, '') AS verify_id,
  ledger_total_fen AS total,
  total_merchant_platform_service_fen AS fee,
  CASE
    WHEN total_commission_fen IS NOT NULL THEN total_commission_fen
    WHEN COALESCE(talent_commission_fen, total_agent_merchant_fen, broker_commission_fen, clerk_commission_fen) IS NOT NULL
      THEN COALESCE(talent_commission_fen, 0) + COALESCE(total_agent_merchant_fen, 0) + COALESCE(broker_commission_fen, 0)
        + COALESCE(clerk_commission_fen, 0) + COALESCE(mall_store_goods_fen, 0)
  END AS commission, -- the parts that are known; the mall's share alone says nothing of the others
  goods_fen AS net
FROM reconcile_bills
WHERE is_read AND COALESCE(counted, true);

-- The ids by which settlements are found. A query uses the smallest of an order's day, by each rule; a callback may name any
-- of them, or an item.
CREATE OR REPLACE TEMP TABLE reconcile_answerable AS
WITH id_of_order AS (
  SELECT DISTINCT
    order_key, day, parameter || ': ' || bill_column AS asked_by,
    CASE bill_column
      WHEN 'shop_order_id' THEN shop_order_id
      WHEN 'item_order_id' THEN item_order_id
      WHEN 'order_ext_id' THEN order_ext_id
      WHEN 'certificate_id' THEN certificate_id
      WHEN 'verify_id' THEN verify_id
    END AS asked_id
  FROM reconcile_bill CROSS JOIN (SELECT * FROM reconcile_rules UNION ALL SELECT 'item_order_id', 'item_order_id') AS every_rule
  WHERE settle_type = 1 AND order_key IS NOT NULL
)
SELECT order_key, day, asked_by, min(asked_id) AS asked_id, 0 AS by_callback
FROM id_of_order
WHERE asked_id IS NOT NULL AND asked_by <> 'item_order_id: item_order_id' AND strlen(asked_id) <= 64 -- the maximum of the settle query, in bytes
GROUP BY order_key, day, asked_by
UNION ALL
SELECT order_key, day, asked_by, asked_id, 1 FROM id_of_order WHERE asked_id IS NOT NULL;

-- Settlements with the id that found them. A settle_id may have several rows on a day, one per item, each with a link.
CREATE OR REPLACE TEMP VIEW reconcile_answers AS
SELECT
  is_read, bill_date, settle_id, COALESCE(item_order_id, '') AS item, asked_by, NULLIF(order_id, '') AS order_id,
  date_diff('day', DATE '1970-01-01', bill_date) AS day,
  CASE split_part(asked_by, ': ', 1)
    WHEN 'order_id' THEN order_id
    WHEN 'out_order_no' THEN out_order_no
    WHEN 'out_settle_no' THEN out_settle_no
    WHEN 'settle_id' THEN settle_id
    WHEN 'item_order_id' THEN item_order_id
  END AS answered_id,
  CASE WHEN source = 'callback' THEN 1 ELSE 0 END AS by_callback,
  settle_time,
  CASE WHEN settle_status IN ('SUCCESS', 'FAIL') THEN settle_status ELSE 'in flight' END AS kind,
  settle_amount_fen AS total, rake_fen AS fee, commission_fen AS commission, shares_fen AS net
FROM reconcile_settlements;

CREATE OR REPLACE TEMP TABLE reconcile_answer AS
SELECT * FROM reconcile_answers WHERE is_read;

-- The ids that found something on any day, also on days that are not read, with the day of their first SUCCESS.
CREATE OR REPLACE TEMP TABLE reconcile_answered AS
SELECT a.asked_by, a.answered_id, a.by_callback, min(CASE WHEN a.kind = 'SUCCESS' THEN a.day END) AS first_success
FROM reconcile_answers a
JOIN (SELECT DISTINCT asked_by, asked_id, by_callback FROM reconcile_answerable) q
  ON q.asked_by = a.asked_by AND q.asked_id = a.answered_id AND q.by_callback = a.by_callback
GROUP BY a.asked_by, a.answered_id, a.by_callback;

-- Settlements with the order whose id they have; of several orders the smallest, rather one that is queried by it on the day.
CREATE OR REPLACE TEMP TABLE reconcile_link AS
SELECT
  a.bill_date, a.settle_id, a.item, a.day, a.order_id,
  COALESCE(min(CASE WHEN q.day = a.day AND q.by_callback = 0 THEN q.order_key END), min(q.order_key)) AS order_key
FROM reconcile_answer a
JOIN reconcile_answerable q ON q.asked_by = a.asked_by AND q.asked_id = a.answered_id AND q.by_callback = a.by_callback
CROSS JOIN reconcile_settings
WHERE abs(q.day - a.day) <= lookback_days
GROUP BY a.bill_date, a.settle_id, a.item, a.day, a.order_id;

CREATE OR REPLACE TEMP TABLE reconcile_settlement AS
WITH sibling_link AS ( -- callbacks that only another settlement of their order links to bills
  SELECT a.bill_date, a.settle_id, a.item, min(l.order_key) AS order_key
  FROM reconcile_answer a
  JOIN reconcile_link l ON l.order_id = a.order_id
  CROSS JOIN reconcile_settings
  WHERE a.asked_by = 'order_id: settlement' AND abs(l.day - a.day) <= lookback_days
  GROUP BY a.bill_date, a.settle_id, a.item
)
SELECT l.order_key, a.*
FROM reconcile_answer a
JOIN (
  SELECT bill_date, settle_id, item, order_key FROM reconcile_link
  UNION ALL
  SELECT bill_date, settle_id, item, order_key FROM sibling_link
) l ON l.bill_date = a.bill_date AND l.settle_id = a.settle_id AND l.item = a.item;

-- The universe of an order on a day (target): its forward bills and its settlements within the lookback before and after.
CREATE OR REPLACE TEMP TABLE reconcile_target AS
SELECT d.order_key, d.bill_date AS target, d.day, q.order_key IS NOT NULL AS has_key
FROM (SELECT DISTINCT order_key, bill_date, day FROM reconcile_bill WHERE is_target AND settle_type = 1 AND order_key IS NOT NULL) d
LEFT JOIN (SELECT DISTINCT order_key, day FROM reconcile_answerable WHERE by_callback = 0) q ON q.order_key = d.order_key AND q.day = d.day;

CREATE OR REPLACE TEMP TABLE reconcile_settlement_near AS
SELECT t.target, s.*
FROM reconcile_target t JOIN reconcile_settlement s ON s.order_key = t.order_key CROSS JOIN reconcile_settings
WHERE abs(s.day - t.day) <= lookback_days;

-- The targets of an order that has a SUCCESS settlement on a day before their universe, found by an id of the order's bills
-- within it: the answer to a query is one for each order with that id, a callback for the smallest. It stays on its day, and is
-- not compared on the target.
CREATE OR REPLACE TEMP TABLE reconcile_elsewhere AS
WITH settled_before AS (
  SELECT DISTINCT f.asked_by, f.answered_id, f.by_callback, t.target, t.day
  FROM reconcile_answered f
  JOIN reconcile_answerable q ON q.asked_by = f.asked_by AND q.asked_id = f.answered_id AND q.by_callback = f.by_callback
  JOIN reconcile_target t ON t.order_key = q.order_key
  CROSS JOIN reconcile_settings
  WHERE q.day > f.first_success AND f.first_success < t.day - lookback_days AND abs(q.day - t.day) <= lookback_days
)
SELECT DISTINCT order_key, target
FROM (
  SELECT min(q.order_key) AS order_key, b.target
  FROM settled_before b
  JOIN reconcile_answerable q ON q.asked_by = b.asked_by AND q.asked_id = b.answered_id AND q.by_callback = b.by_callback
  CROSS JOIN reconcile_settings
  WHERE abs(q.day - b.day) <= lookback_days
  GROUP BY b.asked_by, b.answered_id, b.by_callback, b.target, CASE WHEN b.by_callback = 0 THEN q.order_key END
) AS owned;

-- Groups of a universe: account, day and item. An item counts if settlements of the universe name it; otherwise it is ''.
CREATE OR REPLACE TEMP TABLE reconcile_grouped_bill AS
WITH bill_near AS (
  SELECT t.target, t.has_key, CASE WHEN lookback_days > 0 AND abs(b.day - t.day) = lookback_days THEN 1 ELSE 0 END AS at_edge, b.*
  FROM reconcile_target t JOIN reconcile_bill b ON b.order_key = t.order_key CROSS JOIN reconcile_settings
  WHERE b.settle_type = 1 AND abs(b.day - t.day) <= lookback_days
),
named_item AS (
  SELECT DISTINCT order_key, target, item FROM reconcile_settlement_near WHERE item <> ''
),
bill_with_item AS (
  SELECT b.*, COALESCE(n.item, '') AS item
  FROM bill_near b
  LEFT JOIN named_item n ON n.order_key = b.order_key AND n.target = b.target AND n.item = b.item_order_id
)
SELECT *, DENSE_RANK() OVER (PARTITION BY order_key, target ORDER BY bill_date, walk_account_id, item) AS group_id
FROM bill_with_item;

-- Bills and settlements in one list, after tiers 1 and 2a.
CREATE OR REPLACE TEMP TABLE reconcile_entry AS
-- A settlement belongs to the first group of its day with its item, else to the first without an item, else to the first.
WITH settlement_group AS (
  SELECT
    s.order_key, s.target, s.bill_date, s.item,
    COALESCE(
      min(CASE WHEN g.item = s.item THEN g.group_id END),
      min(CASE WHEN g.item = '' THEN g.group_id END),
      min(g.group_id)) AS group_id
  FROM (SELECT DISTINCT order_key, target, bill_date, item FROM reconcile_settlement_near) s
  JOIN (SELECT DISTINCT order_key, target, bill_date, item, group_id FROM reconcile_grouped_bill) g
    ON g.order_key = s.order_key AND g.target = s.target AND g.bill_date = s.bill_date
  GROUP BY s.order_key, s.target, s.bill_date, s.item
),
-- Bills and settlements in one list. Legs are signed so that their sum over any set is settled - billed: bills are negative,
-- SUCCESS settlements positive, others 0. A gap is the reason why a leg of the row is not known, so that a set with the row
-- cannot compare it. Of two gaps the smaller one counts: ..._billed before ..._settled.
known AS (
  SELECT
    order_key, target, bill_date, group_id, item, 'bill' AS kind, has_key, at_edge, walk_account_id,
    account_id, ledger_id AS id, settle_sub_type, NULL AS settle_time,
    -total AS total, -fee AS fee, -commission AS commission, -net AS net
  FROM reconcile_grouped_bill
  UNION ALL
  SELECT
    s.order_key, s.target, s.bill_date, g.group_id, s.item, s.kind, NULL, 0, NULL,
    NULL, s.settle_id, NULL, s.settle_time,
    CASE WHEN s.kind = 'SUCCESS' THEN s.total ELSE 0 END, CASE WHEN s.kind = 'SUCCESS' THEN s.fee ELSE 0 END,
    CASE WHEN s.kind = 'SUCCESS' THEN s.commission ELSE 0 END, CASE WHEN s.kind = 'SUCCESS' THEN s.net ELSE 0 END
  FROM reconcile_settlement_near s
  LEFT JOIN settlement_group g
    ON g.order_key = s.order_key AND g.target = s.target AND g.bill_date = s.bill_date AND g.item = s.item
),
entry AS (
  SELECT
    known.*, tolerance_fen,
    CASE WHEN kind = 'bill' THEN 1 ELSE 0 END AS is_bill,
    CASE WHEN kind = 'SUCCESS' THEN 1 ELSE 0 END AS is_success,
    CASE WHEN kind = 'FAIL' THEN 1 ELSE 0 END AS is_fail,
    CASE WHEN kind = 'in flight' THEN 1 ELSE 0 END AS is_in_flight,
    CASE WHEN total IS NULL THEN ',total_not_' || CASE WHEN kind = 'bill' THEN 'billed' ELSE 'settled' END END AS total_gap,
    CASE WHEN fee IS NULL THEN ',fee_not_' || CASE WHEN kind = 'bill' THEN 'billed' ELSE 'settled' END END AS fee_gap,
    CASE WHEN commission IS NULL THEN ',commission_not_' || CASE WHEN kind = 'bill' THEN 'billed' ELSE 'settled' END END AS commission_gap,
    CASE WHEN net IS NULL THEN ',net_not_' || CASE WHEN kind = 'bill' THEN 'billed' ELSE 'settled' END END AS net_gap
  FROM known CROSS JOIN reconcile_settings
),
-- The tiers. Each compares sets of the entries that the tiers before left open, and sets the reasons of the entries of a set
-- that matches, '' for none; an entry whose reasons are NULL stays open. A set matches if it has bills and SUCCESS
-- settlements, nothing in flight, and legs whose sum is positive: 1 for equal, 0 for not compared, -9 for different.
--
-- 1 item: the bills of an item and the settlements that name it, over all days and accounts.
by_item AS (
  SELECT *,
    CASE WHEN item <> '' AND max(is_bill) OVER w = 1 AND max(is_success) OVER w = 1 AND max(is_in_flight) OVER w = 0
      AND CASE WHEN min(total_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(total) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
        + CASE WHEN min(fee_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(fee) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
        + CASE WHEN min(commission_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(commission) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
        + CASE WHEN min(net_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(net) OVER w) <= tolerance_fen THEN 1 ELSE -9 END > 0
    THEN COALESCE(min(total_gap) OVER w, '') || COALESCE(min(fee_gap) OVER w, '')
      || COALESCE(min(commission_gap) OVER w, '') || COALESCE(min(net_gap) OVER w, '')
    END AS item_reasons
  FROM entry
  WINDOW w AS (PARTITION BY order_key, target, item)
)
-- 2a order: each group by itself. This closes nearly all groups; the tiers after it work on the rest.
SELECT *,
  CASE WHEN item_reasons IS NULL AND max(is_bill) OVER w = 1 AND max(is_success) OVER w = 1 AND max(is_in_flight) OVER w = 0
    AND CASE WHEN min(total_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(total) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
      + CASE WHEN min(fee_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(fee) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
      + CASE WHEN min(commission_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(commission) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
      + CASE WHEN min(net_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(net) OVER w) <= tolerance_fen THEN 1 ELSE -9 END > 0
  THEN COALESCE(min(total_gap) OVER w, '') || COALESCE(min(fee_gap) OVER w, '')
    || COALESCE(min(commission_gap) OVER w, '') || COALESCE(min(net_gap) OVER w, '')
  END AS order_reasons
FROM by_item
WINDOW w AS (PARTITION BY order_key, target, group_id, item_reasons IS NULL);

-- What tiers 1 and 2a left open, after the tiers 2b to 4.
CREATE OR REPLACE TEMP TABLE reconcile_closed AS
-- 2b order: the groups of a day together.
WITH by_day AS (
  SELECT *,
    CASE WHEN max(is_bill) OVER w = 1 AND max(is_success) OVER w = 1 AND max(is_in_flight) OVER w = 0
      AND CASE WHEN min(total_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(total) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
        + CASE WHEN min(fee_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(fee) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
        + CASE WHEN min(commission_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(commission) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
        + CASE WHEN min(net_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(net) OVER w) <= tolerance_fen THEN 1 ELSE -9 END > 0
    THEN COALESCE(min(total_gap) OVER w, '') || COALESCE(min(fee_gap) OVER w, '')
      || COALESCE(min(commission_gap) OVER w, '') || COALESCE(min(net_gap) OVER w, '')
    END AS day_reasons
  FROM reconcile_entry
  WHERE item_reasons IS NULL AND order_reasons IS NULL
  WINDOW w AS (PARTITION BY order_key, target, bill_date)
),
-- 3 order_window: the whole universe.
by_window AS (
  SELECT *,
    CASE WHEN day_reasons IS NULL AND max(is_bill) OVER w = 1 AND max(is_success) OVER w = 1 AND max(is_in_flight) OVER w = 0
      AND CASE WHEN min(total_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(total) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
        + CASE WHEN min(fee_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(fee) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
        + CASE WHEN min(commission_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(commission) OVER w) <= tolerance_fen THEN 1 ELSE -9 END
        + CASE WHEN min(net_gap) OVER w IS NOT NULL THEN 0 WHEN abs(sum(net) OVER w) <= tolerance_fen THEN 1 ELSE -9 END > 0
    THEN COALESCE(min(total_gap) OVER w, '') || COALESCE(min(fee_gap) OVER w, '')
      || COALESCE(min(commission_gap) OVER w, '') || COALESCE(min(net_gap) OVER w, '')
    END AS window_reasons
  FROM by_day
  WINDOW w AS (PARTITION BY order_key, target, day_reasons IS NULL)
),
-- 4 amount: the n-th open bill of an amount (total) pairs with the n-th open SUCCESS settlement of that amount, if no other
-- leg that both have differs. A group is matched if all its open entries have a pair; a FAIL needs none.
priced AS (
  SELECT *,
    CASE WHEN COALESCE(day_reasons, window_reasons) IS NOT NULL THEN NULL
      WHEN is_bill = 1 THEN -total WHEN is_success = 1 THEN total END AS price
  FROM by_window
),
numbered AS (
  SELECT *,
    ROW_NUMBER() OVER (PARTITION BY order_key, target, price, kind
      ORDER BY bill_date, account_id, id, settle_sub_type NULLS FIRST, walk_account_id, item,
        fee DESC NULLS FIRST, commission DESC NULLS FIRST, net DESC NULLS FIRST) AS number
  FROM priced
),
paired AS (
  SELECT *,
    CASE WHEN price IS NOT NULL AND count(*) OVER pair = 2
      AND (count(fee) OVER pair < 2 OR sum(fee) OVER pair = 0)
      AND (count(commission) OVER pair < 2 OR sum(commission) OVER pair = 0)
      AND (count(net) OVER pair < 2 OR sum(net) OVER pair = 0)
    THEN 1 ELSE 0 END AS is_paired,
    CASE WHEN is_bill = 1 THEN min(fee_gap) OVER pair END AS pair_fee_gap,
    CASE WHEN is_bill = 1 THEN min(commission_gap) OVER pair END AS pair_commission_gap,
    CASE WHEN is_bill = 1 THEN min(net_gap) OVER pair END AS pair_net_gap
  FROM numbered
  WINDOW pair AS (PARTITION BY order_key, target, price, number)
),
by_amount AS (
  SELECT *,
    CASE WHEN is_bill = 1 AND COALESCE(day_reasons, window_reasons) IS NULL
      AND min(CASE WHEN is_fail = 1 THEN 1 ELSE is_paired END) OVER w = 1
    THEN COALESCE(min(pair_fee_gap) OVER w, '') || COALESCE(min(pair_commission_gap) OVER w, '') || COALESCE(min(pair_net_gap) OVER w, '')
    END AS amount_reasons
  FROM paired
  WINDOW w AS (PARTITION BY order_key, target, group_id, COALESCE(day_reasons, window_reasons) IS NULL)
)
-- A settlement is closed with the bill of its pair.
SELECT *,
  COALESCE(day_reasons, window_reasons) IS NOT NULL
    OR is_paired = 1 AND max(amount_reasons) OVER (PARTITION BY order_key, target, price, number) IS NOT NULL AS is_closed
FROM by_amount;

-- What is still open: g is a group's part of it, u the whole universe's. A group's own settlements say whether one failed,
-- those of the universe where it has none; the whole universe says whether one is in flight, and what differs. The step has
-- the groups that tiers 1 and 2a left open.
CREATE OR REPLACE TEMP TABLE reconcile_late_group AS
WITH open_entry AS (
  SELECT *,
    max(1 - is_bill) OVER g AS group_settled, max(1 - is_bill) OVER u AS settled,
    max(is_fail) OVER g AS group_failed, max(is_fail) OVER u AS failed, max(is_in_flight) OVER u AS in_flight,
    COALESCE(min(total_gap) OVER u, CASE WHEN abs(sum(total) OVER u) > tolerance_fen THEN ',total_differs' ELSE '' END)
      || COALESCE(min(fee_gap) OVER u, CASE WHEN abs(sum(fee) OVER u) > tolerance_fen THEN ',fee_differs' ELSE '' END)
      || COALESCE(min(commission_gap) OVER u, CASE WHEN abs(sum(commission) OVER u) > tolerance_fen THEN ',commission_differs' ELSE '' END)
      || COALESCE(min(net_gap) OVER u, CASE WHEN abs(sum(net) OVER u) > tolerance_fen THEN ',net_differs' ELSE '' END)
      || CASE WHEN (min(total_gap) OVER u || min(fee_gap) OVER u || min(commission_gap) OVER u || min(net_gap) OVER u) IS NOT NULL
        THEN ',nothing_compared' ELSE '' END AS open_reasons,
    sum(is_success) OVER u = 1 AND max(is_fail) OVER u = 0 AND min(total_gap) OVER u IS NULL AND sum(total) OVER u > tolerance_fen
      AND (min(fee_gap) OVER u IS NOT NULL OR sum(fee) OVER u >= -tolerance_fen)
      AND (min(commission_gap) OVER u IS NOT NULL OR sum(commission) OVER u >= -tolerance_fen)
      AND (min(net_gap) OVER u IS NOT NULL OR sum(net) OVER u >= -tolerance_fen) AS partly_billed,
    CASE WHEN min(total_gap) OVER u IS NULL THEN sum(total) OVER u END AS open_total,
    -sum(CASE WHEN is_bill = 1 THEN total END) OVER u AS open_billed,
    max(CASE WHEN is_bill = 1 AND (total > 0 OR fee > 0 OR commission > 0 OR net > 0) THEN 1 ELSE 0 END) OVER u AS outgoing,
    max(at_edge) OVER u AS edge
  FROM reconcile_closed
  WHERE NOT is_closed
  WINDOW g AS (PARTITION BY order_key, target, group_id), u AS (PARTITION BY order_key, target)
),
open_group AS (
  SELECT DISTINCT order_key, target, group_id, open_reasons, partly_billed,
    CASE WHEN open_total <> 0 AND open_total = open_billed THEN 'double_settlement'
      WHEN outgoing = 1 THEN 'sign_conflict'
      WHEN edge = 1 THEN 'window_edge'
      WHEN abs(open_total) <= tolerance_fen THEN 'leg_only'
      WHEN abs(open_total) <= 100 THEN 'within_one_yuan'
      ELSE 'other' END AS cause,
    CASE WHEN group_failed = 1 OR group_settled = 0 AND failed = 1 THEN 1 ELSE 0 END AS has_failed,
    CASE WHEN settled = 0 THEN 'bill_only'
      WHEN in_flight = 1 THEN 'pending'
      WHEN group_failed = 1 OR group_settled = 0 AND failed = 1 THEN 'failed'
      ELSE 'mismatched' END AS verdict
  FROM open_entry
  WHERE is_bill = 1
)
SELECT DISTINCT order_key, target, group_id, 'matched' AS verdict,
  CASE WHEN day_reasons IS NOT NULL THEN 'order' WHEN window_reasons IS NOT NULL THEN 'order_window' ELSE 'amount' END AS matched_by,
  COALESCE(day_reasons, window_reasons, amount_reasons) AS reasons, false AS partly_billed, NULL AS cause
FROM reconcile_closed
WHERE is_bill = 1 AND is_closed
UNION ALL
SELECT order_key, target, group_id, verdict, NULL,
  CASE WHEN verdict = 'mismatched' THEN open_reasons WHEN verdict = 'pending' AND has_failed = 1 THEN ',retry_in_flight' ELSE '' END,
  verdict = 'mismatched' AND partly_billed, cause
FROM open_group;

-- What offsets the difference of a match: a step is a set that a tier closed, or a pair; a share is a group's part of it; if two
-- shares differ, one offsets the other.
CREATE OR REPLACE TEMP TABLE reconcile_share AS
WITH step_entry AS (
  SELECT
    order_key, target, group_id, bill_date, 'item' AS tier, item, target AS step_date, 0 AS price, 0 AS number,
    total, fee, commission, net, total_gap, fee_gap, commission_gap, net_gap
  FROM reconcile_entry
  WHERE item_reasons IS NOT NULL
  UNION ALL
  SELECT
    order_key, target, group_id, bill_date,
    CASE WHEN day_reasons IS NOT NULL THEN 'order' WHEN window_reasons IS NOT NULL THEN 'order_window' ELSE 'amount' END, '',
    CASE WHEN day_reasons IS NOT NULL THEN bill_date ELSE target END, COALESCE(price, 0), CASE WHEN is_paired = 1 THEN number ELSE 0 END,
    total, fee, commission, net, total_gap, fee_gap, commission_gap, net_gap
  FROM reconcile_closed
  WHERE COALESCE(day_reasons, window_reasons) IS NOT NULL OR is_paired = 1
)
SELECT order_key, target, group_id, tier, item, step_date, price, number, max(bill_date) AS bill_date
FROM step_entry
WHERE group_id IS NOT NULL
GROUP BY order_key, target, group_id, tier, item, step_date, price, number
HAVING min(total_gap) IS NULL AND sum(total) <> 0 OR min(fee_gap) IS NULL AND sum(fee) <> 0
  OR min(commission_gap) IS NULL AND sum(commission) <> 0 OR min(net_gap) IS NULL AND sum(net) <> 0;

CREATE OR REPLACE TEMP TABLE reconcile_offsets AS
WITH taken_back AS (
  SELECT DISTINCT s.order_key, s.target, s.group_id, o.group_id AS other_id
  FROM reconcile_share s
  JOIN reconcile_share o ON o.order_key = s.order_key AND o.target = s.target AND o.tier = s.tier AND o.item = s.item
    AND o.step_date = s.step_date AND o.price = s.price AND o.number = s.number
  WHERE s.bill_date = s.target AND o.group_id <> s.group_id
)
SELECT
  t.order_key, t.target, t.group_id,
  array_slice(array_sort(array_agg(DISTINCT 'offset_by:' || CAST(o.bill_date AS VARCHAR)
    || '/' || o.walk_account_id || CASE WHEN o.item = '' THEN '' ELSE '/' || o.item END)), 1, 5) AS offset_by
FROM taken_back t
JOIN reconcile_grouped_bill o ON o.order_key = t.order_key AND o.target = t.target AND o.group_id = t.other_id
GROUP BY t.order_key, t.target, t.group_id;

-- The accounts that have the reason rule_never_answered on a day: within the lookback some rule was queried with 50 different ids
-- or more for their orders, and no rule found anything. An order is queried for the first of its accounts.
CREATE OR REPLACE TEMP TABLE reconcile_asked AS
SELECT q.order_key, q.day, q.asked_by, q.asked_id, min(b.walk_account_id) AS walk_account_id
FROM reconcile_answerable q JOIN reconcile_bill b ON b.order_key = q.order_key AND b.day = q.day
WHERE q.by_callback = 0 AND b.settle_type = 1
GROUP BY q.order_key, q.day, q.asked_by, q.asked_id;

CREATE OR REPLACE TEMP TABLE reconcile_account_day AS
SELECT DISTINCT walk_account_id, bill_date, day, is_target FROM reconcile_bill WHERE settle_type = 1 AND order_key IS NOT NULL;

CREATE OR REPLACE TEMP TABLE reconcile_never_answered AS
WITH near AS ( -- the days within the lookback of each
  SELECT t.walk_account_id, t.bill_date AS target, d.day
  FROM reconcile_account_day t JOIN reconcile_account_day d ON d.walk_account_id = t.walk_account_id CROSS JOIN reconcile_settings
  WHERE t.is_target AND abs(d.day - t.day) <= lookback_days
),
found_day AS (
  SELECT DISTINCT q.walk_account_id, q.day
  FROM reconcile_asked q JOIN reconcile_answered a ON a.asked_by = q.asked_by AND a.answered_id = q.asked_id
  WHERE a.by_callback = 0
),
found_near AS (
  SELECT DISTINCT n.walk_account_id, n.target FROM near n JOIN found_day f ON f.walk_account_id = n.walk_account_id AND f.day = n.day
)
SELECT DISTINCT walk_account_id, target
FROM (
  SELECT n.walk_account_id, n.target, q.asked_by
  FROM near n
  LEFT JOIN found_near f ON f.walk_account_id = n.walk_account_id AND f.target = n.target
  JOIN reconcile_asked q ON q.walk_account_id = n.walk_account_id AND q.day = n.day
  WHERE f.target IS NULL
  GROUP BY n.walk_account_id, n.target, q.asked_by
  HAVING count(DISTINCT q.asked_id) >= 50
) AS silent_rule;

-- The rows of all groups.
CREATE OR REPLACE TEMP TABLE reconciled AS
WITH left_over AS ( -- settlements without a bill: a match must not hide them
  SELECT order_key, target, group_id, max(is_in_flight) AS in_flight
  FROM reconcile_closed
  WHERE NOT is_closed AND is_bill = 0 AND is_fail = 0 AND is_paired = 0
  GROUP BY order_key, target, group_id
),
-- The rows of the orders: each group on its day, with the sums over its bills and settlements.
own AS (
  SELECT
    order_key, target, group_id,
    max(walk_account_id) AS walk_account_id,
    max(CASE WHEN is_bill = 1 THEN item END) AS item,
    max(CASE WHEN is_bill = 1 THEN item_reasons END) AS item_reasons,
    max(CASE WHEN is_bill = 1 THEN order_reasons END) AS order_reasons,
    bool_or(has_key) AS has_key,
    sum(is_bill) AS bill_rows, sum(1 - is_bill) AS settlement_rows, max(is_success) AS any_success,
    -sum(CASE WHEN is_bill = 1 THEN total END) AS billed_total, sum(CASE WHEN is_success = 1 THEN total END) AS settled_total,
    CASE WHEN min(total_gap) IS NULL THEN sum(total) END AS diff_total,
    -sum(CASE WHEN is_bill = 1 THEN fee END) AS billed_fee, sum(CASE WHEN is_success = 1 THEN fee END) AS settled_fee,
    CASE WHEN min(fee_gap) IS NULL THEN sum(fee) END AS diff_fee,
    -sum(CASE WHEN is_bill = 1 THEN commission END) AS billed_commission, sum(CASE WHEN is_success = 1 THEN commission END) AS settled_commission,
    CASE WHEN min(commission_gap) IS NULL THEN sum(commission) END AS diff_commission,
    -sum(CASE WHEN is_bill = 1 THEN net END) AS billed_net, sum(CASE WHEN is_success = 1 THEN net END) AS settled_net,
    CASE WHEN min(net_gap) IS NULL THEN sum(net) END AS diff_net,
    min(settle_time) AS first_settle_time, max(settle_time) AS last_settle_time
  FROM reconcile_entry
  WHERE bill_date = target AND group_id IS NOT NULL
  GROUP BY order_key, target, group_id
),
found AS (
  SELECT
    o.*,
    CASE WHEN NOT configured OR NOT has_key THEN 'not_applicable'
      WHEN COALESCE(item_reasons, order_reasons) IS NOT NULL THEN 'matched' ELSE l.verdict END AS found_verdict,
    CASE WHEN item_reasons IS NOT NULL THEN 'item' WHEN order_reasons IS NOT NULL THEN 'order' ELSE l.matched_by END AS found_by,
    CASE WHEN NOT configured THEN ',not_configured' WHEN NOT has_key THEN ',no_key'
      ELSE COALESCE(item_reasons, order_reasons, l.reasons) END AS found_reasons,
    l.partly_billed, l.cause, x.in_flight AS left_in_flight, e.order_key IS NOT NULL AS settled_elsewhere, f.offset_by AS found_offsets
  FROM own o CROSS JOIN reconcile_settings
  LEFT JOIN reconcile_late_group l ON l.order_key = o.order_key AND l.target = o.target AND l.group_id = o.group_id
  LEFT JOIN left_over x ON x.order_key = o.order_key AND x.target = o.target AND x.group_id = o.group_id
  LEFT JOIN reconcile_elsewhere e ON e.order_key = o.order_key AND e.target = o.target
  LEFT JOIN reconcile_offsets f ON f.order_key = o.order_key AND f.target = o.target AND f.group_id = o.group_id
),
judged AS (
  SELECT
    *,
    CASE WHEN found_verdict = 'bill_only' AND settled_elsewhere THEN 'mismatched'
      WHEN found_verdict <> 'matched' OR left_in_flight IS NULL THEN found_verdict
      WHEN left_in_flight = 1 THEN 'pending' ELSE 'mismatched' END AS verdict,
    CASE WHEN found_verdict = 'matched' AND left_in_flight IS NULL THEN found_by END AS matched_by,
    CASE WHEN found_verdict <> 'matched' OR left_in_flight IS NULL THEN found_reasons ELSE ',settlement_unexplained' END AS judged_reasons
  FROM found
),
explained AS (
  SELECT
    judged.*,
    CASE WHEN verdict <> 'mismatched' THEN NULL
      WHEN found_verdict = 'matched' THEN 'double_settlement'
      WHEN found_verdict = 'bill_only' OR settled_elsewhere AND cause NOT IN ('double_settlement', 'sign_conflict') THEN 'window_edge'
      ELSE cause END AS judged_cause,
    CASE WHEN verdict = 'matched' AND (diff_total <> 0 OR diff_fee <> 0 OR diff_commission <> 0 OR diff_net <> 0) THEN found_offsets END AS offset_by,
    CASE WHEN verdict = 'mismatched' AND partly_billed AND NOT settled_elsewhere THEN ',partly_billed' ELSE '' END || judged_reasons
      || CASE WHEN verdict = 'mismatched' AND settled_elsewhere THEN ',settled_elsewhere' ELSE '' END
      || CASE WHEN verdict = 'bill_only' AND n.target IS NOT NULL THEN ',rule_never_answered' ELSE '' END AS reasons
  FROM judged
  LEFT JOIN reconcile_never_answered n ON n.walk_account_id = judged.walk_account_id AND n.target = judged.target
),
order_row AS (
  SELECT
    target AS bill_date, walk_account_id,
    CASE WHEN item = '' THEN order_key ELSE order_key || '/' || item END AS group_key,
    CASE WHEN order_key NOT LIKE 'ext:%' THEN order_key END AS shop_order_id,
    NULLIF(item, '') AS item_order_id,
    verdict, matched_by, reasons, judged_cause AS cause, offset_by, bill_rows, settlement_rows,
    billed_total, CASE WHEN verdict IN ('matched', 'mismatched') AND any_success = 0 THEN 0 ELSE settled_total END AS settled_total,
    CASE WHEN verdict IN ('matched', 'mismatched') THEN diff_total END AS diff_total,
    billed_fee, CASE WHEN verdict IN ('matched', 'mismatched') AND any_success = 0 THEN 0 ELSE settled_fee END AS settled_fee,
    CASE WHEN verdict IN ('matched', 'mismatched') THEN diff_fee END AS diff_fee,
    billed_commission, CASE WHEN verdict IN ('matched', 'mismatched') AND any_success = 0 THEN 0 ELSE settled_commission END AS settled_commission,
    CASE WHEN verdict IN ('matched', 'mismatched') THEN diff_commission END AS diff_commission,
    billed_net, CASE WHEN verdict IN ('matched', 'mismatched') AND any_success = 0 THEN 0 ELSE settled_net END AS settled_net,
    CASE WHEN verdict IN ('matched', 'mismatched') THEN diff_net END AS diff_net,
    NULL AS refund, NULL AS other, first_settle_time, last_settle_time
  FROM explained
),
-- The rows of all other bills: those that are not forward by order, those without an order by key.
other_bill AS (
  SELECT
    b.*,
    CASE WHEN order_key IS NOT NULL THEN order_key || '#non-forward'
      ELSE 'bill:' || account_id || '/' || ledger_id || '/' || CAST(settle_type AS VARCHAR)
        || '/' || COALESCE(CAST(settle_sub_type AS VARCHAR), '') END AS group_key,
    CASE WHEN order_key NOT LIKE 'ext:%' THEN order_key END AS order_id,
    CASE WHEN settle_type <> 1 THEN ',non_forward' WHEN configured THEN ',no_key' ELSE ',not_configured' END AS reasons
  FROM reconcile_bill b CROSS JOIN reconcile_settings
  WHERE is_target AND (settle_type <> 1 OR order_key IS NULL)
),
other_row AS (
  SELECT
    bill_date, walk_account_id, group_key, max(order_id) AS shop_order_id, NULL AS item_order_id,
    'not_applicable' AS verdict, NULL AS matched_by, max(reasons) AS reasons, NULL AS cause, NULL AS offset_by, count(*) AS bill_rows, 0 AS settlement_rows,
    sum(CASE WHEN settle_type = 1 THEN total END) AS billed_total, NULL AS settled_total, NULL AS diff_total,
    sum(CASE WHEN settle_type = 1 THEN fee END) AS billed_fee, NULL AS settled_fee, NULL AS diff_fee,
    sum(CASE WHEN settle_type = 1 THEN commission END) AS billed_commission, NULL AS settled_commission, NULL AS diff_commission,
    sum(CASE WHEN settle_type = 1 THEN net END) AS billed_net, NULL AS settled_net, NULL AS diff_net,
    sum(CASE WHEN settle_type = 2 THEN total END) AS refund,
    sum(CASE WHEN settle_type NOT IN (1, 2) THEN total END) AS other, NULL AS first_settle_time, NULL AS last_settle_time
  FROM other_bill
  GROUP BY bill_date, walk_account_id, group_key
),
-- The rows of the settlements without a bill: by order and item, each settlement on its day, without an account. A settlement
-- that a query once found by a bill that does not exist any more has a different key.
lone AS (
  SELECT
    s.*, NULLIF(s.order_id, '') AS shop_order_id, NULLIF(s.item_order_id, '') AS item,
    CASE WHEN s.asked_by IS NULL THEN ',settlement_unexplained' ELSE ',bill_removed' END AS reasons,
    COALESCE(NULLIF(s.order_id, ''), 'settlement:' || s.settle_id) || COALESCE('/' || NULLIF(s.item_order_id, ''), '')
      || CASE WHEN s.asked_by IS NULL THEN '' ELSE '#bill_removed' END AS lone_key
  FROM reconcile_settlements s
  LEFT JOIN (SELECT DISTINCT bill_date, settle_id FROM reconcile_settlement) l ON l.bill_date = s.bill_date AND l.settle_id = s.settle_id
  WHERE s.is_target AND (s.asked_by IS NULL OR s.source <> 'callback' AND s.settle_status = 'SUCCESS' AND l.settle_id IS NULL)
),
lone_row AS (
  SELECT
    bill_date, '' AS walk_account_id, lone_key AS group_key, max(shop_order_id) AS shop_order_id, max(item) AS item_order_id,
    'settlement_only' AS verdict, NULL AS matched_by, max(reasons) AS reasons, NULL AS cause, NULL AS offset_by, 0 AS bill_rows, count(*) AS settlement_rows,
    NULL AS billed_total, sum(CASE WHEN settle_status = 'SUCCESS' THEN settle_amount_fen END) AS settled_total, NULL AS diff_total,
    NULL AS billed_fee, sum(CASE WHEN settle_status = 'SUCCESS' THEN rake_fen END) AS settled_fee, NULL AS diff_fee,
    NULL AS billed_commission, sum(CASE WHEN settle_status = 'SUCCESS' THEN commission_fen END) AS settled_commission, NULL AS diff_commission,
    NULL AS billed_net, sum(CASE WHEN settle_status = 'SUCCESS' THEN shares_fen END) AS settled_net, NULL AS diff_net,
    NULL AS refund, NULL AS other, min(settle_time) AS first_settle_time, max(settle_time) AS last_settle_time
  FROM lone
  GROUP BY bill_date, lone_key
)
SELECT
  bill_date, walk_account_id, group_key, shop_order_id, item_order_id, verdict, matched_by,
  CASE WHEN reasons = '' THEN COALESCE(offset_by, ARRAY[])
    ELSE split(substr(reasons, 2), ',') || COALESCE(offset_by, ARRAY[]) END AS reasons,
  cause,
  CAST(bill_rows AS BIGINT) AS bill_rows,
  CAST(settlement_rows AS BIGINT) AS settlement_rows,
  CAST(billed_total AS BIGINT) AS billed_total_fen,
  CAST(settled_total AS BIGINT) AS settled_total_fen,
  CAST(diff_total AS BIGINT) AS diff_total_fen,
  CAST(billed_fee AS BIGINT) AS billed_fee_fen,
  CAST(settled_fee AS BIGINT) AS settled_fee_fen,
  CAST(diff_fee AS BIGINT) AS diff_fee_fen,
  CAST(billed_commission AS BIGINT) AS billed_commission_fen,
  CAST(settled_commission AS BIGINT) AS settled_commission_fen,
  CAST(diff_commission AS BIGINT) AS diff_commission_fen,
  CAST(billed_net AS BIGINT) AS billed_net_fen,
  CAST(settled_net AS BIGINT) AS settled_net_fen,
  CAST(diff_net AS BIGINT) AS diff_net_fen,
  CAST(refund AS BIGINT) AS refund_fen,
  CAST(other AS BIGINT) AS other_fen,
  first_settle_time, last_settle_time
FROM ( -- by position: all list the same columns
  SELECT * FROM order_row UNION ALL SELECT * FROM other_row UNION ALL SELECT * FROM lone_row
) AS result;

DROP TABLE reconcile_never_answered;
DROP TABLE reconcile_account_day;
DROP TABLE reconcile_asked;
DROP TABLE reconcile_offsets;
DROP TABLE reconcile_share;
DROP TABLE reconcile_late_group;
DROP TABLE reconcile_closed;
DROP TABLE reconcile_entry;
DROP TABLE reconcile_grouped_bill;
DROP TABLE reconcile_elsewhere;
DROP TABLE reconcile_settlement_near;
DROP TABLE reconcile_target;
DROP TABLE reconcile_settlement;
DROP TABLE reconcile_link;
DROP TABLE reconcile_answered;
DROP TABLE reconcile_answer;
DROP VIEW reconcile_answers;
DROP TABLE reconcile_answerable;
DROP TABLE reconcile_bill;
DROP VIEW reconcile_settlements;
DROP VIEW reconcile_bills;
DROP VIEW reconcile_rules;
DROP VIEW reconcile_settings;
