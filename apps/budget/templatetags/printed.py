"""Tags of the printed explanation: text whose figures lead to the page that lists their rows."""

from typing import Any
from urllib.parse import quote

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.budget.documents.parts import Piece, Text

register = template.Library()


def figure_link(base: str, piece: Piece) -> SafeString:
    """The piece, as a link where a figure stands behind it. No blank may slip in between Chinese characters."""
    if not piece.key or not piece.text:
        return format_html("{}", piece.text)
    return format_html('<a class="figure" href="{}{}/">{}</a>', base, quote(piece.key), piece.text)


@register.simple_tag(takes_context=True)
def pieces(context: dict[str, Any], text: Text | Piece, unit: str = "") -> SafeString:
    """Print a text; `unit` follows a single piece inside its link."""
    base = context["document"].figures_url
    parts = (text,) if isinstance(text, Piece) else text
    if unit:
        parts = tuple(Piece(part.text + unit, part.key) for part in parts)
    return format_html_join("", "{}", ((figure_link(base, part),) for part in parts))
