"""What a person sees of a spreadsheet is what is read: merged cells in all their rows, nothing that is hidden."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter

from apps.core.errors import Refused
from apps.core.sheets import Column, GuardedXlsx, open_table, process, read_table
from tests.core.test_sheets import MAIN, raw_workbook

COLUMNS = [
    Column("单位", "unit", required=False),
    Column("姓名", "name"),
    Column("金额", "amount", "amount", required=False),
    Column("日期", "on", "date", required=False),
]
HEADINGS = ["单位", "姓名", "金额", "日期"]


def book(
    *rows: list[Any],
    merged: tuple[str, ...] = (),
    hidden_rows: tuple[int, ...] = (),
    flat_rows: tuple[int, ...] = (),
    hidden_columns: str = "",
    hidden_sheets: tuple[str, ...] = (),
    sheets: tuple[str, ...] = (),
) -> bytes:
    """A spreadsheet with its merged cells and what is hidden in it; rows are numbered from 1."""
    output = io.BytesIO()
    workbook = xlsxwriter.Workbook(output, {"in_memory": True})
    page = workbook.add_worksheet("表1")
    for area in merged:
        page.merge_range(area, "")
    for line, row in enumerate(rows):
        for place, value in enumerate(row):
            if isinstance(value, date):
                page.write_datetime(line, place, value, workbook.add_format({"num_format": "yyyy-mm-dd"}))
            elif value is not None:
                page.write(line, place, value)
    for number in hidden_rows:
        page.set_row(number - 1, None, None, {"hidden": True})
    for number in flat_rows:
        page.set_row(number - 1, 0)
    if hidden_columns:
        page.set_column(hidden_columns, None, None, {"hidden": True})
    for name in (*sheets, *hidden_sheets):
        other = workbook.add_worksheet(name)
        other.write(0, 0, "另一张")
        if name in hidden_sheets:
            other.hide()
    workbook.close()
    return output.getvalue()


def cells(data: bytes, key: str) -> list[Any]:
    return [row.values[key] for row in read_table(data, columns=COLUMNS).rows]


def message(data: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        read_table(data, columns=COLUMNS, field="file")
    assert refusal.value.field == "file"
    assert refusal.value.message.endswith("。")
    return refusal.value.message


# --- merged cells ------------------------------------------------------------------------------------------------


def test_a_merged_cell_counts_for_all_its_rows_and_the_note_names_it():
    data = book(
        HEADINGS,
        ["甲厂", "示例一", 1, date(2016, 1, 31)],
        [None, "示例二", 2],
        [None, "示例三", 3],
        ["乙厂", "示例四", 4],
        [None, "示例五", 5],
        merged=("A2:A4", "D2:D3"),
    )
    table = read_table(data, columns=COLUMNS)
    assert [row.values["unit"] for row in table.rows] == ["甲厂", "甲厂", "甲厂", "乙厂", ""]
    assert [row.values["on"] for row in table.rows] == [date(2016, 1, 31)] * 2 + [None] * 3
    assert [row.values["amount"] for row in table.rows] == [Decimal(n) for n in range(1, 6)]
    assert table.notes == ("合并单元格 A2:A4、D2:D3 的内容，算作其中每一行的内容。",)
    with open_table(data, columns=COLUMNS) as opened:
        assert opened.notes == table.notes
        assert [row[0] for _, row in opened.rows] == ["甲厂", "甲厂", "甲厂", "乙厂", None]


def test_a_row_that_holds_nothing_but_its_share_of_a_merged_cell_is_no_row():
    data = book(HEADINGS, ["甲厂", "示例一"], [], [None, "示例三"], [], merged=("A2:A5",))
    assert [row.number for row in read_table(data, columns=COLUMNS).rows] == [2, 4]


def test_a_merged_cell_without_a_word_gives_none_and_what_it_covers_is_not_seen():
    text = '<c r="{0}" t="inlineStr"><is><t>{1}</t></is></c>'
    rows = [
        (1, [("A1", "单位"), ("B1", "姓名")]),
        (2, [("A2", ""), ("B2", "示例一")]),
        (3, [("A3", "旧厂"), ("B3", "示例二")]),
    ]
    sheet = "".join(
        f'<row r="{number}">{"".join(text.format(*cell) for cell in held)}</row>' for number, held in rows
    )
    tail = '</sheetData><mergeCells><mergeCell ref="A2:A3"/></mergeCells><sheetData>'
    assert cells(raw_workbook(sheet + tail), "unit") == ["", ""]


@pytest.mark.parametrize(
    ("area", "why"),
    [
        ("A3:B3", "横跨几列"),
        ("A2:B3", "横跨几列"),
        ("C2:C3", "几行共用一个数"),
        ("A1:A2", "连着表头"),
        ("C1:D1", "横跨几列"),
    ],
)
def test_other_merged_cells_are_refused_with_their_range(area, why):
    data = book(HEADINGS, ["甲厂", "示例一", 1], ["乙厂", "示例二", 2], merged=(area,))
    told = message(data)
    assert f"合并单元格 {area} " in told
    assert why in told
    assert "请取消合并" in told
    with pytest.raises(Refused, match=area), open_table(data, columns=COLUMNS) as table:
        list(table.rows)


def test_many_merged_cells_that_are_refused_are_named_and_counted():
    areas = tuple(f"A{n}:B{n}" for n in range(2, 10))
    data = book(HEADINGS, *([["甲厂", None, 1]] * 8), merged=areas)
    assert "A2:B2、A3:B3、A4:B4、A5:B5、A6:B6 等 8 处" in message(data)


def test_titles_above_ignored_columns_and_merged_cells_without_a_word_do_no_harm():
    data = book(
        ["二〇一六年名册"],
        [*HEADINGS, "其他"],
        ["甲厂", "示例一", 1, None, "x"],
        [None, "示例二", 2],
        merged=("A1:E1", "E3:F4", "A8:D9"),
    )
    with open_table(data, columns=COLUMNS) as table:
        assert [row[1] for _, row in table.rows] == ["示例一", "示例二"]
        assert table.notes == ()


def test_a_heading_over_two_rows_is_found_in_the_lower_one():
    data = book(
        ["单位", "姓名", "发放", None],
        [None, None, "金额", "日期"],
        ["甲厂", "示例一", 5, date(2016, 1, 31)],
        merged=("A1:A2", "B1:B2", "C1:D1"),
    )
    (row,) = read_table(data, columns=COLUMNS).rows
    assert (row.number, row.values["unit"], row.values["amount"]) == (3, "甲厂", Decimal(5))


def test_a_tall_heading_with_nothing_beside_it_is_no_obstacle():
    data = book(HEADINGS, [], ["甲厂", "示例一"], merged=tuple(f"{letter}1:{letter}2" for letter in "ABCD"))
    assert cells(data, "unit") == ["甲厂"]


def test_the_merged_cells_of_a_long_sheet_are_found_behind_its_rows(monkeypatch):
    monkeypatch.setattr(process, "_LONG", 3_000)
    data = book(
        HEADINGS,
        *([f"甲厂{n}" if n % 4 == 0 else None, f"示例{n}"] for n in range(400)),
        merged=tuple(f"A{n}:A{n + 3}" for n in range(2, 402, 4)),
    )
    head, *rows = process.read(data, sheet_name="", max_rows=1000, max_columns=20)
    assert len(rows) == 401
    assert head["merged"] == [(n, 0, n + 3, 0) for n in range(2, 402, 4)]
    assert cells(data, "unit") == [f"甲厂{n - n % 4}" for n in range(400)]


def test_a_million_merged_cells_are_refused_and_take_no_memory():
    """The directory of the file says little of them: they are counted, and reading stops at the limit."""
    places = "".join(f'<mergeCell ref="A{n}:A{n + 1}"/>' for n in range(2, 1_000_000, 2))
    behind = f"</sheetData><mergeCells>{places * 2}</mergeCells><sheetData>"
    row = '<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c></row>'
    told = message(raw_workbook(row + behind))
    assert "合并单元格超过 50,000 处" in told


def test_as_many_merged_cells_over_each_other_as_are_allowed_cost_no_time():
    inline = '<c r="{0}{1}" t="inlineStr"><is><t>{2}</t></is></c>'
    rows = "".join(
        f'<row r="{n}">{inline.format("A", n, "姓名" if n == 1 else f"示例{n}")}</row>'
        for n in range(1, 3000)
    )
    areas = '<mergeCell ref="A2:A90000"/>' * 50_000
    behind = f"</sheetData><mergeCells>{areas}</mergeCells><sheetData>"
    found = cells(raw_workbook(rows + behind), "name")
    assert set(found) == {"示例2"}


def test_the_import_export_format_spreads_nothing_it_does_not_know():
    data = book(HEADINGS, ["甲厂", "示例一"], [None, "示例二"], merged=("A2:A3",))
    with pytest.raises(Refused, match="A2:A3"):
        GuardedXlsx().create_dataset(data)
    title = book(HEADINGS, ["甲厂", "示例一"])
    assert GuardedXlsx().create_dataset(title).height == 1


# --- what is hidden ----------------------------------------------------------------------------------------------

ROWS = [HEADINGS, *([f"甲厂{n}", f"示例{n}", n] for n in range(2, 12))]


def test_hidden_rows_are_named_and_nothing_is_read():
    told = message(book(*ROWS, hidden_rows=(3, 5, 6, 7)))
    assert "隐藏的第 3、5—7 行" in told
    assert "请取消隐藏" in told
    with (
        pytest.raises(Refused, match="第 3、5—7 行"),
        open_table(book(*ROWS, hidden_rows=(3, 5, 6, 7)), columns=COLUMNS),
    ):
        pass


def test_rows_without_height_are_hidden_rows():
    assert "隐藏的第 4 行" in message(book(*ROWS, flat_rows=(4,)))


def test_a_great_many_hidden_rows_are_counted():
    rows = [HEADINGS, *([f"甲厂{n}", f"示例{n}"] for n in range(2, 60))]
    told = message(book(*rows, hidden_rows=tuple(range(2, 60, 2))))
    assert "第 2、4、6、8、10、12、14、16、18、20 行等 29 行" in told


def test_hidden_columns_are_named_by_their_letters():
    assert "隐藏的 C 列" in message(book(*ROWS, hidden_columns="C:C"))
    assert "隐藏的第 3 行和 A、B 列" in message(book(*ROWS, hidden_rows=(3,), hidden_columns="A:B"))


def test_what_is_hidden_and_holds_nothing_does_no_harm():
    data = book(*ROWS, hidden_rows=(40, 41), hidden_columns="F:XFD")
    assert len(cells(data, "name")) == 10


def test_what_is_hidden_is_found_wherever_the_pieces_part(monkeypatch):
    monkeypatch.setattr(process, "_PIECE", 200)
    data = book(*ROWS, hidden_rows=(9,), hidden_columns="C:C")
    assert list(process.read(data, sheet_name="", max_rows=1000, max_columns=20)) == [
        {"refused": "hidden", "rows": [[9, 9]], "count": 1, "columns": [2]}
    ]


def test_what_is_hidden_is_found_in_a_file_whose_tags_have_a_prefix():
    """As other programs than Excel write it."""

    def text(place: str, word: str) -> str:
        return f'<x:c r="{place}" t="inlineStr"><x:is><x:t>{word}</x:t></x:is></x:c>'

    rows = (
        f'<x:row r="1">{text("A1", "单位")}{text("B1", "姓名")}</x:row>'
        f'<x:row r="2"{{}}>{text("A2", "甲厂")}{text("B2", "示例一")}</x:row>'
        f'<x:row r="3">{text("B3", "示例二")}</x:row>'
    )

    def prefixed(hidden: str) -> bytes:
        sheet = (
            f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows.format(hidden)}</x:sheetData>'
            '<x:mergeCells><x:mergeCell ref="A2:A3"/></x:mergeCells></x:worksheet>'
        )
        return replaced(raw_workbook(""), "xl/worksheets/sheet1.xml", sheet.encode())

    assert cells(prefixed(""), "unit") == ["甲厂", "甲厂"]
    assert "隐藏的第 2 行" in message(prefixed(' hidden="true"'))


def test_sheets_that_were_not_read_are_named_and_the_hidden_ones_as_such():
    table = read_table(book(*ROWS, sheets=("乡镇",), hidden_sheets=("旧",)), columns=COLUMNS)
    assert table.notes == ("只读了工作表“表1”，没有读：“乡镇”、“旧”（隐藏）。",)


def replaced(data: bytes, name: str, content: bytes) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(output, "w") as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return output.getvalue()
