"""Every address of the site with the answer each role gets. A URL that is missing here fails the tests.

One row per URL name and method. `roles` are those the page is open to: they get `expected`, all other signed-in people
get 403, and whoever is not signed in is sent to the sign-in page. `foreign` names a row outside the reader's scope:
roles the page is open to get 404 for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from PIL import Image

from apps.accounts.models import PasswordReset, RoleGrant, Union, User
from apps.accounts.roles import Role
from apps.basis.models import CalendarDay, CalendarYear
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
    YearClosing,
)
from apps.cases.services import save_case
from apps.core import audit
from apps.model_workers.models import (
    AllowanceLine,
    AllowanceRun,
    BulkChange,
    Exam,
    ExamBill,
    ExamInvitation,
    FileChange,
    Honour,
    Nomination,
    Recovery,
    ReliefCase,
    Review,
    WorkerFile,
)
from apps.people.models import (
    DuplicatePair,
    Merge,
    Person,
    Photo,
    RosterImport,
    StandingEvent,
    Unit,
)
from apps.people.services.merging import merge_people
from tests.budget.closings import begin_closing
from tests.budget.office import Office
from tests.factories import (
    PASSWORD,
    AllowanceStandardFactory,
    CalcLineFactory,
    CountingRuleFactory,
    EditionFactory,
    ExamBillFactory,
    ExamFactory,
    ExamInvitationFactory,
    HonourFactory,
    HonourTitleFactory,
    HospitalFactory,
    ItemFactory,
    OutlineEntryFactory,
    PersonFactory,
    PolicyDocumentFactory,
    ReliefCaseFactory,
    RoleGrantFactory,
    StandingEventFactory,
    UnionFactory,
    UnitFactory,
    UserFactory,
    retired_worker,
)

EVERYBODY = frozenset(Role)
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN})
CONFIRMERS = frozenset({Role.SECURITY_ADMIN})
READS_HISTORY = EVERYBODY - {Role.GRASSROOTS, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.READER}
STAFF = frozenset(
    {Role.FINANCE_CLERK, Role.FINANCE_HEAD, Role.MODEL_WORKER_HEAD, Role.AUDITOR, Role.SYSTEM_ADMIN}
)

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

    @property
    def administrator(self) -> User:
        return self.people[Role.SYSTEM_ADMIN]

    def waiting_grant(self) -> RoleGrant:
        """A new one for each, since a grant is confirmed once."""
        return RoleGrantFactory(user=UserFactory(), role=Role.CHAIR, granted_by=self.administrator)

    def waiting_reset(self) -> PasswordReset:
        return PasswordReset.objects.create(
            user=UserFactory(), password=self.clerk.password, requested_by=self.administrator
        )

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
    def day_off(self) -> CalendarDay:
        year = CalendarYear.objects.create(year=2016)
        return CalendarDay.objects.create(year=year, day=date(2016, 10, 7), note="示例")

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
    def closing(self) -> YearClosing:
        return begin_closing(2012, self.clerk)

    @cached_property
    def issued(self) -> IssuedDocument:
        office = Office(self.edition.union)
        settled = office.settle(office.plan(year=2013).editions.get())
        with transaction.atomic(), audit.because(actor_id=office.head.pk, action="签发"):
            return IssuedDocument.objects.create(
                edition=settled,
                style="gongwen",
                title="示例说明",
                pdf=b"%PDF-1.7",
                sha256=sha256(b"%PDF-1.7").hexdigest(),
                page_count=1,
                snapshot={},
                fonts=[],
                waived=[],
                issued_by=office.head,
            )

    @cached_property
    def person(self) -> Person:
        """Somebody the city federation keeps itself, with a portrait."""
        person = PersonFactory(unit=self.unit)
        content = portrait()
        Photo.objects.create(
            person=person,
            content=content,
            sha256=sha256(content).hexdigest(),
            kind="png",
            uploaded_by=self.clerk,
        )
        return person

    @cached_property
    def unit(self) -> Unit:
        return UnitFactory(union=UnionFactory(city=True))

    @cached_property
    def pair(self) -> DuplicatePair:
        """Two people of the city federation who may be one."""
        other = PersonFactory(union=self.person.union, name=self.person.name)
        return DuplicatePair.objects.create(first=self.person, second=other, same_birth=True)

    @cached_property
    def merge(self) -> Merge:
        kept, merged = PersonFactory(union=self.unit.union), PersonFactory(union=self.unit.union)
        return merge_people(
            kept_id=kept.pk,
            merged_id=merged.pk,
            reason="示例",
            actor=self.people[Role.MODEL_WORKER_CLERK],
            now=timezone.now(),
        )

    @cached_property
    def roster(self) -> RosterImport:
        """A roster of the city federation with one wrong row."""
        return RosterImport.objects.create(
            union=self.unit.union,
            name="示例名册.xlsx",
            sha256="0" * 64,
            status=RosterImport.Status.STAGED,
            row_count=1,
            error_count=1,
            columns=["name"],
            uploaded_by=self.clerk,
        )

    @cached_property
    def standing(self) -> StandingEvent:
        return StandingEventFactory(person=self.person)

    @cached_property
    def worker(self) -> Person:
        """The person of the city with an open file."""
        WorkerFile.objects.create(person=self.person, number="示例1", opened_by=self.clerk)
        return self.person

    @cached_property
    def honour(self) -> Honour:
        return HonourFactory(person=self.worker)

    @cached_property
    def change(self) -> FileChange:
        """Somebody's suspension, still a draft."""
        case = FileChange(
            person=self.worker,
            union=self.worker.union,
            action="suspend",
            effective_on="2015-01-01",
            document="示例文件",
            reason="示例",
        )
        return save_case(case=case, actor=UserFactory(model_worker_clerk=True))

    @cached_property
    def review(self) -> Review:
        return Review.objects.create(
            year=2016,
            union=self.worker.union,
            person=self.worker,
            due_on="2016-06-30",
            created_by=self.clerk,
        )

    @cached_property
    def bulk(self) -> BulkChange:
        """What somebody did to the review."""
        return BulkChange.objects.create(
            union=self.clerk.union,
            kind="review",
            summary="示例",
            people=1,
            changes=[{"id": self.review.pk, "before": None, "after": self.worker.pk}],
            actor=self.clerk,
        )

    @cached_property
    def nomination(self) -> Nomination:
        case = Nomination(
            person=self.worker,
            union=self.worker.union,
            title=HonourTitleFactory(),
            year=2016,
            recommended_by=self.worker.union,
            merits="示例：爱岗敬业。",
        )
        return save_case(case=case, actor=UserFactory(model_worker_clerk=True))

    @cached_property
    def run(self) -> AllowanceRun:
        """An open run of the city federation with one line."""
        preparer = UserFactory(model_worker_clerk=True)
        run = AllowanceRun(
            union=self.unit.union,
            year=2016,
            snapshot_on=date(2015, 12, 31),
            rule=CountingRuleFactory(),
            counted_at=timezone.now(),
        )
        save_case(case=run, actor=preparer)
        AllowanceStandardFactory()
        with audit.because(actor_id=preparer.pk, action="编制"):
            AllowanceLine.objects.create(
                case=run,
                person=self.person,
                name=self.person.name,
                union_name=run.union.name,
                award_count=1,
                award_class=1,
                amount=1500,
                period_from=date(2016, 1, 1),
                period_until=date(2016, 12, 31),
            )
        return run

    @cached_property
    def recovery(self) -> Recovery:
        return Recovery.objects.create(
            line=self.run.lines.get(), stopped_on=date(2016, 3, 1), reason="示例", amount=1500
        )

    @cached_property
    def exam(self) -> Exam:
        """An open exam of the city federation with one person on its roster, who came."""
        exam = ExamFactory(union=self.unit.union)
        ExamInvitationFactory(
            case=exam,
            person=self.person,
            slip_number=1,
            hospital=HospitalFactory(),
            attended_on=exam.starts_on,
        )
        return exam

    @property
    def invitation(self) -> ExamInvitation:
        return self.exam.invitations.get()

    @cached_property
    def exam_bill(self) -> ExamBill:
        return ExamBillFactory(case=self.exam, hospital=self.invitation.hospital)

    @cached_property
    def relief_case(self) -> ReliefCase:
        """A draft for somebody of the city."""
        clerk = self.people[Role.MODEL_WORKER_CLERK]
        return ReliefCaseFactory(person=retired_worker(union=self.unit.union), created_by=clerk)


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


