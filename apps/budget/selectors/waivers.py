"""Whether a finding of an edition may still be answered with a reason."""

from apps.accounts.models import User
from apps.budget.models import Edition, Waiver
from apps.budget.rules import waiving
from apps.budget.rules.findings import Finding
from apps.core.errors import Refused


def is_superseded(edition: Edition) -> bool:
    """A later edition of the plan is there."""
    return Edition.objects.filter(plan=edition.plan_id, pk__gt=edition.pk).exists()


def require_may_waive(finding: Finding, edition: Edition, actor: User, *, superseded: bool) -> None:
    """Raises Refused unless this person may give a reason for this finding now."""
    waiving.require_may_waive(
        code=finding.code,
        severity=finding.severity,
        status=edition.status,
        is_superseded=superseded,
        may_enter=actor.may("budget.enter"),
        may_check=actor.may("budget.check"),
    )


def waiver_obstacle(finding: Finding, edition: Edition, user: User, *, superseded: bool) -> str:
    """Why this person cannot answer the finding; empty when nothing stands against it."""
    try:
        require_may_waive(finding, edition, user, superseded=superseded)
    except Refused as refused:
        return refused.message
    return ""


def kept_reasons(edition: Edition) -> dict[str, Waiver]:
    """The latest reason for each finding in the editions of the same plan before this one, by fingerprint."""
    earlier = Waiver.objects.filter(edition__plan=edition.plan_id, edition__lt=edition.pk).order_by("pk")
    return {waiver.fingerprint: waiver for waiver in earlier}
