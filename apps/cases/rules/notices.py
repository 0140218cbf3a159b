"""公示: how long a notice stands, and what may come of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from apps.core.errors import Refused
from apps.core.workdays import count_working_days, last_of_working_days


@dataclass(frozen=True)
class NoticeRule:
    """`verb` puts the notice up. In the statuses `takes` objections are entered by holders of `enters` and answered by
    holders of `answers`, which is another duty."""

    verb: str
    working_days: int
    takes: tuple[str, ...]
    enters: str
    answers: str


def unknown_years(first: date, last: date, known: Collection[int]) -> list[int]:
    """Years of the span whose days off nobody entered: of them no working days can be counted."""
    return [year for year in range(first.year, last.year + 1) if year not in known]


def require_notice(
    *,
    place: str,
    first: date,
    last: date,
    today: date,
    wanted: int,
    exceptions: Mapping[date, bool],
    known: Collection[int],
) -> None:
    """Raises Refused unless the notice has a place, begins today or later, and stands for enough working days."""
    if not place.strip():
        raise Refused("请填写“公示地点或网址”。", field="place")
    if first < today:
        raise Refused(
            f"“公示开始”不能早于今天 {today:%Y-%m-%d}：公示先登记、后张贴，不能事后补登。", field="first_on"
        )
    if last < first:
        raise Refused("“公示结束”不能早于“公示开始”。", field="last_on")
    unknown = unknown_years(first, last, known)
    if unknown:
        raise Refused(
            f"{unknown[0]}年的放假与调休日还没有登记，算不出工作日；请先在“基础资料”里登记。",
            field="last_on",
            code="calendar",
        )
    days = count_working_days(first, last, exceptions)
    if days < wanted:
        earliest = last_of_working_days(first, wanted, exceptions)
        until = f"，最早到 {earliest:%Y-%m-%d}" if not unknown_years(first, earliest, known) else ""
        raise Refused(
            f"公示只有 {days} 个工作日，至少要 {wanted} 个工作日：从 {first:%Y-%m-%d} 起{until}。",
            field="last_on",
        )
