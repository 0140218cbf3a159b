"""Setting the approval form of a relief case."""

from apps.core import papers, pdf
from apps.model_workers.documents.relief import ReliefForm


def set_relief_form(document: ReliefForm) -> pdf.RenderedPdf:
    """The PDF. Raises Refused when a character cannot be drawn, PrintFault for anything missing."""
    return papers.set_form(
        "model_workers/pdf/relief_form.html",
        document,
        title=f"{document.title} {document.name} {document.year}年",
        created=document.printed_at,
        style_sheet="css/relief_print.css",
    )
