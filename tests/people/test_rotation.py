"""Another master key: everything is sealed anew beside people at work, nothing else changes, the old key can go."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from apps.core import rotation
from apps.core.encryption import new_key, seal
from apps.core.rotation import keys_in_use, read_batches, rotate, sealed_tables, write_batch
from apps.people.models import Person, RosterImport, RosterPiece, RosterRow
from apps.people.models.rosters import PIECE_COLUMN
from tests.factories import PersonFactory, UserFactory
from tests.people.identity import account_number, resident_number
from tests.people.roster_files import roster_file, somebody, staged, take

pytestmark = pytest.mark.django_db
OLD, NEW = new_key(), new_key()


@pytest.fixture(autouse=True)
def first_key(settings):
    """Everything that a test enters is sealed under key 1."""
    settings.FIELD_KEYS = [f"1:{OLD}"]
    return settings


def turn(settings) -> None:
    """Key 2 seals from now on, key 1 still opens."""
    settings.FIELD_KEYS = [f"2:{NEW}", f"1:{OLD}"]


def person_table() -> rotation.SealedTable:
    return next(table for table in sealed_tables() if table.model is Person)


def under(number: int) -> int:
    return sum(use.counts.get(number, 0) for use in keys_in_use())


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_field_keys", *arguments, stdout=out)
    return out.getvalue()


def test_every_sealed_column_of_every_app_is_found():
    found = {(table.model._meta.label, column.name) for table in sealed_tables() for column in table.columns}
    assert {
        ("people.Person", "id_number"),
        ("people.Person", "old_id_number"),
        ("people.Person", "phone"),
        ("people.Person", "account"),
        ("people.RosterRow", "values"),
        ("people.RosterFacts", "id_number"),
        ("people.RosterFacts", "old_id_number"),
        ("people.RosterFacts", "phone"),
        ("people.RosterFacts", "account"),
        ("people.RosterPiece", "content"),
    } <= found
    assert not any(label.endswith("Event") and "Standing" not in label for label, _ in found)


def test_after_turning_the_key_everything_opens_and_the_old_key_can_go(first_key):
    number, account = resident_number(41), account_number(41)
    old = number[:6] + number[8:17]
    person = PersonFactory(id_number=old, phone="13900002222", account=account)
    bare = PersonFactory(bare=True)
    turn(first_key)
    done = rotate()
    assert [(one.written, one.broken) for one in done if one.table.model is Person] == [(1, 0)]
    assert (under(1), under(2)) == (0, 4)
    first_key.FIELD_KEYS = [f"2:{NEW}"]
    person, bare = Person.objects.get(pk=person.pk), Person.objects.get(pk=bare.pk)
    assert person.id_number.reveal() == number
    assert person.old_id_number.reveal() == old
    assert (person.phone.reveal(), person.account.reveal()) == ("13900002222", account)
    assert (bare.id_number, bare.phone, bare.account) == (None, None, None)


def test_rows_of_rosters_and_the_pieces_of_their_files_turn_too(first_key):
    clerk = UserFactory(model_worker_clerk=True)
    roster = RosterImport.objects.create(
        union=clerk.union, name="示例.xlsx", sha256="0" * 64, uploaded_by=clerk
    )
    RosterRow.objects.create(roster=roster, number=1, outcome="error", values='{"name": "示例"}')
    sealed = seal("示例", column=PIECE_COLUMN, row=f"{roster.public_id}:7")
    RosterPiece.objects.create(roster=roster, number=7, content=sealed)
    turn(first_key)
    rotate()
    first_key.FIELD_KEYS = [f"2:{NEW}"]
    assert RosterRow.objects.get().values.reveal() == '{"name": "示例"}'
    piece = bytes(RosterPiece.objects.get().content)
    assert rotation.unseal_bytes(piece, column=PIECE_COLUMN, row=f"{roster.public_id}:7").decode() == "示例"


def test_a_roster_staged_before_the_key_was_turned_is_taken_over_after_it(first_key):
    clerk = UserFactory(county_clerk=True)
    row = somebody(1)
    roster = staged(union=clerk.union, actor=clerk, content=roster_file(row))
    turn(first_key)
    rotate()
    first_key.FIELD_KEYS = [f"2:{NEW}"]
    assert take(roster, clerk).status == RosterImport.Status.TAKEN
    person = Person.objects.get()
    assert (person.id_number.reveal(), person.account.reveal()) == (row["证件号码"], row["银行账号"])


def test_turning_the_key_changes_no_version_and_leaves_no_history(first_key):
    person = PersonFactory()
    before = Person.objects.values(
        "version", "updated_at", "updated_by", "id_hash", "phone_hash", "account_hash", "search_text"
    ).get()
    events = person.events.count()
    turn(first_key)
    rotate()
    after = Person.objects.values(*before).get()
    assert {
        name: bytes(value) if isinstance(value, memoryview) else value for name, value in after.items()
    } == {name: bytes(value) if isinstance(value, memoryview) else value for name, value in before.items()}
    assert person.events.count() == events == 1


def test_readers_between_the_batches_open_every_value(first_key, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 3)
    numbers = {PersonFactory().pk for _ in range(10)}
    turn(first_key)
    keys_seen = set()

    def read(progress) -> None:
        for person in Person.objects.all():
            assert person.id_number.reveal()
            assert person.account.reveal()
            keys_seen.add(person.id_number.key_number)

    done = rotate(on_batch=read)
    assert keys_seen == {1, 2}, "the reader saw both, in the middle of it"
    assert next(one for one in done if one.table.model is Person).written == len(numbers)


def test_a_value_changed_since_it_was_read_is_never_overwritten(first_key):
    person, other = PersonFactory(phone="13900003333"), PersonFactory()
    turn(first_key)
    batch = next(iter(read_batches(person_table())))
    person.phone = "13900004444"  # sealed under the new key by whoever edits now
    Person.objects.filter(pk=person.pk).update(phone=person.phone)
    Person.objects.filter(pk=other.pk).update(account=None, account_hash=None, account_last_four="")
    write_batch(person_table(), batch)
    person, other = Person.objects.get(pk=person.pk), Person.objects.get(pk=other.pk)
    assert person.phone.reveal() == "13900004444"
    assert person.id_number.key_number == 2, "the columns nobody touched are sealed anew"
    assert other.account is None


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_passed_over_and_caught_later(first_key, django_db_blocker):
    import psycopg

    held, free = PersonFactory(), PersonFactory()
    turn(first_key)
    where = connection.get_connection_params()
    with psycopg.connect(
        **{key: where[key] for key in ("dbname", "user", "host", "port", "password") if where.get(key)}
    ) as colleague:
        colleague.execute("SELECT 1 FROM people_person WHERE id = %s FOR UPDATE", [held.pk])
        rotate()
        keys = {one.pk: one.id_number.key_number for one in Person.objects.all()}
        assert keys == {held.pk: 1, free.pk: 2}, "nobody waited"
    rotate()
    assert Person.objects.get(pk=held.pk).id_number.key_number == 2


def test_the_runtime_role_may_turn_the_key(first_key):
    PersonFactory()
    turn(first_key)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE langfang_app")
    rotate()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("langfang_app",)
    assert under(1) == 0


def test_the_command_tells_what_it_did_and_what_is_left(first_key):
    PersonFactory(phone="")
    assert "人员·证件号码　密钥 1：1" in run("--check")
    turn(first_key)
    told = run("--check")
    assert "还有 2 个值不在现用的密钥 2 下" in told
    assert under(1) == 2, "counting changes nothing"
    told = run()
    assert "人员：已改 1 行" in told
    assert "全部 2 个值都在现用的密钥 2 下" in told
    assert "人员·证件号码　密钥 2：1" in run("--check")


def test_a_run_that_was_stopped_goes_on_where_it_stopped(first_key, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 2)
    for _ in range(5):
        PersonFactory()
    turn(first_key)

    def stop(progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(on_batch=stop)
    assert {one.id_number.key_number for one in Person.objects.all()} == {1, 2}
    done = rotate()
    assert next(one for one in done if one.table.model is Person).written == 3
    assert under(1) == 0


def test_a_value_of_an_unknown_key_is_reported_and_left(first_key):
    person = PersonFactory()
    sealed = bytes(person.id_number.sealed)
    first_key.FIELD_KEYS = [f"2:{NEW}"]
    with pytest.raises(CommandError, match="FIELD_KEYS 里没有密钥 1，它加密的 3 个值打不开"):
        run("--check")
    with pytest.raises(CommandError, match="FIELD_KEYS 里没有密钥 1"):
        run()
    first_key.FIELD_KEYS = [f"1:{OLD}"]
    assert bytes(Person.objects.get().id_number.sealed) == sealed


def test_a_damaged_value_is_reported_and_the_others_are_sealed_anew(first_key):
    damaged, fine = PersonFactory(), PersonFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_person SET phone = set_byte(phone, 20, get_byte(phone, 20) # 1) WHERE id = %s",
            [damaged.pk],
        )
    turn(first_key)
    with pytest.raises(CommandError, match="有 1 个值用现有的密钥打不开，没有改动：数据已损坏"):
        run()
    damaged, fine = Person.objects.get(pk=damaged.pk), Person.objects.get(pk=fine.pk)
    assert (damaged.phone.key_number, damaged.id_number.key_number, fine.phone.key_number) == (1, 2, 2)


def test_no_output_of_the_command_holds_a_number(first_key):
    number = resident_number(43)
    person = PersonFactory(id_number=number)
    turn(first_key)
    told = run()
    assert number not in told
    assert person.account.reveal() not in told
    assert OLD not in told
    assert timezone.now() >= person.created_at
