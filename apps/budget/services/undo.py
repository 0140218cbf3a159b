"""Taking back a pasted block or an import as a whole."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.budget.models import CalcLine, Edition, GridChange, Item
from apps.budget.services.blocks import MODELS, STALE, number_rows, update_rows
from apps.budget.services.editing import lock_open_edition
from apps.core import audit
from apps.core.errors import Refused


@transaction.atomic
def undo_change(*, change_id: int, actor: User, now: datetime) -> GridChange:
    """Take a block back as a whole. Raises Refused when one of its rows was changed or removed since."""
    change = GridChange.objects.select_for_update(of=("self",)).get(pk=change_id)
    edition = lock_open_edition(change.edition_id, actor)
    label = change.get_kind_display()
    if change.undone_at is not None:
        raise Refused(f"这次{label}已经撤销过了。", code="undone")
    if change.actor_id != actor.pk:
        raise Refused(f"这次{label}是{change.actor}做的，只能由本人撤销。", code="not_own")
    with audit.because(actor_id=actor.pk, action=f"撤销{label}"):
        for table in ("line", "item"):
            _take_back(
                table, edition, [entry for entry in change.changes if entry["table"] == table], actor, now
            )
        change.undone_at = now
        change.save(update_fields=("undone_at",))
    return change


def _take_back(
    table: str, edition: Edition, entries: Sequence[dict[str, Any]], actor: User, now: datetime
) -> None:
    model = MODELS[table]
    scope = {"item__edition": edition} if table == "line" else {"edition": edition}
    rows = model.objects.filter(pk__in=[entry["id"] for entry in entries], **scope).order_by("pk")
    found = {record.pk: record for record in rows.select_for_update(of=("self",))}
    for entry in entries:
        record = found.get(entry["id"])
        if record is None or record.version != entry["version"]:
            name = f"“{record}”" if record else "其中一行"
            raise Refused(f"{name}之后又改过或删过，不能整块撤销，请逐行修改。", code=STALE)
    fresh = [entry["id"] for entry in entries if entry["before"] is None]
    if table == "item" and CalcLine.objects.filter(item__in=fresh).exists():
        raise Refused("新增的项目里后来又录入了测算行，不能整块撤销。", code=STALE)
    model.objects.filter(pk__in=fresh).delete()
    restored, moved = [], []
    for entry in entries:
        if entry["before"] is None:
            continue
        record = found[entry["id"]]
        if table == "item" and record.group_id != entry["before"]["group"]:
            moved.append(record)
        for name, value in entry["before"].items():
            column = model._meta.get_field(name)
            setattr(record, column.attname, value if column.is_relation else column.to_python(value))
        record.version += 1
        record.updated_by = actor
        record.updated_at = now
        restored.append(record)
    number_rows(moved, Item.objects.filter(edition=edition), "group_id")
    update_rows(model, restored)
