"""Items of an edition: create, change, remove, move; the citations and indicators that belong to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.budget.models import Edition, Indicator, Item, ItemBasis
from apps.budget.rules import wording
from apps.budget.rules.stages import Book, Stage
from apps.budget.services.editing import gone, lock_open_edition, require_seen
from apps.core import audit
from apps.core.errors import Refused

EDITABLE = (
    "group",
    "name",
    "function_code",
    "department_economic_code",
    "government_economic_code",
    "funding_source",
    "is_three_public",
    "is_procurement",
    "is_paid_to_persons",
    "is_union_dues",
    "counted_as",
    "purpose",
    "prior_amount",
    "change_reason",
    "control_amount",
)


def values_of(record: Item) -> dict[str, Any]:
    """The editable values of an item."""
    return {name: getattr(record, name) for name in EDITABLE}


def apply_values(record: Item, values: Mapping[str, Any], edition: Edition) -> None:
    """Set values on an item without saving. Raises Refused naming the field."""
    unknown = set(values) - set(EDITABLE)
    if unknown:
        raise Refused(f"这一项不能修改：{'、'.join(sorted(unknown))}。", code="column")
    if (
        "control_amount" in values
        and values["control_amount"] != record.control_amount
        and edition.stage != Stage.FIRST_DOWN
    ):
        raise Refused("“控制数”由财政在一下下达，只在一下版本登记。", field="control_amount")
    for name, value in values.items():
        setattr(record, name, value)
    if record.group_id is not None and record.group.book not in ("", edition.plan.book):
        raise Refused(
            f"“{record.group}”属于{Book(record.group.book).label}，不能编入{edition.plan.get_book_display()}。",
            field="group",
        )
    record.name = record.name.strip()
    if not record.name:
        raise Refused("“项目名称”不能为空。", field="name")
    wording.require_known_placeholders(record.name, known=wording.NAME_PLACEHOLDERS, field="name")
    wording.require_known_placeholders(record.purpose, known=wording.ITEM_PLACEHOLDERS, field="purpose")
    wording.require_no_typed_figures(record.purpose, field="purpose")
    year = edition.plan.year
    for field in ("function_code", "department_economic_code", "government_economic_code"):
        code = getattr(record, field)
        if code is not None and not (
            code.first_year <= year and (code.last_year is None or code.last_year >= year)
        ):
            raise Refused(f"科目 {code} 在 {year} 年度不使用，请另选。", field=field)


def _next_ordinal(edition: Edition, group_id: int) -> int:
    last = Item.objects.filter(edition=edition, group_id=group_id).aggregate(last=Max("ordinal"))["last"]
    return (last or 0) + 1


@transaction.atomic
def create_item(*, edition_id: int, actor: User, values: Mapping[str, Any], now: datetime) -> Item:
    """Append an item to its group. In an adjustment edition a new item may come in by 追加."""
    edition = lock_open_edition(edition_id, actor, for_calculation=False)
    if "group" not in values:
        raise Refused("请选择“项目分组”。", field="group")
    record = Item(edition=edition, updated_by=actor, updated_at=now)
    apply_values(record, values, edition)
    record.ordinal = _next_ordinal(edition, record.group_id)
    with audit.because(actor_id=actor.pk, action="新增项目"):
        record.save(force_insert=True)
    return record


def _locked(item_id: int, actor: User, *, for_calculation: bool = True) -> tuple[Edition, Item]:
    """The item and its edition under lock. Raises Refused when somebody deleted the item meanwhile."""
    edition_id = Item.objects.filter(pk=item_id).values_list("edition_id", flat=True).first()
    if edition_id is not None:
        edition = lock_open_edition(edition_id, actor, for_calculation=for_calculation)
        found = Item.objects.select_for_update(of=("self",)).select_related(
            "updated_by", "group", "function_code", "department_economic_code", "government_economic_code"
        )
        record = found.filter(pk=item_id).first()
        if record is not None:
            return edition, record
    raise gone("这个项目")


@transaction.atomic
def change_item(
    *,
    item_id: int,
    actor: User,
    values: Mapping[str, Any],
    seen_version: int,
    now: datetime,
) -> Item:
    """Save fields of an item. Raises RowChanged when `seen_version` is old."""
    edition, record = _locked(item_id, actor, for_calculation=False)
    require_seen(record, seen_version, current=values_of(record))
    old_group = record.group_id
    apply_values(record, values, edition)
    if record.group_id != old_group:
        record.ordinal = _next_ordinal(edition, record.group_id)
    record.version += 1
    record.updated_by = actor
    record.updated_at = now
    with audit.because(actor_id=actor.pk, action="修改项目"):
        record.save(force_update=True)
    return record


@transaction.atomic
def remove_item(*, item_id: int, actor: User, seen_version: int) -> None:
    """Delete an item with its lines; the history of both stays."""
    _, record = _locked(item_id, actor)
    require_seen(record, seen_version, current=values_of(record))
    with audit.because(actor_id=actor.pk, action="删除项目"):
        record.delete()


@transaction.atomic
def move_item(*, item_id: int, actor: User, steps: int) -> None:
    """Move an item up (negative) or down within its group; at the edge nothing happens."""
    edition, moved = _locked(item_id, actor, for_calculation=False)
    order = list(Item.objects.filter(edition=edition, group_id=moved.group_id).order_by("ordinal", "id"))
    place = next(index for index, item in enumerate(order) if item.pk == item_id)
    order.insert(max(0, place + steps), order.pop(place))
    for ordinal, item in enumerate(order, start=1):
        item.ordinal = ordinal
    with audit.because(actor_id=actor.pk, action="调整项目顺序"):
        Item.objects.bulk_update(order, ["ordinal"])


@transaction.atomic
def set_citations(*, item_id: int, actor: User, citations: Sequence[tuple[int, str]]) -> None:
    """Replace the basis of an item by (document id, article) pairs in printed order."""
    item = Item.objects.get(pk=item_id)
    lock_open_edition(item.edition_id, actor, for_calculation=False)
    if len({document for document, _ in citations}) != len(citations):
        raise Refused("同一份依据文件只能列一次。", field="citations")
    with audit.because(actor_id=actor.pk, action="修改依据文件"):
        item.citations.all().delete()
        ItemBasis.objects.bulk_create(
            ItemBasis(item=item, document_id=document, article=article.strip(), ordinal=ordinal)
            for ordinal, (document, article) in enumerate(citations, start=1)
        )


@transaction.atomic
def set_indicators(*, item_id: int, actor: User, indicators: Sequence[Mapping[str, Any]]) -> None:
    """Replace the performance indicators of an item. Raises Refused for weights that do not add up to 100."""
    item = Item.objects.get(pk=item_id)
    lock_open_edition(item.edition_id, actor, for_calculation=False)
    for row in indicators:
        wording.require_known_placeholders(
            str(row.get("target", "")), known=wording.ITEM_PLACEHOLDERS, field="target"
        )
    weights = [row["weight"] for row in indicators if row.get("weight") is not None]
    if weights and sum(weights) != 100:
        raise Refused(f"各指标的权重合计为 {sum(weights)} 分，应为 100 分。", field="weight")
    with audit.because(actor_id=actor.pk, action="修改绩效指标"):
        item.indicators.all().delete()
        Indicator.objects.bulk_create(
            Indicator(item=item, ordinal=ordinal, **row) for ordinal, row in enumerate(indicators, start=1)
        )


@transaction.atomic
def change_item_with_parts(
    *,
    item_id: int,
    actor: User,
    values: Mapping[str, Any],
    citations: Sequence[tuple[int, str]],
    indicators: Sequence[Mapping[str, Any]],
    seen_version: int,
    now: datetime,
) -> Item:
    """Save an item's page as a whole: fields, citations and indicators, or nothing of it."""
    item = change_item(item_id=item_id, actor=actor, values=values, seen_version=seen_version, now=now)
    if [(citation.document_id, citation.article) for citation in item.citations.all()] != list(citations):
        set_citations(item_id=item_id, actor=actor, citations=citations)
    stored = [
        {name: getattr(indicator, name) for name in row}
        for indicator, row in zip(item.indicators.all(), indicators, strict=False)
    ]
    if len(indicators) != item.indicators.count() or stored != [dict(row) for row in indicators]:
        set_indicators(item_id=item_id, actor=actor, indicators=indicators)
    return item
