"""The pages and papers of relief: what they show, what a click does, how many queries, and who sees nothing."""

import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from apps.accounts.models import AccessRecord
from apps.cases.forms import StepForm
from apps.cases.services import Seen
from apps.core.pdf import pdf_text
from apps.model_workers.models import ReliefCase
from apps.model_workers.services.relief import decide_relief
from apps.people.models import Person
from tests.clients import signed_in
from tests.factories import (
    ReliefCaseFactory,
    ReliefStandardFactory,
    UnitFactory,
    UserFactory,
    retired_worker,
)
from tests.people.canaries import hits, secrets_of, words_of

pytestmark = pytest.mark.django_db
LIST = "model_workers:relief_list"


@pytest.fixture
def clerk():
    return UserFactory(model_worker_clerk=True, full_name="示例·劳模经办")


@pytest.fixture
def client(clerk) -> Client:
    return signed_in(clerk)


@pytest.fixture
def person() -> Person:
    ReliefStandardFactory()
    ReliefStandardFactory(special=True)
    return retired_worker(name="示例甲", unit=UnitFactory(name="示例纺织厂"), nation="汉族")


@pytest.fixture
def case(person, clerk) -> ReliefCase:
    return ReliefCaseFactory(person=person, created_by=clerk)


def url(name: str, row: ReliefCase | Person, *more: object) -> str:
    return reverse(f"model_workers:{name}", args=[row.public_id, *more])


def typed(**changes: object) -> dict[str, object]:
    facts = {
        "year": 2015,
        "kind": "living",
        "group": "retired",
        "monthly_income": "3,000",
        "months": 12,
        "circumstances": "示例：长期患病。",
        "amount": "",
        "lower_reason": "",
    }
    return facts | changes


def approve(case: ReliefCase, clerk) -> None:
    hands = (
        (clerk, "submit", ""),
        (UserFactory(model_worker_head=True, full_name="示例·负责人"), "check", "已入户核实。"),
        (UserFactory(vice_chair=True, full_name="示例·副主席"), "approve", ""),
    )
    for actor, verb, opinion in hands:
        decide(case, actor, verb, opinion)


def decide(case: ReliefCase, actor, verb: str, opinion: str = "") -> None:
    case = ReliefCase.objects.for_detail().get(pk=case.pk)
    decide_relief(case=case, actor=actor, verb=verb, opinion=opinion, seen=Seen.of(case), now=timezone.now())


def seen(case: ReliefCase, **typed: str) -> dict[str, object]:
    """What the dialog of a step sends: what it showed, and what was typed."""
    return StepForm.initial_of(Seen.of(ReliefCase.objects.get(pk=case.pk))) | typed


# --- entering ------------------------------------------------------------------------------------------------


def test_the_applicant_is_found_among_the_model_workers(client, person, case):
    page = client.get(reverse("model_workers:relief_find"), {"q": "slj"})
    assert "示例甲" in page.content.decode()
    assert url("relief_create", person) in page.content.decode()
    assert (
        "没有这位劳模" in client.get(reverse("model_workers:relief_find"), {"q": "示例无"}).content.decode()
    )
    number = person.id_number.reveal()
    answer = client.get(reverse("model_workers:relief_find"), {"q": number})
    assert (answer.status_code, answer.url) == (302, reverse("model_workers:relief_find"))


def test_the_group_is_derived_and_the_steps_are_shown_without_saving(client, person):
    page = client.get(url("relief_create", person))
    assert page.context["form"].initial["group"] == "retired"
    assert "名册里的工作状态适用“离退休”" in page.content.decode()
    trial = client.post(url("relief_trial", person), typed()).content.decode()
    for words in ("3,552.00 − 3,000.00 = 552.00 元/月", "552.00 × 12 个月 = 6,624.00 元", "2015-12-31"):
        assert words in trial
    refused = client.post(url("relief_trial", person), typed(monthly_income="3600")).content.decode()
    assert "不低于救助线 3552 元" in refused
    unread = client.post(url("relief_trial", person), typed(months="很多", circumstances="")).content.decode()
    assert "“月数”应填写整数" in unread
    assert not ReliefCase.objects.exists()


