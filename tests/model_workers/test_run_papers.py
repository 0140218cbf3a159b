"""The roster leaving the house: what stands on it, who may take what, and what is written down."""

import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from apps.accounts.models import AccessRecord
from apps.accounts.services import Copy
from apps.cases.selectors import decisions_of
from apps.core.encryption import search_hash
from apps.core.errors import Refused
from apps.core.pdf import pdf_text
from apps.model_workers.documents.allowance_roll import LAST_ROOM, ROOM, _height, allowance_roll
from apps.model_workers.models import AllowanceLine, AllowancePaper, CountingRule
from apps.model_workers.rules.allowances import DeathRule
from apps.model_workers.selectors.runs import run_sheet
from apps.model_workers.services.allowance_rolls import FULL, MOST_FULL_ROWS, take_out_roll
from apps.people.models import Person, Unit
from apps.people.models.persons import ACCOUNT_COLUMN
from tests.budget.paper import Paper, words
from tests.factories import RoleGrantFactory, UnionFactory, UnitFactory, UserFactory
from tests.people.canaries import hits, secrets_of
from tests.people.identity import account_number

pytestmark = pytest.mark.django_db
REASON = "送银行代发2016年津贴"


def take(office, run, kind="pdf", *, actor=None, is_full=False, reason="", now=None) -> Copy:
    return take_out_roll(
        run_id=run.pk,
        kind=kind,
        is_full=is_full,
        reason=reason,
        actor=actor or office.clerk,
        now=now or office.now,
        address="192.0.2.9",
    )


def cells(data: bytes, sheet: str) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(sheet).to_python()


def roll(run):
    return allowance_roll(
        run,
        sheet=run_sheet(run),
        lines=list(run.lines.order_by("id")),
        decisions=decisions_of(run),
    )


# --- on paper ----------------------------------------------------------------------------------------------


def test_the_paper_says_who_gets_how_much_and_adds_up_on_each_sheet_and_at_the_end(office):
    far = UnionFactory(code="Z0009", name="示例末县总工会")
    office.people({1: 12, 2: 5, 3: 3}, bankrupt=1)
    office.people(
        {1: 1}, unit=UnitFactory(union=far, name="示例末县第一建筑安装工程有限责任公司动力设备维修分公司")
    )
    run = office.approve(office.run())
    paper = Paper(take(office, run).data)
    assert len(paper.pages) == 2
    assert {paper.size(page) for page in range(2)} == {(297, 210)}
    first, last = (words(page) for page in paper.pages)
    for page in (first, last):
        assert "2016年度离退休市级劳模荣誉津贴发放名册" in page
        assert "单位审核章" in page
        assert "本页小计" in page
    sheets = roll(run).sheets
    for text, (folio, _, amount) in zip((first, last), sheets, strict=True):
        assert f"本页小计{folio.count}人至本页累计{folio.running}人{amount:,.2f}" in text
    assert sum(amount for _, _, amount in sheets) == Decimal("37000.00")
    assert "第1页，共2页" in first
    assert "第2页，共2页" in last
    assert "合计21人37,000.00" in last
    assert "合计（大写）人民币叁万柒仟元整" in last
    assert "共计37000元" in last
    assert "制表：示例·劳模经办" in last
    assert "审核：示例·劳模负责人" in last
    assert "审批：示例·分管副主席" in last
    assert "破产或撤销企业" in first
    assert "示例末县第一建筑安装工程有限责任公司动力设备维修分公司" in first + last
    for line in run.lines.all():
        assert f"{line.name}{line.id_last_four}{line.union_name}" in first + last
        assert f"****{line.account_last_four}" in first + last


def test_before_the_approval_the_paper_says_so_and_leaves_room_to_sign(office):
    office.people({1: 1})
    run = office.run()
    office.decide(run, office.clerk, "submit")
    text = words("".join(pdf_text(take(office, run).data)))
    assert "未审批" in text
    assert "制表：示例·劳模经办" in text
    assert "审核：年月日" in text
    assert not AllowancePaper.objects.exists()


def test_a_stand_in_signs_with_both_names(office):
    office.people({1: 1})
    run, now = office.run(), office.now
    deputy = UserFactory(finance_head=True, full_name="示例·代理人")
    days = {"valid_from": now - timedelta(1), "valid_until": now + timedelta(1), "confirmed_at": now}
    RoleGrantFactory(
        user=deputy, role="model_worker_head", granted_by=office.head, stands_in_for=office.head, **days
    )
    office.decide(run, office.clerk, "submit")
    office.decide(run, deputy, "check")
    assert [one.name for one in roll(run).signatures] == [
        "示例·劳模经办",
        "示例·代理人（代示例·劳模负责人）",
        "",
    ]


