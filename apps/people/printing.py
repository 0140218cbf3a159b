"""Setting the registration form on paper."""

from django.template.loader import render_to_string

from apps.core import pdf
from apps.people.documents import Registration

STYLE_SHEETS = ("css/paper_print.css", "css/people_print.css")


def set_registration(document: Registration) -> pdf.RenderedPdf:
    """The PDF. Raises Refused when a character cannot be drawn, PrintFault for anything missing."""
    html = render_to_string("people/pdf/registration.html", {"document": document})
    return pdf.render(
        html,
        base=pdf.PdfOptions(
            title=f"{document.title} {document.name}",
            created=document.printed_at,
            author=document.union,
            subject=document.title,
            stylesheets=STYLE_SHEETS,
        ),
    )
