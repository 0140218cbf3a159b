"""The background's second half: a staged roster is taken over as a whole, in one transaction, or not at all."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import audit
from apps.core.encryption import BrokenSealError, seal, search_hash
from apps.core.errors import Refused
from apps.people.models import RosterImport, RosterRow, Unit
from apps.people.models.persons import ACCOUNT_COLUMN, NUMBER_COLUMN, OLD_NUMBER_COLUMN, PHONE_COLUMN
from apps.people.rules.identity import last_four
from apps.people.rules.standing import Track
from apps.people.services.duplicates import find_pairs
from apps.people.services.persons import FILLED_FIELDS
from apps.people.services.roster_reading import log_without_values
from apps.people.services.roster_rows import Content, unpack
from apps.people.services.rosters import require_importer

logger = logging.getLogger(__name__)

_BATCH = 2_000
_NAMED = 5
_FEW = 5_000
"""Of more people than this, all of the union are asked about: a list so long costs more than it spares."""
_UNEXPECTED = "导入时出了意外的错误，什么也没有导入。请再试一次；仍不成功时请联系系统管理员。"
_LOST = "暂存内容无法解开，什么也没有导入；请重新上传。"
_LOOK_AGAIN = "什么也没有导入；请重新上传这份名册，按现在的资料核对。"
Status = RosterImport.Status
Outcome = RosterRow.Outcome

_SEALED = ("id_number", "old_id_number", "phone", "account")
_HASHED = ("id_hash", "phone_hash", "account_hash")
_TEXTS = tuple(name for name in FILLED_FIELDS if name not in (*_SEALED, *_HASHED, "birth_on"))
# The columns of people as the roster brings them; NULL leaves what is there alone, and is "" for somebody new.
_INCOMING = ", ".join(
    (
        *("number integer", "public_id uuid", "person_id bigint", "version integer", "touches boolean"),
        *(f"{name} text" for name in _TEXTS),
        *(f"{name} bytea" for name in (*_SEALED, *_HASHED)),
        *(
            "birth_on date",
            "unit_name text",
            "credit_code text",
            "nature text",
            "work text",
            "work_since date",
        ),
    )
)
_COLUMNS = tuple(column.split()[0] for column in _INCOMING.split(", "))


def take_roster(*, roster_id: int) -> None:
    """The job itself. Whatever happens, the roster says how it ended; one that does not wait is left alone."""
    try:
        _take(roster_id, now=timezone.now())
    except Refused as refused:
        _back_to_preview(roster_id, refused.message)
    except IntegrityError as error:
        _back_to_preview(roster_id, _constraint_sentence(error))
    except BrokenSealError:
        _back_to_preview(roster_id, _LOST)
    except Exception as error:
        log_without_values(logger, f"roster {roster_id}", error)
        _back_to_preview(roster_id, _UNEXPECTED)


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
        cursor.execute(f"CREATE TEMPORARY TABLE incoming ({_INCOMING}) ON COMMIT DROP")
        _fill_incoming(roster)
        cursor.execute("ANALYZE incoming")
        # Every join below is of one long list with another. What the planner knows of the register is of before this
        # transaction, at the first roster even that it is empty: it would go through it anew for each single row.
        cursor.execute("SET LOCAL enable_nestloop = off")
        _require_unchanged(cursor, roster)
        with audit.because(actor_id=actor.pk, action="导入名册", reason=f"名册“{roster.name}”"):
            _make_units(cursor, roster, now=now)
            _insert_people(cursor, roster, actor, now=now)
            _update_people(cursor, roster, actor, now=now)
            _record_work(cursor, roster, actor, now=now)
            person_ids = _link_rows(cursor, roster)
            few = person_ids if len(person_ids) <= _FEW else None
            find_pairs(union_path=roster.union.path, person_ids=few, now=now)
    roster.status, roster.taken_at, roster.stage = Status.TAKEN, now, ""
    roster.save(update_fields=("status", "taken_at", "stage"))


# --- from the sealed rows into a table of this transaction -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Staged:
    """A row that writes something. `public_id` is the person's: of a new one the row's own."""

    number: int
    public_id: UUID
    person_id: int | None
    version: int | None
    content: Content


def _fill_incoming(roster: RosterImport) -> None:
    statement = f"COPY incoming ({', '.join(_COLUMNS)}) FROM STDIN"
    for outcome in (Outcome.NEW, Outcome.CHANGED):
        for rows in _batches(roster, outcome):
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(_incoming(row))


def _batches(roster: RosterImport, outcome: RosterRow.Outcome) -> Iterator[list[_Staged]]:
    """Some thousand rows at a time: a COPY leaves the connection to nobody else. Raises BrokenSealError."""
    rows = (
        RosterRow.objects.filter(roster=roster, outcome=outcome)
        .order_by("number")
        .values_list("number", "public_id", "values", "person_id", "person__public_id", "version")
        .iterator(chunk_size=_BATCH)
    )
    while found := list(islice(rows, _BATCH)):
        yield [
            _Staged(number, person or own, person_id, version, unpack(sealed, row=own))
            for number, own, sealed, person_id, person, version in found
        ]


def _incoming(row: _Staged) -> list[Any]:
    content, name = row.content, str(row.public_id)
    values = dict(content.facts)
    for column, label, short in (
        ("id_number", NUMBER_COLUMN, "id"),
        ("phone", PHONE_COLUMN, "phone"),
        ("account", ACCOUNT_COLUMN, "account"),
    ):
        plain = values.get(column)
        if plain:
            values[column] = seal(plain, column=label, row=name)
            values[f"{short}_hash"] = search_hash(plain, column=label)
            values[f"{short}_last_four"] = last_four(plain)
    if values.get("old_id_number"):
        values["old_id_number"] = seal(values["old_id_number"], column=OLD_NUMBER_COLUMN, row=name)
    if content.unit is not None:
        values["unit_name"], values["credit_code"], values["nature"] = content.unit
    if content.work is not None:
        values["work"], values["work_since"] = content.work.kind.value, content.work.since
    values["number"], values["public_id"] = row.number, row.public_id
    values["person_id"], values["version"] = row.person_id, row.version
    values["touches"] = bool(content.facts or content.unit)
    return [values.get(column) for column in _COLUMNS]


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
    SELECT incoming.number FROM incoming
    WHERE person_id IS NULL AND (
        EXISTS (SELECT FROM people_person WHERE people_person.id_hash = incoming.id_hash)
        OR incoming.id_hash IS NULL AND EXISTS (
            SELECT FROM people_person
            WHERE people_person.union_id = %(union)s AND people_person.merged_into_id IS NULL
                AND people_person.name = incoming.name
                AND people_person.birth_on IS NOT DISTINCT FROM incoming.birth_on
        )
    ) ORDER BY number LIMIT %(named)s
"""
_ACCOUNT_TAKEN = """
    SELECT incoming.number FROM incoming
    JOIN people_person person ON person.account_hash = incoming.account_hash AND person.merged_into_id IS NULL
    WHERE person.id IS DISTINCT FROM incoming.person_id
    ORDER BY number LIMIT %(named)s
"""
_WORK_RECORDED = """
    SELECT incoming.number FROM incoming
    WHERE incoming.work IS NOT NULL AND EXISTS (
        SELECT FROM people_standingevent event
        WHERE event.person_id = incoming.person_id AND event.track = 'work' AND event.voided_at IS NULL
            AND event.effective_on >= incoming.work_since
    ) ORDER BY number LIMIT %(named)s
"""


