"""What holds of the database as a whole: where its functions look, who may call them, and who may write history."""

import re

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from apps.accounts.models import AccessRecord, Acknowledgement
from apps.core import actors
from apps.core.functions import declared
from langfang_union.embedded_database import RUNTIME
from tests.budget.office import Office
from tests.factories import UserFactory
from tests.shadows import HISTORIES, TABLES, shadowed

pytestmark = pytest.mark.django_db

# Of extensions and libraries, whose functions are theirs: they guard nothing of ours.
LIBRARIES = ("procrastinate_", "_pgh_attach_context")
OURS = """
    SELECT p.proname, p.proconfig, p.prosrc, p.prosecdef, has_function_privilege(%s, p.oid, 'EXECUTE')
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
"""
WITHHELD = [
    *((table, privilege) for table in HISTORIES for privilege in ("INSERT", "UPDATE", "DELETE")),
    *(("pghistory_context", privilege) for privilege in ("INSERT", "UPDATE", "DELETE")),
    *((AccessRecord._meta.db_table, privilege) for privilege in ("UPDATE", "DELETE")),
    ("axes_accesslog", "DELETE"),
    *((Acknowledgement._meta.db_table, privilege) for privilege in ("UPDATE", "DELETE")),
]


@pytest.fixture
def functions() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(OURS, [RUNTIME])
        return [row for row in cursor.fetchall() if not row[0].startswith(LIBRARIES)]


def test_every_function_brings_its_own_path_with_the_temporary_schema_last(functions):
    assert len(functions) > 200
    wrong = [
        name for name, settings, *_ in functions if settings != ["search_path=pg_catalog, public, pg_temp"]
    ]
    assert wrong == []


@pytest.fixture
def of_triggers(functions) -> list[tuple]:
    """Without those that triggers and pages ask alike, which everybody may call."""
    return [row for row in functions if row[0] not in declared()]


