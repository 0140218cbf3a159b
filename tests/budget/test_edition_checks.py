"""Checks over the rows of an edition."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pytest

from apps.budget.rules import calculation, edition_checks
from apps.budget.rules.calculation import Line, Method
from apps.budget.rules.findings import Severity

CLEAN = Line(Method.HEADCOUNT, "劳模", 557, rate=Decimal(400))


@dataclass
class Facts:
    title: str = "劳模体检费"
    rule_lines: tuple = (CLEAN,)
    change: Decimal | None = None
    extra: Decimal = field(default=Decimal(0))
    identity: str = "示例谱系"

    @property
    def amount(self):
        return sum((line.amount or Decimal(0) for line in self.rule_lines), self.extra)

    @property
    def has_basis(self):
        return calculation.has_basis(self.rule_lines)


def codes(item=None, **values) -> list[str]:
    facts = {
        "stage": "first_up",
        "purpose": "根据{依据}，{测算句}。",
        "control_amount": None,
        "change_reason": "",
        "has_documents": True,
        "has_codes": True,
    } | values
    return [finding.code for finding in edition_checks.check_item(item or Facts(), **facts)]


def test_a_sound_item_gives_no_finding():
    assert codes() == []


@pytest.mark.parametrize(
    ("code", "item", "values"),
    [
        ("data.no_lines", Facts(rule_lines=()), {}),
        ("data.line_incomplete", Facts(rule_lines=(Line(Method.HEADCOUNT, "劳模", 557),)), {}),
        ("data.no_basis", Facts(rule_lines=(Line(Method.QUOTA, fixed_amount=Decimal(1)),)), {}),
        ("data.zero", Facts(rule_lines=(Line(Method.HEADCOUNT, "劳模", 0, rate=Decimal(400)),)), {}),
        ("data.negative", Facts(extra=Decimal(-300000)), {}),
        ("data.no_purpose", None, {"purpose": " "}),
        ("data.no_sentence", None, {"purpose": "根据{依据}安排。"}),
        ("data.no_document", None, {"has_documents": False}),
        ("data.no_code", None, {"has_codes": False}),
        ("data.over_control", None, {"stage": "second_up", "control_amount": Decimal("222799.99")}),
        ("data.no_control", None, {"stage": "first_down"}),
        ("data.no_change_reason", Facts(change=Decimal(100)), {}),
    ],
)
def test_each_fault_is_found_alone(code, item, values):
    assert codes(item, **values) == [code]


def test_an_amount_up_to_its_control_figure_passes():
    assert codes(stage="second_up", control_amount=Decimal("222800")) == []


def test_a_change_with_a_reason_passes():
    assert codes(Facts(change=Decimal(-100)), change_reason="人数减少") == []


@dataclass
class Document:
    title: str
    kind: str = "normative"
    in_force_until: date | None = None

    def citation(self):
        return f"《{self.title}》"


@pytest.mark.parametrize(
    ("code", "documents"),
    [
        ("data.document_expired", [Document("甲办法", in_force_until=date(2015, 12, 31))]),
        ("data.document_is_speech", [Document("全省会议讲话", kind="speech")]),
        (
            "data.document_title_variants",
            [Document("廊坊市劳动模范管理规定"), Document("廊坊市职工劳动模范管理规定")],
        ),
    ],
)
def test_each_fault_of_a_document_is_found(code, documents):
    assert [finding.code for finding in edition_checks.check_documents(documents, year=2016)] == [code]


def test_a_document_in_force_within_the_year_passes():
    assert not list(
        edition_checks.check_documents([Document("甲办法", in_force_until=date(2016, 1, 1))], year=2016)
    )


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("廊坊市劳动模范管理规定", "廊坊市职工劳动模范管理规定", True),
        ("关于建立救济基金的通知", "关于建立救助基金的通知", True),
        ("廊坊市劳动模范管理规定", "廊坊市劳动模范管理规定", False),
        ("工会法", "预算法", False),
        ("关于发放津贴的通知", "关于开展体检的通知", False),
    ],
)
def test_titles_that_differ_by_a_word_are_asked_about(first, second, same):
    assert edition_checks.differ_by_a_word(first, second) is same


def test_hard_findings_are_those_that_would_print_a_wrong_sheet():
    hard = {code for code, (severity, _) in edition_checks.CATALOGUE.items() if severity == Severity.HARD}
    assert hard == {
        "data.empty",
        "data.no_lines",
        "data.line_incomplete",
        "data.no_purpose",
        "data.over_control",
        "data.negative",
    }
