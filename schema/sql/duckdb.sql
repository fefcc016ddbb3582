-- Views of a billwalk lake for DuckDB. Amounts are signed int64 fen; sum(..._fen) is always right.

CREATE OR REPLACE VIEW bills AS SELECT
  bill_date,
  account_id::VARCHAR AS account_id,
  ledger_id::VARCHAR AS ledger_id,
  walk_account_id::VARCHAR AS walk_account_id,
  biz_type::INTEGER AS biz_type,
  shop_order_id::VARCHAR AS shop_order_id,
  item_order_id::VARCHAR AS item_order_id,
  order_ext_id::VARCHAR AS order_ext_id,
  certificate_id::VARCHAR AS certificate_id,
  verify_id::VARCHAR AS verify_id,
  poi_id::VARCHAR AS poi_id,
  verify_poi_account_id::VARCHAR AS verify_poi_account_id,
  sku_id::VARCHAR AS sku_id,
  group_name::VARCHAR AS group_name,
  code::VARCHAR AS code,
  settle_type::INTEGER AS settle_type,
  settle_type_desc::VARCHAR AS settle_type_desc,
  settle_sub_type::INTEGER AS settle_sub_type,
  settle_time::TIMESTAMPTZ AS settle_time,
  direction::INTEGER AS direction,
  pay_fen::BIGINT AS pay_fen,
  deduction_discount_fen::BIGINT AS deduction_discount_fen,
  merchant_ticket_fen::BIGINT AS merchant_ticket_fen,
  platform_ticket_fen::BIGINT AS platform_ticket_fen,
  ledger_platform_ticket_fen::BIGINT AS ledger_platform_ticket_fen,
  original_fen::BIGINT AS original_fen,
  ledger_total_fen::BIGINT AS ledger_total_fen,
  total_commission_fen::BIGINT AS total_commission_fen,
  actual_insured_fen::BIGINT AS actual_insured_fen,
  total_agent_merchant_fen::BIGINT AS total_agent_merchant_fen,
  total_merchant_platform_service_fen::BIGINT AS total_merchant_platform_service_fen,
  total_operation_agent_fen::BIGINT AS total_operation_agent_fen,
  talent_commission_fen::BIGINT AS talent_commission_fen,
  broker_commission_fen::BIGINT AS broker_commission_fen,
  clerk_commission_fen::BIGINT AS clerk_commission_fen,
  mall_store_goods_fen::BIGINT AS mall_store_goods_fen,
  goods_fen::BIGINT AS goods_fen,
  fund_amount_fen::BIGINT AS fund_amount_fen,
  fund_amount_type::INTEGER AS fund_amount_type,
  extra::VARCHAR AS extra,
  logid::VARCHAR AS logid,
  fetched_at::TIMESTAMPTZ AS fetched_at,
  archive_key::VARCHAR AS archive_key
