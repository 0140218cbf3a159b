"""What the database refuses the site itself: another way through the approval, another past, another ceiling."""

import hashlib
from decimal import Decimal

import psycopg
import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.budget import documents
from apps.budget.models import (
    Adjustment,
    CalcLine,
    Edition,
    GridChange,
    ImportFile,
    Item,
    ItemBasis,
    ItemGroup,
)
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.services.adjustments import add_to_item
from apps.budget.services.items import change_item
from apps.budget.services.lines import change_line
from apps.cases.services import save_case
from tests.budget.office import Office, as_clerk, at_work
from tests.factories import (
    ClassificationCodeFactory,
    FiscalYearFactory,
    PolicyDocumentFactory,
    UnionFactory,
    UserFactory,
)
from tests.stand_ins import instead_of

pytestmark = pytest.mark.django_db(transaction=True)


def whole(edition: Edition) -> Edition:
    return Edition.objects.for_detail().get(pk=edition.pk)


def refuses(runtime: psycopg.Connection, statement: str, reason: str) -> None:
    """The statement fails at once or, for what is judged at the end, at commit; afterwards nothing has changed."""
    with pytest.raises(psycopg.Error, match=reason), runtime.transaction():
        runtime.execute(statement)


def test_the_total_of_a_decision_counts_the_adjustments(office):
    edition = office.adjustment()
    add_to_item(
        edition_id=edition.pk,
        item_id=edition.items.first().pk,
        amount=Decimal(1000),
        reason="追加。",
        actor=office.clerk,
        now=office.now,
    )
    assert office.settle(edition).last_step.amount == 736_000


def test_an_edition_follows_an_approved_one_of_its_own_plan_and_union(office, runtime):
    settled = office.settle(office.plan().editions.get())
    other = office.plan(year=2017).editions.get()
    at_work(runtime, office.clerk)
    begin = """
        INSERT INTO budget_edition (public_id, union_id, plan_id, stage, sequence, based_on_id, status, round, route, decided,
                                    created_by_id, reason)
        VALUES (gen_random_uuid(), {union}, {plan}, 'first_down', 1, {before}, 'draft', 0, '', 0, {clerk}, '')"""
    facts = {
        "union": office.union.pk,
        "plan": settled.plan_id,
        "before": settled.pk,
        "clerk": office.clerk.pk,
    }
    for lie, reason in (
        ({"plan": other.plan_id}, "只能来自本预算已审定的版本"),
        ({"before": other.pk}, "只能来自本预算已审定的版本"),
        ({"union": UnionFactory(parent=office.union).pk}, "版本属于它的预算的工会"),
    ):
        refuses(runtime, begin.format(**facts | lie), reason)
    for change in ("plan_id = plan_id + 1", "stage = 'second_up'", "sequence = 2", "based_on_id = id"):
        refuses(runtime, f"UPDATE budget_edition SET {change} WHERE id = {other.pk}", "不能改变")
    runtime.execute(begin.format(**facts))


def test_a_year_that_is_being_closed_waits_for_the_edition_that_comes_in(office, runtime):
    settled = office.settle(office.plan().editions.get())
    runtime.execute("SET lock_timeout = '200ms'")
    runtime.commit()
    with transaction.atomic():
        save_case(case=Edition(plan=settled.plan, union=office.union, stage="first_down"), actor=office.clerk)
        refuses(runtime, "UPDATE budget_fiscalyear SET closed_at = now()", "lock timeout")


# --- issuing ----------------------------------------------------------------------------------------------------------

ISSUE = """
    INSERT INTO budget_issueddocument (edition_id, style, sequence, reason, title, pdf, sha256, page_count, snapshot, fonts,
                                       waived, issued_by_id, stands_in_for_id, issued_at)
    VALUES ({edition}, 'gongwen', {sequence}, 'x', 'x', 'x', encode(sha256('x'), 'hex'), 1, '{{}}', '[]', '[]', {actor},
            {instead_of}, {at})
"""


