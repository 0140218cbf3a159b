"""Every promise the database keeps for the budget, tried by the name of its constraint."""

import hashlib
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from apps.budget.models import (
    Adjustment,
    CalcLine,
    ClassificationCode,
    EditionDecision,
    FiscalYear,
    ImportFile,
    Indicator,
    IssuedDocument,
    Item,
    ItemBasis,
    OutlineEntry,
    Plan,
    PolicyDocument,
    PrintJob,
    Waiver,
    YearClosing,
    YearClosingDecision,
)
from apps.budget.rules.calculation import Method
from apps.budget.rules.stages import Stage
from apps.core import audit
from tests.budget import closings
from tests.budget.office import Office, as_clerk
from tests.database import altered
from tests.factories import (
    CalcLineFactory,
    ClassificationCodeFactory,
    EditionFactory,
    ItemFactory,
    OutlineEntryFactory,
    PlanFactory,
    PolicyDocumentFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def refused_by(name: str):
    """The database refuses, and says which constraint did."""
    return pytest.raises(IntegrityError, match=name)


LINE_FAULTS = [
    ("budget_calcline_people_in_range", {"people": -1}),
    ("budget_calcline_people_in_range", {"people": 100_000_001, "rate": Decimal("0.01")}),
    ("budget_calcline_of_which_inside", {"of_which_people": 300, "of_which_label": "其中人员"}),
    (
        "budget_calcline_of_which_inside",
        {"people": None, "rate": None, "of_which_people": 1, "of_which_label": "其中人员"},
    ),
    ("budget_calcline_of_which_named", {"of_which_people": 6}),
    ("budget_calcline_rate_in_range", {"rate": Decimal("-0.01")}),
    ("budget_calcline_amount_in_range", {"people": 100_000_000, "rate": Decimal("100")}),
    ("budget_calcline_figures_of_its_method", {"fixed_amount": Decimal("1")}),
    ("budget_calcline_figures_of_its_method", {"method": Method.QUOTA}),
    ("budget_calcline_source_was_read", {"source_key": "accounts.county_unions"}),
    (
        "budget_calcline_source_counts",
        {
            "method": Method.QUOTA,
            "people": None,
            "rate": None,
            "fixed_amount": Decimal("1"),
            "source_key": "accounts.county_unions",
            "source_value": Decimal("1"),
            "source_read_at": timezone.now(),
        },
    ),
]


@pytest.mark.parametrize(("name", "values"), LINE_FAULTS)
def test_a_calculation_line_that_contradicts_itself_is_refused(name, values):
    with refused_by(name):
        CalcLineFactory(**values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("budget_calcline_shares_in_range", {"ratio": Decimal("1.000001")}),
        ("budget_calcline_shares_in_range", {"share": Decimal("0")}),
        ("budget_calcline_base_in_range", {"base_amount": Decimal("-1")}),
        ("budget_calcline_figures_of_its_method", {"people": 5}),
    ],
)
def test_a_share_of_a_base_outside_its_range_is_refused(name, values):
    with refused_by(name):
        CalcLineFactory(base_ratio=True, **values)


def test_a_fixed_amount_below_zero_is_refused():
    with refused_by("budget_calcline_fixed_in_range"):
        CalcLineFactory(quota=True, fixed_amount=Decimal("-1"))


@pytest.mark.parametrize(
    ("trait", "amount"),
    [
        ({}, "367500.00"),
        ({"base_ratio": True}, "5500000.00"),
        ({"quota": True}, "200000.00"),
        ({"people": None}, None),
    ],
)
def test_the_database_computes_the_amount_of_a_line(trait, amount):
    line = CalcLineFactory(**trait)
    line.refresh_from_db()
    assert line.amount == (Decimal(amount) if amount else None)


def test_half_a_fen_is_rounded_up_once():
    line = CalcLineFactory(
        base_ratio=True, base_amount=Decimal("0.25"), ratio=Decimal("0.02"), share=Decimal("1")
    )
    line.refresh_from_db()
    assert line.amount == Decimal("0.01")


