"""Dated parameters: how they follow each other in time, and what has been used stays as it was. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import models

from apps.core.errors import Refused
from apps.core.money import format_plain
from apps.model_workers.rules.relief import ReliefKind

MOST = Decimal(10_000_000)
"""Amounts of one person stay below this (numeric(9, 2) in the tables)."""
OLDEST_AGE = 120
_DAY = timedelta(days=1)


class State(models.TextChoices):
    FUTURE = "future", "未生效"
    CURRENT = "current", "现行"
    ENDED = "ended", "已截止"


TONES: dict[str, str] = {State.FUTURE: "blue", State.CURRENT: "green", State.ENDED: "outline"}


@dataclass(frozen=True)
class Period:
    """From a day to a day, both included; without an end until further notice."""

    begins: date
    ends: date | None

    def __str__(self) -> str:
        return f"{self.begins:%Y-%m-%d} 起{f'至 {self.ends:%Y-%m-%d}' if self.ends else '长期有效'}"

    def overlaps(self, other: "Period") -> bool:
        return (self.ends is None or other.begins <= self.ends) and (
            other.ends is None or self.begins <= other.ends
        )

    def state_on(self, day: date) -> State:
        if self.begins > day:
            return State.FUTURE
        return State.ENDED if self.ends is not None and self.ends < day else State.CURRENT


@dataclass(frozen=True)
class Use:
    """Something that was decided by a parameter: the day it was asked for, and its name."""

    day: date
    words: str


def require_unused(uses: Sequence[Use]) -> None:
    """Raises Refused when something rests on the parameter: then it may end, but not become another."""
    if uses:
        more = f"等 {len(uses)} 项" if len(uses) > 1 else ""
        raise Refused(
            f"已用于{uses[-1].words}{more}，不能修改。需要调整的，请从新的日期起登记一项新的，原来的会自动截止。",
            code="used",
        )


def require_basis(*, document: object, is_sample: bool) -> None:
    if document is None and not is_sample:
        raise Refused("“依据文件”没有选择；没有依据的只能勾选“示例”。", field="document")


def require_period(begins: date, ends: date | None) -> Period:
    if ends is not None and ends < begins:
        raise Refused(f"“截止日期”不能早于“起始日期”（{begins:%Y-%m-%d}）。", field="valid_until")
    return Period(begins, ends)


def closing_day(*, open_period: Period, uses: Iterable[Use], next_begins: date) -> date:
    """The last day of the open predecessor: the day before the new one. Raises Refused when it was used later."""
    ends = next_begins - _DAY
    require_end(begins=open_period.begins, ends=ends, uses=uses, field="valid_from", told=next_begins)
    return ends


def require_end(
    *, begins: date, ends: date, uses: Iterable[Use], field: str = "valid_until", told: date | None = None
) -> None:
    """Raises Refused when the parameter would end before it began, or before a day on which it was used."""
    label = "截止日期" if field == "valid_until" else "起始日期"
    if ends < begins:
        raise Refused(
            f"“{label}”不能早于 {begins:%Y-%m-%d}。"
            if field == "valid_until"
            else f"“{label}”必须晚于现行一项的起始日期 {begins:%Y-%m-%d}。",
            field=field,
        )
    late = max((use for use in uses if use.day > ends), key=lambda use: use.day, default=None)
    if late is not None:
        raise Refused(
            f"“{label}”{(told or ends):%Y-%m-%d} 太早：{late.words}已按现行的一项办理（{late.day:%Y-%m-%d}）。",
            field=field,
            code="used",
        )


def require_free(period: Period, others: Iterable[Period], *, field: str = "valid_from") -> None:
    """Raises Refused when another parameter of the same kind holds on one of the days."""
    for other in others:
        if period.overlaps(other):
            raise Refused(
                f"与 {other} 的一项重叠，同一天只能有一项生效。"
                + ("请填写“截止日期”，或改“起始日期”。" if period.ends is None else ""),
                field=field,
                code="overlap",
            )


def require_amounts(values: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    """Raises Refused for an amount that is not positive or too large for one person."""
    for name, label in labels.items():
        amount = values.get(name)
        if amount is None:
            continue
        if amount <= 0:
            raise Refused(f"“{label}”必须大于 0 元。", field=name)
        if amount >= MOST:
            raise Refused(f"“{label}”必须小于 {format_plain(MOST)} 元。", field=name)


def require_relief_line(kind: str, line: Decimal | None) -> None:
    """生活困难救助 is measured against a line, the other kinds are not."""
    if kind == ReliefKind.LIVING and line is None:
        raise Refused("生活困难救助必须填写“救助线”。", field="line")
    if kind != ReliefKind.LIVING and line is not None:
        raise Refused(f"{ReliefKind(kind).label}没有救助线，“救助线”应留空。", field="line")
