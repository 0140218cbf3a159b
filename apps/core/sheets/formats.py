"""The xlsx format for django-import-export: reads through the guard, writes inert cells."""

import io
from typing import Any

import tablib
import xlsxwriter
from import_export.formats import base_formats

from apps.core.sheets.columns import exact
from apps.core.sheets.reading import read_cells
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
        name, rows = read_cells(in_stream)
        dataset = tablib.Dataset(title=name[:31])
        if not rows:
            return dataset
        headings = ["" if cell is None else str(cell).strip() for cell in rows[0][1]]
        dataset.headers = headings
        for _, cells in rows[1:]:
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
