-- Views of a billwalk lake for DuckDB. Amounts are signed int64 fen; sum(..._fen) is always right.
-- No files of a table? The lake is of an earlier billwalk: run or replay one day, which publishes all tables.

CREATE OR REPLACE VIEW bills AS SELECT
  bill_date,
  account_id::VARCHAR AS account_id,
  ledger_id::VARCHAR AS ledger_id,
  walk_account_id::VARCHAR AS walk_account_id,
  counted::BOOLEAN AS counted,
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
FROM (
  SELECT
    NULL::BOOLEAN AS counted,
    NULL::INTEGER AS biz_type,
    NULL::VARCHAR AS shop_order_id,
    NULL::VARCHAR AS item_order_id,
    NULL::VARCHAR AS order_ext_id,
    NULL::VARCHAR AS certificate_id,
    NULL::VARCHAR AS verify_id,
    NULL::VARCHAR AS poi_id,
    NULL::VARCHAR AS verify_poi_account_id,
    NULL::VARCHAR AS sku_id,
    NULL::VARCHAR AS group_name,
    NULL::VARCHAR AS code,
    NULL::VARCHAR AS settle_type_desc,
    NULL::INTEGER AS settle_sub_type,
    NULL::TIMESTAMPTZ AS settle_time,
    NULL::INTEGER AS direction,
    NULL::BIGINT AS pay_fen,
    NULL::BIGINT AS deduction_discount_fen,
    NULL::BIGINT AS merchant_ticket_fen,
    NULL::BIGINT AS platform_ticket_fen,
    NULL::BIGINT AS ledger_platform_ticket_fen,
    NULL::BIGINT AS original_fen,
    NULL::BIGINT AS ledger_total_fen,
    NULL::BIGINT AS total_commission_fen,
    NULL::BIGINT AS actual_insured_fen,
    NULL::BIGINT AS total_agent_merchant_fen,
    NULL::BIGINT AS total_merchant_platform_service_fen,
    NULL::BIGINT AS total_operation_agent_fen,
    NULL::BIGINT AS talent_commission_fen,
    NULL::BIGINT AS broker_commission_fen,
    NULL::BIGINT AS clerk_commission_fen,
    NULL::BIGINT AS mall_store_goods_fen,
    NULL::BIGINT AS goods_fen,
    NULL::BIGINT AS fund_amount_fen,
    NULL::INTEGER AS fund_amount_type,
    NULL::VARCHAR AS extra,
    NULL::VARCHAR AS logid
  WHERE false
  UNION ALL BY NAME
  FROM read_parquet('lake/bills/*/*.parquet', union_by_name = true, hive_partitioning = true, hive_types = {'bill_date': DATE})
);
COMMENT ON VIEW bills IS 'One row per ledger record of the bill API; key account_id, ledger_id, settle_type, settle_sub_type.';
COMMENT ON COLUMN bills.account_id IS 'the account that is paid (head office or store); from account_id';
COMMENT ON COLUMN bills.ledger_id IS 'bill id; from ledger_id';
COMMENT ON COLUMN bills.walk_account_id IS 'the configured account whose walk found the bill';
COMMENT ON COLUMN bills.counted IS 'false for a row that has the same bill as another with other content (rule duplicate_conflict): no sum and no group has it. Of the contents one counts: an account''s own walk before a root account''s, the lower account before the higher, in one walk the one fetched first. NULL in files of earlier versions, whose rows all count: sum where counted IS NOT FALSE';
COMMENT ON COLUMN bills.biz_type IS 'kind of business: 0 not set (未设置), 1 group buying (团购), 3 paying the check (买单), 5 ordering (点单); from biz_type';
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
COMMENT ON COLUMN bills.settle_type IS 'kind of bill: 1 forward bill (正向账单), 2 refund (退款单), 3 refund fee (退款手续费), 4 merchant''s debt (商家欠款欠收), 5 compensation for an overdue invoice of an agency or influencer (机构/达人发票逾期补偿); from settle_type';
COMMENT ON COLUMN bills.settle_type_desc IS 'the platform''s words for settle_type; from settle_type_desc';
COMMENT ON COLUMN bills.settle_sub_type IS 'step of a compensation or penalty: 0 not set (未设置), 21 merchant-fault compensation freeze (商责赔付冻结), 22 merchant-fault compensation unfreeze (商责赔付解冻), 23 merchant-fault compensation deduction (商责赔付扣款), 24 merchant-fault compensation claim (商责赔付索赔), 25 merchant-fault penalty freeze (商责扣罚冻结), 26 merchant-fault penalty unfreeze (商责扣罚解冻), 27 merchant-fault penalty deduction (商责扣罚扣款), 28 merchant-fault penalty claim (商责扣罚索赔), 30 refund-substitute compensation freeze (以赔代退冻结), 31 refund-substitute compensation unfreeze (以赔代退解冻), 32 refund-substitute compensation deduction (以赔代退扣罚), 33 refund-substitute compensation claim (以赔代退索赔); from settle_sub_type';
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
COMMENT ON COLUMN bills.fund_amount_type IS 'direction of the funds: 0 in (入账), 1 out (出账); from fund_amount_type';
COMMENT ON COLUMN bills.extra IS 'JSON of the fields that this version does not know; NULL when none';
COMMENT ON COLUMN bills.logid IS 'the platform''s id of the answer; from extra.logid';
COMMENT ON COLUMN bills.fetched_at IS 'when the answer was received';
COMMENT ON COLUMN bills.archive_key IS 'the archive object that holds the raw record';

