"""A roster is read, judged row by row, and compared with the register."""

import json
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.core.errors import Refused
from apps.people.models import Person, RosterImport, RosterPiece, RosterRow
from apps.people.services import roster_reading, roster_staging
from apps.people.services.rosters import forget_old_rosters, upload_roster
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UnitFactory, UserFactory
from tests.people.roster_files import (
    HEADINGS,
    account_of,
    counts,
    hints,
    number_of,
    reasons,
    roster_file,
    row_of,
    somebody,
    staged,
    uploaded,
)

pytestmark = pytest.mark.django_db

NUMERIC = (
    "是数字格式，表格软件只保留 15 位有效数字，后几位可能已经变成 0；请把这一列设为“文本”格式后重新填写。"
)
ELSEWHERE = "已登记在所选工会以外的一人名下；请核对号码，确实无误的请联系市总工会。"


@pytest.fixture
def union():
    return UnionFactory()


@pytest.fixture
def clerk(union):
    return UserFactory(union=union, county_clerk=True)


@pytest.fixture
def stage(union, clerk):
    def run(*rows, **more):
        return staged(union=union, actor=clerk, content=roster_file(*rows, **more))

    return run


def test_new_people_are_staged_with_nothing_of_theirs_in_the_open(stage):
    roster = stage(
        somebody(1, 单位名称="示例厂", 单位性质="国有企业", 工作状态="退休", 状态起始日期="2010-01-31")
    )
    assert roster.status == RosterImport.Status.STAGED
    assert counts(roster) == (1, 0, 0, 0)
    number = somebody(1)["证件号码"]
    assert row_of(roster, 2).changes == [
        ["证件号码", "", f"****{number[-4:]}"],
        ["单位名称", "", "示例厂"],
        ["工作状态", "", "退休（2010-01-31 起）"],
    ]
    assert not Person.objects.exists()
    assert not RosterPiece.objects.exists()
    secrets = [
        str(value) for key, value in somebody(1).items() if key in ("证件号码", "联系电话", "银行账号")
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, ' ') FROM people_rosterrow r")
        stored = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(f::text, ' ') FROM people_rosterfacts f")
        stored += cursor.fetchone()[0]
    assert not [secret for secret in secrets if secret[-6:] in stored]


def test_the_file_waits_sealed_for_the_background(union, clerk):
    content = roster_file(*(somebody(order) for order in range(300)))
    uploaded(union=union, actor=clerk, content=content)
    kept = b"".join(bytes(piece.content) for piece in RosterPiece.objects.order_by("number"))
    assert len(kept) >= len(content)
    assert content[:200] not in kept
    assert b"PK\x03\x04" not in kept[:200]


def test_what_stands_in_the_register_already_is_unchanged(stage, union):
    number = number_of(7)
    PersonFactory(
        union=union,
        name="示例甲",
        id_number=number,
        phone="13900000007",
        account=account_of(7),
        nation="汉族",
    )
    row = somebody(7, 姓名="示例甲", 证件号码=number, 民族="汉族", 联系电话="139-0000-0007")
    assert counts(stage(row)) == (0, 0, 1, 0)


def test_a_change_shows_old_and_new_and_of_numbers_the_last_four(stage, union):
    number, account = number_of(7), account_of(70)
    person = PersonFactory(
        union=union,
        name="示例甲",
        id_number=number,
        phone="13900000007",
        account=account_of(7),
        nation="满族",
    )
    roster = stage(
        somebody(
            7, 姓名="示例甲", 证件号码=number, 民族="汉族", 联系电话="13900001234", 银行账号=account, 性别=""
        )
    )
    assert counts(roster) == (0, 1, 0, 0)
    row = row_of(roster, 2)
    assert row.person == person
    assert row.changes == [
        ["民族", "满族", "汉族"],
        ["联系电话", "****0007", "****1234"],
        ["银行账号", f"****{account_of(7)[-4:]}", f"****{account[-4:]}"],
    ]