def portrait() -> bytes:
    output = BytesIO()
    Image.new("RGB", (105, 147), "grey").save(output, "PNG")
    return output.getvalue()


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
    Row("accounts:root", expected=302),
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
    Row("accounts:view_save", method="POST", expected=404),
    Row("accounts:view_delete", method="POST", expected=404, kwargs=missing),
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
    Row("accounts:confirm_list", CONFIRMERS),
    *(
        Row(
            f"accounts:{name}",
            CONFIRMERS,
            method="POST",
            expected=302,
            kwargs=kwargs,
            data=lambda world: {"reason": "示例"},
            foreign=missing,
        )
        for name, kwargs in {
            "grant_confirm": lambda world: {"pk": world.waiting_grant().pk},
            "grant_refuse": lambda world: {"pk": world.waiting_grant().pk},
            "reset_confirm": lambda world: {"pk": world.waiting_reset().pk},
            "reset_refuse": lambda world: {"pk": world.waiting_reset().pk},
        }.items()
    ),
    Row("accounts:stand_in_list"),
    Row("accounts:stand_in_list", method="POST"),
    Row("accounts:stand_in_end", method="POST", expected=404, kwargs=missing),
    Row("accounts:event_list"),
    Row("accounts:event_list", method="POST", expected=302),
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
    Row("home:search", method="POST"),
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

