"""The fonts of printed documents: which family each role gets on this machine, and which characters none can draw.

Only fonts of the configured folders count, and of those only the families named here: whatever else a machine has,
from another program or in somebody's home, is neither asked for a character nor printed.
"""

import hashlib
import os
import subprocess
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

from django.conf import settings
from fontTools.ttLib import TTFont, TTLibError

_REGULAR_WEIGHT = 80
_SERIF = ("Noto Serif CJK SC", "Source Han Serif SC", "思源宋体")
_SANS = ("Noto Sans CJK SC", "Source Han Sans SC", "思源黑体")
# No role prints with it: it is there for a browser that shows our pages under the same configuration.
_MONO = ("Noto Sans Mono CJK SC",)


@dataclass(frozen=True)
class FontRole:
    """A role in a document: families of the wanted typeface in order of preference, then what may stand in."""

    key: str
    label: str
    wanted: str
    genuine: tuple[str, ...]
    stand_ins: tuple[str, ...]

    @property
    def chain(self) -> tuple[str, ...]:
        return self.genuine + self.stand_ins


# GB/T 9704-2012: body in 仿宋, first level in 黑体, second in 楷体, title in 小标宋. The licensed fonts come first;
# the free ones draw the same typeface where there is one. A licensed font need only be installed to be used.
ROLES: dict[str, FontRole] = {
    role.key: role
    for role in (
        FontRole(
            "body",
            "正文",
            "仿宋",
            ("仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong", "华文仿宋", "STFangsong", "FZFangSong-Z02",
             "FandolFang R", "FandolFang"),
            _SERIF,
        ),
        FontRole(
            "heading",
            "一级标题",
            "黑体",
            ("黑体", "SimHei", "华文黑体", "STHeiti", "FZHei-B01", *_SANS, "FandolHei"),
            _SERIF,
        ),
        FontRole(
            "kai",
            "二级标题",
            "楷体",
            ("楷体_GB2312", "KaiTi_GB2312", "楷体", "KaiTi", "华文楷体", "STKaiti", "FZKai-Z03", "LXGW WenKai",
             "霞鹜文楷", "FandolKai", "AR PL KaitiM GB"),
            _SERIF,
        ),
        FontRole(
            "title",
            "标题",
            "小标宋",
            ("方正小标宋_GBK", "FZXiaoBiaoSong-B05", "方正小标宋简体", "FZXiaoBiaoSong-B05S", "华文中宋", "STZhongsong"),
            _SERIF,
        ),
        FontRole(
            "table",
            "表格与数字",
            "宋体",
            ("宋体", "SimSun", "新宋体", "NSimSun", "华文宋体", "STSong", *_SERIF),
            _SANS,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class FontFace:
    family: str
    file: str
    index: int


@dataclass(frozen=True)
class FontChoice:
    """Which font a role gets here. `substituted`: a font of another typeface stands in."""

    role: str
    label: str
    wanted: str
    used: str
    file: str
    substituted: bool


@dataclass(frozen=True)
class MissingGlyph:
    """A character no font of the chain can draw, with the words around it so that the name can be found."""

    char: str
    codepoint: int
    context: str

    def __str__(self) -> str:
        shown = self.char if self.char.isprintable() else "�"
        return f"“{shown}”（U+{self.codepoint:04X}，见“{self.context}”）"


def configuration() -> Path:
    """The fontconfig file that names our fonts and shuts out all others. Raises OSError when it cannot be written.

    Its name comes from its content, so that processes with other folders keep theirs.
    """
    generic = {"serif": _SERIF, "sans-serif": _SANS, "monospace": _MONO}
    named = dict.fromkeys(family for role in ROLES.values() for family in role.chain) | dict.fromkeys(_MONO)
    accepted = (
        f'<pattern><patelt name="family"><string>{escape(family)}</string></patelt></pattern>'
        for family in named
    )
    lines = [
        *(f"<dir>{escape(str(folder))}</dir>" for folder in settings.FONT_FOLDERS),
        f"<cachedir>{escape(str(settings.FONT_CACHE))}</cachedir>",
        f"<selectfont><acceptfont>{''.join(accepted)}</acceptfont>",
        "<rejectfont><pattern/></rejectfont></selectfont>",
        *(
            f"<alias><family>{name}</family><prefer>{''.join(f'<family>{one}</family>' for one in families)}"
            "</prefer></alias>"
            for name, families in generic.items()
        ),
    ]
    text = "\n".join(['<?xml version="1.0"?>', "<fontconfig>", *lines, "</fontconfig>", ""])
    path = Path(settings.FONT_CACHE) / f"fonts-{hashlib.sha256(text.encode()).hexdigest()[:16]}.conf"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        draft.write_text(text)
        draft.replace(path)
    return path


def use_named_fonts() -> None:
    """Lets the printing library, which asks fontconfig anew for each document, see ours alone. Raises OSError."""
    os.environ["FONTCONFIG_FILE"] = str(configuration())


def fonts_in_use() -> list[FontChoice]:
    """One choice for each role that has any installed font, in the order of `ROLES`."""
    faces = _faces()
    choices = []
    for role in ROLES.values():
        used = next((family for family in role.chain if family in faces), None)
        if used is not None:
            face = faces[used]
            choices.append(
                FontChoice(role.key, role.label, role.wanted, used, face.file, used not in role.genuine)
            )
    return choices


def installed(families: Iterable[str]) -> list[str]:
    """Those of the families that are installed, in the same order."""
    faces = _faces()
    return [family for family in families if family in faces]


def css_variables() -> str:
    """`--font-body`, `--font-heading`, `--font-kai`, `--font-title`, `--font-table` for a print stylesheet.

    Only installed families are named, so that no other font can slip in for one that is not there.
    """
    lines = []
    for role in ROLES.values():
        names = ", ".join(f'"{family}"' for family in installed(role.chain))
        lines.append(f"  --font-{role.key}: {names or 'serif'};")
    return ":root {\n" + "\n".join(lines) + "\n}\n"


def all_families() -> list[str]:
    """Every installed family any role may use: what a document with all roles can draw."""
    return installed(dict.fromkeys(family for role in ROLES.values() for family in role.chain))


def missing_glyphs(text: str, families: Sequence[str]) -> list[MissingGlyph]:
    """Characters that none of the installed families can draw, each once, where it stands first."""
    faces = _faces()
    drawable = [
        _characters(faces[family].file, faces[family].index) for family in families if family in faces
    ]
    missing: dict[str, MissingGlyph] = {}
    for line in text.splitlines():
        for character in dict.fromkeys(line):
            code = ord(character)
            if character in missing or _draws_nothing(character) or any(code in known for known in drawable):
                continue
            at = line.index(character)
            context = line[max(0, at - 8) : at + 9].strip()
            missing[character] = MissingGlyph(character, code, context)
    return list(missing.values())


def _draws_nothing(character: str) -> bool:
    """Spaces, line breaks, joiners and variation selectors need no glyph; private and unassigned characters do."""
    return unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp") or (
        "︀" <= character <= "️" or "\U000e0100" <= character <= "\U000e01ef"
    )


def _faces() -> dict[str, FontFace]:
    """The regular face of every family that counts, under each of the family's names."""
    try:
        return _faces_of(configuration())
    except OSError:
        return {}


@lru_cache(maxsize=8)
def _faces_of(configured: Path) -> dict[str, FontFace]:
    command = ["fc-list", "-f", "%{family}\t%{file}\t%{index}\t%{weight}\t%{slant}\n"]
    known = os.environ | {"FONTCONFIG_FILE": str(configured)}
    try:
        done = subprocess.run(command, env=known, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return {}
    found: dict[str, tuple[int, FontFace]] = {}
    for line in sorted(done.stdout.splitlines()):
        parts = line.split("\t")
        if len(parts) != 5:
            continue
        names, file, index, weight, slant = parts
        distance = abs(_number(weight, _REGULAR_WEIGHT) - _REGULAR_WEIGHT) + _number(slant, 0)
        for name in names.split(","):
            family = name.strip()
            if family not in found or distance < found[family][0]:
                found[family] = (distance, FontFace(family, file, _number(index, 0) & 0xFFFF))
    return {family: face for family, (_, face) in found.items()}


def _number(text: str, otherwise: int) -> int:
    """fontconfig prints a variable font's weight as a range: then the wanted value is inside it."""
    return int(text) if text.isdigit() else otherwise


@lru_cache(maxsize=32)
def _characters(file: str, index: int) -> frozenset[int]:
    try:
        with TTFont(file, fontNumber=index, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (OSError, TTLibError):
        return frozenset()
