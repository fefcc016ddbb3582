"""trino.py BILLWALK CLASSPATH LAKE JOB...: compares what Trino and DuckDB read of a lake.

CLASSPATH has the compiled trino/Server.java and Trino's test kit: a server with the Hive connector, over a copy of the lake
in a folder. It runs what the program prints for Trino; every table, view and saved query has the same rows in both, and its
reconciliation has the rows of billwalk's; JOB... are the arguments of `billwalk sql reconcile`. It needs Java 25
(JAVA_HOME) and the duckdb command.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import analyses
import ddl

# How a value is compared, by DuckDB's type: in Trino's SQL and in DuckDB's. Trino's times are in milliseconds.
MILLISECONDS = "CAST(date_diff('millisecond', TIMESTAMP '1970-01-01 00:00:00', {c}) AS VARCHAR)", "epoch_ms({c})::VARCHAR"
COMPARED = {
    "TIMESTAMP WITH TIME ZONE": MILLISECONDS,
    "TIMESTAMP": MILLISECONDS,
    "VARCHAR[]": ("array_join({c}, '|')", "array_to_string({c}, '|')"),
    "STRUCT(merchant_no VARCHAR, amount_fen BIGINT)[]": (
        "array_join(transform({c}, s -> s.merchant_no || ':' || CAST(s.amount_fen AS VARCHAR)), '|')",
        "array_to_string([s.merchant_no || ':' || s.amount_fen FOR s IN {c}], '|')",
    ),
}
TEXT = "CAST({c} AS VARCHAR)", "{c}::VARCHAR"
# Trino wants the folder of an external table to be there.
FOLDERS = "stores", "withdrawals", "withdrawn_bills", "resolutions", "closings"


class Trino:
    def __init__(self, classpath, folder):
        java = pathlib.Path(os.environ["JAVA_HOME"], "bin", "java")
        self.process = subprocess.Popen(
            [java, "-Xmx2g", "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp", classpath, "Server", folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, statement):
        """The rows that a statement answers."""
        self.process.stdin.write(re.sub(r"--.*", "", statement).strip().rstrip(";").replace("\n", " ") + "\n")
        self.process.stdin.flush()
        rows = []
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line == "ok":
                return rows
            if line.startswith("error "):
                raise RuntimeError(f"{line}\n{statement}")
            rows.append(tuple(line.split("\t")))
        raise RuntimeError("Trino has ended")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def escape(value):
    return "\\N" if value is None else value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def same(row, other):
    """Reports whether rows are equal. Trino rounds the times of the files, and cuts those of notes."""
    return all(x == y or len(x) == len(y) == 13 and x.isdigit() and y.isdigit() and abs(int(x) - int(y)) == 1 for x, y in zip(row, other))


def compare(trino, views, name, label):
    """Compares the rows of a table or view, whose columns both have in the same order, and returns whether they differ."""
    shown = {row[0].lower(): row[0] for row in trino.run(f"SHOW COLUMNS FROM {name}")}
    columns = ddl.duckdb(views, f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{label}' ORDER BY column_index;")
    renamed = list(shown.values())
    in_trino, in_duckdb = [], []
    for i, column in enumerate(columns):
        c = column["column_name"]
        if c == "note":
            continue  # the file's name in DuckDB, and its path in Trino
        other, ours = COMPARED.get(column["data_type"], TEXT)
        in_trino.append(other.format(c=f'"{shown.get(c.lower(), renamed[i])}"'))
        in_duckdb.append(ours.format(c=f'"{c}"') + f" AS c{i}")
    got = sorted(trino.run(f"SELECT {', '.join(in_trino)} FROM {name}"))
    want = sorted(tuple(escape(v) for v in row.values()) for row in ddl.duckdb(views, f"SELECT {', '.join(in_duckdb)} FROM \"{label}\";"))
    print(f"{name}: {len(got)} rows, {len(in_trino)} columns", flush=True)
    for g, w in zip(got, want):
        if not same(g, w):
            print("  " + "; ".join(f"{c['column_name']}: Trino says {x!r}, DuckDB {y!r}" for c, x, y in zip(columns, g, w) if x != y))
            return True
    return len(got) != len(want) or len(columns) != len(shown)


def main(billwalk, classpath, lake, *job):
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = f"{folder}/lake"
        shutil.copytree(lake, copy, ignore=shutil.ignore_patterns("archive", "reports"))
        for name in FOLDERS:
            os.makedirs(f"{copy}/{name}", exist_ok=True)
        views = ddl.ddl(billwalk, "duckdb", copy)
        trino = Trino(classpath, folder)
        printed = ddl.ddl(billwalk, "trino", "s3://lake").replace("'s3://lake", "'local:///lake")
        for statement in ddl.statements(printed):
            trino.run(statement)
        names = re.findall(r"^CREATE (?:TABLE IF NOT EXISTS|OR REPLACE VIEW) ([a-z_]+) ", printed, re.M)
        labels = iter(re.findall(r'^CREATE OR REPLACE VIEW "([^"]+)" ', views, re.M))
        for name in names:
            if not name.endswith("_files"):
                wrong += compare(trino, views, name, next(labels) if name.endswith("_zh") else name)
        for name in analyses.queries(billwalk):
            trino.run(f"CREATE VIEW analysis_{name} AS {analyses.saved(billwalk, name, 'trino')[-1]}")
            in_duckdb = f"CREATE VIEW analysis_{name} AS {analyses.saved(billwalk, name, 'duckdb')[-1]};\n"
            wrong += compare(trino, views + in_duckdb, f"analysis_{name}", f"analysis_{name}")
        query = [billwalk, "sql", "reconcile", *job, "--dialect", "trino"]
        for statement in ddl.statements(subprocess.run(query, check=True, capture_output=True, text=True).stdout):
            trino.run(statement)
        columns = ", ".join(row[0] for row in trino.run("SHOW COLUMNS FROM reconciled"))
        ours, theirs = f"SELECT {columns} FROM reconciliation", f"SELECT {columns} FROM reconciled"
        found = trino.run(f"({ours} EXCEPT ALL {theirs}) UNION ALL ({theirs} EXCEPT ALL {ours})")
        print(f"reconciled: {trino.run('SELECT count(*) FROM reconciled')[0][0]} rows, {len(found)} differ", *found[:3], sep="\n  ")
        wrong += len(found)
        trino.stop()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
