"""The pages and papers of the exam: what they show, what a click does, how many queries, and who sees nothing."""

import io
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from apps.accounts.models import AccessRecord
from apps.core.pdf import pdf_text
from apps.model_workers.models import Exam, ExamBill, Hospital
from apps.people.models import Unit
from tests.clients import signed_in
from tests.factories import (
    ExamFactory,
    ExamInvitationFactory,
    ExamRuleFactory,
    HospitalFactory,
    PersonFactory,
    UnionFactory,
    UnitFactory,
    UserFactory,
    retired_worker,
)
from tests.people.canaries import hits, secrets_of, words_of

pytestmark = pytest.mark.django_db
DAY = date(2015, 6, 3)


@pytest.fixture
def clerk():
    return UserFactory(model_worker_clerk=True)


@pytest.fixture
def head():
    return UserFactory(model_worker_head=True)


@pytest.fixture
def client(clerk) -> Client:
    return signed_in(clerk)


@pytest.fixture
def exam() -> Exam:
    """Six people of one unit on slips 1 to 6, 1 to 4 sent to a hospital."""
    exam = ExamFactory(budget_amount=Decimal("2400"))
    unit, hospital = UnitFactory(name="示例纺织厂"), HospitalFactory(name="示例一院", address="示例路 9 号")
    for number, name in enumerate(("示例安", "示例白", "示例陈", "示例丁", "示例冯", "示例高"), start=1):
        ExamInvitationFactory(
            case=exam,
            person=PersonFactory(name=name, unit=unit),
            slip_number=number,
            hospital=hospital if number < 5 else None,
        )
    return exam


def hospital() -> Hospital:
    return Hospital.objects.get(name="示例一院")


def url(name: str, exam: Exam, *more: object) -> str:
    return reverse(f"model_workers:{name}", args=[exam.pk, *more])


def press(client: Client, exam: Exam, verb: str, **typed: str) -> str:
    """Open the dialog of a step and take it as it is shown; returns what the dialog says."""
    address = url("exam_decide", exam, verb)
    shown = client.get(address)
    assert shown.status_code == 200
    hidden = shown.context["form"].initial
    client.post(address, {name: str(value) for name, value in hidden.items()} | {"opinion": ""} | typed)
    exam.refresh_from_db()
    return shown.content.decode()


def typed(slips: str = "", **changes: object) -> dict[str, object]:
    facts = {"slips": slips, "what": "attended", "attended_on": "2015-06-03", "hospital": "", "absence": ""}
    return facts | {"step": "preview"} | changes


# --- pages ---------------------------------------------------------------------------------------------------


def test_the_roster_is_filtered_by_the_address(client, exam):
    exam.invitations.filter(slip_number=1).update(attended_on=DAY)
    exam.invitations.filter(slip_number=2).update(absence="ill")

    def shown(**query) -> list[str]:
        page = client.get(url("exam_detail", exam), query)
        assert page.status_code == 200
        return [row.record.person.name for row in page.context["table"].rows]

    assert shown() == ["示例安", "示例白", "示例陈", "示例丁", "示例冯", "示例高"]
    assert shown(state="attended") == ["示例安"]
    assert shown(state="absent") == shown(state="ill") == ["示例白"]
    assert shown(state="pending") == ["示例陈", "示例丁", "示例冯", "示例高"]
    assert shown(hospital="none") == ["示例冯", "示例高"]
    assert shown(hospital=hospital().pk, state="pending") == ["示例陈", "示例丁"]
    assert shown(q="示例丁") == ["示例丁"]
    assert shown(union=exam.invitations.first().person.union_id)[0] == "示例安"


def test_a_whole_number_never_stays_in_the_address(client, exam):
    number = exam.invitations.first().person.id_number.reveal()
    answer = client.get(url("exam_detail", exam), {"q": number, "state": "pending"})
    assert (answer.status_code, answer.url) == (302, url("exam_detail", exam) + "?state=pending")


