"""Reconciles a lake on a Spark cluster:

    billwalk sql reconcile nightly --dialect spark > reconcile.sql
    spark-submit reconcile.py s3a://catering-lake/prod reconcile.sql s3a://catering-work/reconciled

The first argument is the lake, the last the folder that the rows are written to as Parquet, one
folder a day. README.md beside this file has the settings of the cluster.
"""
import re
import sys


def statements(text):
    """The statements of a script, each of which ends with a semicolon at the end of a line."""
    for statement in text.split(";\n"):
        if re.sub(r"--.*", "", statement).strip():
            yield statement


def read(spark, lake, tables):
    """Makes views of tables of the lake. A column that older files lack is NULL in their rows."""
    for table in tables:
        spark.read.option("mergeSchema", "true").parquet(f"{lake}/{table}").createOrReplaceTempView(table)


def main(lake, script, out):
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("billwalk reconcile").getOrCreate()
    read(spark, lake, ["bills", "settlements"])
    with open(script, encoding="utf-8") as file:
        for statement in statements(file.read()):
            spark.sql(statement)
    spark.table("reconciled").write.mode("overwrite").partitionBy("bill_date").parquet(out)
    spark.stop()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
