"""A staged roster is taken over as a whole, once, or not at all."""

from datetime import date, timedelta

import psycopg
import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from apps.core.errors import Refused
from apps.core.jobs import NO_WORKER_AFTER
from apps.people.models import (
    DuplicatePair,
    Person,
    RosterFacts,
    RosterImport,
    RosterRow,
    StandingEvent,
    Unit,
)
from apps.people.rules.drafts import PersonDraft
from apps.people.services import roster_taking
from apps.people.services.exports import export_people
from apps.people.services.persons import edit_person, register_person
from apps.people.services.rosters import discard_roster, request_taking, restart_roster
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UnitFactory, UserFactory
from tests.people.roster_files import (
    account_of,
    counts,
    number_of,
    reasons,
    roster_file,
    row_of,
    somebody,
    staged,
    take,
)

pytestmark = pytest.mark.django_db


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


WHOLE = {
    "姓名": "单示例",
    "曾用名": "示例旧",
    "证件类型": "居民身份证",
    "证件号码": number_of(1),
    "民族": "汉族",
    "政治面貌": "群众",
    "文化程度": "高中",
    "职务（工种）": "车工",
    "单位名称": "示例厂",
    "统一社会信用代码": "911310000000000016",
    "单位性质": "国有企业",
    "工作状态": "退休",
    "状态起始日期": date(2010, 6, 1),
    "居住地": "示例路1号",
    "联系电话": "13900000001",
    "银行账号": account_of(1),
    "开户银行": "示例银行",
    "开户支行": "示例支行",
    "备注": "示例",
}


def test_new_people_are_entered_as_if_by_hand(stage, union, clerk):
    roster = take(stage(WHOLE), clerk)
    assert roster.status == RosterImport.Status.TAKEN, roster.message
    assert (roster.taken_by, roster.taken_at is not None) == (clerk, True)
    person = Person.objects.select_related("unit").get()
    unit = person.unit
    assert (unit.union, unit.name, unit.credit_code, unit.nature) == (
        union,
        "示例厂",
        "911310000000000016",
        "state_enterprise",
    )
    assert person.id_number.reveal() == number_of(1)
    assert person.phone.reveal() == "13900000001"
    assert person.account.reveal() == account_of(1)
    by_hand = register_person(
        draft=PersonDraft(
            name="单示例",
            former_name="示例旧",
            id_number=number_of(2),
            nation="汉族",
            politics="群众",
            education="高中",
            post="车工",
            residence="示例路1号",
            phone="13900000001",
            account=account_of(2),
            bank_name="示例银行",
            bank_branch="示例支行",
            note="示例",
        ),
        union=union,
        unit=unit,
        actor=clerk,
        now=timezone.now(),
    )
    own = {"id", "public_id", "created_at", "updated_at"}
    secret = {"id_number", "id_hash", "id_last_four", "phone", "account", "account_hash", "account_last_four"}
    for field in Person._meta.concrete_fields:
        if field.name not in own | secret | {"sex"}:
            assert getattr(person, field.attname) == getattr(by_hand, field.attname), field.name
    event = StandingEvent.objects.get()
    assert (event.person, event.kind, event.effective_on) == (person, "retired", date(2010, 6, 1))
    assert (event.track, event.note, event.created_by) == ("work", "名册“示例名册.xlsx”第2行", clerk)
    assert person in Person.objects.matching("dsl")


def test_what_was_changed_says_who_and_from_which_roster(stage, clerk):
    take(stage(WHOLE), clerk)
    for events in (
        Person.objects.get().events,
        StandingEvent.objects.get().events,
        Unit.objects.get().events,
    ):
        context = events.get().pgh_context
        assert (context["user"], context["action"]) == (clerk.pk, "导入名册")
        assert context["reason"] == "名册“示例名册.xlsx”"


