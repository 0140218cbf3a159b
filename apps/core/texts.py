"""Reads a txt, docx or pdf into plain text, one paragraph a line, with a name for every line that people can find."""

import io
import re
import threading
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from apps.core.archives import OLE_MAGIC, ZIP_MAGIC, part_names, require_safe_zip
from apps.core.errors import Refused
from apps.core.text import visible
from apps.core.uploads import decode_text

MAX_CHARACTERS = 300_000
MAX_PAGES = 500
FIELD = "file"
CELL_JOINT = " | "
"""Between the cells of a table row."""

_LINE_ENDS = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")
_WORDS = re.compile(r"[\w\u4e00-\u9fff]")
_PAGE_NUMBER = re.compile(
    r"[-—–－·\s]{0,3}(?:第\s?)?\d{1,4}(?:\s?页)?(?:[/共\s]{0,3}\d{1,4}\s?页?)?[-—–－·\s]{0,3}"
)
_OPENS_PARAGRAPH = re.compile(
    r"[ 　]*(?:第?[一二三四五六七八九十]{1,3}[、是章]|[（(][一二三四五六七八九十\d]{1,3}[）)]|\d{1,2}[、.．](?!\d)|项目\s?\d"
    r"|说明[:：]|附件|[　 ]{2})"
)
_CLOSES_PARAGRAPH = tuple("。！？：:!?")
_NEVER_FIRST = tuple("，。；：、！？）》】〕”’％,.;:!?)%")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_WRAPPERS = {f"{_W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag")}
_pdf_lock = threading.Lock()
"""PDFium works in one thread at a time."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """`labels[n]` names line n of `text` (第12行, 第3页第5行, 表2第4行); `notes` say what could not be read."""

    text: str
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_text(name: str, data: bytes) -> SourceText:
    """The words of an uploaded file, by its content and its ending. Raises Refused with what is wrong."""
    if not data:
        raise _refused("文件是空的（0 字节）。", "empty")
    if len(data) > settings.UPLOAD_MAX_BYTES:
        raise too_large(len(data))
    return words_of(name, data)


def words_of(name: str, data: bytes) -> SourceText:
    """As `read_text`, for a file whose size was already judged: it needs no settings."""
    ending = _ending(name)
    kind = _kind(data)
    if ending not in (".txt", ".docx", ".pdf"):
        raise _refused(f"“{_shown(name)}”不是 txt、docx 或 pdf 文件，读不了。", "ending")
    if kind != ending:
        raise _mismatch(ending, kind, data)
    if ending == ".pdf":
        return _read_pdf(data)
    return _read_docx(data) if ending == ".docx" else _read_plain(data)


def too_large(size: int) -> Refused:
    limit = settings.UPLOAD_MAX_BYTES
    shown = f"{Decimal(size) / 1024 / 1024:.1f}"
    return _refused(f"文件有 {shown} MB，超过 {limit // 1024 // 1024} MB 的上限。", "too_large")


def from_pasted(text: str) -> SourceText:
    """Text as typed or pasted into a form. Raises Refused when there are no words in it."""
    lines = _LINE_ENDS.split(visible(text))
    return _source([(line, f"第{number}行") for number, line in enumerate(lines, 1)])


def _source(lines: Sequence[tuple[str, str]], notes: Iterable[str] = ()) -> SourceText:
    text = "\n".join(words for words, _ in lines)
    if not _WORDS.search(text):
        raise _refused("文件里没有文字。", "no_text")
    if len(text) > MAX_CHARACTERS:
        raise _refused(
            f"文稿有 {len(text):,} 个字符，超过 {MAX_CHARACTERS:,} 的上限；请分成几份。", "too_long"
        )
    return SourceText(text, tuple(label for _, label in lines), tuple(notes))


def _refused(message: str, code: str) -> Refused:
    return Refused(message, field=FIELD, code=code)


def _ending(name: str) -> str:
    matched = re.search(r"\.[A-Za-z0-9]{1,5}$", name.strip())
    return matched[0].lower() if matched else ""


def _shown(name: str) -> str:
    visible = "".join(character for character in name if character.isprintable())
    return visible if len(visible) <= 40 else "…" + visible[-39:]


def _kind(data: bytes) -> str:
    """Ending that the content deserves; empty when it is none of the three."""
    if b"%PDF-" in data[:1024]:
        return ".pdf"
    if data.startswith(ZIP_MAGIC):
        require_safe_zip(data, field=FIELD)
        return ".docx" if "word/document.xml" in part_names(data) else ""
    return ".txt" if decode_text(data) is not None else ""


def _mismatch(ending: str, kind: str, data: bytes) -> Refused:
    if data.startswith(OLE_MAGIC):
        return _refused(
            "这是旧版 Office 文件（doc、xls、wps）或设有密码的文件，读不了；请去掉密码，另存为 docx 后再上传。",
            "old_office",
        )
    if kind:
        return _refused(f"文件的扩展名是“{ending}”，内容却是 {kind[1:]}；请改正扩展名。", "mismatch")
    if ending == ".txt":
        return _refused("文件不是纯文本，或文字编码不是 UTF-8、GB18030，读不了。", "encoding")
    name = "Word 文档（docx）" if ending == ".docx" else "PDF"
    return _refused(
        f"文件的扩展名是“{ending}”，内容却不是{name}，或者已经损坏；请重新导出后再上传。", "mismatch"
    )


# --- plain text --------------------------------------------------------------------------------------------


def _read_plain(data: bytes) -> SourceText:
    return from_pasted(decode_text(data) or "")


# --- Word --------------------------------------------------------------------------------------------------


def _read_docx(data: bytes) -> SourceText:
    """Paragraphs and table rows in reading order, insertions accepted and deletions left out."""
    body = _docx_body(data)
    lines: list[tuple[str, str]] = []
    paragraphs = tables = 0
    for block in _within(body, "p", "tbl"):
        if block.tag == f"{_W}p":
            paragraphs += 1
            lines += [(words, f"第{paragraphs}段") for words in _LINE_ENDS.split(_paragraph(block))]
        else:
            tables += 1
            for number, row in enumerate(_within(block, "tr"), 1):
                cells = [_cell(cell) for cell in _within(row, "tc")]
                if any(cells):
                    lines.append((CELL_JOINT.join(cells), f"表{tables}第{number}行"))
            lines.append(("", f"表{tables}之后"))
    notes = []
    if body.find(f".//{_W}numPr") is not None:
        notes.append("文档里有自动编号，编号本身不在文字里，缺号、重号没有检查。")
    if body.find(f".//{_W}del") is not None:
        notes.append("文档里有没接受的修订，按接受修订后的文字检查。")
    return _source(lines, notes)


def _docx_body(data: bytes) -> Any:
    from docx.oxml.parser import parse_xml

    # The zip guard has refused every DOCTYPE; python-docx's parser would not follow one either.
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            root: Any = parse_xml(archive.read("word/document.xml"))
    except (SyntaxError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise _refused("Word 文档已损坏，打不开；请在 Word 或 WPS 中重新保存后再上传。", "broken") from error
    body = root.find(f"{_W}body")
    if body is None:
        raise _refused("Word 文档里没有正文，读不了；请在 Word 或 WPS 中重新保存后再上传。", "broken")
    return body


def _within(parent: Any, *names: str) -> Iterator[Any]:
    """Children by name, also inside content controls and insertions."""
    for child in parent:
        if child.tag in {f"{_W}{name}" for name in names}:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _within(child, *names)


def _paragraph(block: Any) -> str:
    """Words of one paragraph; text boxes in it follow as lines of their own."""
    words: list[str] = []
    boxes: list[str] = []

    def walk(node: Any) -> None:
        for child in node:
            if child.tag == f"{_W}t":
                words.append(child.text or "")
            elif child.tag in (f"{_W}tab", f"{_W}ptab"):
                words.append("\t" if node.tag == f"{_W}r" else "")
            elif child.tag in (f"{_W}br", f"{_W}cr"):
                words.append("\n")
            elif child.tag == f"{_W}noBreakHyphen":
                words.append("-")
            elif child.tag == f"{_W}txbxContent":
                boxes.extend(_paragraph(inner) for inner in _within(child, "p"))
            elif child.tag not in (
                f"{_W}del",
                f"{_W}moveFrom",
                f"{_W}instrText",
                f"{_COMPATIBILITY}Fallback",
            ):
                walk(child)

    walk(block)
    return "\n".join([visible("".join(words)), *(box for box in boxes if box)])


def _cell(cell: Any) -> str:
    words = " ".join(_paragraph(block) for block in cell.iter(f"{_W}p"))
    return " ".join(words.split())


# --- PDF ---------------------------------------------------------------------------------------------------


def _read_pdf(data: bytes) -> SourceText:
    """Lines joined to paragraphs; page numbers left out. A page without words is named in the notes."""
    pages = _without_furniture(_pdf_pages(data))
    empty = [number for number, lines in enumerate(pages, 1) if not lines]
    if len(empty) == len(pages):
        raise _refused(
            "PDF 里没有可读的文字，可能是扫描成的图片；请上传文字版，或把文字粘贴进来。", "no_text"
        )
    notes = []
    if empty:
        shown = "、".join(str(number) for number in empty[:10])
        notes.append(f"第{shown}{'等' if len(empty) > 10 else ''}页没有可读的文字，没有检查。")
    return _source(_joined(pages), notes)


def _pdf_pages(data: bytes) -> list[list[str]]:
    import pypdfium2

    try:
        with _pdf_lock, pypdfium2.PdfDocument(data) as document:
            if len(document) > MAX_PAGES:
                raise _refused(
                    f"PDF 有 {len(document)} 页，超过 {MAX_PAGES} 页的上限；请分成几份。", "too_long"
                )
            pages = []
            length = 0
            for page in document:
                textpage = page.get_textpage()
                raw = textpage.get_text_range()
                textpage.close()
                page.close()
                length += len(raw)
                if length > MAX_CHARACTERS * 2:
                    raise _refused(f"文稿超过 {MAX_CHARACTERS:,} 个字符的上限；请分成几份。", "too_long")
                lines = _LINE_ENDS.split(visible(raw))
                pages.append(
                    [
                        line.rstrip()
                        for line in lines
                        if line.strip() and not _PAGE_NUMBER.fullmatch(line.strip())
                    ]
                )
            return pages
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise _refused("PDF 设有密码，打不开；请去掉密码后再上传。", "encrypted") from error
        raise _refused("PDF 已损坏，打不开；请重新导出后再上传。", "broken") from error


def _joined(pages: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """A line that fills the measure and does not end a sentence goes on in the next one."""
    widths = sorted(_width(line) for lines in pages for line in lines)
    full = widths[len(widths) * 9 // 10] * 85 // 100
    found: list[tuple[list[str], str]] = []
    is_open = False
    tail = ""
    for page, lines in enumerate(pages, 1):
        for number, line in enumerate(lines, 1):
            words = line.strip()
            is_rest = words.startswith(_NEVER_FIRST)
            if found and (is_rest or (is_open and not _OPENS_PARAGRAPH.match(line))):
                joint = " " if tail[-1:].isascii() and tail[-1:].isalpha() and words[:1].isascii() else ""
                found[-1][0].append(joint + words)
                tail = (tail + joint + words)[-200:]
            else:
                found.append(([words], f"第{page}页第{number}行"))
                tail = words[-200:]
            is_title_open = tail.rfind("《") > tail.rfind("》")
            is_open = is_title_open or (_width(line) >= full and not words.endswith(_CLOSES_PARAGRAPH))
    return [("".join(parts), label) for parts, label in found]


def _without_furniture(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    """Leave out running heads and watermarks: what stands on more than half of at least three pages."""
    seen = Counter(line for lines in pages for line in {line.strip() for line in lines})
    repeated = {line for line, count in seen.items() if count >= 3 and count * 2 > len(pages)}
    if not repeated:
        return [list(lines) for lines in pages]
    lengths = sorted({len(line) for line in repeated}, reverse=True)

    def without_tail(line: str) -> str:
        for length in lengths:
            if length <= len(line) and line[-length:] in repeated:
                return line[:-length].rstrip()
        return line.rstrip()

    kept = [[without_tail(line) for line in lines if line.strip() not in repeated] for lines in pages]
    return [[line for line in lines if line.strip()] for lines in kept]


def _width(line: str) -> int:
    """In half-width columns."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in line)
