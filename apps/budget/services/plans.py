"""Plans and editions: open a year's budget, start the next stage as a copy, copy last year, close a year."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model

from apps.accounts.models import Union, User
from apps.budget.models import (
    CalcLine,
    ClassificationCode,
    Edition,
    FiscalYear,
    Indicator,
    Item,
    ItemBasis,
    OutlineEntry,
    Plan,
    PolicyDocument,
)
from apps.budget.rules.stages import NEXT_STAGE, REASON_LENGTH, Book, Stage, Status, require_correctable
from apps.budget.selectors.last_year import last_final_edition, why_no_last_year
from apps.cases.services import save_case
from apps.core import audit
from apps.core.errors import Refused


def _require_clerk(actor: User) -> None:
    """Whoever opens an edition has entered it, and will not judge it."""
    if not actor.may("budget.enter"):
        raise Refused("您没有录入预算的权限。", code="permission")


def _require_own(actor: User, union_path: str) -> None:
    if not union_path.startswith(actor.union.path):
        raise Refused("这不是您所属工会的预算。", code="scope")


@transaction.atomic
def create_plan(*, union_id: int, year: int, book: str, actor: User, now: datetime) -> Plan:
    """Open the budget of a union for a year and book, with an empty 一上 edition."""
    _require_clerk(actor)
    _require_own(actor, Union.objects.values_list("path", flat=True).get(pk=union_id))
    if not 2000 <= year <= 2100:
        raise Refused("“年度”必须在 2000 到 2100 之间。", field="year")
    if book not in Book.values:
        raise Refused("“预算体系”只能是：" + "、".join(Book.labels) + "。", field="book")
    with audit.because(actor_id=actor.pk, action="新建预算"):
        FiscalYear.objects.get_or_create(year=year)
        fiscal_year = FiscalYear.objects.select_for_update().get(year=year)
        if fiscal_year.is_closed:
            raise Refused(f"{year}年度已关闭，不能新建预算。", field="year", code="year_closed")
        try:
            with transaction.atomic():
                plan = Plan.objects.create(
                    union_id=union_id, fiscal_year=fiscal_year, book=book, created_by=actor, created_at=now
                )
        except IntegrityError as error:
            raise Refused(
                "该工会本年度的这一预算体系已有预算，请直接打开。", field="year", code="exists"
            ) from error
    first = Edition(plan=plan, union=plan.union, stage=Stage.FIRST_UP)
    save_case(case=first, actor=actor, action="新建预算", now=now)
    return plan


@transaction.atomic
def open_next_edition(*, plan_id: int, actor: User, now: datetime) -> Edition:
    """Start the next stage as a copy of the last approved edition. Raises Refused while another one is open."""
    last = _last_settled(plan_id, actor)
    stage = NEXT_STAGE[last.stage]
    sequence = last.sequence + 1 if stage == last.stage else 1
    edition = Edition(plan=last.plan, union=last.union, stage=stage, sequence=sequence)
    return _open(last, edition, actor, "开启编制阶段", now)


@transaction.atomic
def open_correction(*, plan_id: int, reason: str, actor: User, now: datetime) -> Edition:
    """Mend the last approved edition: its stage once more, as a copy, with the reason, through the same hands.

    Raises Refused while another edition is open, and after 批复 was adjusted: the next 调剂 mends that.
    """
    last = _last_settled(plan_id, actor)
    require_correctable(last.stage)
    words = reason.strip()
    if not words:
        raise Refused("请填写“更正理由”。", field="reason")
    if len(words) > REASON_LENGTH:
        raise Refused(f"“更正理由”不能超过 {REASON_LENGTH} 字。", field="reason")
    edition = Edition(
        plan=last.plan,
        union=last.union,
        stage=last.stage,
        sequence=last.sequence + 1,
        reason=words,
    )
    return _open(last, edition, actor, "开启更正", now)


def _last_settled(plan_id: int, actor: User) -> Edition:
    """The edition that another may follow, its plan and year locked. Raises Refused."""
    _require_clerk(actor)
    # The year is locked too: it must not be closed while a new edition comes in.
    plan = (
        Plan.objects.select_for_update(of=("self", "fiscal_year"))
        .select_related("fiscal_year", "union")
        .get(pk=plan_id)
    )
    _require_own(actor, plan.union.path)
    if plan.fiscal_year.is_closed:
        raise Refused(f"{plan.year}年度已关闭，不能再开启新的版本。", code="year_closed")
    editions = list(plan.editions.order_by("id"))
    unfinished = [edition for edition in editions if edition.status != Status.APPROVED]
    if unfinished:
        raise Refused(f"“{unfinished[0].label}”还未审定，审定后才能开启下一版本。", code="open_edition")
    last: Edition = editions[-1]
    last.plan = plan
    return last


def _open(last: Edition, edition: Edition, actor: User, action: str, now: datetime) -> Edition:
    edition.based_on = last
    save_case(case=edition, actor=actor, action=action, now=now)
    with audit.because(actor_id=actor.pk, action=action):
        copy_content(source=last, target=edition, actor=actor, now=now)
    return edition


@transaction.atomic
def copy_last_year(*, edition_id: int, actor: User, now: datetime) -> int:
    """Fill an empty 一上 from last year's final edition; last year's amounts become 上年数. Returns the items copied."""
    _require_clerk(actor)
    edition = (
        Edition.objects.select_for_update(of=("self",), no_key=True)
        .select_related("plan__fiscal_year", "plan__union")
        .get(pk=edition_id)
    )
    _require_own(actor, edition.plan.union.path)
    if not edition.is_open or edition.stage != Stage.FIRST_UP:
        raise Refused("只有未提交的“一上”可以从上年复制。", code="state")
    if edition.items.exists():
        raise Refused("本版本已有项目，不能再从上年复制。请先删除已有项目。", code="not_empty")
    source = last_final_edition(edition.plan)
    if source is None:
        plan = edition.plan
        raise Refused(why_no_last_year(plan.union.path, plan.book, plan.year - 1), code="nothing_to_copy")
    with audit.because(actor_id=actor.pk, action="从上年复制"):
        return copy_content(source=source, target=edition, actor=actor, now=now, new_year=True)


def _duplicate(record: Model, **changes: Any) -> Any:
    """An unsaved copy of a row under a new key; generated columns are left to the database."""
    values = {
        field.attname: getattr(record, field.attname)
        for field in record._meta.concrete_fields
        if not field.primary_key and not field.generated
    }
    return type(record)(**(values | changes))


def copy_content(
    *, source: Edition, target: Edition, actor: User, now: datetime, new_year: bool = False
) -> int:
    """Copy items with all that hangs on them, and the outline, in bulk. Returns the number of items."""
    items = list(Item.objects.filter(edition=source).with_amount().with_adjustment())
    year = target.plan.year
    codes = _codes_of_year(items, year) if new_year else {}
    fresh: dict[int, Item] = {}
    for item in items:
        changes: dict[str, Any] = {
            "edition_id": target.pk,
            "version": 1,
            "updated_by_id": actor.pk,
            "updated_at": now,
        }
        if new_year:
            changes |= {
                "prior_amount": item.amount + item.adjustment,
                "change_reason": "",
                "control_amount": None,
            }
            for field in ("function_code_id", "department_economic_code_id", "government_economic_code_id"):
                changes[field] = codes.get(getattr(item, field))
        fresh[item.pk] = _duplicate(item, **changes)
    Item.objects.bulk_create(fresh.values())
    for model in (CalcLine, Indicator, ItemBasis):
        rows: Sequence[Any] = list(model.objects.filter(item__edition=source))
        stamp = {"version": 1, "updated_by_id": actor.pk, "updated_at": now} if model is CalcLine else {}
        if model is ItemBasis:
            rows = _with_corrections(rows)
        model.objects.bulk_create(_duplicate(row, item_id=fresh[row.item_id].pk, **stamp) for row in rows)
    if not target.outline.exists():  # what somebody has already written stays
        _copy_outline(source=source, target=target)
    return len(items)


def _with_corrections(citations: Sequence[ItemBasis]) -> list[ItemBasis]:
    """The citations as they read now: a corrected document gives way to its correction, each cited once an item."""
    newest = PolicyDocument.objects.newest()
    found: dict[tuple[int, int], ItemBasis] = {}
    for citation in citations:
        citation.document_id = newest.get(citation.document_id, citation.document_id)
        found.setdefault((citation.item_id, citation.document_id), citation)
    return list(found.values())


def _codes_of_year(items: Sequence[Item], year: int) -> dict[int | None, int]:
    """For each code id used last year the id that the same code has in this year's dictionary."""
    used = {
        code
        for item in items
        for code in (
            item.function_code_id,
            item.department_economic_code_id,
            item.government_economic_code_id,
        )
        if code is not None
    }
    old = ClassificationCode.objects.in_bulk(used)
    current = {(code.kind, code.code): code.pk for code in ClassificationCode.objects.of_year(year)}
    return {
        pk: current[code.kind, code.code] for pk, code in old.items() if (code.kind, code.code) in current
    }


def _copy_outline(*, source: Edition, target: Edition) -> None:
    entries = list(OutlineEntry.objects.filter(edition=source).order_by("parent_id", "ordinal"))
    tops = {
        entry.pk: _duplicate(entry, edition_id=target.pk, version=1)
        for entry in entries
        if entry.parent_id is None
    }
    OutlineEntry.objects.bulk_create(tops.values())
    OutlineEntry.objects.bulk_create(
        _duplicate(entry, edition_id=target.pk, version=1, parent_id=tops[entry.parent_id].pk)
        for entry in entries
        if entry.parent_id is not None
    )