def test_only_what_the_roster_says_is_changed(stage, union, clerk):
    person = PersonFactory(
        union=union,
        name="示例甲",
        id_number=number_of(1),
        phone="13900000001",
        account=account_of(1),
        nation="满族",
        residence="示例路1号",
    )
    before = Person.objects.get(pk=person.pk)
    row = {
        "姓名": "示例甲",
        "证件号码": number_of(1),
        "民族": "汉族",
        "联系电话": "13900000002",
        "居住地": "",
    }
    roster = take(stage(row | {"单位名称": "示例厂", "单位性质": "机关"}), clerk)
    assert roster.status == RosterImport.Status.TAKEN, roster.message
    after = Person.objects.get(pk=person.pk)
    assert (after.nation, after.residence, after.phone.reveal()) == ("汉族", "示例路1号", "13900000002")
    assert (after.phone_last_four, after.unit.name) == ("0002", "示例厂")
    assert (after.version, after.updated_by) == (before.version + 1, clerk)
    assert after.__dict__["id_number"] == before.__dict__["id_number"]
    assert after.__dict__["account"] == before.__dict__["account"]
    assert after.search_text == before.search_text


def test_another_name_is_found_by_its_own_letters(stage, union, clerk):
    person = PersonFactory(union=union, name="示例甲", former_name="示例旧", id_number=number_of(1))
    take(stage({"姓名": "单示例", "证件号码": number_of(1)}), clerk)
    assert person in Person.objects.matching("dsl")
    assert person in Person.objects.matching("示例旧")
    assert person not in Person.objects.matching("示例甲")


def test_unchanged_people_are_left_alone(stage, union, clerk):
    person = PersonFactory(union=union, name="示例甲", id_number=number_of(1))
    roster = take(stage({"姓名": "示例甲", "证件号码": number_of(1)}, somebody(2)), clerk)
    assert counts(roster) == (1, 0, 1, 0)
    assert Person.objects.get(pk=person.pk).version == 1
    assert person.events.count() == 1


def test_another_work_status_is_recorded_and_the_present_one_is_not(stage, union, clerk):
    people = [PersonFactory(union=union, name="示例甲", id_number=number_of(order)) for order in (1, 2)]
    for person in people:
        StandingEventFactory(person=person, kind="in_service", effective_on=date(1990, 1, 1))
    row = {"姓名": "示例甲", "状态起始日期": "2012-06-30"}
    take(
        stage(
            row | {"证件号码": number_of(1), "工作状态": "退休"},
            row | {"证件号码": number_of(2), "工作状态": "在职"},
        ),
        clerk,
    )
    recorded = StandingEvent.objects.filter(effective_on=date(2012, 6, 30))
    assert [(event.person, event.kind) for event in recorded] == [(people[0], "retired")]
    assert Person.objects.get(pk=people[0].pk).version == 1


def test_with_one_wrong_row_nothing_is_taken_over(stage, clerk):
    roster = stage(somebody(1), somebody(2, 联系电话="abc"))
    with pytest.raises(Refused, match="有 1 行不对，一行也不能导入"):
        request_taking(roster_id=roster.pk, actor=clerk, now=timezone.now())
    assert not Person.objects.exists()
    # Nor past the service.
    RosterImport.objects.filter(pk=roster.pk).update(status="taking", taken_by=clerk)
    roster_taking.take_roster(roster_id=roster.pk)
    roster.refresh_from_db()
    assert (roster.status, roster.taken_by) == (RosterImport.Status.STAGED, None)
    assert not Person.objects.exists()


def test_of_a_thousand_rows_the_thirty_seven_wrong_ones_come_back_with_their_reasons(stage, clerk):
    rows = [somebody(order) for order in range(1000)]
    wrong = range(10, 1000, 27)
    for number in wrong:
        rows[number]["证件号码"] = rows[number]["证件号码"][:-2] + "00"
        rows[number]["联系电话"] = "1234"
    roster = stage(*rows)
    assert len(wrong) == 37
    assert counts(roster) == (963, 0, 0, 37)
    for number in wrong:
        assert reasons(roster, number + 2) == [
            "证件号码：的校验码不对（GB 11643），请核对每一位。",
            "联系电话：应为 11 位手机号，或带区号的固定电话。",
        ]
    with pytest.raises(Refused, match="有 37 行不对"):
        request_taking(roster_id=roster.pk, actor=clerk, now=timezone.now())
    assert not Person.objects.exists()


def test_a_file_is_taken_over_once(stage, clerk):
    first, second = stage(somebody(1)), stage(somebody(1))
    assert first.sha256 == second.sha256
    take(first, clerk)
    with pytest.raises(Refused, match=r"已由.*导入.*，不能重复导入。"):
        request_taking(roster_id=second.pk, actor=clerk, now=timezone.now())
    with pytest.raises(Refused, match=r"已由.*导入.*，不能重复导入。"):
        stage(somebody(1))
    with pytest.raises(Refused, match="已导入，不能导入"):
        request_taking(roster_id=first.pk, actor=clerk, now=timezone.now())
    assert Person.objects.count() == 1


