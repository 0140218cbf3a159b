"""Checks of names: a post or a fund called otherwise in the item than in its document; codes against their dictionary."""

import re
from collections.abc import Iterator

from apps.budget.rules.findings import Finding
from apps.budget.rules.text.draft import Draft, Item

_POSTS = ("主席", "书记", "主任", "局长", "部长", "秘书长", "组长", "会长")
FUND_WORDS: tuple[tuple[str, str], ...] = (
    (r"救助(?:基金|资金|金)", r"救济(?:基金|资金|金)"),
    (r"津贴", r"补贴"),
    (r"慰问金", r"救助金|补助金"),
    (r"助学金", r"奖学金"),
)
"""Words for a payment that look alike and are not the same thing."""

_CODE_THEN_NAME = re.compile(
    r"(?<![\d.])(?P<code>\d{3}|\d{5}|\d{7})(?![\d.])[ 　“|]{0,4}(?P<name>[\u4e00-\u9fff][\u4e00-\u9fff（）()]{1,24})"
)
_NAME_THEN_CODE = re.compile(
    r"(?P<name>[\u4e00-\u9fff]{2,24})[（(](?:科目)?(?:编码)?(?P<code>\d{3}|\d{5}|\d{7})[）)]"
)
_NOT_NAMES = re.compile(r"[人户元万名次年月日个号期场家项份件套]")


def check(draft: Draft) -> Iterator[Finding]:
    for item in draft.items:
        yield from _check_post(draft, item)
        yield from _check_fund(draft, item)
    if draft.codes:
        yield from _check_codes(draft)


def _check_post(draft: Draft, item: Item) -> Iterator[Finding]:
    for post in _POSTS:
        for _, found in _told_apart(draft, item, rf"(?<!副){post}", rf"副{post}"):
            yield draft.finding(
                "name.post",
                *found.span(),
                f"项目名称“{item.name}”与依据中的“{found[0]}”职务不一致。",
                hint="主席和副主席待遇不同，请按文件核实后统一。",
                more=[(item.start, item.end)],
            )


def _check_fund(draft: Draft, item: Item) -> Iterator[Finding]:
    for first, second in FUND_WORDS:
        for named, found in _told_apart(draft, item, first, second):
            yield draft.finding(
                "name.fund",
                *found.span(),
                f"项目名称写“{named[0]}”，依据中写“{found[0]}”。",
                hint="请核实是不是同一笔款项，并统一名称。",
                more=[(item.start, item.end)],
            )


def _told_apart(
    draft: Draft, item: Item, first: str, second: str
) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Where the name has one of two words and the explanation has only the other, each way round."""
    for in_name, in_body in ((first, second), (second, first)):
        named = re.search(in_name, item.name)
        if named is None or re.search(in_body, item.name):
            continue
        found = re.compile(in_body).search(draft.plain, item.body_start, item.body_end)
        if found and not re.compile(in_name).search(draft.plain, item.body_start, item.body_end):
            yield named, found


_CODE_BEHIND = re.compile(r"\d{5}\Z")
_BESIDE = 80
"""So many characters, blanks included, two codes of one row may stand apart."""


def _check_codes(draft: Draft) -> Iterator[Finding]:
    for pattern, is_before in ((_CODE_THEN_NAME, True), (_NAME_THEN_CODE, False)):
        for matched in pattern.finditer(draft.plain):
            right = draft.codes.get(matched["code"])
            if right is None or (is_before and _NOT_NAMES.match(matched["name"])):
                continue
            before = draft.plain[max(0, matched.start() - _BESIDE) : matched.start()].rstrip(" \t　")
            if is_before and _CODE_BEHIND.search(before):
                continue  # a table: the second of two codes in a row, and what follows is another column
            said = matched["name"]
            agrees = said.startswith(right) if is_before else said.endswith(right)
            if not agrees:
                yield draft.finding(
                    "code.name",
                    *matched.span(),
                    f"科目 {matched['code']} 是“{right}”，文中写的是“{said}”。",
                    hint="请按当年科目字典改正编码或名称。",
                )