def test_wrong_filters_show_nobody_and_say_so(client, exam):
    answer = client.get(url("exam_detail", exam), {"hospital": "99999999"})
    assert answer.status_code == 200
    assert "“医院”请从列表中选择" in answer.content.decode()
    assert "示例安" not in answer.content.decode()


def test_opening_lists_whom_the_rule_invites(client):
    retired_worker(name="示例甲")
    ExamRuleFactory()
    union = UnionFactory(city=True)
    facts = {
        "year": 2015,
        "union": union.pk,
        "snapshot_on": "2015-04-30",
        "starts_on": "2015-05-04",
        "ends_on": "2015-07-31",
        "budget_amount": "22.28万",
    }
    answer = client.post(reverse("model_workers:exam_create"), facts)
    exam = Exam.objects.get()
    assert answer.url == url("exam_detail", exam)
    assert (exam.budget_amount, exam.invitations.count()) == (Decimal("222800.00"), 1)
    again = client.post(reverse("model_workers:exam_create"), facts)
    assert again.status_code == 422
    assert "该工会本年度已有体检安排" in again.content.decode()


def test_slips_are_shown_by_name_before_they_are_recorded(client, exam):
    page = client.post(url("exam_entry", exam), typed("1 3-4"))
    body = page.content.decode()
    assert page.status_code == 200
    assert "3 人" in body
    assert all(name in body for name in ("示例安", "示例陈", "示例丁"))
    assert "示例白" not in body
    assert not exam.invitations.attended().exists()
    answer = client.post(url("exam_entry", exam), typed("1 3-4", step="record"))
    assert answer.url == url("exam_detail", exam)
    assert list(exam.invitations.attended().values_list("slip_number", flat=True)) == [1, 3, 4]


def test_one_wrong_number_records_nobody_and_keeps_what_was_typed(client, exam):
    for step in ("preview", "record"):
        page = client.post(url("exam_entry", exam), typed("1-2 57", step=step))
        assert page.status_code == 422
        assert "名册里没有 57 号通知单，一个都没有登记" in page.content.decode()
        assert "1-2 57</textarea>" in page.content.decode()
    assert not exam.invitations.attended().exists()
    page = client.post(url("exam_entry", exam), typed("1-2", what="absent"))
    assert "“未检原因”请从列表中选择" in page.content.decode()
    page = client.post(url("exam_entry", exam), typed("甲"))
    assert "“甲”不是单号" in page.content.decode()


def test_the_people_of_a_filter_are_filled_in(client, exam):
    page = client.get(url("exam_entry", exam), {"hospital": "none", "what": "hospital"})
    body = page.content.decode()
    assert "5-6</textarea>" in body
    assert '<option value="hospital" selected>' in body
    assert "5-6</textarea>" not in client.get(url("exam_entry", exam)).content.decode()


def test_one_slip_is_recorded_in_the_dialog_and_the_list_stays_where_it_was(client, exam):
    address = url("invitation_edit", exam, 3)
    assert "示例陈（示例纺织厂）" in client.get(address).content.decode()
    opened = f"http://testserver{url('exam_detail', exam)}?state=pending&page=1"
    answer = client.post(
        address, typed(hospital=hospital().pk), headers={"HX-Request": "true", "HX-Current-URL": opened}
    )
    assert answer.headers["HX-Redirect"] == url("exam_detail", exam) + "?state=pending&page=1"
    assert exam.invitations.get(slip_number=3).attended_on == DAY
    refused = client.post(address, typed(what="absent", absence="away"))
    assert refused.status_code == 422
    assert "3号示例陈已登记到检" in refused.content.decode()
    assert client.get(url("invitation_edit", exam, 99)).status_code == 404


