"""What the close of a year would end with, and what it would stop."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.accounts.models import User
from apps.budget.models import YearClosing
from apps.budget.selectors.plans import PlanRow, plan_rows
from apps.cases.selectors import all_cases


@dataclass(frozen=True)
class OpenMatter:
    """Cases of one kind and year that are under way."""

    label: str
    count: int
    url: str


@dataclass(frozen=True)
class YearPage:
    rows: list[PlanRow]
    open_matters: list[OpenMatter]
    """They do not hinder the close, but cannot be taken further after it."""


def year_page(closing: YearClosing, viewer: User) -> YearPage:
    year = closing.fiscal_year_id
    return YearPage(rows=plan_rows(viewer, year=year), open_matters=open_matters(year, viewer))


def open_matters(year: int, viewer: User) -> list[OpenMatter]:
    """By kind of case, of those that are of a year and that the viewer may see."""
    found = []
    for model in all_cases():
        if not any(field.name == "year" for field in model._meta.fields):
            continue
        settled = {model.flow.way[-1], *model.ended, *model.flow.ended}
        rows: Any = model.objects.visible_to(viewer)
        count = rows.filter(year=year).exclude(status__in=settled).count()
        if count:
            found.append(
                OpenMatter(
                    str(model._meta.verbose_name), count, reverse(f"{model.pages}_list") + f"?year={year}"
                )
            )
    return found
