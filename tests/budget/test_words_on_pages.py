"""What pages say where a figure is missing, a right is missing, or there was nothing to check."""

import logging

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.budget.forms.items import ItemForm
from apps.budget.models import Item, OutlineEntry
from apps.budget.rules.stages import Stage
from apps.budget.selectors.frame import edition_frame
from apps.core.errors import Refused
from apps.core.money import parse_amount
from tests.budget.office import Office
from tests.budget.test_grid_import import exported, upload
from tests.clients import signed_in
from tests.factories import UserFactory


def text_of(office: Office, name: str, *args: object, user=None) -> str:
    return signed_in(user or office.clerk).get(reverse(name, args=args)).content.decode()


def test_a_total_is_not_held_against_the_control_figures_of_some_items_only(office):
    edition = office.reach(office.plan(items=2), Stage.FIRST_DOWN)
    first = edition.items.order_by("id").first()
    Item.objects.filter(pk=first.pk).update(control_amount=367_500)
    Item.objects.exclude(pk=first.pk).filter(edition=edition).update(control_amount=None)
    frame = edition_frame(edition, office.clerk)
    assert (frame.control_missing, frame.headroom) == (1, None)
    page = text_of(office, "budget:edition_print", edition.pk)
    assert "缺 1 项控制数，不作比较" in page
    assert "超出" not in page
    Item.objects.filter(edition=edition).update(control_amount=367_500)
    assert edition_frame(edition, office.clerk).headroom == 0


def test_the_first_edition_of_a_year_has_no_edition_before_it(office):
    last = office.plan(year=2015)
    office.reach(last, Stage.RATIFIED)
    office.approve(last.editions.order_by("id").last())
    plan = office.plan(year=2016, items=0)
    assert "367,500.00" not in text_of(office, "budget:plan_detail", plan.pk)
    assert edition_frame(plan.editions.get(), office.clerk).change is None


def test_the_form_says_of_last_years_figure_what_the_handbook_says():
    help_text = str(ItemForm.base_fields["prior_amount"].help_text)
    assert "填 0" in help_text
    assert "不要填 0" not in help_text


def test_who_may_not_give_a_reason_reads_who_may(office):
    edition = office.plan().editions.get()
    item = edition.items.get()
    Item.objects.filter(pk=item.pk).update(purpose="")
    reader = UserFactory(union=office.union, auditor=True)
    page = text_of(office, "budget:edition_findings", edition.pk, user=reader)
    assert "由财务经办或财务负责人说明理由。" in page
    assert "<summary>单独说明理由</summary>" not in page
    assert "<summary>单独说明理由</summary>" in text_of(
        office, "budget:edition_findings", edition.pk, user=office.head
    )


@pytest.mark.parametrize(
    ("role", "said", "unsaid"),
    [
        ("vice_chair", "需要您审批的预算会出现在这里", "新建年度预算"),
        ("county_clerk", "需要您办理的事项会出现在这里", "新建年度预算"),
        ("finance_clerk", "新建年度预算，或在预算页开启下一阶段", "财务部门开始编制以后"),
    ],
)
def test_an_empty_workbench_advises_what_the_person_may_do(office, role, said, unsaid):
    page = signed_in(UserFactory(union=office.union, **{role: True})).get(reverse("home:workbench"))
    assert said in page.content.decode()
    assert unsaid not in page.content.decode()


def test_a_figure_in_chinese_numerals_is_answered_with_an_example():
    with pytest.raises(Refused, match="“金额”请用数字填写，例如 200000 或 20万。"):
        parse_amount("二十万", field="金额")
    assert parse_amount("20万", field="金额") == 200_000


def test_a_refused_upload_does_not_say_that_the_file_is_still_there(office):
    edition = office.plan().editions.get()
    answer = signed_in(office.clerk).post(
        reverse("budget:edition_import", args=[edition.pk]), {"file": SimpleUploadedFile("a.xlsx", b"")}
    )
    page = answer.content.decode()
    assert "文件请重新选择" in page
    assert "需要改正，填写的" not in page
    assert page.count("0 字节") == 1


