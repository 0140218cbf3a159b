"""Pairs that may be one person: finding them, and remembering which are not."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction

from apps.accounts.models import User
from apps.core import audit
from apps.core.errors import Refused
from apps.people.models import DuplicatePair
from apps.people.rules.identity import require_no_number

# Two clerks who enter the same person in the same second would not see each other's row: whoever looks for pairs waits
# until the one before has committed. Every service looks last, so the wait is a moment.
_ONE_AT_A_TIME = 7_320_150_911

# `subject` are the rows asked about, `alike` every living row that has the name of one of them and its birth date or
# unit. A pair told apart stays so for the rows merged into either of them, too. An open pair of a subject that is no
# longer alike (the name was corrected) goes; it holds no decision.
_FIND = """
WITH subject AS (
    SELECT person.id, person.name, person.birth_on, person.unit_id
    FROM people_person person JOIN accounts_union ON accounts_union.id = person.union_id
    WHERE person.merged_into_id IS NULL AND starts_with(accounts_union.path, %(path)s)
        AND (%(ids)s::bigint[] IS NULL OR person.id = ANY(%(ids)s::bigint[]))
), likeness AS (  -- two joins over whole keys: with one join over either the planner could not use a hash
    SELECT subject.id AS one_id, other.id AS other_id, TRUE AS by_birth
    FROM subject JOIN people_person other ON other.name = subject.name AND other.birth_on = subject.birth_on
    WHERE other.id <> subject.id AND other.merged_into_id IS NULL
    UNION ALL
    SELECT subject.id, other.id, FALSE
    FROM subject JOIN people_person other ON other.name = subject.name AND other.unit_id = subject.unit_id
    WHERE other.id <> subject.id AND other.merged_into_id IS NULL
), alike AS (
    SELECT LEAST(one_id, other_id) AS first_id, GREATEST(one_id, other_id) AS second_id,
        bool_or(by_birth) AS same_birth, bool_or(NOT by_birth) AS same_unit
    FROM likeness GROUP BY 1, 2
), found AS (
    SELECT alike.* FROM alike WHERE NOT EXISTS (
        SELECT FROM people_person one, people_person two, people_duplicatepair told
        WHERE (one.id = alike.first_id OR one.merged_into_id = alike.first_id)
            AND (two.id = alike.second_id OR two.merged_into_id = alike.second_id)
            AND told.first_id = LEAST(one.id, two.id) AND told.second_id = GREATEST(one.id, two.id)
            AND told.status = 'distinct'
    )
), gone AS (
    DELETE FROM people_duplicatepair pair USING people_person one, people_person two
    WHERE pair.status = 'open' AND one.id = pair.first_id AND two.id = pair.second_id
        AND one.merged_into_id IS NULL AND two.merged_into_id IS NULL
        AND (pair.first_id IN (SELECT id FROM subject) OR pair.second_id IN (SELECT id FROM subject))
        AND NOT EXISTS (
            SELECT FROM found WHERE found.first_id = pair.first_id AND found.second_id = pair.second_id
        )
), written AS (
    INSERT INTO people_duplicatepair AS pair
        (first_id, second_id, same_birth, same_unit, status, reason, found_at)
    SELECT first_id, second_id, same_birth, same_unit, 'open', '', %(now)s FROM found ORDER BY first_id, second_id
    ON CONFLICT (first_id, second_id) DO UPDATE
        SET same_birth = EXCLUDED.same_birth, same_unit = EXCLUDED.same_unit
        WHERE pair.status = 'open'
            AND (pair.same_birth, pair.same_unit) <> (EXCLUDED.same_birth, EXCLUDED.same_unit)
    RETURNING first_id, second_id, xmax = 0 AS is_new
)
SELECT count(*) FROM written
JOIN people_person one ON one.id = written.first_id JOIN accounts_union union_one ON union_one.id = one.union_id
JOIN people_person two ON two.id = written.second_id JOIN accounts_union union_two ON union_two.id = two.union_id
WHERE written.is_new AND starts_with(union_one.path, %(path)s) AND starts_with(union_two.path, %(path)s)
"""


@transaction.atomic
def find_pairs(*, union_path: str, person_ids: Collection[int] | None, now: datetime) -> int:
    """Raise the pairs of living rows with the same name and the same birth date or unit, in one statement.

    Asked about are the people below `union_path`, only these when `person_ids` is given; they are compared with the
    whole register, since people move between counties. Returns the number of new pairs that lie wholly below
    `union_path`: others are nobody's business there. Called last in a service's transaction, within its `because`.
    """
    facts = {"path": union_path, "ids": None if person_ids is None else sorted(person_ids), "now": now}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        cursor.execute(_FIND, facts)
        return int(cursor.fetchone()[0])


@transaction.atomic
def tell_apart(*, pair_ids: Collection[int], reason: str, actor: User, now: datetime) -> int:
    """Decide that the two of each pair are different people, for good. Returns how many pairs were decided.

    Raises Refused when any of them is out of reach or no longer open: all or none.
    """
    reason = require_reason(reason)
    if not actor.may("person.merge"):
        raise Refused("您没有核对疑似重复人员的权限。", code="permission")
    wanted = set(pair_ids)
    if not wanted:
        raise Refused("请至少选择一对。")
    pairs = list(
        DuplicatePair.objects.visible_to(actor)
        .open()
        .filter(pk__in=wanted)
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    if len(pairs) < len(wanted):
        raise Refused(
            f"选中的 {len(wanted)} 对中，有 {len(wanted) - len(pairs)} 对已不在待核对之列，可能同事刚刚核对过；"
            "请回到清单重新选择。",
            code="changed",
        )
    with audit.because(actor_id=actor.pk, action="核对为不是同一人", reason=reason):
        DuplicatePair.objects.filter(pk__in=wanted).update(
            status=DuplicatePair.Status.DISTINCT, reason=reason, decided_by=actor, decided_at=now
        )
    return len(pairs)


def require_reason(reason: str) -> str:
    """The reason of a decision without surrounding blanks. Raises Refused when there is none or a number stands in it."""
    reason = require_no_number(reason, label="理由", field="reason")
    if not reason:
        raise Refused("“理由”没有填写。", field="reason")
    if len(reason) > 200:
        raise Refused(f"“理由”最多 200 个字，现在是 {len(reason)} 个字。", field="reason")
    return reason