def test_by_month_the_paper_says_to_which_month(office):
    CountingRule.objects.update(death_rule=DeathRule.MONTHLY)
    person, *_ = office.people({1: 2})
    office.event(person, "died", date(2016, 4, 3))
    text = words("".join(pdf_text(take(office, office.run(on=date(2016, 12, 31))).data)))
    assert "发至4月" in text
    assert "500.00" in text


def test_no_sheet_holds_more_than_its_room_whatever_the_length_of_the_names(office):
    units = [
        Unit(union=office.county, name=f"示例{'很长的单位名称' * (n % 13)}{n}", nature="state_enterprise")
        for n in range(40)
    ]
    Unit.objects.bulk_create(units)
    for unit in units:
        office.people({1: 1}, unit=unit)
    run = office.run()
    document = roll(run)
    *before, last = document.folios
    assert all(sum(map(_height, folio.rows)) <= ROOM for folio in before)
    assert sum(map(_height, last.rows)) <= LAST_ROOM
    assert [row.number for row in document.rows] == list(range(1, 41))
    assert len(Paper(take(office, run).data).pages) == len(document.folios)


@pytest.mark.parametrize("people", range(9, 19))
def test_the_total_never_stands_without_a_name_above_it(office, people):
    office.people({1: people})
    folios = roll(office.run()).folios
    assert folios[-1].count >= 1
    assert folios[-1].running == people


def test_what_was_approved_is_printed_once_and_every_copy_is_the_same_bytes(office):
    (person,) = office.people({1: 1})
    run = office.approve(office.run())
    first = take(office, run)
    Person.objects.filter(pk=person.pk).update(name="示例改名")
    office.move(person, office.union, date(2016, 2, 1))
    second = take(office, run, actor=office.head, now=office.now + timedelta(days=30))
    assert second.data == first.data
    paper = AllowancePaper.objects.get()
    assert (paper.sha256, paper.page_count, paper.made_by) == (first.sha256, 1, office.clerk)


# --- as a spreadsheet --------------------------------------------------------------------------------------


def test_the_spreadsheet_has_the_columns_of_the_paper_its_sums_and_no_full_number(office):
    office.people({1: 2, 2: 1})
    run = office.approve(office.run())
    taken = take(office, run, "xlsx")
    rows = cells(taken.data, "发放名册")
    assert rows[0][0] == "廊坊市总工会2016年度离退休市级劳模荣誉津贴发放名册"
    headings = "序号 姓名 证件末四位 管理工会 单位 档次 月数 金额（元） 开户银行 银行账号 备注 单位审核章"
    assert rows[1] == headings.split()
    assert [row[0] for row in rows[2:5]] == ["1", "2", "3"]
    assert [row[7] for row in rows[2:7]] == [2000, 1500, 1500, 5000, 5000]
    assert [row[1] for row in rows[5:8]] == ["本页小计", "合计", "大写"]
    assert rows[7][4] == "人民币伍仟元整"
    assert hits(str(rows), secrets_of(Person.objects.all())) == []
    assert CalamineWorkbook.from_filelike(io.BytesIO(taken.data)).sheet_names == ["发放名册"]


def test_the_bank_gets_bare_rows_with_whole_numbers_as_text(office):
    office.people({1: 2, 3: 1})
    run = office.approve(office.run())
    taken = take(office, run, "xlsx", is_full=True, reason=REASON)
    rows = cells(taken.data, "银行发放")
    assert rows[0] == ["序号", "户名", "账号", "开户银行", "金额（元）"]
    accounts = {person.name: person.account.reveal() for person in Person.objects.all()}
    assert len(rows) == 1 + 3 + 1
    wrong = [row[1] for row in rows[1:4] if row[2] != accounts[row[1]]]
    assert wrong == []
    assert rows[4][1] == "合计"
    assert rows[4][4] == 5500
    assert "（完整账号）" in taken.name


def test_a_formula_in_a_name_of_a_unit_stays_text(office):
    office.people({1: 1}, unit=UnitFactory(union=office.county, name="=HYPERLINK(1)"))
    rows = cells(take(office, office.run(), "xlsx").data, "发放名册")
    assert rows[2][4] == "=HYPERLINK(1)"