def test_a_draft_is_saved_and_changed(client, person):
    answer = client.post(url("relief_create", person), typed())
    case = ReliefCase.objects.get()
    assert (answer.url, case.amount) == (url("relief_detail", case), Decimal("6624.00"))
    again = client.post(url("relief_create", person), typed(kind="special", monthly_income="", months=""))
    assert again.status_code == 422
    assert "示例甲2015年已有一项生活困难救助（草稿）" in again.content.decode()
    lower = typed(amount="6000", lower_reason="已获临时救助")
    assert client.post(url("relief_edit", case), lower).url == url("relief_detail", case)
    page = client.get(url("relief_detail", case)).content.decode()
    for words in (
        "6,000.00",
        "人民币陆仟元整",
        "少发理由：</span>已获临时救助",
        "核定 6,000.00 元，已获临时救助",
    ):
        assert words in page
    kept = client.get(url("relief_edit", case))
    assert kept.context["form"].initial["lower_reason"] == "已获临时救助"
    trial = client.post(url("relief_trial", person), typed(case="1")).content.decode()
    assert "6,624.00 元" in trial  # the case does not stand in its own way


def test_what_was_submitted_is_no_longer_edited(client, clerk, case):
    decide(case, clerk, "submit")
    answer = client.get(url("relief_edit", case))
    assert answer.url == url("relief_detail", case)
    client.post(url("relief_edit", case), typed(months=1))
    case.refresh_from_db()
    assert case.months == 12


# --- deciding ------------------------------------------------------------------------------------------------


def test_a_decision_is_asked_for_in_the_dialog_and_recorded(client, clerk, case):
    address = url("relief_decide", case, "submit")
    assert "6,624.00 元" in client.get(address).content.decode()
    done = client.post(address, seen(case, opinion=""), headers={"HX-Request": "true"})
    assert done.headers["HX-Redirect"] == url("relief_detail", case)
    head = signed_in(UserFactory(model_worker_head=True))
    empty = head.post(url("relief_decide", case, "return"), seen(case, opinion=""))
    assert empty.status_code == 422
    assert (
        head.post(url("relief_decide", case, "return"), seen(case, opinion="请核对月数")).status_code == 302
    )
    case.refresh_from_db()
    assert case.status == "returned"
    assert "请核对月数" in client.get(url("relief_detail", case)).content.decode()
    assert client.get(url("relief_decide", case, "dance")).status_code == 404


def test_the_namesake_sees_why_there_is_no_button(clerk, case):
    decide(case, clerk, "submit")
    namesake = signed_in(UserFactory(model_worker_head=True, full_name="示例甲"))
    page = namesake.get(url("relief_detail", case)).content.decode()
    assert "您与申请人同名，按回避规定请由他人办理" in page
    refused = namesake.post(url("relief_decide", case, "check"), seen(case, opinion=""))
    assert "您与申请人同名" in refused.content.decode()


# --- lists ---------------------------------------------------------------------------------------------------


def test_the_list_is_filtered_by_the_address_and_totals_the_year(client, clerk, case):
    special = ReliefCaseFactory(
        kind="special",
        standard=ReliefStandardFactory(special=True),
        monthly_income=None,
        months=None,
        amount=Decimal("5000"),
    )
    ReliefCaseFactory(person=case.person, year=2014)
    approve(case, clerk)

    def shown(**query) -> set[str]:
        page = client.get(reverse(LIST), query)
        assert page.status_code == 200
        return {f"{row.record.year}{row.record.kind}" for row in page.context["table"].rows}

    assert shown() == {"2015living", "2015special", "2014living"}
    assert shown(year=2015, status="approved") == {"2015living"}
    assert shown(kind="special") == shown(q=special.person.name) == {"2015special"}
    assert shown(year=2014, group="in_service") == set()
    totals = client.get(reverse(LIST), {"year": 2015}).context["totals"]
    assert [(row.kind, row.people, row.amount, row.waiting) for row in totals] == [
        ("living", 1, Decimal("6624.00"), 0),
        ("special", 0, Decimal("0.00"), 1),
        ("visit", 0, Decimal("0.00"), 0),
    ]
    wrong = client.get(reverse(LIST), {"year": "多年"})
    assert (wrong.status_code, len(wrong.context["table"].rows)) == (422, 0)


@pytest.mark.parametrize("page", ["list", "find"])
def test_lists_cost_the_same_for_two_cases_as_for_twelve(client, page):
    address = reverse(f"model_workers:relief_{page}")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address, {"q": "示例"}).status_code == 200
        return len(captured)

    for _ in range(2):
        ReliefCaseFactory(person=retired_worker(unit=UnitFactory()), year=timezone.localdate().year)
    two = queries()
    for _ in range(10):
        ReliefCaseFactory(person=retired_worker(unit=UnitFactory()), year=timezone.localdate().year)
    assert queries() == two


