"""The 2016 budget of the office's published explanation, entered through the services as a clerk would."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction

from apps.accounts.models import Union, User
from apps.budget.models import ClassificationCode, FundingSource, ItemGroup, Plan, PolicyDocument
from apps.budget.rules.stages import Book
from apps.budget.services.items import create_item, set_citations, set_indicators
from apps.budget.services.lines import add_line
from apps.budget.services.outline import add_entry
from apps.budget.services.plans import create_plan

_AMOUNTS = ("rate", "base_amount", "ratio", "share", "fixed_amount")


def _documents(rows: list[dict[str, Any]], actor: User) -> dict[str, PolicyDocument]:
    found = {}
    for row in rows:
        values = {name: row[name] for name in ("title", "number", "issuer", "kind", "note")}
        found[row["key"]], _ = PolicyDocument.objects.get_or_create(
            title=values.pop("title"), number=values.pop("number"), defaults=values | {"created_by": actor}
        )
    return found


@transaction.atomic
def load(*, folder: Path, union: Union, actor: User, now: datetime) -> Plan | None:
    """Enter the demo budget unless the union already has one for the year; what was entered is never touched."""
    data = json.loads((folder / "demo_budget_2016.json").read_text(encoding="utf-8"))
    year = data["year"]
    if Plan.objects.filter(union=union, fiscal_year=year, book=Book.FISCAL).exists():
        return None
    plan = create_plan(union_id=union.pk, year=year, book=Book.FISCAL, actor=actor, now=now)
    edition = plan.editions.get()
    documents = _documents(data["documents"], actor)
    codes = {(code.kind, code.code): code for code in ClassificationCode.objects.of_year(year)}
    groups = {group.code: group for group in ItemGroup.objects.all()}
    sources = {source.code: source for source in FundingSource.objects.all()}
    for row in data["items"]:
        item = create_item(
            edition_id=edition.pk,
            actor=actor,
            now=now,
            values={
                "group": groups[row["group"]],
                "name": row["name"],
                "function_code": codes["function", row["function"]],
                "department_economic_code": codes["department_economic", row["department"]],
                "funding_source": sources[row["source"]],
                "is_paid_to_persons": row.get("paid_to_persons", False),
                "is_union_dues": row.get("union_dues", False),
                "counted_as": row.get("counted_as", ""),
                "purpose": row["purpose"],
            },
        )
        for line in row["lines"]:
            values = {name: Decimal(value) if name in _AMOUNTS else value for name, value in line.items()}
            add_line(item_id=item.pk, actor=actor, values=values, now=now)
        set_citations(
            item_id=item.pk, actor=actor, citations=[(documents[key].pk, "") for key in row["documents"]]
        )
        set_indicators(
            item_id=item.pk,
            actor=actor,
            indicators=[
                indicator | {"weight": Decimal(indicator["weight"])} for indicator in row["indicators"]
            ],
        )
    for text in data["duties"]:
        add_entry(edition_id=edition.pk, section="duties", text=text, actor=actor)
    for task in data["tasks"]:
        top = add_entry(edition_id=edition.pk, section="tasks", text=task["text"], actor=actor)
        for text in task["children"]:
            add_entry(edition_id=edition.pk, section="tasks", text=text, actor=actor, parent_id=top.pk)
    return plan
