"""Reasons given in an earlier edition, kept for the same findings of the present one."""

from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.budget.checks import edition_findings, unanswered
from apps.budget.models import Edition, Waiver
from apps.budget.selectors.waivers import is_superseded, kept_reasons, waiver_obstacle
from apps.core import once
from apps.core.errors import Refused


@transaction.atomic
def keep_reasons(*, edition_id: int, actor: User, now: datetime) -> list[Waiver]:
    """Answer every open finding as the edition before answered it. Raises Refused when there is nothing to keep.

    The same finding has the same figures: an amount that changed asks for a new reason.
    """
    edition = (
        Edition.objects.select_for_update(of=("self",), no_key=True)
        .select_related("plan__fiscal_year", "plan__union")
        .get(pk=edition_id)
    )
    if not edition.plan.union.path.startswith(actor.union.path):
        raise Refused("这不是您所属工会的预算。", code="scope")
    superseded = is_superseded(edition)
    earlier = kept_reasons(edition)
    kept = [
        Waiver(
            edition=edition,
            fingerprint=found.finding.fingerprint,
            code=found.finding.code,
            message=found.finding.message[:500],
            reason=earlier[found.finding.fingerprint].reason,
            waived_by=actor,
            waived_at=now,
        )
        for found in unanswered(edition_findings(edition))
        if found.finding.fingerprint in earlier
        and not waiver_obstacle(found.finding, edition, actor, superseded=superseded)
    ]
    if not kept:
        raise Refused("没有可以沿用的理由：问题不同，或不由您说明。", code="nothing")
    once.take()
    return Waiver.objects.bulk_create(kept)