READS_BUDGET = EVERYBODY - {Role.GRASSROOTS, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}
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


def _closing(
    url_name: str, roles: frozenset[Role], method: str = "GET", expected: int = 200, **more: Any
) -> Row:
    return Row(
        url_name,
        roles,
        method,
        expected,
        lambda world: {"public_id": world.closing.public_id} | more,
        foreign=lambda world: {"public_id": uuid4()} | more,
        scoped=True,
    )


HAS_DOCUMENTS = EVERYBODY - {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}


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
    Row("budget:root", READS_BUDGET, expected=302),
    Row("budget:plan_list", READS_BUDGET),
    Row("budget:plan_create", ENTERS),
    Row("budget:plan_create", ENTERS, "POST", 422),
    _read("budget:plan_detail", "plan"),
    Row("budget:plan_next", ENTERS, kwargs=_of("plan"), foreign=missing, scoped=True),
    _write("budget:plan_next", "plan", 422),
    Row("budget:plan_correct", ENTERS, kwargs=_of("plan"), foreign=missing, scoped=True),
    _write("budget:plan_correct", "plan", 422),
    _read("budget:plan_compare", "plan"),
    _write("budget:compare_export", "plan", 404, READS_BUDGET),
    Row("budget:closing_list", READS_BUDGET),
    Row("budget:closing_create", ENTERS),
    Row("budget:closing_create", ENTERS, "POST", 422),
    _closing("budget:closing_detail", READS_BUDGET),
    _closing("budget:closing_edit", ENTERS),
    _closing("budget:closing_edit", ENTERS, "POST", 422),
    *(
        row
        for verb, roles in (("submit", ENTERS), ("close", CLOSES))
        for row in (
            _closing("budget:closing_decide", roles, verb=verb),
            _closing("budget:closing_decide", roles, "POST", 422, verb=verb),
        )
    ),
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
        for verb, roles in DECIDES.items()
        for row in (
            Row(
                "budget:edition_decide",
                roles,
                kwargs=_of("edition", verb=verb),
                foreign=_none(verb=verb),
            ),
            _write("budget:edition_decide", "edition", 422, roles, verb=verb),
        )
    ),
    _read("budget:edition_brief", "edition"),
    _read("budget:edition_actions", "edition"),
    Row("budget:edition_copy", ENTERS, kwargs=_of("edition"), foreign=missing, scoped=True),
    _write("budget:edition_copy", "edition", 422),
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
    _read("budget:item_what_if", "item"),
    _write("budget:item_remove", "item", 302),
    Row("budget:outline", READS_BUDGET, kwargs=lambda world: {"edition_id": world.edition.pk}, scoped=True),
    Row(
        "budget:outline_add", ENTERS, "POST", 422, lambda world: {"edition_id": world.edition.pk}, scoped=True
    ),
    _write("budget:outline_change", "entry", 422),
    _read("budget:edition_findings", "edition"),
    _write("budget:finding_waive", "edition", 422, PLANS),
    _write("budget:findings_answer", "edition", 422, PLANS),
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
    Row("budget:policy_correct", PLANS, kwargs=_of("document"), foreign=missing),
    Row("budget:policy_correct", PLANS, "POST", kwargs=_of("document"), foreign=missing),
    Row("budget:policy_scan", HAS_DOCUMENTS, expected=404, kwargs=_of("document")),
]

