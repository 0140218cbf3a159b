"""The background's second half: a staged roster is taken over as a whole, in one transaction, or not at all."""

import logging
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import audit
from apps.core.errors import Refused
from apps.core.jobs import INTERRUPTIONS
from apps.people.account_holds import held_accounts
from apps.people.models import RosterFacts, RosterImport, RosterRow, Unit
from apps.people.rules.standing import Track
from apps.people.services.duplicates import find_pairs
from apps.people.services.persons import FILLED_FIELDS
from apps.people.services.roster_reading import log_without_values
from apps.people.services.rosters import require_importer

logger = logging.getLogger(__name__)

_NAMED = 5
_FEW = 5_000
"""Of more people than this, all of the union are asked about: a list so long costs more than it spares."""
_UNEXPECTED = "导入时出了意外的错误，什么也没有导入。请再试一次；仍不成功时请联系系统管理员。"
_GIVEN_UP = "后台程序多次中断，什么也没有导入。请联系系统管理员，再重新导入。"
_LOOK_AGAIN = "什么也没有导入；请重新上传这份名册，按现在的资料核对。"
Status = RosterImport.Status


def take_roster(*, roster_id: int) -> None:
    """The job itself. Whatever happens, the roster says how it ended, unless it was interrupted: then it begins again.

    One that does not wait is left alone.
    """
    try:
        _take(roster_id, now=timezone.now())
    except Refused as refused:
        _back_to_preview(roster_id, refused.message)
    except IntegrityError as error:
        _back_to_preview(roster_id, _constraint_sentence(error))
    except INTERRUPTIONS:
        raise
    except Exception as error:
        log_without_values(logger, f"roster {roster_id}", error)
        _back_to_preview(roster_id, _UNEXPECTED)


def give_up_taking(*, roster_id: int) -> None:
    """Say that the taking over was begun in vain too often."""
    _back_to_preview(roster_id, _GIVEN_UP)


def _back_to_preview(roster_id: int, message: str) -> None:
    RosterImport.objects.filter(pk=roster_id, status=Status.TAKING).update(
        status=Status.STAGED, taken_by=None, message=message[:1000], stage=""
    )


def _constraint_sentence(error: IntegrityError) -> str:
    """Somebody was faster between the last look and the write."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
    what = {
        "people_person_id_number_once": "有证件号码刚刚登记给了别人，",
        "people_person_account_once": "有银行账号刚刚登记给了别人，",
        "people_unit_credit_code_once": "有新单位的统一社会信用代码刚刚由别的单位使用，",
        "people_unit_name_once": "有新单位刚刚登记，",
        "people_standing_one_a_day": "有人的工作状态刚刚登记，",
    }.get(constraint, "资料刚刚有变动，")
    return f"{what}{_LOOK_AGAIN}"


@transaction.atomic
def _take(roster_id: int, *, now: datetime) -> None:
    roster = (
        RosterImport.objects.select_for_update(of=("self",), no_key=True)
        .select_related("union", "taken_by__union")
        .filter(pk=roster_id, status=Status.TAKING)
        .first()
    )
    if roster is None or roster.taken_by is None:
        return
    actor = roster.taken_by
    require_importer(actor, roster.union)
    with connection.cursor() as cursor:
        # Every join below is of one long list with another. What the planner knows of the register is of before this
        # transaction, at the first roster even that it is empty: it would go through it anew for each single row.
        cursor.execute("SET LOCAL enable_nestloop = off")
        _require_unchanged(cursor, roster)
        _require_unheld(cursor, roster, now=now)
        with audit.because(actor_id=actor.pk, action="导入名册", reason=f"名册“{roster.name}”"):
            _make_units(cursor, roster, now=now)
            _insert_people(cursor, roster, actor, now=now)
            _update_people(cursor, roster, actor, now=now)
            _record_work(cursor, roster, actor, now=now)
            find_pairs(union_path=roster.union.path, person_ids=_few_people(cursor, roster), now=now)
            _clear_rows(roster)
    roster.status, roster.taken_at, roster.stage = Status.TAKEN, now, ""
    roster.save(update_fields=("status", "taken_at", "stage"))


# --- whether all is still as it was when the rows were judged --------------------------------------------------

_STALE = """
    SELECT count(*) FROM people_rosterrow staged
    JOIN people_person person ON person.id = staged.person_id
    JOIN accounts_union ON accounts_union.id = person.union_id
    WHERE staged.roster_id = %(roster)s
        AND (person.version <> staged.version OR person.merged_into_id IS NOT NULL
            OR NOT starts_with(accounts_union.path, %(path)s))