def test_a_bill_is_refused_with_both_numbers_then_taken_and_what_is_left_is_shown(client, exam):
    exam.invitations.filter(slip_number__lte=3).update(attended_on=DAY)
    facts = {"people": 4, "rate": "400", "invoice_number": "01234567", "billed_on": "2015-08-03"}
    address = url("bill_create", exam, hospital().pk)
    refused = client.post(address, facts)
    assert refused.status_code == 422
    assert "结算人数 4 人与示例一院已登记的到检人数 3 人不一致" in refused.content.decode()
    client.post(address, facts | {"people": 3, "rate": "386.67"})
    assert ExamBill.objects.get().amount == Decimal("1160.01")
    page = client.get(url("exam_bills", exam)).content.decode()
    assert all(figure in page for figure in ("2,400.00", "1,160.01", "1,239.99"))
    assert "还有 3 人没有登记到检或未检原因（通知单 4-6）" in page
    bill = ExamBill.objects.get()
    client.post(url("bill_remove", exam, bill.pk), {"reason": "发票开错"})
    assert not ExamBill.objects.exists()


def test_an_exam_goes_to_its_end_through_the_pages(client, clerk, head, exam):
    client.post(url("exam_entry", exam), typed("5-6", what="hospital", hospital=hospital().pk, step="record"))
    client.post(url("exam_entry", exam), typed("1-5", step="record"))
    client.post(url("exam_entry", exam), typed("6", what="absent", absence="died", step="record"))
    page = client.get(url("exam_bills", exam)).content.decode()
    assert "提交办结之前：示例一院有 5 人到检，还没有结算。" in page
    assert url("exam_decide", exam, "submit") not in page
    facts = {"people": 5, "rate": "400", "invoice_number": "1", "billed_on": "2015-08-03"}
    client.post(url("bill_create", exam, hospital().pk), facts)
    assert url("exam_decide", exam, "submit") in client.get(url("exam_bills", exam)).content.decode()
    said = press(client, exam, "submit")
    assert "名册 6 人，到检 5 人，未检 1 人；1 家医院结算 5 人　2,000.00 元" in said
    other = signed_in(head)
    assert url("exam_decide", exam, "close") in other.get(url("exam_detail", exam)).content.decode()
    press(other, exam, "close")
    assert exam.status == "closed"
    for name in ("exam_detail", "exam_hospitals", "exam_bills", "exam_absences"):
        page = client.get(url(name, exam)).content.decode()
        assert "已办结" in page
        assert "按单号登记" not in page
        assert url("exam_slips", exam) not in page
    page = client.get(url("exam_bills", exam)).content.decode()
    assert all(str(who) in page for who in (clerk, head))
    absences = client.get(url("exam_absences", exam)).context["absences"]
    assert (absences.reasons, absences.totals) == ((("died", "去世"),), (1,))
    assert "已办结，不能修改" in client.post(url("exam_entry", exam), typed("6")).content.decode()


def test_the_roster_is_brought_up_to_date_after_a_look_at_the_names(client, exam):
    page = client.get(url("exam_refresh", exam)).content.decode()
    assert "移出 6 人" in page  # nobody of them holds an honour
    assert exam.invitations.count() == 6
    newcomer = retired_worker(name="示例新")
    assert "新增 1 人" in client.get(url("exam_refresh", exam)).content.decode()
    client.post(url("exam_refresh", exam))
    assert list(exam.invitations.values_list("person", flat=True)) == [newcomer.pk]


def test_hospitals_are_kept_on_a_page(client):
    client.post(
        reverse("model_workers:hospital_create"), {"name": "示例二院", "address": "", "phone": "0316"}
    )
    second = Hospital.objects.get()
    answer = client.post(
        reverse("model_workers:hospital_edit", args=[second.pk]), {"name": "示例二院", "phone": "0316-1"}
    )
    second.refresh_from_db()
    assert (answer.status_code, second.phone, second.is_active) == (302, "0316-1", False)
    taken = client.post(reverse("model_workers:hospital_create"), {"name": "示例二院"})
    assert (taken.status_code, "已在医院名单里" in taken.content.decode()) == (422, True)


