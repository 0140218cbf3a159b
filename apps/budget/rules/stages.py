"""Books, stages and states of a budget edition, and the table of steps between the states."""

from django.db import models

from apps.core.workflow import Flow, Step


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

FLOW = Flow(
    (
        Step("submit", "提交审核", (Status.DRAFT, Status.RETURNED), Status.SUBMITTED, "budget.enter"),
        Step("withdraw", "撤回", (Status.SUBMITTED,), Status.DRAFT, "budget.enter", takes_back=True),
        Step(
            "check", "审核通过", (Status.SUBMITTED,), Status.CHECKED, "budget.check", tracks=APPROVED_STAGES
        ),
        Step(
            "check", "确认登记", (Status.SUBMITTED,), Status.APPROVED, "budget.check", tracks=RECORDED_STAGES
        ),
        Step(
            "return",
            "退回修改",
            (Status.SUBMITTED,),
            Status.RETURNED,
            "budget.check",
            needs_note=True,
            takes_back=True,
        ),
        Step("approve", "同意", (Status.CHECKED,), Status.VICE_APPROVED, "budget.approve_vice"),
        Step(
            "return",
            "退回修改",
            (Status.CHECKED,),
            Status.RETURNED,
            "budget.approve_vice",
            needs_note=True,
            takes_back=True,
        ),
        Step(
            "approve",
            "会议审定",
            (Status.VICE_APPROVED,),
            Status.APPROVED,
            "budget.approve_chair",
            needs_minutes=True,
        ),
        Step(
            "return",
            "退回修改",
            (Status.VICE_APPROVED,),
            Status.RETURNED,
            "budget.approve_chair",
            needs_note=True,
            takes_back=True,
        ),
    ),
    labels=dict(Status.choices),
)


def edition_label(stage: str, sequence: int) -> str:
    """一上, 批复, 第2次调剂."""
    return f"第{sequence}次调剂" if stage == Stage.ADJUSTMENT else str(Stage(stage).label)
