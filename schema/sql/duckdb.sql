-- Views of a billwalk lake for DuckDB. Amounts are signed int64 fen; sum(..._fen) is always right.
-- No files of a table? The lake is of an earlier billwalk: run or replay one day, which publishes all tables.

CREATE OR REPLACE VIEW bills AS SELECT
  bill_date,
  account_id::VARCHAR AS account_id,
  ledger_id::VARCHAR AS ledger_id,
  walk_account_id::VARCHAR AS walk_account_id,
  counted::BOOLEAN AS counted,
  group_key::VARCHAR AS group_key,
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
    NULL::VARCHAR AS group_key,
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
COMMENT ON VIEW bills IS '账单接口的每条记录一行；主键为 account_id、ledger_id、settle_type、settle_sub_type。 / One row per ledger record of the bill API; key account_id, ledger_id, settle_type, settle_sub_type.';
COMMENT ON COLUMN bills.bill_date IS '账单日（北京时间） / the day in UTC+8';
COMMENT ON COLUMN bills.account_id IS '收款账户（总店或门店） / the account that is paid (head office or store); from account_id';
COMMENT ON COLUMN bills.ledger_id IS '账单 ID / bill id; from ledger_id';
COMMENT ON COLUMN bills.walk_account_id IS 'jobs.yaml 中配置的账户，该账单由拉取此账户得到 / the configured account whose walk found the bill';
COMMENT ON COLUMN bills.counted IS '同一账单内容不同的各行（规则 duplicate_conflict）只有一行计入，其余为 false，不在任何合计与对账组中。计入的是：账户自己拉取的先于总店的，账户号小的先于大的，同一次拉取中先取到的。旧版本的文件中为 NULL，各行都计入：合计时用 counted IS NOT FALSE / false for a row that has the same bill as another with other content (rule duplicate_conflict): no sum and no group has it. Of the contents one counts: an account’s own walk before a root account’s, the lower account before the higher, in one walk the one fetched first. NULL in files of earlier versions, whose rows all count: sum where counted IS NOT FALSE';
COMMENT ON COLUMN bills.group_key IS '该账单在 reconciliation 中那一行（同一天、同一 walk_account_id）的 group_key；不计入的行为 NULL，旧版本的文件中也为 NULL / group_key of the bill’s row of reconciliation, of this day and walk_account_id; NULL for a row that is not counted, and in files of earlier versions';
COMMENT ON COLUMN bills.biz_type IS '业务类型 / kind of business: 0 not set (未设置), 1 group buying (团购), 3 paying the check (买单), 5 ordering (点单); from biz_type';
COMMENT ON COLUMN bills.shop_order_id IS '店铺维度的订单号 / order id at shop level; from shop_order_id';
COMMENT ON COLUMN bills.item_order_id IS '子订单号 / order id at item level; from item_order_id';
COMMENT ON COLUMN bills.order_ext_id IS '商家自己的订单号 / the merchant’s own order id; from order_ext_id';
COMMENT ON COLUMN bills.certificate_id IS '券 ID（一张券可能有多条账单） / coupon id (not unique per bill); from certificate_id';
COMMENT ON COLUMN bills.verify_id IS '核销 ID（一次核销可能有多条账单） / verification (核销) id (not unique per bill); from verify_id';
COMMENT ON COLUMN bills.poi_id IS '核销门店；商户级账单为空 / store where the coupon was verified; empty for account-level bills; from poi_id';
COMMENT ON COLUMN bills.verify_poi_account_id IS '核销门店的账户，不一定是收款账户 / account of that store; not always the account that is paid; from verify_poi_account_id';
COMMENT ON COLUMN bills.sku_id IS '商品 ID / product id; from sku_id';
COMMENT ON COLUMN bills.group_name IS '商品名称，任意文本 / product name, any text; from group_name';
COMMENT ON COLUMN bills.code IS '券码：按任务配置原样保留、为十六进制的 HMAC-SHA256，或为 NULL / coupon code: kept, HMAC-SHA256 in hex, or NULL, as the job says; from code';
COMMENT ON COLUMN bills.settle_type IS '结算类型 / kind of bill: 1 forward bill (正向账单), 2 refund (退款单), 3 refund fee (退款手续费), 4 merchant’s debt (商家欠款欠收), 5 compensation for an overdue invoice of an agency or influencer (机构/达人发票逾期补偿); from settle_type';
COMMENT ON COLUMN bills.settle_type_desc IS '平台对结算类型的说明 / the platform’s words for settle_type; from settle_type_desc';
COMMENT ON COLUMN bills.settle_sub_type IS '赔付或扣罚的步骤 / step of a compensation or penalty: 0 not set (未设置), 21 merchant-fault compensation freeze (商责赔付冻结), 22 merchant-fault compensation unfreeze (商责赔付解冻), 23 merchant-fault compensation deduction (商责赔付扣款), 24 merchant-fault compensation claim (商责赔付索赔), 25 merchant-fault penalty freeze (商责扣罚冻结), 26 merchant-fault penalty unfreeze (商责扣罚解冻), 27 merchant-fault penalty deduction (商责扣罚扣款), 28 merchant-fault penalty claim (商责扣罚索赔), 30 refund-substitute compensation freeze (以赔代退冻结), 31 refund-substitute compensation unfreeze (以赔代退解冻), 32 refund-substitute compensation deduction (以赔代退扣罚), 33 refund-substitute compensation claim (以赔代退索赔); from settle_sub_type';
COMMENT ON COLUMN bills.settle_time IS '正向账单为核销时间，其余为账单创建时间 / verification time of a forward bill, else the bill’s creation; from settle_time';
COMMENT ON COLUMN bills.direction IS '+1 入账，-1 出账；NULL 为无法判断（此时各金额均为 NULL） / +1 to the merchant, -1 from it, NULL unknown (then all amounts are NULL)';
COMMENT ON COLUMN bills.pay_fen IS '用户实付，含支付渠道优惠 / paid by the user, channel discounts included; from amount.pay; signed fen';
COMMENT ON COLUMN bills.deduction_discount_fen IS '团购券抵扣金额，不参与结算 / group coupon deduction; not settled; from amount.deduction_discount; signed fen';
COMMENT ON COLUMN bills.merchant_ticket_fen IS '商家优惠，不参与结算 / merchant’s discount; not settled; from amount.merchant_ticket; signed fen';
COMMENT ON COLUMN bills.platform_ticket_fen IS '平台补贴；服务商不可见 / platform’s subsidy; hidden from service providers; from amount.platform_ticket; signed fen';
COMMENT ON COLUMN bills.ledger_platform_ticket_fen IS '参与结算的平台券；服务商不可见 / platform’s coupon that is settled; hidden from service providers; from amount.ledger_platform_ticket; signed fen';
COMMENT ON COLUMN bills.original_fen IS '交易金额＝实付＋商家优惠＋平台补贴 / order total: pay + merchant_ticket + platform_ticket; from amount.original; signed fen';
COMMENT ON COLUMN bills.ledger_total_fen IS '应结算金额＝实付＋参与结算的平台券 / to be settled: pay + ledger_platform_ticket; from amount.ledger_total; signed fen';
COMMENT ON COLUMN bills.total_commission_fen IS '佣金合计 / all commissions together; from amount.total_commission; signed fen';
COMMENT ON COLUMN bills.actual_insured_fen IS '保险费 / insurance fee; from amount.actual_insured; signed fen';
COMMENT ON COLUMN bills.total_agent_merchant_fen IS '服务商佣金；服务商不可见 / service provider’s commission; hidden from service providers; from amount.total_agent_merchant; signed fen';
COMMENT ON COLUMN bills.total_merchant_platform_service_fen IS '软件服务费，含支付手续费；服务商不可见 / software service fee, payment fee included; hidden from service providers; from amount.total_merchant_platform_service; signed fen';
COMMENT ON COLUMN bills.total_operation_agent_fen IS '代运营服务商佣金；与 total_agent_merchant 重叠，不能两项都减 / agency’s commission; overlaps total_agent_merchant, never subtract both; from amount.total_operation_agent; signed fen';
COMMENT ON COLUMN bills.talent_commission_fen IS '达人佣金；服务商不可见 / influencer’s commission; hidden from service providers; from amount.talent_commission; signed fen';
COMMENT ON COLUMN bills.broker_commission_fen IS '撮合经纪服务费；服务商不可见 / broker’s fee; hidden from service providers; from amount.broker_commission; signed fen';
COMMENT ON COLUMN bills.clerk_commission_fen IS '店员佣金；服务商不可见 / clerk’s commission; hidden from service providers; from amount.clerk_commission; signed fen';
COMMENT ON COLUMN bills.mall_store_goods_fen IS '商场店铺分佣 / mall’s share; from amount.mall_store_goods; signed fen';
COMMENT ON COLUMN bills.goods_fen IS '商家实际结算金额 / what the merchant gets (商家实际结算金额); from amount.goods; signed fen';
COMMENT ON COLUMN bills.fund_amount_fen IS '款项金额 / amount of the movement of funds (款项金额); from fund_amount; signed fen';
COMMENT ON COLUMN bills.fund_amount_type IS '款项方向 / direction of the funds: 0 in (入账), 1 out (出账); from fund_amount_type';
COMMENT ON COLUMN bills.extra IS '本版本不认识的字段，JSON；没有则为 NULL / JSON of the fields that this version does not know; NULL when none';
COMMENT ON COLUMN bills.logid IS '平台应答的日志 ID / the platform’s id of the answer; from extra.logid';
COMMENT ON COLUMN bills.fetched_at IS '收到应答的时间 / when the answer was received';
COMMENT ON COLUMN bills.archive_key IS '原始记录所在的归档对象 / the archive object that holds the raw record';

