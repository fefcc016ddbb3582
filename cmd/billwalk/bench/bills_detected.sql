-- As bills.sql, but nothing is said of the records: DuckDB finds the members and their types by itself, and writes them as they are.

COPY (
  FROM (
    SELECT account, fetched_at, unnest(body.data.ledger_records, recursive := true)
    FROM read_json(
      'archive/bills/bill_date=:day/*/*.jsonl.zst',
      format = 'newline_delimited',
      compression = 'zstd',
      maximum_object_size = 67108864
    )
  )
  ORDER BY account_id, ledger_id
) TO ':out/bills.parquet' (FORMAT parquet, COMPRESSION zstd);
