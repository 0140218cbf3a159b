"""Every address of the site with the answer each role gets. A URL that is missing here fails the tests.

One row per URL name and method. `roles` are those the page is open to: they get `expected`, all other signed-in people
get 403, and whoever is not signed in is sent to the sign-in page. `foreign` names a row outside the reader's scope:
roles the page is open to get 404 for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import uuid4

from apps.accounts.models import Union, User
from apps.accounts.roles import Role
from tests.factories import PASSWORD, UnionFactory, UserFactory

EVERYBODY = frozenset(Role)
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN})
READS_HISTORY = EVERYBODY - {Role.GRASSROOTS, Role.SYSTEM_ADMIN, Role.READER}
STAFF = frozenset({Role.FINANCE_CLERK, Role.FINANCE_HEAD, Role.AUDITOR, Role.SYSTEM_ADMIN})

PUBLIC = 200
TO_SIGN_IN = 302


class World:
    """The standing people and rows of the walk, made when first asked for."""

    @cached_property
    def people(self) -> dict[Role, User]:
        return {role: UserFactory(**{role.value: True}) for role in Role}

    @cached_property
    def clerk(self) -> User:
        """Somebody the administrator manages."""
        return UserFactory(finance_clerk=True)

    @cached_property
    def disabled(self) -> User:
        return UserFactory(is_active=False)

    @cached_property
    def county(self) -> Union:
        return UnionFactory()


@dataclass(frozen=True)
class Row:
    url_name: str
    roles: frozenset[Role] = EVERYBODY
    method: str = "GET"
    expected: int = 200
    kwargs: Callable[[World], dict[str, Any]] = field(default=lambda world: {})
    data: Callable[[World], dict[str, Any]] = field(default=lambda world: {})
    anonymous: int = TO_SIGN_IN
    foreign: Callable[[World], dict[str, Any]] | None = None

    @property
    def label(self) -> str:
        return f"{self.method} {self.url_name}"


def missing(world: World) -> dict[str, Any]:
    """A key no row has."""
    return {"pk": 999_999_999}


def _clerk(world: World) -> dict[str, Any]:
    return {"pk": world.clerk.pk}


CORE = [
    Row("core:components"),
    Row("core:components_page"),
]

ACCOUNTS = [
    Row("accounts:sign_in", anonymous=PUBLIC, expected=302),
    Row(
        "accounts:sign_in",
        method="POST",
        anonymous=PUBLIC,
        data=lambda world: {"username": "nobody", "password": "wrong"},
    ),
    Row("accounts:sign_in_again", method="POST", expected=422, anonymous=422),
    Row("accounts:demo_sign_in", method="POST", expected=404, anonymous=404),
    Row("accounts:sign_out", method="POST", expected=302),
    Row("accounts:keep_alive", method="POST"),
    Row("accounts:profile"),
    Row("accounts:password_change"),
    Row(
        "accounts:password_change",
        method="POST",
        expected=302,
        data=lambda world: {
            "old_password": PASSWORD,
            "new_password": "另一个-battery-staple",
            "repeated": "另一个-battery-staple",
        },
    ),
    Row("accounts:session_list"),
    Row(
        "accounts:session_end",
        method="POST",
        expected=302,
        kwargs=lambda world: {"reference": uuid4()},
    ),
    Row("accounts:session_end_others", method="POST", expected=302),
    Row("accounts:user_list", ADMINISTRATORS),
    Row("accounts:user_create", ADMINISTRATORS),
    Row("accounts:user_create", ADMINISTRATORS, method="POST"),
    Row("accounts:user_detail", ADMINISTRATORS, kwargs=_clerk, foreign=missing),
    Row("accounts:user_edit", ADMINISTRATORS, kwargs=_clerk, foreign=missing),
    Row("accounts:user_edit", ADMINISTRATORS, method="POST", kwargs=_clerk, foreign=missing),
    Row("accounts:role_grant", ADMINISTRATORS, method="POST", kwargs=_clerk, foreign=missing),
    Row(
        "accounts:role_revoke",
        ADMINISTRATORS,
        method="POST",
        expected=302,
        kwargs=lambda world: _clerk(world) | {"role": "finance_clerk"},
        foreign=lambda world: missing(world) | {"role": "finance_clerk"},
    ),
    Row(
        "accounts:user_deactivate",
        ADMINISTRATORS,
        method="POST",
        expected=302,
        kwargs=_clerk,
        data=lambda world: {"reason": "调离"},
        foreign=missing,
    ),
    Row(
        "accounts:user_activate",
        ADMINISTRATORS,
        method="POST",
        expected=302,
        kwargs=lambda world: {"pk": world.disabled.pk},
        foreign=missing,
    ),
    Row("accounts:password_reset", ADMINISTRATORS, method="POST", kwargs=_clerk, foreign=missing),
    Row("accounts:user_unlock", ADMINISTRATORS, method="POST", expected=302, kwargs=_clerk, foreign=missing),
    Row("accounts:union_tree", ADMINISTRATORS),
    Row("accounts:union_create", ADMINISTRATORS),
    Row("accounts:union_create", ADMINISTRATORS, method="POST"),
    Row(
        "accounts:union_edit",
        ADMINISTRATORS,
        kwargs=lambda world: {"pk": world.county.pk},
        foreign=missing,
    ),
    Row(
        "accounts:union_edit",
        ADMINISTRATORS,
        method="POST",
        kwargs=lambda world: {"pk": world.county.pk},
        foreign=missing,
    ),
    Row("accounts:access_record_list", READS_HISTORY),
]

HOME = [
    Row("home:workbench"),
    Row("home:search"),
]

# The administration site's own pages; its tables are walked by tests/accounts/test_admin.py.
ADMIN = [
    Row("admin:index", STAFF),
    Row("admin:login", expected=302),
    Row("admin:logout", STAFF, expected=307),
    Row("admin:password_change", STAFF, expected=302),
    Row("admin:password_change_done", STAFF, expected=302),
    Row("admin:jsi18n", STAFF),
]

TABLE: list[Row] = [*CORE, *ACCOUNTS, *HOME, *ADMIN]
