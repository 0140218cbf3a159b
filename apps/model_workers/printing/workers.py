"""Setting the roster of model workers and the form of a nomination on paper."""

from apps.core import papers, pdf
from apps.model_workers.documents.nominations import NominationForm
from apps.model_workers.documents.workers import RosterDocument

_STYLE_SHEET = "css/worker_print.css"


def set_roster(document: RosterDocument) -> pdf.RenderedPdf:
    """The PDF, one page a sheet. Raises Refused when a character cannot be drawn, PrintFault for anything missing."""
    return papers.set_roster(
        "model_workers/pdf/roster.html",
        document,
        title=f"{document.title} {document.union}",
        created=document.printed_at,
        style_sheet=_STYLE_SHEET,
    )


def set_nomination(document: NominationForm) -> pdf.RenderedPdf:
    """The PDF of the recommendation form. Raises Refused when a character cannot be drawn."""
    return papers.set_form(
        "model_workers/pdf/nomination.html",
        document,
        title=f"{document.title} {document.name}",
        created=document.printed_at,
        style_sheet=_STYLE_SHEET,
    )
