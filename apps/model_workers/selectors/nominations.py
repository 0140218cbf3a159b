"""Nominations read for their pages: what may be done now and by whom, how far they are, what the notice says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from apps.accounts.models import User
from apps.basis.selectors.calendar import calendar_between
from apps.core.errors import Refused
from apps.core.history import TimelineEntry
from apps.core.workdays import count_working_days, last_of_working_days
from apps.core.workflow import Choice, StageStep
from apps.model_workers.models import Nomination
from apps.model_workers.rules.nominations import (
    FLOW,
    NOTICE_WORKING_DAYS,
    SIDES,
    NominationStatus,
    require_notice_over,
    require_other_hands,
)
from apps.people.models import Person

_WAY = (
    (NominationStatus.DRAFT, "推荐"),
    (NominationStatus.RECOMMENDED, "资格审查"),
    (NominationStatus.QUALIFIED, "征求意见"),
    (NominationStatus.CONSULTED, "安排公示"),
    (NominationStatus.NOTICED, "公示、审批"),
    (NominationStatus.APPROVED, "授予"),
)


@dataclass(frozen=True)
class NoticeFacts:
    """The notice counted in working days, or why they cannot be counted."""

    working_days: int | None
    is_over: bool
    unknown: str = ""
    wanted: int = NOTICE_WORKING_DAYS


@dataclass(frozen=True)
class NominationPage:
    nomination: Nomination
    choices: tuple[Choice, ...]
    stages: tuple[StageStep, ...]
    entries: tuple[TimelineEntry, ...]
    notice: NoticeFacts | None


def filtered_nominations(*, viewer: User, filters: Mapping[str, Any]) -> QuerySet[Nomination]:
    nominations: QuerySet[Nomination] = Nomination.objects.visible_to(viewer).for_list()
    if filters.get("year"):
        nominations = nominations.filter(year=filters["year"])
    if filters.get("status"):
        nominations = nominations.filter(status=filters["status"])
    if filters.get("union"):
        nominations = nominations.filter(person__union__path__startswith=filters["union"].path)
    if filters.get("q"):
        nominations = nominations.filter(person__in=Person.objects.matching(filters["q"]))
    return nominations


def nomination_page(nomination: Nomination, *, viewer: User, today: date) -> NominationPage:
    """Everything the page of a nomination shows."""
    steps = list(nomination.steps.select_related("actor").order_by("id"))
    taken: dict[int, set[int]] = {}
    for one in steps:
        if one.action in SIDES:
            taken.setdefault(SIDES[one.action], set()).add(one.actor_id)
    labels = {step.action: step.label for step in FLOW.steps}
    return NominationPage(
        nomination=nomination,
        choices=_choices(nomination, viewer, taken, today),
        stages=_stages(nomination, [one.source for one in steps]),
        entries=tuple(
            TimelineEntry(
                at=one.at,
                who=str(one.actor),
                role=one.roles,
                action=labels[one.action],
                note="　".join(part for part in (one.note, one.minutes_number) if part),
                tone={"approve": "green", "refuse": "red", "withdraw": "grey"}.get(one.action, ""),
            )
            for one in reversed(steps)
        ),
        notice=notice_facts(nomination, today=today),
    )


def _choices(
    nomination: Nomination, viewer: User, taken: Mapping[int, set[int]], today: date
) -> tuple[Choice, ...]:
    found = []
    for step in FLOW.available(status=nomination.status, may=viewer.may):
        blocked = ""
        try:
            if step.action in SIDES:
                require_other_hands(
                    side=SIDES[step.action],
                    actor_id=viewer.pk,
                    taken=taken,
                    entered_by=nomination.created_by_id,
                )
            if step.action == "approve":
                require_notice_over(
                    last=nomination.notice_until, objections=nomination.objections, today=today
                )
        except Refused as refused:
            blocked = refused.message
        url = reverse("model_workers:nomination_step", args=[nomination.public_id, step.action])
        is_main = not step.takes_back and not blocked
        found.append(Choice(step, is_main=is_main, blocked=blocked, url=url))
    return tuple(found)


def _stages(nomination: Nomination, passed: Sequence[str]) -> tuple[StageStep, ...]:
    """Green up to where it stands; a nomination that was refused or withdrawn stops there."""
    ended = nomination.status in (NominationStatus.REFUSED, NominationStatus.WITHDRAWN)
    here = passed[-1] if ended and passed else nomination.status
    order = [status for status, _ in _WAY]
    place = order.index(NominationStatus(here)) if here in order else 0
    stages = []
    for number, (status, label) in enumerate(_WAY):
        done = number < place or status == NominationStatus.APPROVED == nomination.status
        state = "done" if done else "current" if number == place else "todo"
        note = nomination.get_status_display() if number == place and ended else ""
        stages.append(StageStep(label, state, note))
    return tuple(stages)


def notice_facts(nomination: Nomination, *, today: date) -> NoticeFacts | None:
    first, last = nomination.notice_from, nomination.notice_until
    if first is None or last is None:
        return None
    working_days, unknown = None, ""
    try:
        working_days = count_working_days(first, last, calendar_between(first=first, last=last))
    except Refused as refused:
        unknown = refused.message
    return NoticeFacts(working_days=working_days, is_over=today > last, unknown=unknown)


@dataclass(frozen=True)
class SuggestedNotice:
    """A notice that begins today and stands for the least number of working days; without an end, why there is none."""

    first: date
    last: date | None
    unknown: str = ""


def suggested_notice(today: date) -> SuggestedNotice:
    calendar = calendar_between(first=today, last=today + timedelta(days=60))
    try:
        return SuggestedNotice(today, last_of_working_days(today, NOTICE_WORKING_DAYS, calendar))
    except Refused as refused:
        return SuggestedNotice(today, None, refused.message)
