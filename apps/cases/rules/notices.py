"""公示: how long a notice stands, and what may come of it."""

from dataclasses import dataclass
from datetime import date

from apps.core.errors import Refused
from apps.core.workdays import Calendar, count_working_days, last_of_working_days, require_known


@dataclass(frozen=True)
class NoticeRule:
    """`verb` puts the notice up. In the statuses `takes` objections are entered by holders of `enters` and answered by
    holders of `answers`, which is another duty."""

    verb: str
    working_days: int
    takes: tuple[str, ...]
    enters: str
    answers: str


def require_notice(
    *,
    place: str,
    first: date,
    last: date,
    today: date,
    wanted: int,
    calendar: Calendar,
) -> None:
    """Raises Refused unless the notice has a place, begins today or later, and stands for enough working days.

    In a year whose days off nobody entered no working days are counted, so no notice is put up.
    """
    if not place.strip():
        raise Refused("请填写“公示地点或网址”。", field="place")
    if first < today:
        raise Refused(
            f"“公示开始”不能早于今天 {today:%Y-%m-%d}：公示先登记、后张贴，不能事后补登。", field="first_on"
        )
    if last < first:
        raise Refused("“公示结束”不能早于“公示开始”。", field="last_on")
    require_known(first.year, calendar, field="first_on")
    require_known(last.year, calendar, field="last_on")
    days = count_working_days(first, last, calendar)
    if days < wanted:
        earliest = last_of_working_days(first, wanted, calendar)
        raise Refused(
            f"公示只有 {days} 个工作日，至少要 {wanted} 个工作日：从 {first:%Y-%m-%d} 起，最早到 {earliest:%Y-%m-%d}。",
            field="last_on",
        )
