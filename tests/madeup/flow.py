"""Lending equipment: small amounts end with the vice chair, large ones with the chair."""

from django.db import models

from apps.cases.rules.flow import Flow, Step


class Status(models.TextChoices):
    DRAFT = "draft", "草稿"
    RETURNED = "returned", "退回修改"
    SUBMITTED = "submitted", "待审核"
    CHECKED = "checked", "待审批"
    VICE = "vice", "待会议审定"
    APPROVED = "approved", "已同意"
    WITHDRAWN = "withdrawn", "已取消"


S = Status
SMALL, LARGE = "small", "large"


def _back(source: str, permission: str) -> Step:
    return Step("return", "退回修改", (source,), S.RETURNED, permission, needs_opinion=True, takes_back=True)


FLOW = Flow(
    "loan",
    (
        Step("submit", "提交审核", (S.DRAFT, S.RETURNED), S.SUBMITTED, "budget.enter", opens_round=True),
        Step("cancel", "取消", (S.DRAFT, S.RETURNED), S.WITHDRAWN, "budget.enter", takes_back=True),
        Step("withdraw", "撤回", (S.SUBMITTED,), S.RETURNED, "budget.enter", takes_back=True, same_as="submit"),
        Step("check", "审核通过", (S.SUBMITTED,), S.CHECKED, "budget.check"),
        _back(S.SUBMITTED, "budget.check"),
        Step("approve", "同意", (S.CHECKED,), S.APPROVED, "budget.approve_vice", routes=(SMALL,)),
        Step("forward", "同意，提交会议", (S.CHECKED,), S.VICE, "budget.approve_vice", routes=(LARGE,)),
        _back(S.CHECKED, "budget.approve_vice"),
        Step("approve", "会议审定", (S.VICE,), S.APPROVED, "budget.approve_chair", needs_minutes=True),
    ),
    statuses=Status,
    enters="budget.enter",
    way=(S.DRAFT, S.SUBMITTED, S.CHECKED, S.APPROVED),
    tones={S.DRAFT: "grey", S.RETURNED: "red", S.SUBMITTED: "amber", S.CHECKED: "amber", S.VICE: "amber",
           S.APPROVED: "green", S.WITHDRAWN: "outline"},
    routes={SMALL: "分管副主席", LARGE: "会议"},
)  # fmt: skip
