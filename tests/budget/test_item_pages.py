"""An item's page, the outline, the basis documents, the findings and the text check, as people use them."""

import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from apps.budget.checks import edition_findings, unanswered
from apps.budget.models import Item, OutlineEntry, PolicyDocument, Waiver
from apps.budget.rules.edition_checks import NO_BASIS, NO_DOCUMENT
from apps.core.errors import Refused
from tests.factories import (
    CalcLineFactory,
    ClassificationCodeFactory,
    EditionFactory,
    ItemFactory,
    ItemGroupFactory,
    OutlineEntryFactory,
    PolicyDocumentFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(client):
    user = UserFactory(finance_clerk=True)
    client.force_login(user)
    return user


@pytest.fixture
def item():
    item = ItemFactory(name="{年度}年劳模体检费")
    CalcLineFactory(item=item, label="参加体检劳模", people=557, rate=Decimal(400))
    return item


def item_form(item: Item, **changes) -> dict:
    formsets = {
        f"{prefix}-{name}": value
        for prefix in ("citations", "indicators")
        for name, value in (
            ("TOTAL_FORMS", 1),
            ("INITIAL_FORMS", 0),
            ("MIN_NUM_FORMS", 0),
            ("MAX_NUM_FORMS", 30),
        )
    }
    fields = {"name": item.name, "group": item.group_id, "purpose": item.purpose, "version": item.version}
    return fields | formsets | changes


def test_an_item_is_changed_with_its_basis_and_indicators_in_one_save(client, clerk, item):
    document = PolicyDocumentFactory()
    form = item_form(
        item,
        prior_amount="21.5万",
        change_reason="人数增加",
        **{
            "citations-0-document": document.pk,
            "citations-0-article": "第八条",
            "indicators-0-level": "output",
            "indicators-0-second_level": "数量指标",
            "indicators-0-name": "体检人数",
            "indicators-0-direction": "at_least",
            "indicators-0-target": "{人数}",
            "indicators-0-weight": "100",
        },
    )
    assert client.post(reverse("budget:item_detail", args=[item.pk]), form).status_code == 302
    item.refresh_from_db()
    assert (item.prior_amount, item.version) == (Decimal("215000.00"), 2)
    assert [(row.document, row.article) for row in item.citations.all()] == [(document, "第八条")]
    assert item.indicators.get().target == "{人数}"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "项目名称"),
        ({"name": "{月份}体检费"}, "占位符 {月份} 不存在"),
        ({"purpose": "共计{总额}元"}, "占位符 {总额} 不存在"),
        ({"purpose": "共计222800元"}, "直接写进文字的数字"),
        ({"prior_amount": "二十万"}, "上年预算数"),
        ({"prior_amount": "-5"}, "不能是负数"),
        ({"prior_amount": "1.234"}, "两位小数"),
        ({"prior_amount": "99999999999"}, "必须小于"),
        ({"indicators-0-level": "output", "indicators-0-name": "人数"}, "二级指标"),
        (
            {
                "indicators-0-level": "output",
                "indicators-0-second_level": "数量指标",
                "indicators-0-name": "人数",
                "indicators-0-direction": "equal",
                "indicators-0-target": "1",
                "indicators-0-weight": "99",
            },
            "应为 100 分",
        ),
    ],
)
def test_wrong_input_gets_its_sentence_and_keeps_what_was_typed(client, clerk, item, changes, sentence):
    typed = {"change_reason": "这句话要留着"} | changes
    answer = client.post(reverse("budget:item_detail", args=[item.pk]), item_form(item, **typed))
    page = answer.content.decode()
    assert answer.status_code in (200, 422)
    assert sentence in page
    assert "这句话要留着" in page
    item.refresh_from_db()
    assert item.version == 1