def test_only_an_approved_edition_is_issued_by_somebody_entitled_who_did_not_enter_it(office, runtime):
    edition = office.plan().editions.get()
    both = UserFactory(union=office.union, finance_clerk=True, finance_head=True)
    facts = {
        "edition": edition.pk,
        "sequence": 1,
        "actor": office.head.pk,
        "instead_of": "NULL",
        "at": "now()",
    }

    def tried(who: User, **lie: object) -> str:
        at_work(runtime, who)
        with pytest.raises(psycopg.Error) as error, runtime.transaction():
            runtime.execute(ISSUE.format(**facts | lie))
        return error.value.diag.constraint_name.removeprefix("budget_issueddocument_")

    assert tried(office.head) == "of_approved"
    line = CalcLine.objects.get()
    change_line(
        line_id=line.pk, actor=both, values={"people": 251}, seen_version=line.version, now=office.now
    )
    office.settle(edition)
    assert tried(office.clerk) == "issued_by_actor"
    assert tried(office.chair, actor=office.chair.pk) == "issued_by_role"
    assert tried(both, actor=both.pk) == "issued_by_other"
    stands_in = instead_of(both, Role.FINANCE_HEAD)
    assert tried(stands_in, actor=stands_in.pk) == "stands_in_as_held"
    assert tried(stands_in, actor=stands_in.pk, instead_of=both.pk) == "issued_by_other"
    assert tried(office.head, instead_of=both.pk) == "stands_in_as_held"
    assert tried(office.head, sequence=2) == "in_order"
    assert tried(office.head, at="now() - interval '1 day'") == "issued_now"
    runtime.execute(ISSUE.format(**facts))


def test_a_year_neither_changes_nor_goes(runtime):
    FiscalYearFactory(year=2031)
    refuses(runtime, "UPDATE budget_fiscalyear SET year = 2030 WHERE year = 2031", "Cannot update")
    refuses(runtime, "DELETE FROM budget_fiscalyear WHERE year = 2031", "Cannot delete")


# --- the ceiling ----------------------------------------------------------------------------------------------


def set_control(office: Office, item: Item, amount: int) -> None:
    change_item(
        item_id=item.pk,
        actor=office.clerk,
        values={"control_amount": Decimal(amount)},
        seen_version=item.version,
        now=office.now,
    )


def test_the_ceiling_is_entered_in_first_down_and_carried_on_as_it_is(office, runtime):
    at_work(runtime, office.clerk)
    plan = office.plan()
    refuses(runtime, "UPDATE budget_item SET control_amount = 1", "控制数由财政在一下下达")
    office.settle(plan.editions.get())
    down = office.next(plan)
    set_control(office, down.items.get(), 400_000)
    office.settle(down)
    up = office.next(plan)
    copied = up.items.get()
    assert copied.control_amount == 400_000
    for amount in ("900000", "NULL"):
        refuses(
            runtime,
            f"UPDATE budget_item SET control_amount = {amount} WHERE edition_id = {up.pk}",
            "控制数由财政在一下下达",
        )
    refuses(
        runtime,
        f"""INSERT INTO budget_item (edition_id, lineage, group_id, ordinal, name, is_three_public, is_procurement,
                is_paid_to_persons, is_union_dues, counted_as, purpose, change_reason, version, updated_at,
                control_amount)
            SELECT edition_id, gen_random_uuid(), group_id, 9, 'x', false, false, false, false, '', '', '', 1, now(),
                500000 FROM budget_item WHERE edition_id = {up.pk}""",
        "控制数由财政在一下下达",
    )
    assert office.add_item(up, name="新项目").control_amount is None


# --- after ratification ---------------------------------------------------------------------------------------


def test_the_calculation_of_an_adjustment_edition_is_that_of_the_edition_before(office, runtime):
    at_work(runtime, office.clerk)
    edition = office.adjustment()
    lines = f"item_id IN (SELECT id FROM budget_item WHERE edition_id = {edition.pk})"
    for statement in (
        f"UPDATE budget_calcline SET people = 1 WHERE {lines}",
        f"DELETE FROM budget_calcline WHERE {lines}",
        f"""INSERT INTO budget_calcline (item_id, ordinal, label, method, fixed_amount, unit, of_which_label,
                share_basis, note, source_key, source_parameters, source_rows, source_kept_reason, version, updated_at)
            SELECT id, 9, '', 'quota', 5, '人', '', '', '', '', '{{}}', '{{}}', '', 1, now()
            FROM budget_item WHERE edition_id = {edition.pk}""",
    ):
        refuses(runtime, statement, "调剂版本不改测算")
    assert CalcLine.objects.filter(item__edition=edition, people=245).count() == 2


MOVE = """
    INSERT INTO budget_adjustment (item_id, kind, amount, reason, created_by_id, created_at)
    SELECT i.id, 'cut', {amount}, 'x', e.created_by_id, now()
    FROM budget_item i JOIN budget_edition e ON e.id = i.edition_id WHERE i.id = {item}
"""


