import importlib
import io
import re
import resource
import stat
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import tablib
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from apps.core.archives import MAX_ENTRIES, require_safe_zip
from apps.core.errors import Refused
from apps.core.sheets import (
    Column,
    GuardedXlsx,
    Sheet,
    process,
    read_cells,
    read_table,
    write_sheets,
    write_table,
)

NOON = datetime(2016, 1, 31, 12, tzinfo=UTC)
COLUMNS = [
    Column("项目", "item", max_length=20),
    Column("人数", "people", "count"),
    Column("标准（元）", "rate", "amount"),
    Column("比例", "share", "ratio", required=False),
    Column("日期", "on", "date", required=False),
    Column("证号", "number", "identifier", required=False, max_length=18),
]
HEADINGS = [column.name for column in COLUMNS]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(*rows: list, sheet_name: str = "表1") -> bytes:
    """An ordinary xlsx as a spreadsheet program would save it."""
    output = io.BytesIO()
    book = xlsxwriter.Workbook(output, {"in_memory": True})
    page = book.add_worksheet(sheet_name)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for line, row in enumerate(rows):
        for place, value in enumerate(row):
            if isinstance(value, date):
                page.write_datetime(line, place, value, day)
            elif value is not None:
                page.write(line, place, value)
    book.close()
    return output.getvalue()


def raw_workbook(
    sheet_data: str, *, strings: str = "", sheets: bool = True, extra: dict[str, bytes] | None = None
) -> bytes:
    """An xlsx written part by part, for what no spreadsheet program would save."""
    parts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/xml"/>'
            '<Override PartName="/xl/workbook.xml" ContentType="application/'
            'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" Type="{OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            + ('<sheet name="表1" sheetId="1" r:id="b"/>' if sheets else "")
            + "</sheets></workbook>"
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="b" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="c" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{sheet_data}</sheetData></worksheet>',
    }
    if strings:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>'
    return zipped(parts | (extra or {}))