def test_absent_columns_and_empty_cells_leave_what_is_there_alone(stage, union):
    number = number_of(7)
    PersonFactory(union=union, name="示例甲", id_number=number, nation="满族", residence="示例路1号")
    headings = ("姓名", "证件号码", "民族")
    roster = stage({"姓名": "示例甲", "证件号码": number, "民族": ""}, headings=headings)
    assert counts(roster) == (0, 0, 1, 0)
    assert roster.columns == ["name", "id_number", "nation"]


def test_columns_are_found_below_a_title_in_any_order_and_unknown_ones_are_named(stage):
    roster = stage(
        {"身份证号": number_of(3), "序号": 1, "姓名": "示例甲", "错误说明": "第9行：旧的"},
        headings=("序号", "身份证号", "姓名", "错误说明", "备用"),
        title="示例县二〇一六年名册",
    )
    assert counts(roster) == (1, 0, 0, 0)
    assert roster.columns == ["id_number", "name"]
    assert roster.ignored_headings == ["序号", "备用"]


def test_every_wrong_row_and_column_is_named(stage):
    roster = stage(
        somebody(1),
        somebody(2, 证件号码=131099195001010015),
        somebody(3, 证件号码=number_of(3)[:-1] + ("0" if number_of(3)[-1] != "0" else "1")),
        somebody(4, 银行账号=9999000000000000000, 联系电话="abc"),
        somebody(5, 姓名="", 性别="公", 出生日期="昨天"),
        somebody(6, 开户银行=""),
        somebody(7, 工作状态="上班"),
        somebody(8, 工作状态="退休"),
        somebody(9, 单位名称="新厂"),
        somebody(10, 单位名称="旧厂", 单位性质="破产或撤销企业"),
        somebody(11, 统一社会信用代码="91110000000000000A"),
        somebody(12, 备注="卡号 9999000000000000000"),
        somebody(13, 证件号码="131099********0011"),
        somebody(14, 状态起始日期="2016-01-01"),
        somebody(15, 证件号码=""),
        somebody(16, 出生日期="1951-01-01"),
        somebody(17, 工作状态="退休", 状态起始日期=timezone.localdate() + timedelta(1)),
    )
    assert counts(roster) == (1, 0, 0, 16)
    told = {number: reasons(roster, number) for number in range(3, 19)}
    assert told[3] == [f"证件号码：{NUMERIC}"]
    assert told[4] == ["证件号码：的校验码不对（GB 11643），请核对每一位。"]
    assert told[5] == [f"银行账号：{NUMERIC}", "联系电话：只能填写一个电话号码，由数字组成。"]
    assert told[6] == [
        "出生日期：应填写日期，例如 2016-01-31。",
        "性别：只能填写：男、女。",
        "姓名：没有填写。",
    ]
    assert told[7] == ["开户银行：填写了“银行账号”，就要填写“开户银行”。"]
    assert told[8] == ["工作状态：只能填写：在职、退休、离休、务农、无业。"]
    assert told[9] == ["状态起始日期：状态为“退休”的必须填写起始日期。"]
    assert told[10] == ["单位性质：这是新单位，必须填写单位性质。"]
    assert told[11] == ["单位性质：破产或撤销企业要登记日期和依据，请先在单位页登记这个单位。"]
    assert told[12] == ["统一社会信用代码：填写了单位的情况，就要填写“单位名称”。"]
    assert told[13] == ["备注：里不要写证件号码或银行账号，写末四位即可。"]
    assert told[14] == ["证件号码：是打了码的号码，请填写完整的号码，或删去这一列。"]
    assert told[15] == ["工作状态：填写了“状态起始日期”，就要填写“工作状态”。"]
    assert told[16] == ["证件号码：没有填写；确实没有的，“证件类型”请选暂缺。"]
    assert told[17] == ["出生日期：与证件号码里的 1940-01-01 不符。"]
    assert told[18] == ["状态起始日期：名册写的是现在的状态，起始日期不能晚于今天。"]