def test_a_code_of_another_year_is_refused(client, clerk, item):
    code = ClassificationCodeFactory(first_year=2019)
    answer = client.post(
        reverse("budget:item_detail", args=[item.pk]), item_form(item, function_code=code.pk)
    )
    assert "功能分类" in answer.content.decode()
    item.refresh_from_db()
    assert item.function_code is None


def test_the_second_of_two_colleagues_is_told(client, clerk, item):
    client.post(reverse("budget:item_detail", args=[item.pk]), item_form(item, change_reason="甲改的"))
    answer = client.post(
        reverse("budget:item_detail", args=[item.pk]), item_form(item, change_reason="乙改的")
    )
    assert "刚才修改了这一行" in answer.content.decode()
    assert "乙改的" in answer.content.decode()
    item.refresh_from_db()
    assert item.change_reason == "甲改的"


def test_a_new_item_comes_last_in_its_group(client, clerk):
    edition, group = EditionFactory(), ItemGroupFactory()
    for name in ("甲项目", "乙项目"):
        client.post(
            reverse("budget:item_create", args=[edition.pk]), {"name": name, "group": group.pk, "purpose": ""}
        )
    assert list(edition.items.order_by("ordinal").values_list("name", "ordinal")) == [
        ("甲项目", 1),
        ("乙项目", 2),
    ]


def test_an_item_is_removed_with_its_lines(client, clerk, item):
    client.post(reverse("budget:item_remove", args=[item.pk]), {"version": item.version})
    assert not Item.objects.exists()


def test_a_changed_item_is_not_removed_unseen(client, clerk, item):
    client.post(reverse("budget:item_remove", args=[item.pk]), {"version": 99})
    assert Item.objects.exists()


def test_a_reader_sees_the_item_and_no_form(client, item):
    client.force_login(UserFactory(reader=True))
    page = client.get(reverse("budget:item_detail", args=[item.pk])).content.decode()
    assert "2016年劳模体检费" in page
    assert 'name="purpose"' not in page


def test_an_answered_mark_stands_quietly_on_the_items_page(client, item):
    client.force_login(UserFactory(reader=True))
    address = reverse("budget:item_detail", args=[item.pk])
    assert "无依据文件" in client.get(address).content.decode()
    found = next(one for one in edition_findings(item.edition) if one.finding.code == NO_DOCUMENT)
    Waiver.objects.create(
        edition=item.edition,
        code=NO_DOCUMENT,
        fingerprint=found.finding.fingerprint,
        message=found.finding.message,
        reason="示例理由",
        waived_by=UserFactory(finance_head=True),
    )
    page = client.get(address).content.decode()
    assert "已说明" in page
    assert "示例理由" in page


def test_a_stranger_of_a_county_finds_nothing(client, item):
    client.force_login(UserFactory(county_clerk=True))
    assert client.get(reverse("budget:item_detail", args=[item.pk])).status_code == 404


def test_outline_rows_are_numbered_by_their_order(client, clerk):
    edition = EditionFactory()
    for text in ("第一项职责。", "第二项职责。"):
        client.post(reverse("budget:outline_add", args=[edition.pk]), {"section": "duties", "text": text})
    second = OutlineEntry.objects.get(text="第二项职责。")
    client.post(reverse("budget:outline_change", args=[second.pk]), {"action": "up"})
    page = client.get(reverse("budget:outline", args=[edition.pk])).content.decode()
    assert page.index("第二项职责。") < page.index("第一项职责。")
    client.post(reverse("budget:outline_change", args=[second.pk]), {"action": "remove"})
    assert "（二）" not in client.get(reverse("budget:outline", args=[edition.pk])).content.decode()


def test_an_outline_row_has_two_levels_and_no_more(client, clerk):
    top = OutlineEntryFactory(section="tasks")
    address = reverse("budget:outline_add", args=[top.edition_id])
    client.post(address, {"section": "tasks", "text": "子项。", "parent": top.pk})
    child = OutlineEntry.objects.get(parent=top)
    answer = client.post(address, {"section": "tasks", "text": "孙项要留着。", "parent": child.pk})
    assert answer.status_code == 422
    assert "只有两级" in answer.content.decode()
    assert "孙项要留着。" in answer.content.decode()


