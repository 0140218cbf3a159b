"""What the administrator and the command line can do to people and unions, and what is refused."""

import json
import re
from datetime import timedelta
from io import StringIO
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from apps.accounts import selectors, services
from apps.accounts.models import RoleGrant, Session, Union, User
from apps.accounts.roles import Role
from apps.accounts.services.demo import PEOPLE, ensure_demo_accounts
from apps.core.errors import Refused
from tests.factories import PASSWORD, UnionFactory, UserFactory

pytestmark = pytest.mark.django_db
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
UNIONS = json.loads((FIXTURES / "unions.json").read_text())
DEMO_UNIONS = json.loads((FIXTURES / "demo_unions.json").read_text())
NEW = "另一个-battery-staple"
SECURITY = ("--security-username", "guard", "--security-full-name", "示例·安全")


@pytest.fixture
def administrator() -> User:
    return fresh(UserFactory(system_admin=True))


@pytest.fixture
def clerk() -> User:
    return fresh(UserFactory(finance_clerk=True))


def fresh(user: User) -> User:
    return User.objects.with_roles().get(pk=user.pk)


def create(administrator: User, **facts):
    facts = {"username": "new.person", "full_name": "示例·新人", "union": UnionFactory(city=True)} | facts
    return services.create_user(actor=administrator, **facts)


# --- people ------------------------------------------------------------------------------------------------


def test_a_new_person_gets_a_password_that_must_be_changed(administrator):
    user, password = create(administrator, roles=[Role.FINANCE_CLERK])
    user = fresh(user)
    assert user.check_password(password)
    assert user.must_change_password
    assert user.roles == {"finance_clerk"}
    assert RoleGrant.objects.get(user=user).granted_by == administrator


def test_one_time_passwords_differ_and_are_long_enough(administrator):
    passwords = {create(administrator, username=f"person{n}")[1] for n in range(20)}
    assert len(passwords) == 20
    assert all(len(password) == 19 for password in passwords)


@pytest.mark.parametrize("taken", ["taken", "TAKEN", " Taken "])
def test_a_user_name_is_given_once_whatever_its_case(administrator, taken):
    UserFactory(username="taken")
    with pytest.raises(Refused, match="已有人使用") as refused:
        create(administrator, username=taken)
    assert refused.value.field == "username"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"username": "有汉字"}, None),
        ({"username": ""}, "username"),
        ({"username": "x" * 41}, "username"),
        ({"full_name": " "}, "full_name"),
        ({"full_name": "长" * 41}, "full_name"),
        ({"post": "长" * 41}, "post"),
    ],
)
def test_wrong_facts_of_a_person_are_refused_in_chinese(administrator, facts, field):
    with pytest.raises(Refused) as refused:
        create(administrator, **facts)
    assert refused.value.field == field
    assert any("\u4e00" <= character <= "\u9fff" for character in refused.value.message)
    assert not User.objects.filter(username=facts.get("username", "new.person")).exists()


def test_a_person_is_not_made_when_the_role_does_not_fit(administrator):
    with pytest.raises(Refused, match="不能授予这一级工会"):
        create(administrator, union=UnionFactory(), roles=[Role.CHAIR])
    assert not User.objects.filter(username="new.person").exists()


def test_nobody_joins_a_union_that_is_out_of_use(administrator):
    with pytest.raises(Refused, match="已停用"):
        create(administrator, union=UnionFactory(is_active=False))


@pytest.mark.parametrize(
    "service",
    [
        lambda actor, user: services.grant_role(actor=actor, user_id=user.pk, role=Role.CHAIR),
        lambda actor, user: services.revoke_role(actor=actor, user_id=user.pk, role=Role.FINANCE_CLERK),
        lambda actor, user: services.deactivate_user(actor=actor, user_id=user.pk, reason="x"),
        lambda actor, user: services.activate_user(actor=actor, user_id=user.pk),
        lambda actor, user: services.reset_password(actor=actor, user_id=user.pk),
        lambda actor, user: services.unlock_user(actor=actor, user_id=user.pk),
        lambda actor, user: create(actor),
        lambda actor, user: services.change_user(
            actor=actor, user_id=user.pk, full_name="x", union=user.union, post=""
        ),
        lambda actor, user: services.create_union(
            actor=actor, parent_id=user.union_id, code="X1", name="x", short_name="x", kind="county"
        ),
        lambda actor, user: services.change_union(
            actor=actor, union_id=user.union_id, name="x", short_name="x", area_code="", is_active=True
        ),
    ],
)
def test_only_those_who_manage_accounts_may(clerk, service):
    with pytest.raises(Refused) as refused:
        service(clerk, fresh(UserFactory(finance_clerk=True)))
    assert refused.value.code == "permission"