READS_PEOPLE = EVERYBODY - {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.READER}
KEEPS_PEOPLE = frozenset({Role.MODEL_WORKER_CLERK, Role.AID_CLERK, Role.COUNTY_CLERK})
REVEALS = KEEPS_PEOPLE | {Role.MODEL_WORKER_HEAD, Role.AID_HEAD, Role.COUNTY_REVIEWER}
EXPORTS_PEOPLE = REVEALS | {Role.AUDITOR}
MERGES_PEOPLE = REVEALS


def _named(of: str, **more: Any) -> Callable[[World], dict[str, Any]]:
    """A row of the register by the identifier that stands in addresses."""
    return lambda world: {"public_id": getattr(world, of).public_id} | more


def _nobody(**more: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"public_id": uuid4()} | more


def _person(
    url_name: str,
    roles: frozenset[Role],
    method: str = "GET",
    expected: int = 200,
    *,
    of: str = "person",
    data: Callable[[World], dict[str, Any]] = lambda world: {},
    **more: Any,
) -> Row:
    """A page or a change of a person (or unit) of the city federation."""
    return Row(
        url_name, roles, method, expected, _named(of, **more), data, foreign=_nobody(**more), scoped=True
    )


def _standing(world: World) -> dict[str, Any]:
    return {"public_id": world.person.public_id, "pk": world.standing.pk}


PEOPLE = [
    Row("people:person_list", READS_PEOPLE),
    Row("people:person_find", READS_PEOPLE, "POST", 302),
    Row("people:person_export", EXPORTS_PEOPLE, "POST"),
    Row("people:person_create", KEEPS_PEOPLE),
    Row("people:person_create", KEEPS_PEOPLE, "POST", 422),
    _person("people:person_detail", READS_PEOPLE),
    _person("people:person_edit", KEEPS_PEOPLE),
    _person("people:person_edit", KEEPS_PEOPLE, "POST", 422),
    _person("people:person_reveal", REVEALS, field="id_number"),
    _person("people:person_reveal", REVEALS, "POST", 422, field="id_number"),
    _person("people:person_print", READS_PEOPLE, "POST"),
    _person("people:person_photo", READS_PEOPLE),
    _person("people:photo_change", KEEPS_PEOPLE),
    _person("people:photo_change", KEEPS_PEOPLE, "POST", 422),
    _person("people:photo_remove", KEEPS_PEOPLE, "POST", 302),
    _person("people:standing_record", KEEPS_PEOPLE),
    _person("people:standing_record", KEEPS_PEOPLE, "POST", 422),
    _person("people:person_move", KEEPS_PEOPLE),
    _person("people:person_move", KEEPS_PEOPLE, "POST", 422),
    Row("people:standing_prove", KEEPS_PEOPLE, kwargs=_standing, foreign=_nobody(pk=1), scoped=True),
    Row("people:standing_prove", KEEPS_PEOPLE, "POST", 422, _standing, foreign=_nobody(pk=1), scoped=True),
    Row("people:standing_void", KEEPS_PEOPLE, kwargs=_standing, foreign=_nobody(pk=1), scoped=True),
    Row("people:standing_void", KEEPS_PEOPLE, "POST", 422, _standing, foreign=_nobody(pk=1), scoped=True),
    Row("people:unit_list", READS_PEOPLE),
    Row("people:unit_create", KEEPS_PEOPLE),
    Row("people:unit_create", KEEPS_PEOPLE, "POST", 422),
    Row("people:unit_options", KEEPS_PEOPLE),
    _person("people:unit_edit", READS_PEOPLE, of="unit"),
    _person("people:unit_edit", KEEPS_PEOPLE, "POST", 422, of="unit"),
    Row("people:duplicate_list", MERGES_PEOPLE),
    Row("people:duplicate_apart", MERGES_PEOPLE, expected=302),
    Row("people:duplicate_apart", MERGES_PEOPLE, "POST", 302),
    Row("people:duplicate_detail", MERGES_PEOPLE, kwargs=_of("pair"), foreign=missing, scoped=True),
    _write("people:duplicate_detail", "pair", 200, MERGES_PEOPLE),
    _write("people:duplicate_decide", "pair", 422, MERGES_PEOPLE),
    Row("people:merge_list", MERGES_PEOPLE),
    Row("people:merge_undo", MERGES_PEOPLE, kwargs=_of("merge"), foreign=missing, scoped=True),
    _write("people:merge_undo", "merge", 422, MERGES_PEOPLE),
    Row("people:roster_list", KEEPS_PEOPLE),
    Row("people:roster_create", KEEPS_PEOPLE),
    Row("people:roster_create", KEEPS_PEOPLE, "POST", 422),
    Row("people:roster_template", KEEPS_PEOPLE),
    _person("people:roster_detail", KEEPS_PEOPLE, of="roster"),
    _person("people:roster_progress", KEEPS_PEOPLE, of="roster"),
    *(
        _person(f"people:roster_{what}", KEEPS_PEOPLE, "POST", 302, of="roster")
        for what in ("take", "restart", "discard", "wrong_rows")
    ),
]

