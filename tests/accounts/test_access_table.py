"""The walk over all addresses: each role gets what the table says, and reading writes nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from apps.accounts.access import require
from apps.accounts.models import AccessRecord, User
from apps.accounts.roles import PERMISSIONS, Role
from tests.access_table import ADMINISTRATORS, TABLE, Row, World
from tests.factories import UnionFactory, UserFactory

WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
TOKEN = re.compile(rb'(?:csrf-token" content|csrfmiddlewaretoken" value|data-seconds)="\w+"')
WALKED_ELSEWHERE = re.compile(r"^admin:(?!index$|login$|logout$|password_change|jsi18n$)")


def patterns(
    resolver: URLResolver | None = None, namespace: str = ""
) -> Iterator[tuple[str | None, URLPattern]]:
    """Every address with its full name."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from patterns(entry, inner)
        else:
            yield (f"{namespace}{entry.name}" if entry.name else None), entry


def ours() -> list[tuple[str, URLPattern]]:
    """Addresses of our own applications (the administration site's catch-all answers 404 by itself)."""
    return [
        (name or "", pattern)
        for name, pattern in patterns()
        if not (name is None and "admin" in str(getattr(pattern.callback, "__qualname__", "")).lower())
        and not WALKED_ELSEWHERE.match(name or "")
    ]


def answer(row: Row, client: Client, world: World, kwargs: dict[str, Any]) -> int:
    """Status of one request; whatever it changed is undone."""
    address, data = reverse(row.url_name, kwargs=kwargs), row.data(world)
    with transaction.atomic():
        status = (client.get if row.method == "GET" else client.post)(address, data).status_code
        transaction.set_rollback(True)
    return status


def deviations(row: Row, world: World) -> list[str]:
    """What differs from the table for this row."""
    found = []
    kwargs = row.kwargs(world)
    status = answer(row, Client(), world, kwargs)
    if status != row.anonymous:
        found.append(f"not signed in: {status}, not {row.anonymous}")
    for role, person in world.people.items():
        client = Client()
        client.force_login(person)
        wanted = row.wanted(role)
        status = answer(row, client, world, kwargs)
        if status != wanted:
            found.append(f"{role.label}: {status}, not {wanted}")
        if row.foreign and role in row.roles:
            status = answer(row, client, world, row.foreign(world))
            if status != 404:
                found.append(f"{role.label} on a foreign row: {status}, not 404")
    return found


@pytest.fixture
def world(db) -> World:
    return World()


def test_every_address_has_a_name_and_a_row():
    named = {name for name, _ in ours()}
    assert "" not in named
    assert named - {row.url_name for row in TABLE} == set()


def test_the_table_names_no_address_that_is_gone():
    assert {row.url_name for row in TABLE} - {name for name, _ in patterns()} == set()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.label)
def test_each_role_gets_what_the_table_says(row, world):
    assert deviations(row, world) == []


def test_the_walk_sees_a_page_that_is_open_to_the_wrong_people(world):
    assert deviations(Row("accounts:user_list"), world)
    assert deviations(Row("accounts:profile", ADMINISTRATORS), world)
    assert deviations(Row("accounts:profile", anonymous=200), world)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.label)
def test_the_table_agrees_with_the_permission_the_page_names(row):
    views = [pattern.callback for name, pattern in patterns() if name == row.url_name]
    permissions = getattr(views[0], "permissions", ())
    assert set(permissions) <= set(PERMISSIONS)
    if permissions:
        holders = {role for role in Role if any(role_may(role, permission) for permission in permissions)}
        assert row.roles <= holders


def role_may(role: Role, permission: str) -> bool:
    person = User(is_active=True)
    person.__dict__["_roles"] = frozenset({role.value})
    return person.may(permission)


@pytest.mark.parametrize("row", [row for row in TABLE if row.method == "GET"], ids=lambda row: row.label)
def test_reading_writes_nothing(row, world):
    kwargs = row.kwargs(world)
    for role in row.roles:
        client = Client()
        client.force_login(world.people[role])
        written = []

        def watch(execute, sql, params, many, context, written=written):
            if WRITES.match(sql):
                written.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(watch):
            client.get(reverse(row.url_name, kwargs=kwargs))
        assert written == []


def test_an_attempt_without_the_permission_is_recorded(world):
    clerk = world.people[Role.FINANCE_CLERK]
    client = Client()
    client.force_login(clerk)
    client.get("/accounts/users/", REMOTE_ADDR="192.0.2.7")
    record = AccessRecord.objects.get()
    assert (record.kind, record.actor, record.subject) == ("denied", clerk, "/accounts/users/")
    assert (record.detail, record.address) == ("您没有“管理用户、角色与工会组织”的权限。", "192.0.2.7")


def test_a_page_may_only_name_permissions_that_exist():
    with pytest.raises(ValueError, match=r"budget\.entre"):
        require("budget.entre")


def test_who_is_not_signed_in_never_reaches_a_guarded_page(client):
    response = client.get("/accounts/users/")
    assert response.status_code == 302
    assert response.url == "/accounts/sign-in/?next=/accounts/users/"


def test_the_answer_for_a_foreign_row_is_that_for_a_missing_one(world):
    county_administrator = UserFactory(union=UnionFactory(), system_admin=True)
    client = Client()
    client.force_login(county_administrator)
    foreign = client.get(f"/accounts/users/{world.clerk.pk}/")
    absent = client.get("/accounts/users/999999999/")
    assert foreign.status_code == absent.status_code == 404
    assert TOKEN.sub(b"", foreign.content) == TOKEN.sub(b"", absent.content)


def test_the_guard_lets_nobody_in_without_the_middleware_either(db, rf: RequestFactory):
    request = rf.get("/")
    request.user = AnonymousUser()
    with pytest.raises(PermissionDenied):
        require("budget.read")(lambda request: HttpResponse())(request)
