"""Setting the approval form of a relief case."""

from django.template.loader import render_to_string

from apps.core import pdf
from apps.model_workers.documents.relief import ReliefForm


def set_relief_form(document: ReliefForm) -> pdf.RenderedPdf:
    """The PDF. Raises Refused when a character cannot be drawn, PrintFault for anything missing."""
    html = render_to_string("model_workers/pdf/relief_form.html", {"document": document})
    return pdf.render(
        html,
        base=pdf.PdfOptions(
            title=f"{document.title} {document.name} {document.year}年",
            created=document.printed_at,
            author=document.union,
            subject=document.title,
            stylesheets=("css/paper_print.css", "css/relief_print.css"),
        ),
    )