CREATE OR REPLACE VIEW settlements AS SELECT
  bill_date,
  settle_id::VARCHAR AS settle_id,
  order_id::VARCHAR AS order_id,
  out_settle_no::VARCHAR AS out_settle_no,
  out_order_no::VARCHAR AS out_order_no,
  item_order_id::VARCHAR AS item_order_id,
  settle_status::VARCHAR AS settle_status,
  settle_amount_fen::BIGINT AS settle_amount_fen,
  rake_fen::BIGINT AS rake_fen,
  commission_fen::BIGINT AS commission_fen,
  shares_fen::BIGINT AS shares_fen,
  shares::STRUCT(merchant_no VARCHAR, amount_fen BIGINT)[] AS shares,
  settle_detail::VARCHAR AS settle_detail,
  settle_time::TIMESTAMPTZ AS settle_time,
  is_auto_settle::BOOLEAN AS is_auto_settle,
  message::VARCHAR AS message,
  cp_extra::VARCHAR AS cp_extra,
  source::VARCHAR AS source,
  asked_by::VARCHAR AS asked_by,
  app_id::VARCHAR AS app_id,
  logid::VARCHAR AS logid,
  fetched_at::TIMESTAMPTZ AS fetched_at
FROM (
  SELECT
    NULL::VARCHAR AS order_id,
    NULL::VARCHAR AS out_settle_no,
    NULL::VARCHAR AS out_order_no,
    NULL::VARCHAR AS item_order_id,
    NULL::BIGINT AS settle_amount_fen,
    NULL::BIGINT AS rake_fen,
    NULL::BIGINT AS commission_fen,
    NULL::BIGINT AS shares_fen,
    NULL::STRUCT(merchant_no VARCHAR, amount_fen BIGINT)[] AS shares,
    NULL::VARCHAR AS settle_detail,
    NULL::TIMESTAMPTZ AS settle_time,
    NULL::BOOLEAN AS is_auto_settle,
    NULL::VARCHAR AS message,
    NULL::VARCHAR AS cp_extra,
    NULL::VARCHAR AS asked_by,
    NULL::VARCHAR AS app_id,
    NULL::VARCHAR AS logid
  WHERE false
  UNION ALL BY NAME
  FROM read_parquet('lake/settlements/*/*.parquet', union_by_name = true, hive_partitioning = true, hive_types = {'bill_date': DATE})
);
COMMENT ON VIEW settlements IS 'One row per settle_id, or per item where callbacks name several, on one day only: the latest bill_date of its order that is not after the settlement''s own day, else the earliest; without a time, the latest. A settlement without a bill is on its own day.';
COMMENT ON COLUMN settlements.settle_id IS 'settlement id; several times only where callbacks name several items of it; from settle_id';
COMMENT ON COLUMN settlements.order_id IS 'order id of the trade system; from order_id';
COMMENT ON COLUMN settlements.out_settle_no IS 'the developer''s settlement id; from out_settle_no';
COMMENT ON COLUMN settlements.out_order_no IS 'the developer''s order id; from out_order_no';
COMMENT ON COLUMN settlements.item_order_id IS 'order id at item level, where the settlement is of one item; from item_order_id';
COMMENT ON COLUMN settlements.settle_status IS 'INIT, PROCESSING, SUCCESS or FAIL; from settle_status';
COMMENT ON COLUMN settlements.settle_amount_fen IS 'what is shared out: rake + commission + shares; from settle_amount; signed fen';
COMMENT ON COLUMN settlements.rake_fen IS 'the platform''s fee; from rake; signed fen';
COMMENT ON COLUMN settlements.commission_fen IS 'commissions; from commission; signed fen';
COMMENT ON COLUMN settlements.shares_fen IS 'sum of the shares; from settle_detail; signed fen';
COMMENT ON COLUMN settlements.shares IS 'each merchant''s share; NULL where settle_detail cannot be read; from settle_detail';
COMMENT ON COLUMN settlements.settle_detail IS 'the shares as the platform writes them; from settle_detail';
COMMENT ON COLUMN settlements.settle_time IS 'when it was shared out; from settle_time';
COMMENT ON COLUMN settlements.is_auto_settle IS 'whether the platform shared it out by itself; only callbacks have it; from is_auto_settle';
COMMENT ON COLUMN settlements.message IS 'why it failed; only callbacks have it; from message';
COMMENT ON COLUMN settlements.cp_extra IS 'the developer''s own text; from cp_extra';
COMMENT ON COLUMN settlements.source IS 'query, callback or both';
COMMENT ON COLUMN settlements.asked_by IS 'what links it to its bills: the match rule, as jobs.yaml has it (order_id: shop_order_id); of a callback also item_order_id: item_order_id, or order_id: settlement (another settlement of its order); NULL where it has no bill';
COMMENT ON COLUMN settlements.app_id IS 'the mini-program; only callbacks have it';
COMMENT ON COLUMN settlements.logid IS 'the platform''s id of the answer; from extra.logid';
COMMENT ON COLUMN settlements.fetched_at IS 'when the answer, or the callback, was received';