def test_a_role_of_another_class_is_refused(administrator, clerk):
    with pytest.raises(Refused, match="不能由一人兼任"):
        services.grant_role(actor=administrator, user_id=clerk.pk, role=Role.SYSTEM_ADMIN)
    assert fresh(clerk).roles == {"finance_clerk"}


@pytest.mark.parametrize(
    "service",
    [
        lambda actor: services.grant_role(actor=actor, user_id=actor.pk, role=Role.SYSTEM_ADMIN),
        lambda actor: services.revoke_role(actor=actor, user_id=actor.pk, role=Role.SYSTEM_ADMIN),
        lambda actor: services.deactivate_user(actor=actor, user_id=actor.pk, reason="x"),
        lambda actor: services.reset_password(actor=actor, user_id=actor.pk),
    ],
)
def test_administrators_do_nothing_to_themselves(administrator, service):
    with pytest.raises(Refused, match=r"不能.*自己"):
        service(administrator)


def test_the_last_administrator_stays(administrator):
    other = UserFactory(system_admin=True)
    services.revoke_role(actor=administrator, user_id=other.pk, role=Role.SYSTEM_ADMIN)
    actor = fresh(other)
    # A page opened before the role was taken away.
    actor.__dict__["_grants"] = [RoleGrant(role="system_admin")]
    for service in (
        lambda: services.revoke_role(actor=actor, user_id=administrator.pk, role=Role.SYSTEM_ADMIN),
        lambda: services.deactivate_user(actor=actor, user_id=administrator.pk, reason="x"),
    ):
        with pytest.raises(Refused, match="最后一个"):
            service()


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_close_each_others_account_at_the_same_moment():
    first, second = fresh(UserFactory(system_admin=True)), fresh(UserFactory(system_admin=True))
    start, answers = Barrier(2), []

    def close(actor: User, other: User) -> None:
        start.wait()
        try:
            services.deactivate_user(actor=actor, user_id=other.pk, reason="x")
        except Refused as refused:
            answers.append(refused.message)
        else:
            answers.append("closed")
        finally:
            connection.close()

    threads = [Thread(target=close, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(answers) == ["closed", "这是最后一个启用的系统管理员，不能停用或撤销。"]
    assert User.objects.enabled().count() == 1


def test_a_closed_account_is_out_at_once_and_can_be_opened_again(administrator, clerk, client):
    client.force_login(clerk)
    services.deactivate_user(actor=administrator, user_id=clerk.pk, reason="退休")
    assert not Session.objects.filter(user=clerk).exists()
    with pytest.raises(Refused, match="已经停用"):
        services.deactivate_user(actor=administrator, user_id=clerk.pk, reason="退休")
    with pytest.raises(Refused, match="已停用"):
        services.reset_password(actor=administrator, user_id=clerk.pk)
    with pytest.raises(Refused, match="已停用"):
        services.grant_role(actor=administrator, user_id=clerk.pk, role=Role.AID_CLERK)
    services.activate_user(actor=administrator, user_id=clerk.pk)
    assert fresh(clerk).roles == {"finance_clerk"}
    with pytest.raises(Refused, match="已经启用"):
        services.activate_user(actor=administrator, user_id=clerk.pk)


@pytest.mark.parametrize("reason", ["", "  "])
def test_closing_an_account_needs_a_reason(administrator, clerk, reason):
    with pytest.raises(Refused, match="原因") as refused:
        services.deactivate_user(actor=administrator, user_id=clerk.pk, reason=reason)
    assert refused.value.field == "reason"
    assert fresh(clerk).is_active


def test_a_person_moves_to_another_union_only_with_fitting_roles(administrator, clerk):
    county = UnionFactory()
    with pytest.raises(Refused, match="财务经办") as refused:
        services.change_user(actor=administrator, user_id=clerk.pk, full_name="示例", union=county, post="")
    assert refused.value.field == "union"
    services.revoke_role(actor=administrator, user_id=clerk.pk, role=Role.FINANCE_CLERK)
    services.change_user(actor=administrator, user_id=clerk.pk, full_name="示例", union=county, post="")
    assert fresh(clerk).union == county


# --- passwords ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("wrong", NEW, "old_password"),
        (PASSWORD, PASSWORD, "new_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, "1234567890123456", "new_password"),
        (PASSWORD, "passwordpassword1", None),
        (PASSWORD, "finance.person", "new_password"),
    ],
)
def test_a_bad_change_of_password_names_the_field(old, new, field):
    person = UserFactory(username="finance.person")
    if field is None:
        services.change_password(user=person, old_password=old, new_password=new, current_key=None)
        assert fresh(person).check_password(new)
        return
    with pytest.raises(Refused) as refused:
        services.change_password(user=person, old_password=old, new_password=new, current_key=None)
    assert refused.value.field == field
    assert fresh(person).check_password(PASSWORD)


def test_a_reset_password_works_once_it_is_confirmed_by_another(administrator, clerk, client):
    client.force_login(clerk)
    password = services.reset_password(actor=administrator, user_id=clerk.pk)
    assert not fresh(clerk).check_password(password)
    assert fresh(clerk).check_password(PASSWORD)
    assert Session.objects.filter(user=clerk).exists()
    with pytest.raises(Refused, match="等待安全管理员确认"):
        services.reset_password(actor=administrator, user_id=clerk.pk)
    reset = clerk.password_resets.get()
    with pytest.raises(Refused, match="没有确认账号变动的权限"):
        services.confirm_reset(actor=administrator, reset_id=reset.pk)
    confirmer = fresh(UserFactory(security_admin=True))
    services.confirm_reset(actor=confirmer, reset_id=reset.pk)
    with pytest.raises(Refused, match="已经处理过"):
        services.confirm_reset(actor=confirmer, reset_id=reset.pk)
    clerk = fresh(clerk)
    assert clerk.check_password(password)
    assert not clerk.check_password(PASSWORD)
    assert clerk.must_change_password
    assert not Session.objects.filter(user=clerk).exists()


def test_a_reset_that_was_not_agreed_to_never_works(administrator, clerk):
    password = services.reset_password(actor=administrator, user_id=clerk.pk)
    confirmer, reset = fresh(UserFactory(security_admin=True)), clerk.password_resets.get()
    with pytest.raises(Refused, match="原因"):
        services.refuse_reset(actor=confirmer, reset_id=reset.pk, reason=" ")
    services.refuse_reset(actor=confirmer, reset_id=reset.pk, reason="本人没有要求")
    assert not fresh(clerk).check_password(password)
    assert services.reset_password(actor=administrator, user_id=clerk.pk)


@pytest.mark.parametrize(
    "new", ["li.si.2026.li.si", "LI.SI-li.si", "is.il.2026.is.il", "lisi2026lisi!!", "示例李四李四2026李四"]
)
def test_a_password_made_of_the_name_is_refused_in_chinese(new):
    person = UserFactory(username="li.si", full_name="示例·李四")
    with pytest.raises(Refused, match="不能与用户名、姓名相近"):
        services.change_password(user=person, old_password=PASSWORD, new_password=new, current_key=None)


@pytest.mark.parametrize("new", ["short", "1234567890123456", "q1w2e3r4t5y6"])
def test_what_is_wrong_with_a_password_is_said_in_chinese(new):
    with pytest.raises(Refused) as refused:
        services.change_password(
            user=UserFactory(), old_password=PASSWORD, new_password=new, current_key=None
        )
    assert not re.search("[A-Za-z]", refused.value.message)


def test_a_name_within_a_longer_password_does_no_harm():
    person = UserFactory(username="li.si", full_name="示例·李四")
    services.change_password(
        user=person, old_password=PASSWORD, new_password="quality-battery-oasis", current_key=None
    )


# --- what a second person confirms -------------------------------------------------------------------------


def test_a_role_that_approves_is_held_once_it_is_confirmed_by_another(administrator):
    person, confirmer = fresh(UserFactory()), fresh(UserFactory(security_admin=True))
    grant = services.grant_role(actor=administrator, user_id=person.pk, role=Role.CHAIR)
    assert fresh(person).roles == frozenset()
    with pytest.raises(Refused, match="没有确认账号变动的权限"):
        services.confirm_grant(actor=administrator, grant_id=grant.pk)
    with pytest.raises(Refused, match="已有“主席”角色"):
        services.grant_role(actor=administrator, user_id=person.pk, role=Role.CHAIR)
    services.confirm_grant(actor=confirmer, grant_id=grant.pk)
    assert fresh(person).roles == {"chair"}
    with pytest.raises(Refused, match="已经确认过"):
        services.confirm_grant(actor=confirmer, grant_id=grant.pk)


def test_a_role_that_was_not_agreed_to_is_never_held(administrator):
    person, confirmer = fresh(UserFactory()), fresh(UserFactory(security_admin=True))
    grant = services.grant_role(actor=administrator, user_id=person.pk, role=Role.CHAIR)
    services.refuse_grant(actor=confirmer, grant_id=grant.pk, reason="没有任命文件")
    with pytest.raises(Refused, match="已经结束"):
        services.confirm_grant(actor=confirmer, grant_id=grant.pk)
    assert fresh(person).roles == frozenset()
    services.grant_role(actor=administrator, user_id=person.pk, role=Role.CHAIR)


def test_a_role_taken_away_stays_on_record_and_can_be_given_again(administrator, clerk):
    services.revoke_role(actor=administrator, user_id=clerk.pk, role=Role.FINANCE_CLERK)
    assert fresh(clerk).roles == frozenset()
    services.grant_role(actor=administrator, user_id=clerk.pk, role=Role.FINANCE_CLERK)
    assert fresh(clerk).roles == {"finance_clerk"}
    ended, _ = RoleGrant.objects.filter(user=clerk).order_by("pk")
    assert ended.ended_by == administrator


def test_somebody_absent_names_who_stands_in(administrator):
    chair, other = fresh(UserFactory(chair=True)), fresh(UserFactory(vice_chair=True))
    confirmer, now = fresh(UserFactory(security_admin=True)), timezone.now()
    week = {"starts_at": now, "ends_at": now + timedelta(days=7)}
    for wrong, said in (
        ({"role": Role.FINANCE_HEAD}, "自己此刻持有"),
        ({"user": chair}, "不能代理自己"),
        ({"user": fresh(UserFactory(auditor=True))}, "不能代理"),
        ({"user": UserFactory(union=UnionFactory())}, "本工会"),
        ({"ends_at": now + timedelta(days=31)}, "最长 30 天"),
        ({"ends_at": now - timedelta(days=1)}, "不能早于"),
    ):
        facts = {"role": Role.CHAIR, "user": other} | week | wrong
        with pytest.raises(Refused, match=said):
            services.name_stand_in(actor=chair, **facts)
    grant = services.name_stand_in(actor=chair, role=Role.CHAIR, user=other, **week)
    assert fresh(other).roles == {"vice_chair"}
    services.confirm_grant(actor=confirmer, grant_id=grant.pk)
    assert fresh(other).roles == {"vice_chair", "chair"}
    assert (fresh(other).role_labels(), fresh(chair).role_labels()) == ("分管副主席、代·主席", "主席")
    assert "确认授予“代·主席”" in [line.action for line in selectors.user_history(user=other)]
    services.end_stand_in(actor=chair, grant_id=grant.pk)
    assert fresh(other).roles == {"vice_chair"}


def test_what_others_did_to_an_account_is_told_once_at_the_next_sign_in(administrator, clerk, client):
    services.grant_role(actor=administrator, user_id=clerk.pk, role=Role.CHAIR)
    services.reset_password(actor=administrator, user_id=clerk.pk)
    signing = {"username": clerk.username, "password": PASSWORD}
    assert client.post("/accounts/sign-in/", signing).url == "/accounts/me/events/"
    page = client.get("/accounts/me/events/")
    for said in (
        "授予“主席”角色，等待安全管理员确认",
        "重置密码，等待安全管理员确认",
        administrator.full_name,
    ):
        assert said in page.text
    assert client.post("/accounts/sign-in/", signing).url == "/accounts/me/events/"  # reading is no answer
    client.post("/accounts/me/events/", {"up_to": page.context["events"][0].pk})
    assert client.post("/accounts/sign-in/", signing).url == "/"


def test_what_was_done_to_an_account_can_be_read_in_words(administrator, clerk):
    services.grant_role(actor=administrator, user_id=clerk.pk, role=Role.AID_CLERK)
    services.deactivate_user(actor=administrator, user_id=clerk.pk, reason="借调")
    services.activate_user(actor=administrator, user_id=clerk.pk)
    services.reset_password(actor=administrator, user_id=clerk.pk)
    confirmer = fresh(UserFactory(security_admin=True))
    services.confirm_reset(actor=confirmer, reset_id=clerk.password_resets.get().pk)
    services.change_user(
        actor=administrator, user_id=clerk.pk, full_name="示例·改名", union=clerk.union, post=""
    )
    lines = {line.action: line for line in selectors.user_history(user=clerk)}
    assert sorted(lines) == sorted([
        "修改姓名", "重置密码", "提出重置密码", "启用账号", "停用账号", "授予“权益经办”", "授予“财务经办”", "新建账号",
    ])  # fmt: skip
    assert lines["提出重置密码"].who == lines["授予“权益经办”"].who == administrator.full_name
    assert lines["重置密码"].who == confirmer.full_name
    assert lines["停用账号"].note == "借调"
    assert lines["新建账号"].who == "系统"


# --- unions ------------------------------------------------------------------------------------------------


def test_a_new_union_stands_below_its_parent(administrator):
    county = UnionFactory()
    union = services.create_union(
        actor=administrator,
        parent_id=county.pk,
        code=" lf99 ",
        name="示例工会",
        short_name="示例",
        kind="grassroots",
    )
    assert union.path == f"{county.path}LF99/"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"code": "C-1"}, None),
        ({"code": ""}, "code"),
        ({"code": "TAKEN"}, "code"),
        ({"kind": "city"}, "kind"),
        ({"kind": "nonsense"}, "kind"),
        ({"name": ""}, "name"),
        ({"area_code": "13A"}, None),
    ],
)
def test_a_wrong_union_is_refused(administrator, facts, field):
    UnionFactory(code="TAKEN")
    facts = {"code": "X1", "name": "示例", "short_name": "示例", "kind": "county"} | facts
    with pytest.raises(Refused) as refused:
        services.create_union(actor=administrator, parent_id=administrator.union_id, **facts)
    assert refused.value.field == field


