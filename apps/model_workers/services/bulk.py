"""One deed on many people, and its undoing as a whole."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import audit
from apps.core.errors import Refused
from apps.model_workers.models import BulkChange, Review, WorkerFile
from apps.model_workers.rules.bulk import require_review_plan, require_size, require_undoable
from apps.model_workers.services.files import open_file
from apps.model_workers.services.reach import require_right
from apps.model_workers.services.refusals import explain
from apps.people.models import Person
from apps.people.rules.identity import require_no_number
from apps.people.rules.names import require_letters


def _chosen(person_ids: Collection[int], actor: User, expected: int | None) -> list[Person]:
    """The people in reach, locked in one order. Raises Refused for nobody, too many, or another number than expected."""
    people = (
        Person.objects.visible_to(actor)
        .living_rows()
        .select_related("union")
        .filter(pk__in=person_ids)
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    found = list(people)
    require_size(len(found), expected=expected)
    return found


@transaction.atomic
def lay_out_reviews(
    *,
    person_ids: Collection[int],
    year: int,
    due_on: date,
    actor: User,
    now: datetime,
    expected: int | None = None,
) -> BulkChange:
    """A review of that year for each; those who have one already keep it. Raises Refused."""
    require_right(actor, "model_worker.edit")
    require_review_plan(year=year, due_on=due_on, today=timezone.localdate(now))
    people = _chosen(person_ids, actor, expected)
    known = set(Review.objects.filter(year=year, person__in=people).values_list("person_id", flat=True))
    fresh = [
        Review(year=year, union=person.union, person=person, due_on=due_on, created_by=actor, created_at=now)
        for person in people
        if person.pk not in known
    ]
    if not fresh:
        raise Refused(f"所选的人 {year} 年的复核都已布置。", code="known")
    with audit.because(actor_id=actor.pk, action="布置复核"):
        try:
            with transaction.atomic():
                reviews = Review.objects.bulk_create(fresh, batch_size=1000)
        except IntegrityError as error:
            raise explain(error) from error
    kept = f"，{len(known)} 人已布置过" if known else ""
    return _record(
        BulkChange.Kind.REVIEW,
        f"布置{year}年复核，{due_on:%Y-%m-%d} 前办结{kept}",
        [{"id": review.pk, "before": None, "after": review.person_id} for review in reviews],
        actor=actor,
        now=now,
    )


@transaction.atomic
def change_keeper(
    *,
    person_ids: Collection[int],
    managed_by: str,
    actor: User,
    now: datetime,
    expected: int | None = None,
) -> BulkChange:
    """Give the files of these people to another keeper (归口管理单位). Raises Refused."""
    require_right(actor, "model_worker.edit")
    managed_by = require_no_number(managed_by, label="归口管理单位", field="managed_by")
    if not managed_by:
        raise Refused("请填写“归口管理单位”。", field="managed_by")
    require_letters(managed_by, label="归口管理单位", field="managed_by")
    people = _chosen(person_ids, actor, expected)
    with audit.because(actor_id=actor.pk, action="变更归口管理单位"):
        files = {
            file.person_id: file for file in WorkerFile.objects.select_for_update().filter(person__in=people)
        }
        for person in people:
            if person.pk not in files:
                files[person.pk] = open_file(person=person, actor=actor, now=now)
        changed = [file for file in files.values() if file.managed_by != managed_by]
        if not changed:
            raise Refused(f"所选的人都已归口“{managed_by}”管理。", field="managed_by", code="known")
        changes = [{"id": file.pk, "before": file.managed_by, "after": managed_by} for file in changed]
        WorkerFile.objects.filter(pk__in=[file.pk for file in changed]).update(managed_by=managed_by)
    return _record(
        BulkChange.Kind.MANAGED_BY, f"归口管理单位改为“{managed_by}”", changes, actor=actor, now=now
    )


def _record(
    kind: str, summary: str, changes: Sequence[dict[str, Any]], *, actor: User, now: datetime
) -> BulkChange:
    return BulkChange.objects.create(
        union=actor.union,
        kind=kind,
        summary=summary[:200],
        people=len(changes),
        changes=list(changes),
        actor=actor,
        at=now,
    )


@transaction.atomic
def undo_bulk(*, change_id: int, actor: User, now: datetime) -> BulkChange:
    """Take a deed back as a whole. Raises Refused when one of its rows was changed since."""
    require_right(
        actor, "model_worker.edit" if not actor.may("model_worker.decide") else "model_worker.decide"
    )
    change = BulkChange.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=change_id)
    require_undoable(
        done_at=change.at,
        undone_at=change.undone_at,
        is_own=change.actor_id == actor.pk or actor.may("model_worker.decide"),
        now=now,
    )
    with audit.because(actor_id=actor.pk, action=f"撤销{change.get_kind_display()}"):
        if change.kind == BulkChange.Kind.REVIEW:
            _take_reviews_back(change, actor)
        else:
            _give_files_back(change, actor)
        change.undone_by, change.undone_at = actor, now
        change.save(update_fields=("undone_by", "undone_at"))
    return change


def _take_reviews_back(change: BulkChange, actor: User) -> None:
    keys = [entry["id"] for entry in change.changes]
    reviews = Review.objects.filter(pk__in=keys).select_for_update(of=("self",)).select_related("person")
    found = list(reviews)
    _require_in_reach(Review.objects.visible_to(actor).filter(pk__in=keys).count(), len(found))
    done = [review.person.name for review in found if review.outcome]
    if done:
        raise Refused(f"其中 {len(done)} 人已登记结果（{_some(done)}），不能整批撤销。", code="done")
    Review.objects.filter(pk__in=keys, outcome="").delete()


def _give_files_back(change: BulkChange, actor: User) -> None:
    entries = {entry["id"]: entry for entry in change.changes}
    files = list(
        WorkerFile.objects.filter(pk__in=entries).select_for_update(of=("self",)).select_related("person")
    )
    _require_in_reach(WorkerFile.objects.visible_to(actor).filter(pk__in=entries).count(), len(files))
    moved = [file.person.name for file in files if file.managed_by != entries[file.pk]["after"]]
    if moved:
        raise Refused(f"其中 {len(moved)} 人之后又改过（{_some(moved)}），不能整批撤销。", code="changed")
    by_value: dict[str, list[int]] = {}
    for file in files:
        by_value.setdefault(entries[file.pk]["before"], []).append(file.pk)
    for value, keys in by_value.items():
        WorkerFile.objects.filter(pk__in=keys).update(managed_by=value)


def _require_in_reach(visible: int, found: int) -> None:
    if visible < found:
        raise Refused("其中有人之后已转出您的管理范围，不能整批撤销。", code="moved")


def _some(names: Sequence[str]) -> str:
    return "、".join(names[:5]) + ("等" if len(names) > 5 else "")
