"""The annual budget explanation (预算编制说明): its sections in order, made from the sheet alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from apps.budget.documents import appendix
from apps.budget.documents.parts import (
    Entry,
    GroupBlock,
    ItemBlock,
    Piece,
    PrintedTable,
    Section,
    Text,
    in_wan,
    linked,
)
from apps.budget.models import Edition, OutlineEntry
from apps.budget.rules import narrative, stages, wording
from apps.budget.rules.stages import Stage
from apps.budget.rules.terms import Term, terms_in
from apps.budget.selectors import figures
from apps.budget.selectors.explanation import (
    EarlierItem,
    Node,
    Signature,
    earlier_year,
    outline_tree,
    signatures,
    terms,
)
from apps.budget.selectors.sheet import GroupRow, ItemRow, Sheet
from apps.core import money, numbering

_LONGEST_HEADING = 45
"""An entry of the outline up to this length that is one sentence is set as a heading."""


@dataclass(frozen=True)
class IssueFacts:
    """What the signature page of an issued document says of the issue itself."""

    number: str
    sequence: int
    reason: str
    issued_by: str
    issued_at: datetime
    verify_url: str


@dataclass(frozen=True)
class Explanation:
    """All that stands on the paper."""

    title: str
    title_lines: tuple[str, ...]
    subtitle: str
    union: str
    book: str
    stage: str
    year: int
    sections: tuple[Section, ...]
    signatures: tuple[Signature, ...]
    minutes: str
    reason: str
    dated: date | None
    figures_url: str
    is_draft: bool
    issue: IssueFacts | None

    @property
    def cover_lines(self) -> tuple[str, ...]:
        return (f"{self.year}年", self.title.removeprefix(f"{self.union}{self.year}年"))

    @property
    def subject(self) -> str:
        return f"{self.year}年{self.book}（{self.stage}）编制说明"


def explanation(
    sheet: Sheet, *, figures_url: str, is_draft: bool = False, issue: IssueFacts | None = None
) -> Explanation:
    """The whole document. `figures_url` is the absolute address to which a figure's key and a slash are appended."""
    edition = sheet.edition
    plan = edition.plan
    sections = _sections(sheet, outline_tree(edition), earlier_year(edition))
    return Explanation(
        title=_title(edition),
        title_lines=narrative.title_lines(union=plan.union.name, year=plan.year, book=plan.book),
        subtitle=f"（{edition.label}　{stages.STAGE_MEANING[edition.stage]}）",
        union=plan.union.name,
        book=plan.get_book_display(),
        stage=edition.label,
        year=plan.year,
        sections=sections,
        signatures=signatures(edition),
        minutes=edition.minutes,
        reason=edition.reason,
        dated=_dated(edition, issue),
        figures_url=figures_url,
        is_draft=is_draft,
        issue=issue,
    )


def plain_text(sheet: Sheet, earlier: Mapping[UUID, EarlierItem] | None = None) -> str:
    """The prose of the explanation, one paragraph a line, as the text checks read it: all headings, no tables or terms.

    `earlier` is last year's items where they have been read already.
    """
    edition = sheet.edition
    earlier = earlier_year(edition) if earlier is None else earlier
    lines = [_title(edition)]
    for section in _sections(sheet, outline_tree(edition), earlier):
        lines.append(section.heading)
        if section.kind != "terms":
            lines += _lines(section)
    return "\n".join(lines)


def _title(edition: Edition) -> str:
    plan = edition.plan
    return narrative.title(union=plan.union.name, year=plan.year, book=plan.book)


def _lines(section: Section) -> list[str]:
    lines = [entry.text for entry in section.entries]
    if section.group:
        for item in section.group.items:
            lines.append(wording.beside(f"项目{item.number}：{item.title}", f"{item.amount.text}万元"))
            lines += [
                f"{'说明：' if not at else ''}{_plain(text)}" for at, text in enumerate(item.paragraphs)
            ]
        lines.append(f"{section.group.name}小计{section.group.subtotal.text}万元")
    lines += [_plain(text) for text in section.paragraphs]
    if section.total:
        lines.append(_plain(section.total))
    return lines