def test_an_outline_row_changed_by_a_colleague_is_not_overwritten(client, clerk):
    entry = OutlineEntryFactory()
    address = reverse("budget:outline_change", args=[entry.pk])
    client.post(address, {"text": "甲改的。", "version": 1})
    answer = client.post(address, {"text": "乙改的。", "version": 1})
    assert answer.status_code == 422
    entry.refresh_from_db()
    assert entry.text == "甲改的。"
    assert "乙改的。" in answer.content.decode()


def test_a_document_number_is_normalised_and_enters_once(client, clerk):
    form = {
        "title": "《关于示例的通知》",
        "number": "示工发【2007】31号",
        "issuer": "示例市总工会",
        "kind": "normative",
    }
    client.post(reverse("budget:policy_create"), form)
    document = PolicyDocument.objects.get()
    assert (document.title, document.number) == ("关于示例的通知", "示工发〔2007〕31号")
    answer = client.post(reverse("budget:policy_create"), form | {"number": "示工发[2007]31号"})
    assert "同一文号只登记一次" in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"number": "示工发31号"}, "文号"),
        ({"title": "", "number": ""}, "至少填一项"),
        ({"issued_on": "2016-02-01", "in_force_until": "2016-01-01"}, "不能早于"),
        ({"scan": SimpleUploadedFile("a.pdf", b"<html>")}, "这里只接受"),
    ],
)
def test_a_document_outside_its_form_gets_a_sentence(client, clerk, changes, sentence):
    form = {
        "title": "通知",
        "number": "",
        "issuer": "示例市总工会",
        "kind": "normative",
        "note": "备注要留着",
    } | changes
    page = client.post(reverse("budget:policy_create"), form).content.decode()
    assert sentence in page
    assert "备注要留着" in page
    assert not PolicyDocument.objects.exists()


def test_a_scan_is_kept_with_its_hash_and_comes_back_as_a_download(client, clerk):
    picture = io.BytesIO()
    Image.new("RGB", (2, 2), "white").save(picture, "PNG")
    form = {"title": "通知", "number": "", "issuer": "示例市总工会", "kind": "normative"}
    client.post(
        reverse("budget:policy_create"), form | {"scan": SimpleUploadedFile("扫描.png", picture.getvalue())}
    )
    document = PolicyDocument.objects.get()
    assert len(document.scan_sha256) == 64
    answer = client.get(reverse("budget:policy_scan", args=[document.pk]))
    assert answer["Content-Disposition"].startswith("attachment")


def test_who_cites_a_document_is_listed(client, clerk, item):
    document = PolicyDocumentFactory()
    item.citations.create(document=document, ordinal=1)
    assert (
        "2016年劳模体检费" in client.get(reverse("budget:policy_detail", args=[document.pk])).content.decode()
    )


@pytest.fixture
def edition_without_basis():
    item = ItemFactory(name="厂务公开经费", purpose="{测算句}。")
    CalcLineFactory(item=item, quota=True)
    return item.edition


def test_an_item_without_basis_is_accepted_by_the_finance_head_alone(client, clerk, edition_without_basis):
    edition = edition_without_basis
    found = next(found for found in edition_findings(edition) if found.finding.code == NO_BASIS)
    form = {"fingerprint": found.finding.fingerprint, "reason": "市财政每年定额"}
    address = reverse("budget:finding_waive", args=[edition.pk])
    assert "财务负责人" in client.post(address, form).content.decode()
    assert not Waiver.objects.exists()
    client.force_login(UserFactory(finance_head=True))
    assert client.post(address, form | {"reason": " "}).status_code == 422
    assert client.post(address, form).status_code == 302
    assert NO_BASIS not in [found.finding.code for found in unanswered(edition_findings(edition))]


