"""Who came to the exam and a relief case from hand to hand, as the office does it in the browser."""

from datetime import date

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.core.pdf import pdf_text
from apps.model_workers.models import Exam, ReliefCase
from tests.browser.dialogs import open_dialog
from tests.factories import (
    ExamFactory,
    ExamInvitationFactory,
    HospitalFactory,
    PersonFactory,
    ReliefStandardFactory,
    UnitFactory,
    UserFactory,
    retired_worker,
)
from tests.model_workers.checkups import finished

pytestmark = pytest.mark.django_db(transaction=True)
PRINTING_MS = 60_000


@pytest.fixture
def clerk(transactional_db) -> User:
    return UserFactory(full_name="示例·劳模经办", model_worker_clerk=True)


@pytest.fixture
def exam(clerk) -> Exam:
    """Twelve people of one factory on slips 1 to 12, ten of them sent to 示例一院."""
    exam, unit, hospital = ExamFactory(), UnitFactory(name="示例纺织厂"), HospitalFactory(name="示例一院")
    HospitalFactory(name="示例二院")
    for number, name in enumerate("安白陈丁冯高郝贾康李马宁", start=1):
        ExamInvitationFactory(
            case=exam,
            person=PersonFactory(name=f"示例{name}", unit=unit),
            slip_number=number,
            hospital=hospital if number <= 10 else None,
        )
    return exam


def dialog(page: Page):
    return page.locator("#dialog")


@pytest.mark.allows_status(422)
def test_attendance_is_entered_one_by_one_and_by_numbers_and_billed(
    page, sign_in_as, clerk, exam, violations, sideways
):
    sign_in_as(page, clerk)
    address = reverse("model_workers:exam_detail", args=[exam.pk])
    page.goto(f"{address}?state=pending")

    # One person, in the dialog; the list stays at its filter.
    open_dialog(page, "登记 3号示例陈")
    expect(dialog(page)).to_contain_text("示例陈（示例纺织厂）")
    expect(dialog(page).get_by_label("未检原因")).to_be_hidden()
    assert violations(page) == []
    dialog(page).get_by_label("办理").select_option(label="未检原因")
    expect(dialog(page).get_by_label("到检日期")).to_be_hidden()
    dialog(page).get_by_label("未检原因").select_option(label="在外地")
    dialog(page).get_by_role("button", name="保存").click()
    page.wait_for_url("**?state=pending")
    expect(page.get_by_text("“未检原因”已登记 1 人（通知单 3）")).to_be_visible()
    expect(page.get_by_role("link", name="示例陈")).to_have_count(0)

    # Many, pasted: one wrong number records nobody.
    page.get_by_role("link", name="按单号登记").click()
    page.get_by_label("通知单号").fill("1-2，4\n6 57")
    page.get_by_label("到检日期").fill("2015-06-03")
    page.get_by_role("button", name="核对姓名").click()
    expect(page.get_by_text("名册里没有 57 号通知单，一个都没有登记").first).to_be_visible()
    page.get_by_label("通知单号").fill("1-2，4\n6")
    page.get_by_role("button", name="核对姓名").click()
    expect(page.get_by_role("heading", name="核对：2015-06-03 在已安排的医院到检，4 人")).to_be_visible()
    expect(page.get_by_role("rowheader")).to_have_text(["示例安", "示例白", "示例丁", "示例高"])
    assert violations(page) == []
    assert sideways(page) <= 0
    assert not exam.invitations.attended().exists()
    page.get_by_role("button", name="登记这 4 人").click()
    page.wait_for_url(f"**{address}")
    assert list(exam.invitations.attended().values_list("slip_number", flat=True)) == [1, 2, 4, 6]

    # The bill: refused with both numbers, then taken.
    page.get_by_role("link", name="结算").click()
    open_dialog(page, "登记示例一院的结算")
    dialog(page).get_by_label("结算人数").fill("5")
    dialog(page).get_by_label("发票号码").fill("01234567")
    dialog(page).get_by_label("结算日期").fill("2015-08-03")
    dialog(page).get_by_role("button", name="登记结算").click()
    expect(dialog(page)).to_contain_text("结算人数 5 人与示例一院已登记的到检人数 4 人不一致")
    dialog(page).get_by_label("结算人数").fill("4")
    dialog(page).get_by_role("button", name="登记结算").click()
    expect(page.get_by_text("1,600.00").first).to_be_visible()
    assert exam.bills.get().people == 4

    # What the filter leaves is sent to a hospital at once.
    page.goto(f"{address}?hospital=none")
    page.get_by_role("link", name="所列的人安排医院").click()
    expect(page.get_by_label("通知单号")).to_have_value("11-12")
    page.get_by_label("医院").select_option(label="示例二院")
    page.get_by_role("button", name="核对姓名").click()
    page.get_by_role("button", name="登记这 2 人").click()
    page.wait_for_url(f"**{address}")
    assert exam.invitations.filter(hospital__name="示例二院").count() == 2