CREATE OR REPLACE VIEW reconciliation AS SELECT
  bill_date,
  walk_account_id::VARCHAR AS walk_account_id,
  group_key::VARCHAR AS group_key,
  shop_order_id::VARCHAR AS shop_order_id,
  item_order_id::VARCHAR AS item_order_id,
  verdict::VARCHAR AS verdict,
  matched_by::VARCHAR AS matched_by,
  reasons::VARCHAR[] AS reasons,
  cause::VARCHAR AS cause,
  bill_rows::BIGINT AS bill_rows,
  settlement_rows::BIGINT AS settlement_rows,
  billed_total_fen::BIGINT AS billed_total_fen,
  settled_total_fen::BIGINT AS settled_total_fen,
  diff_total_fen::BIGINT AS diff_total_fen,
  billed_fee_fen::BIGINT AS billed_fee_fen,
  settled_fee_fen::BIGINT AS settled_fee_fen,
  diff_fee_fen::BIGINT AS diff_fee_fen,
  billed_commission_fen::BIGINT AS billed_commission_fen,
  settled_commission_fen::BIGINT AS settled_commission_fen,
  diff_commission_fen::BIGINT AS diff_commission_fen,
  billed_net_fen::BIGINT AS billed_net_fen,
  settled_net_fen::BIGINT AS settled_net_fen,
  diff_net_fen::BIGINT AS diff_net_fen,
  refund_fen::BIGINT AS refund_fen,
  other_fen::BIGINT AS other_fen,
  first_settle_time::TIMESTAMPTZ AS first_settle_time,
  last_settle_time::TIMESTAMPTZ AS last_settle_time
