"""workbook.py WORKBOOK LAKE: reads a report's workbook with openpyxl.

Every sum is added up again from the cells, without floating point, and has to be the value
beside its formula. The statements have to be what DuckDB finds in the lake, to the fen.
"""
import json
import re
import subprocess
import sys
from collections import Counter
from decimal import Decimal

import openpyxl

path, lake = sys.argv[1:]
values = openpyxl.load_workbook(path, data_only=True)
formulas = openpyxl.load_workbook(path)
assert values.sheetnames[:7] == ["日报", "调节表", "差异", "未分", "失败", "已处理", "退款"], values.sheetnames
assert values.sheetnames[-3:] == ["变更", "异常", "口径说明"], values.sheetnames


def number(cell):
    """number returns the exact value of a cell of money, whose shortest text has all digits."""
    assert cell.value is None or cell.data_type == "n", (cell.coordinate, cell.value)
    return Decimal(repr(cell.value)) if cell.value is not None else Decimal(0)


def added(sheet, text):
    """added returns the sum of a formula's ranges."""
    total = Decimal(0)
    for where, cells in re.findall(r"(?:'((?:[^']|'')*)'!)?([A-Z]+\d+(?::[A-Z]+\d+)?)", text):
        block = values[where.replace("''", "'") or sheet][cells]
        rows = block if isinstance(block, tuple) else ((block,),)
        total += sum(number(cell) for row in rows for cell in row)
    return total


sums = 0
for sheet in formulas:
    assert sheet.freeze_panes == "A2", sheet.title
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type != "f":
                assert not (isinstance(cell.value, str) and cell.data_type != "s"), cell.coordinate
                continue
            value = number(values[sheet.title][cell.coordinate])
            if match := re.fullmatch(r"=ROUND\(SUM\((.*)\),2\)", cell.value):
                expected = added(sheet.title, match[1])
            else:
                match = re.fullmatch(r"=ROUND\((B\d+)-SUM\((.*)\),2\)", cell.value)
                assert match, cell.value
                expected = added(sheet.title, match[1]) - added(sheet.title, match[2])
                assert expected == 0, f"{sheet.title} does not foot: {expected}"
            assert value == expected, (sheet.title, cell.coordinate, cell.value, value, expected)
            sums += 1

found, rows = Counter(), Counter()
for sheet in values:
    if sheet.title.startswith("对账单"):
        for row in sheet.iter_rows(min_row=2):
            if row[2].value is None:
                continue  # the sum
            assert row[1].data_type == row[2].data_type == "s", row[1].coordinate  # ids are text
            rows[row[1].value] += 1
            found[row[1].value] += number(row[9])

query = f"""SELECT walk_account_id AS account, count(*) AS n, coalesce(sum(ledger_total_fen) FILTER (WHERE counted IS NOT FALSE), 0)::VARCHAR AS fen
FROM read_parquet('{lake}/bills/*/*.parquet', hive_partitioning = true) GROUP BY 1"""
published = json.loads(subprocess.run(["duckdb", "-json", "-c", query], check=True, capture_output=True, text=True).stdout)
assert published, "the lake has no bills"
for account in published:
    assert rows[account["account"]] == account["n"], account
    assert found[account["account"]] == Decimal(account["fen"]) / 100, (account, found[account["account"]])
print(f"{len(values.sheetnames)} sheets, {sums} sums and {sum(rows.values())} bills of {len(published)} accounts agree")
