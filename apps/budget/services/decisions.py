"""Taking an edition one step further on its way through the hands."""

from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.budget.checks import findings_objection
from apps.budget.models import Edition
from apps.cases.services import Seen, decide


@transaction.atomic
def decide_edition(
    *,
    case: Edition,
    actor: User,
    verb: str,
    seen: Seen,
    opinion: str = "",
    minutes: str = "",
    now: datetime | None = None,
) -> Any:
    """One step, as `decide` judges it; besides, an edition goes up without hard findings and passes without any
    unanswered one. Raises Refused."""
    # The words too must be those that were judged: the sum alone would not tell.
    Edition.objects.select_for_update(no_key=True).get(pk=case.pk)
    return decide(
        case=case,
        actor=actor,
        verb=verb,
        seen=seen,
        opinion=opinion,
        minutes=minutes,
        now=now,
        objection=findings_objection(case),
    )