def change(administrator: User, union: Union, **facts) -> Union:
    values = {"name": union.name, "short_name": union.short_name, "area_code": "", "is_active": True} | facts
    return services.change_union(actor=administrator, union_id=union.pk, **values)


def test_a_union_goes_out_of_use_once_nobody_is_left_below(administrator):
    county = UnionFactory()
    child = UnionFactory(grassroots=True, parent=county)
    person = UserFactory(union=county)
    with pytest.raises(Refused, match="下面还有在用的工会"):
        change(administrator, county, is_active=False)
    change(administrator, child, is_active=False)
    with pytest.raises(Refused, match="还有启用的用户"):
        change(administrator, county, is_active=False)
    services.deactivate_user(actor=administrator, user_id=person.pk, reason="撤并")
    assert change(administrator, county, is_active=False).is_active is False
    with pytest.raises(Refused, match="先启用上级工会"):
        change(administrator, child, is_active=True)
    with pytest.raises(Refused, match="先启用工会"):
        services.activate_user(actor=administrator, user_id=person.pk)
    with pytest.raises(Refused, match="上级工会已停用"):
        services.create_union(
            actor=administrator, parent_id=county.pk, code="X1", name="x", short_name="x", kind="grassroots"
        )


def test_the_reference_tree_is_that_of_the_city():
    assert services.load_unions(rows=UNIONS) == len(UNIONS)
    counties = Union.objects.filter(kind=Union.Kind.COUNTY)
    codes = sorted(counties.values_list("area_code", flat=True))
    assert codes == [
        "131002", "131003", "131022", "131023", "131024", "131025", "131026", "131028", "131081", "131082",
    ]  # fmt: skip
    assert Union.objects.get(kind=Union.Kind.ZONE).area_code == ""
    assert set(Union.objects.values_list("kind", flat=True)) == {"city", "county", "zone"}


