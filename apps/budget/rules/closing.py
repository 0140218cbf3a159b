"""The close of a budget year: its states and steps."""

from django.db import models

from apps.cases.rules.closing import closing_flow


class ClosingStatus(models.TextChoices):
    DRAFT = "draft", "准备关闭"
    RETURNED = "returned", "退回修改"
    REOPENED = "reopened", "已重新打开"
    SUBMITTED = "submitted", "待确认关闭"
    CLOSED = "closed", "已关闭"
    REOPENING = "reopening", "申请重新打开"


FLOW = closing_flow(
    "budget_year",
    statuses=ClosingStatus,
    enters="budget.enter",
    closes="budget.close",
    close="关闭",
    reopen="重新打开",
    submitted="由另一人核对后确认关闭；确认以前，这一年仍然可以办理。",
    closed=(
        "关闭以后，本年度的预算不能再编制、调剂、更正或签发，按这一年办理的其他事项也不能再办理；"
        "查看、对比、重印照常。确需更正的，由两人重新打开。"
    ),
    reopened="本年度又可以编制、调剂、更正和签发；办完以后重新提交、确认关闭，原来的关闭记录保留。",
)
