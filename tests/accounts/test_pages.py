"""The pages of accounts: what is shown to whom, and that typed input survives a refusal."""

import re

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from apps.accounts.context import AREAS
from apps.accounts.models import RoleGrant, Union, User
from apps.accounts.roles import Role
from tests.clients import signed_in
from tests.factories import AccessRecordFactory, UnionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> User:
    return UserFactory(system_admin=True)


def areas(client: Client) -> dict[str, object]:
    frame = client.get("/accounts/me/").context["frame"]
    return {area.label: area for area in frame.areas}


# --- the frame ---------------------------------------------------------------------------------------------


def test_all_areas_are_there_and_those_to_come_say_so():
    shown = areas(signed_in(UserFactory(finance_clerk=True)))
    assert list(shown) == ["工作台", "预算", "人员", "劳模", "帮扶", "互助金", "职工服务", "系统"]
    assert [label for label, area in shown.items() if not area.available] == [
        "帮扶",
        "互助金",
        "职工服务",
    ]
    assert shown["系统"].is_current


def test_the_administrator_sees_accounts_and_no_business():
    shown = areas(signed_in(UserFactory(system_admin=True)))
    assert [page.label for page in shown["系统"].children] == ["用户", "工会组织", "基础资料", "我的账号"]
    assert "budget.read" not in {page.label for page in shown["预算"].children}
    assert not any(page.label == "年度预算" for page in shown["预算"].children)


def test_the_present_page_is_marked():
    shown = areas(signed_in(UserFactory(finance_clerk=True)))
    assert [page.label for page in shown["系统"].children if page.is_current] == ["我的账号"]


def test_every_area_names_permissions_that_exist():
    from apps.accounts.roles import PERMISSIONS

    named = {permission for area in AREAS for _, _, permission in area.pages}
    assert named - {"", "staff"} <= set(PERMISSIONS)


def test_no_page_of_an_open_area_is_hidden_by_a_misspelt_name():
    registered = get_resolver().namespace_dict
    for area in AREAS:
        for name in (area.url_name, *(name for _, name, _ in area.pages)):
            if name.split(":")[0] in registered:
                assert reverse(name)


def test_the_frame_carries_union_and_limits(client):
    person = UserFactory(county_clerk=True)
    client.force_login(person)
    frame = client.get("/accounts/me/").context["frame"]
    assert frame.union == person.union
    assert frame.demo is False
    assert (frame.session.idle_seconds, frame.session.warning_seconds) == (1800, 120)
    assert 1790 <= frame.session.seconds_left <= 1800


def test_whoever_is_not_signed_in_gets_an_empty_frame(client):
    frame = client.get("/accounts/sign-in/").context["frame"]
    assert (frame.areas, frame.union, frame.session) == ((), None, None)


# --- users -------------------------------------------------------------------------------------------------


def test_the_list_is_filtered_by_words_union_role_and_state(administrator):
    county = UnionFactory()
    clerk = UserFactory(full_name="示例·张经办", union=county, county_clerk=True)
    UserFactory(full_name="示例·李某", is_active=False)
    client = signed_in(administrator)

    def found(**filters: str) -> set[User]:
        return set(client.get("/accounts/users/", filters).context["page"].object_list)

    assert found(q="张经办") == {clerk}
    assert found(union=str(county.pk)) == {clerk}
    assert found(role=Role.COUNTY_CLERK) == {clerk}
    assert {user.full_name for user in found(state="disabled")} == {"示例·李某"}
    assert len(found()) == 3
    assert len(found(q="没有这个人")) == 0


@pytest.mark.parametrize(
    "query",
    ["page=9999", "page=x", "union=x", "role=emperor", "state=?", "q=%00", "q=%27--", "q=" + "x" * 500],
)
def test_odd_filters_never_crash_the_list(administrator, query):
    assert signed_in(administrator).get(f"/accounts/users/?{query}").status_code == 200


def test_the_list_asks_as_few_questions_for_twelve_people_as_for_two(
    administrator, django_assert_num_queries
):
    client = signed_in(administrator)

    def questions() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/accounts/users/")
        return len(queries)

    UserFactory(finance_clerk=True)
    client.get("/accounts/users/")
    few = questions()
    UserFactory.create_batch(10, finance_clerk=True)
    assert questions() == few


def test_a_new_user_is_made_and_the_password_shown_once(administrator):
    client = signed_in(administrator)
    facts = {
        "username": "New.Clerk",
        "full_name": "示例·新经办",
        "union": administrator.union_id,
        "post": "科员",
        "role": "finance_clerk",
    }
    response = client.post("/accounts/users/new/", facts)
    password = re.search(r'id="one-time-password">([^<]+)<', response.text)[1]
    user = User.objects.get(username="new.clerk")
    assert user.check_password(password)
    assert user.roles == {"finance_clerk"}
    assert "no-store" in response["Cache-Control"]
    assert password not in client.get(f"/accounts/users/{user.pk}/").text


def test_a_refused_form_keeps_what_was_typed_and_names_the_field(administrator):
    UserFactory(username="taken")
    facts = {
        "username": "taken",
        "full_name": "示例·保留我",
        "union": administrator.union_id,
        "post": "保留职务",
    }
    response = signed_in(administrator).post("/accounts/users/new/", facts)
    assert response.status_code == 200
    assert "已有人使用" in response.context["form"].errors["username"][0]
    assert 'value="示例·保留我"' in response.text
    assert 'value="保留职务"' in response.text