def test_money_moves_only_in_an_adjustment_edition_and_no_item_falls_below_zero(office, runtime):
    at_work(runtime, office.clerk)
    edition = office.adjustment()
    item = edition.items.order_by("ordinal").first()
    other = office.plan(year=2017).editions.get().items.get()
    refuses(runtime, MOVE.format(item=other.pk, amount=-1), "只有批复后的调剂版本")
    refuses(runtime, MOVE.format(item=item.pk, amount="-367500.01"), "不能小于 0")
    runtime.execute(MOVE.format(item=item.pk, amount=-367500))
    runtime.commit()
    refuses(runtime, "UPDATE budget_adjustment SET amount = -367500.01", "不能小于 0")
    refuses(
        runtime, "UPDATE budget_adjustment SET item_id = (SELECT max(id) FROM budget_item)", "Cannot update"
    )
    assert Adjustment.objects.get().amount == -367_500


def test_what_an_earlier_adjustment_took_is_gone_in_the_next(office, runtime):
    at_work(runtime, office.clerk)
    first = office.adjustment()
    runtime.execute(MOVE.format(item=first.items.order_by("ordinal").first().pk, amount=-300_000))
    runtime.commit()
    office.settle(first)
    item = office.next(first.plan).items.order_by("ordinal").first()
    refuses(runtime, MOVE.format(item=item.pk, amount=-67_501), "不能小于 0")


# --- files and blocks brought in ------------------------------------------------------------------------------


def test_a_block_keeps_what_it_changed_and_is_undone_once(office, runtime):
    edition = office.plan().editions.get()
    GridChange.objects.create(edition=edition, kind="paste", summary="x", changes=[], actor=office.clerk)
    for statement in (
        "UPDATE budget_gridchange SET changes = '[1]'",
        "UPDATE budget_gridchange SET actor_id = actor_id + 1, undone_at = now()",
        "DELETE FROM budget_gridchange",
    ):
        refuses(runtime, statement, "Cannot")
    runtime.execute("UPDATE budget_gridchange SET undone_at = now()")
    runtime.commit()
    refuses(runtime, "UPDATE budget_gridchange SET undone_at = NULL", "Cannot update")


def test_a_file_that_was_taken_over_stays_as_it_came(office, runtime):
    edition = office.plan().editions.get()
    change = GridChange.objects.create(
        edition=edition, kind="import", summary="x", changes=[], actor=office.clerk
    )
    file = ImportFile.objects.create(
        edition=edition,
        name="预算.xlsx",
        content=b"PK",
        sha256=hashlib.sha256(b"PK").hexdigest(),
        uploaded_by=office.clerk,
    )
    refuses(runtime, "UPDATE budget_importfile SET name = 'x'", "Cannot update")
    ImportFile.objects.filter(pk=file.pk).update(
        taken_at=timezone.now(), taken_by=office.clerk, change=change
    )
    for statement in (
        "UPDATE budget_importfile SET taken_at = NULL, taken_by_id = NULL, change_id = NULL",
        "UPDATE budget_importfile SET taken_at = now()",
        "DELETE FROM budget_importfile",
    ):
        refuses(runtime, statement, "Cannot update or delete")


# --- names that are printed -----------------------------------------------------------------------------------


def test_what_a_submitted_edition_prints_of_a_name_stays(office, runtime):
    edition = office.plan().editions.get()
    item = edition.items.get()
    document, code = PolicyDocumentFactory(), ClassificationCodeFactory()
    with as_clerk(edition):
        ItemBasis.objects.create(item=item, document=document, ordinal=1)
        Item.objects.filter(pk=item.pk).update(function_code=code)
    changes = (
        "UPDATE budget_itemgroup SET name = name || '改'",
        "UPDATE budget_itemgroup SET ordinal = ordinal + 1",
        "UPDATE budget_classificationcode SET name = name || '改'",
        "UPDATE budget_policydocument SET title = title || '改'",
        "UPDATE budget_policydocument SET number = ''",
        "UPDATE budget_policydocument SET issuer = issuer || '改'",
    )
    for statement in changes:
        runtime.execute(statement)
        runtime.rollback()
    text = documents.plain_text(edition_sheet(office.settle(edition)))
    for statement in changes:
        refuses(runtime, statement, "更正请另建一条")
    runtime.execute("UPDATE budget_itemgroup SET is_active = false")
    runtime.execute("UPDATE budget_classificationcode SET last_year = 2030")
    runtime.execute("UPDATE budget_policydocument SET in_force_until = '2030-01-01', note = 'x'")
    runtime.commit()
    assert not ItemGroup.objects.get(pk=item.group_id).is_active
    assert documents.plain_text(edition_sheet(whole(edition))) == text
