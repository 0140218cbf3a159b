"""What was paid too much: listed for recovery, then recovered or let go with a reason."""

from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import audit
from apps.core.errors import Refused
from apps.model_workers.models import AllowanceRun, Recovery
from apps.model_workers.rules.allowances import CHECK, PREPARE
from apps.model_workers.selectors.overpayments import overpaid_lines
from apps.model_workers.services.refusals import explain
from apps.people.rules.identity import require_no_number

S = Recovery.Status
STEPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    S.RECOVERED: ("登记已追回", PREPARE, (S.OPEN, S.WAIVING)),
    S.WAIVING: ("申请不再追回", PREPARE, (S.OPEN,)),
    S.WAIVED: ("同意不再追回", CHECK, (S.WAIVING,)),
    S.OPEN: ("仍要追回", CHECK, (S.WAIVING,)),
}
"""By the status that follows: the word on the button, the permission, and the statuses it leads from."""


@transaction.atomic
def list_recovery(*, run_id: int, person: UUID, actor: User, now: datetime) -> Recovery:
    """Put what the register calls overpaid today on the list, with its amount as of today. Raises Refused."""
    if not actor.may("allowance.prepare"):
        raise Refused("您没有编制荣誉津贴发放名册的权限。", code="permission")
    run = (
        AllowanceRun.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .select_related("rule", "union")
        .get(pk=run_id)
    )
    found = next(
        (
            one
            for one in overpaid_lines(run, today=timezone.localdate(now))
            if one.line.person.public_id == person
        ),
        None,
    )
    if found is None:
        raise Refused("按现在的登记，这个人没有多发，或已列入追回。", code="gone")
    recovery = Recovery(
        line=found.line,
        stopped_on=found.stopped_on,
        reason=found.reason[:100],
        amount=found.amount,
        created_at=now,
    )
    try:
        with transaction.atomic(), audit.because(actor_id=actor.pk, action="列入多发追回"):
            recovery.save(force_insert=True)
    except DatabaseError as error:
        raise explain(error) from None
    return recovery


@transaction.atomic
def settle_recovery(
    *, run_id: int, person: UUID, outcome: str, note: str, actor: User, now: datetime
) -> Recovery:
    """Recovered; or let go, for which one asks and another decides. Raises Refused without a reason, or out of turn."""
    if outcome not in STEPS:
        raise Refused("“结果”请从列表中选择。", field="outcome")
    wanted, (label, permission, sources) = S(outcome), STEPS[outcome]
    if not actor.may(permission):
        raise Refused(f"您没有“{label}”的权限。", code="permission")
    note = require_no_number(note, label="说明", field="note")
    if not note:
        raise Refused("“说明”没有填写，写明怎样追回或为什么。", field="note")
    run = AllowanceRun.objects.visible_to(actor).get(pk=run_id)
    recovery = (
        Recovery.objects.select_for_update(of=("self",))
        .select_related("line")
        .get(line__case=run, line__person__public_id=person)
    )
    if recovery.status not in sources:
        raise Refused(f"这一笔现为“{recovery.get_status_display()}”，不能{label}。", code="state")
    if permission == CHECK and recovery.asked_by_id == actor.pk:
        raise Refused("不再追回是您申请的，请由别人审核。", code="same_person")
    recovery.status = wanted
    if wanted == S.WAIVING:
        recovery.asked_by, recovery.asked_at, recovery.asked_note = actor, now, note
    elif wanted != S.OPEN:
        recovery.settled_by, recovery.settled_at, recovery.note = actor, now, note
    with audit.because(actor_id=actor.pk, action=label, reason=note):
        try:
            with transaction.atomic():
                recovery.save()
        except DatabaseError as error:
            raise explain(error) from None
    return recovery
