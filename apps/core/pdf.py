"""Printing: HTML to PDF/A-3a with WeasyPrint. The same input gives the same bytes; nothing missing goes unnoticed."""

import hashlib
import io
import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from django.conf import settings
from django.contrib.staticfiles import finders

from apps.core import fonts, justification
from apps.core.errors import Refused

Progress = Callable[[str, int], None]
Relationship = Literal["Source", "Data", "Alternative", "Supplement", "Unspecified"]

# What a document may take from the static files, by ending; everything else, and every other place, is refused.
STATIC_SCHEME = "static:"
_STATIC_TYPES = {
    ".css": "text/css",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".svg": "image/svg+xml",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
}
# Notes of the style-sheet reader: they lose decoration, never content. All other warnings are faults.
_STYLE_NOTES = (
    "Ignored `",
    "Deprecated `",
    "Error: ",
    "Parse error at",
    "Unknown rule",
    "Unknown empty rule",
    "Unknown @page rule",
    "Unsupported @page selector",
    "Invalid media type",
    "Expected a media type",
    "Invalid math function",
)
# One document at a time in a process (each takes some hundred MB); PDFium must not be entered twice at all.
_PRINTING = threading.Lock()
_PDFIUM = threading.Lock()
_NO_GLYPH = ".notdef glyph rendered"
_CJK_PROBE = "廊坊市总工会预算编制说明"


class PrintFault(Refused):
    """Printing stopped because the machine or the document lacks something; the sentence says what."""


@dataclass(frozen=True)
class Attachment:
    """A file carried inside the PDF (the data behind it)."""

    name: str
    data: bytes
    description: str = ""
    relationship: Relationship = "Data"


@dataclass(frozen=True)
class PdfOptions:
    """What stands in the document's properties. `created` is printed into the file: no clock is read."""

    title: str
    created: datetime
    author: str = ""
    subject: str = ""
    keywords: tuple[str, ...] = ()
    lang: str = "zh-Hans"
    attachments: tuple[Attachment, ...] = ()
    variant: str | None = "pdf/a-3a"
    stylesheets: tuple[str, ...] = ()
    """Static paths, for instance "css/print.css"; the variables of `fonts.css_variables()` come before them."""


@dataclass(frozen=True)
class RenderedPdf:
    data: bytes
    sha256: str
    pages: int
    fonts: tuple[str, ...]
    """Families that drew at least one character."""
    notes: tuple[str, ...] = field(default=(), repr=False)
    """What the style-sheet reader did not understand."""


def require_print_system() -> None:
    """Raises PrintFault when a library or a Chinese font is missing on this machine."""
    try:
        fonts.use_named_fonts()
    except OSError as error:
        raise PrintFault(
            f"字体配置写不进 {settings.FONT_CACHE}，不能打印；请系统管理员让运行账号可以写这个目录。",
            code="print_system",
        ) from error
    try:
        from weasyprint.text import ffi
    except OSError as error:
        raise PrintFault(
            "本机缺少排版库 Pango，不能打印；请系统管理员安装 libpangoft2-1.0-0。", code="print_system"
        ) from error
    if not ffi.harfbuzz_subset:
        raise PrintFault(
            "本机缺少字体子集库 HarfBuzz-Subset，不能打印；请系统管理员安装 libharfbuzz-subset0。",
            code="print_system",
        )
    if fonts.missing_glyphs(_CJK_PROBE, fonts.all_families()):
        raise PrintFault("本机没有中文字体，不能打印；请系统管理员安装 fonts-noto-cjk。", code="print_system")


def render(html: str, *, base: PdfOptions, progress: Progress | None = None) -> RenderedPdf:
    """Print a document. Raises Refused for a character no font can draw, PrintFault for anything missing.

    `progress` is called with the name of the stage and a percentage.
    """
    tell = progress or _silent
    require_print_system()
    tell("字形检查", 0)
    require_drawable(visible_text(html))
    tell("版面", 5)
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError

    justification.install()
    with _PRINTING, _listening(tell) as heard:
        try:
            fetcher = _fetcher_class()()
            configuration = FontConfiguration()
            styles = [
                ("fonts", fonts.css_variables()),
                *((name, _static(name).decode()) for name in base.stylesheets),
            ]
            sheets = [
                weasyprint.CSS(
                    string=text, base_url=STATIC_SCHEME + name, url_fetcher=fetcher, font_config=configuration
                )
                for name, text in styles
            ]
            document = weasyprint.HTML(string=html, url_fetcher=fetcher).render(
                font_config=configuration, stylesheets=sheets, pdf_variant=base.variant
            )
            _require_absolute_links(document)
            _describe(document, base)
            tell("写出", 75)
            attached = [_weasy_attachment(weasyprint, one, base.created) for one in base.attachments]
            data: bytes = document.write_pdf(
                pdf_variant=base.variant,
                attachments=sorted(attached, key=lambda one: one.name.encode()) or None,
                finisher=_finish,
            )
        except FatalURLFetchingError as error:
            raise PrintFault(
                f"文稿引用的资源取不到：{_shown_address(str(error))}。", code="resource"
            ) from error
    _judge(heard)
    used = sorted({str(font.family) for font in document.fonts.values()})
    tell("完成", 100)
    return RenderedPdf(data, hashlib.sha256(data).hexdigest(), len(document.pages), tuple(used), tuple(heard))


def require_drawable(text: str) -> None:
    """Raises Refused naming each character (and the words around it) that no installed font can draw."""
    missing = fonts.missing_glyphs(text, fonts.all_families())
    if missing:
        named = "、".join(str(one) for one in missing[:10])
        more = f"等 {len(missing)} 个字" if len(missing) > 10 else ""
        raise Refused(
            f"字体里没有这些字，打印出来会是空白，已停止打印：{named}{more}。请安装含有这些字的字体，或改用其他字。",
            code="glyph",
        )


