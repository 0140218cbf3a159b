"""Numbers of people that must not be found anywhere: how they are looked for in texts, files, dumps and logs.

Nothing here ever prints a number: what was found is told by its last two characters.
"""

import base64
import hashlib
import io
import logging
import re
import zipfile
from collections.abc import Iterable

import pypdfium2
from django.http import HttpResponse
from python_calamine import CalamineWorkbook
from stdnum import luhn
from stdnum.cn import ric

from apps.people.models import Person
from apps.people.models.persons import SECRET_FIELDS

_GAPS = re.compile(r"(?<=[0-9])[ \-\u00a0](?=[0-9])")
_RUN = re.compile(r"[0-9]{7,}[0-9Xx]?")
_HEX_RUN = re.compile(r"(?:3[0-9]|58|78){7,}")
_DIGEST = re.compile(r"[0-9a-fA-F]{32,}")
_RESIDENT = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9Xx](?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![0-9A-Za-z.])(?:62[0-9]{2}|9999)[0-9]{12,15}(?![0-9A-Za-z])")


def secrets_of(people: Iterable[Person]) -> set[str]:
    """Every full number of these people, also in the older length of fifteen."""
    found = {
        secret.reveal()
        for person in people
        for name in SECRET_FIELDS
        if (secret := getattr(person, name)) is not None
    }
    return found | {
        number[:6] + number[8:17] for number in found if len(number) == 18 and number[6:8] == "19"
    }


def hits(text: str, canaries: set[str]) -> list[str]:
    """Which canaries stand in a text, in one piece or in groups, as digits or as the bytes of digits in hex."""
    lengths = {len(canary) for canary in canaries}
    closed = _GAPS.sub("", text)
    runs = [match.group().upper() for match in _RUN.finditer(closed)]
    for match in _HEX_RUN.finditer(text):
        runs.append(bytes.fromhex(match.group()).decode().upper())
    found = {
        run[start : start + length]
        for run in runs
        for length in lengths
        for start in range(len(run) - length + 1)
    } & canaries
    return [_shown(number) for number in sorted(found)]


def digest_hits(text: str, canaries: set[str]) -> list[str]:
    """Which canaries stand in a text as a digest anybody can compute, or in base64."""
    digests = {
        hashlib.new(kind, spelling.encode(), usedforsecurity=False).hexdigest(): canary
        for canary in canaries
        for spelling in (canary, canary.lower())
        for kind in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b")
    }
    lengths = {len(digest) for digest in digests}
    found = set()
    for match in _DIGEST.finditer(text):
        run = match.group().lower()
        for length in lengths:
            for start in range(len(run) - length + 1):
                found.add(digests.get(run[start : start + length]))
    found |= {canary for canary in canaries if base64.b64encode(canary.encode()).decode().rstrip("=") in text}
    return [_shown(number) for number in sorted(found - {None})]


def numbers_in(text: str) -> list[str]:
    """Identity numbers with a right check character and cards with a right check digit, whoever they belong to."""
    found = [
        match.group()
        for match in _RESIDENT.finditer(text)
        if ric.calc_check_digit(match.group().upper()) == match.group()[-1].upper()
    ]
    found += [match.group() for match in _CARD.finditer(text) if luhn.is_valid(match.group())]
    return [_shown(number) for number in found]


def body_of(response: HttpResponse) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def words_of(response: HttpResponse) -> str:
    """Everything an answer says: its head, and its body as people or programs would read it."""
    head = "\n".join(f"{name}: {value}" for name, value in response.items())
    return "\n".join([head, str(response.cookies.output()), *texts_in(body_of(response))])


def texts_in(body: bytes) -> list[str]:
    """The text of a page, a PDF, a spreadsheet or another archive; always also its bare bytes."""
    texts = [body.decode("utf-8", errors="replace")]
    if body.startswith(b"%PDF"):
        texts += _pdf_texts(body)
    elif zipfile.is_zipfile(io.BytesIO(body)):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            texts += [archive.read(name).decode("utf-8", errors="replace") for name in archive.namelist()]
            if "xl/workbook.xml" in archive.namelist():
                texts += _cells(body)
    return texts


def _pdf_texts(body: bytes) -> list[str]:
    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError:  # only begins like one
        return []
    try:
        texts = [page.get_textpage().get_text_range() for page in document]
        return [*texts, str(document.get_metadata_dict())]
    finally:
        document.close()


def _cells(body: bytes) -> list[str]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    return [
        "\n".join(" | ".join(map(str, row)) for row in book.get_sheet_by_name(name).to_python())
        for name in book.sheet_names
    ]


def formulas_in(body: bytes) -> list[str]:
    """Cells of a spreadsheet that a program would calculate, and what of it reaches outside."""
    if not zipfile.is_zipfile(io.BytesIO(body)):
        return []
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        parts = {name: archive.read(name).decode("utf-8", errors="replace") for name in archive.namelist()}
    found = [f"{name}: <f>" for name, part in parts.items() if re.search(r"<f[ >/]", part)]
    return found + [name for name in parts if "externalLink" in name or "vbaProject" in name]


def _shown(number: str) -> str:
    return f"a number of {len(number)} characters that ends in {number[-2:]}"


class LogWatch(logging.Handler):
    """Remembers which log records held a number of a person; the number itself is not kept."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.found: list[str] = []
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        text = self.format(record)
        for number in numbers_in(text):
            self.found.append(
                f"{record.name} ({record.levelname}, {record.pathname}:{record.lineno}): {number}"
            )
