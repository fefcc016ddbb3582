-- Three days of two accounts. Legs are total, fee, commission, net.
INSERT INTO bills (bill_date, walk_account_id, account_id, ledger_id, settle_type, shop_order_id, order_ext_id, poi_id, group_name, settle_time,
  pay_fen, ledger_total_fen, total_merchant_platform_service_fen, total_commission_fen, goods_fen) VALUES
('2026-11-18', '71', '81', 'L01', 1, 'o-matched',   NULL, 'p1', '双人餐', '2026-11-18 12:00:00+08', 19800, 19800, 692,   0, 19108),
('2026-11-18', '71', '81', 'L02', 1, 'o-short',     NULL, 'p1', '双人餐', '2026-11-18 12:05:00+08', 10000, 10000, 350, 500,  9150),
('2026-11-19', '71', '81', 'L03', 1, 'o-short',     NULL, 'p2', '四人餐', '2026-11-19 12:05:00+08',  5000,  5000, 175, 250,  4575),
('2026-11-18', '71', '81', 'L04', 1, 'o-one-sided', NULL, 'p2', '四人餐', '2026-11-18 18:00:00+08',  7000,  7000, 245,   0,  6755),
('2026-11-19', '71', '82', 'L05', 1, '',            'e1', '',   '茶点',   '2026-11-19 09:00:00+08',   333,   333,  12,   0,   321),
('2026-11-19', '72', '83', 'L06', 1, 'o-over',      NULL, 'p3', '自助',   '2026-11-19 13:00:00+08',  9999,  9999,   0,   0,  9999),
('2026-11-19', '72', '83', 'L07', 1, 'o-pending',   NULL, 'p3', '自助',   '2026-11-19 13:10:00+08',  2000,  2000,  70,   0,  1930),
('2026-11-20', '72', '83', 'L08', 1, 'o-failed',    NULL, 'p3', '自助',   '2026-11-20 13:10:00+08',  3000,  3000, 105,   0,  2895),
('2026-11-20', '72', '83', 'L09', 1, 'o-hidden',    NULL, 'p4', '自助',   '2026-11-20 14:00:00+08',  4000,  4000, NULL,  0,  3860),
('2026-11-20', '72', '83', 'L10', 1, NULL,          NULL, 'p5', '赠品',   '2026-11-20 15:00:00+08',     0,     0,   0,   0,     0),
('2026-11-20', '71', '81', 'L11', 2, 'o-matched',   NULL, 'p1', '双人餐', '2026-11-20 10:00:00+08', -9900, -9900, -346,  0, -9554),
('2026-11-20', '71', '81', 'L12', 2, 'o-one-sided', NULL, 'p2', '四人餐', '2026-11-20 10:30:00+08', -7000, -7000, -245,  0, -6755),
('2026-11-18', '71', '81', 'L13', 2, 'o-matched',   NULL, 'p1', '双人餐', '2026-11-18 12:30:00+08',  -100,  -100,  -3,   0,   -97),
('2026-11-19', '71', '82', 'L14', 2, '',            'e1', '',   '茶点',   NULL,                      -333,  -333, -12,   0,  -321);

INSERT INTO settlements (bill_date, settle_id, order_id, out_order_no, settle_status, settle_time, asked_by,
  settle_amount_fen, rake_fen, commission_fen, shares_fen) VALUES
('2026-11-18', 's1', 'o-matched', NULL, 'SUCCESS', '2026-11-18 23:30:00+08', 'order_id: shop_order_id',    19800, 692,    0, 19108),
('2026-11-19', 's2', 'o-short',   NULL, 'SUCCESS', '2026-11-19 23:00:00+08', 'order_id: shop_order_id',    14999, 525,  750, 13724),
('2026-11-19', 's3', NULL,        'e1', 'SUCCESS', '2026-11-19 23:00:00+08', 'out_order_no: order_ext_id',   333,  12,    0,   321),
('2026-11-19', 's4', 'o-over',    NULL, 'SUCCESS', '2026-11-20 01:00:00+08', 'order_id: shop_order_id',    19998,   0,    0, 19998),
('2026-11-19', 's5', 'o-pending', NULL, 'PROCESSING', NULL,                  'order_id: shop_order_id',     2000,  70,    0,  1930),
('2026-11-20', 's6', 'o-failed',  NULL, 'FAIL',    '2026-11-20 23:00:00+08', 'order_id: shop_order_id',     3000, 105,    0,  2895),
('2026-11-20', 's7', 'o-hidden',  NULL, 'SUCCESS', '2026-11-20 23:00:00+08', 'order_id: shop_order_id',     4000, 140,    0,  3860);

-- From callbacks: items of one settle_id, another settlement of their order, and some without a bill.
INSERT INTO bills (bill_date, walk_account_id, account_id, ledger_id, settle_type, shop_order_id, item_order_id, poi_id, group_name, settle_time,
  pay_fen, ledger_total_fen, total_merchant_platform_service_fen, total_commission_fen, goods_fen) VALUES
