"""荣誉和待遇变动: asking for a change of a file or of honours, and deciding on it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.services import Seen, decide, save_case
from apps.core import audit
from apps.core.errors import Refused
from apps.core.explaining import explained
from apps.model_workers.models import FileChange, FileChangeHonour, FileEvent, Honour
from apps.model_workers.rules.file_changes import OF_FILE, REVOKING, Change, require_honours
from apps.model_workers.rules.files import AFTER
from apps.model_workers.selectors.file_changes import (
    change_facts,
    honours_of,
    honours_to_change,
    objection_to,
    require_change,
)
from apps.model_workers.services.reach import require_right
from apps.people.models import Person
from apps.people.rules.identity import require_no_number
from apps.people.services.persons import locked_person

_WORDS = {"document": "文件", "reason": "理由"}


@dataclass(frozen=True)
class ChangeDraft:
    """A change as it is asked for. `honour_ids`: the honours that the document names."""

    effective_on: date
    document: str
    reason: str
    honour_ids: Collection[int] = ()


@transaction.atomic
def create_change(
    *, person_id: int, action: str, draft: ChangeDraft, actor: User, now: datetime
) -> FileChange:
    """Ask for a change, as a draft. Raises Refused for a state of file or honours that does not allow it."""
    require_right(actor, "model_worker.edit")
    if action not in Change.values:
        raise Refused("“事项”请从列表中选择。", field="action")
    person = locked_person(person_id, actor)
    case = FileChange(person=person, union_id=person.union_id, action=action)
    return _save(case, person, draft, actor=actor, now=now)


@transaction.atomic
def edit_change(*, case_id: int, draft: ChangeDraft, actor: User, now: datetime) -> FileChange:
    """Correct a draft, or what was returned. Raises Refused."""
    require_right(actor, "model_worker.edit")
    case: FileChange = FileChange.objects.visible_to(actor).get(pk=case_id)
    if not case.is_open:
        raise Refused(f"当前状态为“{case.get_status_display()}”，内容不能修改。", code="locked")
    return _save(case, locked_person(case.person_id, actor), draft, actor=actor, now=now)


def _save(case: FileChange, person: Person, draft: ChangeDraft, *, actor: User, now: datetime) -> FileChange:
    for name, label in _WORDS.items():
        setattr(case, name, require_no_number(getattr(draft, name), label=label, field=name))
        if not getattr(case, name):
            raise Refused(f"请填写“{label}”。", field=name)
    require_honours(case.action, draft.honour_ids)
    honours = list(honours_to_change(person, case.action).filter(pk__in=draft.honour_ids))
    if len(honours) != len(set(draft.honour_ids)):
        raise Refused("所选荣誉里有的已作废、已撤销或没有撤销过，请重新选择。", field="honours")
    require_change(
        person=person,
        action=case.action,
        effective_on=draft.effective_on,
        honours=honours,
        today=timezone.localdate(now),
    )
    case.effective_on = draft.effective_on
    save_case(case=case, actor=actor, now=now)
    kept = set(FileChangeHonour.objects.filter(case=case).values_list("honour_id", flat=True))
    with audit.because(actor_id=actor.pk, action="列入荣誉"), explained(case):
        if gone := kept - {honour.pk for honour in honours}:
            FileChangeHonour.objects.filter(case=case, honour__in=gone).delete()
        FileChangeHonour.objects.bulk_create(
            FileChangeHonour(case=case, honour=honour) for honour in honours if honour.pk not in kept
        )
    return case


@transaction.atomic
def decide_change(
    *,
    case: FileChange,
    actor: User,
    verb: str,
    seen: Seen,
    now: datetime,
    opinion: str = "",
    minutes: str = "",
) -> Any:
    """Take one step; an approval takes effect, a voiding takes it back, in the same transaction. Raises Refused."""
    taken = decide(
        case=case,
        actor=actor,
        verb=verb,
        seen=seen,
        opinion=require_no_number(opinion, label="意见", field="opinion"),
        minutes=minutes,
        now=now,
        objection=objection_to(case, today=timezone.localdate(now)),
        facts=lambda: change_facts(case),
    )
    if verb == "approve":
        _apply(case, taken, actor)
    elif verb == "void":
        _take_back(case, taken, actor)
    return taken


def _apply(case: FileChange, decision: Any, actor: User) -> None:
    person = case.person.merged_into or case.person
    revoking = case.action in REVOKING
    with audit.because(actor_id=actor.pk, action=case.get_action_display()), explained(case):
        if case.action in OF_FILE:
            FileEvent.objects.create(
                person=person,
                action=case.action,
                target=AFTER[case.action],
                effective_on=case.effective_on,
                document=case.document,
                decision=decision,
            )
        _set_status(
            case,
            decision,
            revoked_on=case.effective_on if revoking else None,
            revoked_document=case.document if revoking else "",
        )


def _take_back(case: FileChange, decision: Any, actor: User) -> None:
    with audit.because(actor_id=actor.pk, action="作废变动"), explained(case):
        FileEvent.objects.filter(decision__case=case).update(void_decision=decision)
        _set_status(case, decision, revoked_on=None, revoked_document="")


def _set_status(case: FileChange, decision: Any, **status: Any) -> None:
    keys = [honour.pk for honour in honours_of(case)]
    Honour.objects.filter(pk__in=keys).update(status_decision=decision, **status)
