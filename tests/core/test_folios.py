"""Rows on the sheets of a printed roster."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.core.folios import lay_out, lines_needed


@given(heights=st.lists(st.integers(1, 12), max_size=60), room=st.integers(5, 30))
def test_every_row_stands_on_one_sheet_in_its_order_and_no_sheet_is_overfull(heights, room):
    rows = list(enumerate(heights))
    folios = lay_out(rows, height=lambda row: row[1], room=room)
    assert [row for folio in folios for row in folio.rows] == rows
    assert [number for folio in folios for number, _ in folio.numbered] == list(range(1, len(rows) + 1))
    assert folios[-1].running == len(rows) == sum(folio.count for folio in folios)
    for folio in folios:
        assert folio.count <= 1 or sum(height for _, height in folio.rows) <= room
    for folio, following in pairwise(folios):
        assert sum(height for _, height in folio.rows) + following.rows[0][1] > room


def test_nobody_is_one_empty_sheet():
    (folio,) = lay_out([], height=lambda row: 1, room=10)
    assert (folio.count, folio.running, folio.number) == (0, 0, 1)


def test_a_cell_breaks_where_its_characters_are_full():
    assert lines_needed("", halves=8) == 1
    assert lines_needed("廊坊市总", halves=8) == 1
    assert lines_needed("廊坊市总工会", halves=8) == 2
    assert lines_needed("a廊坊市总", halves=8) == 2
    assert lines_needed("abcdefgh", halves=8) == 1
