"""推荐评选: how a nomination becomes an honour."""

from datetime import date

from django.db import models

from apps.cases.rules.flow import Flow, Step
from apps.cases.rules.notices import NoticeRule
from apps.core.errors import Refused


class NominationStatus(models.TextChoices):
    DRAFT = "draft", "草稿"
    RETURNED = "returned", "退回修改"
    RECOMMENDED = "recommended", "待资格审查"
    QUALIFIED = "qualified", "征求意见中"
    CONSULTED = "consulted", "待公示"
    NOTICED = "noticed", "公示中"
    CONCLUDED = "concluded", "待审批"
    APPROVED = "approved", "已授予"
    REFUSED = "refused", "未通过"
    WITHDRAWN = "withdrawn", "已取消"


S = NominationStatus
TONES: dict[str, str] = {
    S.DRAFT: "grey",
    S.RETURNED: "red",
    S.RECOMMENDED: "amber",
    S.QUALIFIED: "amber",
    S.CONSULTED: "amber",
    S.NOTICED: "blue",
    S.CONCLUDED: "amber",
    S.APPROVED: "green",
    S.REFUSED: "red",
    S.WITHDRAWN: "outline",
}
FAILED_STATUSES = (S.REFUSED, S.WITHDRAWN)
ENDED_STATUSES = (S.APPROVED, *FAILED_STATUSES)
ENTER, REVIEW, APPROVE = "model_worker.edit", "nomination.review", "nomination.approve"
FORWARD = ("submit", "qualify", "consult", "notice", "conclude", "approve")

FLOW = Flow(
    "nomination",
    (
        Step(
            "submit",
            "推荐",
            (S.DRAFT, S.RETURNED),
            S.RECOMMENDED,
            ENTER,
            opens_round=True,
            consequence="推荐以后内容不能再修改；审查和审批由别人办理。",
        ),
        Step(
            "withdraw",
            "取消推荐",
            (S.DRAFT, S.RETURNED, S.RECOMMENDED),
            S.WITHDRAWN,
            ENTER,
            needs_opinion=True,
            takes_back=True,
            consequence="这次评选到此结束，需要时另行推荐。",
        ),
        Step("qualify", "资格审查通过", (S.RECOMMENDED,), S.QUALIFIED, REVIEW),
        Step(
            "return",
            "退回修改",
            (S.RECOMMENDED,),
            S.RETURNED,
            REVIEW,
            needs_opinion=True,
            takes_back=True,
        ),
        Step("consult", "登记征求意见结果", (S.QUALIFIED,), S.CONSULTED, REVIEW, needs_opinion=True),
        Step(
            "notice",
            "开始公示",
            (S.CONSULTED,),
            S.NOTICED,
            REVIEW,
            consequence="公示登记后不能修改；公示期满、反映都已答复，才能登记公示结果。",
        ),
        Step(
            "conclude",
            "登记公示结果",
            (S.NOTICED,),
            S.CONCLUDED,
            REVIEW,
            needs_opinion=True,
            consequence="意见写明公示期间收到的反映和核查结论；没有的写“公示期间没有收到反映”。",
        ),
        Step(
            "approve",
            "审批授予",
            (S.CONCLUDED,),
            S.APPROVED,
            APPROVE,
            needs_minutes=True,
            consequence="审批的同时登记荣誉，计入本人的档案。",
        ),
        Step(
            "refuse",
            "不予通过",
            (S.RECOMMENDED, S.QUALIFIED, S.CONSULTED, S.NOTICED),
            S.REFUSED,
            REVIEW,
            needs_opinion=True,
            takes_back=True,
            consequence="这次评选到此结束。",
        ),
        Step(
            "refuse",
            "不予通过",
            (S.CONCLUDED,),
            S.REFUSED,
            APPROVE,
            needs_opinion=True,
            takes_back=True,
            consequence="这次评选到此结束。",
        ),
    ),
    statuses=NominationStatus,
    enters=ENTER,
    way=(S.DRAFT, S.RECOMMENDED, S.QUALIFIED, S.CONSULTED, S.NOTICED, S.CONCLUDED, S.APPROVED),
    tones=TONES,
)

NOTICE = NoticeRule("notice", 5, takes=(S.NOTICED, S.CONCLUDED), enters=REVIEW, answers=APPROVE)
"""全国劳动模范评选 and the rules of the provinces that follow it: a public notice stands five working days or more."""

ABSENT = "本人已登记去世、失联或移居国（境）外，不能继续评选；请办理“不予通过”或“取消推荐”。"


def require_awarded_after_notice(*, awarded_on: date, last: date) -> None:
    """Raises Refused for an award before the notice was over: what is granted now was not granted years ago."""
    if awarded_on <= last:
        raise Refused(
            f"“表彰日期”应在公示结束（{last:%Y-%m-%d}）以后；以前的表彰请在“登记荣誉”里登记。",
            field="awarded_on",
        )
