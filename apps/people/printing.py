"""Setting the registration form on paper."""

from apps.core import papers, pdf
from apps.people.documents import Registration


def set_registration(document: Registration) -> pdf.RenderedPdf:
    """The PDF. Raises Refused when a character cannot be drawn, PrintFault for anything missing."""
    return papers.set_form(
        "people/pdf/registration.html",
        document,
        title=f"{document.title} {document.name}",
        created=document.printed_at,
        style_sheet="css/people_print.css",
    )
