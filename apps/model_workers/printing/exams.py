"""Setting the papers of an exam."""

from apps.core import papers, pdf
from apps.model_workers.documents.exams import ExamRoster, Settlement, SlipSheets

_STYLE_SHEET = "css/exam_print.css"


def set_slips(document: SlipSheets) -> pdf.RenderedPdf:
    """The PDF, three slips a page, or two or one where they are long. Raises Refused when a character cannot be drawn."""
    for per_page in (3, 2, 1):
        shown = document.with_fewer(per_page)
        rendered = _set_form("model_workers/pdf/exam_slips.html", shown)
        if rendered.pages == len(shown.pages):
            break
    return rendered


def set_exam_roster(document: ExamRoster) -> pdf.RenderedPdf:
    """The PDF, one page a sheet. Raises Refused."""
    return papers.set_roster(
        "model_workers/pdf/exam_roster.html",
        document,
        title=_title(document),
        created=document.printed_at,
        style_sheet=_STYLE_SHEET,
    )


def set_settlement(document: Settlement) -> pdf.RenderedPdf:
    return _set_form("model_workers/pdf/exam_settlement.html", document)


def _set_form(template: str, document: SlipSheets | Settlement) -> pdf.RenderedPdf:
    return papers.set_form(
        template,
        document,
        title=_title(document),
        created=document.printed_at,
        style_sheet=_STYLE_SHEET,
    )


def _title(document: SlipSheets | ExamRoster | Settlement) -> str:
    return f"{document.year}年{document.title}"