CREATE OR REPLACE VIEW settlements AS SELECT
  bill_date,
  settle_id::VARCHAR AS settle_id,
  order_id::VARCHAR AS order_id,
  out_settle_no::VARCHAR AS out_settle_no,
  out_order_no::VARCHAR AS out_order_no,
  item_order_id::VARCHAR AS item_order_id,
  walk_account_id::VARCHAR AS walk_account_id,
  group_key::VARCHAR AS group_key,
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
    NULL::VARCHAR AS walk_account_id,
    NULL::VARCHAR AS group_key,
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
COMMENT ON VIEW settlements IS '每个 settle_id 一行，回调指明多个子订单时每个子订单一行；只在一天：其订单的账单日中不晚于分账当日的最后一天，都晚于它则为最早一天，没有分账时间则为最后一天。没有账单的分账在分账当天。 / One row per settle_id, or per item where callbacks name several, on one day only: the latest bill_date of its order that is not after the settlement’s own day, else the earliest; without a time, the latest. A settlement without a bill is on its own day.';
COMMENT ON COLUMN settlements.bill_date IS '账单日（北京时间） / the day in UTC+8';
COMMENT ON COLUMN settlements.settle_id IS '分账单号；只有回调指明多个子订单时才有多行 / settlement id; several times only where callbacks name several items of it; from settle_id';
COMMENT ON COLUMN settlements.order_id IS '交易系统的订单号 / order id of the trade system; from order_id';
COMMENT ON COLUMN settlements.out_settle_no IS '开发者的分账单号 / the developer’s settlement id; from out_settle_no';
COMMENT ON COLUMN settlements.out_order_no IS '开发者的订单号 / the developer’s order id; from out_order_no';
COMMENT ON COLUMN settlements.item_order_id IS '子订单号，分账只属于一个子订单时才有 / order id at item level, where the settlement is of one item; from item_order_id';
COMMENT ON COLUMN settlements.walk_account_id IS '与 group_key 一起，指向同一 bill_date 的 reconciliation 中含此分账的一行；没有账单的为空。订单的账单分属几个账户时，该行可能在当天的另一个文件中。旧版本的文件中为 NULL / with group_key, the row of reconciliation on the same bill_date that has the settlement; empty without a bill. It may be in another file of the day, where an order has bills of several accounts. NULL in files of earlier versions';
COMMENT ON COLUMN settlements.group_key IS 'reconciliation 中该行的 group_key；旧版本的文件中为 NULL / group_key of that row of reconciliation; NULL in files of earlier versions';
COMMENT ON COLUMN settlements.settle_status IS '分账状态：INIT 初始化、PROCESSING 处理中、SUCCESS 成功、FAIL 失败 / INIT, PROCESSING, SUCCESS or FAIL; from settle_status';
COMMENT ON COLUMN settlements.settle_amount_fen IS '分账金额＝平台服务费＋佣金＋分账方所得 / what is shared out: rake + commission + shares; from settle_amount; signed fen';
COMMENT ON COLUMN settlements.rake_fen IS '平台服务费 / the platform’s fee; from rake; signed fen';
COMMENT ON COLUMN settlements.commission_fen IS '佣金 / commissions; from commission; signed fen';
COMMENT ON COLUMN settlements.shares_fen IS '分账方所得合计 / sum of the shares; from settle_detail; signed fen';
COMMENT ON COLUMN settlements.shares IS '各分账方所得；settle_detail 读不了时为 NULL / each merchant’s share; NULL where settle_detail cannot be read; from settle_detail';
COMMENT ON COLUMN settlements.settle_detail IS '平台原文的分账细节 / the shares as the platform writes them; from settle_detail';
COMMENT ON COLUMN settlements.settle_time IS '分账时间 / when it was shared out; from settle_time';
COMMENT ON COLUMN settlements.is_auto_settle IS '是否由平台自动分账；只有回调给出 / whether the platform shared it out by itself; only callbacks have it; from is_auto_settle';
COMMENT ON COLUMN settlements.message IS '失败原因；只有回调给出 / why it failed; only callbacks have it; from message';
COMMENT ON COLUMN settlements.cp_extra IS '开发者自定义文本 / the developer’s own text; from cp_extra';
COMMENT ON COLUMN settlements.source IS '来源：query 查询、callback 回调、both 两者 / query, callback or both';
COMMENT ON COLUMN settlements.asked_by IS '凭什么对上账单：jobs.yaml 中的 match 规则（如 order_id: shop_order_id）；回调还可能是 item_order_id: item_order_id（子订单号），或 order_id: settlement（同一订单的另一笔分账）；没有账单对应的为 NULL / what links it to its bills: the match rule, as jobs.yaml has it (order_id: shop_order_id); of a callback also item_order_id: item_order_id, or order_id: settlement (another settlement of its order); NULL where it has no bill';
COMMENT ON COLUMN settlements.app_id IS '小程序；只有回调给出 / the mini-program; only callbacks have it';
COMMENT ON COLUMN settlements.logid IS '平台应答的日志 ID / the platform’s id of the answer; from extra.logid';
COMMENT ON COLUMN settlements.fetched_at IS '收到答复或回调的时间 / when the answer, or the callback, was received';

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
COMMENT ON VIEW reconciliation IS '每组一行：一个订单（或子订单）在一个账户、一天内的正向账单，或其非正向账单。每条账单恰好属于一组，每笔分账也是；没有账单的分账在没有账单的组（settlement_only）。billed 与 settled 为已知各项之和；未比较的项，差额为 NULL。 / One row per group: the forward bills of one order (or item) of one account on one day, or its other bills. Every bill is in exactly one group; so is every settlement, those without a bill in groups without bills (settlement_only). billed and settled sum what is known; a difference is NULL where a leg is not compared.';
COMMENT ON COLUMN reconciliation.bill_date IS '账单日（北京时间） / the day in UTC+8';
COMMENT ON COLUMN reconciliation.walk_account_id IS '这些账单的查询账户，即 jobs.yaml 中配置的账户；没有账单的组为空（settlement_only） / the configured account whose bills these are; empty in groups without bills (settlement_only)';
COMMENT ON COLUMN reconciliation.group_key IS '在一个账户的一天内唯一：订单号、订单号/子订单号、订单号#non-forward、ext:商家订单号，没有订单的账单为 bill:…，既无账单又无订单的分账为 settlement:… / unique in account and day: the order, order/item, order#non-forward, ext:…, bill:… without an order, or settlement:… without bill and order';
COMMENT ON COLUMN reconciliation.shop_order_id IS '订单号 / the order';
COMMENT ON COLUMN reconciliation.item_order_id IS '子订单号，分账指明子订单时才有 / the item, where settlements name items';
COMMENT ON COLUMN reconciliation.verdict IS '对账结论，取值见“结论” / matched, mismatched, bill_only, settlement_only, pending, failed or not_applicable';
COMMENT ON COLUMN reconciliation.matched_by IS '在哪一步对上，取值见“匹配方式”；不是平账的为 NULL / item, order, order_window or amount; NULL unless matched';
COMMENT ON COLUMN reconciliation.reasons IS '得出结论的原因，取值见“原因” / why: <leg>_differs, <leg>_not_billed, <leg>_not_settled, nothing_compared, settlement_unexplained, bill_removed, settled_elsewhere, partly_billed, offset_by:<bill_date>/<walk_account_id>[/<item>], retry_in_flight, not_asked, rule_never_answered, no_key, non_forward, not_configured. settlement_unexplained with settlement_only: its account is not in jobs.yaml, its day failed for the account, its bill is further away than the lookback (7 days at least), or it is of a coupon verified and undone or refunded within an hour, which never has a bill (核销后 1 小时内撤销或退款，平台永不出账单)';
COMMENT ON COLUMN reconciliation.cause IS '差异的成因，取值见“差异成因”，看该订单在追溯期内未对上的账单与分账；不是差异的为 NULL，旧版本的文件中也为 NULL / double_settlement, sign_conflict, window_edge, leg_only, within_one_yuan or other: what makes a mismatch, of the order’s bills and settlements that are open in the lookback; NULL unless mismatched, and in files of earlier versions';
COMMENT ON COLUMN reconciliation.bill_rows IS '组内账单数 / bills in the group';
COMMENT ON COLUMN reconciliation.settlement_rows IS '组内算在这一天的分账数，不论状态 / settlements of this day in the group, of any status';
COMMENT ON COLUMN reconciliation.billed_total_fen IS '正向账单的 ledger_total 合计 / ledger_total of the forward bills; signed fen';
COMMENT ON COLUMN reconciliation.settled_total_fen IS '成功分账的 settle_amount 合计 / settle_amount of the successful settlements; signed fen';
COMMENT ON COLUMN reconciliation.diff_total_fen IS '差额＝分账－账单 / settled - billed; signed fen';
COMMENT ON COLUMN reconciliation.billed_fee_fen IS '正向账单的 total_merchant_platform_service 合计 / total_merchant_platform_service of the forward bills; signed fen';
COMMENT ON COLUMN reconciliation.settled_fee_fen IS '成功分账的 rake 合计 / rake of the successful settlements; signed fen';
COMMENT ON COLUMN reconciliation.diff_fee_fen IS '差额＝分账－账单 / settled - billed; signed fen';
COMMENT ON COLUMN reconciliation.billed_commission_fen IS '正向账单的 total_commission（没有则为达人、服务商、经纪人、店员佣金与商场分佣中已知各项之和；前四项都未知时为 NULL）合计 / total_commission, else the sum of those known of talent, agent, broker, clerk and mall store (NULL if none of the first four is), of the forward bills; signed fen';
COMMENT ON COLUMN reconciliation.settled_commission_fen IS '成功分账的 commission 合计 / commission of the successful settlements; signed fen';
COMMENT ON COLUMN reconciliation.diff_commission_fen IS '差额＝分账－账单 / settled - billed; signed fen';
COMMENT ON COLUMN reconciliation.billed_net_fen IS '正向账单的 goods 合计 / goods of the forward bills; signed fen';
COMMENT ON COLUMN reconciliation.settled_net_fen IS '成功分账的 shares 合计 / shares of the successful settlements; signed fen';
COMMENT ON COLUMN reconciliation.diff_net_fen IS '差额＝分账－账单 / settled - billed; signed fen';
COMMENT ON COLUMN reconciliation.refund_fen IS '退款单（settle_type 2）的 ledger_total 合计；旧版本的文件没有 other_fen，其中为全部非正向账单的合计 / ledger_total of the refund bills (settle_type 2); in files of earlier versions, which lack other_fen, of all bills that are not forward; signed fen';
COMMENT ON COLUMN reconciliation.other_fen IS '既非正向又非退款的账单的 ledger_total 合计：退款手续费、商家欠款、赔付与未知类型；旧版本的文件中为 NULL / ledger_total of the bills that are neither forward nor refunds: fees of refunds, debts, compensations and unknown types; NULL in files of earlier versions; signed fen';
COMMENT ON COLUMN reconciliation.first_settle_time IS '组内最早的分账时间 / when the first of the group’s settlements was made';
COMMENT ON COLUMN reconciliation.last_settle_time IS '组内最晚的分账时间 / when the last of the group’s settlements was made';

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
COMMENT ON VIEW exceptions IS '需要人看的每件事一行；从不因此丢弃账单。 / One row per thing that a person should look at; never a reason to drop a bill.';
COMMENT ON COLUMN exceptions.bill_date IS '账单日（北京时间） / the day in UTC+8';
COMMENT ON COLUMN exceptions.rule IS '异常类型，取值见“异常类型” / the rule that is broken';
COMMENT ON COLUMN exceptions.severity IS 'error 错误或 warning 提醒 / error or warning';
COMMENT ON COLUMN exceptions.account_id IS '账单的收款账户 / account of the bill';
COMMENT ON COLUMN exceptions.ledger_id IS '账单 ID / the bill';
COMMENT ON COLUMN exceptions.shop_order_id IS '账单的订单号 / order of the bill';
COMMENT ON COLUMN exceptions.settle_id IS '分账单号 / the settlement';
COMMENT ON COLUMN exceptions.expected_fen IS '按规则应有的金额，带符号 / the amount that the rule requires, signed; signed fen';
COMMENT ON COLUMN exceptions.actual_fen IS '收到的金额，带符号 / what was received, signed; signed fen';
COMMENT ON COLUMN exceptions.detail IS '哪里不对，文字说明（英文） / what is wrong, in words';
COMMENT ON COLUMN exceptions.record IS '原始记录，JSON；其中券码按任务配置处理 / the raw record as JSON; the coupon code as the job says';
COMMENT ON COLUMN exceptions.archive_key IS '原始记录所在的归档对象 / the archive object that holds the raw record';

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
COMMENT ON VIEW restatements IS '已发布的日子后来拉到的账单有增加、减少或变更的，每条一行。该日每次发布都带上之前的各行。 / One row per bill of a published day that a later walk found added, removed or changed. Each publication of the day carries the rows of the one before.';
COMMENT ON COLUMN restatements.bill_date IS '账单日（北京时间） / the day in UTC+8';
COMMENT ON COLUMN restatements.account_id IS '收款账户 / the account that is paid';
COMMENT ON COLUMN restatements.ledger_id IS '账单 ID / bill id';
COMMENT ON COLUMN restatements.settle_type IS '账单的结算类型 / settle_type of the bill: 1 forward bill (正向账单), 2 refund (退款单), 3 refund fee (退款手续费), 4 merchant’s debt (商家欠款欠收), 5 compensation for an overdue invoice of an agency or influencer (机构/达人发票逾期补偿)';
COMMENT ON COLUMN restatements.settle_sub_type IS '账单的子结算类型 / settle_sub_type of the bill: 0 not set (未设置), 21 merchant-fault compensation freeze (商责赔付冻结), 22 merchant-fault compensation unfreeze (商责赔付解冻), 23 merchant-fault compensation deduction (商责赔付扣款), 24 merchant-fault compensation claim (商责赔付索赔), 25 merchant-fault penalty freeze (商责扣罚冻结), 26 merchant-fault penalty unfreeze (商责扣罚解冻), 27 merchant-fault penalty deduction (商责扣罚扣款), 28 merchant-fault penalty claim (商责扣罚索赔), 30 refund-substitute compensation freeze (以赔代退冻结), 31 refund-substitute compensation unfreeze (以赔代退解冻), 32 refund-substitute compensation deduction (以赔代退扣罚), 33 refund-substitute compensation claim (以赔代退索赔)';
COMMENT ON COLUMN restatements.walk_account_id IS '发现变动的那次拉取所属的账户，即 jobs.yaml 中配置的账户 / the configured account whose walk found the change';
COMMENT ON COLUMN restatements.shop_order_id IS '账单的订单号 / order of the bill';
COMMENT ON COLUMN restatements.change IS '变动：added 增加、removed 减少、changed 变更 / added, removed or changed';
COMMENT ON COLUMN restatements.columns IS '账单中不同的列 / the columns of bills that differ';
COMMENT ON COLUMN restatements.old IS '这些列的原值，JSON 对象，值均为文本；原为 NULL 的不列 / their old values, a JSON object of texts; what was NULL is left out';
COMMENT ON COLUMN restatements.new IS '这些列的新值，形式同上 / their new values, likewise';
COMMENT ON COLUMN restatements.diff_total_fen IS '新旧 ledger_total 之差，没有的账单按 0 计 / new - old ledger_total, a missing bill counted as 0; signed fen';
COMMENT ON COLUMN restatements.diff_goods_fen IS '新旧 goods 之差，没有的账单按 0 计 / new - old goods, a missing bill counted as 0; signed fen';
COMMENT ON COLUMN restatements.old_generation IS '原值所在的批次 / generation of the day that had the old values';
COMMENT ON COLUMN restatements.new_generation IS '新值所在的批次 / generation of the day that has the new values';
COMMENT ON COLUMN restatements.restated_at IS '构建变更后批次的时间 / when the new generation was built';

CREATE OR REPLACE VIEW stores AS SELECT
  bill_date,
  root_account_id::VARCHAR AS root_account_id,
  account_id::VARCHAR AS account_id,
  account_name::VARCHAR AS account_name,
  poi_id::VARCHAR AS poi_id,
  poi_name::VARCHAR AS poi_name,
  fetched_at::TIMESTAMPTZ AS fetched_at
FROM (
  SELECT
    NULL::VARCHAR AS root_account_id,
    NULL::VARCHAR AS account_name,
    NULL::VARCHAR AS poi_id,
    NULL::VARCHAR AS poi_name
  WHERE false
  UNION ALL BY NAME
  FROM read_parquet('lake/stores/*/*.parquet', union_by_name = true, hive_partitioning = true, hive_types = {'bill_date': DATE})
);
COMMENT ON VIEW stores IS '每家门店每晚一行：门店与其账户的名称，列于一次运行的最后一天。仅 stores: true 的任务有；没有行的日子没有文件。 / One row per store and night: the names of stores and of their accounts, as listed on the last day of a run. Only of jobs with stores: true; days without rows have no file.';
COMMENT ON COLUMN stores.bill_date IS '账单日（北京时间） / the day in UTC+8';
COMMENT ON COLUMN stores.root_account_id IS '列出该门店的根账户，即 jobs.yaml 中的 root_account_id；单独查询的账户为 NULL / the configured root account that the store is listed below; NULL where an account was asked for by itself';
COMMENT ON COLUMN stores.account_id IS '门店的账户；门店没有账户时为所查询的账户 / the store’s account; the account that was asked for where the store has none; from poi_account.account_id';
COMMENT ON COLUMN stores.account_name IS '门店账户的名称 / its name; from poi_account.account_name';
COMMENT ON COLUMN stores.poi_id IS '门店 ID / the store; from poi.poi_id';
COMMENT ON COLUMN stores.poi_name IS '门店的名称 / its name; from poi.poi_name';
COMMENT ON COLUMN stores.fetched_at IS '收到该列表的时间 / when the list was received';

CREATE OR REPLACE VIEW withdrawals AS SELECT
  bill_date,
  account_id::VARCHAR AS account_id,
  withdraw_id::VARCHAR AS withdraw_id,
  amount_fen::BIGINT AS amount_fen,
  status::VARCHAR AS status,
  withdraw_mode::VARCHAR AS withdraw_mode,
  launch_time::TIMESTAMPTZ AS launch_time,
  withdraw_time::TIMESTAMPTZ AS withdraw_time,
  withdraw_msg::VARCHAR AS withdraw_msg,
  settle_account::VARCHAR AS settle_account,
  account_name::VARCHAR AS account_name,
  bill_rows::BIGINT AS bill_rows,
  bills_fen::BIGINT AS bills_fen,
  diff_fen::BIGINT AS diff_fen,
  verdict::VARCHAR AS verdict,
  logid::VARCHAR AS logid,
  fetched_at::TIMESTAMPTZ AS fetched_at,
  archive_key::VARCHAR AS archive_key