def test_the_reference_data_brings_no_fictional_union():
    call_command("load_reference", verbosity=0)
    assert Union.objects.count() == len(UNIONS)
    assert not Union.objects.filter(name__contains="示例").exists()


def test_the_demo_brings_unions_of_the_kinds_that_are_missing():
    services.load_unions(rows=UNIONS)
    ensure_demo_accounts(unions=DEMO_UNIONS)
    assert set(Union.objects.values_list("kind", flat=True)) == set(Union.Kind.values)
    assert Union.objects.filter(name__contains="示例").count() == len(DEMO_UNIONS)


def test_loading_the_tree_again_leaves_alone_what_people_changed():
    services.load_unions(rows=UNIONS)
    Union.objects.filter(code="LF01").update(short_name="改过的简称")
    assert services.load_unions(rows=UNIONS) == 0
    assert Union.objects.get(code="LF01").short_name == "改过的简称"


# --- commands and the demo ---------------------------------------------------------------------------------


def test_the_first_administrator_is_made_on_the_command_line(capsys, client):
    call_command("create_administrator", "--username", "Admin", "--full-name", "示例·管理员", *SECURITY)
    password = capsys.readouterr().out.split("一次性密码：")[2].split()[0]
    assert fresh(User.objects.get(username="guard")).roles == {"security_admin"}
    user = User.objects.get(username="admin")
    assert user.roles == {"system_admin"}
    assert user.check_password(password)
    assert user.must_change_password