def test_nobody_can_write_another_amount_into_a_line():
    line = CalcLineFactory()
    with (
        pytest.raises(ProgrammingError, match='column "amount"'),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE budget_calcline SET amount = 1 WHERE id = %s", [line.pk])


def test_two_lines_of_an_item_cannot_share_a_place():
    line = CalcLineFactory()
    with refused_by("budget_calcline_ordinal_once"):
        CalcLineFactory(item=line.item, ordinal=line.ordinal)
        connection.check_constraints()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("budget_item_has_name", {"name": ""}),
        ("budget_item_prior_amount_in_range", {"prior_amount": Decimal("-1")}),
        (
            "budget_item_control_amount_in_range",
            {"control_amount": Decimal("10000000000"), "edition__stage": Stage.FIRST_DOWN},
        ),
    ],
)
def test_an_item_outside_its_ranges_is_refused(name, values):
    with refused_by(name):
        ItemFactory(**values)


def test_an_item_stands_once_in_an_edition():
    item = ItemFactory()
    with refused_by("budget_item_once_an_edition"):
        ItemFactory(edition=item.edition, group=item.group, lineage=item.lineage)


def test_two_items_of_a_group_cannot_share_a_number():
    item = ItemFactory()
    with refused_by("budget_item_ordinal_once"):
        ItemFactory(edition=item.edition, group=item.group, ordinal=item.ordinal)
        connection.check_constraints()


def test_a_plan_exists_once_for_union_year_and_book():
    plan = PlanFactory()
    with refused_by("budget_plan_once"):
        PlanFactory(union=plan.union)


def test_a_plan_has_one_unfinished_edition():
    edition = EditionFactory()
    with refused_by("budget_edition_one_open"):
        EditionFactory(plan=edition.plan, stage=Stage.FIRST_DOWN)


def test_a_stage_that_comes_again_says_why_unless_it_is_an_adjustment():
    with refused_by("budget_edition_repeat_says_why"), transaction.atomic():
        EditionFactory(sequence=2)
    EditionFactory(sequence=2, reason="示例理由")
    EditionFactory(plan__book="union", stage=Stage.ADJUSTMENT, sequence=2)


def test_a_stage_stands_once_in_a_plan():
    office = Office()
    edition = office.approve(office.plan().editions.get())
    with refused_by("budget_edition_once"):
        EditionFactory(plan=edition.plan)


def test_a_step_stands_once_in_an_edition():
    edition = EditionFactory()
    step = Office(edition.union).step(edition, "submit", edition.created_by)
    with (
        altered("ALTER TABLE budget_editiondecision DISABLE TRIGGER USER"),
        refused_by("budget_editiondecision_once"),
        transaction.atomic(),
    ):
        EditionDecision.objects.create(
            case=edition, number=1, verb="check", source="submitted", actor=step.actor, amount=0, count=0
        )


@pytest.mark.parametrize("table", ["item", "line", "indicator", "basis", "outline"])
@pytest.mark.parametrize("operation", ["insert", "update", "delete"])
def test_the_content_of_a_submitted_edition_is_fixed(table, operation):
    item = ItemFactory()
    line = CalcLineFactory(item=item)
    entry = OutlineEntryFactory(edition=item.edition)
    indicator = Indicator.objects.create(
        item=item,
        ordinal=1,
        level="output",
        second_level="数量指标",
        name="人数",
        direction="equal",
        target="1",
    )
    basis = ItemBasis.objects.create(item=item, document=PolicyDocumentFactory(), ordinal=1)
    document = PolicyDocumentFactory()
    Office(item.edition.union).step(item.edition, "submit", item.edition.created_by)
    rows, change = {
        "item": (Item.objects.filter(pk=item.pk), {"name": "另一个"}),
        "line": (CalcLine.objects.filter(pk=line.pk), {"people": 1}),
        "indicator": (Indicator.objects.filter(pk=indicator.pk), {"target": "2"}),
        "basis": (ItemBasis.objects.filter(pk=basis.pk), {"article": "第一条"}),
        "outline": (OutlineEntry.objects.filter(pk=entry.pk), {"text": "改写"}),
    }[table]
    new = {
        "item": lambda: ItemFactory(edition=item.edition),
        "line": lambda: CalcLineFactory(item=item),
        "indicator": lambda: Indicator.objects.create(
            item=item,
            ordinal=2,
            level="output",
            second_level="数量指标",
            name="户数",
            direction="equal",
            target="1",
        ),
        "basis": lambda: ItemBasis.objects.create(item=item, document=document, ordinal=2),
        "outline": lambda: OutlineEntryFactory(edition=item.edition),
    }[table]
    with refused_by("已提交，内容不能修改"), transaction.atomic():
        {"insert": new, "update": lambda: rows.update(**change), "delete": lambda: rows._raw_delete(rows.db)}[
            operation
        ]()


