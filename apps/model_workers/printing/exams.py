"""Setting the papers of an exam."""

from django.template.loader import render_to_string

from apps.core import pdf
from apps.core.errors import Refused
from apps.model_workers.documents.exams import ROOM, ExamRoster, Settlement, SlipSheets

STYLE_SHEETS = ("css/paper_print.css", "css/exam_print.css")
_NARROWER = (100, 92, 84)
"""Percent of the room for rows, tried in turn until every sheet is one page."""


def set_slips(document: SlipSheets) -> pdf.RenderedPdf:
    """The PDF, three slips a page, or two or one where they are long. Raises Refused when a character cannot be drawn."""
    for per_page in (3, 2, 1):
        shown = document.with_fewer(per_page)
        html = render_to_string("model_workers/pdf/exam_slips.html", {"document": shown})
        rendered = pdf.render(html, base=_options(shown))
        if rendered.pages == len(shown.pages):
            break
    return rendered


def set_exam_roster(document: ExamRoster) -> pdf.RenderedPdf:
    """The PDF, one page a sheet. Raises Refused."""
    for percent in _NARROWER:
        shown = document if percent == _NARROWER[0] else document.in_less_room(ROOM * percent // 100)
        html = render_to_string("model_workers/pdf/exam_roster.html", {"document": shown})
        rendered = pdf.render(html, base=_options(document))
        if rendered.pages == len(shown.folios):
            return rendered
    raise Refused("有的行太高，排不进一页，没有打印；请联系系统管理员。", code="layout")


def set_settlement(document: Settlement) -> pdf.RenderedPdf:
    html = render_to_string("model_workers/pdf/exam_settlement.html", {"document": document})
    return pdf.render(html, base=_options(document))


def _options(document: SlipSheets | ExamRoster | Settlement) -> pdf.PdfOptions:
    return pdf.PdfOptions(
        title=f"{document.year}年{document.title}",
        created=document.printed_at,
        author=document.union,
        subject=document.title,
        stylesheets=STYLE_SHEETS,
    )
