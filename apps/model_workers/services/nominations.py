"""推荐评选: proposing somebody, the steps through the hands, and the honour at the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.accounts.roles import Role
from apps.basis.selectors.calendar import calendar_between
from apps.core import audit
from apps.core import text as typed
from apps.core.errors import Refused
from apps.core.uploads import Uploaded
from apps.core.workflow import Step
from apps.model_workers.models import FileEvent, HonourTitle, Nomination, NominationStep
from apps.model_workers.rules.files import FileStatus
from apps.model_workers.rules.nominations import (
    FLOW,
    SIDES,
    NominationStatus,
    require_notice,
    require_notice_over,
    require_other_hands,
)
from apps.model_workers.services.honours import create_honour
from apps.model_workers.services.reach import require_right
from apps.model_workers.services.refusals import explain
from apps.people.models import Person
from apps.people.rules.identity import require_no_number
from apps.people.services.persons import locked_person

_LOOK_AHEAD = timedelta(days=60)
"""So far behind a notice that is too short the first day that is late enough is looked for."""


@dataclass(frozen=True)
class Notice:
    """The public notice as it is put up."""

    place: str
    first: date
    last: date


@dataclass(frozen=True)
class Award:
    """What the approval says of the honour."""

    awarded_on: date
    facts: Mapping[str, str]
    scan: Uploaded | None = field(default=None, repr=False)


@transaction.atomic
def create_nomination(
    *,
    person_id: int,
    title: HonourTitle,
    year: int,
    recommended_by: Union,
    merits: str,
    actor: User,
    now: datetime,
) -> Nomination:
    """Begin a nomination as a draft. Raises Refused, also when the same is under way already."""
    require_right(actor, "model_worker.edit")
    person = locked_person(person_id, actor)
    nomination = Nomination(person=person, created_by=actor, created_at=now)
    _fill(nomination, title=title, year=year, recommended_by=recommended_by, merits=merits, now=now)
    with audit.because(actor_id=actor.pk, action="登记推荐"):
        _save(nomination, force_insert=True)
    return nomination


@transaction.atomic
def change_nomination(
    *,
    nomination_id: int,
    title: HonourTitle,
    year: int,
    recommended_by: Union,
    merits: str,
    actor: User,
    now: datetime,
) -> Nomination:
    """Correct a draft. What was recommended no longer changes. Raises Refused."""
    require_right(actor, "model_worker.edit")
    nomination = _locked(nomination_id, actor)
    if nomination.status != NominationStatus.DRAFT:
        raise Refused(f"“{nomination.get_status_display()}”的推荐不能再修改。", code="state")
    _fill(nomination, title=title, year=year, recommended_by=recommended_by, merits=merits, now=now)
    with audit.because(actor_id=actor.pk, action="修改推荐"):
        _save(nomination, update_fields=("title", "year", "recommended_by", "merits"))
    return nomination


def _fill(
    nomination: Nomination,
    *,
    title: HonourTitle,
    year: int,
    recommended_by: Union,
    merits: str,
    now: datetime,
) -> None:
    if not title.is_active:
        raise Refused(f"“{title}”已停用。", field="title")
    present = timezone.localdate(now).year
    if not present - 1 <= year <= present + 1:
        raise Refused(f"“评选年度”应在 {present - 1} 至 {present + 1} 之间。", field="year")
    if not nomination.person.union.path.startswith(recommended_by.path):
        raise Refused("“推荐工会”应是本人的管理工会或它的上级工会。", field="recommended_by")
    merits = require_no_number(merits, label="主要事迹", field="merits")
    if not merits:
        raise Refused("请填写“主要事迹”。", field="merits")
    nomination.title, nomination.year = title, year
    nomination.recommended_by, nomination.merits = recommended_by, merits


@transaction.atomic
def take_step(
    *,
    nomination_id: int,
    action: str,
    actor: User,
    now: datetime,
    note: str = "",
    minutes_number: str = "",
    notice: Notice | None = None,
    award: Award | None = None,
) -> NominationStep:
    """One step of the table. Putting up the notice needs `notice`, approving needs `award` and makes the honour.

    Raises Refused for state, permission, missing words, the same person on two sides, a notice too short or not over.
    """
    nomination = _locked(nomination_id, actor)
    # In the form of the approval “note” is the honour's remark.
    note = require_no_number(note, label="意见", field="note" if award is None else "opinion")
    minutes_number = require_no_number(minutes_number, label="会议纪要文号", field="minutes_number")
    step = FLOW.step(
        action=action, status=nomination.status, may=actor.may, note=note, minutes=minutes_number
    )
    if action in SIDES:
        require_other_hands(
            side=SIDES[action],
            actor_id=actor.pk,
            taken=hands(nomination),
            entered_by=nomination.created_by_id,
        )
    changed = ["status"]
    with audit.because(actor_id=actor.pk, action=step.label, reason=note):
        if action == "recommend":
            _require_valid_file(nomination.person, now)
        elif action == "notice":
            changed += _put_up(nomination, notice)
        elif action == "approve":
            changed += _award(nomination, award, actor, now)
        taken = _record(nomination, step, actor=actor, now=now, note=note, minutes_number=minutes_number)
        nomination.status = step.target
        _save(nomination, update_fields=changed)
    return taken


def hands(nomination: Nomination) -> dict[int, frozenset[int]]:
    """Who stood on which side so far."""
    found: dict[int, set[int]] = {}
    for action, actor_id in nomination.steps.values_list("action", "actor_id"):
        if action in SIDES:
            found.setdefault(SIDES[action], set()).add(actor_id)
    return {side: frozenset(people) for side, people in found.items()}


def _require_valid_file(person: Person, now: datetime) -> None:
    status = (
        Person.objects.filter(pk=person.pk)
        .annotate(status=FileEvent.objects.status_on(timezone.localdate(now)))
        .values_list("status", flat=True)
        .get()
    )
    if status != FileStatus.VALID:
        raise Refused(f"{person.name}的劳模档案已{FileStatus(status).label}，不能推荐。", code="file")


def _put_up(nomination: Nomination, notice: Notice | None) -> list[str]:
    if notice is None:
        raise Refused("请填写公示地点和起止日期。", field="notice_from")
    require_notice(
        first=notice.first,
        last=notice.last,
        place=notice.place,
        calendar=calendar_between(first=notice.first, last=notice.last + _LOOK_AHEAD),
    )
    nomination.notice_place = require_no_number(notice.place, label="公示地点或网址", field="notice_place")
    nomination.notice_from, nomination.notice_until = notice.first, notice.last
    return ["notice_place", "notice_from", "notice_until"]


def _award(nomination: Nomination, award: Award | None, actor: User, now: datetime) -> list[str]:
    require_notice_over(
        last=nomination.notice_until, objections=nomination.objections, today=timezone.localdate(now)
    )
    if award is None:
        raise Refused("请填写表彰日期和表彰机关。", field="awarded_on")
    nomination.honour = create_honour(
        person=nomination.person,
        title=nomination.title,
        awarded_on=award.awarded_on,
        facts=award.facts,
        scan=award.scan,
        actor=actor,
        now=now,
    )
    return ["honour"]


def _record(
    nomination: Nomination, step: Step, *, actor: User, now: datetime, note: str, minutes_number: str
) -> NominationStep:
    try:
        with transaction.atomic():
            return NominationStep.objects.create(
                nomination=nomination,
                action=step.action,
                source=nomination.status,
                target=step.target,
                actor=actor,
                roles="、".join(role.label for role in Role if role.value in actor.roles),
                note=note,
                minutes_number=typed.line(minutes_number, label="会议纪要", field="minutes_number"),
                at=now,
            )
    except IntegrityError as error:
        raise explain(error) from error


@transaction.atomic
def record_objections(*, nomination_id: int, text: str, actor: User) -> Nomination:
    """What came in while the notice hung, also that nothing came. Raises Refused outside the notice."""
    require_right(actor, "nomination.review")
    nomination = _locked(nomination_id, actor)
    if nomination.status != NominationStatus.NOTICED:
        raise Refused("只在公示期间和公示结束后、审批之前登记公示反映。", code="state")
    text = require_no_number(text, label="公示反映", field="objections")
    if not text:
        raise Refused("请填写“公示反映”；没有的写“公示期间没有收到反映”。", field="objections")
    nomination.objections = text
    with audit.because(actor_id=actor.pk, action="登记公示反映"):
        _save(nomination, update_fields=("objections",))
    return nomination


def _locked(nomination_id: int, actor: User) -> Nomination:
    person_id = Nomination.objects.visible_to(actor).values_list("person_id", flat=True).get(pk=nomination_id)
    person = locked_person(person_id, actor)
    nomination = (
        Nomination.objects.select_for_update(of=("self",), no_key=True)
        .select_related("title", "recommended_by")
        .get(pk=nomination_id)
    )
    nomination.person = person
    return nomination


def _save(nomination: Nomination, **how: Any) -> None:
    try:
        with transaction.atomic():
            nomination.save(**how)
    except IntegrityError as error:
        raise explain(error) from error
