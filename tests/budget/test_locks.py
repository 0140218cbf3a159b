"""What the database refuses the site itself: another way through the approval, another past, another ceiling."""

import hashlib
from decimal import Decimal

import psycopg
import pytest
from django.utils import timezone

from apps.budget import documents
from apps.budget.models import (
    Adjustment,
    CalcLine,
    Edition,
    FiscalYear,
    GridChange,
    ImportFile,
    Item,
    ItemBasis,
    ItemGroup,
)
from apps.budget.rules.stages import Status
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.services.adjustments import add_to_item
from apps.budget.services.items import change_item
from apps.budget.services.plans import close_year
from tests.budget.office import Office
from tests.factories import ClassificationCodeFactory, FiscalYearFactory, PolicyDocumentFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

SUBMIT = """
    INSERT INTO budget_decision (edition_id, round, action, label, from_status, to_status, actor_id, roles, note,
                                 minutes_number, total_amount, at)
    SELECT e.id, {round}, '{action}', 'x', '{source}', '{target}', {actor}, '', '', '{minutes}', {total}, now()
    FROM budget_edition e
"""


def whole(edition: Edition) -> Edition:
    return Edition.objects.for_detail().get(pk=edition.pk)


def refuses(runtime: psycopg.Connection, statement: str, reason: str) -> None:
    """The statement fails at once or, for what is judged at the end, at commit; afterwards nothing has changed."""
    with pytest.raises(psycopg.Error, match=reason), runtime.transaction():
        runtime.execute(statement)


# --- the state table ------------------------------------------------------------------------------------------


def decision(actor: int, **values: object) -> str:
    facts = {"round": 1, "action": "submit", "source": "draft", "target": "submitted", "minutes": ""}
    return SUBMIT.format(**facts | {"total": 367500, "actor": actor} | values)


def test_a_decision_is_a_step_of_the_table_at_the_right_round_with_the_right_total(office, runtime):
    office.plan()
    clerk = office.clerk.pk
    for values, reason in (
        ({"action": "approve", "target": "approved", "minutes": "x"}, "不在审批流程里"),
        ({"action": "check", "source": "submitted", "target": "checked"}, "不在审批流程里"),
        ({"action": "submit", "target": "approved"}, "不在审批流程里"),
        ({"round": 0}, "轮次与版本不符"),
        ({"round": 2}, "轮次与版本不符"),
        ({"total": "367500.01"}, "合计与版本的合计不符"),
        ({}, "没有改变版本的状态"),
    ):
        refuses(runtime, decision(clerk, **values), reason)
    assert Edition.objects.get().status == Status.DRAFT


def test_the_way_of_a_stage_is_its_own(office, runtime):
    """The finance head alone confirms what the bureau hands down, and nothing else."""
    edition = office.plan().editions.get()
    office.settle(edition, until=Status.SUBMITTED)
    step = {"action": "check", "source": "submitted"}
    refuses(runtime, decision(office.head.pk, **step, target="approved"), "不在审批流程里")
    refuses(
        runtime, decision(office.head.pk, action="withdraw", source="submitted", target="draft"), "只有提交人"
    )
    office.settle(edition, until=Status.VICE_APPROVED)
    last = {"action": "approve", "source": "vice_approved", "target": "approved"}
    refuses(runtime, decision(office.chair.pk, **last), "缺少会议纪要文号")
    refuses(runtime, decision(office.vice.pk, **last, minutes="x"), "one_step_a_person")


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
    assert office.settle(edition).last_decision.total_amount == 736_000


@pytest.mark.parametrize(
    "values",
    [
        "status = 'approved', approved_at = now(), submitted_by_id = created_by_id, submitted_at = now()",
        "round = 3",
        "minutes_number = 'x'",
        "submitted_by_id = created_by_id",
        "compared_with_id = based_on_id",
    ],
)
def test_a_new_edition_is_a_draft_without_a_past(office, runtime, values):
    columns = dict(pair.split(" = ") for pair in values.split(", "))
    plan = office.plan()
    first = office.settle(plan.editions.get())
    facts = {
        "plan_id": "plan_id",
        "stage": "'ratified'",
        "sequence": "1",
        "based_on_id": "id",
        "status": "'draft'",
        "round": "0",
        "minutes_number": "''",
        "created_by_id": "created_by_id",
        "created_at": "now()",
    } | columns
    facts = {name: "id" if value == "based_on_id" else value for name, value in facts.items()}
    refuses(
        runtime,
        f"INSERT INTO budget_edition ({', '.join(facts)}) SELECT {', '.join(facts.values())} FROM budget_edition",
        "新的版本只能是草稿",
    )
    assert list(Edition.objects.all()) == [first]