def visible_text(html: str) -> str:
    """The text a reader would see, one line for each piece between tags."""
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    return "\n".join(reader.pieces)


def pdf_text(data: bytes) -> list[str]:
    """Text of each page, as a reader would copy it out."""
    import pypdfium2

    with _PDFIUM:
        document = pypdfium2.PdfDocument(data)
        try:
            return [page.get_textpage().get_text_range() for page in document]
        finally:
            document.close()


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "title", "template"):
            self._hidden += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "title", "template"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.pieces.append(data.strip())


# --- resources ---------------------------------------------------------------------------------------------


@cache
def _fetcher_class() -> type[Any]:
    """The class is made on first use: importing WeasyPrint takes a second and needs its system libraries."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class StaticFetcher(URLFetcher):  # type: ignore[misc]
        """Gives `data:` addresses and our own static files; knows no network and no other file."""

        def __init__(self) -> None:
            super().__init__(allowed_protocols={"data"}, allow_redirects=False, fail_on_errors=True)

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith(STATIC_SCHEME):
                return super().fetch(url, headers)
            path = unquote(url.removeprefix(STATIC_SCHEME))
            return URLFetcherResponse(url, _static(path), {"Content-Type": _STATIC_TYPES[Path(path).suffix]})

    return StaticFetcher


def _static(path: str) -> bytes:
    """A static file by its path below static/. Raises PrintFault."""
    if Path(path).suffix not in _STATIC_TYPES or path.startswith("/") or ".." in Path(path).parts:
        raise PrintFault(f"文稿引用了不允许的资源：{path[:80]}。", code="resource")
    found = finders.find(path)
    place = Path(found) if isinstance(found, str) else Path(settings.STATIC_ROOT) / path
    try:
        return place.read_bytes()
    except OSError as error:
        raise PrintFault(f"文稿引用的资源取不到：{path[:80]}。", code="resource") from error


def _shown_address(message: str) -> str:
    matched = re.search(r'"([^"]{0,80})', message)
    return matched[1] if matched else message[:80]


# --- what the printing library says on the way -------------------------------------------------------------

_here = threading.local()


class _Listener(logging.Filter):
    """Keeps what is logged while this thread prints, and lets through what the settings ask for otherwise."""

    def filter(self, record: logging.LogRecord) -> bool:
        heard: list[str] | None = getattr(_here, "heard", None)
        if heard is None:
            return record.levelno >= logging.ERROR
        message = record.getMessage()
        if record.name == "weasyprint.progress":
            if matched := re.search(r"Page (\d+)$", message):
                page = int(matched[1])
                _here.tell(f"版面（第 {page} 页）", 5 + 65 * page // (page + 20))
        elif record.levelno >= logging.WARNING:
            heard.append(message)
        return False


@cache
def _install_listener() -> None:
    """Once and for good: changing levels for one print would deafen another that runs beside it."""
    listener = _Listener()
    for name, level in (("weasyprint", logging.WARNING), ("weasyprint.progress", logging.INFO)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.addFilter(listener)


@contextmanager
def _listening(tell: Progress) -> Iterator[list[str]]:
    _install_listener()
    heard: list[str] = []
    _here.heard, _here.tell = heard, tell
    try:
        yield heard
    finally:
        _here.heard, _here.tell = None, _silent


def _silent(stage: str, percent: int) -> None:
    """No one is waiting to see the progress."""


def _judge(heard: Sequence[str]) -> None:
    """Raises for whatever was missing. The pieces named are the library's own words, cut short."""
    glyphs = [message for message in heard if message.startswith(_NO_GLYPH)]
    if glyphs:
        codes = dict.fromkeys(code for message in glyphs for code in re.findall(r"U\+[0-9A-F]{4,6}", message))
        named = "、".join(f"“{chr(int(code[2:], 16))}”（{code}）" for code in list(codes)[:10])
        raise Refused(f"字体里没有这些字，打印出来会是空白，已停止打印：{named}。", code="glyph")
    faults = [message for message in heard if not message.startswith(_STYLE_NOTES)]
    if faults:
        named = "；".join(message[:160] for message in dict.fromkeys(faults[:5]))
        raise PrintFault(f"文稿里有图片、字体或链接缺失，已停止打印：{named}。", code="document")


# --- the file ----------------------------------------------------------------------------------------------


def _require_absolute_links(document: Any) -> None:
    for page in document.pages:
        for kind, target, *_ in page.links:
            if kind == "external" and not re.match(r"(?:https?|mailto):", str(target)):
                raise PrintFault(f"文稿里的链接不是完整网址，已停止打印：{str(target)[:80]}。", code="link")


def _describe(document: Any, base: PdfOptions) -> None:
    moment = base.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = document.metadata
    metadata.title = base.title
    metadata.authors = [base.author] if base.author else []
    metadata.description = base.subject or None
    metadata.keywords = list(base.keywords)
    metadata.created = metadata.modified = moment
    metadata.lang = base.lang


def _weasy_attachment(weasyprint: Any, one: Attachment, created: datetime) -> Any:
    moment = created.astimezone(UTC)
    return weasyprint.Attachment(
        file_obj=io.BytesIO(one.data),
        name=one.name,
        description=one.description,
        created=moment,
        modified=moment,
        relationship=one.relationship,
    )


def _finish(document: Any, pdf: Any) -> None:
    """The last touch before writing: each attachment stands once in /AF, and viewers show the title."""
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])
    pdf.catalog["ViewerPreferences"] = type(pdf.pages)({"DisplayDocTitle": "true"})
