"""Answering a review: what was found of one person."""

from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.core import audit
from apps.core.errors import Refused
from apps.model_workers.models import Review
from apps.model_workers.services.reach import require_right
from apps.people.rules.identity import require_no_number


@transaction.atomic
def enter_outcome(*, review_id: int, outcome: str, note: str, actor: User, now: datetime) -> Review:
    """Enter what was found; a later answer takes the place of the first and the history keeps both. Raises Refused."""
    require_right(actor, "model_worker.edit")
    review = (
        Review.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("person")
        .get(pk=review_id)
    )
    if outcome not in Review.Outcome.values:
        raise Refused("“结果”请从列表中选择。", field="outcome")
    note = require_no_number(note, label="说明", field="note")
    if outcome != Review.Outcome.CONFIRMED and not note:
        raise Refused(f"“{Review.Outcome(outcome).label}”必须写明“说明”。", field="note")
    review.outcome, review.note = outcome, note
    review.done_by, review.done_at = actor, now
    with audit.because(actor_id=actor.pk, action="登记复核结果"):
        review.save(update_fields=("outcome", "note", "done_by", "done_at"))
    return review
