"""The close of a budget year: two people close it, two open it again, and in between nothing of the year moves."""

import threading

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from apps.budget.models import Edition, FiscalYear, IssuedDocument, Item, Plan, YearClosing
from apps.budget.models.issues import Style
from apps.budget.rules.stages import Book, Stage
from apps.budget.services import printing
from apps.budget.services.plans import create_plan, open_correction
from apps.cases.services import save_case
from apps.core import audit
from apps.core.errors import Refused
from tests.budget.closings import begin_closing, close_year, step
from tests.budget.office import at_work
from tests.clients import signed_in
from tests.factories import EditionFactory, ReliefCaseFactory, UserFactory, retired_worker


@pytest.fixture
def settled(office) -> Edition:
    return office.settle(office.plan().editions.get())


@pytest.fixture
def closing(office, settled) -> YearClosing:
    close_year(2016, clerk=office.clerk, head=office.head)
    return YearClosing.objects.get(fiscal_year=2016)


# Of this database alone: other tests have theirs in the same cluster.
_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def is_closed(year: int = 2016) -> bool:
    return FiscalYear.objects.get(year=year).is_closed


# --- by two people ------------------------------------------------------------------------------------------------


def test_one_asks_and_another_closes(office, settled):
    case = begin_closing(2016, office.clerk)
    step(case, office.clerk, "submit")
    assert not is_closed()
    with pytest.raises(Refused, match="您没有“确认关闭”的权限"):
        step(case, office.clerk, "close")
    both = UserFactory(union=office.union, finance_clerk=True, finance_head=True)
    other = begin_closing(2015, both)
    step(other, both, "submit")
    with pytest.raises(Refused, match="您录入或修改过这项年度关闭"):
        step(other, both, "close")
    done = step(case, office.head, "close")
    assert FiscalYear.objects.get(year=2016).closed_at == done.at


def test_a_year_with_an_unfinished_budget_stays_open(office):
    edition = office.plan().editions.get()
    case = begin_closing(2016, office.clerk)
    with pytest.raises(Refused, match="还有未审定的预算版本"):
        step(case, office.clerk, "submit")
    office.settle(edition)
    step(case, office.clerk, "submit")
    office.next(edition.plan)
    with pytest.raises(Refused, match="还有未审定的预算版本"):
        step(case, office.head, "close")


def test_it_is_opened_again_by_two_with_a_reason_and_closed_again(office, closing):
    closed_at = FiscalYear.objects.get(year=2016).closed_at
    with pytest.raises(Refused, match="申请重新打开必须填写意见"):
        step(closing, office.clerk, "ask_reopen", "")
    step(closing, office.clerk, "ask_reopen", "漏列一笔。")
    assert is_closed(), "asking alone opens nothing"
    step(closing, office.head, "keep", "并入下年调剂。")
    assert FiscalYear.objects.get(year=2016).closed_at == closed_at
    step(closing, office.clerk, "ask_reopen", "确需更正。")
    step(closing, office.head, "reopen", "同意。")
    assert not is_closed()
    office.settle(office.next(Plan.objects.get()))
    step(closing, office.clerk, "submit")
    step(closing, office.head, "close")
    assert FiscalYear.objects.get(year=2016).closed_at > closed_at
    assert [one.verb for one in closing.decisions.all()].count("close") == 2


def test_a_year_has_one_closing_which_says_on_what_basis(office, closing):
    with pytest.raises(Refused, match="这一年度的关闭已经录入"):
        begin_closing(2016, office.clerk)
    with pytest.raises(Refused, match="必须写明关闭年度的“依据”"):
        save_case(
            case=YearClosing(fiscal_year=FiscalYear.objects.create(year=2031), union=office.union),
            actor=office.clerk,
        )


# --- afterwards ---------------------------------------------------------------------------------------------------


def test_after_the_close_every_service_says_so(office, closing, settled):
    plan = Plan.objects.select_related("fiscal_year").get()
    with pytest.raises(Refused, match="2016年度已关闭"):
        office.next(plan)
    with pytest.raises(Refused, match="2016年度已关闭"):
        open_correction(plan_id=plan.pk, reason="示例。", actor=office.clerk, now=office.now)
    with pytest.raises(Refused, match="2016年度已关闭"):
        create_plan(union_id=office.union.pk, year=2016, book=Book.UNION, actor=office.clerk, now=office.now)
    with pytest.raises(Refused, match="已审定，内容不能修改"):
        office.add_item(settled)
    with pytest.raises(Refused, match="该年度已关闭，不能再签发"):
        printing.request_print(
            edition_id=settled.pk, actor=office.head, style=Style.GONGWEN, is_issue=True, now=timezone.now()
        )
    draft = printing.request_print(
        edition_id=settled.pk, actor=office.head, style=Style.GONGWEN, is_issue=False, now=timezone.now()
    )
    assert draft.pk, "a copy that is not issued may be printed"


