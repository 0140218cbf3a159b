"""The rows of 主要职责 and 年度主要任务和目标: add, change, remove, move. Numbers are made when printed."""

from django.db import transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.budget.models import OutlineEntry
from apps.budget.rules import wording
from apps.budget.services.editing import lock_open_edition
from apps.core import audit
from apps.core import text as typed
from apps.core.errors import Refused


def _clean(text: str) -> str:
    text = typed.line(text, label="内容", field="text")
    if not text:
        raise Refused("“内容”不能为空。", field="text")
    if len(text) > 2000:
        raise Refused("“内容”不能超过 2000 字。", field="text")
    wording.require_known_placeholders(text, known=wording.NAME_PLACEHOLDERS, field="text")
    return text


@transaction.atomic
def add_entry(
    *, edition_id: int, section: str, text: str, actor: User, parent_id: int | None = None
) -> OutlineEntry:
    """Append a row to a section, or beneath one of its top rows (two levels, as the office writes)."""
    edition = lock_open_edition(edition_id, actor, for_calculation=False)
    if section not in OutlineEntry.Section.values:
        raise Refused("“章节”只能是主要职责或年度主要任务和目标。", field="section")
    parent = None
    if parent_id is not None:
        parent = OutlineEntry.objects.filter(pk=parent_id, edition=edition, section=section).first()
        if parent is None or parent.parent_id is not None:
            raise Refused("条目只有两级，请选择本章节的一级条目作上级。", field="parent")
    last = OutlineEntry.objects.filter(edition=edition, section=section, parent=parent).aggregate(
        last=Max("ordinal")
    )["last"]
    with audit.because(actor_id=actor.pk, action="新增文字条目"):
        return OutlineEntry.objects.create(
            edition=edition, section=section, parent=parent, ordinal=(last or 0) + 1, text=_clean(text)
        )


@transaction.atomic
def change_entry(*, entry_id: int, text: str, seen_version: int, actor: User) -> OutlineEntry:
    """Rewrite a row. Raises Refused when a colleague changed it meanwhile."""
    entry = OutlineEntry.objects.get(pk=entry_id)
    lock_open_edition(entry.edition_id, actor, for_calculation=False)
    entry = OutlineEntry.objects.select_for_update(of=("self",)).get(pk=entry_id)
    if entry.version != seen_version:
        raise Refused(f"同事刚才改了这一条，现在是：{entry.text}", field="text", code="row_changed")
    entry.text = _clean(text)
    entry.version += 1
    with audit.because(actor_id=actor.pk, action="修改文字条目"):
        entry.save(update_fields=("text", "version"))
    return entry


@transaction.atomic
def remove_entry(*, entry_id: int, actor: User) -> None:
    """Delete a row with the rows beneath it."""
    entry = OutlineEntry.objects.get(pk=entry_id)
    lock_open_edition(entry.edition_id, actor, for_calculation=False)
    with audit.because(actor_id=actor.pk, action="删除文字条目"):
        entry.delete()


@transaction.atomic
def move_entry(*, entry_id: int, steps: int, actor: User) -> None:
    """Move a row up (negative) or down among its siblings; at the edge nothing happens."""
    moved = OutlineEntry.objects.get(pk=entry_id)
    lock_open_edition(moved.edition_id, actor, for_calculation=False)
    order = list(
        OutlineEntry.objects.filter(
            edition_id=moved.edition_id, section=moved.section, parent_id=moved.parent_id
        ).order_by("ordinal", "id")
    )
    place = next(index for index, entry in enumerate(order) if entry.pk == entry_id)
    order.insert(max(0, place + steps), order.pop(place))
    for ordinal, entry in enumerate(order, start=1):
        entry.ordinal = ordinal
    with audit.because(actor_id=actor.pk, action="调整条目顺序"):
        OutlineEntry.objects.bulk_update(order, ["ordinal"])