def test_every_trigger_of_our_tables_runs_one_of_these_functions(of_triggers):
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT p.proname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
               JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal AND c.relname = ANY (%s)""",
            [
                [
                    model._meta.db_table
                    for model in apps.get_models()
                    if not model._meta.label.startswith("procrastinate")
                ]
            ],
        )
        called = {row[0] for row in cursor.fetchall()}
    assert called == {name for name, *_ in of_triggers}


def test_every_function_names_its_tables_with_their_schema(functions):
    table = re.compile(rf"(?<!public\.)(?<!public\.\")(?<!['\w])\"?(?:{'|'.join(TABLES)})\b(?!')")
    wrong = [
        (name, table.search(source).group()) for name, _, source, *_ in functions if table.search(source)
    ]
    assert wrong == []


def test_nobody_else_may_hang_a_function_of_ours_on_a_table(of_triggers):
    assert [name for name, *_, may_execute in of_triggers if may_execute] == []


def test_the_functions_that_write_history_and_no_others_have_the_rights_of_the_owner(functions):
    of_the_owner = {name for name, _, _, definer, _ in functions if definer}
    writing = {name for name, _, source, *_ in functions if re.search(r"\bINSERT INTO\b", source)}
    # Besides: who is at work is judged with a key that only the owner reads.
    assert of_the_owner == writing | {"house_actor"}
    assert len(writing) == 3 * len(HISTORIES)


def test_no_trigger_asks_whether_to_look_away(functions):
    assert [name for name, _, source, *_ in functions if "should_ignore" in source] == []


# --- as the role under which the site runs -----------------------------------------------------------------------


@pytest.fixture
def runtime():
    facts = connection.settings_dict
    with psycopg.connect(
        host=facts["HOST"], port=facts["PORT"], dbname=facts["NAME"], user=RUNTIME, autocommit=True
    ) as second:
        yield second


def test_the_site_can_make_no_temporary_table(runtime):
    for statement in (
        "CREATE TEMPORARY TABLE budget_edition AS TABLE public.budget_edition",
        "SELECT 1 AS one INTO TEMPORARY TABLE budget_edition",
        "CREATE TABLE pg_temp.budget_edition (id bigint)",
        "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="temporary"):
            runtime.execute(statement)


def test_the_site_can_write_no_history_and_change_no_record_of_access(runtime):
    for table, privilege in WITHHELD:
        column = "sha256" if table == AccessRecord._meta.db_table else "pgh_label"
        column = "at" if table == Acknowledgement._meta.db_table else column
        column = "metadata" if table == "pghistory_context" else column
        statement = {
            "INSERT": f"INSERT INTO {table} DEFAULT VALUES",
            "UPDATE": f"UPDATE {table} SET {column} = NULL",
            "DELETE": f"DELETE FROM {table}",
        }[privilege]
        with pytest.raises(
            psycopg.errors.InsufficientPrivilege, match=f"permission denied for table {table}"
        ):
            runtime.execute(statement)
    assert len(HISTORIES) > 30


def test_a_record_of_access_is_dated_by_the_database_and_names_nobody_else(runtime):
    written = """INSERT INTO accounts_accessrecord (kind, actor_id, subject, detail, sha256, at)
                 VALUES ('export', {actor}, '示例', '', '', '2001-01-01') RETURNING at"""
    with runtime.transaction(force_rollback=True):
        assert runtime.execute(written.format(actor="NULL")).fetchone()[0].year > 2020
    with pytest.raises(psycopg.errors.CheckViolation) as error:
        runtime.execute(written.format(actor="1"))
    assert error.value.diag.constraint_name == "house_actor_known"
    with runtime.transaction(force_rollback=True):
        said = actors.claim(2, backend=runtime.info.backend_pid)
        runtime.execute("SELECT set_config('house.actor', %s, true)", [said])
        with pytest.raises(psycopg.errors.CheckViolation) as error:
            runtime.execute(written.format(actor="1"))
    assert error.value.diag.constraint_name == "accounts_accessrecord_in_own_name"


def test_a_claim_holds_for_its_connection_and_its_minutes_alone(runtime):
    def judged(said: str) -> int | None:
        with runtime.transaction(force_rollback=True):
            runtime.execute("SELECT set_config('house.actor', %s, true)", [said])
            try:
                return runtime.execute("SELECT house_actor()").fetchone()[0]
            except psycopg.errors.CheckViolation:
                return None

    backend = runtime.info.backend_pid
    own = actors.claim(7, backend=backend)
    assert judged(own) == 7
    assert judged(actors.claim(7, backend=backend + 1)) is None
    assert judged(actors.claim(7, backend=backend, now=0)) is None
    actor, expiry, signature = own.split(".")
    assert judged(f"8.{expiry}.{signature}") is None
    assert judged(f"{actor}.{int(expiry) + 1}.{signature}") is None
    assert judged(f"{actor}.{expiry}.{'0' * 64}") is None
    assert judged("") is judged("x.y.z") is None


def test_the_site_still_reads_history_and_records_access(runtime):
    for table in HISTORIES:
        runtime.execute(f"SELECT count(*) FROM {table}")
    assert runtime.execute(
        "SELECT has_table_privilege('accounts_accessrecord', 'SELECT, INSERT')"
    ).fetchone() == (True,)


def test_the_key_by_which_claims_are_judged_is_the_owners_alone(runtime):
    for statement in (
        "SELECT * FROM house_key",
        "UPDATE house_key SET inner_pad = ''",
        "DELETE FROM house_key",
    ):
        with pytest.raises(
            psycopg.errors.InsufficientPrivilege, match="permission denied for table house_key"
        ):
            runtime.execute(statement)


@pytest.mark.parametrize("empty", [False, True])
def test_a_shadow_of_the_history_swallows_nothing(empty):
    office, administrator = Office(), UserFactory(system_admin=True)
    office.plan()
    count = """SELECT (SELECT count(*) FROM public.budget_calclineevent),
                      (SELECT count(*) FROM public.accounts_rolegrantevent)"""
    with shadowed(empty=empty, history=True) as cursor:
        cursor.execute(count)
        before = cursor.fetchone()
        cursor.execute("UPDATE public.budget_calcline SET people = people + 1")
        actors.announce(administrator.pk)
        cursor.execute(
            "UPDATE public.accounts_rolegrant SET valid_until = now(), ended_by_id = %s WHERE user_id = %s",
            [administrator.pk, office.clerk.pk],
        )
        cursor.execute(count)
        assert cursor.fetchone() == (before[0] + 1, before[1] + 1)


def test_a_function_with_the_rights_of_the_owner_cannot_be_hung_on_a_table_of_ones_own(functions):
    definer = next(name for name, _, _, definer, _ in functions if definer)
    with (
        shadowed() as cursor,
        pytest.raises(Exception, match=f"permission denied for function {definer}"),
    ):
        cursor.execute(
            f"CREATE TRIGGER mine AFTER INSERT ON pg_temp.budget_calcline FOR EACH ROW EXECUTE FUNCTION {definer}()"
        )


# --- as the owner ------------------------------------------------------------------------------------------------

SOMETHING = {
    "boolean": "false",
    "date": "'2016-01-01'",
    "timestamp with time zone": "now()",
    "uuid": "gen_random_uuid()",
    "jsonb": "'{}'",
    "ARRAY": "'{}'",
    "bytea": "''",
    "text": "''",
    "character varying": "''",
}


@pytest.mark.parametrize("table", HISTORIES)
def test_what_history_tells_is_neither_changed_nor_removed_by_the_owner_either(table):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT column_name, data_type FROM information_schema.columns
               WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO' AND is_identity = 'NO'
                 AND is_generated = 'NEVER'""",
            [table],
        )
        row = {f'"{name}"': SOMETHING.get(kind, "1") for name, kind in cursor.fetchall()}
        cursor.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(row.values())})")
        for statement in (f"UPDATE {table} SET pgh_label = 'x'", f"DELETE FROM {table}"):
            refusal = f"Cannot update or delete rows from {table} table"
            with pytest.raises(DatabaseError, match=refusal), transaction.atomic():
                cursor.execute(statement)
        transaction.set_rollback(True)
