"""Dated parameters: one after the other, each on a basis; what was used ends, but never becomes another."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.core.errors import Refused
from apps.model_workers.models import (
    AllowanceStandard,
    CountingRule,
    ExamRule,
)
from apps.model_workers.rules.parameters import Period
from apps.model_workers.selectors.parameters import (
    PARAMETERS,
    last_event,
    parameter_groups,
    parameter_history,
    parameter_row,
)
from apps.model_workers.services.parameters import add_parameter, correct_parameter, end_parameter
from tests.factories import (
    AllowanceStandardFactory,
    CountingRuleFactory,
    ExamFactory,
    PolicyDocumentFactory,
    ReliefCaseFactory,
    UserFactory,
    retired_worker,
)
from tests.model_workers.register import AllowanceOffice

pytestmark = pytest.mark.django_db
STANDARD = PARAMETERS["allowance-standard"]
RULE = PARAMETERS["counting-rule"]
EXAM = PARAMETERS["exam-rule"]
RELIEF = PARAMETERS["relief-standard"]
TODAY = timezone.localdate()
NEXT_YEAR = date(TODAY.year + 1, 1, 1)


@pytest.fixture
def head(db):
    return UserFactory(model_worker_head=True)


@pytest.fixture
def document(db):
    return PolicyDocumentFactory()


def standard(**values):
    return {
        "award_class": 1,
        "amount": Decimal(1800),
        "valid_from": NEXT_YEAR,
        "valid_until": None,
        "document": None,
        "is_sample": True,
    } | values


def relief(**values):
    common = {"valid_from": date(2016, 1, 1), "valid_until": None, "document": None, "is_sample": True}
    return (
        common | {"kind": "living", "group": "retired", "line": Decimal(3000), "cap": Decimal(1000)} | values
    )


def periods() -> list[tuple[Decimal, date, date | None]]:
    rows = AllowanceStandard.objects.order_by("valid_from")
    return [(row.amount, row.valid_from, row.valid_until) for row in rows]


def correct(row, head, **values):
    kind = STANDARD
    seen = values.pop("seen", last_event(kind, row.pk))
    full = {
        name: getattr(row, name) for name in ("amount", "valid_from", "valid_until", "document", "is_sample")
    }
    return correct_parameter(kind=kind, pk=row.pk, values=full | values, seen=seen, actor=head)


# --- entering ----------------------------------------------------------------------------------------------


def test_a_new_parameter_brings_the_open_one_to_its_end_the_day_before(head, document):
    AllowanceStandardFactory(award_class=1)
    entered = add_parameter(kind=STANDARD, values=standard(document=document, is_sample=False), actor=head)
    assert entered.closed.valid_until == NEXT_YEAR - timedelta(days=1)
    assert periods() == [
        (Decimal(1500), date(2011, 6, 1), NEXT_YEAR - timedelta(days=1)),
        (Decimal(1800), NEXT_YEAR, None),
    ]
    assert entered.record.created_by == head


def test_parallel_kinds_do_not_touch_each_other(head):
    AllowanceStandardFactory(award_class=2)
    assert add_parameter(kind=STANDARD, values=standard(), actor=head).closed is None
    assert AllowanceStandard.objects.get(award_class=2).valid_until is None


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"is_sample": False}, "document", "“依据文件”没有选择；没有依据的只能勾选“示例”"),
        ({"amount": Decimal(0)}, "amount", "“标准”必须大于 0 元"),
        ({"amount": Decimal(10_000_000)}, "amount", "“标准”必须小于 10000000 元"),
        ({"valid_until": NEXT_YEAR - timedelta(days=1)}, "valid_until", "“截止日期”不能早于“起始日期”"),
        ({"valid_from": date(2011, 6, 1)}, "valid_from", "与 2011-06-01 起长期有效 的一项重叠"),
        ({"valid_from": date(2011, 5, 1)}, "valid_from", "与 2011-06-01 起长期有效 的一项重叠"),
    ],
)
def test_what_is_wrong_with_a_new_one_is_said_at_its_field(head, values, field, words):
    AllowanceStandardFactory(award_class=1)
    with pytest.raises(Refused) as refused:
        add_parameter(kind=STANDARD, values=standard(**values), actor=head)
    assert words in refused.value.message
    assert refused.value.field == field
    assert periods() == [(Decimal(1500), date(2011, 6, 1), None)]


def test_one_before_the_first_needs_an_end(head):
    AllowanceStandardFactory(award_class=1)
    values = standard(valid_from=date(2008, 1, 1), valid_until=date(2011, 5, 31))
    assert add_parameter(kind=STANDARD, values=values, actor=head).closed is None
    assert len(periods()) == 2


def test_the_living_relief_has_a_line_and_the_other_kinds_have_none(head):
    with pytest.raises(Refused, match="生活困难救助必须填写“救助线”") as refused:
        add_parameter(kind=RELIEF, values=relief(line=None), actor=head)
    assert refused.value.field == "line"
    with pytest.raises(Refused, match="慰问没有救助线，“救助线”应留空"):
        add_parameter(kind=RELIEF, values=relief(kind="visit"), actor=head)
    add_parameter(kind=RELIEF, values=relief(), actor=head)
    add_parameter(kind=RELIEF, values=relief(kind="visit", line=None), actor=head)


def test_only_who_keeps_the_parameters_enters_corrects_and_ends_them():
    clerk = UserFactory(model_worker_clerk=True)
    row = AllowanceStandardFactory(award_class=1)
    for write in (
        lambda: add_parameter(kind=STANDARD, values=standard(), actor=clerk),
        lambda: correct(row, clerk, amount=Decimal(1)),
        lambda: end_parameter(kind=STANDARD, pk=row.pk, until=TODAY, seen=0, actor=clerk),
    ):
        with pytest.raises(Refused, match="您没有维护标准与参数的权限"):
            write()


def test_the_database_refuses_two_on_one_day():
    AllowanceStandardFactory(award_class=1)
    with pytest.raises(IntegrityError, match="model_workers_standard_no_overlap"), transaction.atomic():
        AllowanceStandardFactory(award_class=1, valid_from=date(2012, 1, 1))
    with pytest.raises(IntegrityError, match="model_workers_standard_has_basis"), transaction.atomic():
        AllowanceStandardFactory(award_class=2, is_sample=False)


EARLIER = date(2011, 5, 31)


@pytest.mark.parametrize(
    ("name", "factory", "facts"),
    [
        ("model_workers_standard_positive", AllowanceStandardFactory, {"amount": 0}),
        ("model_workers_standard_days_in_order", AllowanceStandardFactory, {"valid_until": EARLIER}),
        ("model_workers_counting_days_in_order", CountingRuleFactory, {"valid_until": EARLIER}),
        ("model_workers_counting_has_basis", CountingRuleFactory, {"is_sample": False}),
        ("model_workers_counting_counts_something", CountingRuleFactory, {"categories": []}),
    ],
)
def test_the_database_refuses_a_parameter_that_contradicts_itself(name, factory, facts):
    with pytest.raises(IntegrityError, match=name):
        factory(**facts)


def test_two_rules_of_counting_never_hold_on_one_day():
    CountingRuleFactory()
    with pytest.raises(IntegrityError, match="model_workers_counting_no_overlap"):
        CountingRuleFactory(valid_from=date(2012, 1, 1))


# --- correcting --------------------------------------------------------------------------------------------


def test_a_future_one_is_corrected_and_what_it_follows_keeps_ending_the_day_before(head):
    AllowanceStandardFactory(award_class=1)
    entered = add_parameter(kind=STANDARD, values=standard(), actor=head)
    later, earlier = NEXT_YEAR + timedelta(days=59), NEXT_YEAR - timedelta(days=30)
    for begins in (later, earlier):
        row = AllowanceStandard.objects.get(pk=entered.record.pk)
        correct(row, head, amount=Decimal(1900), valid_from=begins)
        assert periods() == [
            (Decimal(1500), date(2011, 6, 1), begins - timedelta(days=1)),
            (Decimal(1900), begins, None),
        ]


def test_a_future_one_does_not_move_before_what_it_follows(head):
    AllowanceStandardFactory(award_class=1)
    row = add_parameter(kind=STANDARD, values=standard(), actor=head).record
    with pytest.raises(Refused, match="“起始日期”必须晚于现行一项的起始日期 2011-06-01") as refused:
        correct(row, head, valid_from=date(2011, 6, 1))
    assert refused.value.field == "valid_from"


def test_what_a_submitted_run_used_is_not_corrected_and_an_open_one_holds_nothing(head):
    office = AllowanceOffice()
    rule = office.parameters()
    office.people({1: 1})
    run = office.run()
    first = AllowanceStandard.objects.get(award_class=1)
    correct(first, head, amount=Decimal(1600))
    AllowanceStandard.objects.filter(pk=first.pk).update(amount=1500)
    office.decide(run, office.clerk, "submit")
    with pytest.raises(
        Refused, match=r"已用于市总工会2016年荣誉津贴（待审核），不能修改。需要调整的，请从新的日期起登记"
    ):
        correct(AllowanceStandard.objects.get(pk=first.pk), head, amount=Decimal(1600))
    values = {
        "categories": ["worker", "advanced"],
        "higher_counts": False,
        "death_rule": "snapshot",
        "valid_from": rule.valid_from,
        "valid_until": None,
        "document": None,
        "is_sample": True,
    }
    with pytest.raises(Refused, match="已用于市总工会2016年荣誉津贴（待审核）"):
        correct_parameter(kind=RULE, pk=rule.pk, values=values, seen=last_event(RULE, rule.pk), actor=head)


def test_a_void_run_holds_nothing(head):
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 1})
    run = office.run()
    office.decide(run, office.clerk, "submit")
    office.decide(run, office.clerk, "withdraw")
    office.decide(run, office.clerk, "void", note="示例")
    assert correct(AllowanceStandard.objects.get(award_class=1), head, amount=Decimal(1600)).amount == 1600


def test_what_an_exam_or_a_relief_case_used_is_not_corrected(head):
    rule = ExamRule.objects.create(
        valid_from=date(2011, 6, 1), levels=["municipal"], rate=400, is_sample=True
    )
    exam = ExamFactory(rule=rule, year=2016, snapshot_on=date(2016, 3, 1))
    own = {
        "levels": ["municipal"],
        "minimum_age": None,
        "rate": Decimal(500),
        "document": None,
        "is_sample": True,
    }
    with pytest.raises(Refused, match="已用于市总工会2016年体检，不能修改"):
        correct_parameter(
            kind=EXAM,
            pk=rule.pk,
            values=own | {"valid_from": rule.valid_from, "valid_until": None},
            seen=last_event(EXAM, rule.pk),
            actor=head,
        )
    row = add_parameter(kind=RELIEF, values=relief(), actor=head).record
    person = retired_worker()
    ReliefCaseFactory(
        person=person,
        year=2016,
        standard=row,
        monthly_income=2500,
        months=12,
        amount=6000,
        lower_reason="示例",
    )
    with pytest.raises(Refused, match="已用于1 项困难救助，不能修改"):
        correct_parameter(
            kind=RELIEF,
            pk=row.pk,
            values=relief(cap=Decimal(900)),
            seen=last_event(RELIEF, row.pk),
            actor=head,
        )
    assert exam.rule.rate == 400


def test_who_looked_at_an_older_state_is_told(head):
    row = AllowanceStandardFactory(award_class=1)
    seen = last_event(STANDARD, row.pk)
    correct(row, head, amount=Decimal(1600), seen=seen)
    with pytest.raises(Refused, match="您打开之后，同事修改了这一项"):
        correct(row, head, amount=Decimal(1700), seen=seen)
    with pytest.raises(Refused, match="您打开之后，同事修改了这一项"):
        end_parameter(kind=STANDARD, pk=row.pk, until=TODAY, seen=seen, actor=head)


# --- ending ------------------------------------------------------------------------------------------------


def test_one_that_was_used_ends_but_not_before_the_day_it_was_used(head):
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 1})
    office.decide(office.run(), office.clerk, "submit")
    row = AllowanceStandard.objects.get(award_class=1)
    with pytest.raises(Refused, match="“截止日期”2015-12-31 太早：市总工会2016年荣誉津贴") as refused:
        end_parameter(
            kind=STANDARD, pk=row.pk, until=date(2015, 12, 31), seen=last_event(STANDARD, row.pk), actor=head
        )
    assert refused.value.field == "valid_until"
    with pytest.raises(Refused, match="“起始日期”2016-01-01 太早") as refused:
        add_parameter(kind=STANDARD, values=standard(valid_from=date(2016, 1, 1)), actor=head)
    assert refused.value.field == "valid_from"
    end_parameter(
        kind=STANDARD, pk=row.pk, until=date(2016, 1, 1), seen=last_event(STANDARD, row.pk), actor=head
    )
    add_parameter(kind=STANDARD, values=standard(valid_from=date(2016, 1, 2)), actor=head)


def test_the_end_does_not_reach_into_the_next_one(head):
    AllowanceStandardFactory(award_class=1)
    add_parameter(kind=STANDARD, values=standard(), actor=head)
    row = AllowanceStandard.objects.get(valid_from=date(2011, 6, 1))
    with pytest.raises(Refused, match="重叠") as refused:
        end_parameter(
            kind=STANDARD, pk=row.pk, until=NEXT_YEAR, seen=last_event(STANDARD, row.pk), actor=head
        )
    assert refused.value.field == "valid_until"
    with pytest.raises(Refused, match="“截止日期”不能早于 2011-06-01"):
        end_parameter(
            kind=STANDARD, pk=row.pk, until=date(2011, 5, 31), seen=last_event(STANDARD, row.pk), actor=head
        )


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ((date(2016, 1, 1), None), (date(2017, 1, 1), None), True),
        ((date(2016, 1, 1), date(2016, 12, 31)), (date(2017, 1, 1), None), False),
        ((date(2016, 1, 1), date(2017, 1, 1)), (date(2017, 1, 1), None), True),
        ((date(2017, 1, 1), None), (date(2016, 1, 1), date(2016, 12, 31)), False),
    ],
)
def test_both_ends_of_a_period_belong_to_it(one, other, overlap):
    assert Period(*one).overlaps(Period(*other)) is overlap
    assert Period(*other).overlaps(Period(*one)) is overlap


# --- the page ----------------------------------------------------------------------------------------------


def test_the_history_tells_who_changed_what_from_what_to_what(head, document):
    row = add_parameter(kind=STANDARD, values=standard(), actor=head).record
    correct(row, head, amount=Decimal(1900), document=document, is_sample=False)
    newest, oldest = parameter_history(STANDARD, row.pk)
    assert (oldest.who, oldest.action, oldest.note) == (head.full_name, "登记荣誉津贴标准", "")
    assert newest.action == "更正荣誉津贴标准"
    assert newest.note == (
        f"标准（元/年） 1,800 → 1,900；依据文件 （空） → {document.citation()}；示例 是 → 否"
    )


def test_the_page_says_what_holds_what_is_missing_and_what_rests_on_it(head):
    office = AllowanceOffice()
    office.parameters()
    AllowanceStandard.objects.filter(award_class=3).update(valid_until=date(2015, 1, 1))
    groups = {group.kind.key: group for group in parameter_groups(today=TODAY)}
    assert groups["allowance-standard"].missing == ("获得三次及以上",)
    assert groups["exam-rule"].missing == ("体检规则",)
    states = {row.record.award_class: str(row.state.label) for row in groups["allowance-standard"].rows}
    assert states == {1: "现行", 2: "现行", 3: "已截止"}
    rule = parameter_row(RULE, CountingRule.objects.get(), today=TODAY)
    assert rule.words == "计入职工劳动模范；上级荣誉不计入次数；去世当年按快照日：当日在册的发全年"
    assert str(rule.period) == "2011-06-01 起长期有效"


def test_the_page_costs_the_same_number_of_queries_for_two_as_for_twelve(client, head):
    client.force_login(head)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse("model_workers:parameter_list")).status_code == 200
        return len(asked)

    for year in (2001, 2002):
        AllowanceStandardFactory(valid_from=date(year, 1, 1), valid_until=date(year, 12, 31), created_by=head)
    few = queries()
    for year in range(2003, 2013):
        AllowanceStandardFactory(valid_from=date(year, 1, 1), valid_until=date(year, 12, 31), created_by=head)
    assert queries() == few


def test_a_form_with_mistakes_comes_back_as_typed_with_the_sentence_at_the_field(client, head):
    client.force_login(head)
    address = reverse("model_workers:parameter_create", args=["allowance-standard"])
    answer = client.post(address, {"award_class": "1", "amount": "一千", "valid_from": "2016-13-01"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "“标准”请用数字填写，例如 200000 或 20万。" in page
    assert "“起始日期”应填写日期，例如 2016-01-31。" in page
    assert 'value="一千"' in page


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("allowance-standard", {"award_class": "2", "amount": "2,000"}),
        ("counting-rule", {"categories": ["worker"], "higher_counts": "on", "death_rule": "monthly"}),
        ("exam-rule", {"levels": ["municipal", "national"], "minimum_age": "60", "rate": "400"}),
        ("relief-standard", {"kind": "visit", "group": "retired", "line": "", "cap": "500"}),
    ],
)
def test_each_kind_is_entered_corrected_and_ended_on_its_pages(client, head, kind, data):
    client.force_login(head)
    common = {"valid_from": NEXT_YEAR.isoformat(), "is_sample": "on"}
    answer = client.post(reverse("model_workers:parameter_create", args=[kind]), data | common)
    assert answer.status_code == 302
    row = PARAMETERS[kind].model.objects.get()
    edit = reverse("model_workers:parameter_edit", args=[kind, row.pk])
    seen = client.get(edit).context["form"]["seen"].value()
    moved = {**data, **common, "valid_from": (NEXT_YEAR + timedelta(days=1)).isoformat(), "seen": seen}
    assert client.post(edit, moved).status_code == 302
    end = reverse("model_workers:parameter_end", args=[kind, row.pk])
    assert client.post(end, {"until": NEXT_YEAR.isoformat(), "seen": seen}).status_code == 422
    seen = client.get(end).context["form"]["seen"].value()
    last = NEXT_YEAR + timedelta(days=90)
    assert client.post(end, {"until": last.isoformat(), "seen": seen}).status_code == 302
    row.refresh_from_db()
    assert (row.valid_from, row.valid_until) == (NEXT_YEAR + timedelta(days=1), last)
    assert client.get(reverse("model_workers:parameter_detail", args=[kind, row.pk])).status_code == 200


def test_an_unknown_kind_or_row_is_not_found(client, head):
    client.force_login(head)
    CountingRuleFactory()
    assert client.get("/model-workers/parameters/nothing/new/").status_code == 404
    assert client.get("/model-workers/parameters/counting-rule/999999/").status_code == 404
