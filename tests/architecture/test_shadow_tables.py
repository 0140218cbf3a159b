"""Every lock that reads another table is shown a temporary one of the same name, and still tells the truth.

Each attack: what stands there, the lie in the copies, the statement, and the promise that must refuse it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.utils import IntegrityError
from django.utils import timezone

from apps.budget.models import PolicyDocument
from apps.budget.rules.stages import Book
from apps.cases.models import Case, CaseRow, Decision, Notice, NoticeAnswer, NoticeObjection
from apps.core import actors
from apps.model_workers.models import Recovery
from tests.budget.closings import close_year
from tests.budget.office import Office
from tests.factories import (
    ExamInvitationFactory,
    HospitalFactory,
    ItemGroupFactory,
    PersonFactory,
    PolicyDocumentFactory,
    ReliefCaseFactory,
    RoleGrantFactory,
    UnionFactory,
    UserFactory,
)
from tests.model_workers.bureau import Bureau
from tests.model_workers.changes import asked, changed, step
from tests.model_workers.register import AllowanceOffice
from tests.shadows import shadowed

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Attack:
    guard: str
    scene: Callable[[], dict[str, Any]]
    lies: tuple[str, ...]
    statement: str


# --- what stands there ---------------------------------------------------------------------------------------------


def draft() -> dict[str, Any]:
    office = Office()
    edition = office.plan().editions.get()
    return {
        "edition": edition.pk,
        "before": edition.pk,
        "item": edition.items.get().pk,
        "plan": edition.plan_id,
        "union": office.union.pk,
        "clerk": office.clerk.pk,
        "head": office.head.pk,
    }


def submitted() -> dict[str, Any]:
    office = Office()
    edition = office.plan().editions.get()
    office.submit(edition)
    return {"edition": edition.pk, "head": office.head.pk, "clerk": office.clerk.pk}


def settled() -> dict[str, Any]:
    """An approved edition, the clerk at work."""
    office = Office()
    edition = office.settle(office.plan().editions.get())
    actors.announce(office.clerk.pk)
    return {
        "before": edition.pk,
        "plan": edition.plan_id,
        "union": office.union.pk,
        "other": UnionFactory(parent=office.union).pk,
        "clerk": office.clerk.pk,
        "head": office.head.pk,
    }


def closed_year() -> dict[str, Any]:
    facts = settled()
    close_year(2016)
    actors.announce(facts["clerk"])
    return facts


def by(person: str, scene: Callable[[], dict[str, Any]], *roles: str) -> Callable[[], dict[str, Any]]:
    """The scene with this person at work, who holds these roles besides."""

    def prepared() -> dict[str, Any]:
        facts = {"nobody": UserFactory().pk} | scene()
        for role in roles:
            RoleGrantFactory(user_id=facts[person], role=role)
        actors.announce(facts[person])
        return facts | {"actor": facts[person]}

    prepared.__name__ = f"{scene.__name__}_by_{person}"
    return prepared


def adjustment() -> dict[str, Any]:
    office = Office()
    edition = office.adjustment(items=1)
    return {"edition": edition.pk, "item": edition.items.get().pk, "clerk": office.clerk.pk}


def followed() -> dict[str, Any]:
    office = Office()
    plan = office.plan()
    first = office.settle(plan.editions.get())
    office.next(plan)
    return {"edition": first.pk, "clerk": office.clerk.pk}


def another_book() -> dict[str, Any]:
    return draft() | {"group": ItemGroupFactory(code="x", name="示例分组", book=Book.UNION).pk}


def corrected_document() -> dict[str, Any]:
    document = PolicyDocumentFactory()
    PolicyDocument.objects.filter(pk=document.pk).update(corrected_at=timezone.now())
    return draft() | {"document": document.pk}


def run() -> dict[str, Any]:
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 2})
    return {"run": office.run().pk, "clerk": office.clerk.pk}


def overpaid() -> dict[str, Any]:
    """Somebody at work who holds no role."""
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 1})
    line = office.approve(office.run()).lines.get()
    recovery = Recovery.objects.create(line=line, stopped_on="2016-01-01", reason="示例", amount=1)
    nobody = UserFactory()
    actors.announce(nobody.pk)
    return {"recovery": recovery.pk, "nobody": nobody.pk}


def asked_to_waive() -> dict[str, Any]:
    facts = overpaid()
    clerk = UserFactory(model_worker_clerk=True)
    actors.announce(clerk.pk)
    Recovery.objects.update(status="waiving", asked_by=clerk, asked_at=timezone.now(), asked_note="示例")
    actors.announce(facts["nobody"])
    return facts


def exam() -> dict[str, Any]:
    hospital = HospitalFactory()
    invitation = ExamInvitationFactory(hospital=hospital, attended_on="2015-05-05")
    return {"exam": invitation.case_id, "hospital": hospital.pk, "clerk": invitation.case.created_by_id}


BILL = """
    INSERT INTO public.model_workers_exambill
        (case_id, hospital_id, people, rate, amount, invoice_number, billed_on, created_by_id, created_at)
    VALUES ({exam}, {hospital}, {people}, 400, {people} * 400, '示例1', '2015-08-01', {clerk}, now())