def zipped(parts: dict[str, str | bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return output.getvalue()


ROW = ["体检费", 557, 400, 0.4, date(2016, 1, 31), "110101199003070011"]


def test_a_table_is_read_into_exact_values():
    table = read_table(workbook(HEADINGS, ROW), columns=COLUMNS)
    assert table.sheet == "表1"
    assert table.errors == ()
    (row,) = table.rows
    assert row.number == 2
    assert row.values == {
        "item": "体检费",
        "people": 557,
        "rate": Decimal("400.00"),
        "share": Decimal("0.4"),
        "on": date(2016, 1, 31),
        "number": "110101199003070011",
    }
    assert isinstance(row.values["people"], int)
    assert isinstance(row.values["rate"], Decimal)


def test_columns_may_stand_in_any_order_below_a_title_and_blank_rows_are_passed_over():
    data = workbook(
        ["2016年预算表"],
        [],
        ["标准 (元)", "人数\n", " 项目", "证号", "日期", "比例"],
        ["1,500.00", "２４５", " 津贴 ", None, "2016年1月31日", "40％"],
        [],
        [2000, 22, "津贴", "", "2016/2/1", ""],
    )
    table = read_table(data, columns=COLUMNS)
    assert [row.number for row in table.rows] == [4, 6]
    first, second = (row.values for row in table.rows)
    assert (first["item"], first["people"], first["rate"]) == ("津贴", 245, Decimal(1500))
    assert (first["on"], first["share"], first["number"]) == (date(2016, 1, 31), Decimal("0.4"), "")
    assert (second["on"], second["share"]) == (date(2016, 2, 1), None)


def test_missing_and_unknown_headings_are_named():
    data = workbook(["项目", "标准（元）", "备注", "说明"], ["体检费", 400, "a", "b"])
    with pytest.raises(Refused) as refusal:
        read_table(data, columns=COLUMNS, field="file")
    assert refusal.value.message == "表头缺少“人数”列，多出不认识的“备注”、“说明”列。"
    assert refusal.value.field == "file"
    table = read_table(workbook([*HEADINGS, "备注"], [*ROW, "a"]), columns=COLUMNS, ignore_unknown=True)
    assert table.ignored_headings == ("备注",)


def test_a_heading_given_twice_is_refused():
    with pytest.raises(Refused, match="“人数”列出现了两次"):
        read_table(workbook(["项目", "人数", "人数", "标准（元）"], ["a", 1, 2, 3]), columns=COLUMNS)


NUMERIC_IDENTIFIER = (
    "是数字格式，表格软件只保留 15 位有效数字，后几位可能已经变成 0；请把这一列设为“文本”格式后重新填写。"
)


def test_every_wrong_cell_is_named_with_its_row_and_column():
    data = workbook(
        HEADINGS,
        ROW,
        ["", -1, "abc", 40, "昨天", 110101199003070011],
        ["x" * 21, 1.5, 0.005, "-2%", date(2016, 1, 1), "1234567890123456789"],
        ["甲\x07乙", "1e9", 10_000_000_000, "", "2016-02-30", ""],
    )
    table = read_table(data, columns=COLUMNS)
    assert [str(error) for error in table.errors] == [
        "第3行“项目”列：必须填写。",
        "第3行“人数”列：不能是负数。",
        "第3行“标准（元）”列：应填写数字，例如 222,800.50 或 22.28万；“abc”不是数字。",
        "第3行“比例”列：应填写百分数（如 40%）或不大于 1 的小数（如 0.4），填写的是“40”。",
        "第3行“日期”列：应填写日期，例如 2016-01-31；“昨天”不是日期。",
        f"第3行“证号”列：{NUMERIC_IDENTIFIER}",
        "第4行“项目”列：不能超过 20 个字，现有 21 个字。",
        "第4行“人数”列：应填写整数，填写的是“1.5”。",
        "第4行“标准（元）”列：最多精确到分（两位小数），填写的是“0.005”。",
        "第4行“比例”列：不能是负数。",
        "第4行“证号”列：不能超过 18 个字，现有 19 个字。",
        "第5行“项目”列：含有看不见的控制字符，请删去后再试。",
        "第5行“人数”列：应填写数字，例如 557；“1e9”不是数字。",
        "第5行“标准（元）”列：必须小于 10000000000 元。",
        "第5行“日期”列：没有“2016-02-30”这一天。",
    ]
    assert table.rows[1].values["people"] is None
    assert table.rows[0].values["people"] == 557
    with pytest.raises(Refused, match="共有 15 处错误，一行也没有导入。"):
        table.require_clean(field="file")


def test_numbers_are_read_as_the_spreadsheet_shows_them():
    data = workbook(["项目", "人数", "标准（元）"], [2016, 99999, 1.1 * 3], [0.1 + 0.2, 1, 1234567.89])
    table = read_table(data, columns=COLUMNS)
    assert table.errors == ()
    assert [row.values["item"] for row in table.rows] == ["2016", "0.3"]
    assert [row.values["rate"] for row in table.rows] == [Decimal("3.30"), Decimal("1234567.89")]


def test_the_sixteenth_digit_that_a_spreadsheet_never_shows_is_no_part_of_a_number():
    column = Column("金额", "amount", "amount")
    cells = '<row r="1"><c r="A1" t="inlineStr"><is><t>金额</t></is></c></row>'
    cells += '<row r="2"><c r="A2"><v>3.3000000000000003</v></c></row>'
    table = read_table(raw_workbook(cells), columns=[column])
    assert table.errors == ()
    assert table.rows[0].values["amount"] == Decimal("3.30")


def test_an_error_value_or_a_formula_never_calculated_is_named_and_not_taken_for_empty():
    heading = "".join(
        f'<c r="{place}1" t="inlineStr"><is><t>{name}</t></is></c>'
        for place, name in zip("ABC", HEADINGS[:3], strict=True)
    )
    bad = (
        f'<row r="1">{heading}</row><row r="2"><c r="A2" t="e"><f>Z1</f><v>#REF!</v></c>'
        '<c r="B2"><f>1+1</f></c><c r="C2"><v>400</v></c></row>'
    )
    with pytest.raises(Refused, match="单元格 A2、B2 的公式出错"):
        read_table(raw_workbook(bad), columns=COLUMNS)


def test_a_sheet_is_chosen_by_name_and_a_hidden_one_is_not_read():
    output = io.BytesIO()
    book = xlsxwriter.Workbook(output)
    for name, hidden in (("隐藏", True), ("甲", False), ("乙", False)):
        page = book.add_worksheet(name)
        page.write(0, 0, name)
        if hidden:
            page.very_hidden()
        else:
            page.activate()
    book.worksheets()[1].set_first_sheet()
    book.close()
    assert read_cells(output.getvalue()) == ("甲", [(1, ["甲"])])
    assert read_cells(output.getvalue(), sheet="乙") == ("乙", [(1, ["乙"])])
    with pytest.raises(Refused, match="没有名为“隐藏”的工作表；现有：甲、乙。"):
        read_cells(output.getvalue(), sheet="隐藏")


def nested_zip() -> bytes:
    return raw_workbook("", extra={"xl/embeddings/a.bin": zipped({"a": "b"})})


def symlink() -> bytes:
    output = io.BytesIO(raw_workbook(""))
    with zipfile.ZipFile(output, "a") as archive:
        link = zipfile.ZipInfo("xl/link")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return output.getvalue()


def dishonest() -> bytes:
    """A part that says it holds 1,000 bytes and holds 50 MB: both size fields of the zip are rewritten."""
    real = 50 * 1024 * 1024
    data = bytearray(raw_workbook("", extra={"xl/a.bin": b"0" * real}))
    size = real.to_bytes(4, "little")
    assert data.count(size) == 2
    return bytes(data).replace(size, (1000).to_bytes(4, "little"))


def marked(offset: int, value: bytes) -> bytes:
    """An ordinary file whose end record (or its first directory entry) has some bytes overwritten."""
    data = bytearray(workbook(HEADINGS, ROW))
    place = data.rfind(b"PK\x05\x06") if offset < 0 else data.find(b"PK\x01\x02")
    data[place + abs(offset) : place + abs(offset) + len(value)] = value
    return bytes(data)


def endless_rows() -> bytes:
    return raw_workbook("<row/>" * 10_000_000)


LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
CORNERS = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
WIDE = '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>'
MANY_LONG = "".join(f'<row r="{line}"><c r="A{line}" t="s"><v>0</v></c></row>' for line in range(1, 60_000))

BOMBS = {
    "a part inflating more than a hundredfold": (
        lambda: raw_workbook("", extra={"xl/a.bin": b"0" * 90_000_000}),
        "ratio",
    ),
    "more than 100 MB inside": (
        lambda: raw_workbook("", extra={f"xl/{n}.bin": bytes(range(256)) * 81920 for n in range(6)}),
        "too_large_inside",
    ),
    "more than a thousand parts": (
        lambda: raw_workbook("", extra={f"xl/{n}": b"" for n in range(MAX_ENTRIES)}),
        "too_many_parts",
    ),
    "a zip inside": (nested_zip, "nested"),
    "a symbolic link": (symlink, "symlink"),
    "ten million empty rows": (endless_rows, "ratio"),
    "sixteen thousand columns": (lambda: raw_workbook(WIDE), "columns"),
    "cells in both corners of the sheet": (lambda: raw_workbook(CORNERS), "too_wide"),
    "one long text named by many cells": (
        lambda: raw_workbook(MANY_LONG, strings=f"<si><t>{'好' * 30_000}</t></si>"),
        "too_wide",
    ),
    "a billion laughs": (lambda: raw_workbook("", extra={"xl/styles.xml": LAUGHS.encode()}), "doctype"),
    "a billion laughs in sixteen bits": (
        lambda: raw_workbook("", extra={"xl/styles.xml": LAUGHS.encode("utf-16")}),
        "doctype",
    ),
    "a link to another workbook": (
        lambda: raw_workbook("", extra={"xl/externalLinks/externalLink1.xml": b"<a/>"}),
        "external_link",
    ),
    "macros": (lambda: raw_workbook("", extra={"xl/vbaProject.bin": b"\0"}), "macro"),
    "a path out of the archive": (lambda: raw_workbook("", extra={"../../etc/cron.d/x": b"x"}), "path"),
    "an absolute path": (lambda: raw_workbook("", extra={"/etc/passwd": b"x"}), "path"),
    "a size that is not true": (dishonest, "dishonest_size"),
    "a directory that claims a great many parts": (lambda: marked(-10, b"\xff\xee"), "too_many_parts"),
    "a part with a password": (lambda: marked(8, b"\x01"), "encrypted"),
    "a way of packing nobody uses": (lambda: marked(10, b"\x0e"), "compression"),
    "two parts of one name": (
        lambda: raw_workbook("", extra={"xl/AAAA.xml": b"", "xl/BBBB.xml": b""}).replace(b"BBBB", b"AAAA"),
        "duplicate_part",
    ),
}


def refusal_of(data: bytes) -> Refused:
    with pytest.raises(Refused) as refusal:
        read_table(data, columns=COLUMNS, field="file")
    assert refusal.value.field == "file"
    assert refusal.value.message.endswith("。")
    return refusal.value


def processor_seconds() -> float:
    """Processor time of this process and its children: what a file costs, whoever else uses the machine."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@pytest.mark.parametrize("bomb", BOMBS)
def test_import_bombs_are_refused_within_a_second_and_without_taking_memory(bomb):
    make, code = BOMBS[bomb]
    data = make()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = processor_seconds()
    refusal = refusal_of(data)
    took = processor_seconds() - before
    assert refusal.code == code
    assert took <= 1, f"{took:.2f} s"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory <= 50 * 1024


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty", "0 字节"),
        (b"\0" * (20 * 1024 * 1024 + 1), "too_large", "20.0 MB，超过 20 MB 的上限"),
        (b"\0" * 40 * 1024 * 1024, "too_large", "40.0 MB，超过 20 MB 的上限"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "not_xlsx", "网页"),
        ("项目,人数\n体检费,557".encode("gb18030"), "not_xlsx", "改了扩展名"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "encrypted", "密码"),
        (workbook(HEADINGS, ROW)[:-100], "broken", "损坏"),
        (workbook(HEADINGS, ROW)[:200], "broken", "损坏"),
        (zipped({"word/document.xml": "<a/>"}), "not_xlsx", "不是 xlsx"),
        (zipped({"a.txt": "x"}), "not_xlsx", "不是 xlsx"),
        (raw_workbook("<row"), "broken", "损坏"),
        (raw_workbook("", sheets=False), "no_sheet", "没有可见的工作表"),
        (raw_workbook(""), "heading", "没有找到表头"),
        (workbook(["a", "b"], [1, 2]), "heading", "“项目”、“人数”、“标准（元）”"),
        (workbook(HEADINGS), "no_rows", "只有表头"),
        (workbook(HEADINGS, ["  ", "", None]), "no_rows", "只有表头"),
    ],
)
def test_a_file_that_is_no_usable_table_is_refused_with_the_reason(data, code, words):
    refusal = refusal_of(data)
    assert refusal.code == code
    assert words in refusal.message


def test_more_rows_than_allowed_are_refused():
    data = workbook(HEADINGS, *[ROW] * 11)
    assert len(read_table(data, columns=COLUMNS, max_rows=11).rows) == 11
    with pytest.raises(Refused, match="超过 10 行的上限"):
        read_table(data, columns=COLUMNS, max_rows=10)


def test_a_broken_byte_anywhere_never_ends_in_anything_but_a_refusal_or_a_table():
    good = workbook(HEADINGS, ROW)
    outcomes = set()
    for place in range(0, len(good), len(good) // 40):
        bad = good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :]
        try:
            read_table(bad, columns=COLUMNS)
            outcomes.add("read")
        except Refused:
            outcomes.add("refused")
    assert "refused" in outcomes


def test_ordinary_office_files_pass_the_guard():
    require_safe_zip(workbook(HEADINGS, ROW))
    require_safe_zip(zipped({"word/document.xml": "<a/>"}, method=zipfile.ZIP_STORED))


PAYLOADS = [
    "=1+1",
    "==1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "=cmd|' /C calc'!A0",
    "＝1+1",
    '"=1"',
    "'=1",
    "=HYPERLINK(1)",
]


def test_what_looks_like_a_formula_is_written_as_text_and_reads_back_unchanged():
    column = Column("说明", "text", max_length=100)
    data = write_table([{"text": payload} for payload in PAYLOADS], columns=[column], created=NOON)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in sheet
        assert sheet.count(b't="s"') == len(PAYLOADS) + 1
    read_back = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in read_back] == ["说明", *PAYLOADS]


def test_a_written_table_reads_back_to_the_same_values():
    values = {
        "item": "体检费",
        "people": 557,
        "rate": Decimal("222800.05"),
        "share": Decimal("0.02"),
        "on": date(2016, 1, 31),
        "number": "110101199003070011",
    }
    data = write_table([values], columns=COLUMNS, created=NOON, title="测算明细")
    (row,) = read_table(data, columns=COLUMNS).rows
    assert row.values == values
    assert row.number == 3


@settings(max_examples=30, deadline=None)
@given(st.decimals(min_value=-9_999_999_999, max_value=9_999_999_999, places=2))
def test_every_amount_survives_the_spreadsheet(amount):
    column = Column("金额", "amount", "amount", negative=True)
    data = write_table([{"amount": amount}], columns=[column], created=NOON)
    assert read_table(data, columns=[column]).rows[0].values["amount"] == amount


@pytest.mark.parametrize("constant_memory", [False, True])
def test_the_same_rows_give_the_same_bytes(constant_memory):
    def write() -> bytes:
        rows = ({"item": f"项目{number}", "people": number, "rate": Decimal(number)} for number in range(50))
        return write_table(rows, columns=COLUMNS, created=NOON, constant_memory=constant_memory)

    data = write()
    assert write() == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {part.date_time[0] for part in archive.infolist()} == {1980}
        properties = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", properties)) == {"2016-01-31T12:00:00Z"}


def test_a_workbook_may_hold_several_sheets_with_totals():
    data = write_sheets(
        [
            Sheet(
                "项目",
                COLUMNS,
                [dict(zip(("item", "people"), ("甲", 1), strict=True))],
                totals={"item": "合计", "people": 1},
            ),
            Sheet(
                "依据", [Column("文号", "number")], [{"number": "廊工发〔2007〕31号"}], title="依据文件目录"
            ),
        ],
        created=NOON,
    )
    assert [row for _, row in read_cells(data, sheet="项目")[1]][-1][0] == "合计"
    assert read_cells(data, sheet="依据")[1][-1] == (3, ["廊工发〔2007〕31号"])


def test_the_import_export_format_reads_through_the_guard():
    dataset = GuardedXlsx().create_dataset(workbook(HEADINGS, ROW, ["津贴", 245, 1500.5]))
    assert dataset.headers == HEADINGS
    assert dataset[0] == ("体检费", 557, 400, Decimal("0.4"), date(2016, 1, 31), "110101199003070011")
    assert dataset[1] == ("津贴", 245, Decimal("1500.5"), "", "", "")
    with pytest.raises(Refused):
        GuardedXlsx().create_dataset(raw_workbook(CORNERS))


def test_the_import_export_format_writes_text_as_text_and_reads_its_own_output():
    dataset = tablib.Dataset(
        ("=1+1", "110101199003070011", Decimal("1500.50"), date(2016, 1, 31)),
        headers=["甲", "乙", "丙", "丁"],
    )
    data = GuardedXlsx().export_data(dataset)
    again = GuardedXlsx().create_dataset(data)
    assert again.headers == dataset.headers
    assert again[0] == dataset[0]


def test_the_first_workbook_of_a_process_is_written_like_all_later_ones():
    """The library changes the options it is handed: a shared one would make the first file differ from the second."""
    writing = importlib.reload(importlib.import_module("apps.core.sheets.writing"))
    first, second = (writing.write_table([], columns=COLUMNS, created=NOON) for _ in range(2))
    assert first == second


def cells_of(data: bytes) -> list:
    return list(process.read(data, sheet_name="", max_rows=1000, max_columns=20))


def test_a_long_sheet_is_read_in_pieces_into_the_very_same_cells(monkeypatch):
    rows = [
        [f"示例 <{n}> & {n % 7}", n, n / 8, n % 2 == 0, date(2016, 1, 1 + n % 28), None, "  x\n"]
        for n in range(400)
    ]
    rows[200] = [None, None]  # a gap
    data = workbook(HEADINGS, *rows)
    whole = cells_of(data)
    monkeypatch.setattr(process, "_LONG", 3_000)
    taken = list(process._books(data, "xl/worksheets/sheet1.xml"))
    assert len(taken) > 5
    assert cells_of(data) == whole
    assert whole[0] == {"sheet": "表1", "height": 401, "merged": [], "unread": []}
    assert len(whole) == 401


def test_a_long_sheet_whose_rows_have_no_numbers_is_read_as_a_whole(monkeypatch):
    monkeypatch.setattr(process, "_LONG", 100)
    data = raw_workbook("".join(f"<row><c><v>{n}</v></c></row>" for n in range(50)))
    assert process._height_of_long(data, "xl/worksheets/sheet1.xml") == 0
    assert [cells for _, cells in cells_of(data)[1:]] == [[n] for n in range(50)]


def test_a_long_sheet_that_turns_out_too_wide_or_too_long_further_down_is_refused(monkeypatch):
    monkeypatch.setattr(process, "_LONG", 1_000)
    filled = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 100))
    wide = raw_workbook(filled + '<row r="100"><c r="Z100"><v>1</v></c></row>')
    assert cells_of(wide)[-1] == {"refused": "columns", "count": 26}
    long = raw_workbook("".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 1100)))
    assert cells_of(long)[-1] == {"refused": "rows"}


def test_what_stands_behind_the_rows_of_a_long_sheet_may_be_long_too(monkeypatch):
    monkeypatch.setattr(process, "_LONG", 1_000)
    monkeypatch.setattr(process, "_LONGEST_CELL", 2_000)
    links = "".join(f'<hyperlink ref="A{n}" location="A1"/>' for n in range(1, 400))
    data = raw_workbook(
        "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 100))
        + f"</sheetData><hyperlinks>{links}</hyperlinks><sheetData>"
    )
    assert [number for number, _ in cells_of(data)[1:]] == list(range(1, 100))


def test_what_is_broken_further_down_a_long_sheet_is_told(monkeypatch):
    monkeypatch.setattr(process, "_LONG", 1_000)
    filled = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 100))
    assert cells_of(raw_workbook(filled + '<row r="100"><c r="A100"></row>'))[-1] == {"refused": "broken"}
