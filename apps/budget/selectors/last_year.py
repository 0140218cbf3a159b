"""The edition of last year that a budget is compared with, and the sentence when there is none."""

from collections.abc import Collection

from apps.budget.models import Edition, Plan
from apps.budget.rules.stages import OPEN_STATUSES, Status


def last_final_edition(plan: Plan) -> Edition | None:
    """The edition in which last year's budget of the same union and book ended: its 批复, or the last 调剂 after it."""
    return last_final_editions([plan]).get(plan.pk)


def last_final_editions(plans: Collection[Plan]) -> dict[int, Edition]:
    """The same for many plans, by plan id, in one query."""
    wanted = {(plan.union_id, plan.year - 1, plan.book): plan.pk for plan in plans}
    finals = (
        Edition.objects.final()
        .filter(
            plan__union__in={union for union, _, _ in wanted},
            plan__fiscal_year__in={year for _, year, _ in wanted},
        )
        .select_related("plan__union", "plan__fiscal_year")
    )
    found: dict[int, Edition] = {}
    for edition in finals:
        pk = wanted.get((edition.plan.union_id, edition.plan.year, edition.plan.book))
        if pk is not None:
            found.setdefault(pk, edition)  # the last comes first
    return found


def compared_edition(edition: Edition) -> Edition | None:
    """Last year's edition that this one is compared with: the newest while it is drafted, then the one submitted with."""
    if edition.status in OPEN_STATUSES:
        return last_final_edition(edition.plan)
    return compared_editions([edition]).get(edition.pk)


def compared_editions(editions: Collection[Edition]) -> dict[int, Edition]:
    """What submitted editions are compared with, by their keys, in one query."""
    wanted = {edition.pk: edition.compared_with_id for edition in editions}
    found = Edition.objects.select_related("plan__union", "plan__fiscal_year").in_bulk(
        {pk for pk in wanted.values() if pk is not None}
    )
    return {edition: found[pk] for edition, pk in wanted.items() if pk is not None}


def why_no_last_year(union_path: str, book: str, year: int) -> str:
    """The sentence that says why a year's budget gives no figures; `year` is the one asked for."""
    newest = (
        Edition.objects.filter(plan__union__path=union_path, plan__book=book, plan__fiscal_year=year)
        .order_by("-id")
        .first()
    )
    if newest is None:
        return f"{year}年没有已审定的预算。"
    state = "" if newest.status == Status.APPROVED else f"（{newest.get_status_display()}）"
    return f"{year}年的预算只到“{newest.label}”{state}，没有已审定的批复，不能作为上年预算。"
