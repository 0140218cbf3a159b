"""Units for their list."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.people.models import Person, Unit
from apps.people.models.units import UnitQuerySet


def filtered_units(*, viewer: User, filters: Mapping[str, Any]) -> UnitQuerySet:
    """Units the viewer sees with the number of people in each (`people_count`); empty filters do nothing."""
    units: UnitQuerySet = Unit.objects.visible_to(viewer).for_list()
    if filters.get("q"):
        units = units.matching(filters["q"])
    if filters.get("union"):
        units = units.filter(union__path__startswith=filters["union"].path)
    if filters.get("nature"):
        units = units.filter(nature=filters["nature"])
    if filters.get("state"):
        units = units.filter(is_active=filters["state"] == "active")
    people = (
        Person.objects.living_rows()
        .filter(unit=OuterRef("pk"))
        .order_by()
        .values("unit")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return units.annotate(people_count=Coalesce(Subquery(people), 0))
