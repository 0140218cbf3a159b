"""Setting the explanation on paper: from the sheet of an edition to the PDF with its data inside."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.budget import documents
from apps.budget.checks import Card, edition_findings, unanswered
from apps.budget.documents import Explanation, IssueFacts
from apps.budget.models import Edition, IssuedDocument, PrintJob
from apps.budget.models.issues import Style
from apps.budget.rules import issuing
from apps.budget.rules.calculation import Method
from apps.budget.selectors.figures import numbered
from apps.budget.selectors.printing import condition_of, has_entered, recent_jobs
from apps.budget.selectors.sheet import Sheet, edition_sheet
from apps.budget.selectors.snapshot import as_json, snapshot
from apps.core import fonts, pdf, sheets
from apps.core.errors import Refused
from apps.core.jobs import Condition
from apps.core.sheets import Column

STYLE_SHEETS = {
    Style.GONGWEN: ("css/print.css", "css/print_gongwen.css"),
    Style.BOOK: ("css/print.css", "css/print_book.css"),
}


@dataclass(frozen=True)
class Copy:
    """All that one print is made from, read at one moment."""

    document: Explanation
    sheet: Sheet
    snapshot: dict[str, Any]
    style: str
    created: datetime


def absolute(url_name: str, *args: object) -> str:
    """The address of a page as paper carries it."""
    return settings.SITE_URL + reverse(url_name, args=args)


def figures_url(edition: Edition) -> str:
    """What stands before the key of a figure in its address."""
    return absolute("budget:figure", edition.pk, "total").removesuffix("total/")


def prepare(edition: Edition, *, style: str, is_draft: bool = False, issue: IssueFacts | None = None) -> Copy:
    """Read the edition for printing. Raises Refused when it has no items."""
    sheet = edition_sheet(edition)
    if not sheet.items:
        raise Refused("本版本还没有项目，没有可打印的内容。", code="empty")
    document = documents.explanation(sheet, figures_url=figures_url(edition), is_draft=is_draft, issue=issue)
    return Copy(
        document=document,
        sheet=sheet,
        snapshot=snapshot(sheet),
        style=style,
        created=_moment(sheet, issue),
    )


def _moment(sheet: Sheet, issue: IssueFacts | None) -> datetime:
    """The time in the file's properties comes from the data, never from the clock: equal data, equal bytes."""
    edition = sheet.edition
    if issue:
        return issue.issued_at
    changed = [item.record.updated_at for item in sheet.items]
    changed += [row.record.updated_at for item in sheet.items for row in item.lines]
    if edition.approval is not None:
        return edition.approval.at
    submitted = edition.submission.at if edition.submission is not None else edition.created_at
    return max([submitted, *changed])


def set_copy(copy: Copy, *, progress: pdf.Progress | None = None) -> pdf.RenderedPdf:
    """The PDF. Raises Refused naming the item when a character cannot be drawn, PrintFault for anything missing."""
    pdf.require_print_system()
    _require_drawable_items(copy)
    html = render_to_string("budget/pdf/explanation.html", {"document": copy.document, "style": copy.style})
    document = copy.document
    return pdf.render(
        html,
        base=pdf.PdfOptions(
            title=document.title,
            created=copy.created,
            author=document.union,
            subject=document.subject,
            keywords=(f"{document.year}年", document.book, document.stage, "预算编制说明"),
            attachments=_attachments(copy),
            stylesheets=STYLE_SHEETS[Style(copy.style)],
        ),
        progress=progress,
    )


def _require_drawable_items(copy: Copy) -> None:
    """Says in which item the character stands; pdf.render looks at all the rest."""
    families = fonts.all_families()
    for name, text in _texts(copy):
        missing = fonts.missing_glyphs(text, families)
        if missing:
            named = "、".join(str(glyph) for glyph in missing[:10])
            raise Refused(
                f"“{name}”里有字体中没有的字，打印出来会是空白，已停止打印：{named}。请安装含有这些字的字体，或改用其他字。",
                code="glyph",
            )


def _texts(copy: Copy) -> Iterator[tuple[str, str]]:
    for section in copy.document.sections:
        if section.group:
            for item in section.group.items:
                body = "\n".join(piece.text for text in item.paragraphs for piece in text)
                yield item.title, f"{item.title}\n{body}"
    for row in copy.sheet.items:
        words = [row.title]
        for line in row.lines:
            words += [line.line.label, line.line.of_which_label, line.line.note]
        words += [
            word
            for one in row.indicators
            for word in (one.name, one.second_level, one.target, one.data_source)
        ]
        words += [citation.text() for citation in row.citations]
        yield row.title, "\n".join(words)


# --- the data inside ---------------------------------------------------------------------------------------

