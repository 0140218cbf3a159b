"""What holds for every request: the database away, a NUL character, what may be kept by a cache."""

import psycopg
import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.urls import reverse

from apps.core.connections import is_database_away
from tests.access_table import TABLE, World
from tests.clients import signed_in
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/accounts/me/"


def caused_by(kind: type[psycopg.Error]) -> OperationalError:
    error = OperationalError("said by the server")
    error.__cause__ = kind("said by the server")
    return error


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        (OperationalError("connection refused"), True),
        (InterfaceError("the connection is closed"), True),
        (caused_by(psycopg.errors.AdminShutdown), True),
        (caused_by(psycopg.errors.CannotConnectNow), True),
        (caused_by(psycopg.errors.TooManyConnections), True),
        (caused_by(psycopg.errors.LockNotAvailable), False),
        (caused_by(psycopg.errors.QueryCanceled), False),
        (ValueError("something else"), False),
        (None, False),
    ],
)
def test_an_error_tells_whether_the_database_is_away(error, is_away):
    assert is_database_away(error) == is_away


def ask_while_away(client: Client, method: str, **headers: str):
    def away(execute, sql, params, many, context):
        raise OperationalError("the connection is lost")

    client.raise_request_exception = False
    with connection.execute_wrapper(away):
        return getattr(client, method)(PAGE, **headers)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_page_is_told_calmly_that_the_database_is_away(method):
    response = ask_while_away(signed_in(UserFactory()), method)
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response["Cache-Control"] == "private, no-store"
    assert "数据库暂时连不上" in response.text
    assert ("刚才提交的内容没有保存" in response.text) == (method == "post")


def test_a_script_is_told_in_a_sentence_that_the_database_is_away():
    client = signed_in(UserFactory())
    part = ask_while_away(client, "post", HTTP_HX_REQUEST="true")
    assert (part.status_code, part["Content-Type"]) == (503, "text/plain; charset=utf-8")
    grid = ask_while_away(client, "post", HTTP_ACCEPT="application/json")
    assert grid.status_code == 503
    assert "请稍等几秒再试" in grid.json()["message"]


def test_a_null_character_in_a_query_changes_no_answer():
    world = World()
    client = Client(raise_request_exception=False)
    client.force_login(next(iter(world.people.values())))
    differing = {}
    for row in (row for row in TABLE if row.method == "GET"):
        address = reverse(row.url_name, kwargs=row.kwargs(world))
        plain, odd = client.get(address), client.get(f"{address}?q=%00&page=%00&sort=%00")
        if odd.status_code != plain.status_code:
            differing[row.label] = (plain.status_code, odd.status_code)
    assert differing == {}


def test_a_null_character_is_found_wherever_it_stands():
    user = UserFactory(username="who", finance_clerk=True)
    client = signed_in(user)
    client.raise_request_exception = False
    assert client.get(reverse("budget:policy_list"), {"q": "示例\0"}).status_code == 200
    assert client.get("/people/%00/").status_code == 400
    response = Client().post("/accounts/sign-in/", {"username": "who\0", "password": PASSWORD})
    assert response.status_code == 302
    client.cookies[settings.SESSION_COOKIE_NAME] = "a\0b"
    response = client.get(PAGE)
    assert response.status_code == 400
    assert "空字符" in response.text


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "/no-such-page/", 404),
        ("get", PAGE, 302),
        ("get", "/accounts/sign-out/", 405),
        ("get", "/people/%00/", 400),
        ("post", "/accounts/keep-alive/", 302),
    ],
)
def test_what_says_nothing_of_caching_is_kept_nowhere(client, method, address, status):
    response = getattr(client, method)(address)
    assert response.status_code == status
    assert "no-store" in response["Cache-Control"]