FROM (
  SELECT
    NULL::BIGINT AS amount_fen,
    NULL::VARCHAR AS status,
    NULL::VARCHAR AS withdraw_mode,
    NULL::TIMESTAMPTZ AS launch_time,
    NULL::TIMESTAMPTZ AS withdraw_time,
    NULL::VARCHAR AS withdraw_msg,
    NULL::VARCHAR AS settle_account,
    NULL::VARCHAR AS account_name,
    NULL::BIGINT AS bill_rows,
    NULL::BIGINT AS bills_fen,
    NULL::BIGINT AS diff_fen,
    NULL::VARCHAR AS logid
  WHERE false
  UNION ALL BY NAME
  FROM read_parquet('lake/withdrawals/*/*.parquet', union_by_name = true, hive_partitioning = true, hive_types = {'bill_date': DATE})
);
COMMENT ON VIEW withdrawals IS '每笔提现一行，在发起提现的那一天（中国时间）。仅配置了 withdrawals 的任务有；没有行的日子没有文件。 / One row per withdrawal (提现), on the day on which it was launched in China. Only of jobs with withdrawals; days without rows have no file.';
COMMENT ON COLUMN withdrawals.bill_date IS '账单日（北京时间） / the day in UTC+8';
COMMENT ON COLUMN withdrawals.account_id IS '收款账户 / the account that is paid';
COMMENT ON COLUMN withdrawals.withdraw_id IS '提现单号 / withdrawal id; from withdraw_id';
COMMENT ON COLUMN withdrawals.amount_fen IS '提现金额 / what was paid out; from amount; signed fen';
COMMENT ON COLUMN withdrawals.status IS '平台原值；平台文档没有写明取值，含义由任务配置指定（withdrawals.statuses） / as received; the platform documents no values: the job’s configuration says what they mean (withdrawals.statuses); from status';
COMMENT ON COLUMN withdrawals.withdraw_mode IS '平台原值；平台文档没有写明取值 / as received; the platform documents no values; from withdraw_mode';
COMMENT ON COLUMN withdrawals.launch_time IS '发起提现的时间 / when it was launched; from launch_time';
COMMENT ON COLUMN withdrawals.withdraw_time IS '到账时间 / when it was paid; from withdraw_time';
COMMENT ON COLUMN withdrawals.withdraw_msg IS '平台的说明，如失败原因 / the platform’s words, such as why it failed; from withdraw_msg';
COMMENT ON COLUMN withdrawals.settle_account IS '银行账号，只留末四位；归档中为原值 / number of the bank account, masked but for the last four; the archive keeps it as received; from settle_account';
COMMENT ON COLUMN withdrawals.account_name IS '银行账户的户名 / in whose name the bank account is; from account_name';
COMMENT ON COLUMN withdrawals.bill_rows IS '其账单条数；没有取得或无法取得时为 NULL / bills that it pays; NULL where they were not fetched, or cannot be';
COMMENT ON COLUMN withdrawals.bills_fen IS '其账单 fund_amount 之和，带符号；没有 fund_amount 的账单取 goods。方向不明的账单不计入 / sum of fund_amount of its bills, signed; of goods where a bill has no fund_amount. A bill of unknown direction is left out; signed fen';
COMMENT ON COLUMN withdrawals.diff_fen IS '提现减账单合计 / amount less bills; signed fen';
COMMENT ON COLUMN withdrawals.verdict IS 'tied 平、mismatched 差异、manual 手动提现、in_flight 在途、failed 失败、not_asked 未取明细 / tied, mismatched, manual, in_flight, failed or not_asked';
COMMENT ON COLUMN withdrawals.logid IS '平台应答的日志 ID / the platform’s id of the answer; from extra.logid';
COMMENT ON COLUMN withdrawals.fetched_at IS '收到答复的时间 / when the answer was received';
COMMENT ON COLUMN withdrawals.archive_key IS '原始记录所在的归档对象 / the archive object that holds the raw record';

CREATE OR REPLACE VIEW withdrawn_bills AS SELECT
  bill_date,
  account_id::VARCHAR AS account_id,
  withdraw_id::VARCHAR AS withdraw_id,
  ledger_id::VARCHAR AS ledger_id,
  settle_type::INTEGER AS settle_type,
  settle_sub_type::INTEGER AS settle_sub_type,
  billed_on::VARCHAR AS billed_on,
  fund_amount_fen::BIGINT AS fund_amount_fen,
  goods_fen::BIGINT AS goods_fen,
  in_bills::BOOLEAN AS in_bills
FROM (
  SELECT
    NULL::INTEGER AS settle_type,
    NULL::INTEGER AS settle_sub_type,
    NULL::VARCHAR AS billed_on,
    NULL::BIGINT AS fund_amount_fen,
    NULL::BIGINT AS goods_fen
  WHERE false
  UNION ALL BY NAME
  FROM read_parquet('lake/withdrawn_bills/*/*.parquet', union_by_name = true, hive_partitioning = true, hive_types = {'bill_date': DATE})
);
COMMENT ON VIEW withdrawn_bills IS '提现的每条账单一行，在该笔提现发起的那一天（中国时间）。仅配置了 withdrawals 的任务有；没有行的日子没有文件。 / One row per bill of a withdrawal, on the day on which the withdrawal was launched in China. Only of jobs with withdrawals; days without rows have no file.';
COMMENT ON COLUMN withdrawn_bills.bill_date IS '账单日（北京时间） / the day in UTC+8';
COMMENT ON COLUMN withdrawn_bills.account_id IS '收款账户 / the account that is paid';
COMMENT ON COLUMN withdrawn_bills.withdraw_id IS '提现单号 / the withdrawal';
COMMENT ON COLUMN withdrawn_bills.ledger_id IS '账单 ID / bill id; from ledger_id';
COMMENT ON COLUMN withdrawn_bills.settle_type IS '账单的结算类型 / settle_type of the bill: 1 forward bill (正向账单), 2 refund (退款单), 3 refund fee (退款手续费), 4 merchant’s debt (商家欠款欠收), 5 compensation for an overdue invoice of an agency or influencer (机构/达人发票逾期补偿); from settle_type';
COMMENT ON COLUMN withdrawn_bills.settle_sub_type IS '账单的子结算类型 / settle_sub_type of the bill: 0 not set (未设置), 21 merchant-fault compensation freeze (商责赔付冻结), 22 merchant-fault compensation unfreeze (商责赔付解冻), 23 merchant-fault compensation deduction (商责赔付扣款), 24 merchant-fault compensation claim (商责赔付索赔), 25 merchant-fault penalty freeze (商责扣罚冻结), 26 merchant-fault penalty unfreeze (商责扣罚解冻), 27 merchant-fault penalty deduction (商责扣罚扣款), 28 merchant-fault penalty claim (商责扣罚索赔), 30 refund-substitute compensation freeze (以赔代退冻结), 31 refund-substitute compensation unfreeze (以赔代退解冻), 32 refund-substitute compensation deduction (以赔代退扣罚), 33 refund-substitute compensation claim (以赔代退索赔); from settle_sub_type';
COMMENT ON COLUMN withdrawn_bills.billed_on IS 'bills 中该账单的账单日（YYYY-MM-DD）；已发布的日子都没有时为 NULL / the bill_date (YYYY-MM-DD) on which the table bills has it; NULL where no published day has';
COMMENT ON COLUMN withdrawn_bills.fund_amount_fen IS '提现明细中的款项金额，带符号 / fund_amount as the withdrawal lists it, signed; from fund_amount; signed fen';
COMMENT ON COLUMN withdrawn_bills.goods_fen IS '提现明细中的商家实际结算金额，带符号 / goods as the withdrawal lists it, signed; from amount.goods; signed fen';
COMMENT ON COLUMN withdrawn_bills.in_bills IS '为 false 时，该提现付的账单不在任何已发布的日子里 / false where the withdrawal pays a bill that no published day has';

CREATE OR REPLACE VIEW store_names AS SELECT
  poi_id AS poi_id,
  max_by(poi_name, fetched_at) AS poi_name
FROM stores WHERE poi_id IS NOT NULL GROUP BY poi_id;
COMMENT ON VIEW store_names IS '每个门店最新的名称 / The newest name of each store.';
COMMENT ON COLUMN store_names.poi_id IS '门店 ID / the store';
COMMENT ON COLUMN store_names.poi_name IS '最新列表中的名称 / its name in the newest list';

CREATE OR REPLACE VIEW doubts AS WITH bill AS (
  SELECT b.bill_date, b.walk_account_id, COALESCE(NULLIF(b.shop_order_id, ''), 'ext:' || NULLIF(b.order_ext_id, '')) AS order_key, b.item_order_id, e.rule
  FROM bills AS b JOIN exceptions AS e ON e.bill_date = b.bill_date AND e.account_id = b.account_id AND e.ledger_id = b.ledger_id
  WHERE b.settle_type = 1
),
suspect AS (
  SELECT b.bill_date, b.walk_account_id, COALESCE(i.group_key, b.order_key) AS group_key, b.rule
  FROM bill AS b
  LEFT JOIN reconciliation AS i ON i.bill_date = b.bill_date AND i.walk_account_id = b.walk_account_id AND i.group_key = b.order_key || '/' || b.item_order_id
  UNION ALL
  SELECT s.bill_date, s.walk_account_id, s.group_key, e.rule
  FROM settlements AS s JOIN exceptions AS e ON e.bill_date = s.bill_date AND e.settle_id = s.settle_id
)
SELECT
  s.bill_date AS bill_date,
  s.walk_account_id AS walk_account_id,
  s.group_key AS group_key,
  array_sort(array_agg(DISTINCT s.rule)) AS rules
FROM suspect AS s JOIN reconciliation AS m ON m.bill_date = s.bill_date AND m.walk_account_id = s.walk_account_id AND m.group_key = s.group_key
WHERE m.verdict = 'matched'
GROUP BY s.bill_date, s.walk_account_id, s.group_key;
COMMENT ON VIEW doubts IS '平账（存疑）：每个平账而其账单或分账有异常的核对单元一行，及异常类型；早期版本文件中的分账不带核对单元 / One row per matched group with an exception on one of its bills or settlements, and the rules; settlements in files of earlier versions name no group.';
COMMENT ON COLUMN doubts.bill_date IS '账单日 / the day';
COMMENT ON COLUMN doubts.walk_account_id IS '配置的账户，与 group_key 一起指明当天 reconciliation 的一行 / with group_key, the row of reconciliation on that day';
COMMENT ON COLUMN doubts.group_key IS '核对单元 / the group';
COMMENT ON COLUMN doubts.rules IS '异常类型 / the rules of the exceptions';

-- The same for people: Chinese names, amounts in yuan (exact decimals), times in UTC+8, words for codes.

CREATE OR REPLACE VIEW "账单" AS SELECT
  bill_date AS "账单日期",
  account_id AS "收款账户",
  ledger_id AS "账单ID",
  walk_account_id AS "查询账户",
  counted AS "是否计入",
  group_key AS "核对单元",
  biz_type AS "业务类型",
  CASE biz_type WHEN 0 THEN '未设置' WHEN 1 THEN '团购' WHEN 3 THEN '买单' WHEN 5 THEN '点单' ELSE CAST(biz_type AS VARCHAR) || '（未知）' END AS "业务类型含义",
  shop_order_id AS "订单号",
  item_order_id AS "子订单号",
  order_ext_id AS "外部订单号",
  certificate_id AS "券ID",
  verify_id AS "核销ID",
  poi_id AS "核销门店",
  (SELECT max(n.poi_name) FROM store_names AS n WHERE n.poi_id = bills.poi_id) AS "门店名称",
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
  timezone('Asia/Shanghai', settle_time) AS "结算时间(北京时间)",
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
  timezone('Asia/Shanghai', fetched_at) AS "获取时间(北京时间)",
  archive_key AS "存档文件"