# --- flat ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["exam_detail", "exam_hospitals", "exam_bills", "exam_absences", "exam_refresh"]
)
def test_pages_cost_the_same_for_two_people_as_for_twelve(client, exam, name):
    exam.invitations.filter(slip_number__gt=2).delete()
    retired_worker(unit=UnitFactory())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url(name, exam)).status_code == 200
        return len(captured)

    two = queries()
    for number in range(3, 13):
        ExamInvitationFactory(
            case=exam,
            person=retired_worker(unit=UnitFactory()),
            slip_number=number,
            hospital=HospitalFactory(),
            attended_on=DAY if number % 2 else None,
        )
    retired_worker(unit=UnitFactory())
    assert queries() == two


def test_the_list_of_exams_stays_flat(client, exam):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("model_workers:exam_list")).status_code == 200
        return len(captured)

    one = queries()
    for year in range(2005, 2015):
        ExamInvitationFactory(
            case=ExamFactory(year=year, rule=exam.rule), person=exam.invitations.first().person
        )
    assert queries() == one


# --- papers --------------------------------------------------------------------------------------------------


def read_back(answer) -> str:
    assert answer["Content-Type"] == "application/pdf", answer.content[:200]
    assert "no-store" in answer["Cache-Control"]
    return "\n".join(pdf_text(answer.content))


def test_slips_are_printed_three_on_a_page_with_masked_phones(client, clerk, exam):
    answer = client.post(url("exam_slips", exam), {"hospital": hospital().pk})
    text = read_back(answer)
    assert len(pdf_text(answer.content)) == 2
    for words in (
        "第 1 号",
        "第 4 号",
        "示例丁",
        "示例一院",
        "示例路 9 号",
        "2015年5月4日至2015年7月31日",
        "每人 400 元",
    ):
        assert words in text.replace("\r\n", "\n")
    assert "示例冯" not in text
    phone = exam.invitations.first().person.phone
    assert str(phone) in text
    assert phone.reveal() not in text
    record = AccessRecord.objects.get(kind="print")
    assert (record.actor, record.row_count, record.detail) == (clerk, 4, "医院 示例一院")
    assert record.subject == "市总工会2015年劳动模范体检通知单"


def test_long_names_and_addresses_get_two_slips_a_page(client, exam):
    Hospital.objects.filter(name="示例一院").update(address="示例路" * 40)
    Unit.objects.filter(name="示例纺织厂").update(name="示例" * 40)
    answer = client.post(url("exam_slips", exam), {"hospital": hospital().pk})
    pages = pdf_text(answer.content)
    assert [[number for number in (1, 2, 3, 4) if f"第 {number} 号" in page] for page in pages] == [
        [1, 2],
        [3, 4],
    ]


def test_the_roster_of_a_hospital_is_printed_to_be_signed(client, exam):
    exam.invitations.filter(slip_number=2).update(attended_on=DAY)
    text = read_back(client.post(url("exam_roster", exam), {"hospital": hospital().pk}))
    for words in (
        "体检医院：示例一院",
        "本人签名",
        "示例白",
        "2015-06-03",
        "本页人数 4 人；至本页累计 4 人；合计 4 人",
    ):
        assert words in text
    assert "示例高" not in text


def test_the_settlement_tells_sums_in_figures_and_capitals_and_what_is_left(client, exam):
    exam.invitations.filter(slip_number__lte=3).update(attended_on=DAY)
    exam.invitations.filter(slip_number=4).update(absence="away")
    facts = {"people": 3, "rate": "386.67", "invoice_number": "01234567", "billed_on": "2015-08-03"}
    client.post(url("bill_create", exam, hospital().pk), facts)
    text = read_back(client.post(url("exam_settlement", exam)))
    for words in (
        "示例一院",
        "386.67",
        "1,160.01",
        "人民币壹仟壹佰陆拾元零壹分",
        "2,400.00",
        "1,239.99",
        "未检：在外地",
        "未检：未登记",
        "尚未办结",
    ):
        assert words in text


