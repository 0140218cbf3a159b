"""The guard in front of every zip-based upload (xlsx, docx): what is refused before any library opens it."""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator

from apps.core.errors import Refused

MAX_ENTRIES = 1_000
MAX_TOTAL_BYTES = 100 * 1024 * 1024
MAX_RATIO = 100
# Small parts may be very repetitive without doing harm: the ratio counts from this size on.
RATIO_FLOOR_BYTES = 1024 * 1024
# 1,000 entries with long names; a directory beyond it is not worth parsing.
MAX_DIRECTORY_BYTES = 1024 * 1024

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_MAGIC = b"PK\x03\x04"
_NESTED_MAGICS = (ZIP_MAGIC, b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00")
_NESTED_SUFFIXES = (
    *(".zip", ".rar", ".7z", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".jar", ".cab"),
    *(".xlsx", ".xlsm", ".xlsb", ".docx", ".docm", ".pptx", ".ods", ".odt"),
)
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_CHUNK = 64 * 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, OSError)


def require_safe_zip(
    data: bytes, *, field: str | None = None, max_total_bytes: int = MAX_TOTAL_BYTES
) -> None:
    """Refuse a zip that is broken, a bomb, or carries what an office upload must not carry.

    The directory is judged first, without inflating anything. Only then are the parts inflated in small
    pieces and thrown away, to see that no part is larger than the directory says or declares XML entities.
    """
    try:
        _require_small_directory(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
        _require_harmless_entries(entries, max_total_bytes)
        for entry in entries:
            _require_honest_part(data, entry)
    except _BROKEN as error:
        raise Refused(
            "文件已损坏，打不开；请在 Excel、WPS 或 Word 中重新保存后再上传。", field=field, code="broken"
        ) from error
    except Refused as refusal:
        refusal.field = field
        raise


def part_names(data: bytes) -> list[str]:
    """Names of the parts of a zip already found safe."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


def _require_small_directory(data: bytes) -> None:
    """Read the end record only: a directory of a million names is refused before it is parsed."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_557))
    if end < 0:
        raise zipfile.BadZipFile
    entries, size = struct.unpack("<HI", data[end + 10 : end + 16])
    if data[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        record = data.rfind(b"PK\x06\x06", 0, end)
        if record < 0:
            raise zipfile.BadZipFile
        entries, size = struct.unpack("<QQ", data[record + 32 : record + 48])
    if entries > MAX_ENTRIES or size > MAX_DIRECTORY_BYTES:
        raise _too_many_parts()


def _require_harmless_entries(entries: list[zipfile.ZipInfo], max_total_bytes: int) -> None:
    if len(entries) > MAX_ENTRIES:
        raise _too_many_parts()
    total = sum(entry.file_size for entry in entries)
    if total > max_total_bytes:
        raise Refused(
            f"文件展开后有 {total / 1024 / 1024:,.0f} MB，超过 {max_total_bytes // 1024 // 1024} MB 的上限，"
            "没有打开；请删去多余的工作表、空行或图片后再上传。",
            code="too_large_inside",
        )
    seen: set[str] = set()
    for entry in entries:
        _require_harmless_name(entry)
        if entry.filename in seen:
            raise Refused("文件里有两个同名的部件，内容不可信，没有打开。", code="duplicate_part")
        seen.add(entry.filename)
        if entry.flag_bits & 0x1:
            raise Refused("文件设有密码，打不开；请去掉密码后再上传。", code="encrypted")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(
                "文件使用了不支持的压缩方式；请在 Excel、WPS 或 Word 中重新保存后再上传。", code="compression"
            )
        if entry.file_size > RATIO_FLOOR_BYTES and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise Refused(
                f"文件的压缩比超过 {MAX_RATIO} 倍，可能是压缩炸弹，没有打开；请重新保存一份再上传。",
                code="ratio",
            )


def _require_harmless_name(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename.replace("\\", "/")
    lower = name.lower()
    escapes = name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name)
    if escapes or not name.isprintable():
        raise Refused("文件里有指向别处的路径，没有打开。", code="path")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refused("文件里有指向别处的链接，没有打开。", code="symlink")
    if "vbaproject" in lower or "/macrosheets/" in lower:
        raise Refused("文件带有宏，不能上传；请另存为不带宏的 xlsx 或 docx。", code="macro")
    if "/externallinks/" in lower:
        raise Refused(
            "文件引用了其他工作簿的数据（外部链接），数字可能不是最新的；"
            "请在“数据—编辑链接”中断开链接后再上传。",
            code="external_link",
        )
    if lower.endswith(_NESTED_SUFFIXES):
        raise _nested(name)


def _too_many_parts() -> Refused:
    return Refused(
        f"文件里的部件超过 {MAX_ENTRIES:,} 个的上限，不像正常的办公文件，没有打开。", code="too_many_parts"
    )


def _nested(name: str) -> Refused:
    short = name.rsplit("/", 1)[-1][:60]
    return Refused(
        f"文件里还嵌着另一个压缩包或文档（{short}），没有打开；请去掉嵌入的对象后再上传。", code="nested"
    )


def _require_honest_part(data: bytes, entry: zipfile.ZipInfo) -> None:
    is_xml = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
    size = 0
    tail = b""
    for piece in _inflated(data, entry):
        if size == 0 and piece.startswith(_NESTED_MAGICS):
            raise _nested(entry.filename)
        size += len(piece)
        if size > entry.file_size:
            raise Refused("文件里有部件展开后比标明的大，可能是压缩炸弹，没有打开。", code="dishonest_size")
        window = tail + piece
        if is_xml and any(mark in window for mark in _DOCTYPES):
            raise Refused("文件里有 XML 实体定义（DOCTYPE），可能是恶意文件，没有打开。", code="doctype")
        tail = window[-20:]
    if size != entry.file_size:
        raise zipfile.BadZipFile


def _inflated(data: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces of at most 64 KB; zipfile itself would stop at the size the directory claims."""
    start = entry.header_offset
    if start < 0 or data[start : start + 4] != ZIP_MAGIC:
        raise zipfile.BadZipFile
    name_length, extra_length = struct.unpack("<HH", data[start + 26 : start + 30])
    position = start + 30 + name_length + extra_length
    end = position + entry.compress_size
    if end > len(data):
        raise zipfile.BadZipFile
    if entry.compress_type == zipfile.ZIP_STORED:
        for at in range(position, end, _CHUNK):
            yield data[at : min(at + _CHUNK, end)]
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(position, end, _CHUNK):
        pending = data[at : min(at + _CHUNK, end)]
        while pending and not inflater.eof:
            piece = inflater.decompress(pending, _CHUNK)
            pending = inflater.unconsumed_tail
            if piece:
                yield piece
    while not inflater.eof:
        piece = inflater.decompress(b"", _CHUNK)
        if not piece:
            raise zipfile.BadZipFile
        yield piece
