"""Loading the reference data of the budget: codes by year, groups, funding sources. Safe to repeat."""

import csv
import json
from pathlib import Path

from django.db import transaction

from apps.budget.models import ClassificationCode, FundingSource, ItemGroup
from apps.core import audit


@transaction.atomic
def load_reference(folder: Path) -> int:
    """Add what is missing; rows that staff have edited stay as they are. Returns how many codes were added."""
    data = json.loads((folder / "budget_reference.json").read_text(encoding="utf-8"))
    with audit.because(actor_id=None, action="装入基础资料"):
        for row in data["groups"]:
            ItemGroup.objects.get_or_create(code=row["code"], defaults=row)
            # Groups loaded before they knew their book.
            unused = ItemGroup.objects.filter(code=row["code"], name=row["name"], book="")
            unused.exclude(items__edition__status="approved").update(book=row.get("book", ""))
        for row in data["sources"]:
            FundingSource.objects.get_or_create(code=row["code"], defaults=row)
        known = set(ClassificationCode.objects.values_list("kind", "code", "first_year"))
        with (folder / "classification_codes.csv").open(encoding="utf-8", newline="") as file:
            added = ClassificationCode.objects.bulk_create(
                ClassificationCode(
                    kind=row["kind"],
                    code=row["code"],
                    name=row["name"],
                    first_year=int(row["first_year"]),
                    last_year=int(row["last_year"]) if row["last_year"] else None,
                )
                for row in csv.DictReader(file)
                if (row["kind"], row["code"], int(row["first_year"])) not in known
            )
    return len(added)
