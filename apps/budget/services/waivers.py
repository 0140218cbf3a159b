"""Soft findings let stand with a reason: one, several in one form, or as the edition before had them."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.budget.checks import EditionFinding, edition_findings, unanswered
from apps.budget.models import Edition, Waiver
from apps.budget.rules import waiving
from apps.budget.selectors.waivers import is_superseded, kept_reasons, require_may_waive, waiver_obstacle
from apps.core import once
from apps.core.errors import Refused


def waive_finding(*, edition_id: int, fingerprint: str, reason: str, actor: User, now: datetime) -> Waiver:
    """Let a soft finding stand with a reason, until the next edition is opened; raises Refused. No content changes."""
    try:
        return waive_findings(edition_id=edition_id, reasons={fingerprint: reason}, actor=actor, now=now)[0]
    except Refused as refused:
        raise Refused(
            refused.message, field="reason" if refused.field else None, code=refused.code
        ) from refused


@transaction.atomic
def waive_findings(
    *, edition_id: int, reasons: Mapping[str, str], actor: User, now: datetime
) -> list[Waiver]:
    """Reasons for several findings, by fingerprint: all of them or none. Raises Refused, the fingerprint as its field."""
    edition = _locked(edition_id, actor)
    found = {one.finding.fingerprint: one for one in edition_findings(edition)}
    superseded = is_superseded(edition)
    rows = []
    for fingerprint, reason in reasons.items():
        try:
            rows.append(_waiver(edition, found.get(fingerprint), reason, actor, now, superseded=superseded))
        except Refused as refused:
            raise Refused(refused.message, field=fingerprint, code=refused.code) from refused
    if not rows:
        raise Refused("请先填写理由，或者勾选问题再填写共同的理由。", code="nothing")
    once.take()
    return Waiver.objects.bulk_create(rows)


def _waiver(
    edition: Edition,
    found: EditionFinding | None,
    reason: str,
    actor: User,
    now: datetime,
    *,
    superseded: bool,
) -> Waiver:
    if found is None:
        raise Refused("这个问题已不存在，请刷新校验结果。", code="gone")
    require_may_waive(found.finding, edition, actor, superseded=superseded)
    words = waiving.clean_reason(reason)
    if found.waiver is not None:
        raise Refused("这个问题已有说明。", code="exists")
    return _row(edition, found, words, actor, now)


@transaction.atomic
def keep_reasons(*, edition_id: int, actor: User, now: datetime) -> list[Waiver]:
    """Answer every open finding as the edition before answered it. Raises Refused when there is nothing to keep.

    The same finding has the same figures: an amount that changed asks for a new reason.
    """
    edition = _locked(edition_id, actor)
    superseded = is_superseded(edition)
    earlier = kept_reasons(edition)
    kept = [
        _row(edition, found, earlier[found.finding.fingerprint].reason, actor, now)
        for found in unanswered(edition_findings(edition))
        if found.finding.fingerprint in earlier
        and not waiver_obstacle(found.finding, edition, actor, superseded=superseded)
    ]
    if not kept:
        raise Refused("没有可以沿用的理由：问题不同，或不由您说明。", code="nothing")
    once.take()
    return Waiver.objects.bulk_create(kept)


def _locked(edition_id: int, actor: User) -> Edition:
    """The edition, held until the end. Raises Refused for one out of the actor's reach."""
    edition: Edition = (
        Edition.objects.select_for_update(of=("self",), no_key=True)
        .select_related("plan__fiscal_year", "plan__union")
        .get(pk=edition_id)
    )
    if not edition.plan.union.path.startswith(actor.union.path):
        raise Refused("这不是您所属工会的预算。", code="scope")
    return edition


def _row(edition: Edition, found: EditionFinding, reason: str, actor: User, now: datetime) -> Waiver:
    return Waiver(
        edition=edition,
        fingerprint=found.finding.fingerprint,
        code=found.finding.code,
        message=found.finding.message[:500],
        reason=reason,
        waived_by=actor,
        waived_at=now,
    )
