"""What a page shows of a case: the buttons of this person, the stages, the trail, whom it waits for, the facts as decided."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.roles import Role, roles_with
from apps.basis.selectors.calendar import calendar_between
from apps.cases.models import Case, Requirement
from apps.cases.rules.flow import Flow, Step
from apps.cases.rules.notices import NoticeRule
from apps.core.desk import Errand, counted
from apps.core.errors import Refused
from apps.core.history import TimelineEntry
from apps.core.stepper import StageStep
from apps.core.workdays import count_working_days, last_of_working_days

_TONES = {"return": "amber", "reject": "red", "withdraw": "red"}
Duties = Mapping[int, Collection[str]]
Held = Mapping[str, int | None]
Objection = Callable[[str], str]
"""What a programme's own rules say against a verb as things stand now: a sentence, or nothing."""


def no_objection(verb: str) -> str:
    return ""


def all_cases() -> list[type[Case]]:
    """Every kind of case, in the order of the apps."""
    return [model for model in apps.get_models() if issubclass(model, Case)]


def held_permissions(user: User, case: Case) -> Held:
    """The permissions of this flow that the person holds now over the union of the case, each with whom the person
    stands in for, if anybody: asked of the database itself, with the function that the guards ask."""
    wanted = case.flow.permissions
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.permission, NULLIF(split_part(h.held, ':', 2), '')::bigint"
            " FROM unnest(%s::text[], %s::text[]) AS w (permission, roles),"
            " public.house_role(%s, string_to_array(w.roles, ','), %s) AS h (held) WHERE h.held IS NOT NULL",
            [list(wanted), [",".join(roles_with(name)) for name in wanted], user.pk, case.union_id],
        )
        return dict(cursor.fetchall())


def taken_duties(case: Case) -> dict[int, set[str]]:
    """Who took which duties in this case, in any round; whoever was stood in for counts like the stand-in."""
    found: dict[int, set[str]] = {}
    for actor, stood_in_for, duty in case.decisions.values_list("actor_id", "stands_in_for_id", "duty"):  # type: ignore[attr-defined]
        for person in {actor, stood_in_for} - {None}:
            found.setdefault(person, set()).add(duty)
    return found


def other_hand(duty: str, case: Case, user: User, stands_in_for: int | None, duties: Duties) -> str:
    """Why this person may not take a duty that a role gives: a hand in the case already, the person's own or that of
    whoever is stood in for."""
    matter = case._meta.verbose_name
    if duty != case.flow.enters and user.pk in case.editors:
        return f"您录入或修改过这项{matter}，不能再审核或审批它。"
    if set(duties.get(user.pk, ())) - {duty}:
        return f"您已办理过这项{matter}的另一环节，必须由不同的人办理。"
    if stands_in_for is None:
        return ""
    if (duty != case.flow.enters and stands_in_for in case.editors) or set(duties.get(stands_in_for, ())) - {
        duty
    }:
        return f"您所代理的人已办理过这项{matter}的另一环节，您不能代他办理这一环节。"
    return ""


def blocked(
    step: Step, case: Case, user: User, held: Held, duties: Duties, unmet: Collection[Requirement]
) -> str:
    """Why this person may not take a step that a role allows; empty when nothing speaks against it."""
    why = other_hand(step.duty_code, case, user, held[step.permission], duties)
    if why:
        return why
    if step.same_as and not _took_last(case, step.same_as, user):
        return f"只有办理“{case.flow.named(step.same_as)[0].label}”的人能{step.label}。"
    return next((one.sentence for one in unmet if one.concerns(step.verb)), "")


def obstacle(step: Step, case: Case, user: User, held: Held, objection: Objection = no_objection) -> str:
    """Why this person may not take the step now; empty when nothing speaks against it."""
    if step.permission not in held:
        return f"您没有“{step.label}”的权限。"
    return blocked(step, case, user, held, taken_duties(case), case.unmet(user)) or objection(step.verb)


def _took_last(case: Case, verb: str, user: User) -> bool:
    rows: Any = case.decisions.filter(verb=verb)  # type: ignore[attr-defined]
    return bool(rows.order_by("-number").values_list("actor_id", flat=True).first() == user.pk)


@dataclass(frozen=True)
class Choice:
    """A step that a person's role allows now. `blocked` says why this person may not take it."""

    step: Step
    is_main: bool
    url: str
    blocked: str = ""

    @property
    def label(self) -> str:
        return self.step.label

    @property
    def takes_back(self) -> bool:
        return self.step.takes_back


@dataclass(frozen=True)
class CasePage:
    """The frame of a case's page: `entries` newest first; `waiting_on` is whose turn it is, for those who cannot go on."""

    choices: tuple[Choice, ...]
    stages: tuple[StageStep, ...]
    entries: tuple[TimelineEntry, ...]
    waiting_on: str
    may_edit: bool
    edit_blocked: str
    """Why the content, open as it is, may not be changed by this person whose role would allow it."""


