"""Long sheets, row by row: in from a process of their own, out into a file."""

import io
import subprocess
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from apps.core import processes
from apps.core.errors import Refused
from apps.core.sheets import Column, open_table, read_cells, stream, write_into
from tests.core.test_sheets import raw_workbook, workbook

COLUMNS = [
    Column("项目", "item"),
    Column("人数", "people", "count", required=False),
    Column("日期", "on", "date", required=False),
]


def test_a_table_is_read_row_by_row_in_the_order_of_its_own_columns():
    data = workbook(
        ["二〇一六年"],
        ["日期", "序号", "项目"],
        [date(2016, 1, 31), 1, "甲"],
        [],
        ["", "", " "],
        ["", 2, "乙"],
    )
    with open_table(data, columns=COLUMNS) as table:
        assert (table.sheet, table.keys, table.ignored_headings) == ("表1", ("on", "item"), ("序号",))
        assert table.height == 6
        assert list(table.rows) == [(3, [date(2016, 1, 31), "甲"]), (6, [None, "乙"])]


def test_numbers_stay_exact_on_their_way():
    with open_table(workbook(["项目", "人数"], ["甲", 0.1]), columns=COLUMNS) as table:
        ((_, cells),) = table.rows
    assert cells == ["甲", Decimal("0.1")]


def test_leaving_early_ends_the_process(monkeypatch):
    started = []

    class Watched(subprocess.Popen):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            started.append(self)

    monkeypatch.setattr(processes.subprocess, "Popen", Watched)
    data = workbook(["项目"], *([f"第{order}个很长的项目名称"] for order in range(30_000)))
    with open_table(data, columns=COLUMNS) as table:
        assert next(table.rows) == (2, ["第0个很长的项目名称"])
        assert started[0].poll() is None
    assert started[0].returncode is not None


def test_too_many_rows_are_told_where_they_begin():
    data = workbook(["项目"], *([f"{order}"] for order in range(30)))
    with (
        open_table(data, columns=COLUMNS, max_rows=20) as table,
        pytest.raises(Refused, match="超过 20 行的上限"),
    ):
        list(table.rows)


def test_a_process_that_falls_silent_is_not_waited_for(monkeypatch, tmp_path):
    silent = tmp_path / "silent.py"
    silent.write_text("import sys, time\nsys.stdin.buffer.read()\ntime.sleep(60)\n")
    monkeypatch.setattr(stream, "_PROCESS", silent)
    monkeypatch.setattr(stream, "_SILENT_SECONDS", 1)
    with pytest.raises(Refused) as refusal, open_table(workbook(["项目"], ["甲"]), columns=COLUMNS):
        pass
    assert refusal.value.code == "too_wide"


def test_a_process_that_ends_in_the_middle_of_a_sheet_is_no_whole_sheet(monkeypatch, tmp_path):
    dying = tmp_path / "dying.py"
    dying.write_text(
        "import sys, os\nsys.stdin.buffer.read()\n"
        'print(\'{"sheet":"x","height":3,"merged":[],"unread":[]}\')\n'
        "print('[1,[\"项目\"]]')\nprint('[2,[\"甲\"]]', flush=True)\nos._exit(9)\n"
    )
    monkeypatch.setattr(stream, "_PROCESS", dying)
    with pytest.raises(Refused) as refusal, open_table(workbook(["项目"], ["甲"]), columns=COLUMNS) as table:
        list(table.rows)
    assert refusal.value.code == "too_wide"


def test_a_cell_that_shows_an_error_is_found_wherever_the_pieces_part():
    words = [
        "".join(chr(0x4E00 + (line * 37 + place * 101) ** 2 % 5000) for place in range(300))
        for line in range(4_000)
    ]
    rows = "".join(
        f'<row r="{line}"><c r="A{line}" t="inlineStr"><is><t>{words[line]}</t></is></c></row>'
        for line in range(1, 4_000)
    )
    bad = '<row r="4000"><c r="A4000" t="e"><v>#REF!</v></c></row>'
    with pytest.raises(Refused, match="单元格 A4000 的公式出错"):
        read_cells(raw_workbook(rows + bad))


def test_what_a_file_may_hold_unpacked_can_be_set():
    data = raw_workbook("", extra={"xl/a.bin": bytes(range(256)) * 8192})
    with pytest.raises(Refused) as refusal, open_table(data, columns=COLUMNS, max_total_bytes=1024 * 1024):
        pass
    assert refusal.value.code == "too_large_inside"


def test_rows_are_written_into_a_file_and_counted():
    with tempfile.TemporaryFile() as file:
        rows = ({"item": f"=1+{order}", "people": order} for order in range(1_000))
        count = write_into(
            file, rows, columns=COLUMNS, created=datetime(2016, 1, 31, tzinfo=UTC), sheet_name="甲"
        )
        file.seek(0)
        data = file.read()
    assert count == 1_000
    name, found = read_cells(data)
    assert (name, len(found)) == ("甲", 1_001)
    assert found[-1] == (1_001, ["=1+999", Decimal(999), None])
    assert io.BytesIO(data).read(4) == b"PK\x03\x04"
