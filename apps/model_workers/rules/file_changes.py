"""荣誉和待遇变动: honours revoked or restored, the file suspended, resumed or revoked; asked for by one, decided by another."""

from collections.abc import Collection
from datetime import date

from django.db import models

from apps.cases.rules.flow import Flow, Step
from apps.core.errors import Refused
from apps.model_workers.rules.files import FileAction, FileStatus


class Change(models.TextChoices):
    """The first three concern the file, with the treatment as a whole; the others single honours."""

    SUSPEND = FileAction.SUSPEND, "暂停待遇"
    RESUME = FileAction.RESUME, "恢复待遇"
    REVOKE = FileAction.REVOKE, "撤销档案"
    REVOKE_HONOUR = "revoke_honour", "撤销荣誉"
    RESTORE_HONOUR = "restore_honour", "恢复荣誉"


OF_FILE = (Change.SUSPEND, Change.RESUME, Change.REVOKE)
REVOKING = (Change.REVOKE, Change.REVOKE_HONOUR)
"""Changes that may take honours away."""
OF_HONOURS = (Change.REVOKE_HONOUR, Change.RESTORE_HONOUR)

CONSEQUENCES: dict[str, str] = {
    Change.SUSPEND: "自生效日期起不再进入荣誉津贴和体检名册；已经发放的列入多发追回清单。",
    Change.RESUME: "自生效日期起恢复进入名册。",
    Change.REVOKE: "撤销以后不能恢复；登记错误的，两人办理作废。证书和奖章依规定收回。",
    Change.REVOKE_HONOUR: "只撤销所选荣誉，自生效日期起不再计入；停止全部待遇的，另办“撤销档案”。",
    Change.RESTORE_HONOUR: "所选荣誉视为没有撤销过，重新计入。",
}

# Under investigation or punished: suspended, not revoked. Revoked for false or concealed achievements, 开除 or 留用察看
# and above, criminal penalty, illegal emigration; certificates and medals are taken back. Nothing follows a revocation.
STARTS_FROM: dict[str, tuple[FileStatus, ...]] = {
    Change.SUSPEND: (FileStatus.VALID,),
    Change.RESUME: (FileStatus.SUSPENDED,),
    Change.REVOKE: (FileStatus.VALID, FileStatus.SUSPENDED),
}


class ChangeStatus(models.TextChoices):
    DRAFT = "draft", "草稿"
    RETURNED = "returned", "退回修改"
    SUBMITTED = "submitted", "待审批"
    APPROVED = "approved", "已审批"
    REJECTED = "rejected", "不予办理"
    WITHDRAWN = "withdrawn", "已取消"
    VOIDING = "voiding", "申请作废"
    VOIDED = "voided", "已作废"


S = ChangeStatus
TONES: dict[str, str] = {
    S.DRAFT: "grey",
    S.RETURNED: "red",
    S.SUBMITTED: "amber",
    S.APPROVED: "green",
    S.REJECTED: "outline",
    S.WITHDRAWN: "outline",
    S.VOIDING: "amber",
    S.VOIDED: "outline",
}
ENDED_STATUSES = (S.REJECTED, S.WITHDRAWN, S.VOIDED)
ENTER, DECIDE = "model_worker.edit", "model_worker.decide"


def _back(
    verb: str, label: str, sources: tuple[str, ...], target: str, permission: str, same_as: str = ""
) -> Step:
    return Step(
        verb, label, sources, target, permission, needs_opinion=True, takes_back=True, same_as=same_as
    )


FLOW = Flow(
    "file_change",
    (
        Step("submit", "提交审批", (S.DRAFT, S.RETURNED), S.SUBMITTED, ENTER, opens_round=True),
        _back("withdraw", "取消申请", (S.DRAFT, S.RETURNED), S.WITHDRAWN, ENTER),
        _back("withdraw", "取消申请", (S.SUBMITTED,), S.WITHDRAWN, ENTER, same_as="submit"),
        Step(
            "approve",
            "审批同意",
            (S.SUBMITTED,),
            S.APPROVED,
            DECIDE,
            consequence="自生效日期起，名册、荣誉津贴和体检随之变动；登记错了的，由两人办理作废。",
        ),
        _back("return", "退回修改", (S.SUBMITTED,), S.RETURNED, DECIDE),
        _back("reject", "不予办理", (S.SUBMITTED,), S.REJECTED, DECIDE),
        # A wrong entry is taken back as it came: one asks, another decides.
        _back("ask_void", "申请作废", (S.APPROVED,), S.VOIDING, ENTER),
        Step(
            "void",
            "同意作废",
            (S.VOIDING,),
            S.VOIDED,
            DECIDE,
            needs_opinion=True,
            consequence="只用于登记错误：档案和荣誉回到这次变动之前的状态，审批记录保留。",
        ),
        _back("keep", "不予作废", (S.VOIDING,), S.APPROVED, DECIDE),
    ),
    statuses=ChangeStatus,
    enters=ENTER,
    way=(S.DRAFT, S.SUBMITTED, S.APPROVED),
    tones=TONES,
)
FORWARD = ("submit", "approve")


def require_start(change: str, status: FileStatus) -> None:
    """Raises Refused where the state of the file does not allow the change."""
    if change in STARTS_FROM and status not in STARTS_FROM[change]:
        raise Refused(f"档案当前状态为“{status.label}”，不能{Change(change).label}。", code="state")


def possible(status: FileStatus, *, standing: int, revoked: int) -> list[Change]:
    """What may be asked for of a file in this state with so many honours standing and revoked."""
    found = [change for change in OF_FILE if status in STARTS_FROM[change]]
    if standing:
        found.append(Change.REVOKE_HONOUR)
    if revoked:
        found.append(Change.RESTORE_HONOUR)
    return found


def require_honours(change: str, chosen: Collection[object]) -> None:
    """Raises Refused: what concerns honours names some, a suspension takes none."""
    if change in OF_HONOURS and not chosen:
        raise Refused("请勾选荣誉。", field="honours")
    if chosen and change not in (*OF_HONOURS, Change.REVOKE):
        raise Refused(f"{Change(change).label}不涉及单项荣誉。", field="honours")


def require_revocable(*, revoked_on: date, awarded_on: date, today: date) -> None:
    """Raises Refused for a day to come or before the award."""
    if revoked_on > today:
        raise Refused("撤销荣誉的“生效日期”不能晚于今天。", field="effective_on")
    if revoked_on < awarded_on:
        raise Refused(f"“生效日期”不能早于表彰日期 {awarded_on:%Y-%m-%d}。", field="effective_on")
