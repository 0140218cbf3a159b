"""What a relief comes to and whose line applies: rules alone, in exact figures."""

from datetime import date
from decimal import Decimal

import pytest

from apps.core.errors import Refused
from apps.model_workers.rules.relief import (
    LineGroup,
    ReliefAmount,
    ReliefKind,
    grant,
    group_of,
    reference_day,
    require_group_explained,
    require_year,
    why_not,
)

IN_SERVICE, RETIRED, CAP = Decimal("6566"), Decimal("3552"), Decimal("1000")


@pytest.mark.parametrize(
    ("line", "income", "monthly", "is_capped"),
    [
        (RETIRED, "3552", "0", False),
        (RETIRED, "3551.99", "0.01", False),
        (RETIRED, "3000", "552", False),
        (RETIRED, "2552", "1000", False),
        (RETIRED, "2551.99", "1000", True),
        (RETIRED, "0", "1000", True),
        (RETIRED, "4000", "0", False),
        (IN_SERVICE, "6000.50", "565.50", False),
        (IN_SERVICE, "5566", "1000", False),
        (IN_SERVICE, "5565.99", "1000", True),
    ],
)
def test_a_month_is_the_difference_to_the_line_up_to_the_cap(line, income, monthly, is_capped):
    relief = ReliefAmount(line=line, income=Decimal(income), cap=CAP)
    assert (relief.monthly, relief.is_capped) == (Decimal(monthly), is_capped)


def test_the_steps_show_how_the_amount_comes_about():
    assert ReliefAmount(RETIRED, Decimal("3000"), CAP).steps(12) == (
        ("差额", "3,552.00 − 3,000.00 = 552.00 元/月"),
        ("每月", "最高 1,000.00 元/月，未超过最高额：552.00 元/月"),
        ("金额", "552.00 × 12 个月 = 6,624.00 元"),
    )
    assert ReliefAmount(IN_SERVICE, Decimal("5000"), CAP).steps(5)[1:] == (
        ("每月", "最高 1,000.00 元/月，超过最高额，按最高额：1,000.00 元/月"),
        ("金额", "1,000.00 × 5 个月 = 5,000.00 元"),
    )


def living(**changes):
    facts = {
        "kind": ReliefKind.LIVING,
        "line": RETIRED,
        "cap": CAP,
        "income": Decimal("3000"),
        "months": 12,
        "asked": None,
        "lower_reason": "",
    }
    return grant(**facts | changes)


def once(**changes):
    facts = {
        "kind": "special",
        "line": None,
        "cap": Decimal("5000"),
        "income": None,
        "months": None,
        "asked": None,
    }
    return grant(**facts | {"lower_reason": ""} | changes)


def test_the_standard_gives_the_amount_to_the_fen():
    assert living().amount == Decimal("6624.00")
    assert living(income=Decimal("3551.99"), months=7).amount == Decimal("0.07")
    assert living(income=Decimal("100"), months=12).amount == Decimal("12000.00")
    assert once().amount == Decimal("5000")


def test_less_may_be_granted_with_a_reason_more_never():
    lower = living(asked=Decimal("6000"), lower_reason="已获临时救助")
    assert (lower.most, lower.amount, lower.is_lower) == (Decimal("6624.00"), Decimal("6000"), True)
    assert lower.steps[-1] == ("少发", "核定 6,000.00 元，已获临时救助")
    for changes, sentence in (
        ({"asked": Decimal("6000")}, "必须填写“少发理由”"),
        ({"asked": Decimal("6624.01")}, "6624.01 元超过按标准计算的 6624 元，只能少发，不能多发"),
        ({"asked": Decimal("0")}, "必须大于 0"),
        ({"lower_reason": "示例"}, "没有少发"),
    ):
        with pytest.raises(Refused, match=sentence):
            living(**changes)
    with pytest.raises(Refused, match="超过按标准计算的 5000 元"):
        once(asked=Decimal("5000.01"))


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"income": None}, "monthly_income", "没有填写"),
        ({"income": Decimal("-1")}, "monthly_income", "不能是负数"),
        ({"income": RETIRED}, "monthly_income", "3552 元不低于救助线 3552 元，不符合生活困难救助条件"),
        ({"months": None}, "months", "应为 1 至 12"),
        ({"months": 0}, "months", "应为 1 至 12"),
        ({"months": 13}, "months", "应为 1 至 12"),
        ({"line": None}, None, "没有救助线"),
    ],
)
def test_living_relief_rests_on_income_and_months(changes, field, sentence):
    with pytest.raises(Refused, match=sentence) as refused:
        living(**changes)
    assert refused.value.field == field


def test_a_grant_for_once_asks_for_no_income():
    with pytest.raises(Refused, match="按次计发"):
        once(income=Decimal("100"))
    with pytest.raises(Refused, match="按次计发"):
        once(months=3)


@pytest.mark.parametrize(
    ("work", "group"),
    [
        ("in_service", LineGroup.IN_SERVICE),
        ("retired", LineGroup.RETIRED),
        ("veteran_retired", LineGroup.RETIRED),
        ("farming", LineGroup.FARMER),
        ("jobless", LineGroup.FARMER),
        (None, None),
    ],
)
def test_the_line_follows_the_working_state(work, group):
    assert group_of(work) == group


def test_who_is_no_present_model_worker_with_a_valid_file_is_told_why():
    assert why_not(honours=1, life=None, file_status="valid") == ""
    assert why_not(honours=1, life="present", file_status="valid") == ""
    assert why_not(honours=0, life=None, file_status="valid") == "没有有效的劳模荣誉"
    assert why_not(honours=1, life="died", file_status="valid") == "去世"
    assert why_not(honours=1, life="missing", file_status="valid") == "失联"
    assert why_not(honours=1, life=None, file_status="suspended") == "劳模待遇已暂停"
    assert why_not(honours=1, life=None, file_status="revoked") == "劳模待遇已撤销"


def test_the_facts_of_a_year_that_is_over_are_those_of_its_last_day():
    today = date(2016, 3, 1)
    assert reference_day(year=2016, today=today) == today
    assert reference_day(year=2015, today=today) == date(2015, 12, 31)
    require_year(2016, today=today)
    with pytest.raises(Refused, match="应在 2000 至 2016 之间"):
        require_year(2017, today=today)


def test_another_group_than_the_registers_needs_a_reason_and_the_same_none():
    require_group_explained(chosen="retired", registered="retired", reason="")
    require_group_explained(chosen="in_service", registered="retired", reason="返聘")
    require_group_explained(chosen="in_service", registered="", reason="")
    for registered, reason in (("retired", " "), ("in_service", "返聘"), ("", "返聘")):
        with pytest.raises(Refused) as refused:
            require_group_explained(chosen="in_service", registered=registered, reason=reason)
        assert refused.value.field == "group_reason"
