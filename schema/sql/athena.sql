-- Tables and views of a billwalk lake for Athena, in the database of the query editor; one statement at a time.
-- Amounts are signed bigint fen; timestamp is UTC. Partitions are projected: no day has to be added after a run.

CREATE EXTERNAL TABLE IF NOT EXISTS bills (
  account_id string COMMENT '收款账户（总店或门店） / the account that is paid (head office or store)',
  ledger_id string COMMENT '账单 ID / bill id',
  walk_account_id string COMMENT 'jobs.yaml 中配置的账户，该账单由拉取此账户得到 / the configured account whose walk found the bill',
  counted boolean COMMENT '是否计入 / false for a row that has the same bill as another with other content (rule duplicate_conflict): no sum and no group has it. Of the contents one counts: an account’s own walk before a root account’s…',
  group_key string COMMENT '核对单元 / group_key of the bill’s row of reconciliation, of this day and walk_account_id; NULL for a row that is not counted, and in files of earlier versions',
  biz_type int COMMENT '业务类型 / kind of business',
  shop_order_id string COMMENT '店铺维度的订单号 / order id at shop level',
  item_order_id string COMMENT '子订单号 / order id at item level',
  order_ext_id string COMMENT '商家自己的订单号 / the merchant’s own order id',
  certificate_id string COMMENT '券 ID（一张券可能有多条账单） / coupon id (not unique per bill)',
  verify_id string COMMENT '核销 ID（一次核销可能有多条账单） / verification (核销) id (not unique per bill)',
  poi_id string COMMENT '核销门店；商户级账单为空 / store where the coupon was verified; empty for account-level bills',
  verify_poi_account_id string COMMENT '核销门店的账户，不一定是收款账户 / account of that store; not always the account that is paid',
  sku_id string COMMENT '商品 ID / product id',
  group_name string COMMENT '商品名称，任意文本 / product name, any text',
  code string COMMENT '券码：按任务配置原样保留、为十六进制的 HMAC-SHA256，或为 NULL / coupon code: kept, HMAC-SHA256 in hex, or NULL, as the job says',
  settle_type int COMMENT '结算类型 / kind of bill',
  settle_type_desc string COMMENT '平台对结算类型的说明 / the platform’s words for settle_type',
  settle_sub_type int COMMENT '赔付或扣罚的步骤 / step of a compensation or penalty',
  settle_time timestamp COMMENT '正向账单为核销时间，其余为账单创建时间 / verification time of a forward bill, else the bill’s creation',
  direction int COMMENT '+1 入账，-1 出账；NULL 为无法判断（此时各金额均为 NULL） / +1 to the merchant, -1 from it, NULL unknown (then all amounts are NULL)',
  pay_fen bigint COMMENT '用户实付，含支付渠道优惠 / paid by the user, channel discounts included; signed fen',
  deduction_discount_fen bigint COMMENT '团购券抵扣金额，不参与结算 / group coupon deduction; not settled; signed fen',
  merchant_ticket_fen bigint COMMENT '商家优惠，不参与结算 / merchant’s discount; not settled; signed fen',
  platform_ticket_fen bigint COMMENT '平台补贴；服务商不可见 / platform’s subsidy; hidden from service providers; signed fen',
  ledger_platform_ticket_fen bigint COMMENT '参与结算的平台券；服务商不可见 / platform’s coupon that is settled; hidden from service providers; signed fen',
  original_fen bigint COMMENT '交易金额＝实付＋商家优惠＋平台补贴 / order total: pay + merchant_ticket + platform_ticket; signed fen',
  ledger_total_fen bigint COMMENT '应结算金额＝实付＋参与结算的平台券 / to be settled: pay + ledger_platform_ticket; signed fen',
  total_commission_fen bigint COMMENT '佣金合计 / all commissions together; signed fen',
  actual_insured_fen bigint COMMENT '保险费 / insurance fee; signed fen',
  total_agent_merchant_fen bigint COMMENT '服务商佣金；服务商不可见 / service provider’s commission; hidden from service providers; signed fen',
  total_merchant_platform_service_fen bigint COMMENT '软件服务费，含支付手续费；服务商不可见 / software service fee, payment fee included; hidden from service providers; signed fen',
  total_operation_agent_fen bigint COMMENT '代运营服务商佣金；与 total_agent_merchant 重叠，不能两项都减 / agency’s commission; overlaps total_agent_merchant, never subtract both; signed fen',
  talent_commission_fen bigint COMMENT '达人佣金；服务商不可见 / influencer’s commission; hidden from service providers; signed fen',
  broker_commission_fen bigint COMMENT '撮合经纪服务费；服务商不可见 / broker’s fee; hidden from service providers; signed fen',
  clerk_commission_fen bigint COMMENT '店员佣金；服务商不可见 / clerk’s commission; hidden from service providers; signed fen',
  mall_store_goods_fen bigint COMMENT '商场店铺分佣 / mall’s share; signed fen',
  goods_fen bigint COMMENT '商家实际结算金额 / what the merchant gets (商家实际结算金额); signed fen',
  fund_amount_fen bigint COMMENT '款项金额 / amount of the movement of funds (款项金额); signed fen',
  fund_amount_type int COMMENT '款项方向 / direction of the funds',
  extra string COMMENT '本版本不认识的字段，JSON；没有则为 NULL / JSON of the fields that this version does not know; NULL when none',
  logid string COMMENT '平台应答的日志 ID / the platform’s id of the answer',
  fetched_at timestamp COMMENT '收到应答的时间 / when the answer was received',
  archive_key string COMMENT '原始记录所在的归档对象 / the archive object that holds the raw record'
)
COMMENT '账单接口的每条记录一行；主键为 account_id、ledger_id、settle_type、settle_sub_type。 / One row per ledger record of the bill API; key account_id, ledger_id, settle_type, settle_sub_type.'
PARTITIONED BY (
  bill_date date COMMENT '账单日（北京时间） / the day in UTC+8'
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
WITH SERDEPROPERTIES ('parquet.column.index.access' = 'false')
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://catering-lake/prod/bills/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.bill_date.type' = 'date',
  'projection.bill_date.format' = 'yyyy-MM-dd',
  'projection.bill_date.range' = '2016-01-01,NOW+1DAYS',
  'storage.location.template' = 's3://catering-lake/prod/bills/bill_date=${bill_date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS settlements (
  settle_id string COMMENT '分账单号；只有回调指明多个子订单时才有多行 / settlement id; several times only where callbacks name several items of it',
  order_id string COMMENT '交易系统的订单号 / order id of the trade system',
  out_settle_no string COMMENT '开发者的分账单号 / the developer’s settlement id',
  out_order_no string COMMENT '开发者的订单号 / the developer’s order id',
  item_order_id string COMMENT '子订单号，分账只属于一个子订单时才有 / order id at item level, where the settlement is of one item',
  walk_account_id string COMMENT '查询账户 / with group_key, the row of reconciliation on the same bill_date that has the settlement; empty without a bill. It may be in another file of the day, where an order has bills of several accounts. NULL in files of earlier versions',
  group_key string COMMENT 'reconciliation 中该行的 group_key；旧版本的文件中为 NULL / group_key of that row of reconciliation; NULL in files of earlier versions',
  settle_status string COMMENT '分账状态：INIT 初始化、PROCESSING 处理中、SUCCESS 成功、FAIL 失败 / INIT, PROCESSING, SUCCESS or FAIL',
  settle_amount_fen bigint COMMENT '分账金额＝平台服务费＋佣金＋分账方所得 / what is shared out: rake + commission + shares; signed fen',
  rake_fen bigint COMMENT '平台服务费 / the platform’s fee; signed fen',
  commission_fen bigint COMMENT '佣金 / commissions; signed fen',
  shares_fen bigint COMMENT '分账方所得合计 / sum of the shares; signed fen',
  shares array<struct<merchant_no:string,amount_fen:bigint>> COMMENT '各分账方所得；settle_detail 读不了时为 NULL / each merchant’s share; NULL where settle_detail cannot be read',
  settle_detail string COMMENT '平台原文的分账细节 / the shares as the platform writes them',
  settle_time timestamp COMMENT '分账时间 / when it was shared out',
  is_auto_settle boolean COMMENT '是否由平台自动分账；只有回调给出 / whether the platform shared it out by itself; only callbacks have it',
  message string COMMENT '失败原因；只有回调给出 / why it failed; only callbacks have it',
  cp_extra string COMMENT '开发者自定义文本 / the developer’s own text',
  source string COMMENT '来源：query 查询、callback 回调、both 两者 / query, callback or both',
  asked_by string COMMENT '查询依据 / what links it to its bills: the match rule, as jobs.yaml has it (order_id: shop_order_id); of a callback also item_order_id: item_order_id, or order_id: settlement (another settlement of its order); NULL where it has no bill',
  app_id string COMMENT '小程序；只有回调给出 / the mini-program; only callbacks have it',
  logid string COMMENT '平台应答的日志 ID / the platform’s id of the answer',
  fetched_at timestamp COMMENT '收到答复或回调的时间 / when the answer, or the callback, was received'
)
COMMENT '每个 settle_id 一行，回调指明多个子订单时每个子订单一行；只在一天：其订单的账单日中不晚于分账当日的最后一天，都晚于它则为最早一天，没有分账时间则为最后一天。没有账单的分账在分账当天。 / One row per settle_id, or per item where callbacks name several, on one day only: the latest bill_date of its order that is not after the settlement’s own day, else the earliest; without a time, the latest. A settlement without a bill is on its own day.'
PARTITIONED BY (
  bill_date date COMMENT '账单日（北京时间） / the day in UTC+8'
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
WITH SERDEPROPERTIES ('parquet.column.index.access' = 'false')
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://catering-lake/prod/settlements/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.bill_date.type' = 'date',
  'projection.bill_date.format' = 'yyyy-MM-dd',
  'projection.bill_date.range' = '2016-01-01,NOW+1DAYS',
  'storage.location.template' = 's3://catering-lake/prod/settlements/bill_date=${bill_date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS reconciliation (
  walk_account_id string COMMENT '这些账单的查询账户，即 jobs.yaml 中配置的账户；没有账单的组为空（settlement_only） / the configured account whose bills these are; empty in groups without bills (settlement_only)',
  group_key string COMMENT '核对单元 / unique in account and day: the order, order/item, order#non-forward, ext:…, bill:… without an order, or settlement:… without bill and order',
  shop_order_id string COMMENT '订单号 / the order',
  item_order_id string COMMENT '子订单号，分账指明子订单时才有 / the item, where settlements name items',
  verdict string COMMENT '对账结论，取值见“结论” / matched, mismatched, bill_only, settlement_only, pending, failed or not_applicable',
  matched_by string COMMENT '在哪一步对上，取值见“匹配方式”；不是平账的为 NULL / item, order, order_window or amount; NULL unless matched',
  reasons array<string> COMMENT '原因 / why: <leg>_differs, <leg>_not_billed, <leg>_not_settled, nothing_compared, settlement_unexplained, bill_removed, settled_elsewhere, partly_billed, offset_by:<bill_date>/<walk_account_id>[/<item>], retry_in_flight, not_asked…',
  cause string COMMENT '差异成因 / double_settlement, sign_conflict, window_edge, leg_only, within_one_yuan or other: what makes a mismatch, of the order’s bills and settlements that are open in the lookback; NULL unless mismatched, and in files of earlier versions',
  bill_rows bigint COMMENT '组内账单数 / bills in the group',
  settlement_rows bigint COMMENT '组内算在这一天的分账数，不论状态 / settlements of this day in the group, of any status',
  billed_total_fen bigint COMMENT '正向账单的 ledger_total 合计 / ledger_total of the forward bills; signed fen',
  settled_total_fen bigint COMMENT '成功分账的 settle_amount 合计 / settle_amount of the successful settlements; signed fen',
  diff_total_fen bigint COMMENT '差额＝分账－账单 / settled - billed; signed fen',
  billed_fee_fen bigint COMMENT '正向账单的 total_merchant_platform_service 合计 / total_merchant_platform_service of the forward bills; signed fen',
  settled_fee_fen bigint COMMENT '成功分账的 rake 合计 / rake of the successful settlements; signed fen',
  diff_fee_fen bigint COMMENT '差额＝分账－账单 / settled - billed; signed fen',
  billed_commission_fen bigint COMMENT '账单佣金 / total_commission, else the sum of those known of talent, agent, broker, clerk and mall store (NULL if none of the first four is), of the forward bills; signed fen',
  settled_commission_fen bigint COMMENT '成功分账的 commission 合计 / commission of the successful settlements; signed fen',
  diff_commission_fen bigint COMMENT '差额＝分账－账单 / settled - billed; signed fen',
  billed_net_fen bigint COMMENT '正向账单的 goods 合计 / goods of the forward bills; signed fen',
  settled_net_fen bigint COMMENT '成功分账的 shares 合计 / shares of the successful settlements; signed fen',
  diff_net_fen bigint COMMENT '差额＝分账－账单 / settled - billed; signed fen',
  refund_fen bigint COMMENT '退款金额 / ledger_total of the refund bills (settle_type 2); in files of earlier versions, which lack other_fen, of all bills that are not forward; signed fen',
  other_fen bigint COMMENT '扣款及其他金额 / ledger_total of the bills that are neither forward nor refunds: fees of refunds, debts, compensations and unknown types; NULL in files of earlier versions; signed fen',
  first_settle_time timestamp COMMENT '组内最早的分账时间 / when the first of the group’s settlements was made',
  last_settle_time timestamp COMMENT '组内最晚的分账时间 / when the last of the group’s settlements was made'
)
COMMENT '每组一行：一个订单（或子订单）在一个账户、一天内的正向账单，或其非正向账单。每条账单恰好属于一组，每笔分账也是；没有账单的分账在没有账单的组（settlement_only）。billed 与 settled 为已知各项之和；未比较的项，差额为 NULL。 / One row per group: the forward bills of one order (or item) of one account on one day, or its other bills. Every bill is in exactly one group; so is every settlement, those without a bill in groups without bills (settlement_only). billed and settled sum what is known; a difference is NULL where a leg is not compared.'
PARTITIONED BY (
  bill_date date COMMENT '账单日（北京时间） / the day in UTC+8'
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
WITH SERDEPROPERTIES ('parquet.column.index.access' = 'false')
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://catering-lake/prod/reconciliation/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.bill_date.type' = 'date',
  'projection.bill_date.format' = 'yyyy-MM-dd',
  'projection.bill_date.range' = '2016-01-01,NOW+1DAYS',
  'storage.location.template' = 's3://catering-lake/prod/reconciliation/bill_date=${bill_date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS exceptions (
  rule string COMMENT '异常类型，取值见“异常类型” / the rule that is broken',
  severity string COMMENT 'error 错误或 warning 提醒 / error or warning',
  account_id string COMMENT '账单的收款账户 / account of the bill',
  ledger_id string COMMENT '账单 ID / the bill',
  shop_order_id string COMMENT '账单的订单号 / order of the bill',
  settle_id string COMMENT '分账单号 / the settlement',
  expected_fen bigint COMMENT '按规则应有的金额，带符号 / the amount that the rule requires, signed; signed fen',
  actual_fen bigint COMMENT '收到的金额，带符号 / what was received, signed; signed fen',
  detail string COMMENT '哪里不对，文字说明（英文） / what is wrong, in words',
  record string COMMENT '原始记录，JSON；其中券码按任务配置处理 / the raw record as JSON; the coupon code as the job says',
  archive_key string COMMENT '原始记录所在的归档对象 / the archive object that holds the raw record'
)
COMMENT '需要人看的每件事一行；从不因此丢弃账单。 / One row per thing that a person should look at; never a reason to drop a bill.'
PARTITIONED BY (
  bill_date date COMMENT '账单日（北京时间） / the day in UTC+8'
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
WITH SERDEPROPERTIES ('parquet.column.index.access' = 'false')
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://catering-lake/prod/exceptions/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.bill_date.type' = 'date',
  'projection.bill_date.format' = 'yyyy-MM-dd',
  'projection.bill_date.range' = '2016-01-01,NOW+1DAYS',
  'storage.location.template' = 's3://catering-lake/prod/exceptions/bill_date=${bill_date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS restatements (
  account_id string COMMENT '收款账户 / the account that is paid',
  ledger_id string COMMENT '账单 ID / bill id',
  settle_type int COMMENT '账单的结算类型 / settle_type of the bill',
  settle_sub_type int COMMENT '账单的子结算类型 / settle_sub_type of the bill',
  walk_account_id string COMMENT '发现变动的那次拉取所属的账户，即 jobs.yaml 中配置的账户 / the configured account whose walk found the change',
  shop_order_id string COMMENT '账单的订单号 / order of the bill',
  change string COMMENT '变动：added 增加、removed 减少、changed 变更 / added, removed or changed',
  columns array<string> COMMENT '账单中不同的列 / the columns of bills that differ',
  old string COMMENT '这些列的原值，JSON 对象，值均为文本；原为 NULL 的不列 / their old values, a JSON object of texts; what was NULL is left out',
  new string COMMENT '这些列的新值，形式同上 / their new values, likewise',
  diff_total_fen bigint COMMENT '新旧 ledger_total 之差，没有的账单按 0 计 / new - old ledger_total, a missing bill counted as 0; signed fen',
  diff_goods_fen bigint COMMENT '新旧 goods 之差，没有的账单按 0 计 / new - old goods, a missing bill counted as 0; signed fen',
  old_generation bigint COMMENT '原值所在的批次 / generation of the day that had the old values',
  new_generation bigint COMMENT '新值所在的批次 / generation of the day that has the new values',
  restated_at timestamp COMMENT '构建变更后批次的时间 / when the new generation was built'
)
COMMENT '已发布的日子后来拉到的账单有增加、减少或变更的，每条一行。该日每次发布都带上之前的各行。 / One row per bill of a published day that a later walk found added, removed or changed. Each publication of the day carries the rows of the one before.'
PARTITIONED BY (
  bill_date date COMMENT '账单日（北京时间） / the day in UTC+8'
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
WITH SERDEPROPERTIES ('parquet.column.index.access' = 'false')
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://catering-lake/prod/restatements/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.bill_date.type' = 'date',
  'projection.bill_date.format' = 'yyyy-MM-dd',
  'projection.bill_date.range' = '2016-01-01,NOW+1DAYS',
  'storage.location.template' = 's3://catering-lake/prod/restatements/bill_date=${bill_date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS stores (
  root_account_id string COMMENT '列出该门店的根账户，即 jobs.yaml 中的 root_account_id；单独查询的账户为 NULL / the configured root account that the store is listed below; NULL where an account was asked for by itself',
  account_id string COMMENT '门店的账户；门店没有账户时为所查询的账户 / the store’s account; the account that was asked for where the store has none',
  account_name string COMMENT '门店账户的名称 / its name',
  poi_id string COMMENT '门店 ID / the store',
  poi_name string COMMENT '门店的名称 / its name',
  fetched_at timestamp COMMENT '收到该列表的时间 / when the list was received'
)
COMMENT '每家门店每晚一行：门店与其账户的名称，列于一次运行的最后一天。仅 stores: true 的任务有；没有行的日子没有文件。 / One row per store and night: the names of stores and of their accounts, as listed on the last day of a run. Only of jobs with stores: true; days without rows have no file.'
PARTITIONED BY (
  bill_date date COMMENT '账单日（北京时间） / the day in UTC+8'
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
WITH SERDEPROPERTIES ('parquet.column.index.access' = 'false')
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://catering-lake/prod/stores/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.bill_date.type' = 'date',
  'projection.bill_date.format' = 'yyyy-MM-dd',
  'projection.bill_date.range' = '2016-01-01,NOW+1DAYS',
  'storage.location.template' = 's3://catering-lake/prod/stores/bill_date=${bill_date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS withdrawals (
  account_id string COMMENT '收款账户 / the account that is paid',
  withdraw_id string COMMENT '提现单号 / withdrawal id',
  amount_fen bigint COMMENT '提现金额 / what was paid out; signed fen',
  status string COMMENT '平台原值；平台文档没有写明取值，含义由任务配置指定（withdrawals.statuses） / as received; the platform documents no values: the job’s configuration says what they mean (withdrawals.statuses)',
  withdraw_mode string COMMENT '平台原值；平台文档没有写明取值 / as received; the platform documents no values',
  launch_time timestamp COMMENT '发起提现的时间 / when it was launched',
  withdraw_time timestamp COMMENT '到账时间 / when it was paid',
  withdraw_msg string COMMENT '平台的说明，如失败原因 / the platform’s words, such as why it failed',
  settle_account string COMMENT '银行账号，只留末四位；归档中为原值 / number of the bank account, masked but for the last four; the archive keeps it as received',
  account_name string COMMENT '银行账户的户名 / in whose name the bank account is',
  bill_rows bigint COMMENT '其账单条数；没有取得或无法取得时为 NULL / bills that it pays; NULL where they were not fetched, or cannot be',
  bills_fen bigint COMMENT '其账单 fund_amount 之和，带符号；没有 fund_amount 的账单取 goods。方向不明的账单不计入 / sum of fund_amount of its bills, signed; of goods where a bill has no fund_amount. A bill of unknown direction is left out; signed fen',
  diff_fen bigint COMMENT '提现减账单合计 / amount less bills; signed fen',
  verdict string COMMENT 'tied 平、mismatched 差异、manual 手动提现、in_flight 在途、failed 失败、not_asked 未取明细 / tied, mismatched, manual, in_flight, failed or not_asked',
  logid string COMMENT '平台应答的日志 ID / the platform’s id of the answer',
  fetched_at timestamp COMMENT '收到答复的时间 / when the answer was received',
  archive_key string COMMENT '原始记录所在的归档对象 / the archive object that holds the raw record'
)
COMMENT '每笔提现一行，在发起提现的那一天（中国时间）。仅配置了 withdrawals 的任务有；没有行的日子没有文件。 / One row per withdrawal (提现), on the day on which it was launched in China. Only of jobs with withdrawals; days without rows have no file.'
PARTITIONED BY (
  bill_date date COMMENT '账单日（北京时间） / the day in UTC+8'
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
WITH SERDEPROPERTIES ('parquet.column.index.access' = 'false')
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://catering-lake/prod/withdrawals/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.bill_date.type' = 'date',
  'projection.bill_date.format' = 'yyyy-MM-dd',
  'projection.bill_date.range' = '2016-01-01,NOW+1DAYS',
  'storage.location.template' = 's3://catering-lake/prod/withdrawals/bill_date=${bill_date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS withdrawn_bills (
  account_id string COMMENT '收款账户 / the account that is paid',
  withdraw_id string COMMENT '提现单号 / the withdrawal',
  ledger_id string COMMENT '账单 ID / bill id',
  settle_type int COMMENT '账单的结算类型 / settle_type of the bill',
  settle_sub_type int COMMENT '账单的子结算类型 / settle_sub_type of the bill',
  billed_on string COMMENT 'bills 中该账单的账单日（YYYY-MM-DD）；已发布的日子都没有时为 NULL / the bill_date (YYYY-MM-DD) on which the table bills has it; NULL where no published day has',
  fund_amount_fen bigint COMMENT '提现明细中的款项金额，带符号 / fund_amount as the withdrawal lists it, signed; signed fen',
  goods_fen bigint COMMENT '提现明细中的商家实际结算金额，带符号 / goods as the withdrawal lists it, signed; signed fen',
  in_bills boolean COMMENT '为 false 时，该提现付的账单不在任何已发布的日子里 / false where the withdrawal pays a bill that no published day has'
)
COMMENT '提现的每条账单一行，在该笔提现发起的那一天（中国时间）。仅配置了 withdrawals 的任务有；没有行的日子没有文件。 / One row per bill of a withdrawal, on the day on which the withdrawal was launched in China. Only of jobs with withdrawals; days without rows have no file.'
PARTITIONED BY (
  bill_date date COMMENT '账单日（北京时间） / the day in UTC+8'
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
WITH SERDEPROPERTIES ('parquet.column.index.access' = 'false')
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://catering-lake/prod/withdrawn_bills/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.bill_date.type' = 'date',
  'projection.bill_date.format' = 'yyyy-MM-dd',
  'projection.bill_date.range' = '2016-01-01,NOW+1DAYS',
  'storage.location.template' = 's3://catering-lake/prod/withdrawn_bills/bill_date=${bill_date}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS manifest_files (
  bill_date string,
  generation bigint,
  units array<struct<account:struct<account:string,name:string>,state:string,stale:boolean,totals:struct<`rows`:bigint>,failure:struct<reason:string,logid:string>,certificate:struct<unavailable:struct<reason:string,logid:string>>>>
)
COMMENT '清单，每个日期与分桶一行，仅有视图 units 所读的部分 / The manifests, one row per day and bucket, as far as the view units reads them.'
STORED AS ION
LOCATION 's3://catering-lake/prod/_manifests/';

