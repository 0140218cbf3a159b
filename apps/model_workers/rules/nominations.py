"""推荐评选: how a nomination becomes an honour."""

from collections.abc import Collection, Mapping
from datetime import date

from django.db import models

from apps.core.errors import Refused
from apps.core.workdays import Calendar, count_working_days, last_of_working_days, require_known
from apps.core.workflow import Flow, Step


class NominationStatus(models.TextChoices):
    DRAFT = "draft", "草稿"
    RECOMMENDED = "recommended", "待资格审查"
    QUALIFIED = "qualified", "征求意见中"
    CONSULTED = "consulted", "待公示"
    NOTICED = "noticed", "公示中"
    APPROVED = "approved", "已授予"
    REFUSED = "refused", "未通过"
    WITHDRAWN = "withdrawn", "已取消"


TONES: dict[str, str] = {
    NominationStatus.DRAFT: "grey",
    NominationStatus.RECOMMENDED: "amber",
    NominationStatus.QUALIFIED: "amber",
    NominationStatus.CONSULTED: "amber",
    NominationStatus.NOTICED: "blue",
    NominationStatus.APPROVED: "green",
    NominationStatus.REFUSED: "red",
    NominationStatus.WITHDRAWN: "outline",
}
ENDED_STATUSES = (NominationStatus.APPROVED, NominationStatus.REFUSED, NominationStatus.WITHDRAWN)
_BEFORE_THE_NOTICE = (
    NominationStatus.RECOMMENDED,
    NominationStatus.QUALIFIED,
    NominationStatus.CONSULTED,
    NominationStatus.NOTICED,
)
# Recommending, reviewing and approving are three sides, each in other hands. Withdrawing takes no side.
SIDES: dict[str, int] = {"recommend": 1, "qualify": 2, "consult": 2, "notice": 2, "refuse": 2, "approve": 3}

FLOW = Flow(
    (
        Step(
            "recommend", "推荐", (NominationStatus.DRAFT,), NominationStatus.RECOMMENDED, "model_worker.edit"
        ),
        Step(
            "qualify",
            "资格审查通过",
            (NominationStatus.RECOMMENDED,),
            NominationStatus.QUALIFIED,
            "nomination.review",
        ),
        Step(
            "consult",
            "登记征求意见结果",
            (NominationStatus.QUALIFIED,),
            NominationStatus.CONSULTED,
            "nomination.review",
            needs_note=True,
        ),
        Step(
            "notice", "开始公示", (NominationStatus.CONSULTED,), NominationStatus.NOTICED, "nomination.review"
        ),
        Step(
            "approve",
            "审批授予",
            (NominationStatus.NOTICED,),
            NominationStatus.APPROVED,
            "nomination.approve",
            needs_minutes=True,
        ),
        Step(
            "refuse",
            "不予通过",
            _BEFORE_THE_NOTICE,
            NominationStatus.REFUSED,
            "nomination.review",
            needs_note=True,
            takes_back=True,
        ),
        Step(
            "withdraw",
            "取消推荐",
            (NominationStatus.DRAFT, NominationStatus.RECOMMENDED),
            NominationStatus.WITHDRAWN,
            "model_worker.edit",
            needs_note=True,
            takes_back=True,
        ),
    ),
    labels=dict(NominationStatus.choices),
)


NOTICE_WORKING_DAYS = 5
"""全国劳动模范评选 and the rules of the provinces that follow it: a public notice stands five working days or more."""


def require_notice(*, first: date, last: date, place: str, calendar: Calendar) -> None:
    """Raises Refused unless the notice has a place and stands for enough working days, both ends counted.

    In a year whose days off nobody entered no working days are counted, so no notice is put up.
    """
    if not place.strip():
        raise Refused("请填写“公示地点或网址”。", field="notice_place")
    if last < first:
        raise Refused("“公示结束”不能早于“公示开始”。", field="notice_until")
    require_known(first.year, calendar, field="notice_from")
    require_known(last.year, calendar, field="notice_until")
    days = count_working_days(first, last, calendar)
    if days < NOTICE_WORKING_DAYS:
        earliest = last_of_working_days(first, NOTICE_WORKING_DAYS, calendar)
        raise Refused(
            f"公示只有 {days} 个工作日，至少要 {NOTICE_WORKING_DAYS} 个工作日：从 {first:%Y-%m-%d} 起，"
            f"最早到 {earliest:%Y-%m-%d}。",
            field="notice_until",
        )


def require_notice_over(*, last: date | None, objections: str, today: date) -> None:
    """Raises Refused while the notice still hangs, and while nobody wrote down what came of it."""
    if last is None or today <= last:
        until = f"（到 {last:%Y-%m-%d}）" if last is not None else ""
        raise Refused(f"公示期未满{until}，公示结束后才能审批授予。", code="notice")
    if not objections.strip():
        raise Refused(
            "还没有登记公示反映情况；没有反映的，也要登记“公示期间没有收到反映”。", code="objections"
        )


def require_other_hands(
    *, side: int, actor_id: int, taken: Mapping[int, Collection[int]], entered_by: int
) -> None:
    """Raises Refused when the actor stood on another side, or judges what the actor entered."""
    elsewhere = any(actor_id in people for other, people in taken.items() if other != side)
    if elsewhere or (side != SIDES["recommend"] and actor_id == entered_by):
        raise Refused(
            "推荐、审查和审批必须由不同的人办理；您已办过这次评选的另一个环节。", code="same_person"
        )
