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
assert [name for name in values.sheetnames if name not in ("余额调节", "提现")][:13] == ["汇总", "日报", "调节表", "差异", "未分", "失败", "已处理", "费率", "存疑", "退款", "变更", "异常", "口径说明"], values.sheetnames


def number(cell):
    """number returns the exact value of a cell of money, whose shortest text has all digits."""
    assert cell.value is None or cell.data_type == "n", (cell.coordinate, cell.value)
    return Decimal(repr(cell.value)) if cell.value is not None else Decimal(0)


def ranges(sheet, text):
    """ranges returns the cells of each range that a formula names."""
    for where, cells in re.findall(r"(?:'((?:[^']|'')*)'!)?([A-Z]+\d+(?::[A-Z]+\d+)?)", text):
        block = values[where.replace("''", "'") or sheet][cells]
        yield [cell for row in (block if isinstance(block, tuple) else ((block,),)) for cell in row]


def added(sheet, text):
    """added returns the sum of a formula's ranges."""
    return sum((number(cell) for cells in ranges(sheet, text) for cell in cells), Decimal(0))


def counted(text):
    """counted returns how many rows have the texts that COUNTIFS names."""
    columns = [[cell.value for cell in cells] for cells in ranges("", re.sub(r',"[^"]*"', "", text))]
    return list(zip(*columns)).count(tuple(re.findall(r',"([^"]*)"', text)))


sums = 0
for sheet in formulas:
    assert sheet.freeze_panes == "A2" or sheet.title.startswith("对账函"), sheet.title
    assert sheet.page_setup.orientation == "landscape" and sheet.print_title_rows, sheet.title
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type != "f":
                assert not (isinstance(cell.value, str) and cell.data_type != "s"), cell.coordinate
                continue
            value = number(values[sheet.title][cell.coordinate])
            if match := re.fullmatch(r"=ROUND\(SUM\((.*)\),2\)", cell.value):
                expected = added(sheet.title, match[1])
            elif match := re.fullmatch(r"=SUM\((.*)\)", cell.value):
                expected = added(sheet.title, match[1])
            elif match := re.fullmatch(r"=COUNTA\((.*)\)", cell.value):
                expected = sum(c.value is not None for cells in ranges(sheet.title, match[1]) for c in cells)
            elif cell.value.startswith("=COUNTIFS("):
                expected = sum(counted(part) for part in cell.value.split("+COUNTIFS"))
            else:
                match = re.fullmatch(r"=ROUND\(([BH]\d+)-SUM\((.*)\),2\)", cell.value)
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



def asked(query):
    return json.loads(subprocess.run(["duckdb", "-json", "-c", query], check=True, capture_output=True, text=True).stdout or "[]")


bills = f"read_parquet('{lake}/bills/*/*.parquet', hive_partitioning = true)"
columns = {column["column_name"] for column in asked(f"DESCRIBE FROM {bills}")}
counts = "counted IS NOT FALSE" if "counted" in columns else "true"  # files of an earlier version lack it
published = asked(f"""SELECT walk_account_id AS account, count(*) AS n, coalesce(sum(ledger_total_fen) FILTER (WHERE {counts}), 0)::VARCHAR AS fen
FROM {bills} GROUP BY 1""")
assert published, "the lake has no bills"
for account in published:
    assert rows[account["account"]] == account["n"], account
    assert found[account["account"]] == Decimal(account["fen"]) / 100, (account, found[account["account"]])

# The sheets of an account have no id of another one.
owners = {}
for of in asked(f"""SELECT walk_account_id AS account, unnest([walk_account_id, ledger_id, shop_order_id, item_order_id, order_ext_id, certificate_id, code]) AS id FROM {bills}
UNION SELECT walk_account_id, unnest([shop_order_id, item_order_id]) FROM read_parquet('{lake}/reconciliation/*/*.parquet') WHERE walk_account_id <> ''"""):
    owners.setdefault(of["id"], set()).add(of["account"])
codes = {row["code"] for row in asked(f"SELECT DISTINCT code FROM {bills} WHERE code IS NOT NULL")}
letters = 0
for sheet in values:
    if not sheet.title.startswith(("对账函", "对账单")):
        continue
    account = re.match(r"账户 (\d+) ", sheet["A2"].value)[1] if sheet.title.startswith("对账函") else sheet["B2"].value
    letters += sheet.title.startswith("对账函")
    for row in sheet.iter_rows(values_only=True):
        for id in re.findall(r"\w{8,}", " ".join(str(value) for value in row if value is not None)):
            assert id not in codes, f"{sheet.title} has the coupon code {id}"
            assert account in owners.get(id, {account}), f"{sheet.title} has {id} of {owners[id]}"
assert letters >= len(published), letters

# The lists: every exception and every changed bill, ids as text, amounts to the fen.
def listed(title, *columns):
    titles = [cell.value for cell in values[title][1]]
    body = (row for row in values[title].iter_rows(min_row=2) if row[0].value not in (None, "合计"))
    return sorted([str(int(number(c) * 100)) if c.data_type == "n" and c.value is not None else c.value or "" for c in (row[titles.index(t)] for t in columns)] for row in body)


def tables(query):
    return sorted([value or "" for value in row.values()] for row in asked(query))


# What an exception says is in Chinese on the sheet: its ids are those of the table.
def with_ids(rows):
    return sorted([*row[:6], " ".join(sorted(re.findall(r"\d{8,}", row[6]))), row[7]] for row in rows)


exceptions = listed("异常", "日期", "账单号", "订单", "分账单号", "应为", "实为", "说明", "存档文件")
for row in exceptions:
    assert re.search("[\u4e00-\u9fff]", row[6]), f"{row} is not told in Chinese"
assert with_ids(exceptions) == with_ids(tables(f"""SELECT bill_date::VARCHAR d, ledger_id, shop_order_id, settle_id, expected_fen::VARCHAR e, actual_fen::VARCHAR a, detail, archive_key
FROM read_parquet('{lake}/exceptions/*/*.parquet', hive_partitioning = true)""")), "异常 is not the table exceptions"
changes = listed("变更", "账单日", "账户", "账单号", "订单", "应结算变动", "商家实际结算变动")
assert changes == tables(f"""SELECT bill_date::VARCHAR d, walk_account_id, ledger_id, shop_order_id, diff_total_fen::VARCHAR t, diff_goods_fen::VARCHAR g
FROM read_parquet('{lake}/restatements/*/*.parquet', hive_partitioning = true)"""), "变更 is not the table restatements"
print(f"{len(values.sheetnames)} sheets, {sums} sums, {sum(rows.values())} bills of {len(published)} accounts, {len(exceptions)} exceptions and {len(changes)} changes agree")
