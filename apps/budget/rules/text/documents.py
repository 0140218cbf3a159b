"""Checks of cited documents: brackets, numbers, titles, one document under two titles, the register."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

from apps.budget.rules.findings import Finding, Span
from apps.budget.rules.text.draft import Draft
from apps.core.errors import Refused
from apps.core.numbering import normalise_document_number

NUMBER_LIKE = re.compile(
    r"(?P<open>[〔【\[［(（﹝〖{])[ 　]?(?P<year>(?:19|20)\d{2})年?[ 　]?"
    r"(?P<close>[〕】\]］)）﹞〗}])[ 　]?(?P<nth>第?)[ 　]?(?P<number>\d{1,6})[ 　]?号"
)
_ISSUER_LENGTH = 18
_NO_ISSUER = re.compile(r"[^\u4e00-\u9fff]|根据|按照|依据|依照|以及|文件|通知|《|》|和|及|与|见|按")
_ORDER = re.compile(r"(?:政府|国务院|部|委|办公厅|主席)令$")
_TITLE = re.compile(r"《(?P<title>[^《》\n]{2,120})》")
_KINDS = r"法|条例|规定|办法|通知|意见|章程|细则|决定|规则|标准|方案|纪要|令|批复|函|通告|公告|报告|规划|纲要"
_ANGLE = re.compile(rf"[<＜](?P<title>[\u4e00-\u9fff（）]{{1,40}}(?:{_KINDS}))[>＞]")
_ROUND_TITLE = re.compile(r"（(?P<title>关于[^（）\n]{2,80}(?:（[^（）\n]{1,20}）[^（）\n]{0,60}){0,3})）")
_WHOLE_TITLE = re.compile(
    r"(?:通知|意见|决定|办法|函|批复|通告|公告|请示|报告|规定|条例|方案|细则|决议|纪要|命令|通报|公报|议案|建议|解释|补充规定)(?:（[^（）]{1,12}）)?$"
)
# 关于印发……办法 is the cover of another document and ends with its own kind.
_COVER = re.compile(r"关于(?:印发|转发|下发|发布|批转)")
_WHOLE_COVER = re.compile(r"(?:通知|决定|公告|通告|函|意见|命令|通报)(?:（[^（）]{1,12}）)?$")
_TYPE_WORDS = ("管理规定", "管理办法", "实施办法", "规定", "办法", "条例", "细则", "意见", "通知", "章程")
_ADDITIONS = re.compile(r"实施|补充|修正|修改|细则|解释|\d|[一二三四五六七八九十]")
_PLACE = re.compile(r"^(?:中华人民共和国|全国|中国|河北省|[\u4e00-\u9fff]{1,5}[省市县区])$")
_MOST_TITLES = 200
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A row of the register of basis documents, as far as the text can be held against it."""

    number: str
    title: str
    in_force_until: date | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A document number as printed, its standard form and the 《title》 in front of it."""

    printed: str
    standard: str
    title: str
    start: int
    end: int
    brackets: str
    nth: str
    digits: str
    is_order: bool


def check(draft: Draft, known: Sequence[KnownDocument] = ()) -> Iterator[Finding]:
    yield from _each_once(_check_all(draft, known))


def _check_all(draft: Draft, known: Sequence[KnownDocument]) -> Iterator[Finding]:
    citations = list(read_citations(draft))
    for citation in citations:
        yield from _check_form(draft, citation)
    yield from _check_titles(draft)
    yield from _check_variants(draft, citations)
    if known:
        yield from _check_register(draft, citations, known)


def _each_once(findings: Iterator[Finding]) -> list[Finding]:
    """A document cited ten times with one fault is one finding with ten places."""
    merged: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        merged.setdefault((finding.code, finding.message), []).append(finding)
    return [
        replace(first, more=(*first.more, *(span for other in others for span in other.spans)))
        for first, *others in merged.values()
    ]


def read_citations(draft: Draft) -> Iterator[Citation]:
    for matched in NUMBER_LIKE.finditer(draft.plain):
        issuer = _NO_ISSUER.split(
            draft.plain[max(0, matched.start() - _ISSUER_LENGTH) : matched.start()].rstrip()
        )[-1]
        start = draft.plain.rfind(issuer, 0, matched.start())
        if not issuer:
            continue
        printed = draft.text[start : matched.end()]
        is_order = _ORDER.search(issuer) is not None
        number = str(int(matched["number"]))
        standard = f"{issuer}〔{matched['year']}〕{'第' if is_order and matched['nth'] else ''}{number}号"
        yield Citation(
            printed=printed,
            standard=standard,
            title=_title_before(draft.plain, start),
            start=start,
            end=matched.end(),
            brackets=matched["open"] + matched["close"],
            nth=matched["nth"],
            digits=matched["number"],
            is_order=is_order,
        )


def _title_before(plain: str, start: int) -> str:
    """《……》（廊工发〔2007〕31号): the title whose bracket opens right before the number."""
    before = plain[max(0, start - 130) : start].rstrip("（( 　")
    if not before.endswith("》"):
        return ""
    titles = [matched["title"] for matched in _TITLE.finditer(before) if matched.end() == len(before)]
    return titles[-1] if titles else ""


def _check_form(draft: Draft, citation: Citation) -> Iterator[Finding]:
    if citation.brackets != "〔〕":
        yield draft.finding(
            "document.brackets",
            citation.start,
            citation.end,
            f"文号“{citation.printed}”的年份用了{citation.brackets}，应为六角括号〔〕。",
            hint=f"改为“{citation.standard}”。",
        )
    if (citation.nth and not citation.is_order) or citation.digits.startswith("0"):
        yield draft.finding(
            "document.number",
            citation.start,
            citation.end,
            f"文号“{citation.printed}”的序号不规范：不加“第”，不编虚位。",
            hint=f"改为“{citation.standard}”。",
        )


def _check_titles(draft: Draft) -> Iterator[Finding]:
    for matched in _ANGLE.finditer(draft.plain):
        yield draft.finding(
            "document.angle",
            *matched.span(),
            f"“{draft.text[slice(*matched.span())]}”用了尖括号。",
            hint=f"改为《{matched['title']}》。",
        )
    for matched in _ROUND_TITLE.finditer(draft.plain):
        yield draft.finding(
            "document.round_title",
            *matched.span(),
            "文件标题用了圆括号。",
            hint=f"改为《{_short(matched['title'])}》。",
        )
        yield from _check_truncated(draft, matched)
    for matched in _TITLE.finditer(draft.plain):
        if matched["title"].startswith("关于"):
            yield from _check_truncated(draft, matched)


def _check_truncated(draft: Draft, matched: re.Match[str]) -> Iterator[Finding]:
    title = matched["title"].rstrip("》〉")
    whole = _WHOLE_COVER if _COVER.match(title) else _WHOLE_TITLE
    if not whole.search(title):
        yield draft.finding(
            "document.truncated",
            *matched.span(),
            f"标题“{_short(matched['title'])}”没有写到文种，像是被截断了。",
            hint="请对照原文补全，如“……的通知”。",
        )


def _check_variants(draft: Draft, citations: Sequence[Citation]) -> Iterator[Finding]:
    places: dict[str, list[Span]] = defaultdict(list)
    for matched in _TITLE.finditer(draft.plain):
        places[matched["title"]].append(matched.span())
    titles = [title for title in places if len(title) >= _SHORTEST][:_MOST_TITLES]
    told: set[frozenset[str]] = set()
    for first, second in combinations(titles, 2):
        difference = title_difference(first, second)
        if difference:
            told.add(frozenset((first, second)))
            yield _variant(draft, places, first, second, difference)
    by_number: dict[str, dict[str, None]] = defaultdict(dict)
    for citation in citations:
        if citation.title:
            by_number[citation.standard][citation.title] = None
    for number, names in by_number.items():
        for first, second in combinations(list(names)[:5], 2):
            if frozenset((first, second)) not in told and first in places and second in places:
                yield _variant(draft, places, first, second, f"文号同为{number}")


def _variant(
    draft: Draft, places: dict[str, list[Span]], first: str, second: str, difference: str
) -> Finding:
    (start, end), *rest = places[second]
    return draft.finding(
        "document.variants",
        start,
        end,
        f"《{first}》与《{second}》很像（{difference}），不知是同一文件还是两个文件。",
        hint="请查原件核实：是同一文件就统一名称，是两个文件就分别注明文号；系统不自动合并。",
        more=[*places[first], *rest],
    )


def title_difference(first: str, second: str) -> str:
    """In what two titles differ when they differ by so little that they may be one document; else empty."""
    if first == second or abs(len(first) - len(second)) > 4:
        return ""
    shortest = min(len(first), len(second))
    head = _common(first, second)
    tail = min(_common(first[::-1], second[::-1]), shortest - head)
    left, right = first[head : len(first) - tail], second[head : len(second) - tail]
    if not left or not right:
        extra = (left or right).strip("（）")
        is_place = head == 0 and _PLACE.match(left or right)
        return "" if is_place or _ADDITIONS.search(extra) or not extra else f"一处多“{extra}”"
    is_type = head >= _SHORTEST and tail == 0 and left in _TYPE_WORDS and right in _TYPE_WORDS
    is_slip = len(left) == len(right) == 1 and head >= 2 and tail >= 2 and not _ADDITIONS.search(left + right)
    return f"一处作“{left}”，一处作“{right}”" if is_type or is_slip else ""


def _common(first: str, second: str) -> int:
    """Length of the common beginning."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        length += 1
    return length


