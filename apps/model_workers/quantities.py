"""Figures that the register of model workers offers to the budget, each with the rows behind it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse

from apps.core import quantities
from apps.core.errors import Refused
from apps.core.quantities import CountedRow, Parameter, Part, Reading
from apps.model_workers.rules.honours import AwardClass
from apps.model_workers.rules.relief import ReliefKind
from apps.model_workers.selectors.counting import (
    Counting,
    Workers,
    entitled,
    exam_eligible,
    exam_rule_on,
    model_workers,
    rule_on,
)
from apps.model_workers.selectors.relief import relief_people

SNAPSHOT = Parameter("snapshot_on", "快照日", kind="date")
_CLASS = Parameter(
    "class", "获得次数", choices=tuple((str(value), label) for value, label in AwardClass.choices)
)
BANKRUPT_LABEL = "破产或撤销企业劳模"


def _rows(people: Workers) -> tuple[CountedRow, ...]:
    """The key is the row's own, so that two readings can tell who came and who went; the label is the name."""
    found = people.order_by("name", "pk").values_list("public_id", "name")
    return tuple(CountedRow(key=str(public_id), label=name) for public_id, name in found)


def _snapshot(parameters: Mapping[str, str]) -> date:
    text = parameters.get(SNAPSHOT.name, "")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(
            f"“快照日”应为日期，例如 2015-12-31；现为“{text[:20]}”。", field=SNAPSHOT.name
        ) from None


def _list(**chosen: object) -> str:
    return f"{reverse('model_workers:worker_list')}?{urlencode(chosen)}"


def _retired(union_path: str, day: date, parameters: Mapping[str, str]) -> tuple[Workers, str]:
    """The retired of one class on that day; the class as it was chosen."""
    chosen = parameters.get(_CLASS.name, "")
    if chosen not in dict(_CLASS.choices):
        raise Refused("请选择“获得次数”。", field=_CLASS.name)
    counting = Counting.of(rule_on(day))
    people = entitled(model_workers(union_path=union_path, as_of=day, counting=counting))
    return people.filter(award_class=int(chosen)), chosen


class ExamEligible:
    """体检: everybody the exam rule in force on the snapshot date invites."""

    key = "model_workers.exam_eligible"
    label = "应参加体检的劳模"
    unit = "人"
    permission = "model_worker.read"
    parameters: tuple[Parameter, ...] = (SNAPSHOT,)

    def read(self, *, union_path: str, year: int, as_of: date, parameters: Mapping[str, str]) -> Reading:
        day = _snapshot(parameters)
        rule = exam_rule_on(day)
        counting = Counting(categories=(), higher_counts=False)
        people = exam_eligible(
            model_workers(union_path=union_path, as_of=day, counting=counting),
            levels=list(rule.levels),
            minimum_age=rule.minimum_age,
            as_of=day,
        )
        rows = _rows(people)
        return Reading(
            value=Decimal(len(rows)),
            as_of=day,
            rows=rows,
            list_url=_list(figure="exam_eligible", as_of=day.isoformat()),
        )


class RetiredByAwardClass:
    """荣誉津贴: the retired of one class; how many of them came from bankrupt or dissolved enterprises is a part of it."""

    key = "model_workers.retired_by_award_class"
    label = "离退休市级劳模（按获得次数）"
    unit = "人"
    permission = "model_worker.read"
    parameters: tuple[Parameter, ...] = (_CLASS, SNAPSHOT)

    def read(self, *, union_path: str, year: int, as_of: date, parameters: Mapping[str, str]) -> Reading:
        day = _snapshot(parameters)
        people, chosen = _retired(union_path, day, parameters)
        found = list(people.order_by("name", "pk").values_list("public_id", "name", "is_bankrupt"))
        rows = tuple(CountedRow(str(public_id), name) for public_id, name, _ in found)
        bankrupt = tuple(CountedRow(str(public_id), name) for public_id, name, is_part in found if is_part)
        return Reading(
            value=Decimal(len(rows)),
            as_of=day,
            rows=rows,
            list_url=_list(figure="retired_by_class", **{"class": chosen}, as_of=day.isoformat()),
            part=Part(label=BANKRUPT_LABEL, value=Decimal(len(bankrupt)), rows=bankrupt),
        )


class RetiredBankrupt:
    """The part of one class that came from bankrupt or dissolved enterprises, as a figure of its own."""

    key = "model_workers.retired_by_award_class.of_which_bankrupt"
    label = "离退休市级劳模中的破产或撤销企业劳模"
    unit = "人"
    permission = "model_worker.read"
    parameters: tuple[Parameter, ...] = (_CLASS, SNAPSHOT)

    def read(self, *, union_path: str, year: int, as_of: date, parameters: Mapping[str, str]) -> Reading:
        day = _snapshot(parameters)
        people, chosen = _retired(union_path, day, parameters)
        rows = _rows(people.filter(is_bankrupt=True))
        return Reading(
            value=Decimal(len(rows)),
            as_of=day,
            rows=rows,
            list_url=_list(figure="bankrupt", **{"class": chosen}, as_of=day.isoformat()),
        )


class ReliefCases:
    """困难救助: people whose relief was approved for a year."""

    key = "model_workers.relief_cases"
    label = "获得困难救助的劳模"
    unit = "人"
    permission = "model_worker.read"
    parameters: tuple[Parameter, ...] = (
        Parameter("kind", "种类", choices=(("all", "全部"), *ReliefKind.choices)),
        Parameter("counted_year", "统计年度", choices=(("previous", "上年"), ("same", "本年"))),
    )

    def read(self, *, union_path: str, year: int, as_of: date, parameters: Mapping[str, str]) -> Reading:
        kind = parameters.get("kind", "all")
        counted = year - 1 if parameters.get("counted_year") == "previous" else year
        rows = _rows(relief_people(union_path=union_path, year=counted, kind=None if kind == "all" else kind))
        query = {"year": counted, "status": "approved"} | ({} if kind == "all" else {"kind": kind})
        return Reading(
            value=Decimal(len(rows)),
            as_of=as_of,
            rows=rows,
            list_url=f"{reverse('model_workers:relief_list')}?{urlencode(query)}",
        )


SOURCES = (ExamEligible(), RetiredByAwardClass(), RetiredBankrupt(), ReliefCases())


def publish() -> None:
    for source in SOURCES:
        quantities.register(source)
