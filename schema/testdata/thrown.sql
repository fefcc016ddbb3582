-- 3000 bills of 700 orders on 5 days, and their settlements, thrown together by a hash: always the same ones.
CREATE MACRO throw(i, salt, n) AS CAST(hash(i * 1000 + salt) % n AS BIGINT);

INSERT INTO bills BY NAME
SELECT
  DATE '2026-11-01' + CAST(throw(i, 1, 5) AS INTEGER) AS bill_date,
  'A' || throw(i, 2, 3) AS walk_account_id, '9' AS account_id, 'L' || (i - CASE WHEN throw(i, 3, 50) = 0 THEN 1 ELSE 0 END) AS ledger_id,
  CASE WHEN throw(i, 4, 12) = 0 THEN 2 ELSE 1 END AS settle_type,
  CASE WHEN throw(i, 5, 20) > 0 THEN 'o' || throw(i, 6, 700) WHEN throw(i, 7, 2) = 0 THEN '' END AS shop_order_id,
  CASE WHEN throw(i, 8, 3) > 0 THEN 'e' || throw(i, 6, 700) END AS order_ext_id,
  CASE WHEN throw(i, 9, 3) > 0 THEN 'i' || throw(i, 10, 2) END AS item_order_id,
  CASE WHEN throw(i, 11, 30) > 0 THEN 100 * throw(i, 12, 4) END AS ledger_total_fen,
  CASE WHEN throw(i, 13, 20) > 0 THEN 10 END AS total_merchant_platform_service_fen,
  CASE WHEN throw(i, 14, 20) > 0 THEN 0 END AS total_commission_fen,
  CASE WHEN throw(i, 15, 20) > 0 THEN 100 * throw(i, 12, 4) - 10 END AS goods_fen
FROM generate_series(1, 3000) AS t(i);

-- What settles a bill, or nearly, some of it on a later day of its order; some, it is said, no bill explains.
INSERT INTO settlements BY NAME
WITH forward AS (
  SELECT *, COALESCE(shop_order_id, '') <> '' AS by_order, CAST(substr(ledger_id, 2) AS BIGINT) AS i
  FROM bills
  WHERE settle_type = 1 AND (COALESCE(shop_order_id, '') <> '' OR order_ext_id IS NOT NULL)
),
late AS (
  SELECT *, max(bill_date) OVER (PARTITION BY by_order, CASE WHEN by_order THEN shop_order_id ELSE order_ext_id END
    ORDER BY bill_date RANGE BETWEEN CURRENT ROW AND INTERVAL 2 DAY FOLLOWING) AS late_date
  FROM forward
)
SELECT
  CASE WHEN i % 4 = 0 THEN late_date ELSE bill_date END AS bill_date,
  's' || row_number() OVER (ORDER BY i, bill_date, walk_account_id, shop_order_id, order_ext_id) AS settle_id,
  CASE WHEN by_order THEN shop_order_id END AS order_id, CASE WHEN NOT by_order THEN order_ext_id END AS out_order_no,
  CASE WHEN i % 41 = 0 THEN NULL WHEN by_order THEN 'order_id: shop_order_id' ELSE 'out_order_no: order_ext_id' END AS asked_by,
  CASE WHEN i % 4 = 1 THEN item_order_id END AS item_order_id,
  CASE WHEN i % 31 = 0 THEN 'INIT' WHEN i % 37 = 0 THEN 'FAIL' ELSE 'SUCCESS' END AS settle_status,
  ledger_total_fen + CASE WHEN i % 7 = 0 THEN 1 ELSE 0 END AS settle_amount_fen, total_merchant_platform_service_fen AS rake_fen,
  total_commission_fen AS commission_fen, goods_fen AS shares_fen
FROM late
WHERE i % 5 > 0;