def test_nobody_is_put_into_a_union_outside_the_administrators_branch(administrator):
    foreign = UnionFactory(is_active=False)
    facts = {"username": "someone", "full_name": "示例", "union": foreign.pk}
    response = signed_in(administrator).post("/accounts/users/new/", facts)
    assert "union" in response.context["form"].errors


def test_extra_fields_in_a_form_change_nothing(administrator):
    clerk = UserFactory(finance_clerk=True)
    extra = {
        "is_active": "",
        "is_demo": "on",
        "must_change_password": "on",
        "password": "x",
        "username": "other",
    }
    facts = {"full_name": "示例·改名", "union": clerk.union_id, "post": ""}
    signed_in(administrator).post(f"/accounts/users/{clerk.pk}/edit/", facts | extra)
    after = User.objects.get(pk=clerk.pk)
    assert after.full_name == "示例·改名"
    assert (after.is_active, after.is_demo, after.must_change_password) == (True, False, False)
    assert (after.username, after.password) == (clerk.username, clerk.password)


def test_a_role_is_granted_and_taken_away_on_the_page_of_the_person(administrator):
    clerk, client = UserFactory(), signed_in(administrator)
    client.post(f"/accounts/users/{clerk.pk}/grant/", {"role": "finance_head"})
    assert User.objects.get(pk=clerk.pk).roles == frozenset()
    assert "待确认" in client.get(f"/accounts/users/{clerk.pk}/").text
    confirmer = signed_in(UserFactory(security_admin=True))
    assert "财务负责人" in confirmer.get("/accounts/confirm/").text
    assert "角色与代理" in confirmer.get("/").text
    confirmer.post(f"/accounts/confirm/grants/{RoleGrant.objects.get(user=clerk).pk}/")
    assert User.objects.get(pk=clerk.pk).roles == {"finance_head"}
    page = client.get(f"/accounts/users/{clerk.pk}/").text
    assert "授予“财务负责人”" in page
    client.post(f"/accounts/users/{clerk.pk}/revoke/finance_head/")
    assert User.objects.get(pk=clerk.pk).roles == frozenset()


@pytest.mark.parametrize("role", ["", "emperor", "system_admin", "county_clerk"])
def test_a_role_that_cannot_be_granted_is_refused_beside_the_field(administrator, role):
    clerk = UserFactory(finance_clerk=True)
    response = signed_in(administrator).post(f"/accounts/users/{clerk.pk}/grant/", {"role": role})
    assert response.status_code == 200
    assert response.context["form"].errors["role"]
    assert User.objects.get(pk=clerk.pk).roles == {"finance_clerk"}


def test_closing_an_account_without_a_reason_says_so(administrator):
    clerk = UserFactory()
    response = signed_in(administrator).post(f"/accounts/users/{clerk.pk}/deactivate/", {}, follow=True)
    assert "停用账号必须填写原因" in response.text


def test_the_administrators_own_page_offers_nothing_to_do_to_oneself(administrator):
    page = signed_in(administrator).get(f"/accounts/users/{administrator.pk}/").text
    assert "这是您自己的账号" in page
    for action in ("grant", "revoke", "deactivate", "reset-password"):
        assert f"/{action}/" not in page


# --- unions and records ------------------------------------------------------------------------------------


def test_the_tree_is_shown_in_order_with_the_number_of_users(administrator):
    county = UnionFactory(code="A1")
    UnionFactory(code="A2")
    child = UnionFactory(code="B1", grassroots=True, parent=county)
    UserFactory(union=child)
    lines = signed_in(administrator).get("/accounts/unions/").context["lines"]
    assert [(line.union.code, line.depth, line.users) for line in lines] == [
        ("LF", 0, 1),
        ("A1", 1, 0),
        ("B1", 2, 1),
        ("A2", 1, 0),
    ]


def test_a_union_is_made_and_renamed_on_its_page(administrator):
    client = signed_in(administrator)
    facts = {
        "parent": administrator.union_id,
        "kind": "county",
        "code": "A9",
        "name": "示例县",
        "short_name": "示例",
    }
    client.post("/accounts/unions/new/", facts)
    union = Union.objects.get(code="A9")
    client.post(
        f"/accounts/unions/{union.pk}/edit/", {"name": "示例市", "short_name": "示例", "is_active": "on"}
    )
    assert Union.objects.get(pk=union.pk).name == "示例市"


def test_a_refused_union_keeps_what_was_typed(administrator):
    UnionFactory(code="A9")
    facts = {
        "parent": administrator.union_id,
        "kind": "county",
        "code": "A9",
        "name": "保留我",
        "short_name": "x",
    }
    response = signed_in(administrator).post("/accounts/unions/new/", facts)
    assert response.context["form"].errors["code"]
    assert 'value="保留我"' in response.text


def test_access_records_are_listed_for_those_who_supervise():
    auditor = UserFactory(auditor=True)
    AccessRecordFactory(subject="2016年预算导出")
    AccessRecordFactory(subject="预算编制说明", kind="print")
    client = signed_in(auditor)
    assert "2016年预算导出" in client.get("/accounts/access-records/").text
    printed = client.get("/accounts/access-records/", {"kind": "print"}).text
    assert "预算编制说明" in printed
    assert "2016年预算导出" not in printed
    assert client.get("/accounts/access-records/", {"kind": "?"}).status_code == 200


def test_a_missing_password_repeat_is_named(client):
    client.force_login(UserFactory())
    response = client.post(
        "/accounts/me/password/",
        {"old_password": "x", "new_password": "a-long-password", "repeated": "another"},
    )
    assert response.context["form"].errors["repeated"] == ["两次输入的新密码不一致。"]
