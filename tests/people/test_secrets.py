"""Full numbers: one at a time for a reason, in a spreadsheet for a reason, and nowhere else."""

import io
import logging
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from apps.accounts.models import AccessRecord
from apps.core.errors import Refused
from apps.core.pdf import pdf_text
from apps.people.models import Person
from apps.people.services import exports
from apps.people.services.secrets import MOST_IN_AN_HOUR, reveal_secret
from tests.clients import signed_in
from tests.factories import AccessRecordFactory, PersonFactory, UnitFactory, UserFactory
from tests.people.identity import resident_number
from tests.people.pages import numbers_in, secrets_of

pytestmark = pytest.mark.django_db
REASON = "核对2016年津贴发放退票"


@pytest.fixture
def clerk():
    return UserFactory(county_clerk=True)


@pytest.fixture
def person(clerk):
    return PersonFactory(unit=UnitFactory(union=clerk.union), name="示例甲")


def ask(user, person, field="id_number", reason=REASON, **headers):
    return signed_in(user).post(
        reverse("people:person_reveal", args=[person.public_id, field]),
        {"reason": reason},
        headers={"HX-Request": "true"} | headers,
    )


# --- one number -------------------------------------------------------------------------------------------------


def test_one_number_is_shown_once_and_kept_nowhere(clerk, person):
    answer = ask(clerk, person)
    content = answer.content.decode()
    assert person.id_number.reveal() in content
    assert person.phone.reveal() not in content
    assert "no-store" in answer.headers["Cache-Control"]
    assert 'data-hide-after="60"' in content
    page = signed_in(clerk).get(reverse("people:person_detail", args=[person.public_id]))
    assert numbers_in(page.content) == []


def test_who_asked_for_which_number_and_why_is_recorded_without_the_number(clerk, person):
    ask(clerk, person, "account")
    record = AccessRecord.objects.get()
    assert (record.kind, record.actor, record.detail) == ("reveal", clerk, REASON)
    assert record.subject == f"银行账号：示例甲（{person.union}，证件末四位 {person.id_last_four}）"
    assert record.address == "127.0.0.1"
    assert [number for number in secrets_of(person) if number in record.subject + record.detail] == []


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [("", "没有填写"), ("看看", "至少 4 个字"), (f"核对{resident_number(1)}", "不要写证件号码")],
)
def test_without_a_reason_nothing_is_shown_or_recorded(clerk, person, reason, sentence):
    answer = ask(clerk, person, reason=reason)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert person.id_number.reveal() not in answer.content.decode()
    assert not AccessRecord.objects.exists()


def test_thirty_numbers_an_hour_and_no_more(clerk, person):
    now = timezone.now()
    AccessRecordFactory.create_batch(MOST_IN_AN_HOUR - 1, actor=clerk, kind="reveal", at=now)
    AccessRecordFactory.create_batch(5, actor=UserFactory(), kind="reveal", at=now)
    AccessRecordFactory.create_batch(5, actor=clerk, kind="print", at=now)
    AccessRecordFactory.create_batch(5, actor=clerk, kind="reveal", at=now - timedelta(hours=1, minutes=1))
    assert ask(clerk, person).status_code == 200
    refused = ask(clerk, person)
    assert refused.status_code == 422
    assert "一小时内最多查看 30 次" in refused.content.decode()
    assert person.id_number.reveal() not in refused.content.decode()


def test_the_limit_tells_when_it_opens_again(clerk, person):
    now = timezone.now()
    AccessRecordFactory.create_batch(
        MOST_IN_AN_HOUR, actor=clerk, kind="reveal", at=now - timedelta(minutes=48)
    )
    with pytest.raises(Refused, match="约 12 分钟后"):
        reveal_secret(person_id=person.pk, field="phone", reason=REASON, actor=clerk, now=now)