def test_a_row_cannot_be_moved_into_another_edition():
    item = ItemFactory()
    with pytest.raises(ProgrammingError, match="pgtrigger: Cannot"), transaction.atomic():
        Item.objects.filter(pk=item.pk).update(edition=EditionFactory(plan__fiscal_year__year=2017))


def test_a_year_is_closed_on_a_basis_and_each_step_stands_once():
    case = closings.begin_closing(2031)
    with (
        refused_by("budget_yearclosing_has_basis"),
        transaction.atomic(),
        audit.because(actor_id=case.created_by_id, action="修改"),
    ):
        YearClosing.objects.update(basis="")
    with (
        refused_by("budget_yearclosing_once"),
        transaction.atomic(),
        audit.because(actor_id=case.created_by_id, action="录入"),
    ):
        YearClosing.objects.create(
            fiscal_year=case.fiscal_year, union=case.union, basis="x", created_by=case.created_by
        )
    closings.step(case, case.created_by, "submit")
    with (
        altered("ALTER TABLE budget_yearclosingdecision DISABLE TRIGGER USER"),
        refused_by("budget_yearclosingdecision_once"),
        transaction.atomic(),
    ):
        YearClosingDecision.objects.create(
            case=case, number=1, verb="close", source="submitted", actor=case.created_by, amount=0, count=0
        )


def test_a_year_lies_between_2000_and_2100():
    with refused_by("budget_fiscalyear_in_range"):
        FiscalYear.objects.create(year=1999)


def test_a_classification_code_has_one_name_a_year():
    code = ClassificationCodeFactory(last_year=2018)
    ClassificationCodeFactory(code=code.code, first_year=2019, name="改名后")
    with refused_by("budget_classification_one_name_a_year"):
        ClassificationCodeFactory(code=code.code, first_year=2018, last_year=2018)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("budget_classification_code_is_digits", {"code": "20A"}),
        ("budget_classification_years_in_order", {"last_year": 2006}),
    ],
)
def test_a_classification_code_outside_its_form_is_refused(name, values):
    with refused_by(name):
        ClassificationCodeFactory(**values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("budget_policydocument_number_normalised", {"number": "廊工发【2007】31号"}),
        ("budget_policydocument_is_named", {"title": "", "number": ""}),
    ],
)
def test_a_basis_document_outside_its_form_is_refused(name, values):
    with refused_by(name):
        PolicyDocumentFactory(**values)


def test_a_basis_document_expires_after_it_is_issued():
    with refused_by("budget_policydocument_dates_in_order"):
        PolicyDocumentFactory(issued_on="2016-02-01", in_force_until="2016-01-01")


def test_a_correction_says_why_and_corrects_another_document():
    document = PolicyDocumentFactory()
    with refused_by("budget_policydocument_correction_says_why"), transaction.atomic():
        PolicyDocumentFactory(corrects=document)
    with refused_by("budget_policydocument_corrects_another"):
        PolicyDocument.objects.filter(pk=document.pk).update(corrects=document.pk, correction_reason="笔误")


def test_a_document_number_enters_once():
    document = PolicyDocumentFactory()
    with refused_by("budget_policydocument_number_once"):
        PolicyDocumentFactory(number=document.number)


def test_a_document_without_a_number_enters_once_by_its_title():
    document = PolicyDocumentFactory(number="")
    with refused_by("budget_policydocument_title_once"):
        PolicyDocumentFactory(title=document.title, number="")


def test_a_document_is_cited_once_by_an_item():
    basis = ItemBasis.objects.create(item=ItemFactory(), document=PolicyDocumentFactory(), ordinal=1)
    with refused_by("budget_itembasis_once"):
        ItemBasis.objects.create(item=basis.item, document=basis.document, ordinal=2)


def test_an_outline_row_has_text_and_its_own_place():
    entry = OutlineEntryFactory()
    with refused_by("budget_outline_has_text"), transaction.atomic():
        OutlineEntryFactory(edition=entry.edition, text="")
    with refused_by("budget_outline_ordinal_once"):
        OutlineEntryFactory(edition=entry.edition, ordinal=entry.ordinal)
        connection.check_constraints()