def test_a_second_administrator_is_made_on_the_command_line_only_on_demand():
    def create(name: str, security: str, *more: str) -> None:
        names = ("--username", name, "--full-name", "示例", "--security-username", security)
        call_command("create_administrator", *names, "--security-full-name", "示例", *more, stdout=StringIO())

    create("first", "guard")
    with pytest.raises(CommandError, match="已有启用的系统管理员"):
        create("second", "guard2")
    with pytest.raises(CommandError, match="已有人使用"):
        create("first", "guard2", "--another")
    create("second", "guard2", "--another")
    assert User.objects.count() == 4


def test_the_demo_has_one_fictional_person_for_every_role():
    services.load_unions(rows=UNIONS)
    people = ensure_demo_accounts(unions=DEMO_UNIONS)
    assert {role for person in people for role in person.roles} == set(Role.values)
    assert all(person.full_name.startswith("示例·") for person in people)
    assert not any(person.has_usable_password() for person in people)
    by_role = [person for person in people if "county_clerk" in person.roles]
    assert len({person.union_id for person in by_role}) == 2
    assert len([person for person in people if "finance_clerk" in person.roles]) == 2


def test_the_demo_is_made_once():
    services.load_unions(rows=UNIONS)
    first = ensure_demo_accounts(unions=DEMO_UNIONS)
    User.objects.filter(username="demo-chair").update(post="改过")
    assert [user.pk for user in ensure_demo_accounts(unions=DEMO_UNIONS)] == [user.pk for user in first]
    assert User.objects.get(username="demo-chair").post == "改过"
    assert User.objects.count() == len(PEOPLE)


