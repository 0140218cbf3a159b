"""The xlsx format for django-import-export: reads through the guard, writes inert cells."""

import io
from typing import Any

import tablib
import xlsxwriter
from import_export.formats import base_formats

from apps.core.sheets.columns import exact
from apps.core.sheets.merged import judge
from apps.core.sheets.stream import open_rows
from apps.core.sheets.writing import write_cell


class GuardedXlsx(base_formats.XLSX):  # type: ignore[misc]
    """Numbers arrive as int or Decimal, dates as dates, empty cells as ""; a bad file raises Refused."""

    @classmethod
    def is_available(cls) -> bool:
        return True

    def get_title(self) -> str:
        return "xlsx"

    def get_extension(self) -> str:
        return "xlsx"

    def can_import(self) -> bool:
        return True

    def can_export(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> tablib.Dataset:
        """Dataset of the first visible sheet; its first row that holds anything is the heading."""
        with open_rows(in_stream) as opened:
            rows = list(opened.rows)
        dataset = tablib.Dataset(title=opened.name[:31])
        if not rows:
            return dataset
        places = range(len(rows[0][1]))
        # Nothing is known here of what the columns hold, so no merged cell counts for several rows.
        merged = judge(opened.merged, heading=rows[0][0], columns=dict.fromkeys(places, False))
        headings = ["" if cell is None else str(cell).strip() for cell in rows[0][1]]
        dataset.headers = headings
        for _, cells in merged.over(rows[1:], places, field=None):
            row = [_imported(cell) for cell in cells]
            dataset.append((row + [""] * len(headings))[: len(headings)])
        return dataset

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        output = io.BytesIO()
        book = xlsxwriter.Workbook(output, {"in_memory": True})
        page = book.add_worksheet((dataset.title or "数据")[:31])
        heading = book.add_format({"bold": True, "bg_color": "#EEEEEE", "bottom": 1})
        plain = book.add_format({"valign": "top"})
        day = book.add_format({"valign": "top", "num_format": "yyyy-mm-dd", "align": "left"})
        for place, name in enumerate(dataset.headers or []):
            page.write_string(0, place, str(name), heading)
            page.set_column(place, place, max(12, 2 * len(str(name)) + 2))
        page.freeze_panes(1, 0)
        for line, row in enumerate(dataset, start=1):
            for place, value in enumerate(row):
                write_cell(page, line, place, value, day if hasattr(value, "year") else plain)
        book.close()
        return output.getvalue()


def _imported(cell: Any) -> Any:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if hasattr(cell, "is_finite"):
        number = exact(cell)
        return int(number) if number == number.to_integral_value() else number
    return cell
