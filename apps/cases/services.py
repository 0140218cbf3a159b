"""The writes of every case: its content while it is open, and one step at a time."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal as Amount
from typing import Any, TypeVar

from django.apps import apps
from django.db import DatabaseError, transaction

from apps.accounts.models import User
from apps.cases.models import Case
from apps.cases.selectors import Objection, blocked, held_permissions, no_objection, taken_duties
from apps.core import audit
from apps.core.errors import Refused

AnyCase = TypeVar("AnyCase", bound=Case)
_GENERAL = "数据库没有接受这次修改，请刷新页面后重试。"


@dataclass(frozen=True)
class Seen:
    """What stood on the page when the button was pressed: the next step's number, the sum, the count."""

    number: int
    amount: Amount
    count: int

    @classmethod
    def of(cls, case: Case) -> "Seen":
        return cls(case.decided + 1, *case.measure())


@dataclass(frozen=True)
class Verdict:
    """What became of one case of several: `refusal` is empty where the step was taken."""

    case: Case
    refusal: str = ""


@transaction.atomic
def save_case(*, case: AnyCase, actor: User, action: str = "", now: datetime | None = None) -> AnyCase:
    """Enter a case or change its content. Raises Refused with the sentence of the constraint or guard.

    `now` counts only for the owner of the tables, who writes demo and tests into the past.
    """
    is_new = case.pk is None
    if is_new:
        case.created_by_id = actor.pk
        if now is not None:
            case.created_at = now
    content = [field.name for field in case._meta.concrete_fields if field.editable and not field.primary_key]
    with audit.because(actor_id=actor.pk, action=action or ("录入" if is_new else "修改")), explained(case):
        case.save(force_insert=is_new, update_fields=None if is_new else content)
    return case


@transaction.atomic
def decide(
    *,
    case: Case,
    actor: User,
    verb: str,
    seen: Seen,
    opinion: str = "",
    minutes: str = "",
    now: datetime | None = None,
    objection: Objection = no_objection,
    facts: Callable[[], dict[str, Any]] = dict,
) -> Any:
    """Take one step, and return its decision. Raises Refused for state, permission, missing words, a second duty, a
    requirement not met, or a page that is no longer true.

    The database judges all of it again; here it is said in a sentence that names the field. `now` as in `save_case`;
    `objection`: what a programme's rules say against a verb as things stand; `facts`: what papers print of other rows,
    kept with a submission and with a step that says so.
    """
    case.refresh_from_db(fields=["status", "round", "route", "decided", "editors"])
    step = case.flow.step(
        verb=verb,
        status=case.status,
        route=case.route,
        may=held_permissions(actor, case).__contains__,
        opinion=opinion,
        minutes=minutes,
    )
    why = blocked(step, case, actor, taken_duties(case), case.unmet(actor)) or objection(verb)
    if why:
        raise Refused(why, code="blocked")
    model: Any = type(case).decisions.rel.related_model  # type: ignore[attr-defined]
    decision = model(
        case=case,
        number=seen.number,
        verb=verb,
        source=case.status,
        actor=actor,
        opinion=opinion.strip(),
        minutes=" ".join(minutes.split()),
        amount=seen.amount,
        count=seen.count,
        facts=facts() if step.opens_round or step.keeps_facts else {},
    )
    if now is not None:
        decision.at = now
    with audit.because(actor_id=actor.pk, action=step.label, reason=opinion.strip()), explained(case):
        decision.save(force_insert=True)
    decision.refresh_from_db()
    case.refresh_from_db(fields=["status", "round", "route", "decided"])
    return decision


def decide_each(
    *,
    cases: Iterable[Case],
    actor: User,
    verb: str,
    opinion: str = "",
    minutes: str = "",
    service: Callable[..., Any] = decide,
) -> list[Verdict]:
    """The same step for several cases, each for itself: what is refused leaves the others alone.

    `service`: what a programme takes a step with, if it is more than `decide`.
    """
    found = []
    for case in cases:
        try:
            service(case=case, actor=actor, verb=verb, seen=Seen.of(case), opinion=opinion, minutes=minutes)
        except Refused as refused:
            found.append(Verdict(case, refused.message))
        else:
            found.append(Verdict(case))
    return found


@contextmanager
def explained(case: Case) -> Iterator[None]:
    """Turns what the database refuses into Refused: the constraint's message, or the guard's own sentence."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        raise explain(error, app_label=case._meta.app_label) from error


def explain(error: DatabaseError, *, app_label: str, field: str | None = None) -> Refused:
    """The sentence of the constraint or trigger that refused a row of this app; its name is the code."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None) or ""
    for model in apps.get_app_config(app_label).get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name:
                return Refused(str(constraint.violation_error_message), field=field, code=name)
    said = getattr(diagnosis, "message_primary", None) or ""
    if name.startswith((f"{app_label}_", "house_")) and any("\u4e00" <= one <= "\u9fff" for one in said):
        return Refused(said, field=field, code=name)
    return Refused(_GENERAL, code="database")
