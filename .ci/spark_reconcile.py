"""spark_reconcile.py [--large] FOLDER...: reconciles with Spark, and compares the rows with what is in the folder.

A folder has the tables bills, settlements and reconciliation, and reconcile.sql, which `billwalk sql reconcile --dialect spark`
prints. The cluster is a master and two workers; one worker is killed while the last folder is reconciled. With --large the
settings are Spark's own but for 2 GiB an executor, and it prints what each statement cost, and how far the costs of the
folders are from a straight line over their bills; more than a quarter is an error. It needs pyspark and Java.
"""
import concurrent.futures
import json
import pathlib
import sys
import tempfile
import time

from pyspark.sql import SparkSession

from spark_cluster import JVM, Cluster

sys.path.append(str(pathlib.Path(__file__).parent.parent / "deploy" / "spark"))
from reconcile import read, statements # noqa: E402

SMALL = {
    "spark.executor.memory": "700m",
    "spark.driver.extraJavaOptions": " ".join(JVM),
    "spark.executor.extraJavaOptions": " ".join(JVM),
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",  # compiling costs more than it saves on small tables
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
LARGE = {
    "spark.executor.memory": "2g",
    "spark.driver.memory": "2g",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.rolling.enabled": "false",
    "spark.eventLog.compress": "false",
}


def session(cluster, folder, settings):
    builder = (
        SparkSession.builder.master(cluster.url)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.local.dir", f"{folder}/local")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", f"{folder}/warehouse")
        .config("spark.eventLog.dir", f"file:{folder}/events")
    )
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def reconcile(spark, folder, kill=None):
    """Runs the statements, and returns the name, begin and end of each; kill is called while one of the middle is at work."""
    read(spark, folder, ["bills", "settlements", "reconciliation"])
    listed = list(statements(pathlib.Path(folder, "reconcile.sql").read_text()))
    ran = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for i, statement in enumerate(listed):
            began = time.time()
            done = pool.submit(spark.sql, statement)
            if kill and i >= len(listed) // 2:
                while not done.done() and not spark.sparkContext.statusTracker().getActiveStageIds():
                    time.sleep(0.01)
                if not done.done():
                    kill()
                    kill = None
            done.result()
            ran.append((statement.partition(" AS")[0].split()[-3 if "USING" in statement else -1], began, time.time()))
    if kill:
        raise RuntimeError("no worker was killed: no statement was at work")
    return ran


def differences(spark):
    columns = ", ".join(spark.table("reconciled").columns)
    ours, theirs = f"SELECT {columns} FROM reconciliation", f"SELECT {columns} FROM reconciled"
    return spark.sql(
        f"SELECT 'billwalk' AS only_in, * FROM ({ours} EXCEPT ALL {theirs}) UNION ALL SELECT 'Spark', * FROM ({theirs} EXCEPT ALL {ours})"
    ).collect()


def tasks(events):
    """Of each task that has ended: when it began, its CPU seconds, the MiB that it spilled to disk, and whether it failed."""
    for path in pathlib.Path(events).iterdir():
        for line in path.open():
            if '"Event":"SparkListenerTaskEnd"' in line:
                event = json.loads(line)
                metrics = event.get("Task Metrics") or {}
                yield (event["Task Info"]["Launch Time"] / 1000, metrics.get("Executor CPU Time", 0) / 1e9,
                       metrics.get("Disk Bytes Spilled", 0) / 2**20, event["Task Info"]["Failed"])


def costs(events, runs):
    """Prints what each run cost, and returns the CPU seconds of each."""
    ended, cpu = list(tasks(events)), []
    for folder, bills, ran in runs:
        total = []
        for name, began, end in ran:
            mine = [t for t in ended if began <= t[0] <= end]
            total += mine
            if len(mine) > 0:
                print(f"  {name}: {end - began:.1f} s, CPU {sum(t[1] for t in mine):.1f} s, {sum(t[2] for t in mine):.0f} MiB spilled, {len(mine)} tasks")
        cpu.append(sum(t[1] for t in total))
        print(f"{folder}: {bills} bills in {ran[-1][2] - ran[0][1]:.0f} s, CPU of the tasks {cpu[-1]:.0f} s, {cpu[-1] / bills * 1e6:.0f} µs a bill, "
              f"{sum(t[2] for t in total):.0f} MiB spilled, {sum(t[3] for t in total)} tasks failed", flush=True)
    return cpu


def bent(runs, cpu):
    """By how much, at most, costs are beside the line from the smallest to the largest run."""
    points = sorted((bills, seconds) for (_, bills, _), seconds in zip(runs, cpu))
    (few, low), (many, high) = points[0], points[-1]
    return max(abs(seconds / (low + (high - low) * (bills - few) / (many - few)) - 1) for bills, seconds in points)


def main(folders):
    large = folders[:1] == ["--large"]
    folders = folders[1:] if large else folders
    wrong, runs = 0, []
    with tempfile.TemporaryDirectory() as temporary:
        pathlib.Path(temporary, "events").mkdir()
        cluster = Cluster(f"{temporary}/cluster", memory="2g" if large else "1g")
        try:
            spark = session(cluster, temporary, LARGE if large else SMALL)
            spark.sparkContext.setLogLevel("OFF") # of the worker that is killed, too
            print("Spark", spark.version, flush=True)
            for i, folder in enumerate(folders):
                ran = reconcile(spark, folder, cluster.kill_worker if i == len(folders) - 1 else None)
                found = differences(spark)
                runs.append((folder, spark.table("bills").count(), ran))
                print(f"{folder}: {spark.table('reconciled').count()} rows, {len(found)} differ, {ran[-1][2] - ran[0][1]:.0f} s", flush=True)
                for row in found[:6]:
                    print(" ", row)
                wrong += len(found)
            spark.stop()
        finally:
            cluster.stop()
        if large:
            cpu = costs(f"{temporary}/events", runs)
            whole = runs[:-1], cpu[:-1]  # but for the run that lost a worker
            if len({bills for _, bills, _ in whole[0]}) > 2:
                beside = bent(*whole)
                print(f"beside the straight line by {beside * 100:.0f} % at most")
                wrong += beside > 0.25
    return 1 if wrong or not folders else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