"""


def billed_exam() -> dict[str, Any]:
    facts = exam()
    with connection.cursor() as cursor:
        cursor.execute(BILL.format(**facts, people=1))
    return facts


def relief() -> dict[str, Any]:
    return {"case": ReliefCaseFactory().pk}


def nominated() -> dict[str, Any]:
    bureau = Bureau()
    case = bureau.reach(bureau.nominate(PersonFactory()), "concluded")
    last = case.decisions.order_by("number").last()
    return {"decision": last.pk, "person": case.person_id, "title": case.title_id, "clerk": bureau.clerk.pk}


def awarded() -> dict[str, Any]:
    bureau = Bureau()
    case = bureau.reach(bureau.nominate(PersonFactory()), "concluded")
    bureau.step(case, "approve", bureau.vice, minutes="示例纪要", award=bureau.award_of())
    return {}


def asked_revocation() -> dict[str, Any]:
    bureau = Bureau()
    honour = bureau.award(PersonFactory())
    case = asked(honour.person, "revoke_honour", timezone.localdate(), honours=[honour], clerk=bureau.clerk)
    return {"decision": step(case, bureau.clerk, "submit").pk}


def suspended() -> dict[str, Any]:
    bureau = Bureau()
    honour = bureau.award(PersonFactory())
    case = changed(honour.person, "suspend", timezone.localdate(), clerk=bureau.clerk, head=bureau.head)
    return {"decision": case.decisions.get(verb="approve").pk, "person": honour.person_id}


HONOUR = """
    INSERT INTO public.model_workers_honour (public_id, person_id, title_id, decision_id, awarded_on, awarding_body, session,
        document_number, certificate_number, scan_name, scan_sha256, note, revoked_document, void_reason, created_by_id,
        created_at)
    VALUES (gen_random_uuid(), {{person}}, {{title}}, {{decision}}, {awarded_on}, 'x', '', '', '', '', '', '', '', '', {{clerk}},
        now())
"""


def union() -> dict[str, Any]:
    return {"parent": Office().union.pk}


def county() -> dict[str, Any]:
    return {"person": UserFactory(union=UnionFactory()).pk, "city": UserFactory().union_id}


# --- the attacks ---------------------------------------------------------------------------------------------------

BEGIN = """
    INSERT INTO public.budget_edition (public_id, union_id, plan_id, stage, sequence, based_on_id, status, round, route,
                                       decided, created_by_id, reason)
    VALUES (gen_random_uuid(), {%s}, {plan}, 'first_down', 1, {before}, 'draft', 0, '', 0, {clerk}, '')
"""
ISSUE = """
    INSERT INTO public.budget_issueddocument (edition_id, style, sequence, reason, title, pdf, sha256, page_count, snapshot,
                                              fonts, waived, issued_by_id, issued_at)
    VALUES ({before}, 'gongwen', %s, 'x', 'x', 'x', encode(sha256('x'), 'hex'), 1, '{{}}', '[]', '[]', {actor}, now())
