"""Books, stages and states of a budget edition, and the table of steps between the states."""

from django.db import models

from apps.cases.rules.flow import Flow, Step
from apps.core.errors import Refused


class Book(models.TextChoices):
    """预算体系: three books that print apart and are never added together (工会会计制度; 预算法 第四条)."""

    FISCAL = "fiscal", "财政部门预算"
    UNION = "union", "工会经费预算"
    ENTRUSTED = "entrusted", "代管资金"


class Stage(models.TextChoices):
    """The 二上二下 cycle, then the adjustments within the year."""

    FIRST_UP = "first_up", "一上"
    FIRST_DOWN = "first_down", "一下"
    SECOND_UP = "second_up", "二上"
    RATIFIED = "ratified", "批复"
    ADJUSTMENT = "adjustment", "调剂"


NEXT_STAGE: dict[str, str] = {
    Stage.FIRST_UP: Stage.FIRST_DOWN,
    Stage.FIRST_DOWN: Stage.SECOND_UP,
    Stage.SECOND_UP: Stage.RATIFIED,
    Stage.RATIFIED: Stage.ADJUSTMENT,
    Stage.ADJUSTMENT: Stage.ADJUSTMENT,
}

STAGE_MEANING: dict[str, str] = {
    Stage.FIRST_UP: "单位申报数",
    Stage.FIRST_DOWN: "财政下达控制数",
    Stage.SECOND_UP: "按控制数编制的草案",
    Stage.RATIFIED: "财政批复数",
    Stage.ADJUSTMENT: "批复后的调剂、追加、追减",
}


class Status(models.TextChoices):
    DRAFT = "draft", "草稿"
    RETURNED = "returned", "退回修改"
    SUBMITTED = "submitted", "待财务审核"
    CHECKED = "checked", "待分管领导"
    VICE_APPROVED = "vice_approved", "待会议审定"
    APPROVED = "approved", "已审定"


TONES: dict[str, str] = {
    Status.DRAFT: "grey",
    Status.RETURNED: "red",
    Status.SUBMITTED: "amber",
    Status.CHECKED: "amber",
    Status.VICE_APPROVED: "amber",
    Status.APPROVED: "green",
}
"""Tone of the badge of each state."""

OPEN_STATUSES = (Status.DRAFT, Status.RETURNED)
"""Only in these states may the content of an edition change; the database refuses it in all others."""

# The bureau decides what stands in 一下 and 批复; in the house it is recorded and confirmed, not approved again.
RECORDED_STAGES = (Stage.FIRST_DOWN, Stage.RATIFIED)
APPROVED_STAGES = (Stage.FIRST_UP, Stage.SECOND_UP, Stage.ADJUSTMENT)

FINAL_STAGES = (Stage.RATIFIED, Stage.ADJUSTMENT)
"""In one of these a year's budget ends; what stops at 一上 or 二上 was asked for and never granted."""

# Where the ceiling handed down in 一下 stands beside the figures.
CONTROLLED_STAGES = (Stage.FIRST_DOWN, Stage.SECOND_UP, Stage.RATIFIED)


def _return(source: str, permission: str) -> Step:
    return Step(
        "return", "退回修改", (source,), Status.RETURNED, permission, needs_opinion=True, takes_back=True
    )


FLOW = Flow(
    "budget_edition",
    (
        Step("submit", "提交审核", OPEN_STATUSES, Status.SUBMITTED, "budget.enter", opens_round=True),
        Step(
            "withdraw",
            "撤回",
            (Status.SUBMITTED,),
            Status.DRAFT,
            "budget.enter",
            same_as="submit",
            takes_back=True,
        ),
        Step(
            "check", "审核通过", (Status.SUBMITTED,), Status.CHECKED, "budget.check", routes=APPROVED_STAGES
        ),
        Step(
            "check", "确认登记", (Status.SUBMITTED,), Status.APPROVED, "budget.check", routes=RECORDED_STAGES
        ),
        _return(Status.SUBMITTED, "budget.check"),
        Step("approve", "同意", (Status.CHECKED,), Status.VICE_APPROVED, "budget.approve_vice"),
        _return(Status.CHECKED, "budget.approve_vice"),
        Step(
            "approve",
            "会议审定",
            (Status.VICE_APPROVED,),
            Status.APPROVED,
            "budget.approve_chair",
            needs_minutes=True,
        ),
        _return(Status.VICE_APPROVED, "budget.approve_chair"),
    ),
    statuses=Status,
    enters="budget.enter",
    way=(Status.DRAFT, Status.SUBMITTED, Status.CHECKED, Status.VICE_APPROVED, Status.APPROVED),
    tones=TONES,
    routes=dict(Stage.choices),
)
"""The stage of an edition is its route: what the bureau hands down is confirmed by one person, the rest goes to the meeting."""

JUDGES = ("check", "approve")
"""The steps of those who answer for figures that others entered."""


REASON_LENGTH = 300
"""Of the reason for a correction."""


def require_correctable(stage: str) -> None:
    """Raises Refused for a stage whose figures are mended otherwise."""
    if stage == Stage.ADJUSTMENT:
        raise Refused("批复已经调剂：再开启一次调剂，金额和文字都在那里更正。", code="adjusted")


def edition_label(stage: str, sequence: int) -> str:
    """一上, 批复, 第2次调剂; 批复第1次更正 is the second edition of 批复."""
    if stage == Stage.ADJUSTMENT:
        return f"第{sequence}次调剂"
    return str(Stage(stage).label) + (f"第{sequence - 1}次更正" if sequence > 1 else "")