def test_while_a_file_is_being_taken_over_its_copy_waits(stage, clerk):
    first, second = stage(somebody(1)), stage(somebody(1))
    request_taking(roster_id=first.pk, actor=clerk, now=timezone.now())
    with pytest.raises(Refused, match="同一份文件正在导入"):
        request_taking(roster_id=second.pk, actor=clerk, now=timezone.now())


def test_a_roster_that_changes_nothing_is_not_taken_over(stage, union, clerk):
    PersonFactory(union=union, name="示例甲", id_number=number_of(1))
    roster = stage({"姓名": "示例甲", "证件号码": number_of(1)})
    with pytest.raises(Refused, match="没有要导入的内容"):
        request_taking(roster_id=roster.pk, actor=clerk, now=timezone.now())


@pytest.fixture
def refused(clerk):
    """The sentence with which a roster comes back to its preview; nothing of it may have been written."""

    def run(roster, *, people: int) -> str:
        take(roster, clerk)
        assert (roster.status, roster.taken_by) == (RosterImport.Status.STAGED, None)
        assert Person.objects.count() == people
        written = roster.new_count + roster.changed_count
        assert RosterFacts.objects.filter(roster=roster).count() == written
        return roster.message

    return run


AGAIN = "什么也没有导入；请重新上传这份名册，按现在的资料核对。"


def test_a_person_changed_since_the_preview_stops_the_whole_roster(stage, union, clerk, refused):
    person = PersonFactory(union=union, name="示例甲", id_number=number_of(1), bank_name="", account="")
    roster = stage({"姓名": "示例甲", "证件号码": number_of(1), "民族": "汉族"}, somebody(2))
    edit_person(
        person_id=person.pk,
        seen_version=1,
        draft=PersonDraft(name="示例甲", id_number=number_of(1), nation="回族"),
        unit=None,
        actor=clerk,
        now=timezone.now(),
        reason="示例",
    )
    assert refused(roster, people=1) == f"核对之后，名册中有 1 人的资料被修改、合并或转移，{AGAIN}"
    assert Person.objects.get().nation == "回族"


def test_a_person_merged_or_moved_away_since_the_preview_stops_it_too(stage, union, refused):
    people = [PersonFactory(union=union, name="示例甲", id_number=number_of(order)) for order in (1, 2)]
    roster = stage({"姓名": "示例甲", "证件号码": number_of(1), "民族": "汉族"})
    Person.objects.filter(pk=people[0].pk).update(merged_into=people[1])
    assert "1 人的资料被修改、合并或转移" in refused(roster, people=2)
    Person.objects.filter(pk=people[0].pk).update(merged_into=None, union=UnionFactory())
    assert "1 人的资料被修改、合并或转移" in refused(roster, people=2)


def test_people_entered_since_the_preview_stop_it(stage, union, refused):
    roster = stage(
        somebody(1),
        somebody(2),
        {"姓名": "示例甲", "证件类型": "暂缺", "出生日期": "1950-01-01"},
        somebody(4),
    )
    PersonFactory(union=union, id_number=number_of(2))
    assert refused(roster, people=1) == f"核对之后，第3行的人已经登记，{AGAIN}"
    PersonFactory(union=union, bare=True, name="示例甲", birth_on=date(1950, 1, 1))
    assert refused(roster, people=2) == f"核对之后，第3、4行的人已经登记，{AGAIN}"


def test_an_account_or_a_work_status_entered_since_the_preview_stops_it(stage, union, refused):
    person = PersonFactory(union=union, name="示例甲", id_number=number_of(1))
    rows = [
        {"姓名": "示例甲", "证件号码": number_of(1), "工作状态": "退休", "状态起始日期": "2012-06-30"},
        somebody(5),
    ]
    roster = stage(*rows)
    other = PersonFactory(account=account_of(5))
    assert refused(roster, people=2) == f"核对之后，第3行的银行账号已经登记给别人，{AGAIN}"
    Person.objects.filter(pk=other.pk).update(merged_into=person)
    StandingEventFactory(person=person, kind="jobless", effective_on=date(2014, 1, 1))
    assert refused(roster, people=2) == f"核对之后，第2行的人已经登记了工作状态，{AGAIN}"


