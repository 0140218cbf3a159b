"""Who cites a basis document, and what speaks against it."""

from collections import defaultdict
from datetime import date

from apps.accounts.models import User
from apps.budget.models import Item, PolicyDocument
from apps.budget.rules.edition_checks import check_documents
from apps.budget.rules.stages import OPEN_STATUSES


def policy_warnings(*, today: date) -> dict[int, list[str]]:
    """Sentences by document id: expired, a speech, a title that differs from another by a word."""
    documents = list(PolicyDocument.objects.current().order_by("pk"))
    by_name = {document.citation(): document.pk for document in documents}
    found: dict[int, list[str]] = defaultdict(list)
    for finding in check_documents(documents, year=today.year):
        found[by_name[finding.place]].append(finding.message)
    for document in documents:
        if (
            document.in_force_until is not None
            and document.in_force_until < today
            and document.pk not in found
        ):
            found[document.pk].append(f"有效期至{document.in_force_until:%Y-%m-%d}，现已过期。")
    return found


def is_printed(document: PolicyDocument) -> bool:
    """Whether a submitted edition cites the document: its name then stays as it was printed."""
    return document.citations.exclude(item__edition__status__in=OPEN_STATUSES).exists()


def citing_items(document: PolicyDocument, user: User) -> list[Item]:
    """Items resting on the document that the person may see, newest year first, one row an item and year."""
    items = (
        Item.objects.visible_to(user)
        .filter(citations__document=document)
        .select_related("edition__plan__union", "edition__plan__fiscal_year")
        .order_by("-edition__plan__fiscal_year_id", "lineage", "-edition_id")
        .distinct("edition__plan__fiscal_year_id", "lineage")
    )
    return list(items)