FROM bills;
COMMENT ON VIEW "账单" IS '账单接口的每条记录一行；主键为 account_id、ledger_id、settle_type、settle_sub_type。';
COMMENT ON COLUMN "账单"."账单日期" IS '账单日（北京时间）';
COMMENT ON COLUMN "账单"."收款账户" IS '收款账户（总店或门店）';
COMMENT ON COLUMN "账单"."账单ID" IS '账单 ID';
COMMENT ON COLUMN "账单"."查询账户" IS 'jobs.yaml 中配置的账户，该账单由拉取此账户得到';
COMMENT ON COLUMN "账单"."是否计入" IS '同一账单内容不同的各行（规则 duplicate_conflict）只有一行计入，其余为 false，不在任何合计与对账组中。计入的是：账户自己拉取的先于总店的，账户号小的先于大的，同一次拉取中先取到的。旧版本的文件中为 NULL，各行都计入：合计时用 counted IS NOT FALSE';
COMMENT ON COLUMN "账单"."核对单元" IS '该账单在 reconciliation 中那一行（同一天、同一 walk_account_id）的 group_key；不计入的行为 NULL，旧版本的文件中也为 NULL';
COMMENT ON COLUMN "账单"."业务类型" IS '业务类型';
COMMENT ON COLUMN "账单"."业务类型含义" IS '业务类型的中文';
COMMENT ON COLUMN "账单"."订单号" IS '店铺维度的订单号';
COMMENT ON COLUMN "账单"."子订单号" IS '子订单号';
COMMENT ON COLUMN "账单"."外部订单号" IS '商家自己的订单号';
COMMENT ON COLUMN "账单"."券ID" IS '券 ID（一张券可能有多条账单）';
COMMENT ON COLUMN "账单"."核销ID" IS '核销 ID（一次核销可能有多条账单）';
COMMENT ON COLUMN "账单"."核销门店" IS '核销门店；商户级账单为空';
COMMENT ON COLUMN "账单"."门店名称" IS '门店的名称，任务有 stores: true 时才有';
COMMENT ON COLUMN "账单"."核销门店账户" IS '核销门店的账户，不一定是收款账户';
COMMENT ON COLUMN "账单"."商品ID" IS '商品 ID';
COMMENT ON COLUMN "账单"."商品名称" IS '商品名称，任意文本';
COMMENT ON COLUMN "账单"."券码" IS '券码：按任务配置原样保留、为十六进制的 HMAC-SHA256，或为 NULL';
COMMENT ON COLUMN "账单"."结算类型" IS '结算类型';
COMMENT ON COLUMN "账单"."结算类型含义" IS '结算类型的中文';
COMMENT ON COLUMN "账单"."结算类型说明" IS '平台对结算类型的说明';
COMMENT ON COLUMN "账单"."子结算类型" IS '赔付或扣罚的步骤';
COMMENT ON COLUMN "账单"."子结算类型含义" IS '子结算类型的中文';
COMMENT ON COLUMN "账单"."结算时间" IS '正向账单为核销时间，其余为账单创建时间';
COMMENT ON COLUMN "账单"."结算时间(北京时间)" IS '正向账单为核销时间，其余为账单创建时间（北京时间）';
COMMENT ON COLUMN "账单"."收支方向" IS '+1 入账，-1 出账；NULL 为无法判断（此时各金额均为 NULL）';
COMMENT ON COLUMN "账单"."实付(元)" IS '用户实付，含支付渠道优惠';
COMMENT ON COLUMN "账单"."团购券抵扣(元)" IS '团购券抵扣金额，不参与结算';
COMMENT ON COLUMN "账单"."商家优惠(元)" IS '商家优惠，不参与结算';
COMMENT ON COLUMN "账单"."平台补贴(元)" IS '平台补贴；服务商不可见';
COMMENT ON COLUMN "账单"."参与结算的平台券(元)" IS '参与结算的平台券；服务商不可见';
COMMENT ON COLUMN "账单"."交易金额(元)" IS '交易金额＝实付＋商家优惠＋平台补贴';
COMMENT ON COLUMN "账单"."应结算(元)" IS '应结算金额＝实付＋参与结算的平台券';
COMMENT ON COLUMN "账单"."佣金合计(元)" IS '佣金合计';
COMMENT ON COLUMN "账单"."保险费(元)" IS '保险费';
COMMENT ON COLUMN "账单"."服务商佣金(元)" IS '服务商佣金；服务商不可见';
COMMENT ON COLUMN "账单"."软件服务费(元)" IS '软件服务费，含支付手续费；服务商不可见';
COMMENT ON COLUMN "账单"."代运营服务商佣金(元)" IS '代运营服务商佣金；与 total_agent_merchant 重叠，不能两项都减';
COMMENT ON COLUMN "账单"."达人佣金(元)" IS '达人佣金；服务商不可见';
COMMENT ON COLUMN "账单"."撮合经纪服务费(元)" IS '撮合经纪服务费；服务商不可见';
COMMENT ON COLUMN "账单"."店员佣金(元)" IS '店员佣金；服务商不可见';
COMMENT ON COLUMN "账单"."商场店铺分佣(元)" IS '商场店铺分佣';
COMMENT ON COLUMN "账单"."商家实际结算(元)" IS '商家实际结算金额';
COMMENT ON COLUMN "账单"."款项金额(元)" IS '款项金额';
COMMENT ON COLUMN "账单"."入账出账" IS '款项方向';
COMMENT ON COLUMN "账单"."入账出账含义" IS '入账出账的中文';
COMMENT ON COLUMN "账单"."其他字段" IS '本版本不认识的字段，JSON；没有则为 NULL';
COMMENT ON COLUMN "账单"."日志ID" IS '平台应答的日志 ID';
COMMENT ON COLUMN "账单"."获取时间" IS '收到应答的时间';
COMMENT ON COLUMN "账单"."获取时间(北京时间)" IS '收到应答的时间（北京时间）';
COMMENT ON COLUMN "账单"."存档文件" IS '原始记录所在的归档对象';