def test_somebody_faster_than_the_last_look_is_stopped_by_the_database(stage, refused, monkeypatch):
    roster = stage(somebody(1), somebody(2))
    PersonFactory(id_number=number_of(2))
    monkeypatch.setattr(roster_taking, "_require_unchanged", lambda cursor, roster: None)
    assert refused(roster, people=1) == f"有证件号码刚刚登记给了别人，{AGAIN}"


def test_an_unexpected_end_leaves_nothing_behind_and_logs_no_value(stage, refused, monkeypatch, caplog):
    def fail(*args, **facts):
        raise RuntimeError(number_of(1))

    roster = stage(WHOLE, somebody(2))
    monkeypatch.setattr(roster_taking, "find_pairs", fail)
    assert refused(roster, people=0).startswith("导入时出了意外的错误，什么也没有导入。")
    assert not Unit.objects.exists()
    assert not StandingEvent.objects.exists()
    assert "RuntimeError" in caplog.text
    assert number_of(1) not in caplog.text


def test_afterwards_nothing_sealed_is_left_but_what_became_of_each_row(stage, clerk):
    roster = take(stage(somebody(1), somebody(2)), clerk)
    assert counts(roster) == (2, 0, 0, 0)
    assert not RosterRow.objects.filter(values__isnull=False).exists()
    assert not RosterFacts.objects.exists()
    for row in RosterRow.objects.all():
        assert Person.objects.get(public_id=row.person_public_id).name == row.name
    assert {row.name for row in RosterRow.objects.all()} == {somebody(1)["姓名"], somebody(2)["姓名"]}
    assert row_of(roster, 2).outcome == "new"


def test_the_rows_of_changed_and_unchanged_people_are_cleared_too(stage, union, clerk):
    people = [PersonFactory(union=union, name="示例甲", id_number=number_of(order)) for order in (1, 2)]
    row = {"姓名": "示例甲", "证件号码": number_of(1)}
    roster = take(stage(row | {"民族": "汉族"}, row | {"证件号码": number_of(2)}), clerk)
    assert counts(roster) == (0, 1, 1, 0)
    assert not RosterRow.objects.filter(values__isnull=False).exists()
    assert [row_of(roster, number).person_public_id for number in (2, 3)] == [
        person.public_id for person in people
    ]


def test_a_roster_of_which_something_is_missing_is_not_taken_over(stage, clerk):
    roster = stage(somebody(1), somebody(2))
    RosterFacts.objects.filter(number=3).delete()
    assert take(roster, clerk).message == f"暂存的内容不完整，{AGAIN}"
    assert roster.status == RosterImport.Status.STAGED
    assert not Person.objects.exists()


def test_pairs_that_may_be_one_person_are_raised(stage, union, clerk):
    old = PersonFactory(union=union, name="示例甲", id_number=number_of(2))
    take(stage(somebody(1, 姓名="示例甲")), clerk)
    pair = DuplicatePair.objects.get()
    assert (pair.first, pair.same_birth) == (old, True)


def test_a_discarded_roster_leaves_no_rows(stage, clerk):
    roster = stage(somebody(1))
    discard_roster(roster_id=roster.pk, actor=clerk, now=timezone.now())
    roster.refresh_from_db()
    assert roster.status == RosterImport.Status.DISCARDED
    assert not RosterRow.objects.exists()
    with pytest.raises(Refused, match="已放弃"):
        request_taking(roster_id=roster.pk, actor=clerk, now=timezone.now())
    taken = take(stage(somebody(2)), clerk)
    with pytest.raises(Refused, match="已导入，不能放弃"):
        discard_roster(roster_id=taken.pk, actor=clerk, now=timezone.now())


def test_a_roster_being_taken_over_cannot_be_given_up_or_begun_again(stage, clerk):
    roster = stage(somebody(1))
    request_taking(roster_id=roster.pk, actor=clerk, now=timezone.now())
    for service in (discard_roster, restart_roster):
        with pytest.raises(Refused):
            service(roster_id=roster.pk, actor=clerk, now=timezone.now() + NO_WORKER_AFTER)


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_background_to_let_a_roster_go(stage, clerk):
    roster = stage(somebody(1))
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"], port=settings["PORT"], user=settings["USER"], dbname=settings["NAME"]
    ) as background:
        background.execute("SELECT FROM people_rosterimport WHERE id = %s FOR NO KEY UPDATE", [roster.pk])
        for service in (request_taking, discard_roster, restart_roster):
            with pytest.raises(Refused, match="正在导入，请稍等"):
                service(roster_id=roster.pk, actor=clerk, now=timezone.now())


