"""Figures that the budget itself offers: what an earlier budget counted."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.urls import reverse

from apps.budget.models import CalcLine, Edition
from apps.budget.rules.stages import Status
from apps.core import quantities
from apps.core.errors import Refused
from apps.core.quantities import CountedRow, Parameter, Reading


class PriorYearQuantity:
    """The count of the same line in last year's final edition: same lineage of the item, same words of the line."""

    key = "budget.prior_year_quantity"
    label = "上年同一测算行的数量"
    unit = "人"
    parameters: tuple[Parameter, ...] = (
        Parameter("book", "预算体系", is_given=True),
        Parameter("lineage", "项目", is_given=True),
        Parameter("label", "测算内容", is_given=True),
    )

    def read(self, *, union_path: str, year: int, as_of: date, parameters: Mapping[str, str]) -> Reading:
        final = (
            Edition.objects.filter(
                plan__union__path=union_path,
                plan__book=parameters["book"],
                plan__fiscal_year=year - 1,
                status=Status.APPROVED,
            )
            .order_by("-id")
            .first()
        )
        if final is None:
            raise Refused(f"{year - 1}年没有已审定的预算。", code="no_prior_year")
        lines = CalcLine.objects.filter(
            item__edition=final,
            item__lineage=parameters["lineage"],
            label=parameters["label"],
            people__isnull=False,
        )
        rows = tuple(
            CountedRow(
                key=f"{parameters['lineage']}:{line.label}:{line.people}",
                label=f"{line.label} {line.people}{line.unit}",
            )
            for line in lines
        )
        if not rows:
            raise Refused(
                f"{year - 1}年的预算里没有“{parameters['label']}”这一行的数量。", code="no_prior_line"
            )
        return Reading(
            value=Decimal(sum(line.people or 0 for line in lines)),
            as_of=as_of,
            rows=rows,
            list_url=reverse("budget:edition_grid", args=[final.pk]),
        )


PRIOR_YEAR_QUANTITY = PriorYearQuantity()


def publish() -> None:
    quantities.register(PRIOR_YEAR_QUANTITY)
