-- The table settlements of one day as DuckDB makes it from the archive, and after it reconciliation: what `billwalk bench`
-- compares replay with. It continues bills.sql, which has written bills.parquet. :day is the day, :out the folder.
-- The last statement of the comparison is reconcile.sql, which reads both tables.

COPY (
  SELECT
    settle_id,
    nullif(order_id, '') AS order_id,
    nullif(out_settle_no, '') AS out_settle_no,
    nullif(out_order_no, '') AS out_order_no,
    nullif(item_order_id, '') AS item_order_id,
    CAST(NULL AS VARCHAR) AS walk_account_id,
    CAST(NULL AS VARCHAR) AS group_key,
    settle_status,
    settle_amount AS settle_amount_fen,
    rake AS rake_fen,
    commission AS commission_fen,
    list_sum(list_transform(amounts, lambda a: CAST(a AS BIGINT))) AS shares_fen,
    list_transform(list_zip(merchants, amounts), lambda s: {'merchant_no': s[1], 'amount_fen': CAST(s[2] AS BIGINT)}) AS shares,
    settle_detail,
    make_timestamptz(coalesce(nullif(settle_time, 0), settle_at) * 1000) AS settle_time,
    CAST(NULL AS BOOLEAN) AS is_auto_settle,
    CAST(NULL AS VARCHAR) AS message,
    cp_extra,
    'query' AS source,
    asked_by,
    CAST(NULL AS VARCHAR) AS app_id,
    logid,
    fetched_at
  FROM (
    SELECT
      s.*,
      regexp_extract_all(s.settle_detail, '商户号 *([0-9]+)', 1) AS merchants,
      regexp_extract_all(s.settle_detail, '分成金额 *[(（] *分 *[)）] *([0-9]+)', 1) AS amounts,
      asked_by,
      logid,
      fetched_at
    FROM (
      SELECT
        parameter || ': ' || "column" AS asked_by,
        body.extra.logid AS logid,
        fetched_at,
        unnest(body.data) AS s
      FROM read_json(
        'archive/settlements/bill_date=:day/*/*.jsonl.zst',
        format = 'newline_delimited',
        compression = 'zstd',
        columns = {
          parameter: 'VARCHAR',
          "column": 'VARCHAR',
          fetched_at: 'TIMESTAMPTZ',
          body: 'STRUCT(
            data STRUCT(
              settle_id VARCHAR,
              order_id VARCHAR,
              out_settle_no VARCHAR,
              out_order_no VARCHAR,
              item_order_id VARCHAR,
              settle_status VARCHAR,
              settle_amount BIGINT,
              rake BIGINT,
              commission BIGINT,
              settle_detail VARCHAR,
              settle_time BIGINT,
              settle_at BIGINT,
              cp_extra VARCHAR)[],
            extra STRUCT(logid VARCHAR))'
        }
      )
    )
  )
  QUALIFY row_number() OVER (PARTITION BY settle_id ORDER BY fetched_at DESC) = 1
  ORDER BY settle_id
) TO ':out/settlements.parquet' (FORMAT parquet, COMPRESSION zstd);

CREATE VIEW bills AS SELECT DATE ':day' AS bill_date, * FROM read_parquet(':out/bills.parquet');
CREATE VIEW settlements AS SELECT DATE ':day' AS bill_date, * FROM read_parquet(':out/settlements.parquet');