CREATE EXTERNAL TABLE IF NOT EXISTS resolution_files (
  walk_account_id string,
  order_key string,
  reason string,
  resolved_by string,
  resolved_at string,
  job string,
  diff_total_fen bigint,
  amounts string
)
COMMENT '视图 resolutions 所读 / What the view resolutions reads.'
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://catering-lake/prod/resolutions/';

CREATE EXTERNAL TABLE IF NOT EXISTS closing_files (
  bill_date string,
  job string,
  closed_by string,
  closed_at string,
  generation bigint
)
COMMENT '视图 closings 所读 / What the view closings reads.'
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://catering-lake/prod/closings/';

CREATE OR REPLACE VIEW store_names AS SELECT
  poi_id AS poi_id,
  max_by(poi_name, fetched_at) AS poi_name
FROM stores WHERE poi_id IS NOT NULL GROUP BY poi_id;

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

-- The same for people: Chinese names, amounts in yuan (exact decimals), times in UTC+8, words for codes.

CREATE OR REPLACE VIEW bills_zh AS SELECT
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
  settle_time + INTERVAL '8' HOUR AS "结算时间_北京时间",
  direction AS "收支方向",
  CAST(CAST(pay_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "实付_元",
  CAST(CAST(deduction_discount_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "团购券抵扣_元",
  CAST(CAST(merchant_ticket_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "商家优惠_元",
  CAST(CAST(platform_ticket_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "平台补贴_元",
  CAST(CAST(ledger_platform_ticket_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "参与结算的平台券_元",
  CAST(CAST(original_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "交易金额_元",
  CAST(CAST(ledger_total_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "应结算_元",
  CAST(CAST(total_commission_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "佣金合计_元",
  CAST(CAST(actual_insured_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "保险费_元",
  CAST(CAST(total_agent_merchant_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "服务商佣金_元",
  CAST(CAST(total_merchant_platform_service_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "软件服务费_元",
  CAST(CAST(total_operation_agent_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "代运营服务商佣金_元",
  CAST(CAST(talent_commission_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "达人佣金_元",
  CAST(CAST(broker_commission_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "撮合经纪服务费_元",
  CAST(CAST(clerk_commission_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "店员佣金_元",
  CAST(CAST(mall_store_goods_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "商场店铺分佣_元",
  CAST(CAST(goods_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "商家实际结算_元",
  CAST(CAST(fund_amount_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "款项金额_元",
  fund_amount_type AS "入账出账",
  CASE fund_amount_type WHEN 0 THEN '入账' WHEN 1 THEN '出账' ELSE CAST(fund_amount_type AS VARCHAR) || '（未知）' END AS "入账出账含义",
  extra AS "其他字段",
  logid AS "日志ID",
  fetched_at AS "获取时间",
  fetched_at + INTERVAL '8' HOUR AS "获取时间_北京时间",
  archive_key AS "存档文件"
FROM bills;

CREATE OR REPLACE VIEW settlements_zh AS SELECT
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
  CAST(CAST(settle_amount_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "分账金额_元",
  CAST(CAST(rake_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "平台服务费_元",
  CAST(CAST(commission_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "佣金_元",
  CAST(CAST(shares_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "分账方所得合计_元",
  shares AS "分账方所得明细_分",
  settle_detail AS "分账细节",
  settle_time AS "分账时间",
  settle_time + INTERVAL '8' HOUR AS "分账时间_北京时间",
  is_auto_settle AS "自动分账",
  message AS "结果说明",
  cp_extra AS "开发者自定义",
  source AS "来源",
  CASE source WHEN 'query' THEN '查询' WHEN 'callback' THEN '回调' WHEN 'both' THEN '查询与回调' ELSE source END AS "来源含义",
  asked_by AS "查询依据",
  app_id AS "小程序",
  logid AS "日志ID",
  fetched_at AS "获取时间",
  fetched_at + INTERVAL '8' HOUR AS "获取时间_北京时间"
FROM settlements;

CREATE OR REPLACE VIEW reconciliation_zh AS SELECT
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
    WHEN 'not_applicable' THEN CASE WHEN contains(reasons, 'no_key') THEN '缺单号' ELSE '不纳入比对' END END AS "对账结论",
  CASE WHEN doubts IS NOT NULL THEN '平账（存疑）：' || array_join(transform(doubts, r -> CASE r WHEN 'unknown_direction' THEN '收支方向不明' WHEN 'direction_conflict' THEN '收支方向矛盾' WHEN 'original_identity' THEN '交易金额不平' WHEN 'ledger_total_identity' THEN '应结算金额不平' WHEN 'goods_identity' THEN '商家实际结算不平' WHEN 'hidden_ticket_negative' THEN '隐藏的优惠为负' WHEN 'duplicate_conflict' THEN '同一账单内容不同' WHEN 'settle_day' THEN '结算时间不在账单日' WHEN 'settle_time' THEN '时间有误' WHEN 'unknown_enum' THEN '未知取值' WHEN 'negative_amount' THEN '金额带负号' WHEN 'bad_text' THEN '文字损坏' WHEN 'bad_id' THEN '单号有误' WHEN 'account_foreign' THEN '其他账户的账单' WHEN 'overflow' THEN '金额过大' WHEN 'settle_amount_identity' THEN '分账金额不平' WHEN 'settle_detail' THEN '分账细节无法解析' WHEN 'settlement_foreign' THEN '分账与所查单号不符' WHEN 'settlement_shared' THEN '分账对应多个订单' WHEN 'settlement_elsewhere' THEN '分账算在另一天' WHEN 'bill_removed' THEN '分账后账单被撤' WHEN 'callback_conflict' THEN '回调互相矛盾' WHEN 'callback_contradicts' THEN '回调与查询不一致' WHEN 'callback_unconfirmed' THEN '查询不到回调的分账' WHEN 'withdrawal_record' THEN '提现记录有误' WHEN 'withdrawal_status' THEN '提现状态未知' WHEN 'withdrawn_twice' THEN '账单被两次提现' WHEN 'withdrawn_not_in_bills' THEN '提现含查无的账单' WHEN 'withdrawn_before_first_day' THEN '提现含很早的账单' WHEN 'withdrawn_amount' THEN '提现与账单金额不符' WHEN 'withdrawn_no_direction' THEN '提现账单方向不明' ELSE r END), '；') END AS "存疑",
  matched_by AS "匹配方式",
  CASE matched_by WHEN 'item' THEN '子订单' WHEN 'order' THEN '当天订单' WHEN 'order_window' THEN '跨日订单' WHEN 'amount' THEN '逐笔金额' ELSE matched_by END AS "匹配方式含义",
  reasons AS "原因",
  array_join(array_sort(array_distinct(transform(reasons, r -> CASE WHEN r = 'total_differs' THEN '金额不符' WHEN r = 'fee_differs' THEN '平台服务费不符' WHEN r = 'commission_differs' THEN '佣金不符' WHEN r = 'net_differs' THEN '商家实际结算不符' WHEN r = 'total_not_billed' THEN '账单未给出金额' WHEN r = 'fee_not_billed' THEN '账单未给出平台服务费' WHEN r = 'commission_not_billed' THEN '账单未给出佣金' WHEN r = 'net_not_billed' THEN '账单未给出商家实际结算' WHEN r = 'total_not_settled' THEN '分账未给出金额' WHEN r = 'fee_not_settled' THEN '分账未给出平台服务费' WHEN r = 'commission_not_settled' THEN '分账未给出佣金' WHEN r = 'net_not_settled' THEN '分账未给出商家实际结算' WHEN r = 'nothing_compared' THEN '无可比金额' WHEN r = 'settlement_unexplained' THEN '多出的分账' WHEN r = 'bill_removed' THEN '账单已撤' WHEN r = 'settled_elsewhere' THEN '分账算在另一天' WHEN r = 'partly_billed' THEN '账单未到齐' WHEN substr(r, 1, 10) = 'offset_by:' THEN '由他组抵回' WHEN r = 'retry_in_flight' THEN '失败后重试中' WHEN r = 'not_asked' THEN '尚未查到答复' WHEN r = 'rule_never_answered' THEN '匹配规则未命中' WHEN r = 'no_key' THEN '缺单号' WHEN r = 'non_forward' THEN '退款、扣款及其他' WHEN r = 'not_configured' THEN '未接入分账' ELSE r END))), '；') AS "原因含义",
  COALESCE(NULLIF(array_join(array_sort(array_distinct(transform(reasons, r -> CASE WHEN r = 'total_differs' THEN '核对订单实付与分账金额，疑重复即报平台' WHEN r = 'fee_differs' THEN '核对合同费率' WHEN r = 'commission_differs' THEN '核对达人、服务商佣金设置' WHEN r = 'net_differs' THEN '核对分账方及比例' WHEN r = 'total_not_billed' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'fee_not_billed' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'commission_not_billed' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'net_not_billed' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'total_not_settled' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'fee_not_settled' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'commission_not_settled' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'net_not_settled' THEN '该项一方未提供，请商家从来客导出补核' WHEN r = 'nothing_compared' THEN '金额均未知，转异常处理' WHEN r = 'settlement_unexplained' THEN '查重复分账或缺失账单日' WHEN r = 'bill_removed' THEN '向平台核实账单为何被撤，已分出的款项是否退回' WHEN r = 'settled_elsewhere' THEN '到该笔分账的异常（分账算在另一天）所指的那一天核对；次卡等跨期订单可调大追溯天数' WHEN r = 'partly_billed' THEN '等追溯期过完；届时仍多的，按多分处理' WHEN substr(r, 1, 10) = 'offset_by:' THEN '无；与所指的组合并看' WHEN r = 'retry_in_flight' THEN '等；超 3 天催办' WHEN r = 'not_asked' THEN '排除故障后重跑' WHEN r = 'rule_never_answered' THEN '匹配规则或应用不对，先改配置' WHEN r = 'no_key' THEN '补单号或匹配规则' WHEN r = 'non_forward' THEN '另核退款、扣款' WHEN r = 'not_configured' THEN '接入分账应用' ELSE r END))), '；'), ''), CASE verdict WHEN 'matched' THEN '无' WHEN 'mismatched' THEN '从差额最大的查起，到后台核对该订单' WHEN 'bill_only' THEN '追溯期满仍无，提交工单；若整个账户都如此，先换一条匹配规则' WHEN 'settlement_only' THEN '查账户是否漏配：查询账户是否已配置，那一天是否失败，账单是否在追溯期之外；核销后 1 小时内撤销或退款的，永远不会有账单' WHEN 'pending' THEN '等，超 3 天催办；尚未查到答复的，排除故障后重跑' WHEN 'failed' THEN '按失败原因处理：进件、账户、余额；此后每晚会再查' WHEN 'not_applicable' THEN '无；缺单号的，补一条匹配规则' ELSE verdict END) AS "处理",
  cause AS "差异成因",
  bill_rows AS "账单数",
  settlement_rows AS "分账数",
  CAST(CAST(billed_total_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "账单金额_元",
  CAST(CAST(settled_total_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "分账金额_元",
  CAST(CAST(diff_total_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "金额差额_元",
  CAST(CAST(billed_fee_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "账单平台服务费_元",
  CAST(CAST(settled_fee_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "分账平台服务费_元",
  CAST(CAST(diff_fee_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "平台服务费差额_元",
  CAST(CAST(billed_commission_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "账单佣金_元",
  CAST(CAST(settled_commission_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "分账佣金_元",
  CAST(CAST(diff_commission_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "佣金差额_元",
  CAST(CAST(billed_net_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "账单商家实际结算_元",
  CAST(CAST(settled_net_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "分账商家实际结算_元",
  CAST(CAST(diff_net_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "商家实际结算差额_元",
  CAST(CAST(refund_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "退款金额_元",
  CAST(CAST(other_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "扣款及其他金额_元",
  first_settle_time AS "最早分账时间",
  first_settle_time + INTERVAL '8' HOUR AS "最早分账时间_北京时间",
  last_settle_time AS "最晚分账时间",
  last_settle_time + INTERVAL '8' HOUR AS "最晚分账时间_北京时间"
FROM reconciliation
  LEFT JOIN (SELECT bill_date, walk_account_id, group_key, rules AS doubts FROM doubts) AS d USING (bill_date, walk_account_id, group_key);

CREATE OR REPLACE VIEW exceptions_zh AS SELECT
  bill_date AS "账单日期",
  rule AS "异常类型",
  CASE rule WHEN 'unknown_direction' THEN '收支方向不明' WHEN 'direction_conflict' THEN '收支方向矛盾' WHEN 'original_identity' THEN '交易金额不平' WHEN 'ledger_total_identity' THEN '应结算金额不平' WHEN 'goods_identity' THEN '商家实际结算不平' WHEN 'hidden_ticket_negative' THEN '隐藏的优惠为负' WHEN 'duplicate_conflict' THEN '同一账单内容不同' WHEN 'settle_day' THEN '结算时间不在账单日' WHEN 'settle_time' THEN '时间有误' WHEN 'unknown_enum' THEN '未知取值' WHEN 'negative_amount' THEN '金额带负号' WHEN 'bad_text' THEN '文字损坏' WHEN 'bad_id' THEN '单号有误' WHEN 'account_foreign' THEN '其他账户的账单' WHEN 'overflow' THEN '金额过大' WHEN 'settle_amount_identity' THEN '分账金额不平' WHEN 'settle_detail' THEN '分账细节无法解析' WHEN 'settlement_foreign' THEN '分账与所查单号不符' WHEN 'settlement_shared' THEN '分账对应多个订单' WHEN 'settlement_elsewhere' THEN '分账算在另一天' WHEN 'bill_removed' THEN '分账后账单被撤' WHEN 'callback_conflict' THEN '回调互相矛盾' WHEN 'callback_contradicts' THEN '回调与查询不一致' WHEN 'callback_unconfirmed' THEN '查询不到回调的分账' WHEN 'withdrawal_record' THEN '提现记录有误' WHEN 'withdrawal_status' THEN '提现状态未知' WHEN 'withdrawn_twice' THEN '账单被两次提现' WHEN 'withdrawn_not_in_bills' THEN '提现含查无的账单' WHEN 'withdrawn_before_first_day' THEN '提现含很早的账单' WHEN 'withdrawn_amount' THEN '提现与账单金额不符' WHEN 'withdrawn_no_direction' THEN '提现账单方向不明' ELSE rule END AS "异常类型含义",
  CASE rule WHEN 'unknown_direction' THEN '核对资金流水方向，查清前不入账' WHEN 'direction_conflict' THEN '核对资金流水方向，查清前不入账' WHEN 'original_identity' THEN '勾稽不符，凭订单号、logid 报平台' WHEN 'ledger_total_identity' THEN '勾稽不符，凭订单号、logid 报平台' WHEN 'goods_identity' THEN '勾稽不符，凭订单号、logid 报平台' WHEN 'hidden_ticket_negative' THEN '勾稽不符，凭订单号、logid 报平台' WHEN 'duplicate_conflict' THEN '两版取一，另一版只留痕；核对哪一版为准' WHEN 'settle_day' THEN '跨日，仅提示，无需处理' WHEN 'settle_time' THEN '凭账单 ID 或分账单号、logid 报平台' WHEN 'unknown_enum' THEN '新类型，先确认科目' WHEN 'negative_amount' THEN '金额带负号，核对后入账' WHEN 'bad_text' THEN '仅提示，金额与单号不受影响' WHEN 'bad_id' THEN '在来客核对该订单，凭此单号无法查询分账' WHEN 'account_foreign' THEN '核对任务中的账户配置，凭 logid 报平台' WHEN 'overflow' THEN '暂不入账，凭 logid 报平台' WHEN 'settle_amount_identity' THEN '勾稽不符，凭订单号、logid 报平台' WHEN 'settle_detail' THEN '明细不可读，在来客查看' WHEN 'settlement_foreign' THEN '分账串单，人工确认归属' WHEN 'settlement_shared' THEN '分账串单，人工确认归属' WHEN 'settlement_elsewhere' THEN '为错误的，重跑所指的那一天；次卡等跨期订单可调大追溯天数' WHEN 'bill_removed' THEN '向平台核实账单为何被撤，已分出的款项是否退回' WHEN 'callback_conflict' THEN '以平台查询为准，复查' WHEN 'callback_contradicts' THEN '以平台查询为准，复查' WHEN 'callback_unconfirmed' THEN '以平台查询为准，复查' WHEN 'withdrawal_record' THEN '到来客核对这笔提现，凭提现单号报平台' WHEN 'withdrawal_status' THEN '到来客查明这笔提现是否到账，请运维把该状态的含义写进任务配置（withdrawals.statuses）' WHEN 'withdrawn_twice' THEN '到来客查明哪一笔付了该账单，凭两个提现单号报平台' WHEN 'withdrawn_not_in_bills' THEN '重拉该账单的日子；仍没有的，凭账单 ID 与提现单号报平台' WHEN 'withdrawn_before_first_day' THEN '拉取该账单的日子，或到来客核对该账单' WHEN 'withdrawn_amount' THEN '重拉该账单的日子；仍不同的，凭账单 ID 与提现单号报平台' WHEN 'withdrawn_no_direction' THEN '核对资金流水方向，查清前不入账' ELSE rule END AS "处理",
  CASE severity WHEN 'error' THEN '错误' WHEN 'warning' THEN '提醒' ELSE severity END AS "错误_提醒",
  account_id AS "收款账户",
  ledger_id AS "账单ID",
  shop_order_id AS "订单号",
  settle_id AS "分账单号",
  CAST(CAST(expected_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "应为_元",
  CAST(CAST(actual_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "实为_元",
  detail AS "说明",
  record AS "原始记录",
  archive_key AS "存档文件"
FROM exceptions;

CREATE OR REPLACE VIEW restatements_zh AS SELECT
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
  CAST(CAST(diff_total_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "应结算差额_元",
  CAST(CAST(diff_goods_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "实际结算差额_元",
  old_generation AS "变更前批次",
  new_generation AS "变更后批次",
  restated_at AS "变更时间",
  restated_at + INTERVAL '8' HOUR AS "变更时间_北京时间"
FROM restatements;

CREATE OR REPLACE VIEW stores_zh AS SELECT
  bill_date AS "账单日期",
  root_account_id AS "根账户",
  account_id AS "门店账户",
  account_name AS "门店账户名称",
  poi_id AS "门店ID",
  poi_name AS "门店名称",
  fetched_at AS "拉取时间",
  fetched_at + INTERVAL '8' HOUR AS "拉取时间_北京时间"
FROM stores;

CREATE OR REPLACE VIEW withdrawals_zh AS SELECT
  bill_date AS "账单日期",
  account_id AS "收款账户",
  withdraw_id AS "提现单号",
  CAST(CAST(amount_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "提现金额_元",
  status AS "平台状态",
  withdraw_mode AS "提现方式",
  launch_time AS "发起时间",
  launch_time + INTERVAL '8' HOUR AS "发起时间_北京时间",
  withdraw_time AS "到账时间",
  withdraw_time + INTERVAL '8' HOUR AS "到账时间_北京时间",
  withdraw_msg AS "提现说明",
  settle_account AS "收款卡号",
  account_name AS "开户名",
  bill_rows AS "账单条数",
  CAST(CAST(bills_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "账单合计_元",
  CAST(CAST(diff_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "差额_元",
  CASE verdict WHEN 'tied' THEN '平' WHEN 'mismatched' THEN '差异' WHEN 'manual' THEN '手动提现' WHEN 'in_flight' THEN '在途' WHEN 'failed' THEN '失败' WHEN 'not_asked' THEN '未取明细' ELSE verdict END AS "提现核对",
  CASE verdict WHEN 'tied' THEN '无' WHEN 'mismatched' THEN '到来客核对这笔提现，凭提现单号与 logid 报平台' WHEN 'manual' THEN '请到来客 财务首页 > 交易账户详情 核对' WHEN 'in_flight' THEN '等，超 3 天催办' WHEN 'failed' THEN '到来客核对收款账户，原因见 withdraw_msg' WHEN 'not_asked' THEN '到来客查这笔提现的账单，或等待：每次运行都会再取；几天仍取不到，请运维查看运行的失败原因' ELSE verdict END AS "处理",
  logid AS "日志ID",
  fetched_at AS "获取时间",
  fetched_at + INTERVAL '8' HOUR AS "获取时间_北京时间",
  archive_key AS "存档文件"
FROM withdrawals;

CREATE OR REPLACE VIEW withdrawn_bills_zh AS SELECT
  bill_date AS "账单日期",
  account_id AS "收款账户",
  withdraw_id AS "提现单号",
  ledger_id AS "账单ID",
  settle_type AS "结算类型",
  CASE settle_type WHEN 1 THEN '正向账单' WHEN 2 THEN '退款单' WHEN 3 THEN '退款手续费' WHEN 4 THEN '商家欠款欠收' WHEN 5 THEN '机构/达人发票逾期补偿' ELSE CAST(settle_type AS VARCHAR) || '（未知）' END AS "结算类型含义",
  settle_sub_type AS "子结算类型",
  CASE settle_sub_type WHEN 0 THEN '未设置' WHEN 21 THEN '商责赔付冻结' WHEN 22 THEN '商责赔付解冻' WHEN 23 THEN '商责赔付扣款' WHEN 24 THEN '商责赔付索赔' WHEN 25 THEN '商责扣罚冻结' WHEN 26 THEN '商责扣罚解冻' WHEN 27 THEN '商责扣罚扣款' WHEN 28 THEN '商责扣罚索赔' WHEN 30 THEN '以赔代退冻结' WHEN 31 THEN '以赔代退解冻' WHEN 32 THEN '以赔代退扣罚' WHEN 33 THEN '以赔代退索赔' ELSE CAST(settle_sub_type AS VARCHAR) || '（未知）' END AS "子结算类型含义",
  billed_on AS "账单日",
  CAST(CAST(fund_amount_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "款项金额_元",
  CAST(CAST(goods_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "商家实际结算_元",
  in_bills AS "账单已有"
FROM withdrawn_bills;

-- Accounts and days, from the manifests: what failed has no row in the tables, and one here.

CREATE OR REPLACE VIEW units AS SELECT
  u.account.account AS account,
  u.account.name AS name,
  CAST(m.bill_date AS DATE) AS day,
  u.state AS state,
  COALESCE(u.failure.reason, u.certificate.unavailable.reason) AS reason,
  COALESCE(u.failure.logid, u.certificate.unavailable.logid) AS logid,
  CAST(u.totals.rows AS BIGINT) AS bills,
  CAST(m.generation AS BIGINT) AS generation,
  COALESCE(CAST(u.stale AS BOOLEAN), false) AS stale
FROM manifest_files AS m CROSS JOIN UNNEST(transform(m.units, one -> ROW(one))) AS e (u);

CREATE OR REPLACE VIEW units_zh AS SELECT
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

CREATE OR REPLACE VIEW balances_zh AS SELECT
  bill_date AS "日期",
  b.account_id AS "收款账户",
  n.name AS "名称",
  CAST(CAST(opening_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "期初_元",
  CAST(CAST(in_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "入账_元",
  CAST(CAST(out_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "出账_元",
  CAST(CAST(withdrawn_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "提现_元",
  CAST(CAST(closing_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "期末待提现_元",
  bills_withdrawn AS "已提现账单",
  bills_waiting AS "待提现账单",
  bills_not_withdrawable AS "不可提现账单",
  CAST(CAST(waiting_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "当日账单待提现_元",
  date_diff('day', bill_date, max(bill_date) OVER ()) AS "账龄_天",
  CAST(CAST(unexplained_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "提现无对应账单_元"
FROM balances AS b LEFT JOIN account_names AS n ON n.account_id = b.account_id;

-- What people have noted by hand, which changes nothing in the tables.

CREATE OR REPLACE VIEW resolutions AS SELECT
  walk_account_id AS walk_account_id,
  order_key AS order_key,
  reason AS reason,
  resolved_by AS resolved_by,
  CAST(from_iso8601_timestamp(resolved_at) AT TIME ZONE 'UTC' AS timestamp(3)) AS resolved_at,
  job AS job,
  CAST(diff_total_fen AS BIGINT) AS diff_total_fen,
  amounts AS amounts,
  "$path" AS note
FROM resolution_files;

CREATE OR REPLACE VIEW closings AS SELECT
  CAST(bill_date AS DATE) AS bill_date,
  job AS job,
  closed_by AS closed_by,
  CAST(from_iso8601_timestamp(closed_at) AT TIME ZONE 'UTC' AS timestamp(3)) AS closed_at,
  CAST(generation AS BIGINT) AS generation,
  "$path" AS note
FROM closing_files;

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

CREATE OR REPLACE VIEW resolution_states_zh AS SELECT
  walk_account_id AS "查询账户",
  order_key AS "订单",
  CAST(CAST(diff_total_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "处理时差额_元",
  CASE state WHEN 'resolved' THEN '已处理' WHEN 'cleared' THEN '已核平' ELSE '金额已变，重新打开' END AS "状态",
  reason AS "处理说明",
  resolved_by AS "处理人",
  resolved_at AS "处理时间"
FROM resolution_states;

CREATE OR REPLACE VIEW closings_zh AS SELECT
  bill_date AS "账单日期",
  job AS "任务",
  closed_by AS "结账人",
  closed_at AS "结账时间",
  generation AS "批次"
FROM closings;

CREATE OR REPLACE VIEW changes_after_closing_zh AS SELECT
  bill_date AS "账单日期",
  walk_account_id AS "查询账户",
  ledger_id AS "账单ID",
  shop_order_id AS "订单号",
  change AS "变动",
  CAST(CAST(diff_total_fen AS DECIMAL(19, 0)) * 0.01 AS DECIMAL(19, 2)) AS "应结算差额_元",
  restated_at AS "变更时间",
  closed_by AS "结账人",
  closed_at AS "结账时间"
FROM changes_after_closing;
