"""When an explanation may be issued, and what a SHA-256 looks like."""

import re

from apps.budget.rules.stages import Status
from apps.core.errors import Refused

KEPT_DRAFTS = 10
"""Drafts of one person and edition that stay available; older ones are forgotten."""
REASON_LENGTH = 300


def require_may_issue(
    *,
    status: str,
    may_issue: bool,
    year_is_closed: bool,
    has_entered: bool,
    open_findings: list[str],
    earlier: int,
    reason: str,
) -> None:
    """Raises Refused unless the edition is approved and free of findings, its year is open, and whoever issues it neither
    entered nor submitted it.

    `earlier` is how many issues of this edition and style there are: from the second on a reason is needed.
    """
    if not may_issue:
        raise Refused("您没有签发编制说明的权限，由财务负责人签发。", code="permission")
    if status != Status.APPROVED:
        raise Refused(f"只有已审定的版本可以签发，本版本{Status(status).label}。", code="state")
    if year_is_closed:
        raise Refused("该年度已关闭，不能再签发；确需签发的，先由两人重新打开年度。", code="year_closed")
    if has_entered:
        raise Refused("您或您所代理的人录入、提交过本版本，须由他人签发。", code="same_person")
    if open_findings:
        raise Refused(
            f"文稿校验还有 {len(open_findings)} 个问题没有处理或说明，不能签发，如：{open_findings[0]}",
            code="findings",
        )
    if earlier and not reason.strip():
        raise Refused("这一版式已签发过，再次签发是更正，必须填写“更正理由”。", field="reason", code="reason")
    if len(reason) > REASON_LENGTH:
        raise Refused(f"“更正理由”不能超过 {REASON_LENGTH} 字。", field="reason", code="too_long")


_HASH = re.compile(r"[0-9a-f]{64}")


def clean_hash(text: str) -> str:
    """A SHA-256 as people paste it: blanks, colons and capitals do not matter. Raises Refused."""
    cleaned = re.sub(r"[\s:：-]", "", text).lower()
    if not cleaned:
        raise Refused("请上传 PDF 文件，或者填写 SHA-256。", field="sha256", code="required")
    if not _HASH.fullmatch(cleaned):
        raise Refused(
            f"“SHA-256”应是 64 位十六进制数字（0–9、a–f），填写的有 {len(cleaned)} 位。",
            field="sha256",
            code="form",
        )
    return cleaned