def _plain(text: Text) -> str:
    return "".join(piece.text for piece in text)


def _dated(edition: Edition, issue: IssueFacts | None) -> date | None:
    if issue:
        return timezone.localdate(issue.issued_at)
    return timezone.localdate(edition.approval.at) if edition.approval is not None else None


# --- the sections ------------------------------------------------------------------------------------------


class _Numbered:
    """Collects sections; their numbers come from their place, so none can be skipped or doubled."""

    def __init__(self) -> None:
        self.sections: list[Section] = []

    def add(self, section: Section) -> None:
        number = len(self.sections) + 1
        self.sections.append(replace(section, mark=numbering.heading(1, number), anchor=f"section-{number}"))


def _sections(
    sheet: Sheet, outline: Mapping[str, tuple[Node, ...]], earlier: Mapping[UUID, EarlierItem]
) -> tuple[Section, ...]:
    union, year = sheet.edition.plan.union.name, sheet.year
    parts = _Numbered()
    duties = outline[OutlineEntry.Section.DUTIES]
    if duties:
        parts.add(Section(f"{union}主要职责", "outline", entries=_entries("duties", duties, year)))
    tasks = outline[OutlineEntry.Section.TASKS]
    if tasks:
        parts.add(Section(f"{year}年主要任务和目标", "outline", entries=_entries("tasks", tasks, year)))
    last = len(sheet.groups)
    for number, group in enumerate(sheet.groups, start=1):
        total = _total(sheet) if number == last else ()
        parts.add(Section(f"{group.group.name}说明", "group", group=_group(group, number), total=total))
    note = ((Piece(narrative.BOOK_NOTES[sheet.edition.plan.book]),),)
    parts.add(
        Section("预算收支和项目汇总表", "tables", paragraphs=note, tables=appendix.summary_tables(sheet))
    )
    changes, change_tables = _changes(sheet, earlier)
    parts.add(Section("增减变化说明", "changes", paragraphs=changes, tables=change_tables))
    parts.add(Section("绩效目标表", "tables", tables=(appendix.targets_table(sheet),)))
    parts.add(Section("测算明细表", "tables", tables=(appendix.calculations_table(sheet),)))
    documents = appendix.documents_table(sheet)
    if documents.rows:
        parts.add(Section("依据文件目录", "tables", tables=(documents,)))
    used = terms_in(_everything(sheet, parts.sections), terms())
    if used:
        parts.add(
            Section(
                "名词解释", "terms", entries=tuple(_term(at, term) for at, term in enumerate(used, start=1))
            )
        )
    return tuple(parts.sections)


def _entries(section: str, nodes: tuple[Node, ...], year: int) -> tuple[Entry, ...]:
    """The tree in printed order."""
    found: list[Entry] = []
    place = {"年度": str(year), "上年": str(year - 1)}

    def walk(level: int, entries: tuple[Node, ...]) -> None:
        texts = [wording.fill(node.text, place).strip() for node in entries]
        marks = narrative.entry_marks(texts, level)
        for node, text, mark in zip(entries, texts, marks, strict=True):
            lead, rest = _lead(section, level, text)
            found.append(Entry(mark, level if mark else 0, lead, rest))
            walk(level + 1, node.children)

    walk(1, nodes)
    return tuple(found)


def _lead(section: str, level: int, text: str) -> tuple[str, str]:
    """Tasks and their measures open with a heading sentence; duties are plain paragraphs."""
    if section != narrative.TASKS or level > 2:
        return "", text
    end = text.find("。") + 1
    if 0 < end <= _LONGEST_HEADING or len(text) <= _LONGEST_HEADING:
        return (text[:end], text[end:]) if end else (text, "")
    return "", text


def _group(group: GroupRow, number: int) -> GroupBlock:
    key = figures.group_key(group)
    return GroupBlock(
        name=group.group.name,
        items=tuple(_item(item, number) for item in group.items),
        subtotal=in_wan(group.amount, key),
    )