READS_HONOURS = READS_PEOPLE
KEEPS_HONOURS = frozenset({Role.MODEL_WORKER_CLERK, Role.COUNTY_CLERK})
DECIDES_HONOURS = frozenset({Role.MODEL_WORKER_HEAD})
STEPS = {
    "submit": (KEEPS_HONOURS, 422),
    "withdraw": (KEEPS_HONOURS, 422),
    "qualify": (DECIDES_HONOURS, 422),
    "consult": (DECIDES_HONOURS, 422),
    "notice": (DECIDES_HONOURS, 422),
    "conclude": (DECIDES_HONOURS, 422),
    "return": (DECIDES_HONOURS, 422),
    "refuse": (DECIDES_HONOURS | {Role.VICE_CHAIR}, 422),
    "approve": (frozenset({Role.VICE_CHAIR}), 422),
}
"""Who takes a step of a nomination, and what a draft answers when the form comes back empty."""
CHANGE_STEPS = {
    **dict.fromkeys(("submit", "withdraw", "ask_void"), KEEPS_HONOURS),
    **dict.fromkeys(("approve", "return", "reject", "void", "keep"), DECIDES_HONOURS),
}
"""Who takes a step of a change of honours or file."""


def _worker(
    url_name: str, roles: frozenset[Role], posted: int | None = None, *, of: str = "worker", **more: Any
) -> list[Row]:
    """A page of a model worker of the city and, where something is sent, what an empty form answers."""
    page = _person(url_name, roles, of=of, **more)
    return [page] if posted is None else [page, _person(url_name, roles, "POST", posted, of=of, **more)]


def _of_review(world: World) -> dict[str, Any]:
    return {"public_id": world.review.person.public_id, "year": world.review.year}