"""
_NUMBER_TAKEN = """
    SELECT facts.number FROM people_rosterfacts facts
    WHERE facts.roster_id = %(roster)s AND facts.is_new AND (
        EXISTS (SELECT FROM people_person WHERE people_person.id_hash = facts.id_hash)
        OR facts.id_hash IS NULL AND EXISTS (
            SELECT FROM people_person
            WHERE people_person.union_id = %(union)s AND people_person.merged_into_id IS NULL
                AND people_person.name = facts.name
                AND people_person.birth_on IS NOT DISTINCT FROM facts.birth_on
        )
    ) ORDER BY number LIMIT %(named)s
"""
_ACCOUNT_TAKEN = """
    SELECT facts.number FROM people_rosterfacts facts
    JOIN people_person person ON person.account_hash = facts.account_hash AND person.merged_into_id IS NULL
    WHERE facts.roster_id = %(roster)s AND person.public_id <> facts.public_id
    ORDER BY number LIMIT %(named)s
"""
_WORK_RECORDED = """
    SELECT facts.number FROM people_rosterfacts facts
    JOIN people_person person ON person.public_id = facts.public_id
    WHERE facts.roster_id = %(roster)s AND facts.work IS NOT NULL AND EXISTS (
        SELECT FROM people_standingevent event
        WHERE event.person_id = person.id AND event.track = 'work' AND event.voided_at IS NULL
            AND event.effective_on >= facts.work_since
    ) ORDER BY number LIMIT %(named)s
"""


_ACCOUNT_CHANGES = """
    SELECT person.id, facts.number FROM people_rosterfacts facts
    JOIN people_person person ON person.public_id = facts.public_id
    WHERE facts.roster_id = %(roster)s AND NOT facts.is_new AND facts.account_hash IS NOT NULL
    ORDER BY number