_ITEMS = (
    Column("编号", "mark", "identifier", width=10),
    Column("项目分组", "group", width=24),
    Column("项目名称", "title", width=36),
    Column("金额（元）", "amount", "amount"),
    Column("批复数（元）", "ratified", "amount"),
    Column("调整（元）", "adjustment", "amount"),
    Column("上年预算数（元）", "prior", "amount"),
    Column("增减原因", "reason"),
    Column("功能分类", "function", "identifier"),
    Column("部门经济分类", "department", "identifier"),
    Column("政府经济分类", "government", "identifier"),
    Column("资金来源", "source"),
    Column("依据文件", "documents", width=48),
    Column("说明", "explanation", width=60),
)
_LINES = (
    Column("编号", "mark", "identifier", width=10),
    Column("项目名称", "title", width=36),
    Column("测算内容", "label", width=36),
    Column("测算方式", "method", width=16),
    Column("数量", "people", "count"),
    Column("单位", "unit", width=8),
    Column("其中", "of_which_label"),
    Column("其中数量", "of_which_people", "count"),
    Column("标准（元）", "rate", "amount"),
    Column("基数（元）", "base_amount", "amount"),
    Column("比例", "ratio", "ratio"),
    Column("分成", "share", "ratio"),
    Column("金额（元）", "amount", "amount"),
    Column("测算说明", "note"),
    Column("数据来源", "source"),
    Column("读取时间", "read_at", "identifier"),
)


def _attachments(copy: Copy) -> tuple[pdf.Attachment, ...]:
    year = copy.document.year
    return (
        pdf.Attachment(f"budget-{year}.json", as_json(copy.snapshot), f"{year}年预算数据（JSON）", "Data"),
        pdf.Attachment(
            f"budget-{year}.xlsx", workbook(copy), f"{year}年预算项目和测算明细（xlsx）", "Source"
        ),
    )


def workbook(copy: Copy) -> bytes:
    """All items and calculation lines as a spreadsheet."""
    items = list(_item_rows(copy.sheet))
    total = {"title": "合计", "amount": copy.sheet.amount}
    title = copy.document.title.removesuffix("编制说明")
    return sheets.write_sheets(
        [
            sheets.Sheet("项目", _ITEMS, items, title=f"{title}项目", totals=total),
            sheets.Sheet(
                "测算明细", _LINES, list(_line_rows(copy.sheet)), title=f"{title}测算明细", totals=total
            ),
        ],
        created=copy.created,
    )


def _item_rows(sheet: Sheet) -> Iterator[dict[str, object]]:
    for mark, group, item in numbered(sheet):
        record = item.record
        yield {
            "mark": mark,
            "group": group.group.name,
            "title": item.title,
            "amount": item.amount,
            "ratified": item.ratified_amount if sheet.is_adjustment else None,
            "adjustment": item.adjustment if sheet.is_adjustment else None,
            "prior": item.prior_amount,
            "reason": record.change_reason,
            "function": str(record.function_code or ""),
            "department": str(record.department_economic_code or ""),
            "government": str(record.government_economic_code or ""),
            "source": record.funding_source.name if record.funding_source else "",
            "documents": "；".join(citation.text() for citation in item.citations),
            "explanation": item.explanation(),
        }


def _line_rows(sheet: Sheet) -> Iterator[dict[str, object]]:
    for mark, _, item in numbered(sheet):
        for row in item.lines:
            record = row.record
            yield {
                "mark": mark,
                "title": item.title,
                "label": row.line.label,
                "method": Method(record.method).label,
                "people": record.people,
                "unit": record.unit if record.people is not None else "",
                "of_which_label": record.of_which_label,
                "of_which_people": record.of_which_people,
                "rate": record.rate,
                "base_amount": record.base_amount,
                "ratio": record.ratio,
                "share": record.share,
                "amount": row.amount,
                "note": record.note,
                "source": record.source_key,
                "read_at": f"{timezone.localtime(record.source_read_at):%Y-%m-%d %H:%M}"
                if record.source_read_at
                else "",
            }


# --- what the print page shows -----------------------------------------------------------------------------


@dataclass(frozen=True)
class PrintPage:
    """Before printing: the fonts that will be used, what the checks say, what stands against an issue."""

    typefaces: list[fonts.FontChoice]
    open_hard: int
    open_soft: int
    answered: int
    cards: list[Card]
    obstacle: str
    issued: list[IssuedDocument]
    jobs: list[tuple[PrintJob, Condition | None]]

    @property
    def substituted(self) -> list[fonts.FontChoice]:
        return [choice for choice in self.typefaces if choice.substituted]

    @property
    def hidden_cards(self) -> int:
        """How many open findings the page leaves to the findings page."""
        return self.open_hard + self.open_soft - len(self.cards)

    @property
    def may_issue(self) -> bool:
        return not self.obstacle


def print_page(edition: Edition, user: User, now: datetime) -> PrintPage:
    findings = edition_findings(edition)
    waiting = unanswered(findings)
    issued = list(IssuedDocument.objects.filter(edition=edition).for_list())
    return PrintPage(
        typefaces=fonts.fonts_in_use(),
        open_hard=sum(found.is_hard for found in waiting),
        open_soft=sum(not found.is_hard for found in waiting),
        answered=sum(found.waiver is not None for found in findings),
        cards=[found.card for found in waiting[:_SHOWN_FINDINGS]],
        obstacle=_obstacle(edition, user, [found.message for found in waiting]),
        issued=issued,
        jobs=[(job, condition_of(job, now)) for job in recent_jobs(edition, user)],
    )


_SHOWN_FINDINGS = 5


def _obstacle(edition: Edition, user: User, waiting: list[str]) -> str:
    """Why this person may not issue the edition now; the reason for a correction is asked for in the form."""
    try:
        issuing.require_may_issue(
            status=edition.status,
            may_issue=user.may("budget.issue"),
            year_is_closed=edition.plan.fiscal_year.is_closed,
            has_entered=has_entered(edition, user),
            open_findings=waiting,
            earlier=0,
            reason="",
        )
    except Refused as refused:
        return refused.message
    return ""