HONOURS = [
    Row("model_workers:worker_list", READS_HONOURS),
    Row("model_workers:worker_export", EXPORTS_PEOPLE, "POST"),
    Row("model_workers:worker_print", EXPORTS_PEOPLE, "POST"),
    Row("model_workers:worker_find", KEEPS_HONOURS),
    Row("model_workers:bulk_list", READS_HONOURS),
    *(
        Row(
            "model_workers:bulk_deed",
            KEEPS_HONOURS,
            method,
            302,
            lambda world: {"deed": "review"},
            foreign=lambda world: {"deed": "nothing"},
        )
        for method in ("GET", "POST")
    ),
    _write("model_workers:bulk_undo", "bulk", 302, KEEPS_HONOURS | DECIDES_HONOURS),
    Row("model_workers:doubt_list", READS_HONOURS),
    Row("model_workers:review_list", READS_HONOURS),
    *(
        Row(
            "model_workers:review_enter",
            KEEPS_HONOURS,
            method,
            expected,
            _of_review,
            foreign=_nobody(year=2016),
            scoped=True,
        )
        for method, expected in (("GET", 200), ("POST", 422))
    ),
    Row("model_workers:nomination_list", READS_HONOURS),
    *_worker("model_workers:nomination_create", KEEPS_HONOURS, 422),
    *_worker("model_workers:nomination_detail", READS_HONOURS, of="nomination"),
    *_worker("model_workers:nomination_edit", KEEPS_HONOURS, 422, of="nomination"),
    _person("model_workers:nomination_print", READS_HONOURS, "POST", of="nomination"),
    *_worker("model_workers:nomination_object", DECIDES_HONOURS, 422, of="nomination"),
    *(
        Row(
            "model_workers:nomination_answer",
            frozenset({Role.VICE_CHAIR}),
            method,
            404,
            lambda world: {"public_id": world.nomination.public_id, "pk": 1},
            foreign=_nobody(pk=1),
            scoped=True,
        )
        for method in ("GET", "POST")
    ),
    *(
        row
        for action, (roles, posted) in STEPS.items()
        for row in _worker("model_workers:nomination_decide", roles, posted, of="nomination", verb=action)
    ),
    *_worker("model_workers:honour_scan", KEEPS_HONOURS, 422, of="honour"),
    _person("model_workers:honour_certificate", READS_HONOURS, "POST", 302, of="honour"),
    *_worker("model_workers:honour_void", KEEPS_HONOURS, 422, of="honour"),
    *_worker("model_workers:worker_detail", READS_HONOURS),
    *_worker("model_workers:honour_create", KEEPS_HONOURS, 422),
    *_worker("model_workers:file_edit", KEEPS_HONOURS, 302),
    *_worker("model_workers:file_treatment", DECIDES_HONOURS, 302),
    Row("model_workers:change_list", READS_HONOURS),
    *_worker("model_workers:change_create", KEEPS_HONOURS, 422, action="suspend"),
    *_worker("model_workers:change_detail", READS_HONOURS, of="change"),
    *_worker("model_workers:change_edit", KEEPS_HONOURS, 422, of="change"),
    *(
        row
        for verb, roles in CHANGE_STEPS.items()
        for row in _worker("model_workers:change_decide", roles, 422, of="change", verb=verb)
    ),
]

# --- allowances and dated parameters -----------------------------------------------------------------------

PREPARES = frozenset({Role.MODEL_WORKER_CLERK})
CHECKS = frozenset({Role.MODEL_WORKER_HEAD})
APPROVES = frozenset({Role.VICE_CHAIR})
RUN_STEPS = {
    "submit": PREPARES,
    "withdraw": PREPARES,
    "void": PREPARES,
    "check": CHECKS,
    "approve": APPROVES,
    "return": CHECKS | APPROVES,
}


def _run(url_name: str, roles: frozenset[Role] = READS_HONOURS, **more: Any) -> Row:
    """A page of the city's run."""
    return Row(url_name, roles, kwargs=_of("run", **more), foreign=_none(**more), scoped=True)


def _of_recovery(outcome: str = "") -> Callable[[World], dict[str, Any]]:
    more = {"outcome": outcome} if outcome else {}
    return lambda world: {"pk": world.run.pk, "person": world.recovery.line.person.public_id} | more


def _no_recovery(outcome: str = "") -> Callable[[World], dict[str, Any]]:
    more = {"outcome": outcome} if outcome else {}
    return lambda world: missing(world) | {"person": uuid4()} | more


def _of_parameter(world: World) -> dict[str, Any]:
    return {"kind": "counting-rule", "pk": world.run.rule_id}


