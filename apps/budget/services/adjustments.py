"""After 批复: transfers between items (调剂), additions (追加), cuts (追减), new items, and taking a movement back."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.budget.models import Adjustment, Edition, Item
from apps.budget.rules.calculation import AMOUNT_LIMIT
from apps.budget.rules.stages import Stage
from apps.budget.selectors.adjustments import adjusted_amount
from apps.budget.services.editing import lock_open_edition
from apps.budget.services.items import create_item
from apps.core import audit, money
from apps.core.errors import Refused

Kind = Adjustment.Kind


def _lock(edition_id: int, actor: User) -> Edition:
    """The open adjustment edition under lock: of two people the second counts with what the first left."""
    edition = lock_open_edition(edition_id, actor, for_calculation=False)
    if edition.stage != Stage.ADJUSTMENT:
        raise Refused("只有批复后的调剂版本可以登记调剂、追加、追减。", code="stage")
    return edition


def _item(edition: Edition, item_id: int, *, field: str) -> Item:
    item = Item.objects.filter(edition=edition, pk=item_id).first()
    if item is None:
        raise Refused("请选择本版本的项目。", field=field)
    return item


def _amount(amount: Decimal) -> Decimal:
    if amount <= 0:
        raise Refused("“金额”必须大于 0；方向由“调出”“调入”“追加”“追减”表示。", field="amount")
    if amount != money.round_fen(amount):
        raise Refused("“金额”最多精确到分（两位小数）。", field="amount")
    if amount >= AMOUNT_LIMIT:
        raise Refused("“金额”必须小于 100 亿元。", field="amount")
    return amount


def _reason(reason: str) -> str:
    text = reason.strip()
    if not text:
        raise Refused("请填写“理由”，预算调整必须说明理由。", field="reason")
    if len(text) > 300:
        raise Refused("“理由”不能超过 300 字。", field="reason")
    return text


def _require_covers(item: Item, edition: Edition, amount: Decimal, *, verb: str) -> None:
    """Raises Refused when the item would fall below zero."""
    left = adjusted_amount(item.pk)
    if amount > left:
        raise Refused(
            f"“{item.title(edition.plan.year)}”现有 {money.format_yuan(left)} 元，不够{verb} {money.format_yuan(amount)} 元。",
            field="amount",
            code="negative",
        )


@transaction.atomic
def transfer_between(
    *,
    edition_id: int,
    from_item_id: int,
    to_item_id: int,
    amount: Decimal,
    reason: str,
    actor: User,
    now: datetime,
) -> uuid.UUID:
    """调剂: move an amount from one item to another; the total of the edition stays. Returns the pair."""
    edition = _lock(edition_id, actor)
    gives, takes = (
        _item(edition, from_item_id, field="from_item"),
        _item(edition, to_item_id, field="to_item"),
    )
    if gives == takes:
        raise Refused("调出和调入不能是同一个项目。", field="to_item")
    amount, why = _amount(amount), _reason(reason)
    _require_covers(gives, edition, amount, verb="调出")
    pair = uuid.uuid4()
    facts: dict[str, Any] = {
        "kind": Kind.TRANSFER,
        "pair": pair,
        "reason": why,
        "created_by": actor,
        "created_at": now,
    }
    with audit.because(actor_id=actor.pk, action="登记调剂", reason=why):
        Adjustment.objects.bulk_create(
            [Adjustment(item=gives, amount=-amount, **facts), Adjustment(item=takes, amount=amount, **facts)]
        )
    return pair


@transaction.atomic
def add_to_item(
    *, edition_id: int, item_id: int, amount: Decimal, reason: str, actor: User, now: datetime
) -> Adjustment:
    """追加: more money for an item."""
    edition = _lock(edition_id, actor)
    item = _item(edition, item_id, field="item")
    amount, why = _amount(amount), _reason(reason)
    if adjusted_amount(item.pk) + amount >= AMOUNT_LIMIT:
        raise Refused("追加后项目金额不能达到 100 亿元。", field="amount")
    with audit.because(actor_id=actor.pk, action="登记追加", reason=why):
        return Adjustment.objects.create(
            item=item, kind=Kind.ADDITION, amount=amount, reason=why, created_by=actor, created_at=now
        )


@transaction.atomic
def cut_item(
    *, edition_id: int, item_id: int, amount: Decimal, reason: str, actor: User, now: datetime
) -> Adjustment:
    """追减: less money for an item. Raises Refused when the item would fall below zero."""
    edition = _lock(edition_id, actor)
    item = _item(edition, item_id, field="item")
    amount, why = _amount(amount), _reason(reason)
    _require_covers(item, edition, amount, verb="追减")
    with audit.because(actor_id=actor.pk, action="登记追减", reason=why):
        return Adjustment.objects.create(
            item=item, kind=Kind.CUT, amount=-amount, reason=why, created_by=actor, created_at=now
        )


@transaction.atomic
def add_new_item(
    *, edition_id: int, values: Mapping[str, Any], amount: Decimal, reason: str, actor: User, now: datetime
) -> Adjustment:
    """A new item within the year: it comes in with its money, by 追加."""
    _lock(edition_id, actor)
    _amount(amount)
    _reason(reason)
    item = create_item(edition_id=edition_id, actor=actor, values=values, now=now)
    return add_to_item(
        edition_id=edition_id, item_id=item.pk, amount=amount, reason=reason, actor=actor, now=now
    )


@transaction.atomic
def remove_movement(*, adjustment_id: int, actor: User) -> None:
    """Take a movement back while the edition is open: both rows of a transfer, and a new item left without money."""
    edition_id = Item.objects.values_list("edition_id", flat=True).get(adjustments=adjustment_id)
    edition = _lock(edition_id, actor)
    chosen = Adjustment.objects.filter(pk=adjustment_id).first()
    if chosen is None:
        raise Refused("这一笔刚才已被撤销，请刷新页面。", code="gone")
    rows = (
        Adjustment.objects.filter(pair=chosen.pair)
        if chosen.pair is not None
        else Adjustment.objects.filter(pk=chosen.pk)
    )
    for row in rows.select_related("item"):
        if row.amount > 0 and adjusted_amount(row.item_id) < row.amount:
            raise Refused(
                f"“{row.item.title(edition.plan.year)}”的这笔钱已经调出或追减，撤销后会成为负数；请先撤销后面的变动。",
                code="negative",
            )
    items = list(Item.objects.filter(adjustments__in=rows).distinct())
    with audit.because(actor_id=actor.pk, action=f"撤销{chosen.get_kind_display()}"):
        rows.delete()
        for item in items:
            if _is_new(item, edition) and not item.adjustments.exists():
                item.delete()


def _is_new(item: Item, edition: Edition) -> bool:
    """Whether the item came in with this edition."""
    return not Item.objects.filter(edition=edition.based_on_id, lineage=item.lineage).exists()
