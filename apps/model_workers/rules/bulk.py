"""Doing one thing to many people: how many at once, and how long it can be taken back."""

from datetime import date, datetime, timedelta

from apps.core.errors import Refused

MOST_PEOPLE = 5000
UNDO_DAYS = 30


def require_size(people: int, *, expected: int | None) -> None:
    """Raises Refused for nobody, too many, or another number than the person saw before deciding."""
    if people == 0:
        raise Refused("没有选中任何人，或所选的人已不在您的管理范围内。", code="nobody")
    if people > MOST_PEOPLE:
        raise Refused(
            f"一次最多办理 {MOST_PEOPLE:,} 人，现在是 {people:,} 人；请缩小筛选范围。", code="too_many"
        )
    if expected is not None and people != expected:
        raise Refused(
            f"您看到的是 {expected:,} 人，现在是 {people:,} 人，名册刚才有变动；请核对后再办。",
            code="changed",
        )


def require_undoable(*, done_at: datetime, undone_at: datetime | None, is_own: bool, now: datetime) -> None:
    """Raises Refused when it was taken back already, is too old, or was done by somebody else."""
    if undone_at is not None:
        raise Refused("这次办理已经撤销过了。", code="undone")
    if now - done_at > timedelta(days=UNDO_DAYS):
        raise Refused(f"这次办理已超过 {UNDO_DAYS} 天，不能再整批撤销。", code="too_late")
    if not is_own:
        raise Refused("只有办理人本人或劳模负责人可以撤销。", code="not_own")


def require_review_plan(*, year: int, due_on: date, today: date) -> None:
    """Raises Refused for a year that is not about now, or a day that is over."""
    if abs(year - today.year) > 1:
        raise Refused(f"“复核年度”应在 {today.year - 1} 至 {today.year + 1} 之间。", field="year")
    if due_on < today:
        raise Refused("“办结期限”不能早于今天。", field="due_on")