def adjustment(item: Item, **values) -> Adjustment:
    values = {
        "kind": "addition",
        "amount": Decimal("100"),
        "reason": "追加理由",
        "created_by": item.edition.created_by,
    } | values
    with as_clerk(item.edition):
        return Adjustment.objects.create(item=item, **values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("budget_adjustment_sign_fits_kind", {"amount": Decimal("-1")}),
        ("budget_adjustment_sign_fits_kind", {"kind": "cut"}),
        ("budget_adjustment_sign_fits_kind", {"kind": "transfer"}),
        ("budget_adjustment_has_reason", {"reason": ""}),
    ],
)
def test_an_adjustment_outside_its_form_is_refused(name, values):
    item = ItemFactory(edition__stage=Stage.ADJUSTMENT)
    with refused_by(name):
        adjustment(item, **values)


def test_a_transfer_that_does_not_balance_is_refused_at_commit():
    item, pair = ItemFactory(edition__stage=Stage.ADJUSTMENT), "7b0c4f0e-9f7a-4a63-9d0f-6f2f3e6f9a01"
    other = ItemFactory(edition=item.edition)
    adjustment(item)
    adjustment(item, kind="transfer", amount=Decimal("-100"), pair=pair)
    with refused_by("调剂的调出与调入必须相等"):
        adjustment(other, kind="transfer", amount=Decimal("99.99"), pair=pair)
        connection.check_constraints()


def issued(**values) -> IssuedDocument:
    pdf = values.pop("pdf", b"%PDF-1.7")
    edition = values.pop("edition", None) or EditionFactory()
    office = Office(edition.union)
    edition = office.settle(edition)
    facts = {
        "edition": edition,
        "style": "gongwen",
        "title": "说明",
        "pdf": pdf,
        "sha256": "5a58fa4c6f2f1ac2d3f8fb3ad4cf0c3ac4a5ed1f3d2e0d6b4f1b7c0d9e8f7a6b",
        "page_count": 1,
        "snapshot": {},
        "fonts": [],
        "waived": [],
        "issued_by": office.head,
    }
    with audit.because(actor_id=office.head.pk, action="签发"):
        return IssuedDocument.objects.create(**facts | values)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_an_issued_file_must_be_what_its_hash_says():
    with refused_by("budget_issueddocument_hash_fits_bytes"):
        issued()


def test_a_second_issue_says_why():
    first = issued(sha256=sha256(b"%PDF-1.7"))
    with refused_by("budget_issueddocument_correction_has_reason"):
        issued(edition=first.edition, sequence=2, pdf=b"%PDF-2.0", sha256=sha256(b"%PDF-2.0"))


def test_an_issue_has_its_own_place_in_the_sequence():
    first = issued(sha256=sha256(b"%PDF-1.7"))
    again = {"edition": first.edition, "pdf": b"%PDF-2.0", "sha256": sha256(b"%PDF-2.0")}
    with refused_by("签发次数必须逐次相接"), transaction.atomic():
        issued(**again)
    with (
        altered("ALTER TABLE budget_issueddocument DISABLE TRIGGER USER"),
        refused_by("budget_issueddocument_once"),
        transaction.atomic(),
    ):
        issued(**again)