def test_too_many_slips_at_once_are_refused(client, exam, monkeypatch):
    monkeypatch.setattr("apps.model_workers.services.exam_papers.MOST_SLIPS", 3)
    answer = client.post(url("exam_slips", exam), {"state": "pending"}, follow=True)
    assert "超过 3 人，打印太长" in answer.content.decode()
    assert not AccessRecord.objects.filter(kind="print").exists()
    nobody = client.post(url("exam_slips", exam), {"state": "attended"}, follow=True)
    assert "没有可打印的内容" in nobody.content.decode()


def test_the_spreadsheet_holds_the_filtered_people_with_masks_and_is_recorded(client, clerk, exam):
    answer = client.post(url("exam_export", exam), {"hospital": "none"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]
    assert [row[1] for row in rows] == ["示例冯", "示例高"]
    assert rows[0][4] == str(exam.invitations.get(slip_number=5).person.id_number)
    assert "*" in rows[0][4]
    record = AccessRecord.objects.get(kind="export")
    assert (record.actor, record.row_count, record.detail) == (clerk, 2, "医院 未安排医院")


# --- who sees what -------------------------------------------------------------------------------------------


def test_no_page_or_paper_holds_a_full_number(client, exam):
    numbers = secrets_of(row.person for row in exam.invitations.select_related("person"))
    answers = [
        client.get(url(name, exam))
        for name in ("exam_detail", "exam_hospitals", "exam_bills", "exam_absences")
    ]
    answers += [
        client.get(url("exam_entry", exam)),
        client.post(url("exam_entry", exam), typed("1-6", hospital=hospital().pk)),
    ]
    answers += [client.get(url("invitation_edit", exam, 1)), client.get(url("exam_refresh", exam))]
    answers += [
        client.post(url(name, exam))
        for name in ("exam_slips", "exam_roster", "exam_settlement", "exam_export")
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert hits(words_of(answer), numbers) == []


def test_a_county_sees_its_own_exam_and_nothing_of_another(exam):
    county = UserFactory(county_clerk=True)
    ours, theirs = (
        ExamFactory(union=county.union, rule=exam.rule),
        ExamFactory(union=UnionFactory(), rule=exam.rule),
    )
    ExamInvitationFactory(case=ours, person=PersonFactory(name="示例本县", union=county.union), slip_number=1)
    canary = PersonFactory(name="示例金丝雀", union=theirs.union)
    ExamInvitationFactory(case=theirs, person=canary, slip_number=1)
    # Somebody who was handed over to the other county after the roster was made.
    ExamInvitationFactory(case=ours, person=canary, slip_number=2)
    browser = signed_in(county)
    seen = [
        browser.get(reverse("model_workers:exam_list")),
        browser.get(reverse("model_workers:hospital_list")),
    ]
    seen += [
        browser.get(url(name, ours))
        for name in ("exam_detail", "exam_hospitals", "exam_bills", "exam_absences")
    ]
    seen += [
        browser.get(url("exam_detail", ours), {"q": "示例金丝雀"}),
        browser.get(url("exam_detail", ours), {"q": "jsq"}),
    ]
    seen += [
        browser.post(url(name, ours))
        for name in ("exam_slips", "exam_roster", "exam_settlement", "exam_export")
    ]
    for answer in seen:
        assert answer.status_code == 200
        assert "金丝雀" not in words_of(answer).replace('value="示例金丝雀"', "")
    assert "示例本县" in words_of(browser.get(url("exam_detail", ours)))
    assert [row.pk for row in seen[0].context["table"].data] == [ours.pk]
    for other in (theirs, exam):
        for name in ("exam_detail", "exam_hospitals", "exam_bills", "exam_absences"):
            assert browser.get(url(name, other)).status_code == 404
        for name in ("exam_slips", "exam_roster", "exam_settlement", "exam_export"):
            assert browser.post(url(name, other)).status_code == 404
