-- The table bills of one day as DuckDB makes it from the archive: what `billwalk bench` compares replay with.
-- Run it in the lake's folder. :day is the day, :out the folder that it writes to.
-- The same columns as billwalk's, signed alike, but less work: no record is checked or counted twice, extra (JSON of
-- unknown fields) and code (dropped by default) are NULL.

COPY (
  SELECT
    r.account_id AS account_id,
    r.ledger_id AS ledger_id,
    walk_account_id,
    true AS counted,
    COALESCE(COALESCE(NULLIF(r.shop_order_id, ''), 'ext:' || NULLIF(r.order_ext_id, '')) || CASE WHEN r.settle_type = 1 THEN '' ELSE '#non-forward' END,
      'bill:' || r.account_id || '/' || r.ledger_id || '/' || r.settle_type || '/' || COALESCE(CAST(r.settle_sub_type AS VARCHAR), '')) AS group_key,
    r.biz_type AS biz_type,
    r.shop_order_id AS shop_order_id,
    r.item_order_id AS item_order_id,
    r.order_ext_id AS order_ext_id,
    r.certificate_id AS certificate_id,
    r.verify_id AS verify_id,
    r.poi_id AS poi_id,
    r.verify_poi_account_id AS verify_poi_account_id,
    r.sku_id AS sku_id,
    r.group_name AS group_name,
    CAST(NULL AS VARCHAR) AS code,
    r.settle_type AS settle_type,
    r.settle_type_desc AS settle_type_desc,
    r.settle_sub_type AS settle_sub_type,
    to_timestamp(r.settle_time) AS settle_time,
    direction,
    direction * r.amount.pay AS pay_fen,
    direction * r.amount.deduction_discount AS deduction_discount_fen,
    direction * r.amount.merchant_ticket AS merchant_ticket_fen,
    direction * r.amount.platform_ticket AS platform_ticket_fen,
    direction * r.amount.ledger_platform_ticket AS ledger_platform_ticket_fen,
    direction * r.amount.original AS original_fen,
    direction * r.amount.ledger_total AS ledger_total_fen,
    direction * r.amount.total_commission AS total_commission_fen,
    direction * r.amount.actual_insured AS actual_insured_fen,
    direction * r.amount.total_agent_merchant AS total_agent_merchant_fen,
    direction * r.amount.total_merchant_platform_service AS total_merchant_platform_service_fen,
    direction * r.amount.total_operation_agent AS total_operation_agent_fen,
    direction * r.amount.talent_commission AS talent_commission_fen,
    direction * r.amount.broker_commission AS broker_commission_fen,
    direction * r.amount.clerk_commission AS clerk_commission_fen,
    direction * r.amount.mall_store_goods AS mall_store_goods_fen,
    direction * r.amount.goods AS goods_fen,
    direction * r.fund_amount AS fund_amount_fen,
    r.fund_amount_type AS fund_amount_type,
    CAST(NULL AS VARCHAR) AS extra,
    logid,
    fetched_at,
    archive_key
  FROM (
    SELECT
      *,
      CASE
        WHEN r.fund_amount_type = 0 THEN 1
        WHEN r.fund_amount_type = 1 THEN -1
        WHEN r.settle_type = 1 THEN 1
        WHEN r.settle_type = 2 THEN -1
      END AS direction
    FROM (
      SELECT
        account AS walk_account_id,
        fetched_at,
        body.extra.logid AS logid,
        filename AS archive_key,
        unnest(body.data.ledger_records) AS r
      FROM read_json(
        'archive/bills/bill_date=:day/*/*.jsonl.zst',
        format = 'newline_delimited',
        compression = 'zstd',
        filename = true,
        columns = {
          account: 'VARCHAR',
          fetched_at: 'TIMESTAMPTZ',
          body: 'STRUCT(
            data STRUCT(
              ledger_records STRUCT(
                account_id VARCHAR,
                ledger_id VARCHAR,
                biz_type INTEGER,
                shop_order_id VARCHAR,
                item_order_id VARCHAR,
                order_ext_id VARCHAR,
                certificate_id VARCHAR,
                verify_id VARCHAR,
                poi_id VARCHAR,
                verify_poi_account_id VARCHAR,
                sku_id VARCHAR,
                group_name VARCHAR,
                settle_type INTEGER,
                settle_type_desc VARCHAR,
                settle_sub_type INTEGER,
                settle_time BIGINT,
                amount STRUCT(
                  pay BIGINT,
                  deduction_discount BIGINT,
                  merchant_ticket BIGINT,
                  platform_ticket BIGINT,
                  ledger_platform_ticket BIGINT,
                  original BIGINT,
                  ledger_total BIGINT,
                  total_commission BIGINT,
                  actual_insured BIGINT,
                  total_agent_merchant BIGINT,
                  total_merchant_platform_service BIGINT,
                  total_operation_agent BIGINT,
                  talent_commission BIGINT,
                  broker_commission BIGINT,
                  clerk_commission BIGINT,
                  mall_store_goods BIGINT,
                  goods BIGINT),
                fund_amount_type INTEGER,
                fund_amount BIGINT)[]),
            extra STRUCT(logid VARCHAR))'
        }
      )
    )
  )
  ORDER BY account_id, ledger_id
) TO ':out/bills.parquet' (FORMAT parquet, COMPRESSION zstd);