def test_numbers_that_slipped_into_other_columns_stay_sealed(stage):
    number = number_of(1)
    roster = stage(somebody(2, 姓名=number, 出生日期=number, 民族=number, 单位名称=number, 工作状态=number))
    row = row_of(roster, 2)
    assert row.outcome == RosterRow.Outcome.ERROR
    assert number not in json.dumps([row.name, row.errors, row.changes, row.warnings], ensure_ascii=False)


def test_a_number_twice_in_a_file_makes_both_rows_wrong_and_names_them(stage):
    number = number_of(5)
    roster = stage(somebody(1), somebody(2, 证件号码=number), somebody(3), somebody(4, 证件号码=number))
    assert counts(roster) == (2, 0, 0, 2)
    assert reasons(roster, 3) == ["证件号码：第3行与第5行证件号码相同，请核对后只留一行。"]
    assert reasons(roster, 5) == ["证件号码：第5行与第3行证件号码相同，请核对后只留一行。"]


def test_a_number_twice_is_told_across_batches_and_beside_other_mistakes(union, clerk, monkeypatch):
    monkeypatch.setattr(roster_reading, "_BATCH", 2)
    number, account = number_of(5), account_of(5)
    rows = [
        somebody(1, 证件号码=number, 银行账号=account),
        somebody(2),
        somebody(3, 证件号码=number, 联系电话="abc"),
        somebody(4),
        somebody(6, 银行账号=account),
    ]
    roster = staged(union=union, actor=clerk, content=roster_file(*rows))
    assert reasons(roster, 2) == [
        "证件号码：第2行与第4行证件号码相同，请核对后只留一行。",
        "银行账号：第2行与第6行银行账号相同，请核对后只留一行。",
    ]
    assert "证件号码：第4行与第2行证件号码相同，请核对后只留一行。" in reasons(roster, 4)
    assert reasons(roster, 6) == ["银行账号：第6行与第2行银行账号相同，请核对后只留一行。"]
    assert counts(roster) == (2, 0, 0, 3)


def test_the_same_person_twice_without_a_number_is_told(stage):
    row = {"姓名": "示例甲", "证件类型": "暂缺", "出生日期": "1950-01-01"}
    roster = stage(row, row | {"出生日期": "1950-01-02"}, row)
    assert counts(roster) == (1, 0, 0, 2)
    assert reasons(roster, 4) == ["姓名：第4行与第2行没有证件号码，姓名、出生日期相同，请核对后只留一行。"]


def test_without_a_number_people_are_found_by_name_and_birth_date_in_the_union(stage, union):
    PersonFactory(union=union, bare=True, name="示例甲", birth_on=date(1950, 1, 1), nation="满族")
    PersonFactory(bare=True, name="示例乙", birth_on=date(1950, 1, 1))
    row = {"证件类型": "暂缺", "出生日期": "1950-01-01", "民族": "汉族"}
    roster = stage(row | {"姓名": "示例甲"}, row | {"姓名": "示例乙"})
    assert counts(roster) == (1, 1, 0, 0)
    assert row_of(roster, 2).changes == [["民族", "满族", "汉族"]]


def test_two_people_of_one_name_and_birth_date_cannot_be_told_apart_without_a_number(stage, union):
    for _ in range(2):
        PersonFactory(union=union, bare=True, name="示例甲", birth_on=date(1950, 1, 1))
    roster = stage({"姓名": "示例甲", "证件类型": "暂缺", "出生日期": "1950-01-01"})
    assert reasons(roster, 2) == ["姓名：本工会有 2 名同名、同出生日期的人，请填写证件号码。"]


def test_somebody_with_a_number_keeps_it_when_the_roster_has_none(stage, union):
    number = number_of(7)
    PersonFactory(union=union, name="示例甲", id_number=number)
    roster = stage({"姓名": "示例甲", "证件类型": "暂缺", "出生日期": "1940-01-01"})
    assert counts(roster) == (0, 0, 1, 0)