def _require_unchanged(cursor: Any, roster: RosterImport) -> None:
    """Raises Refused when the people of the rows changed since the rows were judged, or the new ones came meanwhile."""
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
        "SELECT DISTINCT ON (unit_name) unit_name, credit_code, nature FROM incoming"
        " WHERE unit_name IS NOT NULL AND NOT EXISTS ("
        "   SELECT FROM people_unit WHERE people_unit.union_id = %s AND people_unit.name = unit_name)"
        " ORDER BY unit_name, number",
        [roster.union_id],
    )
    Unit.objects.bulk_create(
        Unit(union=roster.union, name=name, credit_code=code or "", nature=nature, created_at=now)
        for name, code, nature in cursor.fetchall()
    )


_OWN = (*FILLED_FIELDS,)
_NULLABLE = (*_SEALED, *_HASHED, "birth_on")


def _insert_people(cursor: Any, roster: RosterImport, actor: User, *, now: datetime) -> None:
    own = ", ".join(
        f"incoming.{name}" if name in _NULLABLE else f"COALESCE(incoming.{name}, '')" for name in _OWN
    )
    cursor.execute(
        f"INSERT INTO people_person (public_id, union_id, unit_id, {', '.join(_OWN)}, version,"  # noqa: S608
        " created_by_id, created_at, updated_by_id, updated_at)"
        f" SELECT incoming.public_id, %(union)s, people_unit.id, {own}, 1, %(actor)s, %(now)s, %(actor)s, %(now)s"
        " FROM incoming"
        " LEFT JOIN people_unit ON people_unit.union_id = %(union)s AND people_unit.name = incoming.unit_name"
        " WHERE incoming.person_id IS NULL ORDER BY incoming.number",
        {"union": roster.union_id, "actor": actor.pk, "now": now},
    )


