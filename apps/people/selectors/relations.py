"""What hangs on a person, whatever the programme: read off the models, so that no programme has to be known here."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Count, Field, Model, QuerySet
from pghistory.models import Event

from apps.people.models import DuplicatePair, Merge, Person


@dataclass(frozen=True)
class Relation:
    """A column of some model that points at a person.

    What a merge does with its rows, the model says itself:
    - nothing said: the rows follow; two that cannot both belong to one person stop the merge;
    - `follows_merge = False`: the rows are frozen, they stay with the row they were made for;
    - `yields_in_merge = True`: a row stays where the kept person has one already;
    - `same_when = (fields)`, of models with `voided_at`: of two valid rows that agree in these, one is voided.
    """

    model: type[Model]
    column: str
    label: str
    follows: bool
    yields: bool
    same_when: tuple[str, ...]
    is_primary_key: bool

    @property
    def key(self) -> str:
        """The name under which a merge remembers what it moved."""
        return f"{self.model._meta.label_lower}.{self.column}"

    def rows_of(self, person_id: int) -> QuerySet[Any]:
        return self.model._base_manager.filter(**{self.column: person_id})


@dataclass(frozen=True)
class Hanging:
    """How many rows of one kind hang on each of several people."""

    label: str
    counts: tuple[int, ...]
    follows: bool


@cache
def relations() -> tuple[Relation, ...]:
    """Every column of every app that points at a person, without the history."""
    fields = list(_fields())
    models = [field.model for field in fields]
    return tuple(
        Relation(
            model=field.model,
            column=field.name,
            label=_label(field, alone=models.count(field.model) == 1),
            follows=getattr(field.model, "follows_merge", True),
            yields=getattr(field.model, "yields_in_merge", False),
            same_when=getattr(field.model, "same_when", ()),
            is_primary_key=bool(field.primary_key),
        )
        for field in fields
    )


def relation(key: str) -> Relation | None:
    """The relation a merge remembered; None when it is no longer there."""
    return next((one for one in relations() if one.key == key), None)


def hanging_on(person_ids: Collection[int]) -> list[Hanging]:
    """What hangs on these people, kind by kind, those without any row left out; counts in the order of the keys."""
    found = []
    for one in relations():
        if one.model in (DuplicatePair, Merge):
            continue
        rows = one.model._base_manager.filter(**{f"{one.column}__in": person_ids})
        counts = dict(rows.order_by().values_list(one.column).annotate(Count("pk")))
        if counts:
            found.append(Hanging(one.label, tuple(counts.get(pk, 0) for pk in person_ids), one.follows))
    return found


def row_ids_of(person: Person) -> list[int]:
    """The keys under which rows of this person may stand: his own and those of the rows merged into his."""
    return [person.pk, *Person.objects.filter(merged_into=person).values_list("pk", flat=True)]


def _fields() -> Iterator["Field[Any, Any]"]:
    for reverse in Person._meta.get_fields(include_hidden=True):
        if reverse.auto_created and not reverse.concrete and (reverse.one_to_many or reverse.one_to_one):
            field = reverse.field  # type: ignore[union-attr]
            if not issubclass(field.model, Event):
                yield field


def _label(field: "Field[Any, Any]", *, alone: bool) -> str:
    if field.model is Person:
        return "先前并入的记录"
    kind = str(field.model._meta.verbose_name_plural)
    return kind if alone else f"{kind}（{field.verbose_name}）"