FROM (
  SELECT
    NULL::VARCHAR AS shop_order_id,
    NULL::VARCHAR AS item_order_id,
    NULL::VARCHAR AS matched_by,
    NULL::VARCHAR[] AS reasons,
    NULL::VARCHAR AS cause,
    NULL::BIGINT AS billed_total_fen,
    NULL::BIGINT AS settled_total_fen,
    NULL::BIGINT AS diff_total_fen,
    NULL::BIGINT AS billed_fee_fen,
    NULL::BIGINT AS settled_fee_fen,
    NULL::BIGINT AS diff_fee_fen,
    NULL::BIGINT AS billed_commission_fen,
    NULL::BIGINT AS settled_commission_fen,
    NULL::BIGINT AS diff_commission_fen,
    NULL::BIGINT AS billed_net_fen,
    NULL::BIGINT AS settled_net_fen,
    NULL::BIGINT AS diff_net_fen,
    NULL::BIGINT AS refund_fen,
    NULL::BIGINT AS other_fen,
    NULL::TIMESTAMPTZ AS first_settle_time,
    NULL::TIMESTAMPTZ AS last_settle_time
  WHERE false
  UNION ALL BY NAME
  FROM read_parquet('lake/reconciliation/*/*.parquet', union_by_name = true, hive_partitioning = true, hive_types = {'bill_date': DATE})
);
COMMENT ON VIEW reconciliation IS 'One row per group: the forward bills of one order (or item) of one account on one day, or its other bills. Every bill is in exactly one group; so is every settlement, those without a bill in groups without bills (settlement_only). billed and settled sum what is known; a difference is NULL where a leg is not compared.';
COMMENT ON COLUMN reconciliation.walk_account_id IS 'the configured account whose bills these are; empty in groups without bills (settlement_only)';
COMMENT ON COLUMN reconciliation.group_key IS 'unique in account and day: the order, order/item, order#non-forward, ext:…, bill:… without an order, or settlement:… without bill and order';
COMMENT ON COLUMN reconciliation.shop_order_id IS 'the order';
COMMENT ON COLUMN reconciliation.item_order_id IS 'the item, where settlements name items';
COMMENT ON COLUMN reconciliation.verdict IS 'matched, mismatched, bill_only, settlement_only, pending, failed or not_applicable';
COMMENT ON COLUMN reconciliation.matched_by IS 'item, order, order_window or amount; NULL unless matched';
COMMENT ON COLUMN reconciliation.reasons IS 'why: <leg>_differs, <leg>_not_billed, <leg>_not_settled, nothing_compared, settlement_unexplained, bill_removed, settled_elsewhere, partly_billed, offset_by:<bill_date>/<walk_account_id>[/<item>], retry_in_flight, not_asked, no_key, non_forward, not_configured. settlement_unexplained with settlement_only: its account is not in jobs.yaml, its day failed for the account, its bill is further away than the lookback (7 days at least), or it is of a coupon verified and undone or refunded within an hour, which never has a bill (核销后 1 小时内撤销或退款，平台永不出账单)';
COMMENT ON COLUMN reconciliation.cause IS 'double_settlement, sign_conflict, window_edge, leg_only, within_one_yuan or other: what makes a mismatch, of the order''s bills and settlements that are open in the lookback; NULL unless mismatched, and in files of earlier versions';
COMMENT ON COLUMN reconciliation.bill_rows IS 'bills in the group';
COMMENT ON COLUMN reconciliation.settlement_rows IS 'settlements of this day in the group, of any status';
COMMENT ON COLUMN reconciliation.billed_total_fen IS 'ledger_total of the forward bills; signed fen';
COMMENT ON COLUMN reconciliation.settled_total_fen IS 'settle_amount of the successful settlements; signed fen';
COMMENT ON COLUMN reconciliation.diff_total_fen IS 'settled - billed; signed fen';
COMMENT ON COLUMN reconciliation.billed_fee_fen IS 'total_merchant_platform_service of the forward bills; signed fen';
COMMENT ON COLUMN reconciliation.settled_fee_fen IS 'rake of the successful settlements; signed fen';
COMMENT ON COLUMN reconciliation.diff_fee_fen IS 'settled - billed; signed fen';
COMMENT ON COLUMN reconciliation.billed_commission_fen IS 'total_commission, else the sum of those known of talent, agent, broker, clerk and mall store (NULL if none of the first four is), of the forward bills; signed fen';
COMMENT ON COLUMN reconciliation.settled_commission_fen IS 'commission of the successful settlements; signed fen';
COMMENT ON COLUMN reconciliation.diff_commission_fen IS 'settled - billed; signed fen';
COMMENT ON COLUMN reconciliation.billed_net_fen IS 'goods of the forward bills; signed fen';
COMMENT ON COLUMN reconciliation.settled_net_fen IS 'shares of the successful settlements; signed fen';
COMMENT ON COLUMN reconciliation.diff_net_fen IS 'settled - billed; signed fen';
COMMENT ON COLUMN reconciliation.refund_fen IS 'ledger_total of the refund bills (settle_type 2); in files of earlier versions, which lack other_fen, of all bills that are not forward; signed fen';
COMMENT ON COLUMN reconciliation.other_fen IS 'ledger_total of the bills that are neither forward nor refunds: fees of refunds, debts, compensations and unknown types; NULL in files of earlier versions; signed fen';
COMMENT ON COLUMN reconciliation.first_settle_time IS 'when the first of the group''s settlements was made';
COMMENT ON COLUMN reconciliation.last_settle_time IS 'when the last of the group''s settlements was made';

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
FROM (
  SELECT
    NULL::VARCHAR AS account_id,
    NULL::VARCHAR AS ledger_id,
    NULL::VARCHAR AS shop_order_id,
    NULL::VARCHAR AS settle_id,
    NULL::BIGINT AS expected_fen,
    NULL::BIGINT AS actual_fen,
    NULL::VARCHAR AS record,
    NULL::VARCHAR AS archive_key
  WHERE false
  UNION ALL BY NAME
  FROM read_parquet('lake/exceptions/*/*.parquet', union_by_name = true, hive_partitioning = true, hive_types = {'bill_date': DATE})
);
COMMENT ON VIEW exceptions IS 'One row per thing that a person should look at; never a reason to drop a bill.';
COMMENT ON COLUMN exceptions.rule IS 'the rule that is broken';
COMMENT ON COLUMN exceptions.severity IS 'error or warning';
COMMENT ON COLUMN exceptions.account_id IS 'account of the bill';
COMMENT ON COLUMN exceptions.ledger_id IS 'the bill';
COMMENT ON COLUMN exceptions.shop_order_id IS 'order of the bill';
COMMENT ON COLUMN exceptions.settle_id IS 'the settlement';
COMMENT ON COLUMN exceptions.expected_fen IS 'the amount that the rule requires, signed; signed fen';
COMMENT ON COLUMN exceptions.actual_fen IS 'what was received, signed; signed fen';
COMMENT ON COLUMN exceptions.detail IS 'what is wrong, in words';
COMMENT ON COLUMN exceptions.record IS 'the raw record as JSON; the coupon code as the job says';
COMMENT ON COLUMN exceptions.archive_key IS 'the archive object that holds the raw record';

