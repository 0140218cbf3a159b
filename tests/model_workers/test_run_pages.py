"""The pages of allowance runs: what they show, to whom, and at what cost."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import AccessRecord, User
from apps.cases.forms import StepForm
from apps.cases.services import Seen
from apps.core import audit
from apps.model_workers.models import AllowanceLine, AllowanceRun, Recovery
from apps.model_workers.rules.allowances import RunStatus
from apps.people.models import Person
from tests.clients import signed_in
from tests.factories import UnionFactory, UnitFactory, UserFactory
from tests.people.canaries import hits, secrets_of

pytestmark = pytest.mark.django_db
PAGES = ("run_detail", "run_lines", "run_bridge", "run_left_out", "run_overpaid", "run_print")


def url(name: str, run: AllowanceRun, *more: object) -> str:
    return reverse(f"model_workers:{name}", args=[run.pk, *more])


def page(user: User, address: str, **query: str) -> str:
    answer = signed_in(user).get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def current_tabs(told: str) -> list[str]:
    tabs = told.split('aria-label="名册的各页"', 1)[1].split("</nav>", 1)[0]
    return re.findall(r'aria-current="page">([^<]+)<', tabs)


# --- what they show ----------------------------------------------------------------------------------------


def test_a_filter_that_does_not_exist_is_told_in_words_of_the_house(office):
    office.people({1: 1})
    run = office.run()
    shown = page(office.clerk, url("run_lines", run), **{"class": "9"})
    assert "“档次”请从列表中选择。" in shown
    assert "选项" not in shown.split("<main")[1].split("</main>")[0]


def test_the_clerk_counts_a_run_on_the_page(office):
    office.people({1: 2})
    client = signed_in(office.clerk)
    typed = {"union": office.union.pk, "year": "2016", "snapshot_on": "2015-12-31"}
    answer = client.post(reverse("model_workers:run_create"), typed)
    run = AllowanceRun.objects.get()
    assert answer.url == url("run_detail", run)
    again = client.post(reverse("model_workers:run_create"), typed)
    assert again.status_code == 422
    assert "市总工会2016年度已有荣誉津贴发放名册（编制中），请直接打开。" in again.content.decode()


def test_every_page_of_a_run_marks_the_tab_it_belongs_to(office):
    office.people({1: 1})
    run = office.run()
    wanted = {
        "run_detail": "概览",
        "run_recount": "概览",
        "run_print": "概览",
        "run_lines": "名册",
        "run_bridge": "与上年衔接",
        "run_left_out": "有荣誉未列入",
    }
    assert {name: current_tabs(page(office.clerk, url(name, run))) for name in wanted} == {
        name: [label] for name, label in wanted.items()
    }
    office.approve(run)
    assert current_tabs(page(office.clerk, url("run_overpaid", run))) == ["多发追回"]


def test_the_overview_tells_classes_total_capitals_and_the_sentence(office):
    office.people({1: 2, 3: 1}, bankrupt=1)
    told = page(office.clerk, url("run_detail", office.run()))
    for words in ("5,500.00", "0.55", "人民币伍仟伍佰元整", "共计5500元", "没有上年名册，今年3人"):
        assert words in told


def test_the_overview_says_when_the_register_no_longer_agrees_and_who_lacks_an_account(office):
    first, _ = office.people({1: 2})
    run = office.run()
    assert "计数以后登记有变" not in page(office.clerk, url("run_detail", run))
    office.event(first, "died", date(2015, 6, 1))
    AllowanceLine.objects.update(account=None, account_hash=None, account_last_four="")
    told = page(office.clerk, url("run_detail", run))
    assert f"减少 1 人（{first.name}）" in told
    assert "2 人没有银行账号" in told


def test_a_recount_is_shown_before_it_is_made_and_reading_changes_nothing(office):
    first, second = office.people({1: 2})
    run = office.run()
    office.event(first, "died", date(2015, 6, 1))
    told = page(office.clerk, url("run_recount", run))
    assert first.name in told
    assert run.lines.count() == 2
    client = signed_in(office.clerk)
    assert client.post(url("run_recount", run)).status_code == 302
    assert list(run.lines.values_list("name", flat=True)) == [second.name]
    office.decide(run, office.clerk, "submit")
    answer = client.post(url("run_recount", run), follow=True)
    assert "名册待审核，不能重新计数" in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, {"甲", "乙", "丙"}),
        ({"class": "2"}, {"丙"}),
        ({"state": "bankrupt"}, {"甲"}),
        ({"state": "partial"}, set()),
        ({"state": "no_account"}, {"乙"}),
        ({"q": "棉纺"}, {"乙"}),
        ({"q": "示例丙"}, {"丙"}),
        ({"union": "示例乙县总工会"}, {"丙"}),
        ({"class": "9"}, set()),
    ],
)
def test_lines_are_filtered_by_the_address(office, query, shown):
    first, second = office.people({1: 2}, bankrupt=1)
    far = UnitFactory(union=UnionFactory(name="示例乙县总工会"))
    (third,) = office.people({2: 1}, unit=far)
    for person, name in ((first, "示例甲"), (second, "示例乙"), (third, "示例丙")):
        Person.objects.filter(pk=person.pk).update(name=name)
    run = office.run()
    with audit.because(actor_id=office.clerk.pk, action="示例"):
        AllowanceLine.objects.filter(person=second).update(
            account=None, account_hash=None, account_last_four=""
        )
    told = page(office.clerk, url("run_lines", run), **query)
    table = told[told.index("<tbody") :] if "<tbody" in told else ""
    assert {name for name in "甲乙丙" if f">示例{name}<" in table} == shown


def test_a_whole_number_typed_into_the_search_is_not_searched_and_not_repeated(office):
    (person,) = office.people({1: 1})
    query = {"q": person.id_number.reveal(), "class": "1"}
    answer = signed_in(office.clerk).get(url("run_lines", office.run()), query, follow=True)
    told = answer.content.decode()
    assert "证件号码、电话和银行账号不写进地址栏，这次没有搜索" in told
    assert hits(told + answer.redirect_chain[-1][0], secrets_of([person])) == []
    assert answer.redirect_chain[-1][0].endswith("?class=1")


def test_the_number_of_a_file_is_no_number_of_a_person(office):
    office.people({1: 1})
    told = page(office.clerk, url("run_lines", office.run()), q="LF-2015-0001")
    assert "不写进地址栏" not in told


def test_who_is_left_out_is_listed_by_reason(office):
    office.people({1: 1})
    (working,) = office.people({1: 1}, kind="in_service")
    (died,) = office.people({1: 1})
    office.event(died, "died", date(2014, 1, 1))
    run = office.run()
    told = page(office.clerk, url("run_left_out", run))
    assert working.name in told
    assert died.name in told
    assert "去世（1）" in told
    told = page(office.clerk, url("run_left_out", run), reason="去世")
    assert working.name not in told
    assert died.name in told


def test_the_bridge_lists_names_by_reason(office):
    stays, died = office.people({1: 2})
    office.approve(office.run())
    office.event(died, "died", date(2016, 2, 1))
    office.honour(stays, on=date(2016, 5, 1))
    (late,) = office.people({1: 1})
    told = page(office.clerk, url("run_bridge", office.run(year=2017, on=date(2016, 12, 31))))
    for words in (
        "从2016年到2017年",
        "2 ＋ 1 − 1 ＝ 2，平",
        "去世",
        died.name,
        "补登记",
        late.name,
        "档次变动",
    ):
        assert words in told


# --- the way through the hands -----------------------------------------------------------------------------


def test_buttons_follow_the_state_and_the_hands(office):
    office.people({1: 1})
    run = office.run()
    both = UserFactory(model_worker_clerk=True, model_worker_head=True)

    def buttons(user: User) -> set[str]:
        told = page(user, url("run_detail", run))
        steps = ("submit", "check", "approve", "return", "withdraw", "void")
        return {step for step in steps if f"/decide/{step}/" in told}

    assert buttons(office.clerk) == {"submit", "void"}
    assert buttons(office.head) == set()
    office.decide(run, both, "submit")
    assert buttons(office.clerk) == set()
    assert buttons(both) == {"withdraw"}
    assert "必须由不同的人办理" in page(both, url("run_detail", run))
    assert buttons(office.head) == {"check", "return"}
    assert "等待劳模负责人办理" in page(office.clerk, url("run_detail", run))
    office.decide(run, office.head, "check")
    assert buttons(office.vice) == {"approve", "return"}
    office.decide(run, office.vice, "approve")
    assert buttons(office.vice) == buttons(office.clerk) == set()


def test_a_step_is_taken_on_its_page_and_refused_with_what_was_typed(office):
    office.people({1: 1})
    run = office.run()
    client = signed_in(office.clerk)

    def said(opinion: str) -> dict[str, object]:
        return StepForm.initial_of(Seen.of(AllowanceRun.objects.get())) | {"opinion": opinion}

    assert client.post(url("run_decide", run, "void"), said("")).status_code == 422
    assert client.post(url("run_decide", run, "submit"), said("")).status_code == 302
    head = signed_in(office.head)
    office.people({1: 1})
    answer = head.post(url("run_decide", run, "check"), said("已核。"))
    assert answer.status_code == 422
    assert "计数以后登记有变" in answer.content.decode()
    assert "已核。</textarea>" in answer.content.decode()
    answer = head.post(url("run_decide", run, "return"), said("有新登记。"), HTTP_HX_REQUEST="true")
    assert answer.headers["HX-Redirect"] == url("run_detail", run)
    run.refresh_from_db()
    assert run.status == RunStatus.RETURNED
    assert "有新登记。" in page(office.clerk, url("run_detail", run))


def test_an_unknown_step_is_not_found_and_a_step_of_another_role_denied(office):
    office.people({1: 1})
    run = office.run()
    assert signed_in(office.clerk).get(url("run_decide", run, "publish")).status_code == 404
    assert signed_in(office.clerk).get(url("run_decide", run, "approve")).status_code == 403
    assert AccessRecord.objects.get().kind == "denied"


# --- overpaid ----------------------------------------------------------------------------------------------


def test_what_was_overpaid_is_listed_recovered_or_let_go_with_a_reason(office):
    first, second, _ = office.people({1: 3})
    run = office.approve(office.run())
    for person in (first, second):
        office.event(person, "died", date(2015, 11, 1))
    clerk, head = signed_in(office.clerk), signed_in(office.head)
    told = page(office.clerk, url("run_overpaid", run))
    assert "2 人；" in told
    assert told.count("列入追回</button>") == 2
    for person in (first, second, first):
        answer = clerk.post(url("recovery_list", run, person.public_id), follow=True)
    assert "按现在的登记，这个人没有多发，或已列入追回。" in answer.content.decode()
    assert [(row.amount, row.reason, row.stopped_on) for row in Recovery.objects.all()] == [
        (1500, "去世", date(2015, 11, 1))
    ] * 2
    settle = url("recovery_settle", run, first.public_id, "recovered")
    assert clerk.post(settle, {"note": ""}).status_code == 422
    assert clerk.post(settle, {"note": "家属退回，收据示例1号"}).status_code == 302
    assert clerk.post(settle, {"note": "再一次"}).status_code == 422
    waive = url("recovery_settle", run, second.public_id, "waived")
    assert clerk.get(waive).status_code == 403
    assert head.post(waive, {"note": "没有人申请"}).status_code == 422
    ask = url("recovery_settle", run, second.public_id, "waiving")
    assert head.get(ask).status_code == 403
    assert clerk.post(ask, {"note": "本人已去世，家属无力退回"}).status_code == 302
    assert "家属无力退回" in page(office.head, url("run_overpaid", run))
    assert head.post(waive, {"note": "家庭困难，办公会同意"}).status_code == 302
    told = page(office.clerk, url("run_overpaid", run))
    for words in ("已追回", "家属退回，收据示例1号", "不再追回", "家庭困难，办公会同意", "没有多发"):
        assert words in told
    rows = Recovery.objects.order_by("id").values_list("status", "settled_by")
    assert list(rows) == [("recovered", office.clerk.pk), ("waived", office.head.pk)]


def test_who_was_paid_what_was_due_cannot_be_put_on_the_list(office):
    (person,) = office.people({1: 1})
    run = office.approve(office.run())
    signed_in(office.clerk).post(url("recovery_list", run, person.public_id))
    assert not Recovery.objects.exists()
    missing = url("recovery_settle", run, person.public_id, "recovered")
    assert signed_in(office.clerk).get(missing).status_code == 404


# --- reach -------------------------------------------------------------------------------------------------


def test_a_county_sees_neither_the_run_of_another_nor_any_name_in_it(office):
    people = office.people({1: 3})
    office.event(people[0], "died", date(2014, 1, 1))
    run = office.approve(office.run(union=office.county))
    office.event(people[1], "died", date(2015, 6, 1))
    own, other = UserFactory(county_clerk=True, union=office.county), UserFactory(county_clerk=True)
    assert page(own, reverse("model_workers:run_list")).count("2016年") >= 1
    listed = page(other, reverse("model_workers:run_list"))
    assert "还没有荣誉津贴名册" in listed
    missing = signed_in(other).get("/model-workers/runs/999999999/")
    for name in PAGES:
        assert signed_in(own).get(url(name, run)).status_code == 200, name
        answer = signed_in(other).get(url(name, run))
        assert answer.status_code == missing.status_code == 404, name
        told = answer.content.decode()
        assert not [person.name for person in people if person.name in told]
        assert office.county.name not in told
    assert signed_in(other).post(url("run_print", run), {"kind": "pdf"}).status_code == 404


def test_a_county_does_not_see_the_run_of_the_city(office):
    office.people({1: 1})
    run = office.run()
    county = UserFactory(county_clerk=True, union=office.county)
    for name in PAGES:
        assert signed_in(county).get(url(name, run)).status_code == 404
    assert "还没有荣誉津贴名册" in page(county, reverse("model_workers:run_list"))


def test_no_page_of_a_run_holds_a_full_number(office):
    people = office.people({1: 3})
    run = office.approve(office.run())
    office.event(people[0], "died", date(2015, 6, 1))
    secrets = secrets_of(people)
    for name in PAGES:
        assert hits(page(office.clerk, url(name, run)), secrets) == [], name
    assert hits(page(office.clerk, reverse("model_workers:run_list")), secrets) == []


# --- cost --------------------------------------------------------------------------------------------------


def test_each_page_costs_the_same_number_of_queries_for_two_people_as_for_twelve(office):
    def asked(run: AllowanceRun) -> dict[str, int]:
        client, counts = signed_in(office.clerk), {}
        for name in PAGES:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url(name, run)).status_code == 200
            counts[name] = len(queries)
        return counts

    def run_of(people: int, year: int) -> AllowanceRun:
        """A run whose people all died, with as many left out, and one recovery each."""
        own = office.people({1: people})
        office.people({1: people}, kind="in_service")
        run = office.approve(office.run(year=year, on=date(year - 1, 12, 31)))
        for person in own:
            office.event(person, "died", date(year - 1, 6, 1))
        for person in own[: people // 2]:
            signed_in(office.clerk).post(url("recovery_list", run, person.public_id))
        return run

    assert asked(run_of(2, 2016)) == asked(run_of(12, 2017))


def test_the_list_costs_the_same_number_of_queries_for_two_runs_as_for_twelve(office):
    client = signed_in(office.clerk)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("model_workers:run_list")).status_code == 200
        return len(queries)

    office.people({1: 1})
    for year in (2013, 2014):
        office.run(year=year, on=date(year - 1, 12, 31))
    few = asked()
    for year in range(2015, 2025):
        office.run(year=year, on=date(year - 1, 12, 31))
    assert asked() == few
    told = client.get(reverse("model_workers:run_list"), {"year": "2015"}).content.decode()
    assert "2015年" in told
    assert "2016年</a>" not in told
