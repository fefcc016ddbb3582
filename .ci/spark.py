"""spark.py BILLWALK LAKE[=NAMES]... --reconcile FOLDER...: compares what Spark and DuckDB read of every table of the lakes.

Spark reads by columns and row by row, nested columns included: the row-by-row reader
is parquet-mr's own, as in Hive and older engines, and refuses more than the other. Then it
runs what the program prints for Spark. Last, it reconciles the folders, as spark_reconcile.py says.
It needs pyspark, Java and the duckdb command.
"""
import json
import pathlib
import re
import subprocess
import sys

import analyses
import ddl
import spark_cluster
import spark_reconcile
from pyspark.sql import SparkSession

READERS = {"by columns": "true", "row by row": "false"}

# What is compared of a column, by its type: aggregates in Spark's SQL and in DuckDB's.
TEXT = ["min({c})", "max({c})", "sum(length({c}))"], ["min({c})", "max({c})", "sum(length({c}))"]
NUMBER = ["min({c})", "max({c})", "sum({c})"], ["min({c})", "max({c})", "sum({c})"]
COMPARED = {
    "string": TEXT,
    "int": NUMBER,
    "bigint": NUMBER,
    "boolean": (["sum(if({c}, 1, 0))"], ["sum(if({c}, 1, 0))"]),
    "timestamp": (["min(unix_micros({c}))", "max(unix_micros({c}))"], ["min(epoch_us({c}))", "max(epoch_us({c}))"]),
    "array<string>": (
        ["min(array_join({c}, ' '))", "max(array_join({c}, ' '))", "sum(if({c} IS NULL, NULL, size({c})))"],
        ["min(array_to_string({c}, ' '))", "max(array_to_string({c}, ' '))", "sum(len({c}))"],
    ),
    "array<struct<merchant_no:string,amount_fen:bigint>>": (
        ["sum(if({c} IS NULL, NULL, size({c})))", "sum(aggregate({c}, 0L, (sum, s) -> sum + s.amount_fen))",
         "max(array_join(transform({c}, s -> s.merchant_no), ' '))"],
        ["sum(len({c}))", "sum(coalesce(list_sum([s.amount_fen FOR s IN {c}]), if({c} IS NULL, NULL, 0)))",
         "max(array_to_string([s.merchant_no FOR s IN {c}], ' '))"],
    ),
}


def tables(lake):
    """The names of a lake's tables."""
    found = {path.parent.parent.name for path in pathlib.Path(lake).glob("*/bill_date=*/*.parquet")}
    if not found:
        sys.exit(f"{lake} has no table")
    return sorted(found)


def aggregates(columns, engine):
    """The aggregates of all columns, in Spark's SQL (0) or DuckDB's (1)."""
    listed = ["count(*)"]
    for name, kind in columns:
        listed += [q.format(c=f'`{name}`' if engine == 0 else f'"{name}"') for q in ["count({c})"] + COMPARED[kind][engine]]
    return listed


def duckdb(files, columns):
    listed = ", ".join(f"({q})::VARCHAR" for q in aggregates(columns, 1))
    sql = f"SELECT [{listed}] AS answer FROM read_parquet('{files}', union_by_name = true)"
    done = subprocess.run(["duckdb", "-no-init", "-bail", "-json", "-c", sql], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)[0]["answer"]


def compare(spark, lake, table):
    """Compares one table, and returns how many aggregates differ."""
    wrong, want = 0, None
    for reader, vectorized in READERS.items():
        spark.conf.set("spark.sql.parquet.enableVectorizedReader", vectorized)
        spark.conf.set("spark.sql.parquet.enableNestedColumnVectorizedReader", vectorized)
        frame = spark.read.option("mergeSchema", "true").parquet(f"{lake}/{table}")
        columns = [(f.name, f.dataType.simpleString()) for f in frame.schema.fields if f.name != "bill_date"]
        got = [None if v is None else str(v) for v in frame.selectExpr(*aggregates(columns, 0)).collect()[0]]
        want = want or duckdb(f"{lake}/{table}/*/*.parquet", columns)
        print(f"{table}, {reader}: {got[0]} rows, {len(columns)} columns", flush=True)
        for aggregate, g, w in zip(aggregates(columns, 0), got, want):
            if g != w:
                wrong += 1
                print(f"  {aggregate}: Spark says {g}, DuckDB {w}")
    return wrong


def main(billwalk, *arguments):
    lakes, folders = arguments[:arguments.index("--reconcile")], arguments[arguments.index("--reconcile") + 1:]
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.extraJavaOptions", " ".join(spark_cluster.JVM))
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.adaptive.enabled", "false")  # it plans anew after each stage
        .config("spark.sql.codegen.wholeStage", "false")  # compiling costs more than it saves on small tables
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    print("Spark", spark.version)
    wrong = 0
    for number, (lake, _, names) in enumerate(lake.partition("=") for lake in lakes):
        wanted = lambda name: re.search(names, name)
        wrong += sum(compare(spark, lake, table) for table in tables(lake) if wanted(table))
        wrong += ddl.compare_all(spark, billwalk, lake, f"lake{number}", wanted)
        wrong += analyses.compare_all(spark, billwalk, lake, wanted)
    spark.stop()
    return spark_reconcile.main(list(folders)) or (1 if wrong or not lakes else 0)  # in the same JVM, which is warm


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
