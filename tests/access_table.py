"""Every address of the site with the answer each role gets. A URL that is missing here fails the tests.

One row per URL name and method. `roles` are those the page is open to: they get `expected`, all other signed-in people
get 403, and whoever is not signed in is sent to the sign-in page. `foreign` names a row outside the reader's scope:
roles the page is open to get 404 for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any
from uuid import uuid4

from apps.accounts.models import Union, User
from apps.accounts.roles import Role
from apps.budget.models import (
    Adjustment,
    CalcLine,
    Edition,
    ImportFile,
    IssuedDocument,
    Item,
    OutlineEntry,
    Plan,
    PolicyDocument,
    PrintJob,
)
from tests.factories import (
    PASSWORD,
    CalcLineFactory,
    EditionFactory,
    ItemFactory,
    OutlineEntryFactory,
    PolicyDocumentFactory,
    UnionFactory,
    UserFactory,
)

EVERYBODY = frozenset(Role)
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN})
READS_HISTORY = EVERYBODY - {Role.GRASSROOTS, Role.SYSTEM_ADMIN, Role.READER}
STAFF = frozenset({Role.FINANCE_CLERK, Role.FINANCE_HEAD, Role.AUDITOR, Role.SYSTEM_ADMIN})

COUNTY_ROLES = frozenset({Role.COUNTY_CLERK, Role.COUNTY_REVIEWER, Role.GRASSROOTS})

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

    @cached_property
    def line(self) -> CalcLine:
        return CalcLineFactory(item=self.item)

    @cached_property
    def item(self) -> Item:
        return ItemFactory()

    @property
    def edition(self) -> Edition:
        """An open edition of the city federation."""
        return self.item.edition

    @property
    def plan(self) -> Plan:
        return self.edition.plan

    @cached_property
    def adjustment(self) -> Edition:
        """An open adjustment of another book of the city federation."""
        return EditionFactory(plan__book="union", stage="adjustment")

    @cached_property
    def movement(self) -> Adjustment:
        item = ItemFactory(edition=self.adjustment)
        return Adjustment.objects.create(
            item=item, kind="addition", amount=5, reason="示例。", created_by=self.clerk
        )

    @cached_property
    def entry(self) -> OutlineEntry:
        return OutlineEntryFactory(edition=self.edition)

    @cached_property
    def document(self) -> PolicyDocument:
        return PolicyDocumentFactory()

    @cached_property
    def import_file(self) -> ImportFile:
        """An uploaded file that is no spreadsheet after all."""
        content = b"PK"
        return ImportFile.objects.create(
            edition=self.edition,
            name="示例.xlsx",
            content=content,
            sha256=sha256(content).hexdigest(),
            uploaded_by=self.clerk,
        )

    @cached_property
    def job(self) -> PrintJob:
        return PrintJob.objects.create(edition=self.edition, style="gongwen", requested_by=self.clerk)

    @cached_property
    def issued(self) -> IssuedDocument:
        return IssuedDocument.objects.create(
            edition=self.edition,
            style="gongwen",
            title="示例说明",
            pdf=b"%PDF-1.7",
            sha256=sha256(b"%PDF-1.7").hexdigest(),
            page_count=1,
            snapshot={},
            fonts=[],
            waived=[],
            issued_by=self.clerk,
        )


@dataclass(frozen=True)
class Row:
    url_name: str
    roles: frozenset[Role] = EVERYBODY
    method: str = "GET"
    expected: int = 200
    kwargs: Callable[[World], dict[str, Any]] = field(default=lambda world: {})
    data: Callable[[World], dict[str, Any]] = field(default=lambda world: {})
    anonymous: int = TO_SIGN_IN
    scoped: bool = False
    """The row belongs to the city federation: people of a county, allowed to the page or not, do not find it."""
    foreign: Callable[[World], dict[str, Any]] | None = None

    @property
    def label(self) -> str:
        return f"{self.method} {self.url_name}"

    def wanted(self, role: Role) -> int:
        """The status this role gets."""
        if role not in self.roles:
            return 403
        return 404 if self.scoped and role in COUNTY_ROLES else self.expected


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
    Row("home:favicon", anonymous=302, expected=302),
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

READS_BUDGET = EVERYBODY - {Role.GRASSROOTS, Role.SYSTEM_ADMIN}
ENTERS = frozenset({Role.FINANCE_CLERK})
PLANS = frozenset({Role.FINANCE_CLERK, Role.FINANCE_HEAD})
CLOSES = frozenset({Role.FINANCE_HEAD})
DECIDES = {
    "submit": ENTERS,
    "withdraw": ENTERS,
    "check": frozenset({Role.FINANCE_HEAD}),
    "approve": frozenset({Role.VICE_CHAIR, Role.CHAIR}),
    "return": frozenset({Role.FINANCE_HEAD, Role.VICE_CHAIR, Role.CHAIR}),
}
HAS_DOCUMENTS = EVERYBODY - {Role.SYSTEM_ADMIN}


def _of(name: str, **more: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"pk": getattr(world, name).pk} | more


def _none(**more: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: missing(world) | more


def _read(url_name: str, of: str, **more: Any) -> Row:
    """A page of a row of the city's budget, open to all who read budgets."""
    return Row(url_name, READS_BUDGET, kwargs=_of(of, **more), foreign=_none(**more), scoped=True)