def test_an_exam_is_closed_by_a_second_hand_and_reopened_with_a_reason(
    another_page, sign_in_as, clerk, violations, sideways
):
    exam, page = finished(), another_page()
    head = UserFactory(full_name="示例·劳模负责人", model_worker_head=True)

    def decide(user: User, tab: str, label: str, note: str = "") -> None:
        sign_in_as(page, user)
        page.goto(reverse(f"model_workers:{tab}", args=[exam.pk]))
        assert sideways(page) <= 0
        open_dialog(page, label)
        assert violations(page) == []
        dialog(page).get_by_label("意见").fill(note)
        dialog(page).get_by_role("button", name=label).click()
        page.wait_for_selector("#dialog:not([open])", state="attached")

    decide(clerk, "exam_bills", "提交办结")
    expect(page.get_by_text("等待劳模负责人办理")).to_be_visible()
    expect(page.get_by_role("link", name="按单号登记")).to_have_count(0)
    sign_in_as(page, head)
    page.goto(reverse("home:workbench"))
    page.get_by_role("link", name="确认办结", exact=True).click()
    page.get_by_role("link", name=str(exam)).first.click()
    expect(page.get_by_role("button", name="确认办结")).to_be_visible()
    decide(head, "exam_bills", "确认办结")
    expect(page.locator(".badge", has_text="已办结")).to_be_visible()
    decide(clerk, "exam_bills", "申请重新办理", "示例：发票有误")
    decide(head, "exam_bills", "同意重新办理", "示例：同意更正")
    page.get_by_role("link", name="结算", exact=True).click()
    expect(page.get_by_text("示例：发票有误")).to_be_visible()
    expect(page.locator(".badge", has_text="重新办理")).to_be_visible()
    assert violations(page) == []


@pytest.mark.allows_status(422)
def test_a_relief_case_goes_through_three_hands_and_onto_paper(
    another_page, sign_in_as, clerk, violations, sideways
):
    ReliefStandardFactory()
    person = retired_worker(name="示例甲", unit=UnitFactory(name="示例纺织厂"))
    page = another_page()
    sign_in_as(page, clerk)
    page.goto(reverse("model_workers:relief_list"))
    page.get_by_role("link", name="录入救助").first.click()
    page.get_by_role("searchbox", name="搜索").last.fill("示例甲")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="给 示例甲 录入救助").click()

    # The calculation follows what is typed; nothing is saved.
    page.get_by_label("年度").fill("2015")
    page.get_by_label("本人月均收入").fill("2552.01")
    page.get_by_label("月数").fill("5")
    page.get_by_label("困难情况").fill("示例：长期患病。")
    page.get_by_label("救助金额").focus()
    trial = page.locator("[hx-post*=trial]")
    expect(trial).to_contain_text("名册里的工作状态适用“离退休”")
    expect(trial).to_contain_text("999.99 × 5 个月 = 4,999.95 元")
    expect(page.get_by_label("适用人员")).to_have_value("retired")
    assert violations(page) == []
    assert sideways(page) <= 0
    assert not ReliefCase.objects.exists()
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_text("人民币肆仟玖佰玖拾玖元玖角伍分")).to_be_visible()
    case = ReliefCase.objects.get(person=person)
    address = reverse("model_workers:relief_detail", args=[case.public_id])

    def decide(user: User, label: str, note: str = "") -> None:
        sign_in_as(page, user)
        page.goto(address)
        open_dialog(page, label)
        dialog(page).get_by_label("意见").fill(note)
        dialog(page).get_by_role("button", name=label).click()
        page.wait_for_selector("#dialog:not([open])", state="attached")

    decide(clerk, "提交审核")
    expect(page.get_by_text("等待劳模负责人办理")).to_be_visible()
    expect(page.get_by_role("link", name="修改", exact=True)).to_have_count(0)

    # The head returns it once; without an opinion that is refused.
    head = UserFactory(full_name="示例·劳模负责人", model_worker_head=True)
    sign_in_as(page, head)
    page.goto(address)
    open_dialog(page, "退回修改")
    dialog(page).get_by_role("button", name="退回修改").click()
    expect(dialog(page)).to_contain_text("“意见”没有填写")
    dialog(page).get_by_label("意见").fill("请核对月数。")
    dialog(page).get_by_role("button", name="退回修改").click()
    expect(page.locator(".badge", has_text="退回修改")).to_be_visible()

    decide(clerk, "提交审核")
    decide(head, "审核通过", "情况属实。")
    decide(UserFactory(full_name="示例·分管副主席", vice_chair=True), "审批同意")
    expect(page.locator(".badge", has_text="已审批")).to_be_visible()
    assert violations(page) == []

    with page.expect_download(timeout=PRINTING_MS) as waiting:
        page.get_by_role("button", name="审批表").click()
    text = "\n".join(pdf_text(waiting.value.path().read_bytes()))
    for words in ("人民币肆仟玖佰玖拾玖元玖角伍分", "示例·分管副主席（分管副主席）", "情况属实。"):
        assert words in text
    page.goto(reverse("model_workers:relief_list") + "?year=2015&status=approved")
    expect(page.get_by_text("4,999.95").first).to_be_visible()
    assert case.created_at.date() >= date(2015, 1, 1)
