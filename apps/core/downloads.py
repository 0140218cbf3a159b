"""Files handed out."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(data: bytes | memoryview, name: str, content_type: str) -> HttpResponse:
    """A file to keep: never shown in a frame of the site, never taken for anything else, never stored on the way."""
    return HttpResponse(
        bytes(data),
        content_type=content_type,
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name)
            or "attachment",
            "Cache-Control": "private, no-store",
        },
    )
