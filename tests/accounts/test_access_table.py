"""The walk over all addresses: each role gets what the table says, and reading writes nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from apps.accounts.access import require
from apps.accounts.models import AccessRecord, User
from apps.accounts.roles import GRANTS, PERMISSIONS, Role
from tests.access_table import ADMINISTRATORS, TABLE, Row, World
from tests.factories import UnionFactory, UserFactory

WRITES = re.compile(r"(?:^|;)\s*(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
TOKEN = re.compile(rb'(?:csrf-token" content|csrfmiddlewaretoken" value|once" value|data-seconds)="[\w-]+"')
WALKED_ELSEWHERE = re.compile(r"^admin:(?!index$|login$|logout$|password_change|jsi18n$)")


def patterns(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address with its full name; one without a name ends with the colon of its namespace."""
    for entry in (resolver or get_resolver("langfang_union.urls")).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        else:
            yield f"{namespace}{entry.name or ''}", entry


def ours() -> set[str]:
    """Names of the addresses the table answers for."""
    return {name for name, _ in patterns() if not WALKED_ELSEWHERE.match(name)}


class Walk:
    """Asks for addresses as each of the standing people; whatever a request changes is undone.

    The people stay signed in for the whole walk; the other rows of the world are made anew for each address.
    """

    def __init__(self, world: World):
        self.world = world
        self.sessions: dict[Role, str] = {}
        for role, person in world.people.items():
            client = Client()
            client.force_login(person)
            self.sessions[role] = client.cookies[settings.SESSION_COOKIE_NAME].value

    def ask(self, row: Row, kwargs: dict[str, Any], role: Role | None = None) -> tuple[int, list[str]]:
        """Status of one request, and the statements it wrote with."""
        address, data, written = reverse(row.url_name, kwargs=kwargs), row.data(self.world), []
        client = Client(raise_request_exception=False)
        if role:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]

        def watch(execute, sql, params, many, context):
            if WRITES.match(sql):
                written.append(sql)
            return execute(sql, params, many, context)

        with transaction.atomic(), connection.execute_wrapper(watch):
            response = (client.get if row.method == "GET" else client.post)(address, data)
            if response.streaming:  # the database is read while the answer is sent
                b"".join(response.streaming_content)
            transaction.set_rollback(True)
        return response.status_code, written

    def deviations(self, row: Row) -> list[str]:
        """What differs from the table for this row."""
        with transaction.atomic():
            people, self.world = self.world.people, World()
            self.world.__dict__["people"] = people
            found = self._deviations(row)
            transaction.set_rollback(True)
        return found

    def _deviations(self, row: Row) -> list[str]:
        found, kwargs = [], row.kwargs(self.world)
        status, _ = self.ask(row, kwargs)
        if status != row.anonymous:
            found.append(f"{row.label}, not signed in: {status}, not {row.anonymous}")
        for role in Role:
            status, written = self.ask(row, kwargs, role)
            if status != row.wanted(role):
                found.append(f"{row.label}, {role.label}: {status}, not {row.wanted(role)}")
            if written and row.method == "GET" and status != 403:
                found.append(f"{row.label}, {role.label}: reading wrote {written}")
            if row.foreign and role in row.roles:
                status, _ = self.ask(row, row.foreign(self.world), role)
                if status != 404:
                    found.append(f"{row.label}, {role.label} on a foreign row: {status}, not 404")
        return found


@pytest.fixture
def world(db) -> World:
    return World()


def test_every_address_has_a_name_and_a_row():
    assert [name for name in ours() if not name or name.endswith(":")] == []
    assert ours() - {row.url_name for row in TABLE} == set()


def test_the_table_names_no_address_that_is_gone():
    assert {row.url_name for row in TABLE} - {name for name, _ in patterns()} == set()


@pytest.mark.parametrize("app", sorted({row.url_name.split(":")[0] for row in TABLE}))
def test_each_role_gets_what_the_table_says_and_reading_writes_nothing(app, world):
    walk = Walk(world)
    rows = [row for row in TABLE if row.url_name.startswith(f"{app}:")]
    found = [deviation for row in rows for deviation in walk.deviations(row)]
    assert not found, "\n".join(found)


def test_the_walk_sees_a_page_that_is_open_to_the_wrong_people(world):
    walk = Walk(world)
    assert walk.deviations(Row("accounts:user_list"))
    assert walk.deviations(Row("accounts:profile", ADMINISTRATORS))
    assert walk.deviations(Row("accounts:profile", anonymous=200))
    assert walk.deviations(Row("accounts:user_list", ADMINISTRATORS)) == []


def test_the_walk_sees_a_page_that_writes_while_it_is_read(world, rf):
    walk = Walk(world)
    row = Row(
        "accounts:password_reset", ADMINISTRATORS, method="POST", kwargs=lambda world: {"pk": world.clerk.pk}
    )
    _, written = walk.ask(row, row.kwargs(world), Role.SYSTEM_ADMIN)
    assert any("accounts_passwordreset" in statement for statement in written)
    person = User.objects.get(pk=world.clerk.pk)
    assert not person.must_change_password


def test_the_table_agrees_with_the_permission_the_page_names():
    views = {name: pattern.callback for name, pattern in patterns()}
    differing = []
    for row in TABLE:
        permissions = getattr(views[row.url_name], "permissions", ())
        holders = {role for role in Role if any(role_may(role, permission) for permission in permissions)}
        if not set(permissions) <= set(PERMISSIONS) or (permissions and not row.roles <= holders):
            differing.append(row.label)
    assert differing == []


def role_may(role: Role, permission: str) -> bool:
    return permission in GRANTS[role]


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


@pytest.mark.parametrize(
    ("section", "page"),
    [
        ("/accounts/", "/accounts/me/"),
        ("/budget/", "/budget/plans/"),
        ("/model-workers/", "/model-workers/"),
        ("/people/", "/people/"),
    ],
)
def test_every_section_answers_at_its_own_address(world, section, page):
    client = Client()
    client.force_login(world.people[Role.FINANCE_CLERK])
    answer = client.get(section, follow=True)
    assert (answer.status_code, answer.request["PATH_INFO"]) == (200, page)


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
