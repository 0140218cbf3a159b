"""What hangs on two people that become one: what follows, what stays, what says the same, and all of it back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model
from psycopg import errors

from apps.accounts.models import User
from apps.core.errors import Refused
from apps.people.models import Person
from apps.people.selectors.relations import Relation, relation

_VOIDED = "合并人员：与保留的记录相同"
_MOST_NAMED = 3


@dataclass
class Moved:
    """What became of the rows, by relation: those that followed, those that stay, and those that were voided."""

    rows: dict[str, list[Any]] = field(default_factory=dict)
    stayed: dict[str, list[Any]] = field(default_factory=dict)
    voided: dict[str, list[Any]] = field(default_factory=dict)


def move_rows(one: Relation, source: int, target: int, moved: Moved) -> None:
    """Hang all rows of one kind on the target; rows that are frozen stay. Raises Refused naming those that collide."""
    keys = sorted(one.rows_of(source).values_list("pk", flat=True))
    if not keys:
        return
    staying: list[Any] = []
    if _attempt(one, keys, target) is not None:
        colliding = []
        for key in keys:
            cause = _attempt(one, [key], target)
            if cause is not None and _stays(one, cause):
                staying.append(key)
            elif cause is not None:
                colliding.append((key, cause))
        if colliding:
            raise _collision(one, colliding)
    following = [key for key in keys if key not in staying]
    if one.is_primary_key and following:
        following = [target]
    if following:
        moved.rows[one.key] = [_key(key) for key in following]
    if staying:
        moved.stayed[one.key] = [_key(key) for key in staying]


def _attempt(one: Relation, keys: Iterable[Any], target: int) -> BaseException | None:
    """Hang rows on the target, also before constraints that wait for the commit; what the database says against it."""
    try:
        with transaction.atomic():
            one.model._base_manager.filter(pk__in=list(keys)).update(**{one.column: target})
            connection.check_constraints()
    except DatabaseError as error:
        return error.__cause__ or error
    return None


def _stays(one: Relation, cause: BaseException) -> bool:
    """Whether the row stays with its own person: a trigger locked it, or its kind gives way to the kept one's."""
    if isinstance(cause, errors.UniqueViolation | errors.ExclusionViolation):
        return one.yields
    if isinstance(cause, errors.CheckViolation):
        named = {constraint.name for constraint in one.model._meta.constraints}
        return cause.diag.constraint_name not in named
    return isinstance(cause, errors.RaiseException)


def _collision(one: Relation, refused: list[tuple[Any, BaseException]]) -> Refused:
    """The sentence for rows that cannot follow, by name: they stay readable, since both people are within reach."""
    rows = one.model._base_manager.in_bulk([key for key, _ in refused[:_MOST_NAMED]])
    names = "、".join(str(row) for row in rows.values())
    more = f"等 {len(refused)} 条" if len(refused) > _MOST_NAMED else ""
    if all(isinstance(cause, errors.UniqueViolation | errors.ExclusionViolation) for _, cause in refused):
        return Refused(
            f"两人各有一条“{one.label}”，而一个人只能有一条：{names}{more}。请先更正或作废其中一条，再合并。",
            code="collision",
        )
    return Refused(f"“{one.label}”不能转到保留的人名下：{names}{more}。", code="collision")


def void_repeated(
    one: Relation, kept: Person, merged: Person, moved: Moved, *, actor: User, now: datetime
) -> None:
    """Of two rows that say the same, void the one that says less; the kept person's stands when they say as much."""
    if not one.same_when:
        return
    valid = one.model._base_manager.filter(voided_at__isnull=True).order_by("pk")
    of_kept = {_says(row, one): row for row in valid.filter(**{one.column: kept.pk})}
    voided = []
    for row in valid.filter(**{one.column: merged.pk}):
        twin = of_kept.get(_says(row, one))
        if twin is not None:
            voided.append(twin.pk if _weight(row) > _weight(twin) else row.pk)
    if voided:
        rows = one.model._base_manager.filter(pk__in=voided)
        rows.update(voided_by=actor, voided_at=now, void_reason=_VOIDED)
        moved.voided[one.key] = [_key(key) for key in voided]


def _says(row: Model, one: Relation) -> tuple[Any, ...]:
    return tuple(row.serializable_value(name) for name in one.same_when)


def _weight(row: Model) -> int:
    """How many of its columns hold something."""
    return sum(bool(row.serializable_value(column.attname)) for column in row._meta.concrete_fields)


def move_back(key: str, keys: list[Any], *, kept: Person, merged: Person) -> None:
    one = relation(key)
    if one is None:
        raise _gone()
    rows = one.model._base_manager.filter(pk__in=keys)
    moved_on = rows.exclude(**{one.column: kept.pk})
    if moved_on.exists():
        names = "、".join(str(row) for row in moved_on[:_MOST_NAMED])
        raise Refused(f"合并之后，“{one.label}”已转到另一人名下，不能撤销：{names}。", code="moved_on")
    if _attempt(one, list(rows.values_list("pk", flat=True)), merged.pk) is not None:
        raise Refused(f"“{one.label}”不能转回原记录，不能撤销。", code="collision")


def unvoid(key: str, keys: list[Any], *, made_at: datetime) -> None:
    """Rows that the merge voided hold again, unless another one has taken their place by now."""
    one = relation(key)
    if one is None:
        raise _gone()
    try:
        with transaction.atomic():
            rows = one.model._base_manager.filter(pk__in=keys, voided_at=made_at)
            rows.update(voided_by=None, voided_at=None, void_reason="")
    except IntegrityError:
        raise Refused(
            f"合并之后又登记了相同的“{one.label}”，不能撤销；请先作废后来的一条。", code="collision"
        ) from None


def _gone() -> Refused:
    return Refused("随合并转移的记录已不在系统中，不能撤销。", code="gone")


def _key(key: Any) -> Any:
    """A primary key as JSON holds it."""
    return key if isinstance(key, int | str) else str(key)