('2026-11-19', '72', '83', 'L15', 1, 'o-items', 'i1', 'p3', '自助', '2026-11-19 14:00:00+08',  5000,  5000, 175, 0,  4825),
('2026-11-19', '72', '83', 'L16', 1, 'o-items', 'i2', 'p3', '自助', '2026-11-19 14:01:00+08',  5000,  5000, 175, 0,  4825),
('2026-11-19', '72', '83', 'L17', 1, 'o-items', NULL, 'p3', '饮料', '2026-11-19 14:02:00+08',   100,   100,   3, 0,    97),
('2026-11-20', '72', '83', 'L18', 2, 'o-items', 'i2', 'p3', '自助', '2026-11-20 16:00:00+08', -5000, -5000,-175, 0, -4825);

INSERT INTO settlements (bill_date, settle_id, order_id, item_order_id, settle_status, settle_time, source, asked_by, message,
  settle_amount_fen, rake_fen, commission_fen, shares_fen) VALUES
('2026-11-19', 's8',  'x-items', 'i1', 'SUCCESS', '2026-11-19 23:10:00+08', 'callback', 'item_order_id: item_order_id', 'SUCCESS', 5000, 175, 0, 4825),
('2026-11-19', 's8',  'x-items', 'i2', 'SUCCESS', '2026-11-19 23:10:00+08', 'callback', 'item_order_id: item_order_id', 'SUCCESS', 5000, 175, 0, 4825),
('2026-11-19', 's9',  'x-items', NULL, 'SUCCESS', '2026-11-19 23:11:00+08', 'callback', 'order_id: settlement',         'SUCCESS',  100,   3, 0,   97),
('2026-11-18', 's10', 'o-gone',  NULL, 'SUCCESS', '2026-11-18 22:00:00+08', 'callback', NULL,                           'SUCCESS', 8800, 308, 0, 8492),
('2026-11-20', 's11', 'o-gone',  'i9', 'FAIL',    '2026-11-20 22:00:00+08', 'callback', NULL,                  'account frozen',  1200,   0, 0, NULL),
('2026-11-20', 's12', NULL,      NULL, 'SUCCESS', '2026-11-20 22:30:00+08', 'callback', NULL,                           'SUCCESS',    1,   0, 0,    1);

INSERT INTO exceptions (bill_date, rule, severity, detail, expected_fen, actual_fen) VALUES
('2026-11-20', 'goods_identity', 'warning', 'a row for the view to show', 5, -5);

INSERT INTO units VALUES
('71', '甲店', '2026-11-18', 'complete', NULL, NULL, 4, 1, false), ('72', '乙店', '2026-11-18', 'failed', '商户未授权', '20261118', 0, 1, false),
('71', '甲店', '2026-11-19', 'complete', NULL, NULL, 3, 1, false), ('72', '乙店', '2026-11-19', 'complete', NULL, NULL, 5, 1, false),
('71', '甲店', '2026-11-20', 'complete', NULL, NULL, 2, 2, false), ('72', '乙店', '2026-11-20', 'failed', '超时', '20261120', 4, 2, true);

-- Account 81 is paid what it has of the first day and 5.00 of an earlier one; 83 withdraws by hand, and 82 in vain.
INSERT INTO withdrawals (bill_date, account_id, withdraw_id, amount_fen, launch_time, bill_rows, bills_fen, diff_fen, verdict) VALUES
('2026-11-19', '81', 'w1', 28661, '2026-11-19 01:00:00+08', 4, 28661,    0, 'tied'),
('2026-11-20', '81', 'w2',  4574, '2026-11-20 01:00:00+08', 1,  4575,   -1, 'mismatched'),
('2026-11-20', '83', 'w3',  3000, '2026-11-20 09:00:00+08', NULL, NULL, NULL, 'manual'),
('2026-11-20', '82', 'w4',   321, '2026-11-20 09:00:00+08', NULL, NULL, NULL, 'failed');
INSERT INTO withdrawn_bills (bill_date, account_id, withdraw_id, ledger_id, settle_type, billed_on, goods_fen, in_bills) VALUES
('2026-11-19', '81', 'w1', 'L01', 1, '2026-11-18', 19108, true), ('2026-11-19', '81', 'w1', 'L02', 1, '2026-11-18', 9150, true),
('2026-11-19', '81', 'w1', 'L13', 2, '2026-11-18',   -97, true), ('2026-11-19', '81', 'w1', 'L00', 1, NULL,          500, false),
('2026-11-20', '81', 'w2', 'L03', 1, '2026-11-19',  4575, true);
INSERT INTO stores (bill_date, account_id, account_name, poi_id, poi_name, fetched_at) VALUES
('2026-11-19', '81', '甲一店', 'p1', '甲一（旧）', '2026-11-20 02:00:00+08'), ('2026-11-20', '81', '甲一店', 'p1', '甲一', '2026-11-21 02:00:00+08'),
('2026-11-20', '83', '乙总', 'p3', '乙三', '2026-11-21 02:00:00+08');