def case_page(case: Case, *, viewer: User, objection: Objection = no_objection) -> CasePage:
    """A step that must fail says so before it is clicked: `objection` as `decide` takes it."""
    held, duties = held_permissions(viewer, case), taken_duties(case)
    choices = _choices(case, viewer, held, duties, objection)
    enters = case.flow.enters
    is_editable = case.is_open and enters in held
    edit_blocked = other_hand(enters, case, viewer, held[enters], duties) if is_editable else ""
    can_go_on = any(choice.is_main and not choice.blocked for choice in choices)
    return CasePage(
        choices=tuple(choices),
        stages=tuple(_stages(case)),
        entries=tuple(sorted((*_entries(case), *_spoken(case)), key=lambda one: one.at, reverse=True)),
        waiting_on="" if can_go_on or case.is_open else waited_for(case),
        may_edit=is_editable and not edit_blocked,
        edit_blocked=edit_blocked,
    )


def _choices(case: Case, user: User, held: Held, duties: Duties, objection: Objection) -> list[Choice]:
    """The buttons of a case for this person, the main one last."""
    steps = case.flow.available(status=case.status, route=case.route, may=held.__contains__)
    if not steps:
        return []
    unmet = case.unmet(user)
    found = [
        Choice(
            step,
            is_main=not step.takes_back,
            url=decide_url(case, step.verb),
            blocked=blocked(step, case, user, held, duties, unmet) or objection(step.verb),
        )
        for step in steps
    ]
    return sorted(found, key=lambda choice: choice.is_main)


def decide_url(case: Case, verb: str) -> str:
    """The dialog of a step."""
    return reverse(f"{case.pages}_decide", args=[case.address, verb])


def waited_for(case: Case) -> str:
    """The roles whose turn it is, as words; empty for a case that waits for nobody."""
    return hands_of(case.flow.forward(status=case.status, route=case.route))


def hands_of(steps: Iterable[Step]) -> str:
    """The roles that may take one of these steps, as words."""
    roles = {role for step in steps for role in roles_with(step.permission)}
    return "、".join(str(role.label) for role in Role if role.value in roles)


def _stages(case: Case) -> Iterator[StageStep]:
    flow = case.flow
    if case.status in flow.way:
        place, note = flow.way.index(case.status), ""
    elif case.is_open:
        place, note = 0, flow.labels[case.status]
    else:
        yield StageStep(flow.labels[flow.way[0]], "done")
        yield StageStep(flow.labels[case.status], "current")
        return
    done = len(flow.way) if place == len(flow.way) - 1 else place
    for at, status in enumerate(flow.way):
        state = "done" if at < done else "current" if at == place else "todo"
        yield StageStep(flow.labels[status], state, note if at == place else "")


def _entries(case: Case) -> Iterator[TimelineEntry]:
    ended = set(case.ended)
    for one in decisions_of(case, newest_first=True):
        tone = "green" if one.target == case.flow.way[-1] else "red" if one.target in ended else ""
        yield TimelineEntry(
            at=one.at,
            who=str(one.actor),
            role=role_in_words(one),
            action=case.flow.label(one.verb, one.source, one.route),
            note="　".join(filter(None, (one.opinion, one.minutes and f"会议纪要：{one.minutes}"))),
            tone=_TONES.get(one.verb, tone),
        )


def _spoken(case: Case) -> Iterator[TimelineEntry]:
    """What was said against the notices of a case, and the answers."""
    for notice in _notices(case):
        for one in _objections(notice):
            yield TimelineEntry(
                at=one.entered_at,
                who=one.entered_by.in_place_of(one.stands_in_for),
                role="",
                action="登记公示反映",
                note=one.said,
                tone="amber",
            )
            answer = getattr(one, "answer", None)
            if answer is not None:
                yield TimelineEntry(
                    at=answer.answered_at,
                    who=answer.answered_by.in_place_of(answer.stands_in_for),
                    role="",
                    action=f"答复公示反映：{answer}",
                    note=f"{one.said}　{answer.words}",
                    tone="red" if answer.holds else "",
                )


def _notices(case: Case) -> Any:
    if case.notice_rule is None:
        return ()
    model = case.decisions.model.notice.related.related_model  # type: ignore[attr-defined]
    return model.objects.filter(decision__case=case).order_by("pk")


def _objections(notice: Any) -> list[Any]:
    rows = notice.objections.select_related(
        "entered_by", "stands_in_for", "answer__answered_by", "answer__stands_in_for"
    )
    return list(rows)


def notice_of(case: Case) -> Any | None:
    """The notice of this round; None before it was put up."""
    found = _notices(case)
    if not found:
        return None
    return (
        found.filter(decision__round=case.round).select_related("put_up_by", "decision__stands_in_for").last()
    )


@dataclass(frozen=True)
class NoticePage:
    """The notice counted in working days, and what was said. `may_enter`, `may_answer`: for this viewer, now, whose role
    allows it; `blocked` says why not even so."""

    notice: Any
    working_days: int | None
    """None where the calendar does not say; `unknown` then says why."""
    unknown: str
    is_over: bool
    objections: Sequence[Any]
    may_enter: bool
    may_answer: bool
    blocked: tuple[str, ...]


