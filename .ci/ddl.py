"""Compares `billwalk ddl spark` with `billwalk ddl duckdb`: every table and view has the same rows in both."""
import json
import re
import subprocess

# How a value is compared, by Spark's type: in Spark's SQL and in DuckDB's.
COMPARED = {
    "timestamp": ("CAST(unix_micros({c}) AS STRING)", "epoch_us({c})::VARCHAR"),
    "timestamp_ntz": ("date_format({c}, 'yyyy-MM-dd HH:mm:ss.SSSSSS')", "strftime({c}, '%Y-%m-%d %H:%M:%S.%f')"),
    "array<string>": ("array_join({c}, '|')", "array_to_string({c}, '|')"),
    "array<struct<merchant_no:string,amount_fen:bigint>>": (
        "array_join(transform({c}, s -> s.merchant_no || ':' || s.amount_fen), '|')",
        "array_to_string([s.merchant_no || ':' || s.amount_fen FOR s IN {c}], '|')",
    ),
}
TEXT = "CAST({c} AS STRING)", "{c}::VARCHAR"
NOTE = "left(note, length(note) - 9)"  # Spark has the file without the line


def ddl(billwalk, dialect, lake):
    return subprocess.run([billwalk, "ddl", dialect, "--lake", lake], check=True, capture_output=True, text=True).stdout


def statements(sql):
    """The statements, each of which ends with a semicolon at the end of a line."""
    lines = [line for line in sql.splitlines() if not line.startswith("--")]
    return [s for s in "\n".join(lines).split(";\n") if s.strip()]


def duckdb(views, query):
    done = subprocess.run(["duckdb", "-no-init", "-bail", "-json"], input=views + query, check=True, capture_output=True, text=True)
    return json.loads(done.stdout or "[]")


def compare(spark, views, name, duckdb_name, duckdb_columns):
    """Compares the rows of a table or view, and returns whether they differ."""
    fields = spark.table(name).schema.fields
    order = duckdb_columns if set(duckdb_columns) == {f.name for f in fields} else None  # bill_date is first in DuckDB, and last in a table of Spark
    if order:
        fields = sorted(fields, key=lambda f: order.index(f.name))
    if len(fields) != len(duckdb_columns):
        print(f"  {name} has {len(fields)} columns in Spark, and {len(duckdb_columns)} in DuckDB")
        return True
    kinds = [COMPARED.get(f.dataType.simpleString(), TEXT) for f in fields]
    in_spark = [k[0].format(c=f"`{f.name}`") + f" AS c{i}" for i, (k, f) in enumerate(zip(kinds, fields))]
    in_duckdb = [k[1].format(c=f'"{c}"') + f" AS c{i}" for i, (k, c) in enumerate(zip(kinds, duckdb_columns))]
    in_duckdb = [NOTE + f" AS c{i}" if c == "note" else q for i, (q, c) in enumerate(zip(in_duckdb, duckdb_columns))]
    got = [tuple(row) for row in spark.table(name).selectExpr(*in_spark).collect()]
    want = [tuple(row.values()) for row in duckdb(views, f"SELECT {', '.join(in_duckdb)} FROM {duckdb_name};")]
    key = lambda row: [(v is not None, v or "") for v in row]
    got, want = sorted(got, key=key), sorted(want, key=key)
    print(f"{name}: {len(got)} rows, {len(fields)} columns, {sum(f.metadata.get('comment') is not None for f in fields)} comments", flush=True)
    for g, w in zip(got, want):
        if g != w:
            for f, x, y in zip(fields, g, w):
                if x != y:
                    print(f"  {f.name}: Spark says {x!r}, DuckDB {y!r}")
            return True
    return len(got) != len(want)


def compare_all(spark, billwalk, lake, database, wanted):
    """Runs what is printed for Spark in a new database, and returns how many of the wanted tables and views differ."""
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")  # must not matter
    spark.sql(f"CREATE DATABASE {database}")
    spark.sql(f"USE {database}")
    printed, views = ddl(billwalk, "spark", lake), ddl(billwalk, "duckdb", lake)
    for statement in statements(printed):
        spark.sql(statement)
    columns = {}
    for row in duckdb(views, "SELECT table_name, list(column_name ORDER BY column_index) AS names FROM duckdb_columns() WHERE NOT internal GROUP BY table_name;"):
        columns[row["table_name"]] = row["names"] if isinstance(row["names"], list) else json.loads(row["names"])
    names = re.findall(r"^CREATE (?:TABLE IF NOT EXISTS|OR REPLACE VIEW) ([a-z_]+) ", printed, re.M)
    names = [name for name in names if not name.endswith("_files")]  # which DuckDB reads within its views
    labels = iter(re.findall(r'^CREATE OR REPLACE VIEW "([^"]+)" ', views, re.M))
    wrong = 0
    for name in names:
        label = next(labels) if name.endswith("_zh") else name
        if wanted(name):
            wrong += compare(spark, views, name, f'"{label}"', columns[label])
    return wrong