def _item(item: ItemRow, group_number: int) -> ItemBlock:
    key = figures.item_key(item)
    mark = narrative.calculation_mark(group_number, item.number)
    return ItemBlock(
        number=item.number,
        mark=mark,
        title=item.title,
        amount=in_wan(item.amount, key),
        paragraphs=tuple(
            linked(line.strip(), key) for line in item.explanation().splitlines() if line.strip()
        ),
        anchor=appendix.item_anchor(item),
        appendix_anchor=appendix.calculation_anchor(item),
        has_basis=item.has_basis,
    )


def _total(sheet: Sheet) -> Text:
    words = (
        f"{sheet.year}年项目支出合计{money.format_wan(sheet.amount)}万元（{money.capital(sheet.amount)}）。"
    )
    return linked(words, figures.TOTAL)


def _changes(
    sheet: Sheet, earlier: Mapping[UUID, EarlierItem]
) -> tuple[tuple[Text, ...], tuple[PrintedTable, ...]]:
    """What moved against last year and why, item by item; what cannot be compared is said once."""
    known = [item for item in sheet.items if item.prior_amount is not None]
    unknown = [item.title for item in sheet.items if item.prior_amount is None]
    lineages = {item.record.lineage for item in sheet.items}
    gone = [row for lineage, row in earlier.items() if lineage not in lineages]
    if not known:
        sentence = f"本版本的项目都没有登记{sheet.year - 1}年预算数，不作增减比较。"
        return ((Piece(sentence),),), ()
    paragraphs = [_total_change(sheet, gone)] if not unknown else []
    for item in known:
        paragraphs.append(linked(_item_change(item, earlier), figures.item_key(item)))
    if gone:
        names = "、".join(f"{row.title}（{narrative.amount_words(row.amount)}）" for row in gone)
        paragraphs.append((Piece(f"{sheet.year - 1}年安排、本年不再安排的项目：{names}。"),))
    if unknown:
        names = "、".join(unknown)
        paragraphs.append(
            (Piece(f"下列项目没有登记{sheet.year - 1}年预算数，不作增减比较，合计数也不作比较：{names}。"),)
        )
    no_more = sum((row.amount for row in gone), Decimal("0.00")) if gone else None
    return tuple(paragraphs), (appendix.changes_table(sheet, no_more),)


def _total_change(sheet: Sheet, gone: list[EarlierItem]) -> Text:
    before = sum((item.prior_amount or Decimal(0) for item in sheet.items), Decimal("0.00"))
    before += sum((row.amount for row in gone), Decimal("0.00"))
    moves = sorted(
        [(item.title, item.change or Decimal(0)) for item in sheet.items]
        + [(row.title, -row.amount) for row in gone],
        key=lambda move: -abs(move[1]),
    )
    told = [
        f"{title}{narrative.direction(amount)}{narrative.amount_words(abs(amount))}"
        for title, amount in moves[:3]
        if amount
    ]
    sentence = narrative.change_sentence(
        subject=f"{sheet.year}年项目支出合计", before=before, after=sheet.amount, reason="、".join(told)
    )
    return linked(sentence, figures.TOTAL)


def _item_change(item: ItemRow, earlier: Mapping[UUID, EarlierItem]) -> str:
    before = earlier.get(item.record.lineage)
    split = narrative.explain_change(before.lines, item.rule_lines) if before else None
    return narrative.change_sentence(
        subject=item.title,
        before=item.prior_amount,
        after=item.amount,
        reason=item.record.change_reason,
        split=split,
    )


def _term(at: int, term: Term) -> Entry:
    source = f"（{term.source}）" if term.source else ""
    meaning = f"{term.meaning.rstrip('。')}{source}。"
    return Entry(numbering.heading(3, at), 3, f"{term.word}：", meaning)


def _everything(sheet: Sheet, sections: list[Section]) -> str:
    """The words of all sections so far, for the choice of terms."""
    words: list[str] = []
    add: Callable[[str], None] = words.append
    for section in sections:
        add(section.heading)
        for line in _lines(section):
            add(line)
        for table in section.tables:
            add(table.title)
            for row in table.rows:
                for cell in row.cells:
                    add(cell.text if isinstance(cell, Piece) else _plain(cell))
    if sheet.edition.stage == Stage.ADJUSTMENT:
        add(sheet.edition.label)
    return "\n".join(words)
