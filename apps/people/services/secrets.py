"""Full numbers of one person, shown for a stated reason and written down."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from apps.accounts.models import AccessRecord, User
from apps.accounts.services import record_access
from apps.core.encryption import BrokenSealError
from apps.core.errors import Refused
from apps.people.models import Person
from apps.people.rules.identity import require_no_number

REVEALABLE = {
    "id_number": "证件号码",
    "old_id_number": "15 位旧号",
    "phone": "联系电话",
    "account": "银行账号",
}
MOST_IN_AN_HOUR = 30
_SHORTEST_REASON = 4


@dataclass(frozen=True)
class Revealed:
    """A full number on its way to one screen, once."""

    label: str
    value: str
    left_this_hour: int

    def __repr__(self) -> str:
        return f"<Revealed {self.label}>"


@transaction.atomic
def reveal_secret(
    *, person_id: int, field: str, reason: str, actor: User, now: datetime, address: str | None = None
) -> Revealed:
    """One full number of a person in reach. Who asked for which, and why, is recorded for good. Raises Refused."""
    label = REVEALABLE[field]
    reason = require_reason(reason, actor=actor)
    left = _left_this_hour(actor, now)
    person = Person.objects.visible_to(actor).select_related("union").get(pk=person_id)
    secret = getattr(person, field)
    if secret is None:
        raise Refused(f"{person.name}没有登记“{label}”。", code="absent")
    try:
        value = secret.reveal()
    except BrokenSealError:
        raise Refused(f"“{label}”的密文无法解开，请告知系统管理员。", code="broken") from None
    record_access(
        kind=AccessRecord.Kind.REVEAL,
        actor=actor,
        subject=f"{label}：{person.name}（{person.union}{_shown(person)}）",
        detail=reason,
        row_count=1,
        address=address,
    )
    return Revealed(label, value, left - 1)


def require_reason(reason: str, *, actor: User) -> str:
    """The reason for which full numbers are asked. Raises Refused."""
    if not actor.may("person.reveal"):
        raise Refused("您没有查看完整号码的权限。", code="permission")
    reason = require_no_number(reason, label="理由", field="reason")
    if not reason:
        raise Refused("“理由”没有填写。", field="reason")
    if len(reason) < _SHORTEST_REASON:
        raise Refused(
            f"“理由”至少 {_SHORTEST_REASON} 个字，写明用在哪一件事上，例如“核对2016年津贴发放退票”。",
            field="reason",
        )
    return reason


def _left_this_hour(actor: User, now: datetime) -> int:
    """How many more the actor may see. Raises Refused when none; of several requests at once each counts."""
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    seen = AccessRecord.objects.filter(
        actor=actor, kind=AccessRecord.Kind.REVEAL, at__gt=now - timedelta(hours=1)
    )
    times = list(seen.order_by("-id").values_list("at", flat=True)[:MOST_IN_AN_HOUR])
    if len(times) >= MOST_IN_AN_HOUR:
        minutes = max(1, -int((now - times[-1] - timedelta(hours=1)).total_seconds() // 60))
        raise Refused(
            f"一小时内最多查看 {MOST_IN_AN_HOUR} 次完整号码，您已用完，约 {minutes} 分钟后可再查看；"
            "需要成批核对的，请导出名册。",
            code="rate",
        )
    return MOST_IN_AN_HOUR - len(times)


def _shown(person: Person) -> str:
    return f"，证件末四位 {person.id_last_four}" if person.id_last_four else ""
