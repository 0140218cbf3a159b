"""What the pages promise, tried where it could quietly fail: bindings, control figures, deletions, searches, reprints."""

from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import AccessRecord
from apps.budget import documents
from apps.budget.checks import edition_findings
from apps.budget.documents.appendix import calculations_table
from apps.budget.forms.items import ItemForm
from apps.budget.models import CalcLine, Edition, Item, PolicyDocument
from apps.budget.resources import EditionResource, EditionXlsx, sheet_rows
from apps.budget.rules.edition_checks import NO_DOCUMENT, differ_by_a_word
from apps.budget.rules.stages import FLOW, Stage
from apps.budget.rules.text import check_text
from apps.budget.rules.trials import RowInput
from apps.budget.rules.wording import require_no_typed_figures
from apps.budget.selectors.comparison import compare_editions
from apps.budget.selectors.grid import edition_grid
from apps.budget.selectors.printing import condition_of
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.selectors.sources import source_findings
from apps.budget.services.blocks import apply_block, try_block
from apps.budget.services.items import change_item, remove_item
from apps.budget.services.lines import add_line, change_line, move_line, remove_line
from apps.budget.services.plans import copy_last_year, create_plan
from apps.budget.services.printing import request_print
from apps.budget.services.sources import bind_source, keep_reading
from apps.budget.services.undo import undo_change
from apps.budget.services.waivers import keep_reasons
from apps.cases.forms import StepForm
from apps.core.errors import Refused
from apps.core.jobs import Condition
from apps.core.sheets import GuardedXlsx
from apps.home.selectors import search_everything
from tests.budget.office import Office
from tests.factories import ItemGroupFactory, PolicyDocumentFactory, UnionFactory, UserFactory

pytestmark = pytest.mark.django_db
COUNTIES = "accounts.county_unions"


@pytest.fixture
def item(office) -> Item:
    return office.plan().editions.get().items.get()


@pytest.fixture
def bound(office, item) -> CalcLine:
    """A line that counts one county, as its source says."""
    UnionFactory()
    CalcLine.objects.filter(item=item).update(unit="个")
    return bind_source(
        line_id=item.lines.get().pk, key=COUNTIES, parameters={}, actor=office.clerk, now=office.now
    )


def whole(edition: Edition) -> Edition:
    return Edition.objects.for_detail().get(pk=edition.pk)


def change(office: Office, line: CalcLine, **values) -> CalcLine:
    return change_line(
        line_id=line.pk, actor=office.clerk, values=values, seen_version=line.version, now=office.now
    )


def paste(office: Office, line: CalcLine, **values):
    rows = [RowInput("line", 1, values, record_id=line.pk)]
    edition = line.item.edition
    trial = try_block(edition_id=edition.pk, actor=office.clerk, rows=rows)
    return apply_block(
        edition_id=edition.pk,
        actor=office.clerk,
        rows=rows,
        seen=trial.seen,
        kind="paste",
        summary="示例",
        now=office.now,
    )


def printed_lines(edition: Edition) -> str:
    cells = (cell for row in calculations_table(edition_sheet(whole(edition))).rows for cell in row.cells)
    return "".join(piece.text for cell in cells for piece in (cell if isinstance(cell, tuple) else (cell,)))


def item_page(item: Item, **changes) -> dict:
    initial = {
        name: getattr(value, "pk", value)
        for name, value in ItemForm.initial_of(item).items()
        if value not in (None, False)
    }
    forms = {
        f"{prefix}-{kind}_FORMS": 0 for prefix in ("citations", "indicators") for kind in ("TOTAL", "INITIAL")
    }
    return initial | forms | changes


# --- a figure typed over its source ---------------------------------------------------------------------------


def test_a_figure_typed_over_its_source_is_found_and_printed_as_such(office, bound):
    change(office, bound, people=999)
    found = [finding.message for finding in source_findings(edition_sheet(whole(bound.item.edition)))]
    assert any("填的是 999个" in message and "读取的是 1个，没有写理由" in message for message in found)
    assert "读取1" in printed_lines(bound.item.edition)
    assert "保留原数：未说明理由" in printed_lines(bound.item.edition)


def test_the_appendix_says_below_the_table_where_a_counted_figure_was_read(bound):
    _, note = calculations_table(edition_sheet(whole(bound.item.edition))).notes
    read_at = timezone.localtime(bound.source_read_at)
    assert note == f"1-1-1的数量来自县（市、区）总工会数，{read_at:%Y-%m-%d %H:%M}读取。"