FROM read_parquet('lake/bills/*/*.parquet', hive_partitioning = true, hive_types = {'bill_date': DATE});
COMMENT ON VIEW bills IS 'One row per ledger record of the bill API; key account_id, ledger_id, settle_type, settle_sub_type.';
COMMENT ON COLUMN bills.account_id IS 'the account that is paid (head office or store); from account_id';
COMMENT ON COLUMN bills.ledger_id IS 'bill id; from ledger_id';
COMMENT ON COLUMN bills.walk_account_id IS 'the configured account whose walk found the bill';
COMMENT ON COLUMN bills.biz_type IS '1 group buying (团购), 3 paying the check (买单), 5 ordering (点单); from biz_type';
COMMENT ON COLUMN bills.shop_order_id IS 'order id at shop level; from shop_order_id';
COMMENT ON COLUMN bills.item_order_id IS 'order id at item level; from item_order_id';
COMMENT ON COLUMN bills.order_ext_id IS 'the merchant''s own order id; from order_ext_id';
COMMENT ON COLUMN bills.certificate_id IS 'coupon id (not unique per bill); from certificate_id';
COMMENT ON COLUMN bills.verify_id IS 'verification (核销) id (not unique per bill); from verify_id';
COMMENT ON COLUMN bills.poi_id IS 'store where the coupon was verified; empty for account-level bills; from poi_id';
COMMENT ON COLUMN bills.verify_poi_account_id IS 'account of that store; not always the account that is paid; from verify_poi_account_id';
COMMENT ON COLUMN bills.sku_id IS 'product id; from sku_id';
COMMENT ON COLUMN bills.group_name IS 'product name, any text; from group_name';
COMMENT ON COLUMN bills.code IS 'coupon code: kept, HMAC-SHA256 in hex, or NULL, as the job says; from code';
COMMENT ON COLUMN bills.settle_type IS '1 forward, 2 refund, 3 refund fee, 4 merchant''s debt, 5 overdue invoice; from settle_type';
COMMENT ON COLUMN bills.settle_type_desc IS 'the platform''s words for settle_type; from settle_type_desc';
COMMENT ON COLUMN bills.settle_sub_type IS '21-28, 30-33: freeze, unfreeze, deduct, claim; from settle_sub_type';
COMMENT ON COLUMN bills.settle_time IS 'verification time of a forward bill, else the bill''s creation; from settle_time';
COMMENT ON COLUMN bills.direction IS '+1 to the merchant, -1 from it, NULL unknown (then all amounts are NULL)';
COMMENT ON COLUMN bills.pay_fen IS 'paid by the user, channel discounts included; from amount.pay; signed fen';
COMMENT ON COLUMN bills.deduction_discount_fen IS 'group coupon deduction; not settled; from amount.deduction_discount; signed fen';
COMMENT ON COLUMN bills.merchant_ticket_fen IS 'merchant''s discount; not settled; from amount.merchant_ticket; signed fen';
COMMENT ON COLUMN bills.platform_ticket_fen IS 'platform''s subsidy; hidden from service providers; from amount.platform_ticket; signed fen';
COMMENT ON COLUMN bills.ledger_platform_ticket_fen IS 'platform''s coupon that is settled; hidden from service providers; from amount.ledger_platform_ticket; signed fen';
COMMENT ON COLUMN bills.original_fen IS 'order total: pay + merchant_ticket + platform_ticket; from amount.original; signed fen';
COMMENT ON COLUMN bills.ledger_total_fen IS 'to be settled: pay + ledger_platform_ticket; from amount.ledger_total; signed fen';
COMMENT ON COLUMN bills.total_commission_fen IS 'all commissions together; from amount.total_commission; signed fen';
COMMENT ON COLUMN bills.actual_insured_fen IS 'insurance fee; from amount.actual_insured; signed fen';
COMMENT ON COLUMN bills.total_agent_merchant_fen IS 'service provider''s commission; hidden from service providers; from amount.total_agent_merchant; signed fen';
COMMENT ON COLUMN bills.total_merchant_platform_service_fen IS 'software service fee, payment fee included; hidden from service providers; from amount.total_merchant_platform_service; signed fen';
COMMENT ON COLUMN bills.total_operation_agent_fen IS 'agency''s commission; overlaps total_agent_merchant, never subtract both; from amount.total_operation_agent; signed fen';
COMMENT ON COLUMN bills.talent_commission_fen IS 'influencer''s commission; hidden from service providers; from amount.talent_commission; signed fen';
COMMENT ON COLUMN bills.broker_commission_fen IS 'broker''s fee; hidden from service providers; from amount.broker_commission; signed fen';
COMMENT ON COLUMN bills.clerk_commission_fen IS 'clerk''s commission; hidden from service providers; from amount.clerk_commission; signed fen';
COMMENT ON COLUMN bills.mall_store_goods_fen IS 'mall''s share; from amount.mall_store_goods; signed fen';
COMMENT ON COLUMN bills.goods_fen IS 'what the merchant gets (商家实际结算金额); from amount.goods; signed fen';
COMMENT ON COLUMN bills.fund_amount_fen IS 'amount of the movement of funds (款项金额); from fund_amount; signed fen';
COMMENT ON COLUMN bills.fund_amount_type IS '0 in (入账), 1 out (出账); from fund_amount_type';
COMMENT ON COLUMN bills.extra IS 'JSON of the fields that this version does not know; NULL when none';
COMMENT ON COLUMN bills.logid IS 'the platform''s id of the answer; from extra.logid';
COMMENT ON COLUMN bills.fetched_at IS 'when the answer was received';
COMMENT ON COLUMN bills.archive_key IS 'the archive object that holds the raw record';

CREATE OR REPLACE VIEW exceptions AS SELECT
  bill_date,
  rule::VARCHAR AS rule,
  severity::VARCHAR AS severity,
  account_id::VARCHAR AS account_id,
  ledger_id::VARCHAR AS ledger_id,
  shop_order_id::VARCHAR AS shop_order_id,
  settle_id::VARCHAR AS settle_id,
  expected_fen::BIGINT AS expected_fen,
  actual_fen::BIGINT AS actual_fen,
  detail::VARCHAR AS detail,
  record::VARCHAR AS record,
  archive_key::VARCHAR AS archive_key
FROM read_parquet('lake/exceptions/*/*.parquet', hive_partitioning = true, hive_types = {'bill_date': DATE});
COMMENT ON VIEW exceptions IS 'One row per thing that a person should look at; never a reason to drop a bill.';
COMMENT ON COLUMN exceptions.rule IS 'the rule that is broken';
COMMENT ON COLUMN exceptions.severity IS 'error or warning';
COMMENT ON COLUMN exceptions.account_id IS 'account of the bill';
COMMENT ON COLUMN exceptions.ledger_id IS 'the bill';
COMMENT ON COLUMN exceptions.shop_order_id IS 'order of the bill';
COMMENT ON COLUMN exceptions.settle_id IS 'the settlement';
COMMENT ON COLUMN exceptions.expected_fen IS 'what the rule asks for, signed; signed fen';
COMMENT ON COLUMN exceptions.actual_fen IS 'what was received, signed; signed fen';
COMMENT ON COLUMN exceptions.detail IS 'what is wrong, in words';
COMMENT ON COLUMN exceptions.record IS 'the raw record as JSON; the coupon code as the job says';
COMMENT ON COLUMN exceptions.archive_key IS 'the archive object that holds the raw record';
