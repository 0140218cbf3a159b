"""Dated parameters: enter a new one behind the old, correct one that nothing rests on, end one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import DatabaseError, transaction

from apps.accounts.models import User
from apps.core import audit
from apps.core.errors import Refused
from apps.model_workers.models.periods import Dated
from apps.model_workers.rules import parameters as rules
from apps.model_workers.selectors.parameters import ParameterKind, Uses, last_event, period_of
from apps.model_workers.services.refusals import explain

CHANGED = "您打开之后，同事修改了这一项；请核对现在的内容后再保存。"


@dataclass(frozen=True)
class Entered:
    """A new parameter, and the one it brought to its end."""

    record: Any
    closed: Any | None


@transaction.atomic
def add_parameter(*, kind: ParameterKind, values: Mapping[str, Any], actor: User) -> Entered:
    """Enter a parameter; the one that was open ends the day before. Raises Refused naming the field."""
    _require_editor(actor)
    period = _checked(kind, values)
    siblings = _siblings(kind, {name: values[name] for name in kind.same})
    uses = kind.uses(siblings)
    before = next(
        (row for row in siblings if row.valid_until is None and row.valid_from < period.begins), None
    )
    with audit.because(actor_id=actor.pk, action=f"登记{kind.label}"):
        if before is not None:
            _close(before, uses, next_begins=period.begins)
        rules.require_free(period, (period_of(row) for row in siblings))
        record: Any = kind.model(**values, created_by=actor)
        _save(before, record)
    return Entered(record, before)


@transaction.atomic
def correct_parameter(
    *, kind: ParameterKind, pk: int, values: Mapping[str, Any], seen: int, actor: User
) -> Any:
    """Change a parameter on which nothing rests; what it followed keeps ending the day before. Raises Refused."""
    _require_editor(actor)
    record, siblings, uses = _locked(kind, pk, seen=seen)
    rules.require_unused(uses.get(pk, []))
    same = {name: getattr(record, name) for name in kind.same}
    period, begun = _checked(kind, {**values, **same}), record.valid_from
    followed = (row for row in siblings if row.valid_until == begun - timedelta(days=1))
    before = next(followed, None) if period.begins != begun else None
    with audit.because(actor_id=actor.pk, action=f"更正{kind.label}"):
        if before is not None:
            _close(before, uses, next_begins=period.begins)
        rules.require_free(period, (period_of(row) for row in siblings))
        for name, value in values.items():
            if name not in kind.same:
                setattr(record, name, value)
        # Whichever becomes shorter is written first: on no day do both hold.
        _save(*((before, record) if period.begins < begun else (record, before)))
    return record


@transaction.atomic
def end_parameter(*, kind: ParameterKind, pk: int, until: date, seen: int, actor: User) -> Any:
    """Set or move the last day of a parameter, used or not. Raises Refused when something rests on a later day."""
    _require_editor(actor)
    record, siblings, uses = _locked(kind, pk, seen=seen)
    rules.require_end(begins=record.valid_from, ends=until, uses=uses.get(pk, []))
    period = rules.Period(record.valid_from, until)
    rules.require_free(period, (period_of(row) for row in siblings), field="valid_until")
    record.valid_until = until
    with audit.because(actor_id=actor.pk, action=f"截止{kind.label}"):
        _save(record)
    return record


def _require_editor(actor: User) -> None:
    if not actor.may("parameter.edit"):
        raise Refused("您没有维护标准与参数的权限。", code="permission")


def _checked(kind: ParameterKind, values: Mapping[str, Any]) -> rules.Period:
    """The period. Raises Refused for what is wrong with the values in themselves."""
    rules.require_amounts(values, kind.amounts)
    if "cap" in kind.fields:
        rules.require_relief_line(values["kind"], values["line"])
    period = rules.require_period(values["valid_from"], values["valid_until"])
    rules.require_basis(document=values["document"], is_sample=values["is_sample"])
    return period


def _siblings(kind: ParameterKind, same: Mapping[str, Any]) -> list[Any]:
    rows = kind.model._default_manager.select_for_update(of=("self",)).filter(**same)
    return list(rows.order_by("valid_from"))


def _locked(kind: ParameterKind, pk: int, *, seen: int) -> tuple[Any, list[Any], Uses]:
    """The row, the others of its kind, and what rests on any of them."""
    record: Any = kind.model._default_manager.select_for_update(of=("self",)).get(pk=pk)
    if last_event(kind, pk) != seen:
        raise Refused(CHANGED, code="changed")
    siblings = _siblings(kind, {name: getattr(record, name) for name in kind.same})
    return record, [row for row in siblings if row.pk != pk], kind.uses(siblings)


def _close(before: Any, uses: Uses, *, next_begins: date) -> None:
    before.valid_until = rules.closing_day(
        open_period=period_of(before), uses=uses.get(before.pk, []), next_begins=next_begins
    )


def _save(*records: Dated | None) -> None:
    try:
        with transaction.atomic():
            for record in records:
                if record is not None:
                    record.save()
    except DatabaseError as error:
        raise explain(error) from None
