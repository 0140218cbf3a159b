"""Signing in: one answer for every failure, a lock that spares others, and no way to another site."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts import selectors, services
from apps.accounts.models import AccessRecord, Session, User
from apps.accounts.views.signing_in import WRONG
from apps.core.errors import Refused
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
SIGN_IN = "/accounts/sign-in/"


def sign_in(client: Client, username: str, password: str = PASSWORD, **data: str):
    return client.post(SIGN_IN, {"username": username, "password": password, **data})


def signed_in_user(client: Client) -> int | None:
    key = client.session.get("_auth_user_id")
    return int(key) if key else None


class CountingHasher(MD5PasswordHasher):
    """Counts how often a password is hashed."""

    calls = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.calls += 1
        return super().encode(password, salt)


def test_the_right_password_leads_to_the_workbench(client):
    user = UserFactory(finance_clerk=True)
    response = sign_in(client, user.username)
    assert (response.status_code, response.url) == (302, reverse("home:workbench"))
    assert signed_in_user(client) == user.pk


@pytest.mark.parametrize("typed", ["user.one", "USER.ONE", " User.One ", "ｕｓｅｒ．ｏｎｅ"])
def test_the_user_name_is_found_however_it_is_typed(client, typed):
    user = UserFactory(username="user.one")
    sign_in(client, typed)
    assert signed_in_user(client) == user.pk


@pytest.mark.parametrize("kind", ["unknown", "wrong password", "disabled", "demo"])
def test_every_failure_reads_the_same(client, kind):
    UserFactory(username="known")
    UserFactory(username="disabled", is_active=False)
    UserFactory(username="demo", is_demo=True, password="!unusable")
    username = {"unknown": "unknown", "wrong password": "known"}.get(kind, kind)
    password = "wrong" if kind == "wrong password" else PASSWORD
    response = sign_in(client, username, password)
    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == [WRONG]
    assert signed_in_user(client) is None


def test_an_unknown_name_costs_as_much_hashing_as_a_known_one(client, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    UserFactory(username="known")
    cost = {}
    for username in ("known", "unknown"):
        CountingHasher.calls = 0
        sign_in(client, username, "wrong")
        cost[username] = CountingHasher.calls
    assert cost == {"known": 1, "unknown": 1}


def test_typed_user_name_stays_and_the_password_does_not(client):
    response = sign_in(client, "somebody", "wrong-secret")
    assert 'value="somebody"' in response.text
    assert "wrong-secret" not in response.text


@pytest.mark.parametrize(
    ("username", "password"),
    [("", PASSWORD), ("x" * 41, PASSWORD), ("a", ""), ("a\0b", "c"), ("' OR 1=1 --", "x"), ("甲", "x" * 201)],
)
def test_odd_input_gets_a_sentence_and_never_a_crash(client, username, password):
    response = sign_in(client, username, password)
    assert response.status_code == 200
    assert response.context["form"].errors


def test_the_session_key_changes_at_sign_in(client):
    session = client.session
    session["before"] = "x"
    session.save()
    before = session.session_key
    sign_in(client, UserFactory().username)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_where_and_with_what_somebody_signed_in_is_kept(client):
    user = UserFactory()
    client.post(
        SIGN_IN,
        {"username": user.username, "password": PASSWORD},
        HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Chrome/86.0 Safari/537.36",
        REMOTE_ADDR="192.0.2.9",
    )
    session = Session.objects.get(user=user)
    assert (session.device, session.address) == ("Chrome · Windows", "192.0.2.9")
    assert AccessLog.objects.get().username == user.username


# --- the lock ----------------------------------------------------------------------------------------------


def test_five_wrong_passwords_lock_the_name_and_nobody_else(client):
    UserFactory(username="locked")
    other = UserFactory(username="other")
    for _ in range(4):
        assert sign_in(client, "locked", "wrong").status_code == 200
    fifth = sign_in(client, "locked", "wrong")
    assert fifth.status_code == 429
    assert "用户名已锁定" in fifth.text
    right = sign_in(client, "LOCKED")
    assert right.status_code == 429
    assert signed_in_user(client) is None
    sign_in(client, "other")
    assert signed_in_user(client) == other.pk


def test_the_lock_tells_when_it_ends_and_tries_meanwhile_do_not_prolong_it(client):
    UserFactory(username="locked")
    for _ in range(5):
        sign_in(client, "locked", "wrong")
    ends_at = selectors.lock_end(username="locked")
    assert timedelta(minutes=14) < ends_at - timezone.now() <= timedelta(minutes=15)
    again = sign_in(client, "locked", "wrong")
    assert timezone.localtime(ends_at).strftime("%H:%M:%S") in again.text
    assert selectors.lock_end(username="locked") == ends_at


def test_after_fifteen_minutes_the_lock_is_over(client):
    user = UserFactory(username="locked")
    for _ in range(5):
        sign_in(client, "locked", "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert selectors.lock_end(username="locked") is None
    sign_in(client, "locked")
    assert signed_in_user(client) == user.pk


def test_a_name_nobody_has_locks_all_the_same(client):
    answers = [sign_in(client, "nobody", "wrong").status_code for _ in range(6)]
    assert answers == [200, 200, 200, 200, 429, 429]


def test_failures_from_several_places_count_together():
    UserFactory(username="locked")
    answers = [
        Client(REMOTE_ADDR=f"192.0.2.{n}", HTTP_USER_AGENT=f"browser {n}")
        .post(SIGN_IN, {"username": "locked", "password": "wrong"})
        .status_code
        for n in range(5)
    ]
    assert answers == [200, 200, 200, 200, 429]


def test_a_right_password_forgets_the_failures_before_it(client):
    UserFactory(username="clumsy")
    for _ in range(2):
        for _ in range(4):
            sign_in(client, "clumsy", "wrong")
        assert sign_in(client, "clumsy").status_code == 302


def test_a_script_is_told_of_the_lock_in_its_own_language(client):
    UserFactory(username="locked")
    for _ in range(5):
        response = client.post(
            "/accounts/sign-in-again/",
            {"username": "locked", "password": "wrong"},
            HTTP_X_REQUESTED_WITH="XMLHttpRequest",
        )
    assert response.status_code == 429
    assert "已锁定" in response.json()["message"]


def test_an_administrator_unlocks_a_name(client):
    user = UserFactory(username="locked")
    administrator = User.objects.get(pk=UserFactory(system_admin=True).pk)
    for _ in range(5):
        sign_in(client, "locked", "wrong")
    services.unlock_user(actor=administrator, user_id=user.pk)
    assert AccessRecord.objects.get().detail == "解除登录锁定"
    assert sign_in(client, "locked").status_code == 302
    with pytest.raises(Refused, match="没有被锁定"):
        services.unlock_user(actor=administrator, user_id=user.pk)


# --- where it leads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "http://evil.example",
        "//evil.example",
        "///evil.example",
        "////evil.example/x",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "https:evil.example",
        "http:///evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "ftp://evil.example",
        "https://testserver@evil.example/",
        "https://testserver.evil.example/",
        "http://testserver:80@evil.example/",
        "http://[::1/",
        "\thttps://evil.example",
        "\x01https://evil.example",
        " //evil.example",
        "%2F%2Fevil.example",
        "evil.example",
        "http://testserver/accounts/me/",
        "",
    ],
)
def test_nobody_is_sent_to_another_site(client, target):
    user = UserFactory()
    response = sign_in(client, user.username, next=target)
    assert response.status_code == 302
    assert response.url == "/"


@pytest.mark.parametrize("target", ["/accounts/me/", "/accounts/me/?a=1#b", "/search/?q=%E5%8A%B3%E6%A8%A1"])
def test_pages_of_this_site_are_reached(client, target):
    assert sign_in(client, UserFactory().username, next=target).url == target


def test_whoever_is_signed_in_already_goes_on(client):
    client.force_login(UserFactory())
    assert client.get(SIGN_IN, {"next": "/accounts/me/"}).url == "/accounts/me/"
    assert client.get(SIGN_IN, {"next": "//evil.example"}).url == "/"


# --- signing out -------------------------------------------------------------------------------------------


def test_signing_out_ends_the_session_and_needs_a_post(client):
    user = UserFactory()
    client.force_login(user)
    assert client.get("/accounts/sign-out/").status_code == 405
    assert client.get("/accounts/me/").status_code == 200
    response = client.post("/accounts/sign-out/")
    assert response.url == SIGN_IN
    assert not Session.objects.filter(user=user).exists()


def test_every_form_of_accounts_needs_its_token():
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(system_admin=True))
    for page in ("sign-in/", "sign-out/", "keep-alive/", "me/password/", "users/new/", "unions/new/"):
        assert client.post(f"/accounts/{page}").status_code == 403