def test_an_edition_follows_an_approved_one_of_its_own_plan(office, runtime):
    office.settle(office.plan().editions.get())
    office.plan(year=2017)
    refuses(
        runtime,
        """INSERT INTO budget_edition (plan_id, stage, sequence, based_on_id, status, round, minutes_number,
                                       created_by_id, created_at)
           SELECT other.plan_id, 'ratified', 1, own.id, 'draft', 0, '', own.created_by_id, now()
           FROM budget_edition own, budget_edition other WHERE own.status = 'approved' AND other.status = 'draft'""",
        "只能来自本预算已审定的版本|one_open",
    )


# --- what is recorded with the decisions ----------------------------------------------------------------------

HEAD = [
    "minutes_number = 'x'",
    "submitted_by_id = (SELECT max(id) FROM accounts_user)",
    "submitted_at = now()",
    "approved_at = now()",
    "round = 9",
    "last_decision_id = (SELECT min(id) FROM budget_decision)",
    "compared_with_id = id",
]


@pytest.mark.parametrize("until", [Status.SUBMITTED, Status.APPROVED])
def test_who_submitted_when_and_by_which_minutes_stays(office, runtime, until):
    edition = office.plan().editions.get()
    office.submit(edition)
    office.decide(edition, office.head, "return", note="请补充。")
    office.settle(edition, until=until)
    UserFactory()
    for change in HEAD:
        refuses(runtime, f"UPDATE budget_edition SET {change}", "状态只能通过审批改变")
    refuses(runtime, "UPDATE budget_edition SET created_by_id = created_by_id + 1", "Cannot update")
    refuses(runtime, "UPDATE budget_edition SET based_on_id = id", "Cannot update")


@pytest.mark.parametrize(
    "change",
    [
        "submitted_by_id = (SELECT id FROM accounts_user WHERE id <> {clerk} LIMIT 1)",
        "submitted_at = d.at - interval '1 day'",
        "round = 2",
        "minutes_number = 'x'",
        "approved_at = now()",
    ],
)
def test_the_head_says_what_the_decision_says(office, runtime, change):
    office.plan()
    UserFactory()
    facts = {
        "status": "'submitted'",
        "last_decision_id": "d.id",
        "round": "1",
        "submitted_by_id": str(office.clerk.pk),
        "submitted_at": "d.at",
    }
    name, value = change.format(clerk=office.clerk.pk).split(" = ", 1)
    sets = ", ".join(f"{name} = {value}" for name, value in (facts | {name: value}).items())
    refuses(
        runtime,
        f"{decision(office.clerk.pk)}; UPDATE budget_edition e SET {sets} FROM budget_decision d WHERE d.edition_id = e.id",
        "必须与审批记录一致",
    )


def test_a_closed_year_is_never_opened_again_and_no_year_is_deleted(office, runtime):
    office.settle(office.plan().editions.get())
    FiscalYearFactory(year=2031)
    close_year(year=2016, actor=office.head, now=office.now)
    for change in (
        "closed_at = NULL, closed_by_id = NULL",
        "closed_at = now()",
        "closed_by_id = closed_by_id + 0, year = 2030",
    ):
        refuses(runtime, f"UPDATE budget_fiscalyear SET {change} WHERE year = 2016", "Cannot update")
    refuses(runtime, "UPDATE budget_fiscalyear SET year = 2030 WHERE year = 2031", "Cannot update")
    refuses(runtime, "DELETE FROM budget_fiscalyear WHERE year = 2031", "Cannot delete")
    assert FiscalYear.objects.get(year=2016).is_closed


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
