"""Placeholders of generated text: numbers stand in prose only as named placeholders, never typed."""

import re
from collections.abc import Mapping

from apps.core.errors import Refused

ITEM_PLACEHOLDERS: dict[str, str] = {
    "依据": "依据文件的标题和文号",
    "测算句": "由测算行生成的整句",
    "人数": "各测算行数量之和",
    "标准": "标准（元），各行不同时用顿号隔开",
    "金额": "本项目金额（元）",
    "万元": "本项目金额（万元）",
    "大写": "本项目金额的中文大写",
    "年度": "预算年度",
    "上年": "预算年度的前一年",
}
NAME_PLACEHOLDERS = {"年度": "预算年度", "上年": "预算年度的前一年"}

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_BRACE = re.compile(r"[{}｛｝]")
# A figure with a unit of money or counting, outside titles 《…》 and document numbers 〔…〕.
_TYPED_FIGURE = re.compile(r"[0-9０-９][0-9０-９,，.．]*\s*(?:多|余)?\s*(?:亿|万|千)?\s*(?:元|人|名|户|人次)")
# 五百五十七人, 二十万元; 一人一档 and 千家万户 are no figures.
_HAN_FIGURE = re.compile(
    r"(?=[百千万十]*[一二两三四五六七八九])"
    r"(?:[〇零一二两三四五六七八九十百千]{2,}(?:多|余)?(?:亿|万)?|[一二两三四五六七八九](?:亿|万))(?:元|人|名|户|人次)"
)
_TITLE = re.compile(r"《[^》]*》")


def require_known_placeholders(text: str, *, known: Mapping[str, str], field: str) -> None:
    """Raises Refused for an unknown or broken placeholder and lists the known ones."""
    listing = "、".join(f"{{{name}}}" for name in known)
    for name in _PLACEHOLDER.findall(text):
        if name not in known:
            raise Refused(
                f"占位符 {{{name}}} 不存在。可用的占位符：{listing}。", field=field, code="placeholder"
            )
    if _BRACE.search(_PLACEHOLDER.sub("", text)):
        raise Refused(
            f"花括号不成对。占位符写作 {{金额}} 的样子，可用的有：{listing}。",
            field=field,
            code="placeholder",
        )


def require_no_typed_figures(text: str, *, field: str) -> None:
    """Raises Refused when an amount or a count is typed into the text instead of coming from the rows."""
    outside = _TITLE.sub("", text)
    found = _TYPED_FIGURE.search(outside) or _HAN_FIGURE.search(outside)
    if found:
        raise Refused(
            f"“{found.group().strip()}”是直接写进文字的数字。金额和人数请用占位符，如 {{人数}}、{{金额}}、{{万元}}、{{测算句}}。",
            field=field,
            code="typed_figure",
        )


def beside(name: str, figure: str) -> str:
    """A name and the figure behind it; behind a name that ends in a digit with a space, so that nobody reads one number."""
    return f"{name} {figure}" if name[-1:].isdigit() else f"{name}{figure}"


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced; an unknown one stays, so that the checks stop it."""
    return _PLACEHOLDER.sub(lambda match: values.get(match.group(1), match.group()), text)
