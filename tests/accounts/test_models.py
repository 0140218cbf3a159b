"""What the database refuses by itself, and what it writes down by itself."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from apps.accounts import services
from apps.accounts.models import AccessRecord, RoleGrant, Session, Union, User
from apps.accounts.roles import Role
from apps.core import audit
from tests.database import altered
from tests.factories import AccessRecordFactory, RoleGrantFactory, UnionFactory, UserFactory

pytestmark = pytest.mark.django_db


CITY = ZoneInfo("Asia/Shanghai")
APPEND_ONLY = "Cannot update or delete rows from"


def refused(constraint: str):
    return pytest.raises(DatabaseError, match=constraint)


def events(model: str, **lookup):
    return apps.get_model("accounts", model).objects.filter(**lookup).order_by("pgh_id")


# --- grants ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "last"),
    [
        (datetime(2026, 12, 9, tzinfo=CITY), date(2026, 12, 8)),
        (datetime(2026, 12, 9, 0, 1, tzinfo=CITY), date(2026, 12, 9)),
        (datetime(2026, 12, 9, 23, 59, tzinfo=CITY), date(2026, 12, 9)),
    ],
)
def test_the_last_day_of_a_grant_is_the_one_before_the_midnight_of_its_end(ends, last):
    assert RoleGrant(valid_until=ends).last_day == last


def test_a_grant_without_an_end_has_no_last_day():
    assert RoleGrant().last_day is None


# --- unions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("constraint", "facts"),
    [
        ("accounts_union_only_city_is_root", {"parent": None, "path": "X1/", "code": "X1"}),
        ("accounts_union_one_root", {"kind": "city", "parent": None, "code": "X1", "path": "X1/"}),
        ("accounts_union_area_code_is_six_digits", {"area_code": "1310"}),
        ("accounts_union_code_is_plain", {"code": "x1"}),
        ("accounts_union_code_is_plain", {"code": "X/1"}),
        ("accounts_union_path_follows_parent", {"path": "OTHER/X1/", "code": "X1"}),
        ("accounts_union_path_follows_parent", {"path": "X1/", "code": "X1"}),
        ("accounts_union_path_follows_parent", {"path": "LF/X2/", "code": "X1"}),
    ],
)
def test_a_union_that_breaks_the_tree_is_refused(constraint, facts):
    UnionFactory(city=True)
    with refused(constraint), transaction.atomic():
        UnionFactory(**facts)


def test_a_path_that_does_not_end_with_the_code_is_refused_even_where_no_trigger_looks():
    union = UnionFactory()
    with (
        altered("ALTER TABLE accounts_union DISABLE TRIGGER USER"),
        refused("accounts_union_path_ends_with_code"),
        transaction.atomic(),
    ):
        Union.objects.filter(pk=union.pk).update(path="LF/ZZ/")


@pytest.mark.parametrize("change", [{"code": "ZZ"}, {"path": "LF/ZZ/"}, {"parent": None}])
def test_a_union_stays_where_it_is(change):
    union = UnionFactory()
    with refused("Cannot update rows from accounts_union"), transaction.atomic():
        Union.objects.filter(pk=union.pk).update(**change)
    assert Union.objects.filter(pk=union.pk).update(name="改名可以") == 1


def test_people_see_their_own_branch_and_not_one_with_a_similar_code():
    union = UnionFactory(code="AB")
    child = UnionFactory(grassroots=True, parent=union)
    UnionFactory(code="ABC")
    clerk = UserFactory(union=union)
    assert set(Union.objects.visible_to(clerk)) == {union, child}


# --- people and roles --------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", ["Capital", "有汉字", "with space", "", "-dash", "a/b", "a\nb"])
def test_a_user_name_is_plain(username):
    with refused("accounts_user_name_is_plain"), transaction.atomic():
        UserFactory(username=username)


def test_a_user_name_is_one_persons_however_it_is_written():
    UserFactory(username="capital")
    with (
        altered("ALTER TABLE accounts_user DROP CONSTRAINT accounts_user_name_is_plain"),
        refused("accounts_user_name_once"),
        transaction.atomic(),
    ):
        UserFactory(username="Capital")


def test_a_demo_account_has_no_password():
    with refused("accounts_user_demo_has_no_password"), transaction.atomic():
        UserFactory(is_demo=True)
    person = UserFactory()
    with refused("accounts_user_demo_has_no_password"), transaction.atomic():
        User.objects.filter(pk=person.pk).update(is_demo=True)


def test_a_person_is_never_deleted():
    person = UserFactory()
    with (
        refused("Cannot delete rows from accounts_user"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM accounts_user WHERE id = %s", [person.pk])


def test_the_database_refuses_a_role_given_to_oneself():
    person = UserFactory(system_admin=True)
    with refused("accounts_rolegrant_not_to_oneself"), transaction.atomic():
        RoleGrantFactory(user=person, role=Role.SYSTEM_ADMIN, granted_by=person)


def test_the_database_refuses_a_role_twice():
    with refused("accounts_rolegrant_once"), transaction.atomic():
        RoleGrantFactory(user=UserFactory(chair=True), role=Role.CHAIR)


@pytest.mark.parametrize(
    ("held", "new"),
    [
        (Role.SYSTEM_ADMIN, Role.FINANCE_CLERK),
        (Role.FINANCE_CLERK, Role.SYSTEM_ADMIN),
        (Role.AUDITOR, Role.CHAIR),
        (Role.CHAIR, Role.AUDITOR),
        (Role.READER, Role.COUNTY_CLERK),
        (Role.SYSTEM_ADMIN, Role.AUDITOR),
    ],
)
def test_the_database_refuses_roles_of_different_classes(held, new):
    person = UserFactory()
    RoleGrantFactory(user=person, role=held)
    with refused("accounts_rolegrant_one_class"), transaction.atomic():
        RoleGrantFactory(user=person, role=new)
    with refused("accounts_rolegrant_one_class"), transaction.atomic():
        RoleGrant.objects.bulk_create([RoleGrant(user=person, role=new)])


def test_business_roles_may_meet_in_one_person():
    person = UserFactory(finance_clerk=True, aid_clerk=True)
    assert User.objects.get(pk=person.pk).roles == {"finance_clerk", "aid_clerk"}


# --- history -----------------------------------------------------------------------------------------------


def test_every_change_of_a_person_leaves_an_event_with_who_why_and_where(client):
    administrator = UserFactory(system_admin=True)
    clerk = UserFactory(finance_clerk=True)
    client.force_login(administrator)
    client.post(f"/accounts/users/{clerk.pk}/deactivate/", {"reason": "调离本单位"}, REMOTE_ADDR="192.0.2.4")
    event = events("UserEvent", pgh_obj_id=clerk.pk).last()
    assert event.is_active is False
    assert event.pgh_context == {
        "user": administrator.pk,
        "url": f"/accounts/users/{clerk.pk}/deactivate/",
        "address": "192.0.2.4",
        "action": "停用账号",
        "reason": "调离本单位",
    }


def test_bulk_updates_and_plain_sql_leave_an_event_too():
    clerk = UserFactory()
    with audit.because(actor_id=clerk.pk, action="示例"):
        User.objects.filter(pk=clerk.pk).update(post="科员")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET post = '主任' WHERE id = %s", [clerk.pk])
    posts = list(events("UserEvent", pgh_obj_id=clerk.pk).values_list("post", flat=True))
    assert posts == ["", "科员", "主任"]


def test_a_role_taken_away_leaves_an_event():
    administrator = User.objects.get(pk=UserFactory(system_admin=True).pk)
    clerk = UserFactory(finance_clerk=True)
    services.revoke_role(actor=administrator, user_id=clerk.pk, role=Role.FINANCE_CLERK)
    labels = events("RoleGrantEvent", user_id=clerk.pk).values_list("pgh_label", "role")
    assert list(labels) == [("insert", "finance_clerk"), ("update", "finance_clerk")]


def test_the_history_holds_no_password():
    fields = {field.name for field in apps.get_model("accounts", "UserEvent")._meta.fields}
    assert "password_changed_at" in fields
    assert not fields & {"password", "last_login"}


@pytest.mark.parametrize("table", ["accounts_userevent", "accounts_rolegrantevent", "accounts_unionevent"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET pgh_label = 'x'", "DELETE FROM {}"])
def test_the_history_cannot_be_rewritten(table, statement):
    UserFactory(finance_clerk=True)
    with refused(APPEND_ONLY), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


# --- access records ----------------------------------------------------------------------------------------


def test_an_access_record_can_be_neither_changed_nor_deleted():
    record = AccessRecordFactory()
    attempts = [
        lambda: AccessRecord.objects.filter(pk=record.pk).update(subject="改写"),
        lambda: AccessRecord.objects.filter(pk=record.pk).delete(),
        lambda: record.save(),
        lambda: connection.cursor().execute("UPDATE accounts_accessrecord SET row_count = 0"),
        lambda: connection.cursor().execute("DELETE FROM accounts_accessrecord"),
    ]
    for attempt in attempts:
        with refused(APPEND_ONLY), transaction.atomic():
            attempt()
    assert AccessRecord.objects.get().subject == "示例预算"


def test_an_access_record_keeps_what_was_taken_and_by_whom():
    clerk = UserFactory()
    services.record_export(
        actor=clerk, subject="2016年预算", row_count=7, sha256="0" * 64, address="192.0.2.1"
    )
    services.record_print(actor=clerk, subject="2016年预算编制说明", sha256="1" * 64)
    export, printed = AccessRecord.objects.order_by("pk")
    assert (export.kind, export.actor, export.row_count, export.address) == ("export", clerk, 7, "192.0.2.1")
    assert (printed.kind, printed.sha256) == ("print", "1" * 64)


def test_overlong_subjects_are_cut_and_never_lose_the_record():
    for _ in range(2):  # the same again within a minute is one record
        services.record_denial(actor=None, path="/" + "x" * 500, reason="y" * 900)
    record = AccessRecord.objects.get()
    assert (len(record.subject), len(record.detail)) == (200, 500)


def test_people_see_the_access_records_of_their_own_branch():
    county = UnionFactory()
    own, foreign = AccessRecordFactory(actor__union=county), AccessRecordFactory()
    assert list(AccessRecord.objects.visible_to(own.actor)) == [own]
    assert set(AccessRecord.objects.visible_to(foreign.actor)) == {own, foreign}


def test_a_session_row_of_nobody_is_possible_before_sign_in(client):
    client.get("/accounts/sign-in/")
    assert Session.objects.count() == 0
