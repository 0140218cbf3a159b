"""Checks of wording: wrong characters in context, repeated words, punctuation, half-width marks, missing full stops."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from apps.budget.rules.findings import Finding, Span
from apps.budget.rules.text.draft import Draft, Line, Taken


@dataclass(frozen=True, slots=True)
class Slip:
    """A wrong word recognised by what stands around it. `pattern` captures the wrong word as its only group."""

    pattern: re.Pattern[str]
    right: str


SLIPS: tuple[Slip, ...] = (
    Slip(
        re.compile(
            r"(?:(?<=[，。；、：）\d])|(?<=和)|(?<=与)|(?<=领导)|(?<=组织)|(?<=监督)|(?<=^))"
            r"(知道)(?=(?:全[国省市县区]|各[级地县市区]|所属|下级|基层|本[市县区级])[^，。；\n]{0,12}"
            r"(?:工作|工会|落实|开展|推进|建设|改革|活动))",
            re.MULTILINE,
        ),
        "指导",
    ),
    Slip(re.compile(r"(截止)(?=到?[ 　]?(?:\d{4}年|上年|去年|本年|目前|年末|年底))"), "截至"),
    Slip(re.compile(r"(布署)"), "部署"),
    Slip(re.compile(r"(报消)(?=[的费发经凭，。、])"), "报销"),
    Slip(re.compile(r"(竟赛)"), "竞赛"),
    Slip(re.compile(r"(按装)"), "安装"),
    Slip(re.compile(r"(松驰)"), "松弛"),
    Slip(re.compile(r"(修定)(?=[了的《本稿后])"), "修订"),
    Slip(re.compile(r"(帐)(?=[户号目务册面簿])"), "账"),
    Slip(re.compile(r"(起动)(?=资金|仪式|实施)"), "启动"),
    Slip(re.compile(r"(既使)"), "即使"),
    Slip(re.compile(r"(即然)"), "既然"),
    Slip(re.compile(r"(劳动摸范|劳动模犯|劳摸)"), "劳动模范"),
    Slip(re.compile(r"(经废)(?=[，。、预支安])"), "经费"),
)

_REPEATED = re.compile(r"(?P<word>[\u4e00-\u9fff]{2,6})(?P=word)")
_REPEAT_ALLOWED = re.compile(
    r"^(?:工会|机关|中心|研究|讨论|学习|商量|考虑|了解|联系|活动|一.|[〇零一二三四五六七八九十百千万]+|(.)\1+)$"
)
_PARTICLE = re.compile(
    r"的的(?!确)|(?<!算|为|除)了了(?!解|结)|在在|与与|及及|将将|(?<!人|不)是是(?!非)|被被|从从|由由"
)
_POST_REPEATED = re.compile(
    r"副?(?P<post>书记|主席|主任|部长|局长|秘书长)(?![副和与及或兼])[\u4e00-\u9fff](?P=post)"
)
_PUNCTUATION = re.compile(r"([，。；：、！？,;])\1+|[，、；：][，。；、：]|。[，；、：]|？。|！。")
_HAN = r"\u4e00-\u9fff"
_HALF_WIDTH = re.compile(
    rf"(?<=[{_HAN}》”’）〕%])[,;:?!](?=[{_HAN}《“‘（〔\d\s]|$)|(?<=项目\d)[:;,]|(?<=项目\d\d)[:;,]"
    rf"|(?<=[{_HAN}》”）])\.(?=\s*$)|\((?=[{_HAN}])|(?<=[{_HAN}])\)|(?<=\d),(?=[{_HAN}])",
    re.MULTILINE,
)
_ENDED = tuple("。！？；：…”’」!?;:")
_SHORTEST_PROSE = 15


def check(draft: Draft) -> Iterator[Finding]:
    yield from _check_slips(draft)
    yield from _check_repeats(draft)
    for matched in _PUNCTUATION.finditer(draft.plain):
        yield draft.finding(
            "wording.punctuation",
            *_with_neighbours(draft, matched.span()),
            f"标点“{matched[0]}”重复或连用不当。",
            hint="只留一个标点。",
        )
    half = [matched.span() for matched in _HALF_WIDTH.finditer(draft.plain)]
    if half:
        yield draft.cluster(
            "wording.halfwidth",
            [_with_neighbours(draft, span) for span in half],
            f"有 {len(half)} 处半角标点：{' '.join(dict.fromkeys(draft.plain[slice(*span)] for span in half))}。",
            hint="中文正文改用全角标点。",
        )
    yield from _check_ends(draft)


def _check_slips(draft: Draft) -> Iterator[Finding]:
    for slip in SLIPS:
        for matched in slip.pattern.finditer(draft.plain):
            start, end = matched.span(1)
            yield draft.finding(
                "wording.typo",
                start,
                min(end + 6, draft.line_at(start).end),
                f"“{matched[1]}”疑为“{slip.right}”。",
                hint=f"改为“{slip.right}”；如是固定用语，请说明理由后保留。",
            )


def _check_repeats(draft: Draft) -> Iterator[Finding]:
    posts = list(_POST_REPEATED.finditer(draft.plain))
    for matched in posts:
        yield _repeat(draft, matched, f"职务“{matched['post']}”重复：“{matched[0]}”，姓名或职务像是输错了。")
    told = Taken([matched.span() for matched in posts])
    for matched in _REPEATED.finditer(draft.plain):
        if not _REPEAT_ALLOWED.match(matched["word"]) and not told.touches(*matched.span()):
            yield _repeat(draft, matched, f"“{matched['word']}”连写了两遍。")
    for matched in _PARTICLE.finditer(draft.plain):
        yield _repeat(draft, matched, f"“{matched[0][0]}”连写了两遍。")


def _repeat(draft: Draft, matched: re.Match[str], message: str) -> Finding:
    return draft.finding(
        "wording.repeat", *matched.span(), message, hint="删去重复的部分，并核对姓名和职务。"
    )


def _with_neighbours(draft: Draft, span: Span) -> Span:
    line = draft.line_at(span[0])
    return max(line.start, span[0] - 4), max(span[1], min(line.end, span[1] + 4))


def _check_ends(draft: Draft) -> Iterator[Finding]:
    spans = [(max(line.start, line.end - 12), line.end) for line in draft.prose() if _lacks_end(draft, line)]
    if spans:
        yield draft.cluster(
            "wording.sentence_end",
            spans,
            f"有 {len(spans)} 段末尾没有句号。",
            hint="成句的段落以句号结束。",
        )


def _lacks_end(draft: Draft, line: Line) -> bool:
    """Prose has a comma or a full stop inside, or begins with 说明：; headings and item names have neither."""
    words = line.text.strip(" 　\t")
    is_item_heading = line.item is not None and line.item.start == line.start
    if len(words) < _SHORTEST_PROSE or is_item_heading or not re.search(r"[，。；]|^说明[:：]", words[:-1]):
        return False
    if words.endswith(("）", ")")):
        return not words[:-1].endswith(("。", "！", "？"))
    return not words.endswith(_ENDED)
