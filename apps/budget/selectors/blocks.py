"""Where a pasted block lands and which rows it touched."""

from typing import Any

from apps.accounts.models import User
from apps.budget.models import CalcLine, Edition, GridChange, Item, ItemGroup
from apps.core.errors import Refused


def lines_below(edition: Edition, item_id: int, start_id: int | None) -> list[CalcLine]:
    """Lines of an item from this one on; none when the block goes behind the last. Raises Refused for a stale place."""
    if not Item.objects.filter(edition=edition, pk=item_id).exists():
        raise Refused("这个项目已被删除，请刷新页面。", code="gone")
    if start_id is None:
        return []
    lines = list(CalcLine.objects.filter(item=item_id).order_by("ordinal", "id"))
    return _from(lines, start_id)


def items_below(edition: Edition, group_id: int, start_id: int | None) -> list[Item]:
    """Items of a group from this one on; none when the block goes behind the last. Raises Refused for a stale place."""
    if not ItemGroup.objects.filter(pk=group_id).exists():
        raise Refused("这个分组已不存在，请刷新页面。", code="gone")
    if start_id is None:
        return []
    return _from(
        list(Item.objects.filter(edition=edition, group=group_id).order_by("ordinal", "id")), start_id
    )


def _from(rows: list[Any], start_id: int) -> list[Any]:
    place = next((index for index, row in enumerate(rows) if row.pk == start_id), None)
    if place is None:
        raise Refused("粘贴起点的那一行已被删除，请刷新页面。", code="gone")
    return rows[place:]


def touched_items(change: GridChange) -> list[int]:
    """Items whose rows a pasted block or an import changed."""
    items = {entry["id"] for entry in change.changes if entry["table"] == "item"}
    lines = [entry["id"] for entry in change.changes if entry["table"] == "line"]
    return sorted(items | set(CalcLine.objects.filter(pk__in=lines).values_list("item_id", flat=True)))


def last_change(edition: Edition, user: User) -> GridChange | None:
    """The person's latest block, if it still stands: what one undo would take back."""
    latest = GridChange.objects.filter(edition=edition, actor=user).defer("changes").order_by("-id").first()
    return latest if latest is not None and latest.undone_at is None else None
