"""Loading the titles of honours. Safe to repeat."""

import json
from pathlib import Path

from django.db import transaction

from apps.core import audit
from apps.model_workers.models import HonourTitle


@transaction.atomic
def load_titles(folder: Path) -> int:
    """Add the titles that are missing; those that staff have edited stay as they are. Returns how many were added."""
    rows = json.loads((folder / "honour_titles.json").read_text(encoding="utf-8"))
    added = 0
    with audit.because(actor_id=None, action="装入荣誉称号"):
        for row in rows:
            _, is_new = HonourTitle.objects.get_or_create(name=row["name"], defaults=row)
            added += is_new
    return added