ALLOWANCES = [
    Row("model_workers:run_list", READS_HONOURS),
    Row("model_workers:run_create", PREPARES),
    Row("model_workers:run_create", PREPARES, "POST", 422),
    *(
        _run(f"model_workers:run_{page}")
        for page in ("detail", "lines", "bridge", "left_out", "overpaid", "print")
    ),
    _write("model_workers:run_print", "run", 422, READS_HONOURS),
    _run("model_workers:run_recount", PREPARES),
    _write("model_workers:run_recount", "run", 302, PREPARES),
    *(
        row
        for verb, roles in RUN_STEPS.items()
        for row in (
            _run("model_workers:run_decide", roles, verb=verb),
            _write("model_workers:run_decide", "run", 422, roles, verb=verb),
        )
    ),
    Row(
        "model_workers:recovery_list",
        PREPARES,
        "POST",
        302,
        _of_recovery(),
        foreign=_no_recovery(),
        scoped=True,
    ),
    *(
        Row(
            "model_workers:recovery_settle",
            roles,
            method,
            expected,
            _of_recovery(outcome),
            foreign=_no_recovery(outcome),
            scoped=True,
        )
        for outcome, roles in (
            ("recovered", PREPARES),
            ("waiving", PREPARES),
            ("waived", CHECKS),
            ("open", CHECKS),
        )
        for method, expected in (("GET", 200), ("POST", 422))
    ),
    Row("model_workers:parameter_list", READS_HONOURS),
    Row(
        "model_workers:parameter_detail",
        READS_HONOURS,
        kwargs=_of_parameter,
        foreign=_none(kind="counting-rule"),
    ),
    *(
        Row("model_workers:parameter_create", CHECKS, method, expected, lambda world: {"kind": "exam-rule"})
        for method, expected in (("GET", 200), ("POST", 422))
    ),
    *(
        Row(
            f"model_workers:parameter_{deed}",
            CHECKS,
            method,
            expected,
            _of_parameter,
            foreign=_none(kind="counting-rule"),
        )
        for deed in ("edit", "end")
        for method, expected in (("GET", 200), ("POST", 422))
    ),
]

# --- the calendar of working days --------------------------------------------------------------------------

READS_DOCUMENTS = EVERYBODY - {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}


def _of_year(world: World) -> dict[str, Any]:
    return {"year": world.day_off.year_id}


def _no_year(world: World) -> dict[str, Any]:
    return {"year": 2099}


BASIS = [
    Row("basis:calendar_list", READS_DOCUMENTS),
    Row("basis:calendar_detail", READS_DOCUMENTS, kwargs=_of_year, foreign=_no_year),
    *(
        row
        for method, expected in (("GET", 200), ("POST", 422))
        for row in (
            Row("basis:calendar_create", CHECKS, method, expected),
            Row("basis:day_create", CHECKS, method, expected, _of_year, foreign=_no_year),
            Row("basis:day_edit", CHECKS, method, expected, _of("day_off"), foreign=missing),
            Row("basis:day_remove", CHECKS, method, expected, _of("day_off"), foreign=missing),
        )
    ),
]

# --- exams and relief --------------------------------------------------------------------------------------

ENTERS_RELIEF = frozenset({Role.MODEL_WORKER_CLERK, Role.COUNTY_CLERK})
RELIEF_STEPS = {
    "submit": (ENTERS_RELIEF, 422),
    "withdraw": (ENTERS_RELIEF, 422),
    "ask_revoke": (ENTERS_RELIEF, 422),
    "check": (CHECKS, 422),
    "return": (CHECKS | APPROVES, 422),
    "revoke": (APPROVES, 422),
    "keep": (APPROVES, 422),
    "approve": (APPROVES, 422),
    "reject": (APPROVES, 422),
}
"""Who takes a step of a relief case, and what a draft answers when the form comes back empty."""
EXAM_STEPS = {
    "submit": PREPARES,
    "withdraw": PREPARES,
    "ask_reopen": PREPARES,
    "close": CHECKS,
    "return": CHECKS,
    "reopen": CHECKS,
    "keep": CHECKS,
}


