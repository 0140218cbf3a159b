"""Reading a printed PDF the way a person and a machine would: words, places of characters, links."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pypdfium2
from django.utils import timezone

from apps.budget import demo
from apps.budget.models import Edition
from apps.budget.services.reference import load_reference
from tests.budget.office import Office

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
MM = 72 / 25.4


def example_edition(office: Office) -> Edition:
    """The office's own 2016 budget as the demo enters it, in 一上."""
    load_reference(FIXTURES)
    plan = demo.load(folder=FIXTURES, union=office.union, actor=office.clerk, now=timezone.now())
    return Edition.objects.for_detail().get(plan=plan)


def words(text: str) -> str:
    """Without blanks and line ends, which a printed line has where it likes."""
    return re.sub(r"\s", "", text)


@dataclass(frozen=True)
class Glyph:
    """A character and its box in millimetres from the lower left corner of its page."""

    char: str
    left: float
    bottom: float
    right: float
    top: float


class Paper:
    """One printed document."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._document = pypdfium2.PdfDocument(data)
        self.pages = [page.get_textpage().get_text_range() for page in self._document]

    @property
    def text(self) -> str:
        return words("".join(self.pages))

    def size(self, page: int) -> tuple[int, int]:
        """Width and height in millimetres."""
        width, height = self._document[page].get_size()
        return round(width / MM), round(height / MM)

    def glyphs(self, page: int) -> list[Glyph]:
        text = self._document[page].get_textpage()
        found = []
        for at in range(text.count_chars()):
            char = text.get_text_range(at, 1)
            if char.strip():
                found.append(Glyph(char, *(edge / MM for edge in text.get_charbox(at, loose=True))))
        return found

    def lines(self, page: int) -> list[str]:
        """The characters of each line, from the top, lines told apart by their height on the page."""
        rows: dict[int, list[Glyph]] = {}
        for glyph in self.glyphs(page):
            middle = (glyph.top + glyph.bottom) / 2
            near = next((row for row in rows if abs(row - middle * 10) < 20), round(middle * 10))
            rows.setdefault(near, []).append(glyph)
        return [
            "".join(glyph.char for glyph in sorted(rows[row], key=lambda glyph: glyph.left))
            for row in sorted(rows, reverse=True)
        ]

    def links(self) -> list[str]:
        """Addresses of all link annotations that lead out of the document."""
        with pikepdf.open(io.BytesIO(self.data)) as pdf:
            return [
                str(note.A.URI)
                for page in pdf.pages
                for note in page.get("/Annots", [])
                if note.get("/Subtype") == "/Link" and "/A" in note and "/URI" in note.A
            ]
