"""What every change to an edition's content begins with: the lock, the right and the open state."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.accounts.models import User
from apps.budget.models import CalcLine, Edition, Item
from apps.budget.rules.stages import OPEN_STATUSES, Stage
from apps.core.errors import Refused


def lock_open_edition(edition_id: int, actor: User, *, for_calculation: bool = True) -> Edition:
    """The edition under lock: writers of one edition follow each other. Raises Refused when its content may not change."""
    edition: Edition = (
        Edition.objects.select_for_update(of=("self",), no_key=True)
        .select_related("plan__fiscal_year", "plan__union")
        .get(pk=edition_id)
    )
    require_open(edition, actor, for_calculation=for_calculation)
    return edition


def require_open(edition: Edition, actor: User, *, for_calculation: bool = True) -> None:
    """Raises Refused unless the actor may enter and the edition is a draft or returned."""
    if not actor.may("budget.enter"):
        raise Refused("您没有录入预算的权限。", code="permission")
    if not edition.plan.union.path.startswith(actor.union.path):
        raise Refused("这不是您所属工会的预算。", code="scope")
    if edition.status not in OPEN_STATUSES:
        raise Refused(
            f"该版本{edition.get_status_display()}，内容不能修改。如需修改，请先撤回或退回。", code="locked"
        )
    if for_calculation and edition.stage == Stage.ADJUSTMENT:
        raise Refused("调剂版本不改测算，请用“调剂、追加、追减”登记变动。", code="adjustment_only")


def why_closed(edition: Edition, actor: User) -> str:
    """The sentence that says why this person cannot change the content now; empty when it is open to them."""
    try:
        require_open(edition, actor)
    except Refused as refused:
        return refused.message
    return ""


def gone(what: str) -> Refused:
    """The refusal for a row that a colleague deleted while this person worked on it."""
    return Refused(f"{what}刚才已被同事删除，请刷新页面。", code="gone")


class RowChanged(Refused):
    """A colleague saved the same row meanwhile. Carries who, when and what stands there now."""

    def __init__(self, *, who: str, when: datetime, current: Mapping[str, Any], version: int) -> None:
        super().__init__(f"{who} 刚才修改了这一行，请先看看现在的数，再决定用哪一个。", code="row_changed")
        self.who = who
        self.when = when
        self.current = current
        self.version = version


def require_seen(record: CalcLine | Item, seen_version: int, *, current: Mapping[str, Any]) -> None:
    """Raises RowChanged when the row is no longer the one the person looked at."""
    if record.version != seen_version:
        raise RowChanged(
            who=str(record.updated_by or "另一位同事"),
            when=record.updated_at,
            current=current,
            version=record.version,
        )