CREATE OR REPLACE VIEW restatements AS SELECT
  bill_date,
  account_id::VARCHAR AS account_id,
  ledger_id::VARCHAR AS ledger_id,
  settle_type::INTEGER AS settle_type,
  settle_sub_type::INTEGER AS settle_sub_type,
  walk_account_id::VARCHAR AS walk_account_id,
  shop_order_id::VARCHAR AS shop_order_id,
  change::VARCHAR AS change,
  columns::VARCHAR[] AS columns,
  old::VARCHAR AS old,
  new::VARCHAR AS new,
  diff_total_fen::BIGINT AS diff_total_fen,
  diff_goods_fen::BIGINT AS diff_goods_fen,
  old_generation::BIGINT AS old_generation,
  new_generation::BIGINT AS new_generation,
  restated_at::TIMESTAMPTZ AS restated_at
FROM (
  SELECT
    NULL::INTEGER AS settle_sub_type,
    NULL::VARCHAR AS shop_order_id,
    NULL::VARCHAR[] AS columns,
    NULL::VARCHAR AS old,
    NULL::VARCHAR AS new,
    NULL::BIGINT AS diff_total_fen,
    NULL::BIGINT AS diff_goods_fen
  WHERE false
  UNION ALL BY NAME
  FROM read_parquet('lake/restatements/*/*.parquet', union_by_name = true, hive_partitioning = true, hive_types = {'bill_date': DATE})
);
COMMENT ON VIEW restatements IS 'One row per bill of a published day that a later walk found added, removed or changed. Each publication of the day carries the rows of the one before.';
COMMENT ON COLUMN restatements.account_id IS 'the account that is paid';
COMMENT ON COLUMN restatements.ledger_id IS 'bill id';
COMMENT ON COLUMN restatements.settle_type IS 'settle_type of the bill: 1 forward bill (正向账单), 2 refund (退款单), 3 refund fee (退款手续费), 4 merchant''s debt (商家欠款欠收), 5 compensation for an overdue invoice of an agency or influencer (机构/达人发票逾期补偿)';
COMMENT ON COLUMN restatements.settle_sub_type IS 'settle_sub_type of the bill: 0 not set (未设置), 21 merchant-fault compensation freeze (商责赔付冻结), 22 merchant-fault compensation unfreeze (商责赔付解冻), 23 merchant-fault compensation deduction (商责赔付扣款), 24 merchant-fault compensation claim (商责赔付索赔), 25 merchant-fault penalty freeze (商责扣罚冻结), 26 merchant-fault penalty unfreeze (商责扣罚解冻), 27 merchant-fault penalty deduction (商责扣罚扣款), 28 merchant-fault penalty claim (商责扣罚索赔), 30 refund-substitute compensation freeze (以赔代退冻结), 31 refund-substitute compensation unfreeze (以赔代退解冻), 32 refund-substitute compensation deduction (以赔代退扣罚), 33 refund-substitute compensation claim (以赔代退索赔)';
COMMENT ON COLUMN restatements.walk_account_id IS 'the configured account whose walk found the change';
COMMENT ON COLUMN restatements.shop_order_id IS 'order of the bill';
COMMENT ON COLUMN restatements.change IS 'added, removed or changed';
COMMENT ON COLUMN restatements.columns IS 'the columns of bills that differ';
COMMENT ON COLUMN restatements.old IS 'their old values, a JSON object of texts; what was NULL is left out';
COMMENT ON COLUMN restatements.new IS 'their new values, likewise';
COMMENT ON COLUMN restatements.diff_total_fen IS 'new - old ledger_total, a missing bill counted as 0; signed fen';
COMMENT ON COLUMN restatements.diff_goods_fen IS 'new - old goods, a missing bill counted as 0; signed fen';
COMMENT ON COLUMN restatements.old_generation IS 'generation of the day that had the old values';
COMMENT ON COLUMN restatements.new_generation IS 'generation of the day that has the new values';
COMMENT ON COLUMN restatements.restated_at IS 'when the new generation was built';

-- The same for people: Chinese names, amounts in yuan (exact decimals), verdicts in the words of the trade.