def test_a_foreign_person_is_not_found_and_a_number_that_is_not_there_neither(clerk, person):
    foreign = PersonFactory()
    assert ask(clerk, foreign).status_code == 404
    assert ask(clerk, person, "old_id_number").status_code == 404
    assert ask(clerk, person, "name").status_code == 404
    assert ask(clerk, PersonFactory(union=clerk.union, bare=True)).status_code == 404
    with pytest.raises(Person.DoesNotExist):
        reveal_secret(person_id=foreign.pk, field="phone", reason=REASON, actor=clerk, now=timezone.now())


@pytest.mark.parametrize("role", ["auditor", "finance_clerk", "grassroots"])
def test_who_only_reads_sees_masks(role):
    reader = UserFactory(**{role: True})
    person = PersonFactory(union=reader.union)
    page = signed_in(reader).get(reverse("people:person_detail", args=[person.public_id])).content.decode()
    assert str(person.id_number) in page
    assert "/reveal/" not in page
    assert ask(reader, person).status_code == 403
    with pytest.raises(Refused, match="没有查看完整号码的权限"):
        reveal_secret(person_id=person.pk, field="phone", reason=REASON, actor=reader, now=timezone.now())


def test_a_broken_seal_is_told_and_not_recorded_as_seen(clerk, person):
    other = PersonFactory()
    Person.objects.filter(pk=person.pk).update(phone=bytes(other.phone.sealed))
    answer = ask(clerk, person, "phone")
    assert "无法解开" in answer.content.decode()
    assert not AccessRecord.objects.exists()


# --- the printed form ---------------------------------------------------------------------------------------------


def test_the_printed_form_is_masked_and_recorded(clerk, person):
    answer = signed_in(clerk).post(reverse("people:person_print", args=[person.public_id]))
    text = "".join(pdf_text(answer.content))
    assert "人员登记表" in text
    assert "示例甲" in text
    assert str(person.id_number) in text.replace("\r\n", "")
    assert numbers_in(text.encode()) == []
    assert [number for number in secrets_of(person) if number.encode() in answer.content] == []
    record = AccessRecord.objects.get()
    assert (record.kind, record.subject) == ("print", f"人员登记表：示例甲（{person.union}）")
    assert len(record.sha256) == 64


def test_a_name_no_font_can_draw_stops_the_print_with_a_sentence(clerk):
    person = PersonFactory(union=clerk.union, name="示\U00030001")
    answer = signed_in(clerk).post(reverse("people:person_print", args=[person.public_id]), follow=True)
    assert "字体里没有这些字" in answer.content.decode()
    assert not AccessRecord.objects.exists()


# --- the spreadsheet ------------------------------------------------------------------------------------------------


def export(user, **data):
    return signed_in(user).post(reverse("people:person_export"), data)


def rows_of(answer):
    sheet = load_workbook(io.BytesIO(answer.content)).active
    head, *rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_spreadsheet_holds_exactly_the_filtered_rows_masked(clerk, person):
    PersonFactory(union=clerk.union, name="示例乙")
    PersonFactory(name="示例甲外县")
    answer = export(clerk, q="甲")
    assert [row["姓名"] for row in rows_of(answer)] == ["示例甲"]
    row = rows_of(answer)[0]
    assert (row["证件号码"], row["联系电话"]) == (str(person.id_number), str(person.phone))
    assert row["单位"] == person.unit.name
    assert [number for number in secrets_of(person) if number.encode() in answer.content] == []
    record = AccessRecord.objects.get()
    assert (record.kind, record.subject, record.row_count) == ("export", "人员名册", 1)
    assert record.detail == "搜索 甲"
    assert len(record.sha256) == 64
    assert "no-store" in answer.headers["Cache-Control"]


def test_full_numbers_go_out_as_text_for_a_reason_and_are_recorded_as_such(clerk, person):
    answer = export(clerk, full="1", reason=REASON)
    sheet = load_workbook(io.BytesIO(answer.content)).active
    cell = next(cell for row in sheet.iter_rows() for cell in row if cell.value == person.id_number.reveal())
    assert (cell.data_type, cell.number_format) == ("s", "@")
    assert rows_of(answer)[0]["银行账号"] == person.account.reveal()
    record = AccessRecord.objects.get()
    assert (record.subject, record.row_count) == ("人员名册（完整号码）", 1)
    assert REASON in record.detail