def test_a_written_reason_settles_it_until_the_figure_changes_again(office, bound):
    line = change(office, bound, people=999)
    line = keep_reading(
        line_id=line.pk, seen_value=Decimal(1), reason="另有一县", actor=office.clerk, now=office.now
    )
    assert not list(source_findings(edition_sheet(whole(line.item.edition))))
    assert "保留原数：另有一县" in printed_lines(line.item.edition)
    change(office, line, people=998)
    assert list(source_findings(edition_sheet(whole(line.item.edition))))


def test_a_pasted_method_lets_the_source_go_as_a_single_cell_does(office, bound):
    change_of_block = paste(office, bound, method="quota", fixed_amount=Decimal(5000), note="示例合同")
    bound.refresh_from_db()
    assert (bound.source_key, bound.source_value, bound.source_rows) == ("", None, {})
    undo_change(change_id=change_of_block.pk, actor=office.clerk, now=office.now)
    bound.refresh_from_db()
    assert (bound.method, bound.people, bound.source_key, bound.source_value) == ("headcount", 1, COUNTIES, 1)
    assert bound.source_read_at is not None


def test_undoing_a_paste_leaves_no_reason_behind(office, bound):
    change_of_block = paste(office, bound, people=99)
    undo_change(change_id=change_of_block.pk, actor=office.clerk, now=office.now)
    bound.refresh_from_db()
    assert (bound.people, bound.source_kept_reason) == (1, "")


# --- control figures -------------------------------------------------------------------------------------------


@pytest.fixture
def second_up(office) -> Edition:
    """二上 with a control figure of 300,000 yuan below the amount."""
    plan = office.plan()
    down = office.reach(plan, Stage.FIRST_DOWN)
    item = down.items.get()
    change_item(
        item_id=item.pk,
        actor=office.clerk,
        values={"control_amount": Decimal(300_000)},
        seen_version=item.version,
        now=office.now,
    )
    return office.reach(plan, Stage.SECOND_UP)


def test_nobody_raises_the_control_figure_after_it_was_handed_down(client, office, second_up):
    item = second_up.items.get()
    client.force_login(office.clerk)
    answer = client.post(
        reverse("budget:item_detail", args=[item.pk]), item_page(item, control_amount="900000")
    )
    assert answer.status_code == 422 or "只在一下版本登记" in answer.content.decode()
    item.refresh_from_db()
    assert item.control_amount == 300_000
    assert "data.over_control" in {found.finding.code for found in edition_findings(whole(second_up))}


def test_an_export_of_a_controlled_stage_comes_back_unchanged(office, second_up):
    def trial_of(data: bytes):
        resource = EditionResource(edition=second_up, actor=office.clerk, now=office.now)
        resource.import_data(EditionXlsx(second_up.stage).create_dataset(data), dry_run=True)
        return resource.trial

    dataset = EditionResource(edition=second_up, actor=office.clerk, now=office.now).export(
        sheet_rows(second_up)
    )
    trial = trial_of(GuardedXlsx().export_data(dataset))
    assert not trial.problems
    assert not trial.changed


# --- rows that are gone ----------------------------------------------------------------------------------------


def test_saving_a_row_that_a_colleague_deleted_gets_a_sentence(client, office, item):
    line = item.lines.get()
    remove_line(line_id=line.pk, actor=office.clerk, seen_version=line.version)
    with pytest.raises(Refused, match="刚才已被同事删除"):
        change(office, line, people=1)
    with pytest.raises(Refused, match="刚才已被同事删除"):
        move_line(line_id=line.pk, actor=office.clerk, steps=1)
    remove_item(item_id=item.pk, actor=office.clerk, seen_version=item.version)
    with pytest.raises(Refused, match="这个项目刚才已被同事删除"):
        change_item(
            item_id=item.pk, actor=office.clerk, values={"name": "示例"}, seen_version=1, now=office.now
        )
    with pytest.raises(Refused, match="这个项目刚才已被同事删除"):
        add_line(item_id=item.pk, actor=office.clerk, values={}, now=office.now)


def test_the_history_of_an_edition_tells_of_rows_that_are_gone(client, office, item):
    change_item(
        item_id=item.pk,
        actor=office.clerk,
        values={"name": "示例将删项目"},
        seen_version=item.version,
        now=office.now,
    )
    item.refresh_from_db()
    remove_item(item_id=item.pk, actor=office.clerk, seen_version=item.version)
    client.force_login(UserFactory(auditor=True))
    page = client.get(reverse("budget:edition_history", args=[item.edition_id])).content.decode()
    assert "删除项目" in page
    assert "示例将删项目" in page
    assert str(office.clerk) in page