CREATE OR REPLACE VIEW "账单" AS SELECT
  bill_date AS "账单日期",
  account_id AS "收款账户",
  ledger_id AS "账单ID",
  walk_account_id AS "查询账户",
  counted AS "是否计入",
  biz_type AS "业务类型",
  CASE biz_type WHEN 0 THEN '未设置' WHEN 1 THEN '团购' WHEN 3 THEN '买单' WHEN 5 THEN '点单' ELSE CAST(biz_type AS VARCHAR) || '（未知）' END AS "业务类型含义",
  shop_order_id AS "订单号",
  item_order_id AS "子订单号",
  order_ext_id AS "外部订单号",
  certificate_id AS "券ID",
  verify_id AS "核销ID",
  poi_id AS "核销门店",
  verify_poi_account_id AS "核销门店账户",
  sku_id AS "商品ID",
  group_name AS "商品名称",
  code AS "券码",
  settle_type AS "结算类型",
  CASE settle_type WHEN 1 THEN '正向账单' WHEN 2 THEN '退款单' WHEN 3 THEN '退款手续费' WHEN 4 THEN '商家欠款欠收' WHEN 5 THEN '机构/达人发票逾期补偿' ELSE CAST(settle_type AS VARCHAR) || '（未知）' END AS "结算类型含义",
  settle_type_desc AS "结算类型说明",
  settle_sub_type AS "子结算类型",
  CASE settle_sub_type WHEN 0 THEN '未设置' WHEN 21 THEN '商责赔付冻结' WHEN 22 THEN '商责赔付解冻' WHEN 23 THEN '商责赔付扣款' WHEN 24 THEN '商责赔付索赔' WHEN 25 THEN '商责扣罚冻结' WHEN 26 THEN '商责扣罚解冻' WHEN 27 THEN '商责扣罚扣款' WHEN 28 THEN '商责扣罚索赔' WHEN 30 THEN '以赔代退冻结' WHEN 31 THEN '以赔代退解冻' WHEN 32 THEN '以赔代退扣罚' WHEN 33 THEN '以赔代退索赔' ELSE CAST(settle_sub_type AS VARCHAR) || '（未知）' END AS "子结算类型含义",
  settle_time AS "结算时间",
  direction AS "收支方向",
  (pay_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "实付(元)",
  (deduction_discount_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "团购券抵扣(元)",
  (merchant_ticket_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "商家优惠(元)",
  (platform_ticket_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "平台补贴(元)",
  (ledger_platform_ticket_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "参与结算的平台券(元)",
  (original_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "交易金额(元)",
  (ledger_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "应结算(元)",
  (total_commission_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "佣金合计(元)",
  (actual_insured_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "保险费(元)",
  (total_agent_merchant_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "服务商佣金(元)",
  (total_merchant_platform_service_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "软件服务费(元)",
  (total_operation_agent_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "代运营服务商佣金(元)",
  (talent_commission_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "达人佣金(元)",
  (broker_commission_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "撮合经纪服务费(元)",
  (clerk_commission_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "店员佣金(元)",
  (mall_store_goods_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "商场店铺分佣(元)",
  (goods_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "商家实际结算(元)",
  (fund_amount_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "款项金额(元)",
  fund_amount_type AS "入账出账",
  CASE fund_amount_type WHEN 0 THEN '入账' WHEN 1 THEN '出账' ELSE CAST(fund_amount_type AS VARCHAR) || '（未知）' END AS "入账出账含义",
  extra AS "其他字段",
  logid AS "日志ID",
  fetched_at AS "获取时间",
  archive_key AS "存档文件"
FROM bills;

CREATE OR REPLACE VIEW "分账" AS SELECT
  bill_date AS "账单日期",
  settle_id AS "分账单号",
  order_id AS "交易订单号",
  out_settle_no AS "开发者分账单号",
  out_order_no AS "开发者订单号",
  item_order_id AS "子订单号",
  settle_status AS "分账状态",
  (settle_amount_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "分账金额(元)",
  (rake_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "平台服务费(元)",
  (commission_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "佣金(元)",
  (shares_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "分账方所得合计(元)",
  shares AS "分账方所得明细(分)",
  settle_detail AS "分账细节",
  settle_time AS "分账时间",
  is_auto_settle AS "自动分账",
  message AS "结果说明",
  cp_extra AS "开发者自定义",
  source AS "来源",
  asked_by AS "查询依据",
  app_id AS "小程序",
  logid AS "日志ID",
  fetched_at AS "获取时间"
FROM settlements;

CREATE OR REPLACE VIEW "对账" AS SELECT
  bill_date AS "账单日期",
  walk_account_id AS "查询账户",
  group_key AS "核对单元",
  shop_order_id AS "订单号",
  item_order_id AS "子订单号",
  CASE verdict
    WHEN 'matched' THEN '平账'
    WHEN 'mismatched' THEN CASE sign(diff_total_fen) WHEN 1 THEN '多分' WHEN -1 THEN '少分' WHEN 0 THEN '总额相符，分项不符' ELSE '差异' END
    WHEN 'bill_only' THEN '有账单、未查到分账'
    WHEN 'settlement_only' THEN '有分账、未查到账单'
    WHEN 'pending' THEN '分账处理中'
    WHEN 'failed' THEN '分账失败'
    WHEN 'not_applicable' THEN CASE WHEN list_contains(reasons, 'no_key') THEN '缺单号' ELSE '不纳入比对' END END AS "对账结论",
  matched_by AS "匹配方式",
  reasons AS "原因",
  cause AS "差异成因",
  bill_rows AS "账单数",
  settlement_rows AS "分账数",
  (billed_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "账单金额(元)",
  (settled_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "分账金额(元)",
  (diff_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "金额差额(元)",
  (billed_fee_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "账单平台服务费(元)",
  (settled_fee_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "分账平台服务费(元)",
  (diff_fee_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "平台服务费差额(元)",
  (billed_commission_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "账单佣金(元)",
  (settled_commission_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "分账佣金(元)",
  (diff_commission_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "佣金差额(元)",
  (billed_net_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "账单商家实际结算(元)",
  (settled_net_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "分账商家实际结算(元)",
  (diff_net_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "商家实际结算差额(元)",
  (refund_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "退款金额(元)",
  (other_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "扣款及其他金额(元)",
  first_settle_time AS "最早分账时间",
  last_settle_time AS "最晚分账时间"
FROM reconciliation;

CREATE OR REPLACE VIEW "异常" AS SELECT
  bill_date AS "账单日期",
  rule AS "异常类型",
  CASE severity WHEN 'error' THEN '错误' WHEN 'warning' THEN '提醒' END AS "错误、提醒",
  account_id AS "收款账户",
  ledger_id AS "账单ID",
  shop_order_id AS "订单号",
  settle_id AS "分账单号",
  (expected_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "应为(元)",
  (actual_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "实为(元)",
  detail AS "说明",
  record AS "原始记录",
  archive_key AS "存档文件"
FROM exceptions;

CREATE OR REPLACE VIEW "账单变更" AS SELECT
  bill_date AS "账单日期",
  account_id AS "收款账户",
  ledger_id AS "账单ID",
  settle_type AS "结算类型",
  CASE settle_type WHEN 1 THEN '正向账单' WHEN 2 THEN '退款单' WHEN 3 THEN '退款手续费' WHEN 4 THEN '商家欠款欠收' WHEN 5 THEN '机构/达人发票逾期补偿' ELSE CAST(settle_type AS VARCHAR) || '（未知）' END AS "结算类型含义",
  settle_sub_type AS "子结算类型",
  CASE settle_sub_type WHEN 0 THEN '未设置' WHEN 21 THEN '商责赔付冻结' WHEN 22 THEN '商责赔付解冻' WHEN 23 THEN '商责赔付扣款' WHEN 24 THEN '商责赔付索赔' WHEN 25 THEN '商责扣罚冻结' WHEN 26 THEN '商责扣罚解冻' WHEN 27 THEN '商责扣罚扣款' WHEN 28 THEN '商责扣罚索赔' WHEN 30 THEN '以赔代退冻结' WHEN 31 THEN '以赔代退解冻' WHEN 32 THEN '以赔代退扣罚' WHEN 33 THEN '以赔代退索赔' ELSE CAST(settle_sub_type AS VARCHAR) || '（未知）' END AS "子结算类型含义",
  walk_account_id AS "查询账户",
  shop_order_id AS "订单号",
  change AS "变动",
  columns AS "变动列",
  old AS "原值",
  new AS "新值",
  (diff_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "应结算差额(元)",
  (diff_goods_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "实际结算差额(元)",
  old_generation AS "变更前批次",
  new_generation AS "变更后批次",
  restated_at AS "变更时间"
FROM restatements;

-- What people have noted by hand, which changes nothing in the tables.

CREATE OR REPLACE VIEW resolutions AS SELECT
  line->>'walk_account_id' AS walk_account_id,
  line->>'order_key' AS order_key,
  line->>'reason' AS reason,
  line->>'resolved_by' AS resolved_by,
  (line->>'resolved_at')::TIMESTAMPTZ AS resolved_at,
  line->>'job' AS job,
  (line->>'diff_total_fen')::BIGINT AS diff_total_fen,
  line->>'amounts' AS amounts
FROM (SELECT unnest(string_split(rtrim(content, chr(10)), chr(10)))::JSON AS line FROM read_text('lake/resolutions/*.jsonl'));
COMMENT ON VIEW resolutions IS 'One row per difference that a person has settled by hand (billwalk resolve); the last one of an order counts.';
COMMENT ON COLUMN resolutions.walk_account_id IS 'the configured account whose bills these are';
COMMENT ON COLUMN resolutions.order_key IS 'the order: group_key without the item';
COMMENT ON COLUMN resolutions.reason IS 'why it is settled, in the words of who says so';
COMMENT ON COLUMN resolutions.resolved_by IS 'who says so';
COMMENT ON COLUMN resolutions.resolved_at IS 'when';
COMMENT ON COLUMN resolutions.job IS 'the job that was named';
COMMENT ON COLUMN resolutions.diff_total_fen IS 'settled - billed of the order then; NULL if it could not be compared; signed fen';
COMMENT ON COLUMN resolutions.amounts IS 'billed,settled of total;fee;commission;net then, in fen: where they are others now, the order is open again';

CREATE OR REPLACE VIEW closings AS SELECT
  (line->>'bill_date')::DATE AS bill_date,
  line->>'job' AS job,
  line->>'closed_by' AS closed_by,
  (line->>'closed_at')::TIMESTAMPTZ AS closed_at,
  (line->>'generation')::BIGINT AS generation
FROM (SELECT unnest(string_split(rtrim(content, chr(10)), chr(10)))::JSON AS line FROM read_text('lake/closings/*.jsonl'));
COMMENT ON VIEW closings IS 'One row per day that a person has closed (billwalk close, 结账); the last one of a day counts.';
COMMENT ON COLUMN closings.bill_date IS 'the day';
COMMENT ON COLUMN closings.job IS 'the job';
COMMENT ON COLUMN closings.closed_by IS 'who closed it';
COMMENT ON COLUMN closings.closed_at IS 'when';
COMMENT ON COLUMN closings.generation IS 'the highest generation of the day then';

CREATE OR REPLACE VIEW resolution_states AS
WITH latest AS (
  SELECT * FROM resolutions QUALIFY row_number() OVER (PARTITION BY walk_account_id, order_key ORDER BY resolved_at DESC) = 1
),
orders AS (
  SELECT
    r.walk_account_id, l.order_key,
    COALESCE(sum(billed_total_fen)::VARCHAR, '') || ',' || COALESCE(sum(settled_total_fen)::VARCHAR, '')
    || ';' || COALESCE(sum(billed_fee_fen)::VARCHAR, '') || ',' || COALESCE(sum(settled_fee_fen)::VARCHAR, '')
    || ';' || COALESCE(sum(billed_commission_fen)::VARCHAR, '') || ',' || COALESCE(sum(settled_commission_fen)::VARCHAR, '')
    || ';' || COALESCE(sum(billed_net_fen)::VARCHAR, '') || ',' || COALESCE(sum(settled_net_fen)::VARCHAR, '') AS amounts_now
  FROM reconciliation AS r
  JOIN latest AS l ON l.walk_account_id = r.walk_account_id
    AND l.order_key = left(r.group_key, length(r.group_key) - COALESCE(length(r.item_order_id) + 1, 0))
  GROUP BY ALL
)
SELECT
  l.*, o.amounts_now,
  CASE WHEN o.amounts_now = l.amounts THEN 'resolved' ELSE 'reopened' END AS state
FROM latest AS l LEFT JOIN orders AS o USING (walk_account_id, order_key);
COMMENT ON VIEW resolution_states IS 'The last resolution of each order, and whether it holds: resolved, or reopened since the amounts of the order are others now.';

CREATE OR REPLACE VIEW changes_after_closing AS
SELECT c.closed_by, c.closed_at, c.generation AS closed_generation, r.*
FROM restatements AS r
JOIN (SELECT * FROM closings QUALIFY row_number() OVER (PARTITION BY job, bill_date ORDER BY closed_at DESC) = 1) AS c
  ON c.bill_date = r.bill_date AND r.restated_at > c.closed_at;
COMMENT ON VIEW changes_after_closing IS 'The rows of restatements that came after their day was closed (结账后变更).';

CREATE OR REPLACE VIEW "差异处理" AS SELECT
  walk_account_id AS "查询账户", order_key AS "订单", (diff_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "处理时差额(元)",
  CASE state WHEN 'resolved' THEN '已处理' ELSE '金额已变，重新打开' END AS "状态",
  reason AS "处理说明", resolved_by AS "处理人", resolved_at AS "处理时间"
FROM resolution_states;

CREATE OR REPLACE VIEW "结账" AS SELECT
  bill_date AS "账单日期", job AS "任务", closed_by AS "结账人", closed_at AS "结账时间", generation AS "批次"
FROM closings;

CREATE OR REPLACE VIEW "结账后变更" AS SELECT
  bill_date AS "账单日期", walk_account_id AS "查询账户", ledger_id AS "账单ID", shop_order_id AS "订单号", change AS "变动",
  (diff_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "应结算差额(元)", restated_at AS "变更时间", closed_by AS "结账人", closed_at AS "结账时间"
FROM changes_after_closing;