def test_an_old_number_of_fifteen_digits_finds_its_person_and_gives_a_hint(stage, union):
    number = number_of(7)
    PersonFactory(union=union, name="示例甲", id_number=number, bank_name="", account="")
    roster = stage({"姓名": "示例甲", "证件号码": number[:6] + number[8:17]})
    assert counts(roster) == (0, 0, 1, 0)
    assert hints(roster, 2) == [["证件号码", "15 位旧号已换算为 18 位，旧号一并保留。"]]


def test_a_retired_area_code_is_a_hint_without_the_digits(stage):
    number = number_of(7, area="990000")
    roster = stage({"姓名": "示例甲", "证件号码": number})
    assert counts(roster) == (1, 0, 0, 0)
    assert roster.warning_count == 1
    assert row_of(roster, 2).warnings == [
        ["证件号码", "前 6 位不在区划代码表中，可能是已撤并的旧代码，请核对。"]
    ]


def test_a_bank_known_already_need_not_be_repeated(stage, union):
    number = number_of(7)
    PersonFactory(union=union, name="示例甲", id_number=number, bank_name="示例银行", account=account_of(1))
    roster = stage({"姓名": "示例甲", "证件号码": number, "银行账号": account_of(2)})
    assert counts(roster) == (0, 1, 0, 0)
    assert row_of(roster, 2).changes == [
        ["银行账号", f"****{account_of(1)[-4:]}", f"****{account_of(2)[-4:]}"]
    ]


def test_another_name_under_a_known_number_is_a_change_with_a_hint(stage, union):
    number = number_of(7)
    PersonFactory(union=union, name="示例甲", id_number=number)
    roster = stage({"姓名": "示例乙", "证件号码": number})
    assert row_of(roster, 2).changes == [["姓名", "示例甲", "示例乙"]]
    assert hints(roster, 2) == [["姓名", "与登记的“示例甲”不同，请核对是否同一人。"]]


def test_an_account_of_somebody_else_is_refused(stage, union):
    PersonFactory(union=union, name="示例甲", account=account_of(1))
    roster = stage(somebody(5, 银行账号=account_of(1)))
    assert reasons(roster, 2) == ["银行账号：已登记在“示例甲”名下，请核对。"]


def test_the_present_work_status_needs_no_date_and_another_one_does(stage, union):
    people = [
        PersonFactory(union=union, name=f"示例{name}", id_number=number_of(order))
        for order, name in ((1, "甲"), (2, "乙"), (3, "丙"))
    ]
    for person in people:
        StandingEventFactory(person=person, kind="in_service", effective_on=date(1990, 1, 1), document="")
    row = {"工作状态": "退休"}
    roster = stage(
        {"姓名": "示例甲", "证件号码": number_of(1), "工作状态": "在职"},
        row | {"姓名": "示例乙", "证件号码": number_of(2), "状态起始日期": "2012-06-30"},
        row | {"姓名": "示例丙", "证件号码": number_of(3), "状态起始日期": "1989-12-31"},
    )
    assert counts(roster) == (0, 1, 1, 1)
    assert row_of(roster, 3).changes == [["工作状态", "在职（1990-01-01 起）", "退休（2012-06-30 起）"]]
    assert reasons(roster, 4) == ["状态起始日期：1990-01-01 起已登记“在职”，起始日期须在此之后。"]


