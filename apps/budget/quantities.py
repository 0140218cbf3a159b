"""Figures that the budget itself offers: what an earlier budget counted."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.urls import reverse

from apps.budget.models import CalcLine, Edition
from apps.budget.selectors.last_year import why_no_last_year
from apps.core import quantities
from apps.core.errors import Refused
from apps.core.quantities import CountedRow, Parameter, Reading


class PriorYearQuantity:
    """The count of the same line in last year's final edition: same lineage of the item, same words of the line."""

    key = "budget.prior_year_quantity"
    label = "上年同一测算行的数量"
    unit = "人"
    permission = ""
    parameters: tuple[Parameter, ...] = (
        Parameter("book", "预算体系", is_given=True),
        Parameter("lineage", "项目", is_given=True),
        Parameter("label", "测算内容", is_given=True),
    )

    def read(self, *, union_path: str, year: int, as_of: date, parameters: Mapping[str, str]) -> Reading:
        (answer,) = self.read_together(union_path=union_path, year=year, as_of=as_of, asked=[parameters])
        if isinstance(answer, Refused):
            raise answer
        return answer

    def read_together(
        self, *, union_path: str, year: int, as_of: date, asked: Sequence[Mapping[str, str]]
    ) -> list[Reading | Refused]:
        """Two queries for each book, however many lines ask."""
        finals = {
            book: _Final.of(union_path, book, year - 1)
            for book in {parameters["book"] for parameters in asked}
        }
        return [finals[parameters["book"]].answer(parameters, as_of) for parameters in asked]


class _Final:
    """The edition in which an earlier budget ended, with its counted lines; without one `why_none` says why."""

    def __init__(self, edition: Edition | None, year: int, why_none: str) -> None:
        self.edition = edition
        self.why_none = why_none
        self.year = year
        self.lines: dict[tuple[str, str], list[CalcLine]] = {}
        if edition is not None:
            counted = CalcLine.objects.filter(item__edition=edition, people__isnull=False)
            for line in counted.select_related("item"):
                self.lines.setdefault((str(line.item.lineage), line.label), []).append(line)

    @classmethod
    def of(cls, union_path: str, book: str, year: int) -> "_Final":
        editions = Edition.objects.final().filter(
            plan__union__path=union_path,
            plan__book=book,
            plan__fiscal_year=year,
        )
        edition = editions.first()
        return cls(edition, year, "" if edition is not None else why_no_last_year(union_path, book, year))

    def answer(self, parameters: Mapping[str, str], as_of: date) -> Reading | Refused:
        if self.edition is None:
            return Refused(self.why_none, code="no_prior_year")
        lines = self.lines.get((parameters["lineage"], parameters["label"]), [])
        if not lines:
            return Refused(
                f"{self.year}年的预算里没有“{parameters['label']}”这一行的数量。", code="no_prior_line"
            )
        return Reading(
            value=Decimal(sum(line.people or 0 for line in lines)),
            as_of=as_of,
            rows=tuple(
                CountedRow(
                    key=f"{parameters['lineage']}:{line.label}:{line.people}",
                    label=f"{line.label} {line.people}{line.unit}",
                )
                for line in lines
            ),
            list_url=reverse("budget:edition_grid", args=[self.edition.pk]),
        )


PRIOR_YEAR_QUANTITY = PriorYearQuantity()


def publish() -> None:
    quantities.register(PRIOR_YEAR_QUANTITY)
