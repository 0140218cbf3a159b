"""Lines of a run as its pages filter them."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from apps.model_workers.models import AllowanceLine, AllowanceRun, Recovery
from apps.model_workers.rules.allowances import MONTHS_IN_YEAR
from apps.people.rules.standing import UnitNature

_STATES = {
    "bankrupt": Q(unit_nature=UnitNature.BANKRUPT),
    "partial": Q(months__lt=MONTHS_IN_YEAR),
    "no_account": Q(account_last_four=""),
}


def filtered_lines(run: AllowanceRun, filters: Mapping[str, Any]) -> QuerySet[AllowanceLine]:
    """In the order of the paper, with the person for the link."""
    lines = AllowanceLine.objects.filter(case=run).select_related("person").order_by("id")
    lines = lines.defer(
        "person__id_number", "person__old_id_number", "person__phone", "person__account", "account"
    )
    for word in str(filters.get("q", "")).split():
        lines = lines.filter(Q(name__contains=word) | Q(unit_name__contains=word))
    if chosen := filters.get("class"):
        lines = lines.filter(award_class=int(chosen))
    if union := filters.get("union"):
        lines = lines.filter(union_name=union)
    if state := filters.get("state"):
        lines = lines.filter(_STATES[state])
    return lines


def listed_recoveries(run: AllowanceRun) -> QuerySet[Recovery]:
    return (
        Recovery.objects.filter(line__case=run)
        .select_related("line__person", "settled_by", "asked_by")
        .order_by("status", "-id")
    )