def test_a_reader_without_the_right_has_no_way_to_the_history(client, item):
    client.force_login(UserFactory(reader=True))
    page = client.get(reverse("budget:edition_grid", args=[item.edition_id])).content.decode()
    assert "修改历史" not in page
    assert 'data-panel="history"' not in page


# --- causes, findings, documents ----------------------------------------------------------------------------


def test_lines_with_the_year_in_their_words_are_found_again_next_year(office):
    earlier = office.plan(year=2015).editions.get()
    item = earlier.items.get()
    item.lines.all().delete()
    for label in ("{年度}年体检", "{年度}年慰问"):
        add_line(
            item_id=item.pk,
            actor=office.clerk,
            now=office.now,
            values={"method": "headcount", "label": label, "people": 10, "rate": Decimal(100)},
        )
    plan = create_plan(union_id=office.union.pk, year=2016, book="fiscal", actor=office.clerk, now=office.now)
    office.ratify(earlier.plan)
    later = plan.editions.get()
    copy_last_year(edition_id=later.pk, actor=office.clerk, now=office.now)
    for line in CalcLine.objects.filter(item__edition=later):
        change(office, line, rate=Decimal(120))
    found = compare_editions(whole(earlier), whole(later))
    assert (found.totals.people_effect, found.totals.rate_effect) == (0, 400)


def test_two_items_of_one_name_need_a_reason_each(office, item):
    edition = item.edition
    _, second = (office.add_item(edition, name="示例会议费") for _ in range(2))
    change_item(
        item_id=second.pk,
        actor=office.clerk,
        values={"group": ItemGroupFactory(code="other", name="示例其他", ordinal=30)},
        seen_version=second.version,
        now=office.now,
    )
    found = {
        one.finding.fingerprint
        for one in edition_findings(whole(edition))
        if one.finding.code == NO_DOCUMENT and "示例会议费" in one.message
    }
    assert len(found) == 2


@pytest.mark.parametrize(
    ("first", "second", "is_slip"),
    [
        ("关于做好2015年送温暖工作的通知", "关于做好2016年送温暖工作的通知", False),
        ("关于召开第三次代表大会的通知", "关于召开第四次代表大会的通知", False),
        ("廊坊市劳动模范管理规定", "廊坊市职工劳动模范管理规定", True),
    ],
)
def test_the_same_notice_of_another_year_is_no_slip(first, second, is_slip):
    assert differ_by_a_word(first, second) is is_slip


def test_an_indicator_of_no_weight_gets_a_sentence(client, office, item):
    client.force_login(office.clerk)
    indicators = {"indicators-TOTAL_FORMS": 2}
    for place, weight in enumerate(("100", "0")):
        indicators |= {
            f"indicators-{place}-{name}": value
            for name, value in (
                ("level", "output"),
                ("second_level", "数量指标"),
                ("name", f"示例{place}"),
                ("direction", "at_least"),
                ("target", "1"),
                ("weight", weight),
            )
        }
    answer = client.post(reverse("budget:item_detail", args=[item.pk]), item_page(item) | indicators)
    assert "“权重”不能小于 0.01" in answer.content.decode()


def test_the_name_on_the_screen_is_what_is_searched(office, item):
    change_item(
        item_id=item.pk,
        actor=office.clerk,
        values={"name": "{年度}年劳模体检费"},
        seen_version=item.version,
        now=office.now,
    )
    hits = [hit.title for group in search_everything(office.clerk, "2016年劳模体检费") for hit in group.hits]
    assert hits == ["2016年劳模体检费"]


# --- printing --------------------------------------------------------------------------------------------------