# --- full numbers ------------------------------------------------------------------------------------------


def test_whole_accounts_need_the_right_a_reason_and_an_approved_run(office):
    office.people({1: 1})
    run = office.run()
    with pytest.raises(Refused, match="名册审批以后才能取出完整账号") as refused:
        take(office, run, is_full=True, reason=REASON)
    assert refused.value.field == "is_full"
    office.approve(run)
    with pytest.raises(Refused, match="“理由”没有填写"):
        take(office, run, is_full=True)
    with pytest.raises(Refused, match="您没有查看完整号码的权限"):
        take(office, run, is_full=True, reason=REASON, actor=office.vice)
    assert not AccessRecord.objects.exists()


def test_whole_accounts_on_paper_say_who_took_them_and_for_what_and_leave_two_records(office):
    (person,) = office.people({1: 1})
    run = office.approve(office.run())
    taken = take(office, run, is_full=True, reason=REASON)
    text = words("".join(pdf_text(taken.data)))
    assert len(hits(text, secrets_of([person]))) == 1
    assert "本件含完整银行账号，由示例·劳模经办" in text
    assert f"用于：{REASON}" in text
    opened, printed = AccessRecord.objects.order_by("id")
    assert (opened.kind, opened.subject, opened.detail, opened.row_count) == (
        "reveal",
        f"{FULL}：市总工会2016年",
        REASON,
        1,
    )
    assert (printed.kind, printed.sha256, printed.address) == ("print", taken.sha256, "192.0.2.9")
    assert not AllowancePaper.objects.exists(), "what holds whole numbers is not kept"
    told = f"{opened.subject}{opened.detail}{printed.subject}{printed.detail}{taken.name}"
    assert hits(told, secrets_of([person])) == []


def test_an_account_that_changed_after_the_approval_is_marked(office):
    (person,) = office.people({1: 1})
    run = office.approve(office.run())
    person.account = account_number(77)
    person.account_hash = search_hash(account_number(77), column=ACCOUNT_COLUMN)
    person.account_last_four = account_number(77)[-4:]
    person.save()
    rows = cells(take(office, run, "xlsx", is_full=True, reason=REASON).data, "发放名册")
    assert rows[2][10] == "审批后登记账号有变，按审批时的账号发放"


def test_a_person_without_an_account_is_marked(office):
    (person,) = office.people({1: 1})
    person.account, person.account_hash, person.account_last_four = None, None, ""
    person.save()
    rows = cells(take(office, office.run(), "xlsx").data, "发放名册")
    assert rows[2][9:11] == ["", "缺账号"]


def test_one_person_does_not_take_out_whole_registers_in_pieces(office):
    office.people({1: 1})
    run = office.approve(office.run())
    AccessRecord.objects.create(
        kind="reveal", actor=office.clerk, subject=f"{FULL}：示例", row_count=MOST_FULL_ROWS, at=office.now
    )
    with pytest.raises(Refused, match="24 小时内已取出 2,000 人的完整账号"):
        take(office, run, is_full=True, reason=REASON)
    take(office, run, is_full=True, reason=REASON, now=office.now + timedelta(days=2))


# --- who may -----------------------------------------------------------------------------------------------


def test_every_copy_leaves_a_record_and_the_spreadsheet_is_an_export(office):
    office.people({1: 2})
    run = office.run()
    taken = [take(office, run), take(office, run, "xlsx")]
    records = AccessRecord.objects.order_by("id").values_list("kind", "subject", "row_count", "sha256")
    assert list(records) == [
        ("print", "市总工会2016年荣誉津贴发放名册（PDF）", 2, taken[0].sha256),
        ("export", "市总工会2016年荣誉津贴发放名册（xlsx）", 2, taken[1].sha256),
    ]


def test_the_spreadsheet_needs_the_right_to_export(office):
    office.people({1: 1})
    run = office.run()
    with pytest.raises(Refused, match="您没有导出人员名册的权限，可以打印 PDF"):
        take(office, run, "xlsx", actor=UserFactory(finance_clerk=True))


def test_a_void_run_is_not_printed_and_a_foreign_one_not_found(office):
    office.people({1: 1})
    run = office.run()
    with pytest.raises(type(run).DoesNotExist):
        take(office, run, actor=UserFactory(county_clerk=True))
    office.decide(run, office.clerk, "void", note="示例")
    with pytest.raises(Refused, match="名册已作废"):
        take(office, run)
    assert not AllowanceLine.objects.exists()