def test_after_the_close_the_database_refuses_too(office, closing, settled):
    with pytest.raises(IntegrityError, match="已关闭"), transaction.atomic():
        EditionFactory(plan=settled.plan, stage=Stage.FIRST_DOWN, created_by=office.clerk)
    with pytest.raises(IntegrityError, match="不能"), transaction.atomic():
        Item.objects.update(name="改名")
    with (
        pytest.raises(IntegrityError, match="该年度已关闭，不能再签发"),
        transaction.atomic(),
        audit.because(actor_id=office.head.pk, action="签发"),
    ):
        IssuedDocument.objects.create(
            edition=settled,
            style="gongwen",
            title="示例",
            pdf=b"x",
            sha256="2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
            page_count=1,
            snapshot={},
            fonts=[],
            waived=[],
            issued_by=office.head,
        )


@pytest.mark.django_db(transaction=True)
def test_nobody_closes_or_opens_a_year_past_the_two_people(office, runtime):
    office.settle(office.plan().editions.get())
    open_year, shut_year = "WHERE year = 2016", "WHERE year = 2015"
    close_year(2015, clerk=office.clerk, head=office.head)
    at_work(runtime, office.head)
    for statement, guard in (
        (f"UPDATE budget_fiscalyear SET closed_at = now() {open_year}", "budget_fiscalyear_closed_by_case"),
        (f"UPDATE budget_fiscalyear SET closed_at = NULL {shut_year}", "budget_fiscalyear_closed_by_case"),
        (f"UPDATE budget_fiscalyear SET closed_at = now() {shut_year}", "budget_fiscalyear_closed_by_case"),
        (
            "INSERT INTO budget_fiscalyear (year, closed_at) VALUES (2033, now())",
            "budget_fiscalyear_closed_by_case",
        ),
        ("UPDATE budget_yearclosing SET status = 'draft'", "budget_yearclosing_moves_by_decision"),
    ):
        with pytest.raises(psycopg.Error) as error, runtime.transaction():
            runtime.execute(statement)
        assert error.value.diag.constraint_name == guard, statement
    case = begin_closing(2016, office.clerk)
    at_work(runtime, office.clerk)
    with pytest.raises(psycopg.Error) as error, runtime.transaction():
        runtime.execute(f"UPDATE budget_yearclosing SET fiscal_year_id = 2015 WHERE id = {case.pk}")
    assert error.value.diag.constraint_name == "budget_yearclosing_year_fixed"


@pytest.mark.django_db(transaction=True)
def test_a_close_waits_for_the_edition_that_comes_in_and_is_refused_then(office):
    plan = office.plan()
    office.settle(plan.editions.get())
    case = begin_closing(2016, office.clerk)
    step(case, office.clerk, "submit")
    told = []

    def close() -> None:
        try:
            step(YearClosing.objects.get(), office.head, "close")
        except Refused as refused:
            told.append(refused.message)
        finally:
            connection.close()

    other = threading.Thread(target=close)
    with transaction.atomic(), connection.cursor() as cursor:
        office.next(plan)
        other.start()
        while other.is_alive():
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(_WAITING)
            if cursor.fetchone()[0]:
                break
    other.join()
    assert told == ["还有未审定的版本，不能关闭年度。"]
    assert not is_closed()


# --- on the page --------------------------------------------------------------------------------------------------


def test_the_year_is_closed_from_the_page_of_its_budget(office):
    plan = office.plan()
    clerk, head = signed_in(office.clerk), signed_in(office.head)
    page = clerk.get(reverse("budget:plan_detail", args=[plan.pk])).content.decode()
    create = reverse("budget:closing_create")
    assert f"{create}?fiscal_year=2016" in page
    assert create not in head.get(reverse("budget:plan_detail", args=[plan.pk])).content.decode()
    form = clerk.get(create, {"fiscal_year": "2016"}).content.decode()
    assert '<option value="2016" selected' in form
    empty = clerk.post(create, {"fiscal_year": "2016", "basis": ""})
    assert (empty.status_code, "“依据”没有填写" in empty.content.decode()) == (422, True)
    clerk.post(create, {"fiscal_year": "2016", "basis": "决算已批复"})
    case = YearClosing.objects.get()
    shown = clerk.get(case.url).content.decode()
    assert "还有未审定的预算版本，不能关闭年度" in shown
    assert "367,500.00" not in shown
    office.ratify(plan)
    step(case, office.clerk, "submit")
    assert "待确认关闭" in head.get(reverse("home:workbench")).content.decode()
    shown = head.get(case.url).content.decode()
    assert "确认关闭" in shown
    assert "367,500.00" in shown
    step(case, office.head, "close")
    assert "年度已关闭" in clerk.get(reverse("budget:plan_detail", args=[plan.pk])).content.decode()
    assert "2016年度已关闭" in clerk.get(reverse("budget:plan_detail", args=[plan.pk])).content.decode()
    assert 'value="2016"' not in clerk.get(create).content.decode(), "a year has one closing"


def test_the_page_tells_what_else_of_the_year_is_under_way(office, settled):
    clerk = UserFactory(model_worker_clerk=True)
    ReliefCaseFactory(person=retired_worker(), created_by=clerk, year=2016)
    case = begin_closing(2016, office.clerk)
    sees_relief = UserFactory(union=office.union, finance_head=True, model_worker_head=True)
    shown = signed_in(sees_relief).get(case.url).content.decode()
    assert "本年度仍在办理的事项，关闭以后不能再办" in shown


def test_people_of_another_union_see_no_closing(closing):
    stranger = UserFactory(county_clerk=True)
    assert YearClosing.objects.visible_to(stranger).count() == 0