@pytest.mark.parametrize(
    "statement", ["UPDATE budget_issueddocument SET title = 'x'", "DELETE FROM budget_issueddocument"]
)
def test_an_issued_document_never_changes(statement):
    issued(sha256=sha256(b"%PDF-1.7"))
    with (
        pytest.raises(ProgrammingError, match="pgtrigger: Cannot"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def imported(**values) -> ImportFile:
    edition = EditionFactory()
    facts = {"edition": edition, "name": "预算.xlsx", "content": b"PK", "uploaded_by": edition.created_by}
    return ImportFile.objects.create(**facts | {"sha256": sha256(b"PK")} | values)


def test_an_imported_file_is_what_its_hash_says():
    with refused_by("budget_importfile_hash_fits_bytes"):
        imported(sha256=sha256(b"KP"))


def test_an_import_that_was_taken_over_names_who_took_it():
    with refused_by("budget_importfile_taken_by_someone"):
        imported(taken_at=timezone.now())


def test_a_waiver_has_a_reason_and_stands_once():
    edition = EditionFactory()
    facts = {
        "edition": edition,
        "fingerprint": "f" * 32,
        "code": "data.no_basis",
        "message": "无测算依据",
        "waived_by": edition.created_by,
    }
    with refused_by("budget_waiver_has_reason"), transaction.atomic():
        Waiver.objects.create(**facts, reason="")
    Waiver.objects.create(**facts, reason="财政定额")
    with refused_by("budget_waiver_once"):
        Waiver.objects.create(**facts, reason="再写一次")


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_an_approved_edition_takes_a_reason_that_is_then_never_changed(operation):
    edition = EditionFactory()
    Office(edition.plan.union).settle(edition)
    facts = {"edition": edition, "fingerprint": "1" * 32, "code": "x", "message": "问题", "reason": "示例"}
    waiver = Waiver.objects.create(**facts, waived_by=UserFactory())
    rows = Waiver.objects.filter(pk=waiver.pk)
    with pytest.raises(ProgrammingError, match="pgtrigger: Cannot"), transaction.atomic():
        rows.update(reason="改写") if operation == "update" else rows._raw_delete(rows.db)


def test_an_edition_that_another_follows_takes_no_reason():
    edition = EditionFactory()
    Office(edition.plan.union).settle(edition)
    EditionFactory(plan=edition.plan, stage=Stage.FIRST_DOWN)
    with refused_by("已开启后续版本"):
        Waiver.objects.create(
            edition=edition,
            fingerprint="1" * 32,
            code="x",
            message="问题",
            reason="示例",
            waived_by=UserFactory(),
        )


def test_progress_ends_at_a_hundred():
    edition = EditionFactory()
    with refused_by("budget_printjob_percent_in_range"):
        PrintJob.objects.create(
            edition=edition, style="gongwen", percent=101, requested_by=edition.created_by
        )


def test_every_constraint_of_the_budget_is_tried_here():
    """A new constraint without a test fails this one."""
    source = Path(__file__).read_text(encoding="utf-8")
    names = {
        constraint.name
        for model in apps.get_app_config("budget").get_models()
        for constraint in model._meta.constraints
    }
    assert not {name for name in names if name not in source}


def test_an_indicator_has_its_own_place_and_a_weight_up_to_100():
    item = ItemFactory()
    facts = {
        "item": item,
        "level": "output",
        "second_level": "数量指标",
        "name": "人数",
        "direction": "equal",
        "target": "1",
    }
    Indicator.objects.create(**facts, ordinal=1)
    with refused_by("budget_indicator_weight_in_range"), transaction.atomic():
        Indicator.objects.create(**facts, ordinal=2, weight=Decimal("100.5"))
    with refused_by("budget_indicator_ordinal_once"):
        Indicator.objects.create(**facts, ordinal=1)
        connection.check_constraints()


def test_every_change_of_a_line_leaves_who_and_why():
    line = CalcLineFactory()
    actor = UserFactory(finance_clerk=True)
    with audit.because(actor_id=actor.pk, action="修改测算行", reason="核对名册"):
        CalcLine.objects.filter(pk=line.pk).update(people=251)
    event = apps.get_model("budget", "CalcLineEvent").objects.filter(pgh_obj_id=line.pk).latest("pgh_id")
    assert (event.people, event.pgh_label) == (251, "update")
    assert event.pgh_context == {"user": actor.pk, "action": "修改测算行", "reason": "核对名册"}


@pytest.mark.parametrize(
    "statement", ["UPDATE budget_calclineevent SET people = 1", "DELETE FROM budget_calclineevent"]
)
def test_history_cannot_be_rewritten(statement):
    CalcLineFactory()
    with (
        pytest.raises(ProgrammingError, match="pgtrigger: Cannot"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_plans_are_seen_by_their_own_union_and_those_above():
    plan = PlanFactory()
    county = UserFactory(county_clerk=True)
    assert list(Plan.objects.visible_to(UserFactory(finance_clerk=True))) == [plan]
    assert not Plan.objects.visible_to(county).exists()
    assert not Plan.objects.visible_to(UserFactory(system_admin=True)).exists()


def test_codes_of_a_year_leave_out_those_no_longer_used():
    ClassificationCodeFactory(code="2012904", last_year=2018)
    assert ClassificationCode.objects.of_year(2018).filter(code="2012904").exists()
    assert not ClassificationCode.objects.of_year(2019).filter(code="2012904").exists()


def test_a_document_known_only_by_its_number_is_cited_by_it():
    assert PolicyDocument(title="", number="冀厂集字〔2004〕3号").citation() == "冀厂集字〔2004〕3号文件"