def test_units_are_matched_by_name_and_never_changed_by_a_roster(stage, union):
    unit = UnitFactory(union=union, name="示例厂", nature="state_enterprise", credit_code="")
    person = PersonFactory(unit=unit, name="示例甲", id_number=number_of(1))
    roster = stage(
        {"姓名": person.name, "证件号码": number_of(1), "单位名称": "示例厂", "单位性质": "机关"},
        somebody(2, 单位名称="新厂", 单位性质="民营企业"),
        somebody(3, 单位名称="新厂"),
        somebody(4, 单位名称="新厂", 单位性质="机关"),
    )
    assert counts(roster) == (2, 0, 1, 1)
    assert hints(roster, 2) == [["单位性质", "登记的是“国有企业”；名册不修改单位，请到单位页核对。"]]
    assert reasons(roster, 5) == ["单位性质：与第3行同一单位的性质不同。"]


def test_a_unit_out_of_use_gives_a_hint(stage, union):
    UnitFactory(union=union, name="示例厂", is_active=False)
    roster = stage(somebody(1, 单位名称="示例厂"))
    assert counts(roster) == (1, 0, 0, 0)
    assert hints(roster, 2) == [["单位名称", "这个单位已停用，请核对。"]]


def test_a_credit_code_used_elsewhere_is_refused_without_saying_by_whom(stage, union):
    UnitFactory(name="别处的厂", credit_code="911310000000000016")
    roster = stage(somebody(1, 单位名称="新厂", 单位性质="机关", 统一社会信用代码="911310000000000016"))
    assert reasons(roster, 2) == ["统一社会信用代码：这个代码已由所选工会以外的单位使用，请核对。"]


def test_a_number_held_in_another_county_names_nobody(stage):
    number, account = number_of(9), account_of(9)
    stranger = PersonFactory(name="示例远方", id_number=number, account=account)
    roster = stage(somebody(9, 证件号码=number, 银行账号=account_of(10)), somebody(8, 银行账号=account))
    assert reasons(roster, 2) == [f"证件号码：{ELSEWHERE}"]
    assert reasons(roster, 3) == [f"银行账号：{ELSEWHERE}"]
    everything = json.dumps(
        list(RosterRow.objects.values("name", "changes", "errors", "warnings")), ensure_ascii=False
    )
    assert stranger.name not in everything
    assert stranger.union.name not in everything
    assert not RosterRow.objects.filter(person__isnull=False).exists()


def test_the_city_looking_at_a_county_roster_judges_by_the_county(union):
    """Whoever sees the roster later must not learn from it what only the uploader may see."""
    number = number_of(9)
    PersonFactory(name="示例远方", id_number=number)
    city = UserFactory(model_worker_clerk=True)
    roster = staged(union=union, actor=city, content=roster_file(somebody(9, 证件号码=number)))
    assert reasons(roster, 2) == [f"证件号码：{ELSEWHERE}"]


def test_somebody_of_a_union_below_is_found_but_keeps_his_unit(union, clerk):
    below = UnionFactory(grassroots=True, parent=union)
    person = PersonFactory(union=below, name="示例甲", id_number=number_of(1), nation="满族")
    rows = [
        {"姓名": "示例甲", "证件号码": number_of(1), "民族": "汉族"},
        {"姓名": "示例甲", "证件号码": number_of(1), "单位名称": "示例厂", "单位性质": "机关"},
    ]
    roster = staged(union=union, actor=clerk, content=roster_file(rows[0]))
    assert row_of(roster, 2).person == person
    assert counts(roster) == (0, 1, 0, 0)
    roster = staged(union=union, actor=clerk, content=roster_file(rows[1]))
    assert reasons(roster, 2) == [f"单位名称：此人由“{below}”管理，单位请在该工会的名册里修改。"]


def test_a_number_of_a_merged_row_is_not_taken_for_the_kept_one(stage, union):
    kept, merged = PersonFactory(union=union), PersonFactory(union=union, id_number=number_of(7))
    Person.objects.filter(pk=merged.pk).update(merged_into=kept)
    roster = stage(somebody(7, 证件号码=number_of(7), 银行账号="", 联系电话=""))
    assert "证件号码：这个号码的记录已并入另一人，请改用合并后保留的证件号码。" in reasons(roster, 2)


