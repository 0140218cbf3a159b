"""Who may do what, and which roles one person may hold."""

from pathlib import Path

import pytest

from apps.accounts import rules
from apps.accounts.models import Union, User
from apps.accounts.roles import GRANTS, PERMISSIONS, WRITING_PERMISSIONS, Role, permissions_of
from apps.accounts.rules import RoleClass, require_grantable, role_class, role_fits_union
from apps.core.errors import Refused
from apps.home.documents import roles_page

ROOT = Path(__file__).resolve().parents[2]
BUSINESS = [role for role in Role if role_class(role) is RoleClass.BUSINESS]


def grant(
    role: str, *, held: set[str] = frozenset(), kind: str = "city", actor_id: int = 1, user_id: int = 2
) -> None:
    require_grantable(role=role, held=held, kind=kind, actor_id=actor_id, user_id=user_id)


def test_every_role_is_granted_only_permissions_that_exist():
    assert set(GRANTS) == set(Role)
    assert frozenset().union(*GRANTS.values()) <= set(PERMISSIONS)


def test_every_permission_is_held_by_somebody():
    assert set(PERMISSIONS) == frozenset().union(*GRANTS.values())


def test_the_page_of_roles_in_the_documentation_is_the_one_the_tables_give():
    assert (ROOT / "docs" / "roles.md").read_text() == roles_page(), "run: python manage.py document_roles"


def test_who_manages_accounts_sees_no_business():
    assert GRANTS[Role.SYSTEM_ADMIN] == {"account.manage"}


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.READER])
def test_who_only_reads_holds_no_permission_to_write(role):
    assert not GRANTS[role] & WRITING_PERMISSIONS


def test_the_auditor_reads_everything_that_can_be_read():
    reading = {name for name in PERMISSIONS if name.endswith(".read")}
    assert reading <= GRANTS[Role.AUDITOR]


def test_no_role_both_enters_and_decides():
    deciding = {"budget.check", "budget.approve_vice", "budget.approve_chair", "budget.issue"}
    for role in Role:
        assert not ("budget.enter" in GRANTS[role] and GRANTS[role] & deciding)


def test_an_unknown_role_gives_nothing():
    assert permissions_of(frozenset({"emperor"})) == frozenset()


@pytest.mark.parametrize("other", BUSINESS)
@pytest.mark.parametrize("single", [Role.SYSTEM_ADMIN, Role.AUDITOR, Role.READER])
def test_roles_of_different_classes_never_meet_in_one_person(single, other):
    kind = (
        "city"
        if role_fits_union(other, "city")
        else "county"
        if role_fits_union(other, "county")
        else "grassroots"
    )
    for new, held in ((single, other), (other, single)):
        if role_fits_union(new, kind):
            with pytest.raises(Refused, match="不能由一人兼任") as refused:
                grant(new, held={held}, kind=kind)
            assert refused.value.field == "role"


def test_the_administrator_is_no_auditor_either():
    with pytest.raises(Refused, match="不能由一人兼任"):
        grant(Role.AUDITOR, held={Role.SYSTEM_ADMIN})


def test_business_roles_go_together():
    grant(Role.FINANCE_CLERK, held={Role.MODEL_WORKER_CLERK, Role.AID_CLERK})


def test_nobody_grants_to_himself():
    with pytest.raises(Refused, match="不能给自己授予角色"):
        grant(Role.FINANCE_CLERK, actor_id=2, user_id=2)


def test_a_role_is_granted_once():
    with pytest.raises(Refused, match="已有“主席”角色"):
        grant(Role.CHAIR, held={Role.CHAIR})


@pytest.mark.parametrize("role", ["", "emperor", "superuser"])
def test_only_roles_of_the_list_are_granted(role):
    with pytest.raises(Refused, match="请从列表中选择"):
        grant(role)


@pytest.mark.parametrize(
    ("role", "kind", "fits"),
    [
        (Role.CHAIR, "city", True),
        (Role.CHAIR, "county", False),
        (Role.CHAIR, "grassroots", False),
        (Role.SYSTEM_ADMIN, "county", False),
        (Role.COUNTY_CLERK, "county", True),
        (Role.COUNTY_CLERK, "zone", True),
        (Role.COUNTY_REVIEWER, "industry", True),
        (Role.COUNTY_CLERK, "city", False),
        (Role.GRASSROOTS, "grassroots", True),
        (Role.GRASSROOTS, "county", False),
        (Role.AUDITOR, "county", True),
        (Role.AUDITOR, "grassroots", False),
        (Role.READER, "grassroots", True),
    ],
)
def test_roles_belong_to_levels_of_the_tree(role, kind, fits):
    assert role_fits_union(role, kind) is fits
    if not fits:
        with pytest.raises(Refused, match="不能授予这一级工会"):
            grant(role, kind=kind)


def test_every_role_fits_some_kind_of_union():
    for role in Role:
        assert any(role_fits_union(role, kind) for kind in Union.Kind.values)


def test_every_kind_of_union_knows_what_may_stand_below():
    assert set(rules.CHILD_KINDS) == set(Union.Kind.values)


@pytest.mark.parametrize(
    ("parent", "kind", "stands"),
    [
        ("city", "county", True),
        ("city", "city", False),
        ("county", "grassroots", True),
        ("county", "county", False),
        ("grassroots", "county", False),
        ("nonsense", "county", False),
    ],
)
def test_unions_stand_where_they_may(parent, kind, stands):
    if stands:
        rules.require_child_kind(parent_kind=parent, kind=kind)
    else:
        with pytest.raises(Refused, match="不能建立这一类别"):
            rules.require_child_kind(parent_kind=parent, kind=kind)


def test_a_disabled_person_may_do_nothing():
    person = User(is_active=False)
    assert person.roles == frozenset()
    assert not any(person.may(permission) for permission in PERMISSIONS)
    assert not person.is_staff


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("192.168.1.5", False),
        ("10.0.0.1", False),
        ("localhost", False),
        ("", False),
        (None, False),
    ],
)
def test_this_machine_is_known_by_its_address(address, is_here):
    assert rules.is_this_machine(address) is is_here
