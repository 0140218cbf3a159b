"""Files people upload: the kind is read from the content, the name is made harmless, the content is cleaned."""

import hashlib
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from apps.core.archives import MAX_TOTAL_BYTES, OLE_MAGIC, ZIP_MAGIC, part_names, require_safe_zip
from apps.core.errors import Refused

DEFAULT_MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000

KINDS = {
    "pdf": ("PDF", (".pdf",)),
    "png": ("PNG 图片", (".png",)),
    "jpg": ("JPG 图片", (".jpg", ".jpeg")),
    "xlsx": ("xlsx 表格", (".xlsx",)),
    "docx": ("docx 文档", (".docx",)),
    "txt": ("纯文本", (".txt",)),
}
_IMAGE_FORMATS = {"png": "PNG", "jpg": "JPEG"}
_PDF_ACTIONS = ("/OpenAction", "/AA", "/JavaScript", "/XFA", "/RichMediaSettings")
_PDF_HARMFUL = (
    "/JavaScript",
    "/Launch",
    "/ImportData",
    "/SubmitForm",
    "/Rendition",
    "/RichMediaExecute",
    "/GoToE",
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|svg|script|\?xml|head|body)", re.IGNORECASE)


class Uploaded(Protocol):
    """What Django's UploadedFile offers, as far as it is needed here."""

    name: str | None
    size: int | None

    def read(self, length: int = ..., /) -> bytes: ...


@dataclass(frozen=True)
class UploadedContent:
    """A cleaned upload; `sha256` is of the bytes kept, which may differ from those sent."""

    name: str
    data: bytes
    sha256: str
    kind: str


def require_upload(
    file: Uploaded,
    *,
    kinds: Collection[str],
    max_bytes: int = DEFAULT_MAX_BYTES,
    max_total_bytes: int = MAX_TOTAL_BYTES,
    field: str | None = None,
) -> UploadedContent:
    """Read, judge and clean one upload; `max_total_bytes` is what a zip may hold unpacked.

    Raises Refused with what is wrong and what is allowed.
    """
    if file.size is not None and file.size > max_bytes:
        raise _too_large(file.size, max_bytes, field)
    data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise _too_large(len(data), max_bytes, field)
    if not data:
        raise Refused("上传的文件是空的（0 字节）。", field=field, code="empty")
    try:
        kind = _require_kind(data, file.name or "", kinds, max_total_bytes)
        cleaned = _CLEANERS[kind](data)
    except Refused as refusal:
        refusal.field = field
        raise
    name = harmless_name(file.name or "", kind=kind)
    return UploadedContent(name, cleaned, hashlib.sha256(cleaned).hexdigest(), kind)


def _require_kind(data: bytes, name: str, kinds: Collection[str], max_total_bytes: int) -> str:
    allowed = "、".join(KINDS[kind][0] for kind in KINDS if kind in kinds)
    kind = sniff(data, max_total_bytes=max_total_bytes)
    if kind is None or kind not in kinds:
        what = f"是{KINDS[kind][0]}" if kind else _unknown_words(data)
        raise Refused(f"上传的文件{what}，这里只接受：{allowed}。", code="kind")
    ending = _ending(name)
    if ending not in KINDS[kind][1]:
        raise Refused(
            f"文件的扩展名是“{ending or '（无）'}”，内容却是{KINDS[kind][0]}；请改正扩展名或重新导出后再上传。",
            code="ending",
        )
    return kind


def sniff(data: bytes, *, max_total_bytes: int = MAX_TOTAL_BYTES) -> str | None:
    """Kind by content, or None. Only the first bytes and, for a zip, the names of its parts are looked at."""
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if data.startswith(ZIP_MAGIC):
        try:
            require_safe_zip(data, max_total_bytes=max_total_bytes)
            names = part_names(data)
        except Refused as refusal:
            if refusal.code != "broken":
                raise
            return None
        return "xlsx" if "xl/workbook.xml" in names else "docx" if "word/document.xml" in names else None
    return "txt" if decode_text(data) is not None and not _MARKUP.match(data) else None


def decode_text(data: bytes) -> str | None:
    """Text in UTF-8, UTF-16 with its mark, or GB 18030; None when it is no text at all."""
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        controls = any(
            unicodedata.category(character) == "Cc" and character not in "\r\n\t\f" for character in text
        )
        return None if controls else text
    return None