def test_the_dead_in_a_roster_give_a_hint(stage, union):
    person = PersonFactory(union=union, name="示例甲", id_number=number_of(7))
    StandingEventFactory(person=person, kind="died", effective_on=date(2015, 3, 1))
    roster = stage({"姓名": "示例甲", "证件号码": number_of(7)})
    assert hints(roster, 2) == [["姓名", "已登记 2015-03-01 去世。"]]


def test_the_hint_row_of_the_template_is_passed_over(stage):
    roster = stage({"姓名": "填写说明：必填；本行不导入，可以删去", "证件号码": "18 位"}, somebody(1))
    assert counts(roster) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (roster_file(headings=HEADINGS), "工作表“名册”只有表头，没有数据行。"),
        (roster_file({"证件号码": "1"}, headings=("证件号码", "性别")), "表头缺少“姓名”列。"),
        (
            roster_file({"甲": "1"}, headings=("甲", "乙")),
            "工作表“名册”里没有找到表头；第一行应有这些列：“姓名”。",
        ),
    ],
)
def test_a_file_without_usable_headings_is_refused_with_the_reason(union, clerk, content, message):
    roster = staged(union=union, actor=clerk, content=content)
    assert roster.status == RosterImport.Status.REFUSED
    assert roster.message == message
    assert not RosterRow.objects.exists()
    assert not RosterPiece.objects.exists()


def test_an_unexpected_end_says_so_and_logs_no_value(union, clerk, monkeypatch, caplog):
    number = somebody(1)["证件号码"]
    monkeypatch.setattr(roster_staging, "as_json", lambda value: f"not json {number}")
    roster = staged(union=union, actor=clerk, content=roster_file(somebody(1)))
    assert roster.status == RosterImport.Status.REFUSED
    assert "意外的错误" in roster.message
    assert "roster" in caplog.text
    assert number not in caplog.text


def test_reading_twice_leaves_one_set_of_rows(union, clerk):
    roster = uploaded(union=union, actor=clerk, content=roster_file(somebody(1), somebody(2)))
    RosterRow.objects.create(roster=roster, number=2, outcome="new", values="{}")
    roster_reading.read_roster(roster_id=roster.pk)
    roster_reading.read_roster(roster_id=roster.pk)
    roster.refresh_from_db()
    assert counts(roster) == (2, 0, 0, 0)
    assert RosterRow.objects.filter(roster=roster).count() == 2


def test_only_those_who_may_bring_rosters_in_for_that_union_do(union, clerk):
    content = roster_file(somebody(1))
    reviewer = UserFactory(union=union, county_reviewer=True)
    with pytest.raises(Refused, match="没有导入名册的权限"):
        uploaded(union=union, actor=reviewer, content=content)
    with pytest.raises(Refused, match="不在您的管理范围内"):
        uploaded(union=UnionFactory(), actor=clerk, content=content)


def test_a_number_in_the_name_of_the_file_is_refused(union, clerk):
    with pytest.raises(Refused, match="“文件名”里不要写证件号码或银行账号"):
        upload_roster(
            union=union,
            actor=clerk,
            name=f"示例甲{number_of(1)}.xlsx",
            content=b"PK",
            sha256="0" * 64,
            now=timezone.now(),
        )


def test_rosters_nobody_took_over_are_forgotten_after_a_week(union, clerk):
    old = staged(union=union, actor=clerk, content=roster_file(somebody(1)))
    RosterImport.objects.filter(pk=old.pk).update(uploaded_at=timezone.now() - timedelta(days=8))
    young = staged(union=union, actor=clerk, content=roster_file(somebody(2)))
    old.refresh_from_db()
    assert old.status == RosterImport.Status.DISCARDED
    assert old.message == "超过 7 天没有导入，暂存的内容已清除。"
    assert list(RosterRow.objects.values_list("roster", flat=True)) == [young.pk]
    assert forget_old_rosters(now=timezone.now()) == 0
