"""spark_reconcile.py FOLDER...: reconciles with Spark, and compares the rows with what is in the folder.

A folder has the tables bills, settlements and reconciliation, and reconcile.sql, which `billwalk sql reconcile --dialect spark`
prints. The cluster is a master and two workers; one worker is killed while the first folder is reconciled.
It needs pyspark and Java.
"""
import concurrent.futures
import pathlib
import sys
import tempfile
import time

from pyspark.sql import SparkSession

from spark_cluster import JVM, Cluster

sys.path.append(str(pathlib.Path(__file__).parent.parent / "deploy" / "spark"))
from reconcile import read, statements # noqa: E402


def session(cluster, folder):
    options = " ".join(JVM)
    return (
        SparkSession.builder.master(cluster.url)
        .config("spark.driver.extraJavaOptions", options)
        .config("spark.executor.extraJavaOptions", options)
        .config("spark.executor.memory", "700m")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", f"{folder}/warehouse")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.codegen.wholeStage", "false") # compiling costs more than it saves on small tables
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .getOrCreate()
    )


def reconcile(spark, folder, kill=None):
    """Runs the statements; kill is called while one of the middle is at work."""
    read(spark, folder, ["bills", "settlements", "reconciliation"])
    listed = list(statements(pathlib.Path(folder, "reconcile.sql").read_text()))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for i, statement in enumerate(listed):
            done = pool.submit(spark.sql, statement)
            if kill and i >= len(listed) // 2:
                while not done.done() and not spark.sparkContext.statusTracker().getActiveStageIds():
                    time.sleep(0.01)
                if not done.done():
                    kill()
                    kill = None
            done.result()
    if kill:
        raise RuntimeError("no worker was killed: no statement was at work")


def differences(spark):
    columns = ", ".join(spark.table("reconciled").columns)
    ours, theirs = f"SELECT {columns} FROM reconciliation", f"SELECT {columns} FROM reconciled"
    return spark.sql(
        f"SELECT 'billwalk' AS only_in, * FROM ({ours} EXCEPT ALL {theirs}) UNION ALL SELECT 'Spark', * FROM ({theirs} EXCEPT ALL {ours})"
    ).collect()


def main(folders):
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        cluster = Cluster(f"{temporary}/cluster")
        try:
            spark = session(cluster, temporary)
            spark.sparkContext.setLogLevel("OFF") # of the worker that is killed, too
            print("Spark", spark.version, flush=True)
            for i, folder in enumerate(folders):
                reconcile(spark, folder, cluster.kill_worker if i == 0 else None)
                found = differences(spark)
                print(f"{folder}: {spark.table('reconciled').count()} rows, {len(found)} differ", flush=True)
                for row in found[:6]:
                    print(" ", row)
                wrong += len(found)
            spark.stop()
        finally:
            cluster.stop()
    return 1 if wrong or not folders else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
