"""The guards of grants, accounts and passwords, tried by plain SQL as the role under which the site runs."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from apps.accounts.models import PasswordReset, RoleGrant, User
from apps.accounts.roles import Role
from apps.accounts.rules import role_fits_union
from apps.core import actors
from langfang_union.embedded_database import RUNTIME
from tests.cases.attacks import Attacks
from tests.factories import RoleGrantFactory, UnionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> User:
    return UserFactory(system_admin=True)


@pytest.fixture
def confirmer() -> User:
    return UserFactory(security_admin=True)


@pytest.fixture
def attacks():
    found = Attacks()
    yield found
    assert found.unexpected == []


def grant(user: User, role: str, by: User | None, **more) -> tuple[str, list]:
    values = {"user_id": user.pk, "role": role, "granted_by_id": by.pk if by else None} | more
    columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    return f"INSERT INTO public.accounts_rolegrant ({columns}) VALUES ({marks})", list(values.values())


def change(table: str, pk: int, **values) -> tuple[str, list]:
    said = ", ".join(f"{column} = %s" for column in values)
    return f"UPDATE public.{table} SET {said} WHERE id = %s", [*values.values(), pk]


def changed_grant(row: RoleGrant, **values) -> tuple[str, list]:
    return change("accounts_rolegrant", row.pk, **values)


def test_a_role_is_given_by_an_administrator_at_work_to_somebody_else_within_reach(attacks, administrator):
    person, clerk, county = UserFactory(), UserFactory(finance_clerk=True), UserFactory(union=UnionFactory())
    expect = attacks.expect
    expect(None, "as it should be", grant(person, "reader", administrator), who=administrator)
    expect(
        "accounts_rolegrant_granted_by_actor", "by nobody", grant(person, "reader", None), who=administrator
    )
    expect(
        "accounts_rolegrant_granted_by_actor",
        "in another's name",
        grant(person, "reader", administrator),
        who=clerk,
    )
    expect("house_actor_known", "nobody at work", grant(person, "reader", administrator))
    expect(
        "accounts_rolegrant_granted_by_administrator", "by a clerk", grant(person, "reader", clerk), who=clerk
    )
    expect(
        "accounts_rolegrant_role_is_known",
        "an emperor",
        grant(person, "emperor", administrator),
        who=administrator,
    )
    expect(
        "accounts_rolegrant_not_to_oneself",
        "to oneself",
        grant(administrator, "system_admin", administrator),
        who=administrator,
    )
    expect(
        "accounts_rolegrant_of_own_union",
        "the city to somebody of a county",
        grant(county, "chair", administrator, union_id=administrator.union_id),
        who=administrator,
    )
    expect(
        "accounts_rolegrant_of_own_union",
        "a county to somebody of the city",
        grant(person, "county_clerk", administrator, union_id=county.union_id),
        who=administrator,
    )
    for role in Role:
        fits = role_fits_union(role, county.union.kind)
        if role not in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN):
            expect(
                None if fits else "accounts_rolegrant_role_fits_union",
                f"{role} to somebody of a county",
                grant(county, role, administrator),
                who=administrator,
            )
    expect(
        "accounts_rolegrant_role_fits_union",
        "a county's role to somebody of the city",
        grant(person, "county_clerk", administrator),
        who=administrator,
    )
    shadow = "CREATE TEMP TABLE accounts_union ON COMMIT DROP AS SELECT * FROM public.accounts_union"
    lies = (
        shadow,
        "UPDATE pg_temp.accounts_union SET kind = 'city'",
        "GRANT ALL ON pg_temp.accounts_union TO PUBLIC",
    )
    expect(
        "accounts_rolegrant_role_fits_union",
        "where a shadow makes the county a city",
        grant(county, "chair", administrator),
        who=administrator,
        as_owner=lies,
    )
    expect(
        "accounts_rolegrant_once", "twice", grant(clerk, "finance_clerk", administrator), who=administrator
    )
    expect(
        "accounts_rolegrant_one_class",
        "another class",
        grant(clerk, "reader", administrator),
        who=administrator,
    )
    yesterday = timezone.now() - timedelta(days=1)
    expect(
        "accounts_rolegrant_period_in_order",
        "over before it begins",
        grant(person, "reader", administrator, valid_until=yesterday),
        who=administrator,
    )


def as_runtime(who: User, statement: tuple[str, list]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {RUNTIME}")
        actors.announce(who.pk)
        cursor.execute(*statement)
        cursor.execute("RESET ROLE")


def test_a_confirmation_brought_along_is_none(administrator, confirmer):
    person, long_ago = UserFactory(), timezone.now() - timedelta(days=9)
    brought = {"confirmed_at": long_ago, "confirmed_by_id": confirmer.pk, "valid_from": long_ago}
    as_runtime(administrator, grant(person, "chair", administrator, **brought))
    row = RoleGrant.objects.get(user=person)
    assert (row.confirmed_at, row.confirmed_by) == (None, None)
    assert row.valid_from > long_ago
    assert User.objects.get(pk=person.pk).roles == frozenset()
    as_runtime(administrator, grant(person, "aid_clerk", administrator))
    assert User.objects.get(pk=person.pk).roles == {"aid_clerk"}


def test_a_grant_is_confirmed_once_by_a_second_person(attacks, administrator, confirmer):
    person, now = UserFactory(), timezone.now()
    row = RoleGrantFactory(user=person, role=Role.CHAIR, granted_by=administrator)
    expect = attacks.expect

    def confirmed(who: User) -> tuple[str, list]:
        return changed_grant(row, confirmed_by_id=who.pk, confirmed_at=now)

    expect(None, "as it should be", confirmed(confirmer), who=confirmer)
    expect(
        "accounts_rolegrant_confirmed_by_security",
        "by the one who gave it",
        confirmed(administrator),
        who=administrator,
    )
    expect(
        "accounts_rolegrant_confirmed_by_security",
        "in another's name",
        confirmed(confirmer),
        who=administrator,
    )
    expect(
        "accounts_rolegrant_confirmed_by_security",
        "by nobody",
        changed_grant(row, confirmed_at=now),
        who=confirmer,
    )
    expect(
        "accounts_rolegrant_confirmed_once",
        "twice",
        confirmed(confirmer),
        confirmed(confirmer),
        who=confirmer,
    )
    other = RoleGrantFactory(user=person, role=Role.VICE_CHAIR, granted_by=confirmer)
    expect(
        "accounts_rolegrant_confirmed_by_another",
        "by the one who gave it",
        changed_grant(other, confirmed_by_id=confirmer.pk, confirmed_at=now),
        who=confirmer,
    )
    over = RoleGrantFactory(
        user=person, role=Role.FINANCE_HEAD, granted_by=administrator, valid_from=now - timedelta(days=2),
        valid_until=now - timedelta(days=1),
    )  # fmt: skip
    expect(
        "accounts_rolegrant_over",
        "after the end",
        changed_grant(over, confirmed_by_id=confirmer.pk, confirmed_at=now),
        who=confirmer,
    )


def test_what_was_granted_is_fixed_and_ends_but_never_goes(attacks, administrator, confirmer):
    clerk, other = UserFactory(finance_clerk=True), UserFactory(system_admin=True)
    row, now = clerk.role_grants.get(), timezone.now()
    expect = attacks.expect
    for values in (
        {"role": "chair"},
        {"user_id": other.pk},
        {"union_id": UnionFactory().pk},
        {"valid_from": now - timedelta(days=9)},
        {"granted_by_id": other.pk},
    ):
        expect("accounts_rolegrant_fixed", str(values), changed_grant(row, **values), who=administrator)
    expect(
        "accounts_rolegrant_never_deleted",
        "deleted",
        ("DELETE FROM public.accounts_rolegrant WHERE id = %s", [row.pk]),
        who=administrator,
    )

    def ended(who: User, grant: RoleGrant = row) -> tuple[str, list]:
        return changed_grant(grant, ended_by_id=who.pk, valid_until=now)

    expect(None, "as it should be", ended(administrator), who=administrator)
    expect("accounts_rolegrant_over", "twice", ended(administrator), ended(administrator), who=administrator)
    for who in (clerk, confirmer):
        expect("accounts_rolegrant_ended_by_entitled", f"by {who}", ended(who), who=who)
    mine = administrator.role_grants.get()
    expect("accounts_rolegrant_ended_by_entitled", "one's own", ended(administrator, mine), who=administrator)


def test_the_last_administrator_is_neither_removed_nor_closed(attacks, administrator):
    for_a_time = UserFactory()
    RoleGrantFactory(user=for_a_time, role=Role.SYSTEM_ADMIN, valid_until=timezone.now() + timedelta(days=3))
    row = administrator.role_grants.get()
    attacks.expect(
        "accounts_rolegrant_last_administrator",
        "removed by one who stays for a time only",
        changed_grant(row, ended_by_id=for_a_time.pk, valid_until=timezone.now()),
        who=for_a_time,
    )
    closed = change("accounts_user", administrator.pk, is_active=False)
    attacks.expect("accounts_user_last_administrator", "closed", closed, who=for_a_time)
    attacks.expect("accounts_user_closed_by_administrator", "by oneself", closed, who=administrator)
    attacks.expect("accounts_user_closed_by_administrator", "by a clerk", closed, who=UserFactory())
    UserFactory(system_admin=True)
    attacks.expect(None, "with another one", closed, who=for_a_time)


def test_nobody_takes_roles_along_to_another_union(attacks, administrator):
    clerk, union = UserFactory(finance_clerk=True), UnionFactory()
    moved = change("accounts_user", clerk.pk, union_id=union.pk)
    attacks.expect("accounts_user_moves_without_roles", "moved", moved, who=administrator)
    attacks.expect(
        None, "without", change("accounts_user", UserFactory().pk, union_id=union.pk), who=administrator
    )


def waits_for_another(statement: tuple[str, list]) -> bool:
    """Whether somebody at work elsewhere must wait for what is not yet committed here."""
    found: list[bool] = []

    def write() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '300ms'")
                cursor.execute(*statement)
        except OperationalError:
            found.append(True)
        else:
            found.append(False)
        finally:
            connection.close()

    thread = Thread(target=write)
    thread.start()
    thread.join(timeout=30)
    return found == [True]


@pytest.mark.django_db(transaction=True)
def test_nobody_moves_while_a_role_is_given_and_no_role_is_given_to_somebody_who_moves():
    person, union = UserFactory(), UnionFactory()
    moving = change("accounts_user", person.pk, union_id=union.pk)
    giving = grant(person, "reader", None)
    for first, second in ((giving, moving), (moving, giving)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(*first)
            assert waits_for_another(second)
            transaction.set_rollback(True)


def test_only_the_first_set_up_gives_roles_without_a_giver(attacks):
    person = UserFactory()
    setting_up = [grant(person, "security_admin", None), grant(UserFactory(), "system_admin", None)]
    attacks.expect(None, "before there is an administrator", *setting_up)
    attacks.expect(
        "accounts_rolegrant_granted_by_actor", "afterwards", *setting_up, grant(UserFactory(), "chair", None)
    )


def test_a_stand_in_is_named_by_the_one_who_holds_the_role_and_for_a_month_at_most(attacks, administrator):
    chair, other, now = UserFactory(chair=True), UserFactory(), timezone.now()

    def named(by: User, days: int = 7, **more) -> tuple[str, list]:
        until = now + timedelta(days=days)
        facts = {
            "stands_in_for_id": by.pk,
            "valid_from": now + timedelta(hours=1),
            "valid_until": until,
        } | more
        return grant(other, facts.pop("role", "chair"), by, **facts)

    attacks.expect(None, "as it should be", named(chair), who=chair)
    attacks.expect(
        "accounts_rolegrant_stands_in_for_holder", "without it", named(administrator), who=administrator
    )
    attacks.expect(
        "accounts_rolegrant_stands_in_for_holder", "another role", named(chair, role="vice_chair"), who=chair
    )
    attacks.expect("accounts_rolegrant_stand_in_is_short", "too long", named(chair, 40), who=chair)
    attacks.expect(
        "accounts_rolegrant_stand_in_is_short", "for good", named(chair, valid_until=None), who=chair
    )
    attacks.expect(
        "accounts_rolegrant_stand_in_is_short",
        "for somebody else",
        named(administrator, stands_in_for_id=chair.pk),
        who=administrator,
    )


def reset(user: User, by: User) -> tuple[str, list]:
    sql = "INSERT INTO public.accounts_passwordreset (user_id, password, requested_by_id) VALUES (%s, 'hash', %s)"
    return sql, [user.pk, by.pk]


def test_a_password_is_ones_own_or_confirmed_by_a_second_person(attacks, administrator, confirmer):
    clerk, expect = UserFactory(finance_clerk=True), attacks.expect
    mine = change("accounts_user", clerk.pk, password="hash")
    expect(None, "one's own", mine, who=clerk)
    expect("accounts_user_password_confirmed", "by the administrator", mine, who=administrator)
    expect("accounts_user_password_confirmed", "by the confirmer", mine, who=confirmer)
    expect(None, "asked for", reset(clerk, administrator), who=administrator)
    expect(
        "accounts_passwordreset_requested_by_administrator", "by a clerk", reset(confirmer, clerk), who=clerk
    )
    expect("accounts_passwordreset_requested_by_administrator", "in another's name",
           reset(clerk, administrator), who=clerk)  # fmt: skip
    expect(
        "accounts_passwordreset_of_another",
        "one's own",
        reset(administrator, administrator),
        who=administrator,
    )
    expect(
        "accounts_passwordreset_one_waiting", "twice", *[reset(clerk, administrator)] * 2, who=administrator
    )
    row = PasswordReset.objects.create(user=clerk, password="hash", requested_by=administrator)

    def decided(who: User, pk: int = row.pk, **more) -> tuple[str, list]:
        return change("accounts_passwordreset", pk, **{"decided_by_id": who.pk, "is_confirmed": True} | more)

    expect(None, "confirmed", decided(confirmer), mine, who=confirmer)
    expect(
        "accounts_user_password_confirmed",
        "refused",
        decided(confirmer, is_confirmed=False),
        mine,
        who=confirmer,
    )
    expect(
        "accounts_passwordreset_decided_by_security", "by the same", decided(administrator), who=administrator
    )
    expect(
        "accounts_passwordreset_decided_whole",
        "neither",
        decided(confirmer, is_confirmed=None),
        who=confirmer,
    )
    expect("accounts_passwordreset_decided_once", "twice", decided(confirmer),
           decided(confirmer, is_confirmed=False), who=confirmer)  # fmt: skip
    expect("accounts_passwordreset_fixed", "another hash",
           change("accounts_passwordreset", row.pk, password="mine"), who=administrator)  # fmt: skip
    expect("accounts_passwordreset_never_deleted", "deleted",
           ("DELETE FROM public.accounts_passwordreset", []), who=administrator)  # fmt: skip
    own = PasswordReset.objects.create(user=confirmer, password="hash", requested_by=administrator)
    expect(
        "accounts_passwordreset_decided_by_another", "one's own", decided(confirmer, own.pk), who=confirmer
    )


def test_a_better_hasher_rehashes_at_the_sign_in_without_a_confirmation(settings):
    person = UserFactory()
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {RUNTIME}")
        assert User.objects.get(pk=person.pk).check_password("示例-correct-horse-2016")
        cursor.execute("RESET ROLE")
    assert User.objects.get(pk=person.pk).password.startswith("pbkdf2")


def test_what_was_acknowledged_stays_so(administrator):
    from apps.accounts.models import Acknowledgement
    from apps.accounts.services.records import record_account

    record = record_account(actor=administrator, user=UserFactory(), event="示例")
    row = Acknowledgement.objects.create(record=record)
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        row.delete()
