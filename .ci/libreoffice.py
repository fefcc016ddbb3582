"""libreoffice.py WORKBOOK: opens a report's workbook in LibreOffice, and reads back what it saves.

Every sheet has to have the same cells: texts (ids among them) to the letter, amounts to the
fen. The values beside the formulas are falsified first, so that those which come back are
LibreOffice's own. It needs openpyxl and the command soffice.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

import openpyxl

FALSE = b"123456789"
ALWAYS = """<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""


def falsified(source, target):
    """falsified copies a workbook with wrong values beside its formulas, and returns how many."""
    formulas = 0
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            data, n = re.subn(rb"(<f>[^<]+</f><v>)[^<]*(</v>)", rb"\g<1>" + FALSE + rb"\g<2>", old.read(part))
            new.writestr(part.filename, data)
            formulas += n
    return formulas


def saved(workbook, folder):
    """saved has LibreOffice calculate a workbook anew, and returns what it saves."""
    (folder / "user").mkdir()
    (folder / "user" / "registrymodifications.xcu").write_text(ALWAYS)
    command = ["soffice", f"-env:UserInstallation={folder.as_uri()}", "--headless", "--convert-to", "xlsx", "--outdir", str(folder), str(workbook)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300)
    return folder / workbook.name


def cells(sheet):
    """cells returns the cells of a sheet that have a value, each with its type and number format."""
    return {c.coordinate: (c.data_type, c.value, c.number_format.replace("\\", "")) for row in sheet.iter_rows() for c in row if c.value is not None}


source = pathlib.Path(sys.argv[1]).resolve()
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / "false").mkdir()
    formulas = falsified(source, folder / "false" / source.name)
    ours = openpyxl.load_workbook(source, data_only=True)
    theirs = openpyxl.load_workbook(saved(folder / "false" / source.name, folder), data_only=True)
assert formulas > 20, formulas
assert ours.sheetnames == theirs.sheetnames, theirs.sheetnames
compared = 0
for sheet in ours:
    want, got = cells(sheet), cells(theirs[sheet.title])
    wrong = {at: (want.get(at), got.get(at)) for at in want.keys() | got.keys() if want.get(at) != got.get(at)}
    assert not wrong, (sheet.title, len(wrong), dict(list(wrong.items())[:5]))
    compared += len(want)
print(f"LibreOffice: {len(ours.sheetnames)} sheets and {compared} cells are the same, {formulas} formulas calculated anew")
