"""Setting the roster of model workers and the form of a nomination on paper."""

from django.template.loader import render_to_string

from apps.core import pdf
from apps.core.errors import Refused
from apps.model_workers.documents.nominations import NominationForm
from apps.model_workers.documents.workers import ROOM, RosterDocument

STYLE_SHEETS = ("css/paper_print.css", "css/worker_print.css")
_NARROWER = (100, 92, 84)
"""Percent of the room for rows, tried in turn until every sheet is one page."""


def set_roster(document: RosterDocument) -> pdf.RenderedPdf:
    """The PDF, one page a sheet. Raises Refused when a character cannot be drawn, PrintFault for anything missing."""
    for percent in _NARROWER:
        shown = document if percent == _NARROWER[0] else document.in_less_room(ROOM * percent // 100)
        html = render_to_string("model_workers/pdf/roster.html", {"document": shown})
        rendered = pdf.render(html, base=_options(f"{document.title} {document.union}", document))
        if rendered.pages == len(shown.folios):
            return rendered
    raise Refused("有的行太高，排不进一页，没有打印；请联系系统管理员。", code="layout")


def set_nomination(document: NominationForm) -> pdf.RenderedPdf:
    """The PDF of the recommendation form. Raises Refused when a character cannot be drawn."""
    html = render_to_string("model_workers/pdf/nomination.html", {"document": document})
    return pdf.render(html, base=_options(f"{document.title} {document.name}", document))


def _options(title: str, document: RosterDocument | NominationForm) -> pdf.PdfOptions:
    return pdf.PdfOptions(
        title=title,
        created=document.printed_at,
        author=document.union,
        subject=document.title,
        stylesheets=STYLE_SHEETS,
    )