def _update_people(cursor: Any, roster: RosterImport, actor: User, *, now: datetime) -> None:
    """Raises Refused when a row changed since the last look."""
    own = ", ".join(f"{name} = COALESCE(incoming.{name}, person.{name})" for name in _OWN)
    cursor.execute("SELECT count(*) FROM incoming WHERE person_id IS NOT NULL AND touches")
    wanted = cursor.fetchone()[0]
    cursor.execute(
        f"UPDATE people_person AS person SET {own},"  # noqa: S608
        " unit_id = COALESCE(people_unit.id, person.unit_id),"
        " version = person.version + 1, updated_by_id = %(actor)s, updated_at = %(now)s"
        " FROM incoming"
        " LEFT JOIN people_unit ON people_unit.union_id = %(union)s AND people_unit.name = incoming.unit_name"
        " WHERE person.id = incoming.person_id AND person.version = incoming.version AND incoming.touches",
        {"union": roster.union_id, "actor": actor.pk, "now": now},
    )
    if cursor.rowcount != wanted:
        raise Refused(f"导入时有人的资料刚刚被修改，{_LOOK_AGAIN}", code="changed")


def _record_work(cursor: Any, roster: RosterImport, actor: User, *, now: datetime) -> None:
    cursor.execute(
        "INSERT INTO people_standingevent"
        " (person_id, track, kind, effective_on, document, note, created_by_id, created_at, void_reason)"
        " SELECT person.id, %(track)s, incoming.work, incoming.work_since, '',"
        "   %(note)s || incoming.number || '行', %(actor)s, %(now)s, ''"
        " FROM incoming JOIN people_person person ON person.public_id = incoming.public_id"
        " WHERE incoming.work IS NOT NULL ORDER BY incoming.number",
        {"track": Track.WORK.value, "note": f"名册“{roster.name[:150]}”第", "actor": actor.pk, "now": now},
    )


def _link_rows(cursor: Any, roster: RosterImport) -> list[int]:
    """The staged rows keep their outcome and whom they became; what was sealed in them is gone. Returns whom."""
    cursor.execute(
        "UPDATE people_rosterrow AS staged SET person_id = person.id, values = NULL"
        " FROM people_person person"
        " WHERE staged.roster_id = %s AND staged.outcome = 'new' AND person.public_id = staged.public_id",
        [roster.pk],
    )
    cursor.execute(
        "UPDATE people_rosterrow SET values = NULL WHERE roster_id = %s AND values IS NOT NULL", [roster.pk]
    )
    cursor.execute(
        "SELECT person_id FROM people_rosterrow WHERE roster_id = %s AND outcome IN ('new', 'changed')",
        [roster.pk],
    )
    return [person_id for (person_id,) in cursor.fetchall()]