"""
ISSUE_INSTEAD = ISSUE.replace("issued_by_id,", "issued_by_id, stands_in_for_id,").replace(
    "{actor},", "{actor}, {clerk},"
)
ADJUSTMENT = """
    INSERT INTO public.budget_adjustment (item_id, kind, amount, pair, reason, created_by_id, created_at)
    VALUES ({{item}}, '{kind}', {amount}, {pair}, '示例', {{clerk}}, now())
"""
GRANTED = tuple(
    f"INSERT INTO accounts_rolegrant (id, user_id, role) VALUES ({-number}, {{nobody}}, '{role}')"
    for number, role in enumerate(("model_worker_clerk", "model_worker_head"), start=1)
)

ATTACKS = [
    Attack(
        "budget_edition_year_open",
        closed_year,
        ("UPDATE budget_fiscalyear SET closed_at = NULL",),
        BEGIN % "union",
    ),
    Attack(
        "budget_edition_union_of_plan",
        settled,
        ("UPDATE budget_plan SET union_id = {other}",),
        BEGIN % "other",
    ),
    Attack(
        "budget_edition_follows_approved",
        draft,
        ("UPDATE budget_edition SET status = 'approved'",),
        BEGIN % "union",
    ),
    Attack(
        "budget_fiscalyear_closed_by_case",
        settled,
        (
            "INSERT INTO budget_yearclosing (id, fiscal_year_id, status) VALUES (-1, 2016, 'closed')",
            "INSERT INTO budget_yearclosingdecision (id, case_id, verb, at) VALUES (-1, -1, 'close', now())",
        ),
        "UPDATE public.budget_fiscalyear SET closed_at = now()",
    ),
    Attack(
        "budget_issueddocument_year_open",
        by("head", closed_year),
        ("UPDATE budget_fiscalyear SET closed_at = NULL",),
        ISSUE % 1,
    ),
    Attack(
        "budget_issueddocument_of_approved",
        by("head", draft),
        ("UPDATE budget_edition SET status = 'approved'",),
        ISSUE % 1,
    ),
    Attack(
        "budget_issueddocument_issued_by_role",
        by("nobody", settled),
        ("INSERT INTO accounts_rolegrant (id, user_id, role) VALUES (-1, {nobody}, 'finance_head')",),
        ISSUE % 1,
    ),
    Attack(
        "budget_issueddocument_issued_by_other",
        by("clerk", settled, "finance_head"),
        ("UPDATE budget_edition SET editors = '{{}}'", "DELETE FROM budget_editiondecision"),
        ISSUE % 1,
    ),
    Attack(
        "budget_issueddocument_stands_in_as_held",
        by("head", settled),
        ("INSERT INTO accounts_rolegrant (id, role, stands_in_for_id) VALUES (-1, 'finance_head', {clerk})",),
        ISSUE_INSTEAD % 1,
    ),
    Attack(
        "budget_issueddocument_in_order",
        by("head", settled),
        ("INSERT INTO budget_issueddocument (edition_id, style) VALUES ({before}, 'gongwen')",),
        ISSUE % 2,
    ),
    Attack(
        "budget_printed_fixed",
        submitted,
        ("UPDATE budget_edition SET status = 'draft'",),
        "UPDATE public.budget_itemgroup SET name = 'x'",
    ),
    Attack(
        "budget_calcline_fixed_after_ratification",
        adjustment,
        ("UPDATE budget_edition SET stage = 'first_up'",),
        "UPDATE public.budget_calcline SET people = 1 WHERE item_id = {item}",
    ),
    Attack(
        "budget_adjustment_after_ratification",
        draft,
        ("UPDATE budget_edition SET stage = 'adjustment'",),
        ADJUSTMENT.format(kind="addition", amount=1, pair="NULL"),
    ),
    Attack(
        "budget_adjustment_item_covers",
        adjustment,
        ("UPDATE budget_calcline SET amount = 99999999",),
        ADJUSTMENT.format(kind="cut", amount=-9999999, pair="NULL"),
    ),
    Attack(
        "budget_adjustment_transfer_balances",
        adjustment,
        (),
        ADJUSTMENT.format(kind="transfer", amount=1, pair="gen_random_uuid()"),
    ),
    Attack(
        "budget_waiver_newest_edition",
        followed,
        ("DELETE FROM budget_edition WHERE id <> {edition}",),
        """INSERT INTO public.budget_waiver (edition_id, fingerprint, code, message, reason, waived_by_id, waived_at)
           VALUES ({edition}, 'x', 'x', 'x', 'x', {clerk}, now())""",
    ),
    Attack(
        "budget_item_group_of_its_book",
        another_book,
        ("UPDATE budget_itemgroup SET book = ''",),
        "UPDATE public.budget_item SET group_id = {group}",
    ),
    Attack(
        "budget_item_control_handed_down",
        draft,
        ("UPDATE budget_edition SET stage = 'first_down'",),
        "UPDATE public.budget_item SET control_amount = 1",
    ),
    Attack(
        "budget_itembasis_cites_current",
        corrected_document,
        ("UPDATE budget_policydocument SET corrected_at = NULL",),
        """INSERT INTO public.budget_itembasis (item_id, document_id, article, ordinal)
           VALUES ({item}, {document}, '', 1)""",
    ),
    Attack(
        "model_workers_paper_of_approved_run",
        run,
        ("UPDATE model_workers_allowancerun SET status = 'approved'",),
        """INSERT INTO public.model_workers_allowancepaper (run_id, content, sha256, page_count, made_by_id, made_at)
           VALUES ({run}, 'x', encode(sha256('x'), 'hex'), 1, {clerk}, now())""",
    ),
    Attack(
        "model_workers_line_within_year",
        run,
        ("UPDATE model_workers_allowancerun SET year = 2017",),
        "UPDATE public.model_workers_allowanceline SET period_from = '2017-01-01', period_until = '2017-12-31'",
    ),
    Attack(
        "model_workers_line_within_standard",
        run,
        ("UPDATE model_workers_allowancestandard SET amount = 99999",),
        "UPDATE public.model_workers_allowanceline SET amount = 99999",
    ),
    Attack(
        "model_workers_recovery_asked_by_role",
        overpaid,
        GRANTED,
        """UPDATE public.model_workers_recovery SET status = 'waiving', asked_by_id = {nobody}, asked_at = now(),
           asked_note = 'x'""",
    ),
    Attack(
        "model_workers_recovery_recovered_by_role",
        overpaid,
        GRANTED,
        """UPDATE public.model_workers_recovery SET status = 'recovered', settled_by_id = {nobody}, settled_at = now(),
           note = 'x'""",
    ),
    Attack(
        "model_workers_recovery_reopened_by_role",
        asked_to_waive,
        GRANTED,
        "UPDATE public.model_workers_recovery SET status = 'open'",
    ),
    Attack(
        "model_workers_recovery_waived_by_role",
        asked_to_waive,
        GRANTED,
        """UPDATE public.model_workers_recovery SET status = 'waived', settled_by_id = {nobody}, settled_at = now(),
           note = 'x'""",
    ),
    Attack(
        "model_workers_invitation_billed",
        billed_exam,
        ("DELETE FROM model_workers_exambill",),
        "UPDATE public.model_workers_examinvitation SET attended_on = NULL",
    ),
    Attack(
        "model_workers_bill_counts_who_came",
        exam,
        ("INSERT INTO model_workers_examinvitation SELECT * FROM model_workers_examinvitation",),
        BILL.replace("{people}", "2"),
    ),
    Attack(
        "model_workers_reliefcase_standard_of_kind",
        relief,
        ("UPDATE model_workers_reliefstandard SET kind = 'visit'",),
        "UPDATE public.model_workers_reliefcase SET kind = 'visit', monthly_income = NULL, months = NULL, amount = 1",
    ),
    Attack(
        "model_workers_reliefcase_group_explained",
        relief,
        ("UPDATE model_workers_reliefstandard SET \"group\" = 'in_service'",),
        "UPDATE public.model_workers_reliefcase SET register_group = 'in_service'",
    ),
    Attack(
        "model_workers_reliefcase_lower_explained",
        relief,
        ("UPDATE model_workers_reliefstandard SET cap = 1",),
        "UPDATE public.model_workers_reliefcase SET amount = 1",
    ),
    Attack(
        "model_workers_reliefcase_within_standard",
        relief,
        ("UPDATE model_workers_reliefstandard SET line = 99999, cap = 99999",),
        "UPDATE public.model_workers_reliefcase SET amount = 99999",
    ),
    Attack(
        "model_workers_honour_by_its_decision",
        nominated,
        ("UPDATE model_workers_nominationdecision SET verb = 'approve'",),
        HONOUR.format(awarded_on="now()"),
    ),
    Attack(
        "model_workers_honour_after_notice",
        awarded,
        ("UPDATE model_workers_nominationnotice SET last_on = '1990-01-01'",),
        "UPDATE public.model_workers_honour SET awarded_on = '1998-05-01' WHERE decision_id IS NOT NULL",
    ),
    Attack(
        "model_workers_honour_changed_by_decision",
        asked_revocation,
        ("UPDATE model_workers_filechangedecision SET verb = 'approve'",),
        "UPDATE public.model_workers_honour SET revoked_on = (SELECT effective_on FROM public.model_workers_filechange),"
        " revoked_document = (SELECT document FROM public.model_workers_filechange), status_decision_id = {decision}",
    ),
    Attack(
        "model_workers_fileevent_by_its_decision",
        suspended,
        ("UPDATE model_workers_filechange SET action = 'revoke'",),
        "INSERT INTO public.model_workers_fileevent (person_id, action, target, effective_on, document, decision_id)"
        " SELECT person_id, 'revoke', 'revoked', effective_on, document, decision_id FROM public.model_workers_fileevent",
    ),
    Attack(
        "model_workers_fileevent_voided_by_decision",
        suspended,
        ("UPDATE model_workers_filechangedecision SET verb = 'void'",),
        "UPDATE public.model_workers_fileevent SET void_decision_id = {decision}",
    ),
    Attack(
        "accounts_rolegrant_of_own_union",
        county,
        ("UPDATE accounts_user SET union_id = {city}",),
        "INSERT INTO public.accounts_rolegrant (user_id, role, union_id) VALUES ({person}, 'chair', {city})",
    ),
    Attack(
        "accounts_union_path_follows_parent",
        union,
        ("UPDATE accounts_union SET path = 'ELSEWHERE/'",),
        """INSERT INTO public.accounts_union (code, name, short_name, kind, parent_id, path, area_code, is_active)
           VALUES ('NEW', 'x', 'x', 'county', {parent}, 'ELSEWHERE/NEW/', '', true)""",
    ),
]


# The guards of approvals, which tests/cases attack one by one.
OF_CASES = [
    guard.get_pgid(model)
    for model in apps.get_models()
    if issubclass(model, Case | Decision | CaseRow | Notice | NoticeObjection | NoticeAnswer)
    for guard in model.guards()
]


def refused(attack: Attack, facts: dict[str, Any], *, empty: bool) -> str:
    lies = [] if empty else [lie.format(**facts) for lie in attack.lies]
    with shadowed(lies, empty=empty) as cursor, pytest.raises(IntegrityError) as error:
        cursor.execute(f"{attack.statement.format(**facts)}; SET CONSTRAINTS ALL IMMEDIATE")
    return error.value.__cause__.diag.constraint_name


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: f"{one.guard}-{one.scene.__name__}")
def test_a_lock_reads_the_real_tables_and_no_others(attack):
    facts = attack.scene()
    assert refused(attack, facts, empty=False) == attack.guard
    assert refused(attack, facts, empty=True) == attack.guard


def test_every_lock_that_reads_another_table_is_attacked():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prosrc FROM pg_proc WHERE proname LIKE 'pgtrigger\\_%%' AND NOT prosecdef AND proname <> ALL (%s)",
            [OF_CASES],
        )
        reading = [
            source
            for (source,) in cursor.fetchall()
            if re.search(r"(?<!DISTINCT )\b(FROM|JOIN)\s+\w*\.?\w+_", source)
        ]
    guards = {name for source in reading for name in re.findall(r"CONSTRAINT = '(\w+)'", source)}
    # Of functions that read, these look at their own row alone; but for one that is judged only in a race.
    of_its_own_row = {
        "budget_fiscalyear_closes_settled",
        "budget_issueddocument_issued_by_actor",
        "budget_issueddocument_issued_now",
        "model_workers_honour_begins_standing",
    }
    assert guards - of_its_own_row == {attack.guard for attack in ATTACKS}
