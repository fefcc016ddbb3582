"""readers.py LAKE: compares what ClickHouse (chdb), polars and pyarrow read of every table of the lake with DuckDB.

Of each column they agree on how many values it has, and on their sum (numbers), total length and
greatest value (text), instants (times), or total number of items (lists).
"""
import json
import pathlib
import subprocess
import sys

import chdb
import polars
import pyarrow.compute as pc
import pyarrow.dataset


def text(value):
    return "0" if value is None else str(value)


def duckdb(files, columns):
    by_kind = {
        "number": ["count({c})", "sum({c})"],
        "text": ["count({c})", "sum(strlen({c}))", "max({c})"],
        "time": ["count({c})", "sum(epoch_us({c})::HUGEINT)"],
        "list": ["sum(len({c}))"],
    }
    listed = ", ".join(f"""coalesce(({q.format(c=f'"{name}"')})::VARCHAR, '0')""" for name, kind in columns for q in by_kind[kind])
    sql = f"SELECT [count(*)::VARCHAR, {listed}] AS a FROM read_parquet('{files}')"
    done = subprocess.run(["duckdb", "-no-init", "-bail", "-json", "-c", sql], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)[0]["a"]


def clickhouse(files, columns):
    by_kind = {
        "number": ["count({c})", "sum(toInt128({c}))"],
        "text": ["count({c})", "sum(length({c}))", "if(count({c}) = 0, '0', max({c}))"],
        "time": ["count({c})", "sum(toInt128(toUnixTimestamp64Micro({c})))"],
        "list": ["sum(length({c}))"],
    }
    listed = ", ".join(f"ifNull(toString({q.format(c=f'`{name}`')}), '0')" for name, kind in columns for q in by_kind[kind])
    return json.loads(str(chdb.query(f"SELECT toString(count()), {listed} FROM file('{files}', Parquet)", "JSONCompactEachRow")).strip())


def in_polars(files, columns):
    frame = polars.read_parquet(files, hive_partitioning=True)
    assert "bill_date" in frame.columns
    answer = [str(frame.height)]
    for name, kind in columns:
        c = frame[name]
        if kind == "list":
            answer.append(text(c.list.len().sum()))
            continue
        answer.append(str(c.count()))
        if kind == "number":
            answer.append(text(c.cast(polars.Int64).sum()))
        elif kind == "time":
            answer.append(text(c.dt.epoch("us").cast(polars.Int128).sum()))
        else:
            answer += [text(c.str.len_bytes().sum()), text(c.max())]
    return answer


def in_pyarrow(folder, columns):
    table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
    assert "bill_date" in table.column_names
    answer = [str(table.num_rows)]
    for name, kind in columns:
        c = table[name]
        if kind == "list":
            answer.append(text(pc.sum(pc.list_value_length(c)).as_py()))
            continue
        answer.append(str(pc.count(c).as_py()))
        if kind == "number":
            answer.append(text(pc.sum(c.cast(pyarrow.int64())).as_py()))
        elif kind == "time":
            answer.append(text(sum(v for v in c.cast(pyarrow.int64()).to_pylist() if v is not None)))
        else:
            answer += [text(pc.sum(pc.binary_length(c)).as_py()), text(pc.max(c).as_py())]
    return answer


def kind_of(column):
    if pyarrow.types.is_list(column.type):
        return "list"
    if pyarrow.types.is_timestamp(column.type):
        return "time"
    return "text" if pyarrow.types.is_string(column.type) else "number"


def main(lake):
    tables = sorted({path.parent.parent.name for path in pathlib.Path(lake).glob("*/bill_date=*/*.parquet")})
    wrong = 0
    for table in tables:
        folder = f"{lake}/{table}"
        files = f"{folder}/*/*.parquet"
        first = next(pathlib.Path(folder).glob("*/*.parquet"))
        columns = [(c.name, kind_of(c)) for c in pyarrow.dataset.dataset(first).schema]
        want = duckdb(files, columns)
        answers = {"ClickHouse": clickhouse(files, columns), "polars": in_polars(files, columns), "pyarrow": in_pyarrow(folder, columns)}
        print(f"{table}: {want[0]} rows, {len(columns)} columns")
        for engine, got in answers.items():
            if got != want:
                wrong += 1
                print(f"  {engine} differs: {[(g, w) for g, w in zip(got, want) if g != w][:5]}")
    return 1 if wrong or not tables else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
