"""Forms and rosters set on paper: their template, the look all of them share, what stands in the file's properties."""

from datetime import datetime
from typing import Any, Protocol, Self

from django.template.loader import render_to_string

from apps.core import pdf
from apps.core.errors import Refused
from apps.core.folios import Folio

_NARROWER = (100, 92, 84)
"""Percent of the room for rows, tried in turn until every sheet is one page."""


class Paper(Protocol):
    """What one printed form says."""

    @property
    def union(self) -> str: ...
    @property
    def title(self) -> str: ...


class Roster(Paper, Protocol):
    """Rows already laid onto sheets."""

    @property
    def folios(self) -> tuple[Folio[Any], ...]: ...
    def in_less_room(self, percent: int) -> Self:
        """The same rows with fewer on a sheet; 100 is all there is room for."""


def set_form(
    template: str, document: Paper, *, title: str, created: datetime, style_sheet: str
) -> pdf.RenderedPdf:
    """The PDF. Raises Refused when a character cannot be drawn, PrintFault for anything missing."""
    html = render_to_string(template, {"document": document})
    options = pdf.PdfOptions(
        title=title,
        created=created,
        author=document.union,
        subject=document.title,
        stylesheets=("css/paper_print.css", style_sheet),
    )
    return pdf.render(html, base=options)


def set_roster(
    template: str, document: Roster, *, title: str, created: datetime, style_sheet: str
) -> pdf.RenderedPdf:
    """The PDF, one page a sheet. Raises as `set_form`, and Refused when a row is higher than a page."""
    for percent in _NARROWER:
        shown = document.in_less_room(percent)
        rendered = set_form(template, shown, title=title, created=created, style_sheet=style_sheet)
        if rendered.pages == len(shown.folios):
            return rendered
    raise Refused("有的行太高，排不进一页，没有打印；请联系系统管理员。", code="layout")