def _check_register(
    draft: Draft, citations: Sequence[Citation], known: Sequence[KnownDocument]
) -> Iterator[Finding]:
    register = {_standard(document.number): document for document in known if document.number}
    missing: list[Citation] = []
    for citation in citations:
        document = register.get(_standard(citation.standard))
        if document is None:
            missing.append(citation)
            continue
        if citation.title and document.title and citation.title != document.title:
            yield draft.finding(
                "document.register_title",
                citation.start,
                citation.end,
                f"{citation.standard}登记的标题是《{document.title}》，文中写的是《{citation.title}》。",
                hint="请核对原件，改正文稿或依据文件库。",
            )
        until = document.in_force_until
        if until is not None and draft.year is not None and until < date(draft.year, 1, 1):
            yield draft.finding(
                "document.expired",
                citation.start,
                citation.end,
                f"{citation.standard}的有效期到 {until.year} 年 {until.month} 月 {until.day} 日为止，早于 {draft.year} 年。",
                hint="请换成现行文件，或说明继续适用的理由。",
            )
    if missing:
        names = list(dict.fromkeys(citation.standard for citation in missing))
        yield draft.cluster(
            "document.unregistered",
            [(citation.start, citation.end) for citation in missing],
            f"有 {len(names)} 个文号不在依据文件库里：{'、'.join(names[:6])}{'等' if len(names) > 6 else ''}。",
            hint="请登记文件并上传扫描件。",
        )


def _standard(number: str) -> str:
    try:
        return normalise_document_number(number)
    except Refused:
        return number


def _short(title: str) -> str:
    return title if len(title) <= 40 else title[:39] + "…"