def test_the_demo_stays_away_from_a_database_real_people_use():
    services.load_unions(rows=UNIONS)
    UserFactory()
    with pytest.raises(Refused, match="已有真实用户"):
        ensure_demo_accounts(unions=DEMO_UNIONS)
    assert not User.objects.filter(is_demo=True).exists()
    assert not Union.objects.filter(code__in=[row["code"] for row in DEMO_UNIONS]).exists()


def test_people_made_while_trying_the_demo_do_not_stop_the_next_start():
    services.load_unions(rows=UNIONS)
    people = ensure_demo_accounts(unions=DEMO_UNIONS)
    UserFactory()
    assert len(ensure_demo_accounts(unions=DEMO_UNIONS)) == len(people)


def test_demo_accounts_cannot_be_given_a_password(administrator):
    services.load_unions(rows=[row for row in UNIONS if row["code"] != "LF"])
    demo = UserFactory(is_demo=True, password="!none")
    with pytest.raises(Refused, match="演示账号没有密码"):
        services.reset_password(actor=administrator, user_id=demo.pk)
    with pytest.raises(Refused, match="演示账号没有密码"):
        services.change_password(user=demo, old_password="", new_password=NEW, current_key=None)


@pytest.fixture
def demo_person() -> User:
    return UserFactory(is_demo=True, password="!none", finance_clerk=True)


def one_click(client, user: User, address: str = "127.0.0.1"):
    return client.post("/accounts/demo-sign-in/", {"username": user.username}, REMOTE_ADDR=address)


def test_one_click_signs_in_only_in_demo_mode_on_this_machine_as_a_demo_account(
    client, settings, demo_person
):
    assert one_click(client, demo_person).status_code == 404
    settings.DEMO_MODE = True
    assert one_click(client, demo_person, "192.0.2.1").status_code == 404
    assert one_click(client, UserFactory(finance_clerk=True)).status_code == 404
    User.objects.filter(pk=demo_person.pk).update(is_active=False)
    assert one_click(client, demo_person).status_code == 404
    assert "_auth_user_id" not in client.session
    User.objects.filter(pk=demo_person.pk).update(is_active=True)
    assert one_click(client, demo_person).status_code == 302
    assert client.session["_auth_user_id"] == str(demo_person.pk)


def test_the_one_click_buttons_are_shown_where_they_work(client, settings, demo_person):
    button = f'value="{demo_person.username}"'
    assert button not in client.get("/accounts/sign-in/").text
    settings.DEMO_MODE = True
    assert button in client.get("/accounts/sign-in/").text
    assert button not in client.get("/accounts/sign-in/", REMOTE_ADDR="192.0.2.1").text