def test_a_changed_amount_asks_for_the_reason_again(client, edition_without_basis):
    edition = edition_without_basis
    client.force_login(UserFactory(finance_head=True))
    found = next(found for found in edition_findings(edition) if found.finding.code == NO_BASIS)
    client.post(
        reverse("budget:finding_waive", args=[edition.pk]),
        {"fingerprint": found.finding.fingerprint, "reason": "市财政每年定额"},
    )
    edition.items.get().lines.update(fixed_amount=Decimal(300000))
    assert NO_BASIS in [found.finding.code for found in unanswered(edition_findings(edition))]


def test_hard_findings_cannot_be_waived(client):
    item = ItemFactory(purpose="")
    client.force_login(UserFactory(finance_head=True))
    hard = next(found for found in edition_findings(item.edition) if found.is_hard)
    answer = client.post(
        reverse("budget:finding_waive", args=[item.edition_id]),
        {"fingerprint": hard.finding.fingerprint, "reason": "先这样"},
    )
    assert "必须改正" in answer.content.decode()
    assert not Waiver.objects.exists()


def test_a_pasted_text_is_checked_and_marked(client, clerk):
    text = "项目1：2016年劳模体检费22.38万元\n说明：参加体检劳模共计557人，每人体检费用400元。共计222800元。"
    page = client.post(reverse("budget:text_check"), {"year": 2016, "text": text}).content.decode()
    assert "mark--hard" in page
    assert 'id="finding-1"' in page


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"year": 2016, "text": " "}, "请粘贴文稿"),
        ({"year": "二〇一六", "text": "甲"}, "预算年度"),
        ({"year": 1900, "text": "甲"}, "“预算年度”不能小于 2000"),
        ({"year": 2016, "file": SimpleUploadedFile("a.docx", b"not a zip")}, "请改正扩展名"),
    ],
)
def test_a_text_that_cannot_be_checked_gets_a_sentence(client, clerk, form, sentence):
    answer = client.post(reverse("budget:text_check"), form)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_codes_in_a_foreign_text_are_held_against_the_dictionary_of_its_year(client, clerk):
    for code, name in (("30228", "工会经费"), ("302", "商品和服务支出")):
        ClassificationCodeFactory(
            kind="department_economic", code=code, name=name, first_year=2007, last_year=2016
        )
    text = "福利费（30228）按规定支出，另有302所职工学校参加。"

    def shown(year: int) -> str:
        return client.post(reverse("budget:text_check"), {"year": year, "text": text}).content.decode()

    assert "科目 30228 是“工会经费”，文中写的是“福利费”。" in shown(2016)
    assert "科目 302 " not in shown(2016)
    assert "科目 30228" not in shown(2017)


def test_every_rule_is_listed(client, clerk):
    page = client.get(reverse("budget:check_catalogue")).content.decode()
    assert "无测算依据" in page
    assert "分档人数之和＝总人数" in page


def test_the_workbench_shows_work_to_those_who_read_budgets(client, item):
    client.force_login(UserFactory(finance_clerk=True))
    assert "正在编制" in client.get(reverse("home:workbench")).content.decode()
    client.force_login(UserFactory(system_admin=True))
    page = client.get(reverse("home:workbench")).content.decode()
    assert "正在编制" not in page


@pytest.mark.parametrize(
    ("term", "found"), [("体检", True), ("2016", True), ("没有这个", False), ("\0", False), ("%", False)]
)
def test_the_search_finds_what_the_person_may_see(client, item, term, found):
    client.force_login(UserFactory(finance_clerk=True))
    page = client.get(reverse("home:search"), {"q": term}).content.decode()
    assert ('class="name"' in page) is found
    client.force_login(UserFactory(county_clerk=True))
    assert 'class="name"' not in client.get(reverse("home:search"), {"q": term}).content.decode()


def test_refusals_of_a_service_name_their_field():
    assert Refused("“标题”不能为空。", field="title").field == "title"