def test_a_print_that_its_queue_lost_can_be_asked_for_again(office, item):
    job = request_print(
        edition_id=item.edition_id, actor=office.clerk, style="book", is_issue=False, now=office.now
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    later = timezone.now() + timedelta(minutes=1)
    assert condition_of(job, later) is Condition.STALLED
    again = request_print(
        edition_id=item.edition_id, actor=office.clerk, style="book", is_issue=False, now=later
    )
    assert again.pk != job.pk


def test_the_command_prints_what_is_not_approved_as_a_draft_and_leaves_a_record(
    office, item, tmp_path, capsys
):
    target = tmp_path / "说明.pdf"
    call_command("explain_budget", year=2016, output=target)
    assert "印有“草稿”水印" in capsys.readouterr().out
    record = AccessRecord.objects.get(kind=AccessRecord.Kind.PRINT)
    assert record.sha256 == sha256(target.read_bytes()).hexdigest()


def test_a_scan_that_is_gone_or_was_exchanged_is_not_served(client, office, settings, tmp_path):
    document = PolicyDocumentFactory()
    PolicyDocument.objects.filter(pk=document.pk).update(scan="policy/2016/gone.pdf", scan_sha256="0" * 64)
    client.force_login(office.clerk)
    address = reverse("budget:policy_scan", args=[document.pk])
    assert "扫描件的文件不在了" in client.get(address, follow=True).content.decode()


def test_the_printed_words_of_an_edition_follow_from_its_rows(office, item):
    assert "367500元" in documents.plain_text(edition_sheet(whole(item.edition)))


# --- what a stranger stumbled over -------------------------------------------------------------------------------


def test_a_source_that_counts_something_else_is_not_taken(office, item):
    with pytest.raises(Refused, match="按“个”计，本行按“人”计"):
        bind_source(
            line_id=item.lines.get().pk, key=COUNTIES, parameters={}, actor=office.clerk, now=office.now
        )


@pytest.mark.parametrize("text", ["五百五十七人参加", "共二十万元", "慰问一百多户", "三万人次"])
def test_figures_written_in_characters_are_figures_too(text):
    with pytest.raises(Refused, match="直接写进文字的数字"):
        require_no_typed_figures(text, field="purpose")


@pytest.mark.parametrize("text", ["一人一档", "走进千家万户", "百千万人才工程", "每人一份", "一名专职副主席"])
def test_words_that_only_look_like_figures_pass(text):
    require_no_typed_figures(text, field="purpose")


def test_an_item_without_a_source_of_money_is_found(office, item):
    assert "data.no_funding" in {found.finding.code for found in edition_findings(item.edition)}


def test_reasons_are_kept_for_what_did_not_change(client, office):
    plan = office.plan()
    down = office.reach(plan, Stage.FIRST_DOWN)
    client.force_login(office.head)
    page = client.get(reverse("budget:edition_findings", args=[down.pk])).content.decode()
    assert "沿用以前的理由" in page
    client.post(reverse("budget:findings_keep", args=[down.pk]))
    kept = list(down.waivers.values_list("code", "waived_by"))
    assert kept
    assert {actor for _, actor in kept} == {office.head.pk}
    line = down.items.get().lines.get()
    line = change(office, line, people=1)
    with pytest.raises(Refused, match="没有可以沿用的理由"):
        keep_reasons(edition_id=down.pk, actor=office.head, now=office.now)


def test_minutes_carry_a_document_number():
    (step,) = (one for one in FLOW.named("approve") if one.needs_minutes)

    def form(text: str) -> StepForm:
        return StepForm({"minutes": text, "number": 3, "amount": 0, "count": 0}, step=step)

    assert not form("随便写").is_valid()
    good = form("廊工纪[2015]12号")
    assert good.is_valid()
    assert good.cleaned_data["minutes"] == "廊工纪〔2015〕12号"


def test_a_year_without_codes_of_the_government_does_not_ask_for_one(item):
    assert "government_economic_code" not in ItemForm(year=2016, book="fiscal").fields


def test_the_programs_own_words_pass_its_own_checks():
    text = (
        "项目支出明细\n测1-1 2016年劳模体检费 2012906 30307 一般公共预算拨款 22.28\n"
        "　　　　　　2026年11月23日\n"
    )
    codes = {"2012906": "工会事务", "30307": "医疗费补助"}
    assert not [
        found
        for found in check_text(text, year=2016, codes=codes)
        if found.code in ("code.name", "year.outside")
    ]


def test_a_group_of_another_book_never_enters_a_budget(office, item):
    entrusted = ItemGroupFactory(code="entrusted", name="示例代管项目", ordinal=40, book="entrusted")
    with pytest.raises(Refused, match="属于代管资金，不能编入财政部门预算"):
        change_item(
            item_id=item.pk,
            actor=office.clerk,
            values={"group": entrusted},
            seen_version=item.version,
            now=office.now,
        )
    with pytest.raises(IntegrityError, match="三本预算互不相加"), transaction.atomic():
        Item.objects.filter(pk=item.pk).update(group=entrusted)
    assert entrusted not in [row.group for row in edition_grid(whole(item.edition)).groups]