"""


def _require_unheld(cursor: Any, roster: RosterImport, *, now: datetime) -> None:
    """Raises Refused when something was approved meanwhile that is to pay somebody whose account the roster changes."""
    cursor.execute(_ACCOUNT_CHANGES, {"roster": roster.pk})
    changing = dict(cursor.fetchall())
    held = held_accounts(changing, today=timezone.localdate(now)) if changing else {}
    if held:
        person = min(held, key=lambda person: changing[person])
        raise Refused(
            f"核对之后，第{changing[person]}行等 {len(held):,} 人已列入审批过的{held[person]}，"
            f"账号要在各人的“修改”页写明理由更改，{_LOOK_AGAIN}",
            code="held",
        )


def _require_unchanged(cursor: Any, roster: RosterImport) -> None:
    """Raises Refused when the people of the rows changed since the rows were judged, or the new ones came meanwhile."""
    if RosterFacts.objects.filter(roster=roster).count() != roster.new_count + roster.changed_count:
        raise Refused(f"暂存的内容不完整，{_LOOK_AGAIN}", code="incomplete")
    facts = {
        "roster": roster.pk,
        "union": roster.union_id,
        "path": roster.union.path,
        "named": _NAMED + 1,
    }
    cursor.execute(_STALE, facts)
    stale = cursor.fetchone()[0]
    if stale:
        raise Refused(
            f"核对之后，名册中有 {stale:,} 人的资料被修改、合并或转移，{_LOOK_AGAIN}", code="changed"
        )
    for query, what in (
        (_NUMBER_TAKEN, "的人已经登记"),
        (_ACCOUNT_TAKEN, "的银行账号已经登记给别人"),
        (_WORK_RECORDED, "的人已经登记了工作状态"),
    ):
        cursor.execute(query, facts)
        numbers = [number for (number,) in cursor.fetchall()]
        if numbers:
            named = "、".join(str(number) for number in numbers[:_NAMED])
            more = "等行" if len(numbers) > _NAMED else "行"
            raise Refused(f"核对之后，第{named}{more}{what}，{_LOOK_AGAIN}", code="changed")


# --- writing, a statement for each table ------------------------------------------------------------------------


def _make_units(cursor: Any, roster: RosterImport, *, now: datetime) -> None:
    """Units that are not there yet, each once."""
    cursor.execute(
        "SELECT DISTINCT ON (unit_name) unit_name, credit_code, nature FROM people_rosterfacts"
        " WHERE roster_id = %(roster)s AND unit_name IS NOT NULL AND NOT EXISTS ("
        "   SELECT FROM people_unit WHERE people_unit.union_id = %(union)s AND people_unit.name = unit_name)"
        " ORDER BY unit_name, number",
        {"roster": roster.pk, "union": roster.union_id},
    )
    Unit.objects.bulk_create(
        Unit(union=roster.union, name=name, credit_code=code or "", nature=nature, created_at=now)
        for name, code, nature in cursor.fetchall()
    )


_NULLABLE = frozenset(
    ("id_number", "id_hash", "old_id_number", "phone", "phone_hash", "account", "account_hash", "birth_on")
)


def _insert_people(cursor: Any, roster: RosterImport, actor: User, *, now: datetime) -> None:
    own = ", ".join(
        f"facts.{name}" if name in _NULLABLE else f"COALESCE(facts.{name}, '')" for name in FILLED_FIELDS
    )
    cursor.execute(
        f"INSERT INTO people_person (public_id, union_id, unit_id, {', '.join(FILLED_FIELDS)}, version,"  # noqa: S608
        " created_by_id, created_at, updated_by_id, updated_at)"
        f" SELECT facts.public_id, %(union)s, people_unit.id, {own}, 1, %(actor)s, %(now)s, %(actor)s, %(now)s"
        " FROM people_rosterfacts facts"
        " LEFT JOIN people_unit ON people_unit.union_id = %(union)s AND people_unit.name = facts.unit_name"
        " WHERE facts.roster_id = %(roster)s AND facts.is_new ORDER BY facts.number",
        {"roster": roster.pk, "union": roster.union_id, "actor": actor.pk, "now": now},
    )


def _update_people(cursor: Any, roster: RosterImport, actor: User, *, now: datetime) -> None:
    """Raises Refused when a row changed since the last look."""
    own = ", ".join(f"{name} = COALESCE(facts.{name}, person.{name})" for name in FILLED_FIELDS)
    facts = {"roster": roster.pk, "union": roster.union_id, "actor": actor.pk, "now": now}
    changing = (
        "facts.roster_id = %(roster)s AND NOT facts.is_new AND"
        f" num_nonnulls(facts.unit_name, {', '.join(f'facts.{name}' for name in FILLED_FIELDS)}) > 0"
    )
    cursor.execute(f"SELECT count(*) FROM people_rosterfacts facts WHERE {changing}", facts)  # noqa: S608
    wanted = cursor.fetchone()[0]
    cursor.execute(
        f"UPDATE people_person AS person SET {own},"  # noqa: S608
        " unit_id = COALESCE(people_unit.id, person.unit_id),"
        " version = person.version + 1, updated_by_id = %(actor)s, updated_at = %(now)s"
        " FROM people_rosterfacts facts"
        " JOIN people_rosterrow staged ON staged.roster_id = facts.roster_id AND staged.number = facts.number"
        " LEFT JOIN people_unit ON people_unit.union_id = %(union)s AND people_unit.name = facts.unit_name"
        f" WHERE {changing} AND person.id = staged.person_id AND person.version = staged.version",
        facts,
    )
    if cursor.rowcount != wanted:
        raise Refused(f"导入时有人的资料刚刚被修改，{_LOOK_AGAIN}", code="changed")


def _record_work(cursor: Any, roster: RosterImport, actor: User, *, now: datetime) -> None:
    cursor.execute(
        "INSERT INTO people_standingevent"
        " (person_id, track, kind, effective_on, document, note, created_by_id, created_at, void_reason)"
        " SELECT person.id, %(track)s, facts.work, facts.work_since, '',"
        "   %(note)s || facts.number || '行', %(actor)s, %(now)s, ''"
        " FROM people_rosterfacts facts JOIN people_person person ON person.public_id = facts.public_id"
        " WHERE facts.roster_id = %(roster)s AND facts.work IS NOT NULL ORDER BY facts.number",
        {
            "roster": roster.pk,
            "track": Track.WORK.value,
            "note": f"名册“{roster.name[:150]}”第",
            "actor": actor.pk,
            "now": now,
        },
    )


def _few_people(cursor: Any, roster: RosterImport) -> list[int] | None:
    """Whom the roster wrote; None when they are so many that all of the union are looked at for pairs."""
    cursor.execute(
        "SELECT person.id FROM people_rosterfacts facts"
        " JOIN people_person person ON person.public_id = facts.public_id"
        " WHERE facts.roster_id = %s LIMIT %s",
        [roster.pk, _FEW + 1],
    )
    found = [person_id for (person_id,) in cursor.fetchall()]
    return found if len(found) <= _FEW else None


def _clear_rows(roster: RosterImport) -> None:
    """What was to be written is written, what was typed is no longer needed; what became of each row stays."""
    RosterFacts.objects.filter(roster=roster).delete()
    RosterRow.objects.filter(roster=roster, values__isnull=False).update(values=None)
