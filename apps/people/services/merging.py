"""Making one person of two rows, and taking that back: everything that hangs on a person follows."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.core import audit
from apps.core.errors import Refused
from apps.people.models import DuplicatePair, Merge, Person
from apps.people.rules import merging as rules
from apps.people.selectors.relations import relations
from apps.people.services.duplicates import find_pairs, require_reason
from apps.people.services.merged_facts import fill_facts, unfill_facts
from apps.people.services.merged_rows import Moved, move_back, move_rows, unvoid, void_repeated
from apps.people.services.persons import holder_refusal


@transaction.atomic
def merge_people(
    *,
    kept_id: int,
    merged_id: int,
    reason: str,
    actor: User,
    now: datetime,
    seen_versions: tuple[int, int] | None = None,
) -> Merge:
    """Let the row `kept_id` stand for both: what hangs on the other follows, facts it lacks are filled from there.

    The other row stays, marked, so that its number never enters again. `seen_versions` are those of the kept and the
    merged row when they were compared. Raises Refused, also when both have something of which a person has only one.
    """
    reason = require_reason(reason)
    kept, merged = _lock(kept_id, merged_id, actor=actor)
    if seen_versions is not None and seen_versions != (kept.version, merged.version):
        raise Refused("您打开之后，同事修改了其中一人的资料，请重新比较后再决定。", code="changed")
    with audit.because(actor_id=actor.pk, action="合并人员", reason=reason):
        moved = Moved()
        for one in relations():
            if one.follows:
                void_repeated(one, kept, merged, moved, actor=actor, now=now)
                move_rows(one, merged.pk, kept.pk, moved)
        filled = fill_facts(kept, merged)
        merged.merged_into = kept
        # Before the kept row, which may take over its number and account.
        _write(merged, actor=actor, now=now)
        _write(kept, actor=actor, now=now)
        merge = Merge.objects.create(
            kept=kept,
            merged=merged,
            moved=asdict(moved),
            filled=filled,
            reason=reason,
            made_by=actor,
            made_at=now,
        )
        _pairs_of(kept, merged).update(
            status=DuplicatePair.Status.MERGED, reason=reason, decided_by=actor, decided_at=now
        )
        find_pairs(union_path=kept.union.path, person_ids=[kept.pk], now=now)
    return merge


@transaction.atomic
def undo_merge(*, merge_id: int, reason: str, actor: User, now: datetime) -> Merge:
    """Take a merge of the last thirty days back: exactly what it moved goes back, their pair is open again.

    Raises Refused when something it moved has another owner by now, or the number it filled was changed.
    """
    reason = require_reason(reason)
    merge = Merge.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=merge_id)
    if merge.undone_at is not None:
        raise Refused("这次合并已经撤销。", code="changed")
    if now > rules.undo_ends_at(merge.made_at):
        raise Refused(f"合并已超过 {rules.UNDO_DAYS} 天，不能撤销。", code="late")
    kept, merged = _lock(merge.kept_id, merge.merged_id, actor=actor, undoing=True)
    with audit.because(actor_id=actor.pk, action="撤销合并", reason=reason):
        for key, keys in merge.moved["rows"].items():
            move_back(key, keys, kept=kept, merged=merged)
        for key, keys in merge.moved["voided"].items():
            unvoid(key, keys, made_at=merge.made_at)
        unfill_facts(kept, merged, merge.filled)
        merged.merged_into = None
        _write(kept, actor=actor, now=now)
        try:
            with transaction.atomic():
                _write(merged, actor=actor, now=now)
        except IntegrityError as error:
            raise holder_refusal(merged, error, actor=actor) from None
        merge.undone_by, merge.undone_at = actor, now
        merge.save(update_fields=["undone_by", "undone_at"])
        _pairs_of(kept, merged).filter(status=DuplicatePair.Status.MERGED).update(
            status=DuplicatePair.Status.OPEN, reason="", decided_by=None, decided_at=None
        )
        find_pairs(union_path=kept.union.path, person_ids=[kept.pk, merged.pk], now=now)
    return merge


def _lock(kept_id: int, merged_id: int, *, actor: User, undoing: bool = False) -> tuple[Person, Person]:
    """Both rows, locked in one order. Raises Refused when they are not two living rows within reach.

    With the rows locked, nothing new can be hung on either of them before the merge is done.
    """
    if not actor.may("person.merge"):
        raise Refused("您没有合并人员的权限。", code="permission")
    if kept_id == merged_id:
        raise Refused("不能把一个人并入其自身。")
    found = {
        person.pk: person
        for person in Person.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("union")
        .filter(pk__in=(kept_id, merged_id))
        .order_by("pk")
    }
    if len(found) < 2:
        raise Refused("其中一人不在您的管理范围内，请联系市总工会。", code="scope")
    kept, merged = found[kept_id], found[merged_id]
    for person in (kept,) if undoing else (kept, merged):
        if person.merged_into_id is not None:
            hint = "；请先撤销后来的那次合并" if undoing else ""
            raise Refused(f"“{person.name}”（{person.union}）的这条记录已并入另一人{hint}。", code="merged")
    return kept, merged


def _write(person: Person, *, actor: User, now: datetime) -> None:
    person.version += 1
    person.updated_by, person.updated_at = actor, now
    person.save(force_update=True)


def _pairs_of(one: Person, other: Person) -> Any:
    low, high = sorted((one.pk, other.pk))
    return DuplicatePair.objects.filter(first=low, second=high)