def test_an_empty_pdf_is_named_in_the_houses_words(office):
    answer = signed_in(office.clerk).post(
        reverse("budget:verify"), {"file": SimpleUploadedFile("a.pdf", b"")}
    )
    page = answer.content.decode()
    assert "“PDF 文件”是空的（0 字节），请重新选择。" in page
    assert "所提交的是空文件" not in page


def test_an_import_counts_items_and_lines_apart(office):
    edition = office.plan(items=2).editions.get()
    client = signed_in(office.clerk)
    book = exported(client, edition)
    book.set(2, 数量=300)
    page = upload(client, edition, book.content).content.decode()
    assert "文件共 2 行。" in page
    assert "0<small>个项目</small> 1<small>行测算</small>" in page
    assert "2<small>个项目</small> 1<small>行测算</small>" in page


def test_a_text_and_a_file_are_not_checked_at_once(office):
    answer = signed_in(office.clerk).post(
        reverse("budget:text_check"),
        {"text": "项目1：示例2万元", "file": SimpleUploadedFile("a.txt", "项目1：示例3万元".encode())},
    )
    assert answer.status_code == 422
    assert "文稿和文件只能选一样" in answer.content.decode()


def test_a_text_without_items_and_amounts_is_not_praised(office):
    page = (
        signed_in(office.clerk)
        .post(reverse("budget:text_check"), {"text": "今天天气很好。"})
        .content.decode()
    )
    assert "没有找到项目和金额，未作核对" in page
    assert "通过了全部规则" not in page


def test_findings_of_a_text_stand_by_severity(office):
    text = "帐户管理。\n项目1：2016年劳模体检费22.38万元\n说明：参加体检劳模共计557人，每人体检费用400元。共计222800元。"
    answer = signed_in(office.clerk).post(reverse("budget:text_check"), {"year": 2016, "text": text})
    levels = [found.level for found in answer.context["findings"]]
    assert levels == sorted(levels, key=["hard", "soft", "info"].index)
    assert len(set(levels)) > 1


def test_two_rows_of_the_outline_are_saved_without_leaving_the_page(office):
    edition = office.plan().editions.get()
    entry = edition.outline.get(section="duties")
    answer = signed_in(office.clerk).post(
        reverse("budget:outline_change", args=[entry.pk]),
        {"action": "save", "text": "改过的一条。", "version": entry.version},
        headers={"HX-Request": "true"},
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in page
    assert f'id="typed-{entry.pk}">' in page  # the saved row is drawn anew, others keep what is typed
    assert page.count("hx-preserve") >= 1
    assert OutlineEntry.objects.get(pk=entry.pk).text == "改过的一条。"


def test_a_refused_row_of_the_outline_keeps_the_words_and_says_why_beside_them(office):
    edition = office.plan().editions.get()
    entry = edition.outline.get(section="duties")
    page = signed_in(office.clerk).post(
        reverse("budget:outline_change", args=[entry.pk]),
        {"action": "save", "text": "我写的。", "version": entry.version + 1},
        headers={"HX-Request": "true"},
    )
    assert page.status_code == 422
    assert "我写的。" in page.content.decode()
    assert f'id="error-{entry.pk}"' in page.content.decode()


def test_the_icon_is_found_without_reading_a_page(client, db):
    assert client.get("/favicon.ico")["Location"].endswith(".svg")


def test_a_refusal_is_logged_without_a_traceback(office, caplog):
    reader = UserFactory(union=office.union, reader=True)
    with caplog.at_level(logging.WARNING, logger="django.request"):
        assert signed_in(reader).get(reverse("budget:plan_create")).status_code == 403
    records = [record for record in caplog.records if getattr(record, "status_code", 0) == 403]
    assert records
    assert all(record.exc_info is None for record in records)
