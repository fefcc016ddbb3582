"""Compares what the saved queries answer in Spark and in DuckDB, row for row."""
import functools
import subprocess

import ddl


@functools.cache
def queries(billwalk):
    """The names of the analyses, as the help has them."""
    text = subprocess.run([billwalk, "sql", "--help"], check=True, capture_output=True, text=True).stdout
    listed = next(line for line in text.splitlines() if line.startswith("Queries: "))
    return [name for name in listed.removeprefix("Queries: ").split(", ") if name != "reconcile"]


@functools.cache
def saved(billwalk, name, dialect):
    done = subprocess.run([billwalk, "sql", name, "--dialect", dialect], check=True, capture_output=True, text=True)
    return [statement.rstrip(";\n") for statement in ddl.statements(done.stdout)]


def compare_all(spark, billwalk, lake, wanted):
    """Compares the wanted ones, in the database of ddl.compare_all, and returns how many differ."""
    views, comparisons = ddl.ddl(billwalk, "duckdb", lake), []
    for name in filter(wanted, queries(billwalk)):
        *settings, query = saved(billwalk, name, "spark")
        for setting in settings:
            spark.sql(setting)
        spark.sql(f"CREATE OR REPLACE TEMP VIEW analysis_{name} AS {query}")
        columns = [field.name for field in spark.table(f"analysis_{name}").schema.fields]
        views += f"CREATE VIEW analysis_{name} AS {saved(billwalk, name, 'duckdb')[-1]};\n"
        comparisons.append(ddl.Comparison(spark, f"analysis_{name}", f"analysis_{name}", columns))
    return ddl.count_different(spark, views, comparisons)