def test_full_numbers_need_a_reason_and_the_right_to_see_them(clerk, person):
    assert "“理由”没有填写" in asked_again(export(clerk, full="1"))
    auditor = UserFactory(auditor=True)
    assert export(auditor).status_code == 200
    assert "没有查看完整号码的权限" in follow(export(auditor, full="1", reason=REASON), auditor)
    assert AccessRecord.objects.filter(subject__contains="完整").count() == 0


def test_a_reason_that_is_refused_is_asked_for_again_with_what_was_typed_and_chosen(clerk, person):
    page = asked_again(export(clerk, full="1", reason="核对", q="甲"))
    assert "“理由”至少" in page
    assert 'value="核对"' in page
    assert '<input type="hidden" name="q" value="甲">' in page
    assert "里不要写证件号码或银行账号" in asked_again(
        export(clerk, full="1", reason=f"核对{resident_number(1)}")
    )
    assert not AccessRecord.objects.exists()


def asked_again(answer):
    assert answer.status_code == 422
    return answer.content.decode()


def follow(answer, user):
    assert answer.status_code == 302
    client = signed_in(user)
    client.cookies.update(answer.cookies)
    return client.get(answer.url).content.decode()


def test_a_thousand_full_rows_a_day_neither_at_once_nor_in_pieces(clerk, person, monkeypatch):
    monkeypatch.setattr(exports, "MOST_FULL_ROWS", 3)
    PersonFactory.create_batch(2, union=clerk.union)
    assert export(clerk, full="1", reason=REASON).status_code == 200
    PersonFactory(union=clerk.union)
    colleague = UserFactory(county_clerk=True, union=clerk.union)
    assert "不能导出这么多完整号码" in follow(export(colleague, full="1", reason=REASON), colleague)
    assert "您 24 小时内已导出 3 人" in follow(export(clerk, full="1", reason=REASON, q="甲"), clerk)
    assert export(clerk).status_code == 200


PAYLOADS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "=cmd|'/c calc'!A1", "＝1", '=HYPERLINK("x")', "==", "'=1"]


def test_what_looks_like_a_formula_stays_text(clerk):
    people = [
        PersonFactory(union=clerk.union, post=payload.strip(), note=payload.strip()) for payload in PAYLOADS
    ]
    sheet = load_workbook(io.BytesIO(export(clerk).content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    shown = {cell.value for cell in cells}
    assert {person.post for person in people} <= shown


def test_a_whole_number_as_filter_of_an_export_is_refused_and_not_recorded(clerk, person):
    number = person.id_number.reveal()
    answer = export(clerk, q=number)
    assert number not in answer.url
    assert not AccessRecord.objects.exists()


# --- everywhere else ---------------------------------------------------------------------------------------------------


def test_no_page_of_the_register_and_no_log_holds_a_number(clerk, person, caplog):
    client = signed_in(clerk)
    number = person.id_number.reveal()
    with caplog.at_level(logging.DEBUG):
        answers = [
            client.get(reverse("people:person_list")),
            client.get(reverse("people:person_detail", args=[person.public_id])),
            client.get(reverse("people:person_edit", args=[person.public_id])),
            client.get(reverse("people:person_reveal", args=[person.public_id, "id_number"])),
            client.get(reverse("people:unit_list")),
            client.post(reverse("people:person_find"), {"q": number}, follow=True),
            client.post(reverse("home:search"), {"q": number}),
            client.get(reverse("home:search"), {"q": "示例"}),
            client.get(reverse("home:search"), {"q": number}, follow=True),
            client.get(reverse("people:person_list"), {"q": number}, follow=True),
            client.get(reverse("people:person_detail", args=[person.public_id]) + "x"),
        ]
    assert [numbers_in(answer.content) for answer in answers] == [[]] * len(answers)
    told = "\n".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
    assert [secret for secret in secrets_of(person) if secret in told] == []
