"""Checks for what was left to fill in: XX, {单位}, 待填写, （略）, missing figures. All of them stop an issue."""

import re
from collections.abc import Iterator

from apps.budget.rules.findings import Finding
from apps.budget.rules.text.draft import Draft

_LEFT = re.compile(
    r"(?<![A-Za-z0-9])[XxＸｘ]{2,}(?![A-Za-z0-9])|×{2,}|(?<![一二三四五六七八九○〇●◯])[○〇●◯]{2,}+(?=[年月日市县区元万号人])"
    r"|\{[^{}\n]{0,30}\}|｛[^｛｝\n]{0,30}｝|\{\{[^{}\n]{0,30}\}\}|\{%[^\n]{0,60}%\}"
    r"|待(?:填写?|补充?|定(?![额点向量])|核实|确认|录入)(?:内容|数据|金额)?(?=[，。；：、）)\]】》”\s|]|$)"
    r"|[（(【\[](?:略|待[填补定核][^）)】\]\n]{0,10}|请?填写[^）)】\]\n]{0,12}|此处[^）)】\]\n]{0,16}|示例文字|单位名称)[）)】\]]"
    r"|此处(?:填写|插入|补充)[^，。；\n]{0,12}|_{3,}|＿{2,}|（[ 　]{2,}）|\([ 　]{2,}\)"
    r"|(?<![A-Za-z])(?:TODO|TBD|None|NaN|nan|null|undefined|Lorem ipsum)(?![A-Za-z])|#(?:REF!|DIV/0!|VALUE!|N/A|NAME\?|NUM!)",
    re.MULTILINE,
)
_FIGURE = re.compile(
    r"(?:共计|合计|总计|小计|共需|安排|拨付|(?:金额|预算|支出|标准|资金)为|每人)[ 　]*(?P<gap>(?:亿元|万元|元)(?![旦月素件老首]))"
    r"|(?P<dash>[—－-]{1,4})(?=[ 　]?(?:人|户|名|元|万元|%)(?![才民大工均]))|(?:按|其中)(?P<ratio>——)(?=计提|为)"
)


def check(draft: Draft) -> Iterator[Finding]:
    for matched in _LEFT.finditer(draft.plain):
        yield draft.finding(
            "placeholder.left",
            *matched.span(),
            f"“{matched[0].strip() or '（  ）'}”没有填写。",
            hint="请填好或删去；留着占位符不能签发。",
        )
    for matched in _FIGURE.finditer(draft.plain):
        if draft.line_at(matched.start()).is_table or (matched["dash"] and not _is_gap(draft.plain, matched)):
            continue
        end = matched.end() if matched["gap"] else min(matched.end() + 2, draft.line_at(matched.start()).end)
        yield draft.finding(
            "placeholder.figure",
            matched.start(),
            end,
            f"“{draft.plain[matched.start() : end]}”缺少数字。",
            hint="请补上数字；没有数字的测算不能签发。",
        )


def _is_gap(plain: str, matched: re.Match[str]) -> bool:
    """—— in front of a unit stands for a missing figure; a dash behind a figure is a range."""
    return matched["dash"] == "——" and not plain[max(0, matched.start() - 1) : matched.start()].isdigit()