def _write(url_name: str, of: str, expected: int, roles: frozenset[Role] = ENTERS, **more: Any) -> Row:
    """A change of a row of the city's budget; the empty form that is sent gets `expected`."""
    return Row(url_name, roles, "POST", expected, _of(of, **more), foreign=_none(**more), scoped=True)


BUDGET = [
    Row("budget:plan_list", READS_BUDGET),
    Row("budget:plan_create", PLANS),
    Row("budget:plan_create", PLANS, "POST", 422),
    _read("budget:plan_detail", "plan"),
    Row("budget:plan_next", PLANS, kwargs=_of("plan"), foreign=missing, scoped=True),
    _write("budget:plan_next", "plan", 422, PLANS),
    _read("budget:plan_compare", "plan"),
    _write("budget:compare_export", "plan", 404, READS_BUDGET),
    Row("budget:year_close", CLOSES, kwargs=lambda world: {"year": world.plan.year}),
    Row("budget:year_close", CLOSES, "POST", 422, lambda world: {"year": world.plan.year}),
    _read("budget:edition_grid", "edition"),
    Row("budget:grid_items", READS_BUDGET, expected=422, kwargs=_of("edition"), foreign=missing, scoped=True),
    Row(
        "budget:grid_item_add",
        ENTERS,
        "POST",
        422,
        lambda world: {"pk": world.edition.pk, "group_id": world.item.group_id},
        scoped=True,
    ),
    _write("budget:grid_item_save", "item", 422),
    _write("budget:grid_line_add", "item", 422),
    _write("budget:grid_item_move", "item", 422),
    _write("budget:grid_item_remove", "item", 422),
    _read("budget:grid_explanation", "item"),
    _write("budget:grid_line_save", "line", 422),
    _write("budget:grid_line_move", "line", 422),
    _write("budget:grid_line_remove", "line", 422),
    Row(
        "budget:grid_history",
        READS_HISTORY,
        kwargs=lambda world: {"table": "lines", "pk": world.line.pk},
        scoped=True,
    ),
    Row("budget:edition_history", READS_HISTORY, kwargs=lambda world: {"pk": world.edition.pk}, scoped=True),
    _write("budget:grid_paste_try", "edition", 422),
    _write("budget:grid_paste", "edition", 422),
    _write("budget:grid_undo", "edition", 404, change_id=1),
    _write("budget:edition_export", "edition", 200, READS_BUDGET),
    Row("budget:edition_import", ENTERS, kwargs=_of("edition"), foreign=missing, scoped=True),
    _write("budget:edition_import", "edition", 422),
    Row(
        "budget:import_preview", ENTERS, expected=422, kwargs=_of("import_file"), foreign=missing, scoped=True
    ),
    _write("budget:import_preview", "import_file", 422),
    *(
        row
        for action, roles in DECIDES.items()
        for row in (
            Row(
                "budget:edition_decide",
                roles,
                kwargs=_of("edition", action=action),
                foreign=_none(action=action),
            ),
            _write("budget:edition_decide", "edition", 422, roles, action=action),
        )
    ),
    _read("budget:edition_brief", "edition"),
    Row("budget:edition_copy", PLANS, kwargs=_of("edition"), foreign=missing, scoped=True),
    _write("budget:edition_copy", "edition", 422, PLANS),
    _read("budget:adjustment_list", "adjustment"),
    *(
        row
        for kind in ("transfer", "addition", "cut", "new")
        for row in (
            Row(
                "budget:adjustment_add", ENTERS, kwargs=_of("adjustment", kind=kind), foreign=_none(kind=kind)
            ),
            _write("budget:adjustment_add", "adjustment", 422, kind=kind),
        )
    ),
    _write("budget:adjustment_remove", "movement", 302),
    _read("budget:line_source", "line"),
    _write("budget:source_bind", "line", 422),
    _write("budget:source_read", "line", 422),
    _write("budget:source_unbind", "line", 422),
    _write("budget:source_decide", "line", 422, answer="accept"),
    Row("budget:item_create", ENTERS, kwargs=lambda world: {"edition_id": world.edition.pk}, scoped=True),
    _read("budget:item_detail", "item"),
    _write("budget:item_remove", "item", 302),
    Row("budget:outline", READS_BUDGET, kwargs=lambda world: {"edition_id": world.edition.pk}, scoped=True),
    Row(
        "budget:outline_add", ENTERS, "POST", 422, lambda world: {"edition_id": world.edition.pk}, scoped=True
    ),
    _write("budget:outline_change", "entry", 422),
    _read("budget:edition_findings", "edition"),
    _write("budget:finding_waive", "edition", 422, PLANS),
    _write("budget:findings_keep", "edition", 302, PLANS),
    Row("budget:check_catalogue", HAS_DOCUMENTS),
    Row("budget:text_check", HAS_DOCUMENTS),
    Row("budget:text_check", HAS_DOCUMENTS, "POST", 422, data=lambda world: {"text": " "}),
    _read("budget:edition_print", "edition"),
    _write("budget:edition_print", "edition", 422, READS_BUDGET),
    _read("budget:print_job", "job"),
    _read("budget:print_job_progress", "job"),
    _write("budget:print_job_restart", "job", 302, READS_BUDGET),
    _write("budget:print_job_file", "job", 302, READS_BUDGET),
    Row("budget:issued_list", READS_BUDGET),
    _read("budget:issued_detail", "issued"),
    _write("budget:issued_file", "issued", 200, READS_BUDGET),
    Row("budget:verify"),
    Row("budget:verify", method="POST", expected=422),
    _read("budget:figure", "edition", key="total"),
    Row("budget:policy_list", HAS_DOCUMENTS),
    Row("budget:policy_create", PLANS),
    Row("budget:policy_create", PLANS, "POST"),
    Row("budget:policy_detail", HAS_DOCUMENTS, kwargs=_of("document"), foreign=missing),
    Row("budget:policy_detail", HAS_DOCUMENTS, "POST", kwargs=_of("document"), foreign=missing),
    Row("budget:policy_scan", HAS_DOCUMENTS, expected=404, kwargs=_of("document")),
]

TABLE: list[Row] = [*CORE, *ACCOUNTS, *HOME, *ADMIN, *BUDGET]