def notice_page(case: Case, *, viewer: User, today: date) -> NoticePage | None:
    notice, rule = notice_of(case), case.notice_rule
    if notice is None or rule is None:
        return None
    held = held_permissions(viewer, case) if case.status in rule.takes else {}
    objections, duties = _objections(notice), taken_duties(case)
    said = {rule.enters: "登记公示反映", rule.answers: "答复公示反映"}
    against = {duty: other_hand(duty, case, viewer, held[duty], duties) for duty in said if duty in held}
    hands = {viewer.pk, held.get(rule.answers)} - {None}
    if against.get(rule.answers) == "" and any(
        hands & {one.entered_by_id, one.stands_in_for_id} for one in objections
    ):
        against[rule.answers] = "反映由您登记，必须由别人答复。"
    working_days, unknown = None, ""
    try:
        calendar = calendar_between(first=notice.first_on, last=notice.last_on)
        working_days = count_working_days(notice.first_on, notice.last_on, calendar)
    except Refused as refused:
        unknown = refused.message
    return NoticePage(
        notice=notice,
        working_days=working_days,
        unknown=unknown,
        is_over=today > notice.last_on,
        objections=objections,
        may_enter=against.get(rule.enters) == "",
        may_answer=against.get(rule.answers) == "",
        blocked=tuple(f"{said[duty]}：{why}" for duty, why in against.items() if why),
    )


@dataclass(frozen=True)
class SuggestedNotice:
    """A notice that begins today and stands for the least number of working days; without an end, why there is none."""

    first: date
    last: date | None
    unknown: str = ""


def suggested_notice(rule: NoticeRule, *, today: date) -> SuggestedNotice:
    calendar = calendar_between(first=today, last=today + timedelta(days=60))
    try:
        return SuggestedNotice(today, last_of_working_days(today, rule.working_days, calendar))
    except Refused as refused:
        return SuggestedNotice(today, None, refused.message)


def role_in_words(decision: Any) -> str:
    """The role by which a step was taken, and for whom: both names are printed."""
    label = str(Role(decision.role).label) if decision.role in Role.values else decision.role
    return f"{label}，代{decision.stands_in_for}" if decision.stands_in_for_id else label


def signed_by(decision: Any) -> str:
    """Who signs for a step on paper; a stand-in with both names."""
    return str(decision.actor.in_place_of(decision.stands_in_for))


def decisions_of(case: Case, *, newest_first: bool = False) -> list[Any]:
    rows: Any = case.decisions.select_related("actor", "stands_in_for")  # type: ignore[attr-defined]
    return list(rows.order_by("-number" if newest_first else "number"))


def facts_as_decided(case: Case) -> dict[str, Any] | None:
    """What papers print of other rows, as it stood when this round was opened; None while the case is still open."""
    if case.is_open:
        return None
    opening = [step.verb for step in case.flow.steps if step.opens_round]
    rows: Any = case.decisions.filter(verb__in=opening)  # type: ignore[attr-defined]
    kept: dict[str, Any] | None = rows.order_by("-number").values_list("facts", flat=True).first()
    return kept


def told_facts(case: Case, build: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """As decided upon; as `build` finds them now, while the case is still open."""
    return facts_as_decided(case) or build()


def tasks(user: User) -> Iterator[Errand]:
    """待办 of every kind of case: what this person may take further, without what the person has a hand in already."""
    for model in all_cases():
        if model.on_cards:
            continue
        for status in model.flow.labels:
            rows = takeable(model, user, status)
            if rows is not None:
                step = model.flow.forward(status=status, route="")[0]
                yield from counted(
                    rows,
                    area=str(apps.get_app_config(model._meta.app_label).verbose_name),
                    matter=f"{model._meta.verbose_name}：{model.flow.labels[status]}",
                    step=step.label,
                    url=f"{reverse(f'{model.pages}_list')}?status={status}",
                )


def takeable(model: type[Case], user: User, status: str) -> QuerySet[Any] | None:
    """Cases in this status that the person may take further; None where no role allows it. A draft waits for nobody."""
    flow: Flow = model.flow
    steps = [step for step in flow.forward(status=status, route="") if user.may(step.permission)]
    if not steps or status == flow.first:
        return None
    rows = model.objects.visible_to(user).filter(status=status)
    duty = steps[0].duty_code
    decisions: Any = model.decisions.rel.related_model  # type: ignore[attr-defined]
    people = [one for one in (user.pk, user.acts_for(steps[0].permission)) if one is not None]
    theirs = Q(actor__in=people) | Q(stands_in_for__in=people)
    other = decisions.objects.filter(theirs, case=OuterRef("pk")).exclude(duty=duty)
    rows = rows.exclude(Exists(other))
    return rows if duty == flow.enters else rows.exclude(editors__overlap=people)
