"""Who may let a finding stand with a reason, and until when."""

from apps.budget.rules.edition_checks import NO_BASIS
from apps.budget.rules.findings import Severity
from apps.budget.rules.stages import Status
from apps.core.errors import Refused

REASON_LENGTH = 500

# What the finance head has passed, nobody else adds reasons to.
_PASSED = (Status.CHECKED, Status.VICE_APPROVED, Status.APPROVED)


def require_may_waive(
    *, code: str, severity: str, status: str, is_superseded: bool, may_enter: bool, may_check: bool
) -> None:
    """Raises Refused unless the person may give a reason for this finding now.

    A reason changes no content, so it may come at any time: a basis document may expire after the approval and before the
    issue, a correction or the other style. It ends when the next edition of the plan is opened.
    """
    if is_superseded:
        raise Refused("本预算已开启后续版本，本版本不再补充说明。", code="superseded")
    if severity == Severity.HARD:
        raise Refused("这是必须改正的问题，不能用说明代替。", code="hard")
    if may_check:
        return
    if code == NO_BASIS:
        raise Refused("“无测算依据”只能由财务负责人说明理由后接受。", code="permission")
    if status in _PASSED:
        raise Refused("本版本已由财务负责人审核，只能由财务负责人说明理由。", code="permission")
    if not may_enter:
        raise Refused("由财务经办或财务负责人说明理由。", code="permission")


def clean_reason(text: str) -> str:
    """Raises Refused when nothing is written, or too much."""
    reason = text.strip()
    if not reason:
        raise Refused("请填写“保留理由”。", field="reason")
    if len(reason) > REASON_LENGTH:
        raise Refused(f"“保留理由”不能超过 {REASON_LENGTH} 字。", field="reason")
    return reason
