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


class Comparison:
    """A table or view of Spark, and the one of DuckDB that has to have the same rows."""

    def __init__(self, spark, name, duckdb_name, duckdb_columns):
        self.name, fields = name, spark.table(name).schema.fields
        if set(duckdb_columns) == {f.name for f in fields}:  # bill_date is first in DuckDB, and last in a table of Spark
            fields = sorted(fields, key=lambda f: duckdb_columns.index(f.name))
        kinds = [COMPARED.get(f.dataType.simpleString(), TEXT) for f in fields]
        self.fields, self.columns = fields, duckdb_columns
        self.in_spark = [k[0].format(c=f"`{f.name}`") + f" AS c{i}" for i, (k, f) in enumerate(zip(kinds, fields))]
        values = [NOTE if c == "note" else k[1].format(c=f'"{c}"') for k, c in zip(kinds, duckdb_columns)]
        self.in_duckdb = f"SELECT '{name}' AS name, to_json(coalesce(list([{', '.join(values)}]), [])) AS rows FROM {duckdb_name}"

    def differs(self, spark, want):
        if len(self.fields) != len(self.columns):
            print(f"  {self.name} has {len(self.fields)} columns in Spark, and {len(self.columns)} in DuckDB")
            return True
        got = [tuple(row) for row in spark.table(self.name).selectExpr(*self.in_spark).collect()]
        key = lambda row: [(v is not None, v or "") for v in row]
        got, want = sorted(got, key=key), sorted((tuple(row) for row in want), key=key)
        print(f"{self.name}: {len(got)} rows, {len(self.fields)} columns, {sum(f.metadata.get('comment') is not None for f in self.fields)} comments", flush=True)
        for g, w in zip(got, want):
            if g != w:
                for f, x, y in zip(self.fields, g, w):
                    if x != y:
                        print(f"  {f.name}: Spark says {x!r}, DuckDB {y!r}")
                return True
        return len(got) != len(want)


def count_different(spark, views, comparisons):
    """Compares all, with one run of DuckDB, and returns how many differ."""
    if not comparisons:
        return 0
    rows = duckdb(views, " UNION ALL ".join(c.in_duckdb for c in comparisons) + ";")
    want = {row["name"]: row["rows"] if isinstance(row["rows"], list) else json.loads(row["rows"]) for row in rows}
    return sum(c.differs(spark, want[c.name]) for c in comparisons)


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
    labelled = [(name, next(labels) if name.endswith("_zh") else name) for name in names]
    return count_different(spark, views, [Comparison(spark, name, f'"{label}"', columns[label]) for name, label in labelled if wanted(name)])