# --- papers --------------------------------------------------------------------------------------------------


def test_the_approval_form_tells_the_amount_the_steps_and_who_decided(client, clerk, case):
    approve(case, clerk)
    answer = client.post(url("relief_print", case))
    text = "\n".join(pdf_text(answer.content))
    for words in (
        "劳动模范困难救助审批表",
        "示例甲",
        "示例纺织厂",
        "3,552.00 − 3,000.00 = 552.00 元/月",
        "552.00 × 12 个月 = 6,624.00 元",
        "人民币陆仟陆佰贰拾肆元整",
        "示例市级职工劳动模范",
        "已入户核实。",
        "示例·副主席（分管副主席）",
        "已审批",
    ):
        assert words in text, words
    assert str(case.person.id_number) in text
    assert hits(words_of(answer), secrets_of([case.person])) == []
    record = AccessRecord.objects.get(kind="print")
    assert (record.actor, record.subject[:14]) == (clerk, "劳动模范困难救助审批表：示例")


def test_the_form_of_a_draft_leaves_the_boxes_empty(client, case):
    text = "\n".join(pdf_text(client.post(url("relief_print", case)).content))
    assert "草稿" in text
    assert "审批同意" not in text
    assert text.count("年　　月　　日") == 3


def test_the_spreadsheet_holds_the_filtered_cases_with_their_sum_and_is_recorded(client, clerk, case):
    ReliefCaseFactory(person=case.person, year=2014)
    answer = client.post(reverse("model_workers:relief_export"), {"year": 2015})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]
    assert [row[1] for row in rows] == ["示例甲", "合计"]
    assert (rows[0][12], rows[1][12]) == (6624, 6624)
    assert hits(words_of(answer), secrets_of([case.person])) == []
    record = AccessRecord.objects.get(kind="export")
    assert (record.actor, record.row_count, record.detail) == (clerk, 1, "年度 2015")


# --- who sees what -------------------------------------------------------------------------------------------


def test_a_county_sees_its_own_cases_and_nothing_of_another():
    county = UserFactory(county_clerk=True)
    ours = ReliefCaseFactory(person=retired_worker(name="示例本县", union=county.union))
    theirs = ReliefCaseFactory(person=retired_worker(name="示例金丝雀"))
    browser = signed_in(county)
    seen = [browser.get(reverse(LIST)), browser.get(reverse(LIST), {"q": "示例", "year": 2015})]
    seen += [
        browser.get(reverse("model_workers:relief_find"), {"q": "示例"}),
        browser.get(url("relief_detail", ours)),
    ]
    seen += [browser.post(reverse("model_workers:relief_export")), browser.post(url("relief_print", ours))]
    for answer in seen:
        assert answer.status_code == 200
        assert "金丝雀" not in words_of(answer)
    assert [row.waiting for row in seen[1].context["totals"]] == [1, 0, 0]
    for answer in (
        browser.get(url("relief_detail", theirs)),
        browser.get(url("relief_edit", theirs)),
        browser.post(url("relief_edit", theirs), typed()),
        browser.post(url("relief_print", theirs)),
        browser.get(url("relief_decide", theirs, "submit")),
        browser.post(url("relief_decide", theirs, "submit")),
        browser.get(url("relief_create", theirs.person)),
        browser.post(url("relief_create", theirs.person), typed()),
        browser.post(url("relief_trial", theirs.person), typed()),
    ):
        assert answer.status_code == 404
    theirs.refresh_from_db()
    assert theirs.status == "draft"


def test_a_county_enters_what_the_city_decides(client, clerk):
    county = UserFactory(county_clerk=True)
    ReliefStandardFactory()
    person = retired_worker(union=county.union)
    browser = signed_in(county)
    browser.post(url("relief_create", person), typed())
    case = ReliefCase.objects.get()
    browser.post(url("relief_decide", case, "submit"), seen(case))
    assert browser.post(url("relief_decide", case, "check"), seen(case)).status_code == 403
    head = signed_in(UserFactory(model_worker_head=True))
    head.post(url("relief_decide", case, "check"), seen(case))
    case.refresh_from_db()
    assert case.status == "checked"