def test_a_taking_over_that_lost_its_database_wrote_nothing_and_is_done_once_when_it_begins_again(
    stage, clerk
):
    roster = stage(somebody(1))
    request_taking(roster_id=roster.pk, actor=clerk, now=timezone.now())

    def away(execute, sql, params, many, context):
        if sql.startswith("INSERT INTO people_standingevent"):
            raise OperationalError("the connection is lost")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(away), pytest.raises(OperationalError):
        roster_taking.take_roster(roster_id=roster.pk)
    assert not Person.objects.exists()
    for _ in range(2):
        roster_taking.take_roster(roster_id=roster.pk)
    roster.refresh_from_db()
    assert roster.status == RosterImport.Status.TAKEN
    assert Person.objects.count() == 1


def test_a_taking_over_begun_in_vain_too_often_goes_back_to_the_preview_with_a_sentence(stage, clerk):
    roster = stage(somebody(1))
    request_taking(roster_id=roster.pk, actor=clerk, now=timezone.now())
    roster_taking.give_up_taking(roster_id=roster.pk)
    roster.refresh_from_db()
    assert roster.status == RosterImport.Status.STAGED
    assert "多次中断" in roster.message


def test_an_interrupted_taking_over_goes_back_to_the_preview(stage, clerk):
    roster = stage(somebody(1))
    request_taking(roster_id=roster.pk, actor=clerk, now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE status = 'doing'")
    restart_roster(roster_id=roster.pk, actor=clerk, now=timezone.now())
    roster.refresh_from_db()
    assert roster.status == RosterImport.Status.STAGED
    assert roster.message == "后台程序中断，什么也没有导入，请再次导入。"
    assert take(roster, clerk).status == RosterImport.Status.TAKEN


def test_an_actor_who_lost_the_right_meanwhile_takes_nothing_over(stage, clerk, refused):
    roster = stage(somebody(1))
    request_taking(roster_id=roster.pk, actor=clerk, now=timezone.now())
    clerk.role_grants.update(valid_until=timezone.now())
    roster_taking.take_roster(roster_id=roster.pk)
    roster.refresh_from_db()
    assert roster.message == "您没有导入名册的权限。"
    assert not Person.objects.exists()


def test_the_full_export_of_the_register_comes_back_unchanged(union, clerk):
    unit = UnitFactory(union=union, name="示例厂")
    people = [
        PersonFactory(unit=unit, name="示例甲", nation="汉族", former_name="示例旧", note="示例"),
        PersonFactory(union=union, name="示例乙", account="", bank_name=""),
        PersonFactory(union=union, bare=True, name="示例丙", birth_on=date(1950, 1, 1), sex="female"),
        PersonFactory(union=union, bare=True, name="示例丁"),
        PersonFactory(union=union, name="示例戊", id_kind="foreign", id_number="ABC123456789012"),
    ]
    StandingEventFactory(person=people[0], kind="retired", effective_on=date(2010, 1, 1))
    StandingEventFactory(person=people[1], kind="died", effective_on=date(2014, 1, 1))
    exported = export_people(
        filters={}, described="全部", is_full=True, reason="示例往返核对", actor=clerk, now=timezone.now()
    )
    roster = staged(union=union, actor=clerk, content=exported.data)
    assert roster.status == RosterImport.Status.STAGED, roster.message
    assert [error for row in RosterRow.objects.all() for error in row.errors] == []
    assert [change for row in RosterRow.objects.all() for change in row.changes] == []
    assert counts(roster) == (0, 0, 5, 0)


def test_a_roster_taken_over_and_sent_again_with_one_more_row_is_unchanged_but_for_it(stage, clerk):
    take(stage(WHOLE, somebody(2)), clerk)
    again = stage(WHOLE, somebody(2), somebody(3))
    assert counts(again) == (1, 0, 2, 0)


def test_the_age_of_a_roster_does_not_matter_while_its_rows_are_there(stage, clerk):
    roster = stage(somebody(1))
    RosterImport.objects.filter(pk=roster.pk).update(uploaded_at=timezone.now() - timedelta(days=6))
    assert take(roster, clerk).status == RosterImport.Status.TAKEN
