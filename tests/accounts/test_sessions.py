"""How long a sign-in lasts, who can end it, and what a page or a script is told when it has ended."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts import services
from apps.accounts.models import PasswordReset, Session, User
from apps.accounts.rules import device_name, lock_ends_at, session_deadline
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/accounts/me/"
SCRIPT = {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}


def signed_in(user: User, **environment: str) -> Client:
    client = Client(**environment)
    client.post("/accounts/sign-in/", {"username": user.username, "password": PASSWORD})
    assert client.get(PAGE).status_code == 200
    return client


def session_of(client: Client) -> Session:
    return Session.objects.get(session_key=client.session.session_key)


def let_pass(client: Client, **time: int) -> None:
    """As if the given time had passed since the last request."""
    passed = timedelta(**time)
    session = session_of(client)
    moments = {name: getattr(session, name) - passed for name in ("expire_date", "last_seen_at")}
    Session.objects.filter(pk=session.pk).update(**moments)


def let_the_day_pass(client: Client, hours: int) -> None:
    """As if the person had signed in that many hours ago and worked ever since."""
    session = client.session
    session["signed_in_at"] = (timezone.now() - timedelta(hours=hours)).isoformat()
    session.save()


@pytest.fixture
def user():
    return UserFactory(finance_clerk=True)


def test_after_half_an_hour_without_work_the_person_is_out(user):
    client = signed_in(user)
    let_pass(client, minutes=29, seconds=50)
    assert client.get(PAGE).status_code == 200
    let_pass(client, seconds=11)
    response = client.get(PAGE)
    assert response.status_code == 302
    assert "登录已超时" in client.get(response.url).text


def test_reading_pages_does_not_count_as_work(user):
    client = signed_in(user)
    let_pass(client, minutes=20)
    before = session_of(client)
    client.get(PAGE)
    assert client.head(PAGE).status_code == 200
    after = session_of(client)
    assert (after.expire_date, after.last_seen_at) == (before.expire_date, before.last_seen_at)


def test_saving_something_counts_as_work(user):
    client = signed_in(user)
    let_pass(client, minutes=20)
    client.post("/accounts/me/sessions/end-others/")
    assert session_of(client).expire_date > timezone.now() + timedelta(minutes=29)


def test_keep_alive_gives_the_whole_time_again_and_says_so(user):
    client = signed_in(user)
    let_pass(client, minutes=29)
    assert 0 < int(client.get(PAGE)["X-Session-Seconds"]) <= 60
    facts = client.post("/accounts/keep-alive/", **SCRIPT).json()
    assert facts["user"] == user.pk
    assert 1795 <= facts["seconds"] <= 1800
    assert 1795 <= int(client.get(PAGE)["X-Session-Seconds"]) <= 1800


def test_after_twelve_hours_even_a_busy_person_signs_in_again(user):
    client = signed_in(user)
    let_the_day_pass(client, 11)
    assert client.post("/accounts/keep-alive/", **SCRIPT).status_code == 200
    let_the_day_pass(client, 12)
    assert client.post("/accounts/keep-alive/", **SCRIPT).status_code == 401


def test_near_the_end_of_the_day_keep_alive_no_longer_helps(user, settings):
    client = signed_in(user)
    settings.SESSION_ABSOLUTE_SECONDS = 60
    facts = client.post("/accounts/keep-alive/", **SCRIPT).json()
    assert facts["seconds"] <= 60


def test_shorter_limits_hold_for_sessions_that_run_already(user, settings):
    client = signed_in(user)
    let_pass(client, minutes=10)
    settings.SESSION_IDLE_SECONDS = 5 * 60
    assert client.get(PAGE).status_code == 302


def test_both_limits_hold_however_somebody_was_signed_in(client, user):
    client.force_login(user)
    session = Session.objects.get(user=user)
    assert session.signed_in_at
    assert session.expire_date <= timezone.now() + timedelta(minutes=30)


def test_a_disabled_person_is_out_at_the_next_request(user):
    client = signed_in(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get(PAGE).status_code == 302
    assert client.post("/accounts/keep-alive/", **SCRIPT).status_code == 401


@pytest.mark.parametrize("header", [SCRIPT, {"HTTP_HX_REQUEST": "true"}, {"HTTP_ACCEPT": "application/json"}])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_script_is_told_that_the_sign_in_has_ended(client, header, method):
    response = getattr(client, method)("/accounts/users/", **header)
    assert response.status_code == 401
    assert response["X-Signed-Out"] == "1"


def test_a_form_sent_too_late_says_that_nothing_was_saved_and_leads_back(client):
    response = client.post("/accounts/users/new/", HTTP_REFERER="http://testserver/accounts/users/new/")
    assert response.status_code == 302
    assert "next=%2Faccounts%2Fusers%2Fnew%2F" in response.url
    assert "刚才提交的内容没有保存" in client.get(response.url).text


def test_a_form_sent_from_another_site_leads_nowhere_strange(client):
    response = client.post("/accounts/users/new/", HTTP_REFERER="http://evil.example/accounts/users/")
    assert response.url == "/accounts/sign-in/?lost=1"


def test_signing_in_again_in_place_answers_with_a_new_token(user):
    client = signed_in(user)
    let_pass(client, minutes=31)
    response = client.post(
        "/accounts/sign-in-again/", {"username": user.username, "password": PASSWORD}, **SCRIPT
    )
    facts = response.json()
    assert (facts["user"], len(facts["csrf"])) == (user.pk, 64)
    assert facts["seconds"] >= 1795
    assert client.get(PAGE).status_code == 200


def test_a_sign_in_that_was_ended_elsewhere_is_told_as_that_and_not_as_a_time_out(user):
    for method in ("get", "post"):
        here, there = signed_in(user), signed_in(user)
        there.post("/accounts/me/sessions/end-others/")
        page = here.get(getattr(here, method)(PAGE).url).text
        assert "已在别处结束" in page
        assert "超时" not in page
    ended, late = signed_in(user), signed_in(user)
    session_of(ended).delete()
    let_pass(late, minutes=31)
    signed_in(user)
    assert "已在别处结束" in ended.post("/accounts/keep-alive/", **SCRIPT).json()["message"]
    assert "超时" in late.post("/accounts/keep-alive/", **SCRIPT).json()["message"]


def test_signing_in_clears_away_ones_sessions_that_are_long_over(user):
    gone, running = signed_in(user), signed_in(user)
    let_pass(gone, days=31)
    stranger = signed_in(UserFactory())
    signed_in(user)
    assert Session.objects.filter(user=user).count() == 2
    assert running.get(PAGE).status_code == stranger.get(PAGE).status_code == 200


def test_a_page_of_a_signed_in_person_is_not_kept_by_the_browser(user):
    assert signed_in(user).get(PAGE)["Cache-Control"] == "private, no-store"


# --- one's own sessions ------------------------------------------------------------------------------------


def test_people_see_their_own_sessions_and_which_is_the_present_one(user):
    office = signed_in(user, HTTP_USER_AGENT="Chrome/86 Windows NT", REMOTE_ADDR="192.0.2.1")
    signed_in(user, HTTP_USER_AGENT="Firefox/115 Linux", REMOTE_ADDR="192.0.2.2")
    signed_in(UserFactory(), HTTP_USER_AGENT="Safari iPhone", REMOTE_ADDR="192.0.2.3")
    page = office.get("/accounts/me/sessions/")
    lines = page.context["sessions"]
    assert [(line.device, line.is_current) for line in lines] == [
        ("Chrome · Windows", True),
        ("Firefox · Linux", False),
    ]
    assert "192.0.2.3" not in page.text
    assert office.session.session_key not in page.text


def test_another_session_can_be_ended(user):
    here, there = signed_in(user), signed_in(user)
    here.post(f"/accounts/me/sessions/{session_of(there).reference}/end/")
    assert there.get(PAGE).status_code == 302
    assert here.get(PAGE).status_code == 200


def test_all_other_sessions_can_be_ended_at_once(user):
    here, others = signed_in(user), [signed_in(user) for _ in range(2)]
    stranger = signed_in(UserFactory())
    here.post("/accounts/me/sessions/end-others/")
    assert [other.get(PAGE).status_code for other in others] == [302, 302]
    assert here.get(PAGE).status_code == stranger.get(PAGE).status_code == 200


def test_the_sessions_of_others_cannot_be_ended(user):
    here, stranger = signed_in(user), signed_in(UserFactory())
    for reference in (session_of(stranger).reference, uuid4(), session_of(here).reference):
        here.post(f"/accounts/me/sessions/{reference}/end/")
    assert stranger.get(PAGE).status_code == here.get(PAGE).status_code == 200


def test_changing_the_password_ends_all_other_sessions(user):
    here, there = signed_in(user), signed_in(user)
    new = "另一个-battery-staple"
    before = here.session.session_key
    response = here.post(
        "/accounts/me/password/", {"old_password": PASSWORD, "new_password": new, "repeated": new}
    )
    assert response.status_code == 302
    assert here.get(PAGE).status_code == 200
    assert here.session.session_key != before
    assert there.get(PAGE).status_code == 302
    assert Session.objects.filter(user=user).count() == 1


def test_a_one_time_password_lets_nobody_past_the_change_of_password(user):
    administrator = User.objects.get(pk=UserFactory(system_admin=True).pk)
    password = services.reset_password(actor=administrator, user_id=user.pk)
    services.confirm_reset(
        actor=UserFactory(security_admin=True), reset_id=PasswordReset.objects.get(user=user).pk
    )
    client = Client()
    client.post("/accounts/sign-in/", {"username": user.username, "password": password})
    assert client.get(PAGE).url == "/accounts/me/password/"
    assert client.post("/accounts/me/sessions/end-others/", **SCRIPT).status_code == 403
    new = "另一个-battery-staple"
    client.post("/accounts/me/password/", {"old_password": password, "new_password": new, "repeated": new})
    assert client.get(PAGE).status_code == 200


# --- the rules themselves ----------------------------------------------------------------------------------


def test_the_nearer_of_both_limits_ends_a_sign_in():
    start = timezone.now()
    limits = {"idle_seconds": 1800, "absolute_seconds": 43200}
    busy = session_deadline(
        signed_in_at=start, last_seen_at=start + timedelta(hours=11, minutes=50), **limits
    )
    assert busy == start + timedelta(hours=12)
    idle = session_deadline(signed_in_at=start, last_seen_at=start + timedelta(hours=1), **limits)
    assert idle == start + timedelta(hours=1, minutes=30)


def test_a_lock_ends_when_enough_failures_are_old():
    now = timezone.now()
    failures = [(now - timedelta(minutes=age), count) for age, count in ((1, 3), (10, 2), (14, 1), (20, 9))]
    limits = {"limit": 5, "cool_off": timedelta(minutes=15), "now": now}
    assert lock_ends_at(failures=failures, **limits) == now + timedelta(minutes=5)
    assert lock_ends_at(failures=failures[:1], **limits) is None
    assert lock_ends_at(failures=[], **limits) is None


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/86.0.4240.198 Safari/537.36", "Chrome · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/100.0 Safari/537.36 Edg/100.0", "Edge · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; UOS) Chrome/86.0 UOSBrowser/6", "统信浏览器 · 统信 UOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0", "Firefox · Linux"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_devices_are_named_as_people_know_them(user_agent, name):
    assert device_name(user_agent) == name