CREATE OR REPLACE VIEW "分账" AS SELECT
  bill_date AS "账单日期",
  settle_id AS "分账单号",
  order_id AS "交易订单号",
  out_settle_no AS "开发者分账单号",
  out_order_no AS "开发者订单号",
  item_order_id AS "子订单号",
  walk_account_id AS "查询账户",
  group_key AS "核对单元",
  settle_status AS "分账状态",
  CASE settle_status WHEN 'INIT' THEN '初始化' WHEN 'PROCESSING' THEN '处理中' WHEN 'SUCCESS' THEN '成功' WHEN 'FAIL' THEN '失败' ELSE settle_status END AS "分账状态含义",
  (settle_amount_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "分账金额(元)",
  (rake_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "平台服务费(元)",
  (commission_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "佣金(元)",
  (shares_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "分账方所得合计(元)",
  shares AS "分账方所得明细(分)",
  settle_detail AS "分账细节",
  settle_time AS "分账时间",
  timezone('Asia/Shanghai', settle_time) AS "分账时间(北京时间)",
  is_auto_settle AS "自动分账",
  message AS "结果说明",
  cp_extra AS "开发者自定义",
  source AS "来源",
  CASE source WHEN 'query' THEN '查询' WHEN 'callback' THEN '回调' WHEN 'both' THEN '查询与回调' ELSE source END AS "来源含义",
  asked_by AS "查询依据",
  app_id AS "小程序",
  logid AS "日志ID",
  fetched_at AS "获取时间",
  timezone('Asia/Shanghai', fetched_at) AS "获取时间(北京时间)"
FROM settlements;
COMMENT ON VIEW "分账" IS '每个 settle_id 一行，回调指明多个子订单时每个子订单一行；只在一天：其订单的账单日中不晚于分账当日的最后一天，都晚于它则为最早一天，没有分账时间则为最后一天。没有账单的分账在分账当天。';
COMMENT ON COLUMN "分账"."账单日期" IS '账单日（北京时间）';
COMMENT ON COLUMN "分账"."分账单号" IS '分账单号；只有回调指明多个子订单时才有多行';
COMMENT ON COLUMN "分账"."交易订单号" IS '交易系统的订单号';
COMMENT ON COLUMN "分账"."开发者分账单号" IS '开发者的分账单号';
COMMENT ON COLUMN "分账"."开发者订单号" IS '开发者的订单号';
COMMENT ON COLUMN "分账"."子订单号" IS '子订单号，分账只属于一个子订单时才有';
COMMENT ON COLUMN "分账"."查询账户" IS '与 group_key 一起，指向同一 bill_date 的 reconciliation 中含此分账的一行；没有账单的为空。订单的账单分属几个账户时，该行可能在当天的另一个文件中。旧版本的文件中为 NULL';
COMMENT ON COLUMN "分账"."核对单元" IS 'reconciliation 中该行的 group_key；旧版本的文件中为 NULL';
COMMENT ON COLUMN "分账"."分账状态" IS '分账状态：INIT 初始化、PROCESSING 处理中、SUCCESS 成功、FAIL 失败';
COMMENT ON COLUMN "分账"."分账状态含义" IS '分账状态的中文';
COMMENT ON COLUMN "分账"."分账金额(元)" IS '分账金额＝平台服务费＋佣金＋分账方所得';
COMMENT ON COLUMN "分账"."平台服务费(元)" IS '平台服务费';
COMMENT ON COLUMN "分账"."佣金(元)" IS '佣金';
COMMENT ON COLUMN "分账"."分账方所得合计(元)" IS '分账方所得合计';
COMMENT ON COLUMN "分账"."分账方所得明细(分)" IS '各分账方所得；settle_detail 读不了时为 NULL';
COMMENT ON COLUMN "分账"."分账细节" IS '平台原文的分账细节';
COMMENT ON COLUMN "分账"."分账时间" IS '分账时间';
COMMENT ON COLUMN "分账"."分账时间(北京时间)" IS '分账时间（北京时间）';
COMMENT ON COLUMN "分账"."自动分账" IS '是否由平台自动分账；只有回调给出';
COMMENT ON COLUMN "分账"."结果说明" IS '失败原因；只有回调给出';
COMMENT ON COLUMN "分账"."开发者自定义" IS '开发者自定义文本';
COMMENT ON COLUMN "分账"."来源" IS '来源：query 查询、callback 回调、both 两者';
COMMENT ON COLUMN "分账"."来源含义" IS '来源的中文';
COMMENT ON COLUMN "分账"."查询依据" IS '凭什么对上账单：jobs.yaml 中的 match 规则（如 order_id: shop_order_id）；回调还可能是 item_order_id: item_order_id（子订单号），或 order_id: settlement（同一订单的另一笔分账）；没有账单对应的为 NULL';
COMMENT ON COLUMN "分账"."小程序" IS '小程序；只有回调给出';
COMMENT ON COLUMN "分账"."日志ID" IS '平台应答的日志 ID';
COMMENT ON COLUMN "分账"."获取时间" IS '收到答复或回调的时间';
COMMENT ON COLUMN "分账"."获取时间(北京时间)" IS '收到答复或回调的时间（北京时间）';

CREATE OR REPLACE VIEW "对账" AS SELECT
  bill_date AS "账单日期",
  walk_account_id AS "查询账户",
  group_key AS "核对单元",
  shop_order_id AS "订单号",
  item_order_id AS "子订单号",
  CASE verdict
    WHEN 'matched' THEN '平账'
    WHEN 'mismatched' THEN CASE WHEN diff_total_fen > 0 THEN '多分' WHEN diff_total_fen < 0 THEN '少分' WHEN diff_total_fen = 0 THEN '总额相符，分项不符' ELSE '差异' END
    WHEN 'bill_only' THEN '有账单、未查到分账'
    WHEN 'settlement_only' THEN '有分账、未查到账单'
    WHEN 'pending' THEN '分账处理中'
    WHEN 'failed' THEN '分账失败'
    WHEN 'not_applicable' THEN CASE WHEN list_contains(reasons, 'no_key') THEN '缺单号' ELSE '不纳入比对' END END AS "对账结论",
  CASE WHEN doubts IS NOT NULL THEN '平账（存疑）：' || array_to_string(list_transform(doubts, lambda r: CASE r WHEN 'unknown_direction' THEN '收支方向不明' WHEN 'direction_conflict' THEN '收支方向矛盾' WHEN 'original_identity' THEN '交易金额不平' WHEN 'ledger_total_identity' THEN '应结算金额不平' WHEN 'goods_identity' THEN '商家实际结算不平' WHEN 'hidden_ticket_negative' THEN '隐藏的优惠为负' WHEN 'duplicate_conflict' THEN '同一账单内容不同' WHEN 'settle_day' THEN '结算时间不在账单日' WHEN 'settle_time' THEN '时间有误' WHEN 'unknown_enum' THEN '未知取值' WHEN 'negative_amount' THEN '金额带负号' WHEN 'bad_text' THEN '文字损坏' WHEN 'bad_id' THEN '单号有误' WHEN 'account_foreign' THEN '其他账户的账单' WHEN 'overflow' THEN '金额过大' WHEN 'settle_amount_identity' THEN '分账金额不平' WHEN 'settle_detail' THEN '分账细节无法解析' WHEN 'settlement_foreign' THEN '分账与所查单号不符' WHEN 'settlement_shared' THEN '分账对应多个订单' WHEN 'settlement_elsewhere' THEN '分账算在另一天' WHEN 'bill_removed' THEN '分账后账单被撤' WHEN 'callback_conflict' THEN '回调互相矛盾' WHEN 'callback_contradicts' THEN '回调与查询不一致' WHEN 'callback_unconfirmed' THEN '查询不到回调的分账' WHEN 'withdrawal_record' THEN '提现记录有误' WHEN 'withdrawal_status' THEN '提现状态未知' WHEN 'withdrawn_twice' THEN '账单被两次提现' WHEN 'withdrawn_not_in_bills' THEN '提现含查无的账单' WHEN 'withdrawn_before_first_day' THEN '提现含很早的账单' WHEN 'withdrawn_amount' THEN '提现与账单金额不符' WHEN 'withdrawn_no_direction' THEN '提现账单方向不明' ELSE r END), '；') END AS "存疑",
  matched_by AS "匹配方式",
  CASE matched_by WHEN 'item' THEN '子订单' WHEN 'order' THEN '当天订单' WHEN 'order_window' THEN '跨日订单' WHEN 'amount' THEN '逐笔金额' ELSE matched_by END AS "匹配方式含义",
  reasons AS "原因",
  array_to_string(list_sort(list_distinct(list_transform(reasons, lambda r: CASE WHEN r = 'total_differs' THEN '金额不符' WHEN r = 'fee_differs' THEN '平台服务费不符' WHEN r = 'commission_differs' THEN '佣金不符' WHEN r = 'net_differs' THEN '商家实际结算不符' WHEN r = 'total_not_billed' THEN '账单未给出金额' WHEN r = 'fee_not_billed' THEN '账单未给出平台服务费' WHEN r = 'commission_not_billed' THEN '账单未给出佣金' WHEN r = 'net_not_billed' THEN '账单未给出商家实际结算' WHEN r = 'total_not_settled' THEN '分账未给出金额' WHEN r = 'fee_not_settled' THEN '分账未给出平台服务费' WHEN r = 'commission_not_settled' THEN '分账未给出佣金' WHEN r = 'net_not_settled' THEN '分账未给出商家实际结算' WHEN r = 'nothing_compared' THEN '无可比金额' WHEN r = 'settlement_unexplained' THEN '多出的分账' WHEN r = 'bill_removed' THEN '账单已撤' WHEN r = 'settled_elsewhere' THEN '分账算在另一天' WHEN r = 'partly_billed' THEN '账单未到齐' WHEN substr(r, 1, 10) = 'offset_by:' THEN '由他组抵回' WHEN r = 'retry_in_flight' THEN '失败后重试中' WHEN r = 'not_asked' THEN '尚未查到答复' WHEN r = 'rule_never_answered' THEN '匹配规则未命中' WHEN r = 'no_key' THEN '缺单号' WHEN r = 'non_forward' THEN '退款、扣款及其他' WHEN r = 'not_configured' THEN '未接入分账' ELSE r END))), '；') AS "原因含义",
  COALESCE(NULLIF(array_to_string(list_sort(list_distinct(list_transform(reasons, lambda r: CASE WHEN r = 'total_differs' THEN '核对订单实付与分账金额，疑重复即报平台' WHEN r = 'fee_differs' THEN '核对合同费率' WHEN r = 'commission_differs' THEN '核对达人、服务商佣金设置' WHEN r = 'net_differs' THEN '核对分账方及比例' WHEN r = 'total_not_billed' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'fee_not_billed' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'commission_not_billed' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'net_not_billed' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'total_not_settled' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'fee_not_settled' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'commission_not_settled' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'net_not_settled' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'nothing_compared' THEN '金额均未知，转异常处理' WHEN r = 'settlement_unexplained' THEN '查重复分账或缺失账单日' WHEN r = 'bill_removed' THEN '向平台核实账单为何被撤，已分出的款项是否退回' WHEN r = 'settled_elsewhere' THEN '到该笔分账的异常（分账算在另一天）所指的那一天核对；次卡等跨期订单可调大追溯天数' WHEN r = 'partly_billed' THEN '等追溯期过完；届时仍多的，按多分处理' WHEN substr(r, 1, 10) = 'offset_by:' THEN '无；与所指的组合并看' WHEN r = 'retry_in_flight' THEN '等；超 3 天催办' WHEN r = 'not_asked' THEN '排除故障后重跑' WHEN r = 'rule_never_answered' THEN '匹配规则或应用不对，先改配置' WHEN r = 'no_key' THEN '补单号或匹配规则' WHEN r = 'non_forward' THEN '另核退款、扣款' WHEN r = 'not_configured' THEN '接入分账应用' ELSE r END))), '；'), ''), CASE verdict WHEN 'matched' THEN '无' WHEN 'mismatched' THEN '从差额最大的查起，到后台核对该订单' WHEN 'bill_only' THEN '追溯期满仍无，提交工单；若整个账户都如此，先换一条匹配规则' WHEN 'settlement_only' THEN '查账户是否漏配：查询账户是否已配置，那一天是否失败，账单是否在追溯期之外；核销后 1 小时内撤销或退款的，永远不会有账单' WHEN 'pending' THEN '等，超 3 天催办；尚未查到答复的，排除故障后重跑' WHEN 'failed' THEN '按失败原因处理：进件、账户、余额；此后每晚会再查' WHEN 'not_applicable' THEN '无；缺单号的，补一条匹配规则' ELSE verdict END) AS "处理",
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
  timezone('Asia/Shanghai', first_settle_time) AS "最早分账时间(北京时间)",
  last_settle_time AS "最晚分账时间",
  timezone('Asia/Shanghai', last_settle_time) AS "最晚分账时间(北京时间)"
FROM reconciliation
  LEFT JOIN (SELECT bill_date, walk_account_id, group_key, rules AS doubts FROM doubts) AS d USING (bill_date, walk_account_id, group_key);
COMMENT ON VIEW "对账" IS '每组一行：一个订单（或子订单）在一个账户、一天内的正向账单，或其非正向账单。每条账单恰好属于一组，每笔分账也是；没有账单的分账在没有账单的组（settlement_only）。billed 与 settled 为已知各项之和；未比较的项，差额为 NULL。';
COMMENT ON COLUMN "对账"."账单日期" IS '账单日（北京时间）';
COMMENT ON COLUMN "对账"."查询账户" IS '这些账单的查询账户，即 jobs.yaml 中配置的账户；没有账单的组为空（settlement_only）';
COMMENT ON COLUMN "对账"."核对单元" IS '在一个账户的一天内唯一：订单号、订单号/子订单号、订单号#non-forward、ext:商家订单号，没有订单的账单为 bill:…，既无账单又无订单的分账为 settlement:…';
COMMENT ON COLUMN "对账"."订单号" IS '订单号';
COMMENT ON COLUMN "对账"."子订单号" IS '子订单号，分账指明子订单时才有';
COMMENT ON COLUMN "对账"."对账结论" IS '对账结论，取值见“结论”';
COMMENT ON COLUMN "对账"."存疑" IS '平账而其账单或分账有异常的，及异常类型；其余为 NULL';
COMMENT ON COLUMN "对账"."匹配方式" IS '在哪一步对上，取值见“匹配方式”；不是平账的为 NULL';
COMMENT ON COLUMN "对账"."匹配方式含义" IS '匹配方式的中文';
COMMENT ON COLUMN "对账"."原因" IS '得出结论的原因，取值见“原因”';
COMMENT ON COLUMN "对账"."原因含义" IS '原因的中文';
COMMENT ON COLUMN "对账"."处理" IS '该做什么';
COMMENT ON COLUMN "对账"."差异成因" IS '差异的成因，取值见“差异成因”，看该订单在追溯期内未对上的账单与分账；不是差异的为 NULL，旧版本的文件中也为 NULL';
COMMENT ON COLUMN "对账"."账单数" IS '组内账单数';
COMMENT ON COLUMN "对账"."分账数" IS '组内算在这一天的分账数，不论状态';
COMMENT ON COLUMN "对账"."账单金额(元)" IS '正向账单的 ledger_total 合计';
COMMENT ON COLUMN "对账"."分账金额(元)" IS '成功分账的 settle_amount 合计';
COMMENT ON COLUMN "对账"."金额差额(元)" IS '差额＝分账－账单';
COMMENT ON COLUMN "对账"."账单平台服务费(元)" IS '正向账单的 total_merchant_platform_service 合计';
COMMENT ON COLUMN "对账"."分账平台服务费(元)" IS '成功分账的 rake 合计';
COMMENT ON COLUMN "对账"."平台服务费差额(元)" IS '差额＝分账－账单';
COMMENT ON COLUMN "对账"."账单佣金(元)" IS '正向账单的 total_commission（没有则为达人、服务商、经纪人、店员佣金与商场分佣中已知各项之和；前四项都未知时为 NULL）合计';
COMMENT ON COLUMN "对账"."分账佣金(元)" IS '成功分账的 commission 合计';
COMMENT ON COLUMN "对账"."佣金差额(元)" IS '差额＝分账－账单';
COMMENT ON COLUMN "对账"."账单商家实际结算(元)" IS '正向账单的 goods 合计';
COMMENT ON COLUMN "对账"."分账商家实际结算(元)" IS '成功分账的 shares 合计';
COMMENT ON COLUMN "对账"."商家实际结算差额(元)" IS '差额＝分账－账单';
COMMENT ON COLUMN "对账"."退款金额(元)" IS '退款单（settle_type 2）的 ledger_total 合计；旧版本的文件没有 other_fen，其中为全部非正向账单的合计';
COMMENT ON COLUMN "对账"."扣款及其他金额(元)" IS '既非正向又非退款的账单的 ledger_total 合计：退款手续费、商家欠款、赔付与未知类型；旧版本的文件中为 NULL';
COMMENT ON COLUMN "对账"."最早分账时间" IS '组内最早的分账时间';
COMMENT ON COLUMN "对账"."最早分账时间(北京时间)" IS '组内最早的分账时间（北京时间）';
COMMENT ON COLUMN "对账"."最晚分账时间" IS '组内最晚的分账时间';
COMMENT ON COLUMN "对账"."最晚分账时间(北京时间)" IS '组内最晚的分账时间（北京时间）';

CREATE OR REPLACE VIEW "异常" AS SELECT
  bill_date AS "账单日期",
  rule AS "异常类型",
  CASE rule WHEN 'unknown_direction' THEN '收支方向不明' WHEN 'direction_conflict' THEN '收支方向矛盾' WHEN 'original_identity' THEN '交易金额不平' WHEN 'ledger_total_identity' THEN '应结算金额不平' WHEN 'goods_identity' THEN '商家实际结算不平' WHEN 'hidden_ticket_negative' THEN '隐藏的优惠为负' WHEN 'duplicate_conflict' THEN '同一账单内容不同' WHEN 'settle_day' THEN '结算时间不在账单日' WHEN 'settle_time' THEN '时间有误' WHEN 'unknown_enum' THEN '未知取值' WHEN 'negative_amount' THEN '金额带负号' WHEN 'bad_text' THEN '文字损坏' WHEN 'bad_id' THEN '单号有误' WHEN 'account_foreign' THEN '其他账户的账单' WHEN 'overflow' THEN '金额过大' WHEN 'settle_amount_identity' THEN '分账金额不平' WHEN 'settle_detail' THEN '分账细节无法解析' WHEN 'settlement_foreign' THEN '分账与所查单号不符' WHEN 'settlement_shared' THEN '分账对应多个订单' WHEN 'settlement_elsewhere' THEN '分账算在另一天' WHEN 'bill_removed' THEN '分账后账单被撤' WHEN 'callback_conflict' THEN '回调互相矛盾' WHEN 'callback_contradicts' THEN '回调与查询不一致' WHEN 'callback_unconfirmed' THEN '查询不到回调的分账' WHEN 'withdrawal_record' THEN '提现记录有误' WHEN 'withdrawal_status' THEN '提现状态未知' WHEN 'withdrawn_twice' THEN '账单被两次提现' WHEN 'withdrawn_not_in_bills' THEN '提现含查无的账单' WHEN 'withdrawn_before_first_day' THEN '提现含很早的账单' WHEN 'withdrawn_amount' THEN '提现与账单金额不符' WHEN 'withdrawn_no_direction' THEN '提现账单方向不明' ELSE rule END AS "异常类型含义",
  CASE rule WHEN 'unknown_direction' THEN '核对资金流水方向，查清前不入账' WHEN 'direction_conflict' THEN '核对资金流水方向，查清前不入账' WHEN 'original_identity' THEN '勾稽不符，凭订单号、logid 报平台' WHEN 'ledger_total_identity' THEN '勾稽不符，凭订单号、logid 报平台' WHEN 'goods_identity' THEN '勾稽不符，凭订单号、logid 报平台' WHEN 'hidden_ticket_negative' THEN '勾稽不符，凭订单号、logid 报平台' WHEN 'duplicate_conflict' THEN '两版取一，另一版只留痕；核对哪一版为准' WHEN 'settle_day' THEN '跨日，仅提示，无需处理' WHEN 'settle_time' THEN '凭账单 ID 或分账单号、logid 报平台' WHEN 'unknown_enum' THEN '新类型，先确认科目' WHEN 'negative_amount' THEN '金额带负号，核对后入账' WHEN 'bad_text' THEN '仅提示，金额与单号不受影响' WHEN 'bad_id' THEN '在来客核对该订单，凭此单号无法查询分账' WHEN 'account_foreign' THEN '核对任务中的账户配置，凭 logid 报平台' WHEN 'overflow' THEN '暂不入账，凭 logid 报平台' WHEN 'settle_amount_identity' THEN '勾稽不符，凭订单号、logid 报平台' WHEN 'settle_detail' THEN '明细不可读，在来客查看' WHEN 'settlement_foreign' THEN '分账串单，人工确认归属' WHEN 'settlement_shared' THEN '分账串单，人工确认归属' WHEN 'settlement_elsewhere' THEN '为错误的，重跑所指的那一天；次卡等跨期订单可调大追溯天数' WHEN 'bill_removed' THEN '向平台核实账单为何被撤，已分出的款项是否退回' WHEN 'callback_conflict' THEN '以平台查询为准，复查' WHEN 'callback_contradicts' THEN '以平台查询为准，复查' WHEN 'callback_unconfirmed' THEN '以平台查询为准，复查' WHEN 'withdrawal_record' THEN '到来客核对这笔提现，凭提现单号报平台' WHEN 'withdrawal_status' THEN '到来客查明这笔提现是否到账，请运维把该状态的含义写进任务配置（withdrawals.statuses）' WHEN 'withdrawn_twice' THEN '到来客查明哪一笔付了该账单，凭两个提现单号报平台' WHEN 'withdrawn_not_in_bills' THEN '重拉该账单的日子；仍没有的，凭账单 ID 与提现单号报平台' WHEN 'withdrawn_before_first_day' THEN '拉取该账单的日子，或到来客核对该账单' WHEN 'withdrawn_amount' THEN '重拉该账单的日子；仍不同的，凭账单 ID 与提现单号报平台' WHEN 'withdrawn_no_direction' THEN '核对资金流水方向，查清前不入账' ELSE rule END AS "处理",
  CASE severity WHEN 'error' THEN '错误' WHEN 'warning' THEN '提醒' ELSE severity END AS "错误、提醒",
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
COMMENT ON VIEW "异常" IS '需要人看的每件事一行；从不因此丢弃账单。';
COMMENT ON COLUMN "异常"."账单日期" IS '账单日（北京时间）';
COMMENT ON COLUMN "异常"."异常类型" IS '异常类型，取值见“异常类型”';
COMMENT ON COLUMN "异常"."异常类型含义" IS '异常类型的中文';
COMMENT ON COLUMN "异常"."处理" IS '该做什么';
COMMENT ON COLUMN "异常"."错误、提醒" IS 'error 错误或 warning 提醒';
COMMENT ON COLUMN "异常"."收款账户" IS '账单的收款账户';
COMMENT ON COLUMN "异常"."账单ID" IS '账单 ID';
COMMENT ON COLUMN "异常"."订单号" IS '账单的订单号';
COMMENT ON COLUMN "异常"."分账单号" IS '分账单号';
COMMENT ON COLUMN "异常"."应为(元)" IS '按规则应有的金额，带符号';
COMMENT ON COLUMN "异常"."实为(元)" IS '收到的金额，带符号';
COMMENT ON COLUMN "异常"."说明" IS '哪里不对，文字说明（英文）';
COMMENT ON COLUMN "异常"."原始记录" IS '原始记录，JSON；其中券码按任务配置处理';
COMMENT ON COLUMN "异常"."存档文件" IS '原始记录所在的归档对象';

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
  CASE change WHEN 'added' THEN '增加' WHEN 'removed' THEN '减少' WHEN 'changed' THEN '变更' ELSE change END AS "变动含义",
  columns AS "变动列",
  old AS "原值",
  new AS "新值",
  (diff_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "应结算差额(元)",
  (diff_goods_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "实际结算差额(元)",
  old_generation AS "变更前批次",
  new_generation AS "变更后批次",
  restated_at AS "变更时间",
  timezone('Asia/Shanghai', restated_at) AS "变更时间(北京时间)"
FROM restatements;
COMMENT ON VIEW "账单变更" IS '已发布的日子后来拉到的账单有增加、减少或变更的，每条一行。该日每次发布都带上之前的各行。';
COMMENT ON COLUMN "账单变更"."账单日期" IS '账单日（北京时间）';
COMMENT ON COLUMN "账单变更"."收款账户" IS '收款账户';
COMMENT ON COLUMN "账单变更"."账单ID" IS '账单 ID';
COMMENT ON COLUMN "账单变更"."结算类型" IS '账单的结算类型';
COMMENT ON COLUMN "账单变更"."结算类型含义" IS '结算类型的中文';
COMMENT ON COLUMN "账单变更"."子结算类型" IS '账单的子结算类型';
COMMENT ON COLUMN "账单变更"."子结算类型含义" IS '子结算类型的中文';
COMMENT ON COLUMN "账单变更"."查询账户" IS '发现变动的那次拉取所属的账户，即 jobs.yaml 中配置的账户';
COMMENT ON COLUMN "账单变更"."订单号" IS '账单的订单号';
COMMENT ON COLUMN "账单变更"."变动" IS '变动：added 增加、removed 减少、changed 变更';
COMMENT ON COLUMN "账单变更"."变动含义" IS '变动的中文';
COMMENT ON COLUMN "账单变更"."变动列" IS '账单中不同的列';
COMMENT ON COLUMN "账单变更"."原值" IS '这些列的原值，JSON 对象，值均为文本；原为 NULL 的不列';
COMMENT ON COLUMN "账单变更"."新值" IS '这些列的新值，形式同上';
COMMENT ON COLUMN "账单变更"."应结算差额(元)" IS '新旧 ledger_total 之差，没有的账单按 0 计';
COMMENT ON COLUMN "账单变更"."实际结算差额(元)" IS '新旧 goods 之差，没有的账单按 0 计';
COMMENT ON COLUMN "账单变更"."变更前批次" IS '原值所在的批次';
COMMENT ON COLUMN "账单变更"."变更后批次" IS '新值所在的批次';
COMMENT ON COLUMN "账单变更"."变更时间" IS '构建变更后批次的时间';
COMMENT ON COLUMN "账单变更"."变更时间(北京时间)" IS '构建变更后批次的时间（北京时间）';

CREATE OR REPLACE VIEW "门店" AS SELECT
  bill_date AS "账单日期",
  root_account_id AS "根账户",
  account_id AS "门店账户",
  account_name AS "门店账户名称",
  poi_id AS "门店ID",
  poi_name AS "门店名称",
  fetched_at AS "拉取时间",
  timezone('Asia/Shanghai', fetched_at) AS "拉取时间(北京时间)"
FROM stores;
COMMENT ON VIEW "门店" IS '每家门店每晚一行：门店与其账户的名称，列于一次运行的最后一天。仅 stores: true 的任务有；没有行的日子没有文件。';
COMMENT ON COLUMN "门店"."账单日期" IS '账单日（北京时间）';
COMMENT ON COLUMN "门店"."根账户" IS '列出该门店的根账户，即 jobs.yaml 中的 root_account_id；单独查询的账户为 NULL';
COMMENT ON COLUMN "门店"."门店账户" IS '门店的账户；门店没有账户时为所查询的账户';
COMMENT ON COLUMN "门店"."门店账户名称" IS '门店账户的名称';
COMMENT ON COLUMN "门店"."门店ID" IS '门店 ID';
COMMENT ON COLUMN "门店"."门店名称" IS '门店的名称';
COMMENT ON COLUMN "门店"."拉取时间" IS '收到该列表的时间';
COMMENT ON COLUMN "门店"."拉取时间(北京时间)" IS '收到该列表的时间（北京时间）';

CREATE OR REPLACE VIEW "提现" AS SELECT
  bill_date AS "账单日期",
  account_id AS "收款账户",
  withdraw_id AS "提现单号",
  (amount_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "提现金额(元)",
  status AS "平台状态",
  withdraw_mode AS "提现方式",
  launch_time AS "发起时间",
  timezone('Asia/Shanghai', launch_time) AS "发起时间(北京时间)",
  withdraw_time AS "到账时间",
  timezone('Asia/Shanghai', withdraw_time) AS "到账时间(北京时间)",
  withdraw_msg AS "提现说明",
  settle_account AS "收款卡号",
  account_name AS "开户名",
  bill_rows AS "账单条数",
  (bills_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "账单合计(元)",
  (diff_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "差额(元)",
  CASE verdict WHEN 'tied' THEN '平' WHEN 'mismatched' THEN '差异' WHEN 'manual' THEN '手动提现' WHEN 'in_flight' THEN '在途' WHEN 'failed' THEN '失败' WHEN 'not_asked' THEN '未取明细' ELSE verdict END AS "提现核对",
  CASE verdict WHEN 'tied' THEN '无' WHEN 'mismatched' THEN '到来客核对这笔提现，凭提现单号与 logid 报平台' WHEN 'manual' THEN '请到来客 财务首页 > 交易账户详情 核对' WHEN 'in_flight' THEN '等，超 3 天催办' WHEN 'failed' THEN '到来客核对收款账户，原因见 withdraw_msg' WHEN 'not_asked' THEN '到来客查这笔提现的账单，或等待：每次运行都会再取；几天仍取不到，请运维查看运行的失败原因' ELSE verdict END AS "处理",
  logid AS "日志ID",
  fetched_at AS "获取时间",
  timezone('Asia/Shanghai', fetched_at) AS "获取时间(北京时间)",
  archive_key AS "存档文件"
FROM withdrawals;
COMMENT ON VIEW "提现" IS '每笔提现一行，在发起提现的那一天（中国时间）。仅配置了 withdrawals 的任务有；没有行的日子没有文件。';
COMMENT ON COLUMN "提现"."账单日期" IS '账单日（北京时间）';
COMMENT ON COLUMN "提现"."收款账户" IS '收款账户';
COMMENT ON COLUMN "提现"."提现单号" IS '提现单号';
COMMENT ON COLUMN "提现"."提现金额(元)" IS '提现金额';
COMMENT ON COLUMN "提现"."平台状态" IS '平台原值；平台文档没有写明取值，含义由任务配置指定（withdrawals.statuses）';
COMMENT ON COLUMN "提现"."提现方式" IS '平台原值；平台文档没有写明取值';
COMMENT ON COLUMN "提现"."发起时间" IS '发起提现的时间';
COMMENT ON COLUMN "提现"."发起时间(北京时间)" IS '发起提现的时间（北京时间）';
COMMENT ON COLUMN "提现"."到账时间" IS '到账时间';
COMMENT ON COLUMN "提现"."到账时间(北京时间)" IS '到账时间（北京时间）';
COMMENT ON COLUMN "提现"."提现说明" IS '平台的说明，如失败原因';
COMMENT ON COLUMN "提现"."收款卡号" IS '银行账号，只留末四位；归档中为原值';
COMMENT ON COLUMN "提现"."开户名" IS '银行账户的户名';
COMMENT ON COLUMN "提现"."账单条数" IS '其账单条数；没有取得或无法取得时为 NULL';
COMMENT ON COLUMN "提现"."账单合计(元)" IS '其账单 fund_amount 之和，带符号；没有 fund_amount 的账单取 goods。方向不明的账单不计入';
COMMENT ON COLUMN "提现"."差额(元)" IS '提现减账单合计';
COMMENT ON COLUMN "提现"."提现核对" IS 'tied 平、mismatched 差异、manual 手动提现、in_flight 在途、failed 失败、not_asked 未取明细';
COMMENT ON COLUMN "提现"."处理" IS '该做什么';
COMMENT ON COLUMN "提现"."日志ID" IS '平台应答的日志 ID';
COMMENT ON COLUMN "提现"."获取时间" IS '收到答复的时间';
COMMENT ON COLUMN "提现"."获取时间(北京时间)" IS '收到答复的时间（北京时间）';
COMMENT ON COLUMN "提现"."存档文件" IS '原始记录所在的归档对象';

CREATE OR REPLACE VIEW "提现明细" AS SELECT
  bill_date AS "账单日期",
  account_id AS "收款账户",
  withdraw_id AS "提现单号",
  ledger_id AS "账单ID",
  settle_type AS "结算类型",
  CASE settle_type WHEN 1 THEN '正向账单' WHEN 2 THEN '退款单' WHEN 3 THEN '退款手续费' WHEN 4 THEN '商家欠款欠收' WHEN 5 THEN '机构/达人发票逾期补偿' ELSE CAST(settle_type AS VARCHAR) || '（未知）' END AS "结算类型含义",
  settle_sub_type AS "子结算类型",
  CASE settle_sub_type WHEN 0 THEN '未设置' WHEN 21 THEN '商责赔付冻结' WHEN 22 THEN '商责赔付解冻' WHEN 23 THEN '商责赔付扣款' WHEN 24 THEN '商责赔付索赔' WHEN 25 THEN '商责扣罚冻结' WHEN 26 THEN '商责扣罚解冻' WHEN 27 THEN '商责扣罚扣款' WHEN 28 THEN '商责扣罚索赔' WHEN 30 THEN '以赔代退冻结' WHEN 31 THEN '以赔代退解冻' WHEN 32 THEN '以赔代退扣罚' WHEN 33 THEN '以赔代退索赔' ELSE CAST(settle_sub_type AS VARCHAR) || '（未知）' END AS "子结算类型含义",
  billed_on AS "账单日",
  (fund_amount_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "款项金额(元)",
  (goods_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "商家实际结算(元)",
  in_bills AS "账单已有"
FROM withdrawn_bills;
COMMENT ON VIEW "提现明细" IS '提现的每条账单一行，在该笔提现发起的那一天（中国时间）。仅配置了 withdrawals 的任务有；没有行的日子没有文件。';
COMMENT ON COLUMN "提现明细"."账单日期" IS '账单日（北京时间）';
COMMENT ON COLUMN "提现明细"."收款账户" IS '收款账户';
COMMENT ON COLUMN "提现明细"."提现单号" IS '提现单号';
COMMENT ON COLUMN "提现明细"."账单ID" IS '账单 ID';
COMMENT ON COLUMN "提现明细"."结算类型" IS '账单的结算类型';
COMMENT ON COLUMN "提现明细"."结算类型含义" IS '结算类型的中文';
COMMENT ON COLUMN "提现明细"."子结算类型" IS '账单的子结算类型';
COMMENT ON COLUMN "提现明细"."子结算类型含义" IS '子结算类型的中文';
COMMENT ON COLUMN "提现明细"."账单日" IS 'bills 中该账单的账单日（YYYY-MM-DD）；已发布的日子都没有时为 NULL';
COMMENT ON COLUMN "提现明细"."款项金额(元)" IS '提现明细中的款项金额，带符号';
COMMENT ON COLUMN "提现明细"."商家实际结算(元)" IS '提现明细中的商家实际结算金额，带符号';
COMMENT ON COLUMN "提现明细"."账单已有" IS '为 false 时，该提现付的账单不在任何已发布的日子里';

-- Accounts and days, from the manifests: what failed has no row in the tables, and one here.

CREATE OR REPLACE VIEW units AS SELECT
  u ->> '$.account.account' AS account,
  u ->> '$.account.name' AS name,
  CAST(m ->> '$.bill_date' AS DATE) AS day,
  u ->> '$.state' AS state,
  COALESCE(u ->> '$.failure.reason', u ->> '$.certificate.unavailable.reason') AS reason,
  COALESCE(u ->> '$.failure.logid', u ->> '$.certificate.unavailable.logid') AS logid,
  CAST(u ->> '$.totals.rows' AS BIGINT) AS bills,
  CAST(m ->> '$.generation' AS BIGINT) AS generation,
  COALESCE(CAST(u ->> '$.stale' AS BOOLEAN), false) AS stale
FROM (
  SELECT content::JSON AS m, unnest(json_extract(content, '$.units[*]')) AS u
  FROM read_text('lake/_manifests/bill_date=*/*.json')
);
COMMENT ON VIEW units IS '每个账户每天一行，取自清单；失败的账户在各表中没有行，这里有。 / One row per account and day, from the manifests: also of an account that failed, which has no row in the tables.';
COMMENT ON COLUMN units.account IS 'jobs.yaml 中配置的账户 / the configured account';
COMMENT ON COLUMN units.name IS '账户清单中的名称 / its name in the list of accounts';
COMMENT ON COLUMN units.day IS '账单日（北京时间） / the bill_date';
COMMENT ON COLUMN units.state IS 'complete 完整、unavailable 平台不提供（手动提现）、failed 失败 / complete, unavailable (withdrawn manually) or failed';
COMMENT ON COLUMN units.reason IS '为何不完整 / why it is not complete';
COMMENT ON COLUMN units.logid IS '平台该次应答的日志 ID / the platform’s id of that answer';
COMMENT ON COLUMN units.bills IS '已发布的账单数 / its published bills';
COMMENT ON COLUMN units.generation IS '该日发布的批次 / generation of the day’s publication';
COMMENT ON COLUMN units.stale IS '各表中是较早一次运行的数据 / its rows are those of an earlier run';

CREATE OR REPLACE VIEW "完整性" AS SELECT
  account AS "查询账户",
  name AS "名称",
  day AS "账单日期",
  CASE state WHEN 'complete' THEN '完整' WHEN 'unavailable' THEN '平台不提供' WHEN 'failed' THEN '失败' ELSE state END AS "状态",
  reason AS "原因",
  logid AS "日志ID",
  bills AS "账单数",
  generation AS "批次",
  stale AS "沿用旧数据"
FROM units;
COMMENT ON VIEW "完整性" IS '每个账户每天一行，取自清单；失败的账户在各表中没有行，这里有。';
COMMENT ON COLUMN "完整性"."查询账户" IS 'jobs.yaml 中配置的账户';
COMMENT ON COLUMN "完整性"."名称" IS '账户清单中的名称';
COMMENT ON COLUMN "完整性"."账单日期" IS '账单日（北京时间）';
COMMENT ON COLUMN "完整性"."状态" IS 'complete 完整、unavailable 平台不提供（手动提现）、failed 失败';
COMMENT ON COLUMN "完整性"."原因" IS '为何不完整';
COMMENT ON COLUMN "完整性"."日志ID" IS '平台该次应答的日志 ID';
COMMENT ON COLUMN "完整性"."账单数" IS '已发布的账单数';
COMMENT ON COLUMN "完整性"."批次" IS '该日发布的批次';
COMMENT ON COLUMN "完整性"."沿用旧数据" IS '各表中是较早一次运行的数据';

-- What waits in the accounts to be withdrawn. Without withdrawals, balances has no rows.

CREATE OR REPLACE VIEW account_names AS SELECT
  account_id AS account_id,
  COALESCE(max(listed), max(configured)) AS name
FROM (
  SELECT account_id, max_by(account_name, fetched_at) AS listed, CAST(NULL AS VARCHAR) AS configured FROM stores GROUP BY account_id
  UNION ALL
  SELECT account, NULL, max_by(name, day) FROM units GROUP BY account
) AS named
GROUP BY account_id;
COMMENT ON VIEW account_names IS '每个账户的名称：门店列表中最新的，没有则取账户清单中的 / The name of each account: the newest that the lists of stores have, else that of the list of accounts.';
COMMENT ON COLUMN account_names.account_id IS '账户 / the account';
COMMENT ON COLUMN account_names.name IS '名称 / its name';

CREATE OR REPLACE VIEW bill_states AS WITH paid AS (
  SELECT DISTINCT b.ledger_id, b.settle_type, COALESCE(b.settle_sub_type, 0) AS settle_sub_type
  FROM withdrawn_bills AS b JOIN withdrawals AS w ON w.bill_date = b.bill_date AND w.account_id = b.account_id AND w.withdraw_id = b.withdraw_id
  WHERE w.verdict IN ('tied', 'mismatched')
),
bill AS ( -- of a bill that several days have, the first
  SELECT * FROM (
    SELECT
      bill_date, account_id, walk_account_id, ledger_id, settle_type, COALESCE(settle_sub_type, 0) AS settle_sub_type,
      COALESCE(fund_amount_fen, goods_fen) AS amount_fen,
      row_number() OVER (PARTITION BY account_id, ledger_id, settle_type, COALESCE(settle_sub_type, 0) ORDER BY bill_date, walk_account_id) AS place
    FROM bills
    WHERE COALESCE(counted, true)
  ) AS every_day
  WHERE place = 1
)
SELECT
  b.bill_date AS bill_date,
  b.account_id AS account_id,
  b.walk_account_id AS walk_account_id,
  b.ledger_id AS ledger_id,
  b.settle_type AS settle_type,
  b.settle_sub_type AS settle_sub_type,
  b.amount_fen AS amount_fen,
  CASE WHEN b.amount_fen IS NULL THEN 'not_withdrawable' WHEN p.ledger_id IS NULL THEN 'waiting' ELSE 'withdrawn' END AS state
FROM bill AS b LEFT JOIN paid AS p ON p.ledger_id = b.ledger_id AND p.settle_type = b.settle_type AND p.settle_sub_type = b.settle_sub_type;
COMMENT ON VIEW bill_states IS '每条计入的账单一行：钱在哪里。几天都有的账单，只算最早一天 / One row per bill that counts: where its money is. Of a bill that several days have, the first day counts.';
COMMENT ON COLUMN bill_states.bill_date IS '账单日 / the day';
COMMENT ON COLUMN bill_states.account_id IS '收款账户 / the account that is paid';
COMMENT ON COLUMN bill_states.walk_account_id IS '配置的账户 / the configured account';
COMMENT ON COLUMN bill_states.ledger_id IS '账单 ID / the bill';
COMMENT ON COLUMN bill_states.settle_type IS '同 bills / as bills has it';
COMMENT ON COLUMN bill_states.settle_sub_type IS '同 bills；没有则为 0 / as bills has it; 0 for none';
COMMENT ON COLUMN bill_states.amount_fen IS '计入余额的金额，带符号：fund_amount_fen，为 NULL 则取 goods_fen；方向不明则为 NULL / what it adds to the account’s balance: fund_amount_fen, or goods_fen where that is NULL; NULL where the direction is unknown; signed fen';
COMMENT ON COLUMN bill_states.state IS 'withdrawn 已提现（已到账的提现列有它）、waiting 待提现、not_withdrawable 不可提现（收支方向不明） / withdrawn (a withdrawal that is paid lists it), waiting, or not_withdrawable (its direction is unknown)';

CREATE OR REPLACE VIEW balances AS WITH listed AS ( -- by the withdrawals that are paid; of a bill that two of them list, the first
  SELECT * FROM (
    SELECT
      b.bill_date, b.account_id, b.ledger_id, b.settle_type, COALESCE(b.settle_sub_type, 0) AS settle_sub_type,
      COALESCE(b.fund_amount_fen, b.goods_fen) AS amount_fen,
      row_number() OVER (
        PARTITION BY b.ledger_id, b.settle_type, COALESCE(b.settle_sub_type, 0)
        ORDER BY b.bill_date, w.launch_time, b.account_id, b.withdraw_id) AS place
    FROM withdrawn_bills AS b JOIN withdrawals AS w ON w.bill_date = b.bill_date AND w.account_id = b.account_id AND w.withdraw_id = b.withdraw_id
    WHERE w.verdict IN ('tied', 'mismatched')
  ) AS every_listed
  WHERE place = 1
),
unknown_bill AS (
  SELECT DISTINCT bill_date, ledger_id FROM exceptions WHERE rule = 'withdrawn_not_in_bills'
),
movement AS (
  SELECT
    bill_date, account_id, CASE WHEN amount_fen > 0 THEN amount_fen ELSE 0 END AS in_fen, CASE WHEN amount_fen < 0 THEN -amount_fen ELSE 0 END AS out_fen,
    0 AS withdrawn_fen, 0 AS earlier_fen, 0 AS listed_fen, state, amount_fen
  FROM bill_states
  UNION ALL
  SELECT bill_date, account_id, 0, 0, amount_fen, 0, 0, NULL, NULL
  FROM withdrawals WHERE verdict IN ('tied', 'mismatched', 'manual', 'not_asked')
  UNION ALL
  SELECT
    l.bill_date, l.account_id, 0, 0, 0, CASE WHEN s.ledger_id IS NULL AND u.ledger_id IS NULL THEN l.amount_fen ELSE 0 END,
    CASE WHEN s.ledger_id IS NOT NULL THEN s.amount_fen WHEN u.ledger_id IS NULL THEN l.amount_fen END, NULL, NULL
  FROM listed AS l
  LEFT JOIN bill_states AS s ON s.ledger_id = l.ledger_id AND s.settle_type = l.settle_type AND s.settle_sub_type = l.settle_sub_type
  LEFT JOIN unknown_bill AS u ON u.bill_date = l.bill_date AND u.ledger_id = l.ledger_id
),
moved AS (
  SELECT
    bill_date, account_id,
    CAST(COALESCE(sum(in_fen), 0) AS BIGINT) AS in_fen,
    CAST(COALESCE(sum(out_fen), 0) AS BIGINT) AS out_fen,
    CAST(COALESCE(sum(withdrawn_fen), 0) AS BIGINT) AS withdrawn_fen,
    CAST(COALESCE(sum(earlier_fen), 0) AS BIGINT) AS earlier_fen,
    CAST(COALESCE(sum(withdrawn_fen), 0) - COALESCE(sum(listed_fen), 0) AS BIGINT) AS unexplained_fen,
    count(*) FILTER (WHERE state = 'withdrawn') AS bills_withdrawn,
    count(*) FILTER (WHERE state = 'waiting') AS bills_waiting,
    count(*) FILTER (WHERE state = 'not_withdrawable') AS bills_not_withdrawable,
    CAST(COALESCE(sum(amount_fen) FILTER (WHERE state = 'waiting'), 0) AS BIGINT) AS waiting_fen
  FROM movement
  GROUP BY bill_date, account_id
),
account_day AS (
  SELECT d.bill_date, a.account_id, a.before_fen
  FROM (SELECT DISTINCT bill_date FROM moved) AS d CROSS JOIN (SELECT account_id, sum(earlier_fen) AS before_fen FROM moved GROUP BY account_id) AS a
  WHERE EXISTS (SELECT 1 FROM withdrawals)
),
rolled AS (
  SELECT
    d.bill_date, d.account_id,
    CAST(d.before_fen + COALESCE(sum(m.in_fen - m.out_fen - m.withdrawn_fen) OVER (PARTITION BY d.account_id ORDER BY d.bill_date), 0) AS BIGINT) AS closing_fen,
    COALESCE(m.in_fen, 0) AS in_fen, COALESCE(m.out_fen, 0) AS out_fen, COALESCE(m.withdrawn_fen, 0) AS withdrawn_fen, COALESCE(m.unexplained_fen, 0) AS unexplained_fen,
    COALESCE(m.bills_withdrawn, 0) AS bills_withdrawn, COALESCE(m.bills_waiting, 0) AS bills_waiting,
    COALESCE(m.bills_not_withdrawable, 0) AS bills_not_withdrawable, COALESCE(m.waiting_fen, 0) AS waiting_fen
  FROM account_day AS d LEFT JOIN moved AS m ON m.bill_date = d.bill_date AND m.account_id = d.account_id
)
SELECT
  bill_date AS bill_date,
  account_id AS account_id,
  closing_fen - in_fen + out_fen + withdrawn_fen AS opening_fen,
  in_fen AS in_fen,
  out_fen AS out_fen,
  withdrawn_fen AS withdrawn_fen,
  closing_fen AS closing_fen,
  bills_withdrawn AS bills_withdrawn,
  bills_waiting AS bills_waiting,
  bills_not_withdrawable AS bills_not_withdrawable,
  waiting_fen AS waiting_fen,
  unexplained_fen AS unexplained_fen
FROM rolled;
COMMENT ON VIEW balances IS '每个收款账户每天一行：期初 + 入账 - 出账 - 提现 = 期末，即次日期初。没有已发布的提现时没有行 / One row per payee and day: opening_fen + in_fen - out_fen - withdrawn_fen = closing_fen, the opening_fen of the day after. No rows where no withdrawals are published.';
COMMENT ON COLUMN balances.bill_date IS '账单日 / the day';
COMMENT ON COLUMN balances.account_id IS '收款账户 / the account that is paid';
COMMENT ON COLUMN balances.opening_fen IS '期初：当日之前待提现的；最早一天为之后的提现所付的更早账单 / what waited before the day; of the first day, what withdrawals pay of earlier bills';
COMMENT ON COLUMN balances.in_fen IS '入账：当日收入的账单 / the day’s bills to the merchant';
COMMENT ON COLUMN balances.out_fen IS '出账：当日支出的账单，不带负号 / the day’s bills from the merchant, without a sign';
COMMENT ON COLUMN balances.withdrawn_fen IS '当日发起、已到账的提现，含手动提现 / the withdrawals that were launched on the day and are paid, those by hand included';
COMMENT ON COLUMN balances.closing_fen IS '期末待提现 / what waits to be withdrawn';
COMMENT ON COLUMN balances.bills_withdrawn IS '当日账单中已提现的条数 / how many of the day’s bills are withdrawn';
COMMENT ON COLUMN balances.bills_waiting IS '当日账单中待提现的条数 / how many of them wait';
COMMENT ON COLUMN balances.bills_not_withdrawable IS '当日账单中收支方向不明的条数 / how many of them have an unknown direction';
COMMENT ON COLUMN balances.waiting_fen IS '当日账单中至今待提现的 / what still waits of the day’s bills';
COMMENT ON COLUMN balances.unexplained_fen IS '当日提现多于其账单之数，手动提现为全额。末日期末加这些即 waiting_fen 之和 / by how much the day’s withdrawals are more than their bills; by hand, all of it. The last closing_fen and all of these are the sum of waiting_fen';

CREATE OR REPLACE VIEW "余额调节" AS SELECT
  bill_date AS "日期",
  b.account_id AS "收款账户",
  n.name AS "名称",
  (opening_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "期初(元)",
  (in_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "入账(元)",
  (out_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "出账(元)",
  (withdrawn_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "提现(元)",
  (closing_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "期末待提现(元)",
  bills_withdrawn AS "已提现账单",
  bills_waiting AS "待提现账单",
  bills_not_withdrawable AS "不可提现账单",
  (waiting_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "当日账单待提现(元)",
  date_diff('day', bill_date, max(bill_date) OVER ()) AS "账龄(天)",
  (unexplained_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "提现无对应账单(元)"
FROM balances AS b LEFT JOIN account_names AS n ON n.account_id = b.account_id;
COMMENT ON VIEW "余额调节" IS '每个收款账户每天一行：期初 + 入账 - 出账 - 提现 = 期末待提现，即次日期初。没有已发布的提现时没有行。';
COMMENT ON COLUMN "余额调节"."日期" IS '账单日';
COMMENT ON COLUMN "余额调节"."收款账户" IS '收款账户';
COMMENT ON COLUMN "余额调节"."名称" IS '账户名称';
COMMENT ON COLUMN "余额调节"."期初(元)" IS '当日之前待提现的；最早一天为之后的提现所付的更早账单';
COMMENT ON COLUMN "余额调节"."入账(元)" IS '当日收入的账单';
COMMENT ON COLUMN "余额调节"."出账(元)" IS '当日支出的账单，不带负号';
COMMENT ON COLUMN "余额调节"."提现(元)" IS '当日发起、已到账的提现，含手动提现';
COMMENT ON COLUMN "余额调节"."期末待提现(元)" IS '当日之后待提现的';
COMMENT ON COLUMN "余额调节"."已提现账单" IS '当日账单中已提现的条数';
COMMENT ON COLUMN "余额调节"."待提现账单" IS '当日账单中待提现的条数';
COMMENT ON COLUMN "余额调节"."不可提现账单" IS '当日账单中收支方向不明的条数';
COMMENT ON COLUMN "余额调节"."当日账单待提现(元)" IS '当日账单中至今待提现的';
COMMENT ON COLUMN "余额调节"."账龄(天)" IS '从账单日到数据中最新一天';
COMMENT ON COLUMN "余额调节"."提现无对应账单(元)" IS '提现多于其账单之数，手动提现为全额';

-- What people have noted by hand, which changes nothing in the tables.

CREATE OR REPLACE VIEW resolutions AS SELECT
  line ->> 'walk_account_id' AS walk_account_id,
  line ->> 'order_key' AS order_key,
  line ->> 'reason' AS reason,
  line ->> 'resolved_by' AS resolved_by,
  CAST(line ->> 'resolved_at' AS TIMESTAMPTZ) AS resolved_at,
  line ->> 'job' AS job,
  CAST(line ->> 'diff_total_fen' AS BIGINT) AS diff_total_fen,
  line ->> 'amounts' AS amounts,
  note AS note
FROM (
  SELECT unnest(lines)::JSON AS line, parse_filename(filename) || lpad(generate_subscripts(lines, 1)::VARCHAR, 9, '0') AS note
  FROM (SELECT filename, string_split(rtrim(content, chr(10)), chr(10)) AS lines FROM read_text('lake/resolutions/*.jsonl'))
);
COMMENT ON VIEW resolutions IS '每条人工处理的差异一行（billwalk resolve）；每个订单以最后一条为准 / One row per difference that a person has settled by hand (billwalk resolve); the last one of an order counts.';
COMMENT ON COLUMN resolutions.walk_account_id IS '配置的账户，即账单所属 / the configured account whose bills these are';
COMMENT ON COLUMN resolutions.order_key IS '订单：group_key 去掉子订单 / the order: group_key without the item';
COMMENT ON COLUMN resolutions.reason IS '处理人所写的原因 / why it is settled, in the words of who says so';
COMMENT ON COLUMN resolutions.resolved_by IS '处理人 / who says so';
COMMENT ON COLUMN resolutions.resolved_at IS '时间 / when';
COMMENT ON COLUMN resolutions.job IS '所指的任务 / the job that was named';
COMMENT ON COLUMN resolutions.diff_total_fen IS '当时该订单的分账 - 账单，带符号；无法比较时为 NULL / settled - billed of the order then; NULL if it could not be compared; signed fen';
COMMENT ON COLUMN resolutions.amounts IS '当时各分项（总额、服务费、佣金、净额）的账单,分账，单位分：现在若不同，订单重新算未了 / billed,settled of total;fee;commission;net then, in fen: where they are others now, the order is open again';
COMMENT ON COLUMN resolutions.note IS '所在文件（DuckDB 中还有行号）；同一时刻的记录，大的较晚 / names the file, in DuckDB and the line; of notes of one time the larger is the later';

CREATE OR REPLACE VIEW closings AS SELECT
  CAST(line ->> 'bill_date' AS DATE) AS bill_date,
  line ->> 'job' AS job,
  line ->> 'closed_by' AS closed_by,
  CAST(line ->> 'closed_at' AS TIMESTAMPTZ) AS closed_at,
  CAST(line ->> 'generation' AS BIGINT) AS generation,
  note AS note
FROM (
  SELECT unnest(lines)::JSON AS line, parse_filename(filename) || lpad(generate_subscripts(lines, 1)::VARCHAR, 9, '0') AS note
  FROM (SELECT filename, string_split(rtrim(content, chr(10)), chr(10)) AS lines FROM read_text('lake/closings/*.jsonl'))
);
COMMENT ON VIEW closings IS '每个人工结账的日子一行（billwalk close）；每天以最后一条为准 / One row per day that a person has closed (billwalk close, 结账); the last one of a day counts.';
COMMENT ON COLUMN closings.bill_date IS '账单日 / the day';
COMMENT ON COLUMN closings.job IS '任务 / the job';
COMMENT ON COLUMN closings.closed_by IS '结账人 / who closed it';
COMMENT ON COLUMN closings.closed_at IS '时间 / when';
COMMENT ON COLUMN closings.generation IS '当时该日最高的代次 / the highest generation of the day then';
COMMENT ON COLUMN closings.note IS '所在文件（DuckDB 中还有行号）；同一时刻的记录，大的较晚 / names the file, in DuckDB and the line; of notes of one time the larger is the later';

CREATE OR REPLACE VIEW resolution_states AS WITH latest AS (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY walk_account_id, order_key ORDER BY resolved_at DESC, note DESC) AS place FROM resolutions
  ) AS every_resolution
  WHERE place = 1
),
orders AS (
  SELECT
    r.walk_account_id, l.order_key,
    COALESCE(CAST(sum(r.billed_total_fen) AS VARCHAR), '') || ',' || COALESCE(CAST(sum(r.settled_total_fen) AS VARCHAR), '')
    || ';' || COALESCE(CAST(sum(r.billed_fee_fen) AS VARCHAR), '') || ',' || COALESCE(CAST(sum(r.settled_fee_fen) AS VARCHAR), '')
    || ';' || COALESCE(CAST(sum(r.billed_commission_fen) AS VARCHAR), '') || ',' || COALESCE(CAST(sum(r.settled_commission_fen) AS VARCHAR), '')
    || ';' || COALESCE(CAST(sum(r.billed_net_fen) AS VARCHAR), '') || ',' || COALESCE(CAST(sum(r.settled_net_fen) AS VARCHAR), '') AS amounts_now,
    bool_or(r.verdict IN ('mismatched', 'bill_only', 'settlement_only', 'pending', 'failed')) AS is_open
  FROM reconciliation AS r
  JOIN latest AS l ON l.walk_account_id = r.walk_account_id
    AND l.order_key = substr(r.group_key, 1, length(r.group_key) - COALESCE(length(r.item_order_id) + 1, 0))
  GROUP BY r.walk_account_id, l.order_key
)
SELECT
  l.walk_account_id AS walk_account_id,
  l.order_key AS order_key,
  l.reason AS reason,
  l.resolved_by AS resolved_by,
  l.resolved_at AS resolved_at,
  l.job AS job,
  l.diff_total_fen AS diff_total_fen,
  l.amounts AS amounts,
  l.note AS note,
  o.amounts_now AS amounts_now,
  CASE WHEN NOT COALESCE(o.is_open, false) THEN 'cleared' WHEN o.amounts_now = l.amounts THEN 'resolved' ELSE 'reopened' END AS state
FROM latest AS l LEFT JOIN orders AS o ON o.walk_account_id = l.walk_account_id AND o.order_key = l.order_key;
COMMENT ON VIEW resolution_states IS '每个订单最后一条处理，及现在是否仍成立：resolved 成立；reopened 金额已变，重新未了；cleared 已无未了 / The last resolution of each order, and whether it holds: resolved; reopened, since the amounts of the order are others now; or cleared, since nothing of it is open any more.';
COMMENT ON COLUMN resolution_states.walk_account_id IS '配置的账户，即账单所属 / the configured account whose bills these are';
COMMENT ON COLUMN resolution_states.order_key IS '订单：group_key 去掉子订单 / the order: group_key without the item';
COMMENT ON COLUMN resolution_states.reason IS '处理人所写的原因 / why it is settled, in the words of who says so';
COMMENT ON COLUMN resolution_states.resolved_by IS '处理人 / who says so';
COMMENT ON COLUMN resolution_states.resolved_at IS '时间 / when';
COMMENT ON COLUMN resolution_states.job IS '所指的任务 / the job that was named';
COMMENT ON COLUMN resolution_states.diff_total_fen IS '当时该订单的分账 - 账单，带符号；无法比较时为 NULL / settled - billed of the order then; NULL if it could not be compared; signed fen';
COMMENT ON COLUMN resolution_states.amounts IS '当时各分项（总额、服务费、佣金、净额）的账单,分账，单位分：现在若不同，订单重新算未了 / billed,settled of total;fee;commission;net then, in fen: where they are others now, the order is open again';
COMMENT ON COLUMN resolution_states.note IS '所在文件（DuckDB 中还有行号）；同一时刻的记录，大的较晚 / names the file, in DuckDB and the line; of notes of one time the larger is the later';
COMMENT ON COLUMN resolution_states.amounts_now IS '现在的 amounts / amounts, of now';
COMMENT ON COLUMN resolution_states.state IS 'resolved 成立、reopened 重新未了、cleared 已无未了 / resolved, reopened or cleared';

CREATE OR REPLACE VIEW changes_after_closing AS WITH latest AS (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY job, bill_date ORDER BY closed_at DESC, note DESC) AS place FROM closings
  ) AS every_closing
  WHERE place = 1
),
first_closed AS (
  SELECT * FROM (
    SELECT bill_date, closed_by, closed_at, generation, row_number() OVER (PARTITION BY bill_date ORDER BY closed_at, job) AS place FROM latest
  ) AS of_jobs
  WHERE place = 1
)
SELECT
  c.closed_by AS closed_by,
  c.closed_at AS closed_at,
  c.generation AS closed_generation,
  r.bill_date AS bill_date,
  r.account_id AS account_id,
  r.ledger_id AS ledger_id,
  r.settle_type AS settle_type,
  r.settle_sub_type AS settle_sub_type,
  r.walk_account_id AS walk_account_id,
  r.shop_order_id AS shop_order_id,
  r.change AS change,
  r.columns AS columns,
  r.old AS old,
  r.new AS new,
  r.diff_total_fen AS diff_total_fen,
  r.diff_goods_fen AS diff_goods_fen,
  r.old_generation AS old_generation,
  r.new_generation AS new_generation,
  r.restated_at AS restated_at
FROM restatements AS r JOIN first_closed AS c ON c.bill_date = r.bill_date AND r.restated_at > c.closed_at;
COMMENT ON VIEW changes_after_closing IS '结账之后的变更，restatements 的行；几个任务共用数据湖时，以最先结账的为准 / The rows of restatements that came after their day was closed (结账后变更); where several jobs share the lake, after the first of them had closed it.';
COMMENT ON COLUMN changes_after_closing.closed_by IS '结账人 / who closed the day';
COMMENT ON COLUMN changes_after_closing.closed_at IS '时间 / when';
COMMENT ON COLUMN changes_after_closing.closed_generation IS '当时该日最高的代次 / the highest generation of the day then';
COMMENT ON COLUMN changes_after_closing.bill_date IS '账单日 / the day';
COMMENT ON COLUMN changes_after_closing.account_id IS '收款账户 / the account that is paid';
COMMENT ON COLUMN changes_after_closing.ledger_id IS '账单 ID / bill id';
COMMENT ON COLUMN changes_after_closing.settle_type IS '账单的结算类型 / settle_type of the bill';
COMMENT ON COLUMN changes_after_closing.settle_sub_type IS '账单的子结算类型 / settle_sub_type of the bill';
COMMENT ON COLUMN changes_after_closing.walk_account_id IS '发现变动的那次拉取所属的账户，即 jobs.yaml 中配置的账户 / the configured account whose walk found the change';
COMMENT ON COLUMN changes_after_closing.shop_order_id IS '账单的订单号 / order of the bill';
COMMENT ON COLUMN changes_after_closing.change IS '变动：added 增加、removed 减少、changed 变更 / added, removed or changed';
COMMENT ON COLUMN changes_after_closing.columns IS '账单中不同的列 / the columns of bills that differ';
COMMENT ON COLUMN changes_after_closing.old IS '这些列的原值，JSON 对象，值均为文本；原为 NULL 的不列 / their old values, a JSON object of texts; what was NULL is left out';
COMMENT ON COLUMN changes_after_closing.new IS '这些列的新值，形式同上 / their new values, likewise';
COMMENT ON COLUMN changes_after_closing.diff_total_fen IS '新旧 ledger_total 之差，没有的账单按 0 计 / new - old ledger_total, a missing bill counted as 0';
COMMENT ON COLUMN changes_after_closing.diff_goods_fen IS '新旧 goods 之差，没有的账单按 0 计 / new - old goods, a missing bill counted as 0';
COMMENT ON COLUMN changes_after_closing.old_generation IS '原值所在的批次 / generation of the day that had the old values';
COMMENT ON COLUMN changes_after_closing.new_generation IS '新值所在的批次 / generation of the day that has the new values';
COMMENT ON COLUMN changes_after_closing.restated_at IS '构建变更后批次的时间 / when the new generation was built';

CREATE OR REPLACE VIEW "差异处理" AS SELECT
  walk_account_id AS "查询账户",
  order_key AS "订单",
  (diff_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "处理时差额(元)",
  CASE state WHEN 'resolved' THEN '已处理' WHEN 'cleared' THEN '已核平' ELSE '金额已变，重新打开' END AS "状态",
  reason AS "处理说明",
  resolved_by AS "处理人",
  resolved_at AS "处理时间"
FROM resolution_states;
COMMENT ON VIEW "差异处理" IS '人工处理过的差异，每个订单最后一次，及现在是否仍成立。';
COMMENT ON COLUMN "差异处理"."查询账户" IS 'jobs.yaml 中配置的账户';
COMMENT ON COLUMN "差异处理"."订单" IS '订单';
COMMENT ON COLUMN "差异处理"."处理时差额(元)" IS '分账 - 账单；无法比较时为空';
COMMENT ON COLUMN "差异处理"."状态" IS '处理现在是否仍成立';
COMMENT ON COLUMN "差异处理"."处理说明" IS '处理人的话';
COMMENT ON COLUMN "差异处理"."处理人" IS '谁处理的';
COMMENT ON COLUMN "差异处理"."处理时间" IS '何时处理的';

CREATE OR REPLACE VIEW "结账" AS SELECT
  bill_date AS "账单日期",
  job AS "任务",
  closed_by AS "结账人",
  closed_at AS "结账时间",
  generation AS "批次"
FROM closings;
COMMENT ON VIEW "结账" IS '人工结账的日子。';
COMMENT ON COLUMN "结账"."账单日期" IS '账单日';
COMMENT ON COLUMN "结账"."任务" IS '任务';
COMMENT ON COLUMN "结账"."结账人" IS '谁结的账';
COMMENT ON COLUMN "结账"."结账时间" IS '何时结账';
COMMENT ON COLUMN "结账"."批次" IS '结账时该日的最高批次';

CREATE OR REPLACE VIEW "结账后变更" AS SELECT
  bill_date AS "账单日期",
  walk_account_id AS "查询账户",
  ledger_id AS "账单ID",
  shop_order_id AS "订单号",
  change AS "变动",
  (diff_total_fen::DECIMAL(19,0) * 0.01)::DECIMAL(18,2) AS "应结算差额(元)",
  restated_at AS "变更时间",
  closed_by AS "结账人",
  closed_at AS "结账时间"
FROM changes_after_closing;
COMMENT ON VIEW "结账后变更" IS '结账之后有变更的账单。';
COMMENT ON COLUMN "结账后变更"."账单日期" IS '账单日';
COMMENT ON COLUMN "结账后变更"."查询账户" IS 'jobs.yaml 中配置的账户';
COMMENT ON COLUMN "结账后变更"."账单ID" IS '账单';
COMMENT ON COLUMN "结账后变更"."订单号" IS '订单';
COMMENT ON COLUMN "结账后变更"."变动" IS '增加、删除或变更';
COMMENT ON COLUMN "结账后变更"."应结算差额(元)" IS '变更后 - 变更前；未知时为空';
COMMENT ON COLUMN "结账后变更"."变更时间" IS '何时发现';
COMMENT ON COLUMN "结账后变更"."结账人" IS '谁结的账';
COMMENT ON COLUMN "结账后变更"."结账时间" IS '何时结账';