def harmless_name(name: str, *, kind: str) -> str:
    """The file's own name without path, invisible characters and what file systems refuse; ending by kind."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(character for character in base if character.isprintable())
    stem = visible[: -len(_ending(visible))] if _ending(visible) else visible
    stem = re.sub(r'[:*?"<>|%&;$`\']', "_", stem).strip(" .")
    return (stem[:80] or "未命名") + KINDS[kind][1][0]


def _ending(name: str) -> str:
    matched = re.search(r"\.[A-Za-z0-9]{1,5}$", name.strip())
    return matched[0].lower() if matched else ""


def _too_large(size: int, max_bytes: int, field: str | None) -> Refused:
    shown = f"{Decimal(size) / 1024 / 1024:.1f}"
    return Refused(
        f"上传的文件有 {shown} MB，超过 {max_bytes // 1024 // 1024} MB 的上限。",
        field=field,
        code="too_large",
    )


def _unknown_words(data: bytes) -> str:
    if data.startswith(OLE_MAGIC):
        return "是旧版 Office 文件或设有密码"
    return "是网页或矢量图" if _MARKUP.match(data) else "不是能识别的类型"


# --- cleaning ----------------------------------------------------------------------------------------------


def _clean_pdf(data: bytes) -> bytes:
    """The same pages without anything that would run on opening: scripts, launch and submit actions, XFA."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            changed = sum(_disarm(thing) for thing in [document.trailer, *document.objects])
            if not changed:
                return data
            output = io.BytesIO()
            document.save(output, deterministic_id=True)
            return output.getvalue()
    except pikepdf.PasswordError:
        raise Refused("PDF 设有密码，打不开；请去掉密码后再上传。", code="encrypted") from None
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        raise Refused("PDF 已损坏，打不开；请重新导出后再上传。", code="broken") from error


def _disarm(thing: Any) -> int:
    """Remove actions from one object and what lies directly inside it; returns how many were removed."""
    import pikepdf

    removed = 0
    for container in _containers(thing):
        if isinstance(container, pikepdf.Array):
            continue
        for key in _PDF_ACTIONS:
            if key in container:
                del container[key]
                removed += 1
        if str(container.get("/S", "")) in _PDF_HARMFUL:
            for key in list(container.keys()):
                del container[key]
            removed += 1
    return removed


def _containers(thing: Any) -> Iterator[Any]:
    """The object itself and the dictionaries nested in it; indirect ones are visited on their own."""
    import pikepdf

    pending = [(thing, 0)]
    while pending:
        one, depth = pending.pop()
        if not isinstance(one, pikepdf.Dictionary | pikepdf.Array | pikepdf.Stream) or depth > 50:
            continue
        yield one
        children = list(one) if isinstance(one, pikepdf.Array) else [one[key] for key in one.keys()]  # noqa: SIM118
        pending.extend(
            (child, depth + 1)
            for child in children
            if isinstance(child, pikepdf.Object) and not child.is_indirect
        )


def _clean_image(kind: str) -> Callable[[bytes], bytes]:
    def clean(data: bytes) -> bytes:
        """The picture drawn anew: no place, camera or other notes, and nothing hidden behind the picture."""
        from PIL import Image, ImageOps, UnidentifiedImageError

        try:
            with Image.open(io.BytesIO(data), formats=[_IMAGE_FORMATS[kind]]) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Refused(
                        f"图片有 {image.width}×{image.height} 像素，超过 {MAX_PIXELS // 10_000:,} 万像素的上限。",
                        code="pixels",
                    )
                upright = ImageOps.exif_transpose(image)
                if upright.mode in ("P", "PA"):
                    upright = upright.convert("RGBA")
                plain = Image.frombytes(upright.mode, upright.size, upright.tobytes())
                output = io.BytesIO()
                if kind == "jpg":
                    plain.convert("L" if plain.mode == "L" else "RGB").save(output, "JPEG", quality=90)
                else:
                    plain.save(output, "PNG")
                return output.getvalue()
        except (
            UnidentifiedImageError,
            OSError,
            SyntaxError,
            ValueError,
            Image.DecompressionBombError,
        ) as error:
            raise Refused("图片已损坏，打不开；请重新拍摄、扫描或导出后再上传。", code="broken") from error

    return clean


def _clean_text(data: bytes) -> bytes:
    """Kept as UTF-8 whatever it came in."""
    return (decode_text(data) or "").encode()


def _kept(data: bytes) -> bytes:
    return data


_CLEANERS: dict[str, Callable[[bytes], bytes]] = {
    "pdf": _clean_pdf,
    "png": _clean_image("png"),
    "jpg": _clean_image("jpg"),
    "xlsx": _kept,
    "docx": _kept,
    "txt": _clean_text,
}
