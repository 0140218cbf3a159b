"""Checks over the rows of an edition (the text checks over what is printed stand in rules/text)."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from apps.budget.rules import calculation
from apps.budget.rules.calculation import Line
from apps.budget.rules.findings import Finding, Severity
from apps.budget.rules.stages import Stage
from apps.core import money

NO_BASIS = "data.no_basis"
"""无测算依据: only the finance head may accept it, with a reason."""
NO_DOCUMENT = "data.no_document"

CATALOGUE: dict[str, tuple[Severity, str]] = {
    "data.empty": (Severity.HARD, "版本里没有项目"),
    "data.no_lines": (Severity.HARD, "项目没有测算行，没有金额"),
    "data.line_incomplete": (Severity.HARD, "测算行没有填完整"),
    NO_BASIS: (Severity.SOFT, "无测算依据：定额或据实的金额没有测算说明"),
    "data.no_purpose": (Severity.HARD, "项目没有说明文字"),
    "data.no_sentence": (Severity.SOFT, "有测算的项目，说明里没有用 {测算句}"),
    NO_DOCUMENT: (Severity.SOFT, "项目没有依据文件"),
    "data.no_code": (Severity.SOFT, "项目没有选功能分类或部门经济分类"),
    "data.over_control": (Severity.HARD, "金额超过控制数"),
    "data.no_control": (Severity.SOFT, "一下版本里项目没有填控制数"),
    "data.no_change_reason": (Severity.SOFT, "比上年有增减而没有写原因"),
    "data.negative": (Severity.HARD, "调整后预算数为负"),
    "data.zero": (Severity.SOFT, "项目金额为零"),
    "data.document_expired": (Severity.SOFT, "依据文件已过有效期"),
    "data.document_is_speech": (Severity.SOFT, "以领导讲话为依据，依据效力不足"),
    "data.document_title_variants": (Severity.SOFT, "两份依据文件的标题只差个别字"),
    "data.source_changed": (Severity.SOFT, "数据来源的数已变，未接受也未说明保留"),
    "data.no_funding": (Severity.SOFT, "项目没有选资金来源"),
    "data.source_overridden": (Severity.SOFT, "手工改了数据来源的数，没有说明理由"),
    "data.source_missing": (Severity.SOFT, "数据来源已不存在，沿用上次读取的数"),
    "data.no_duties": (Severity.SOFT, "没有填写主要职责"),
    "data.no_tasks": (Severity.SOFT, "没有填写年度主要任务和目标"),
}


class DocumentFacts(Protocol):
    title: str
    kind: str
    in_force_until: date | None

    def citation(self) -> str: ...


class ItemFacts(Protocol):
    """What the checks need to know of an item; selectors.sheet.ItemRow fits."""

    @property
    def title(self) -> str: ...
    @property
    def rule_lines(self) -> Sequence[Line]: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def change(self) -> Decimal | None: ...
    @property
    def identity(self) -> str: ...
    @property
    def has_basis(self) -> bool: ...


def _finding(code: str, message: str, *, place: str = "", hint: str = "", subject: str = "") -> Finding:
    return Finding(
        code=code,
        severity=CATALOGUE[code][0],
        message=message,
        place=place,
        excerpt=place,
        hint=hint,
        subject=subject,
    )


def no_basis(item: ItemFacts) -> Finding:
    """无测算依据, whether it stands or was accepted with a reason."""
    return _finding(
        NO_BASIS,
        f"“{item.title}”无测算依据：{money.format_wan(item.amount)}万元没有人数、标准或测算说明。",
        place=item.title,
        hint="补充测算方式或测算说明；确无测算的，由财务负责人说明理由后接受。",
        subject=f"{item.identity} {item.amount}",
    )


def no_document(item: ItemFacts) -> Finding:
    """无依据文件, whether it stands or was accepted with a reason."""
    return _finding(
        NO_DOCUMENT,
        f"“{item.title}”没有依据文件。",
        place=item.title,
        hint="在项目页选择依据文件。",
        subject=item.identity,
    )


def check_item(
    item: ItemFacts,
    *,
    stage: str,
    purpose: str,
    control_amount: Decimal | None,
    change_reason: str,
    has_documents: bool,
    has_codes: bool,
    has_source: bool = True,
) -> Iterator[Finding]:
    """Findings about one item, in the order a person would mend them."""
    place, about = item.title, f"{item.identity} {item.amount}"
    # What comes in after 批复 comes in by 追加 and has no calculation lines.
    if not item.rule_lines and stage != Stage.ADJUSTMENT:
        yield _finding(
            "data.no_lines",
            f"“{place}”没有测算行，没有金额。",
            place=place,
            subject=about,
            hint="在表格里为它加一行测算。",
        )
    for number, line in enumerate(item.rule_lines, start=1):
        missing = calculation.missing_figures(line)
        if missing:
            yield _finding(
                "data.line_incomplete",
                f"“{place}”第{number}行测算缺少{'、'.join(missing)}。",
                place=place,
                subject=about,
                hint="补填后金额自动算出。",
            )
    if item.rule_lines and not item.has_basis:
        yield no_basis(item)
    if item.amount < 0:
        yield _finding(
            "data.negative",
            f"“{place}”调整后预算数为 {money.format_plain(item.amount)} 元，不能为负。",
            place=place,
            subject=about,
        )
    elif (
        item.rule_lines
        and item.amount == 0
        and all(not calculation.missing_figures(line) for line in item.rule_lines)
    ):
        yield _finding(
            "data.zero",
            f"“{place}”的金额为 0。",
            place=place,
            subject=about,
            hint="确不安排的，请删除项目或说明理由。",
        )
    if not purpose.strip():
        yield _finding(
            "data.no_purpose",
            f"“{place}”没有说明文字。",
            place=place,
            subject=about,
            hint="在项目页填写“说明”。",
        )
    elif item.has_basis and item.rule_lines and "{测算句}" not in purpose:
        yield _finding(
            "data.no_sentence", f"“{place}”的说明里没有 {{测算句}}，读者看不到怎样算出。", place=place
        )
    if not has_documents:
        yield no_document(item)
    if not has_codes:
        yield _finding("data.no_code", f"“{place}”没有选功能分类或部门经济分类。", place=place, subject=about)
    if not has_source:
        yield _finding(
            "data.no_funding",
            f"“{place}”没有选资金来源，收支总表里会印成“未注明”。",
            place=place,
            subject=item.identity,
            hint="在项目页选择资金来源。",
        )
    if (
        control_amount is not None
        and stage in (Stage.SECOND_UP, Stage.RATIFIED)
        and item.amount > control_amount
    ):
        yield _finding(
            "data.over_control",
            f"“{place}”{money.format_wan(item.amount)}万元，超过控制数{money.format_wan(control_amount)}万元。",
            place=place,
            subject=about,
        )
    if stage == Stage.FIRST_DOWN and control_amount is None:
        yield _finding("data.no_control", f"“{place}”没有填控制数。", place=place, subject=about)
    if item.change and not change_reason.strip():
        word = "增加" if item.change > 0 else "减少"
        yield _finding(
            "data.no_change_reason",
            f"“{place}”比上年{word}{money.format_wan(abs(item.change))}万元，没有写原因。",
            place=place,
            subject=about,
        )


def check_documents(documents: Sequence[DocumentFacts], *, year: int) -> Iterator[Finding]:
    """Validity and kind of the cited documents, and titles that differ by a word."""
    for document in documents:
        name = document.citation()
        if document.in_force_until is not None and document.in_force_until < date(year, 1, 1):
            yield _finding(
                "data.document_expired",
                f"{name}有效期至{document.in_force_until:%Y-%m-%d}，{year}年度开始前已失效。",
                place=name,
            )
        if document.kind == "speech":
            yield _finding(
                "data.document_is_speech",
                f"{name}是领导讲话，依据效力不足。",
                place=name,
                hint="请补充正式文件或会议纪要。",
            )
    for index, first in enumerate(documents):
        for second in documents[index + 1 :]:
            if differ_by_a_word(first.title, second.title):
                yield _finding(
                    "data.document_title_variants",
                    f"《{first.title}》和《{second.title}》只差个别字，请确认是两份文件还是一份写错。",
                    place=second.citation(),
                    hint="系统不自动合并；确为两份的说明理由即可。",
                )


_DIGITS = re.compile(r"[0-9０-９〇零一二三四五六七八九十]+(?=年|届|期|次|号)")


def differ_by_a_word(first: str, second: str) -> bool:
    """Whether one title becomes the other by inserting or replacing one run of at most three characters.

    The same notice of another year, session or number is another document, not a slip.
    """
    if (
        first == second
        or abs(len(first) - len(second)) > 3
        or _DIGITS.sub("", first) == _DIGITS.sub("", second)
    ):
        return False
    short, long = sorted((first, second), key=len)
    head = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    tail = next(
        (
            i
            for i, (a, b) in enumerate(zip(reversed(short[head:]), reversed(long[head:]), strict=False))
            if a != b
        ),
        len(short) - head,
    )
    return len(long) - head - tail <= 3 and head + tail >= 6
