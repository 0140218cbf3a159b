"""A whole edition as a spreadsheet, out and in again."""

from apps.budget.resources.edition import EditionResource, EditionXlsx, sheet_rows

__all__ = ["EditionResource", "EditionXlsx", "sheet_rows"]
