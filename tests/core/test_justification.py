"""Chinese lines end flush: measured in the printed file."""

from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import quote

import pypdfium2
import pytest

from apps.core import pdf

MM = 72 / 25.4
WIDTH = 150  # millimetres of the text, 30 mm from the left edge
STYLE = quote(
    "@page{size:210mm 297mm;margin:30mm}body{margin:0}"
    "p{margin:0;width:150mm;font:15.75pt/28pt var(--font-body);text-align:justify}"
)


def lines_of(text: str) -> list[list[tuple[str, float, float]]]:
    """(character, left, right) in millimetres for each printed line."""
    html = (
        f'<!DOCTYPE html><html lang="zh-Hans"><head><title>页</title><link rel="stylesheet" href="data:text/css,{STYLE}">'
        f"</head><body><p>{text}</p></body></html>"
    )
    done = pdf.render(html, base=pdf.PdfOptions(title="页", created=datetime(2016, 1, 1, tzinfo=UTC)))
    page = pypdfium2.PdfDocument(done.data)[0].get_textpage()
    rows: dict[int, list[tuple[str, float, float]]] = {}
    for at in range(page.count_chars()):
        char = page.get_text_range(at, 1)
        left, bottom, right, top = (edge / MM for edge in page.get_charbox(at, loose=True))
        if char.strip():
            rows.setdefault(round((bottom + top) / 4), []).append((char, left, right))
    return [rows[row] for row in sorted(rows, reverse=True)]


PROSE = (
    "每年对市级及其以上劳模进行体检，2016年参加体检劳模共计557人，每人体检费用400元，共计222800元；"
    "推动基层工会建立集体合同制度、工资集体协商制度和监督保证机制，参与指导劳动合同签订工作。"
) * 2


def test_every_full_line_ends_at_the_right_edge():
    *full, last = lines_of(PROSE)
    assert len(full) >= 4
    for line in full:
        assert max(right for _, _, right in line) == pytest.approx(30 + WIDTH, abs=0.5)
        assert min(left for _, left, _ in line) == pytest.approx(30, abs=0.5)
    assert max(right for _, _, right in last) < 30 + WIDTH - 3


def test_numbers_stay_whole():
    """A digit begins where the one before it ends; between Chinese characters there is a gap."""
    gaps = []
    for line in lines_of(PROSE):
        for (one, _, right), (following, left, _) in pairwise(line):
            if one.isdigit() and following.isdigit():
                assert left - right < 0.02
            elif not one.isdigit() and not following.isdigit():
                gaps.append(left - right)
    assert max(gaps) > 0.1


def test_other_scripts_are_still_justified_at_their_blanks():
    *full, _ = lines_of("The explanation of the annual budget is printed for the finance bureau. " * 4)
    for line in full:
        assert max(right for _, _, right in line) == pytest.approx(30 + WIDTH, abs=0.5)


def test_the_text_can_still_be_copied_out():
    text = "".join(char for line in lines_of(PROSE) for char, _, _ in line)
    assert text == PROSE