def _exam(url_name: str, roles: frozenset[Role] = READS_HONOURS, posted: int | None = None) -> list[Row]:
    """A page of the city's exam and, where something is sent, what an empty form answers."""
    page = Row(url_name, roles, kwargs=_of("exam"), foreign=missing, scoped=True)
    return [page] if posted is None else [page, _write(url_name, "exam", posted, roles)]


def _in_exam(
    url_name: str,
    found: Callable[[World], dict[str, Any]],
    unknown: Callable[[World], dict[str, Any]],
) -> list[Row]:
    """A form on something that belongs to the city's exam; sent empty, it comes back."""
    return [
        Row(url_name, PREPARES, method, expected, found, foreign=unknown, scoped=True)
        for method, expected in (("GET", 200), ("POST", 422))
    ]


EXAMS = [
    Row("model_workers:exam_list", READS_HONOURS),
    Row("model_workers:exam_create", PREPARES),
    Row("model_workers:exam_create", PREPARES, "POST", 422),
    *(
        row
        for name in ("detail", "hospitals", "bills", "absences")
        for row in _exam(f"model_workers:exam_{name}")
    ),
    *_exam("model_workers:exam_edit", PREPARES, 422),
    *_exam("model_workers:exam_entry", PREPARES, 422),
    *_exam("model_workers:exam_refresh", PREPARES, 302),
    *(
        row
        for verb, roles in EXAM_STEPS.items()
        for row in (
            Row(
                "model_workers:exam_decide",
                roles,
                kwargs=_of("exam", verb=verb),
                foreign=_none(verb=verb),
                scoped=True,
            ),
            _write("model_workers:exam_decide", "exam", 422, roles, verb=verb),
        )
    ),
    *(
        _write(f"model_workers:exam_{paper}", "exam", 200, EXPORTS_PEOPLE)
        for paper in ("slips", "roster", "settlement", "export")
    ),
    *_in_exam(
        "model_workers:invitation_edit",
        lambda world: {"pk": world.exam.pk, "number": 1},
        lambda world: {"pk": world.exam.pk, "number": 9},
    ),
    *_in_exam(
        "model_workers:bill_create",
        lambda world: {"pk": world.exam.pk, "hospital_id": world.invitation.hospital_id},
        lambda world: {"pk": world.exam.pk, "hospital_id": 999_999_999},
    ),
    *_in_exam(
        "model_workers:bill_remove",
        lambda world: {"pk": world.exam.pk, "bill_id": world.exam_bill.pk},
        lambda world: {"pk": world.exam.pk, "bill_id": 999_999_999},
    ),
    Row("model_workers:hospital_list", READS_HONOURS),
    Row("model_workers:hospital_create", PREPARES),
    Row("model_workers:hospital_create", PREPARES, "POST", 422),
    *(
        Row(
            "model_workers:hospital_edit",
            PREPARES,
            method,
            expected,
            lambda world: {"pk": world.invitation.hospital_id},
            foreign=missing,
        )
        for method, expected in (("GET", 200), ("POST", 422))
    ),
]

RELIEF = [
    Row("model_workers:relief_list", READS_HONOURS),
    Row("model_workers:relief_export", EXPORTS_PEOPLE, "POST"),
    Row("model_workers:relief_find", ENTERS_RELIEF),
    *_worker("model_workers:relief_create", ENTERS_RELIEF, 422),
    _person("model_workers:relief_trial", ENTERS_RELIEF, "POST", of="worker"),
    *_worker("model_workers:relief_detail", READS_HONOURS, of="relief_case"),
    *_worker("model_workers:relief_edit", ENTERS_RELIEF, 422, of="relief_case"),
    _person("model_workers:relief_print", READS_HONOURS, "POST", of="relief_case"),
    *(
        row
        for action, (roles, posted) in RELIEF_STEPS.items()
        for row in _worker("model_workers:relief_decide", roles, posted, of="relief_case", verb=action)
    ),
]

TABLE: list[Row] = [
    *CORE,
    *ACCOUNTS,
    *HOME,
    *ADMIN,
    *BUDGET,
    *PEOPLE,
    *HONOURS,
    *BASIS,
    *ALLOWANCES,
    *EXAMS,
    *RELIEF,
]
