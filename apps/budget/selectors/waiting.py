"""待我办理: the editions that wait for this person, and the figures that moved since they were read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse

from apps.accounts.models import User
from apps.budget.models import CalcLine, Edition
from apps.budget.rules.stages import FLOW, OPEN_STATUSES, Status
from apps.budget.selectors.frame import step_label
from apps.budget.selectors.last_year import compared_editions, last_final_editions
from apps.budget.selectors.plans import edition_amounts
from apps.budget.selectors.sheet import rule_line
from apps.budget.selectors.sources import line_states
from apps.cases.rules.flow import Step
from apps.cases.selectors import decide_url, takeable
from apps.core.desk import Errand

_ASKED_EDITIONS = 5


@dataclass(frozen=True)
class Waiting:
    """One edition on somebody's desk. Amounts in yuan."""

    edition: Edition
    step: Step
    total: Decimal
    before: Decimal | None
    before_label: str

    @property
    def is_returned(self) -> bool:
        return self.edition.status == Status.RETURNED

    @property
    def label(self) -> str:
        """What to do: 审核通过, 会议审定, or for a returned edition 修改后重新提交."""
        return "修改后重新提交" if self.is_returned else self.step.label

    @property
    def title(self) -> str:
        return str(self.edition)

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None else self.total - self.before

    @property
    def status_label(self) -> str:
        return self.edition.get_status_display()

    @property
    def tone(self) -> str:
        return self.edition.tone

    @property
    def from_whom(self) -> str:
        last = self.edition.last_step
        return f"{last.actor}{step_label(last)}" if last is not None else ""

    @property
    def note(self) -> str:
        """The opinion with which it came."""
        last = self.edition.last_step
        return last.opinion if last is not None else ""

    @property
    def since(self) -> datetime | None:
        last = self.edition.last_step
        return last.at if last is not None else None

    @property
    def url(self) -> str:
        return self.edition.url

    @property
    def decide_url(self) -> str:
        return decide_url(self.edition, self.step.verb)

    @property
    def brief_url(self) -> str:
        """A fragment with the findings left: they need the whole text, so the desk loads them afterwards."""
        return reverse("budget:edition_brief", args=[self.edition.pk])


def waiting_for(user: User) -> list[Waiting]:
    """Editions this person has to check, approve or mend now, the longest waiting first; flat in queries."""
    found: list[Edition] = []
    for status in Status:
        rows: Any = takeable(Edition, user, status)
        if rows is not None:
            found += rows.for_detail()
    found.sort(key=_since)
    return _with_amounts([(edition, _next_step(edition)) for edition in found])


def _since(edition: Edition) -> datetime:
    last = edition.last_step
    return edition.created_at if last is None else last.at


def _next_step(edition: Edition) -> Step:
    return FLOW.forward(status=edition.status, route=edition.stage)[0]


def _with_amounts(rows: list[tuple[Edition, Step]]) -> list[Waiting]:
    plans = {edition.plan_id: edition.plan for edition, _ in rows}
    # A returned edition is drafted again; every other was submitted with the edition it is compared with.
    drafted = last_final_editions([edition.plan for edition, _ in rows if edition.status in OPEN_STATUSES])
    submitted = compared_editions([edition for edition, _ in rows])
    last_years = {edition.plan_id: submitted.get(edition.pk) for edition, _ in rows} | drafted
    amounts = edition_amounts(
        [*plans, *(edition.plan_id for edition in last_years.values() if edition is not None)]
    )
    found = []
    for edition, step in rows:
        before = edition.based_on or last_years.get(edition.plan_id)
        label = "" if before is None else before.label
        if before is not None and before.plan_id != edition.plan_id:
            label = f"{edition.plan.year - 1}年{label}"
        found.append(
            Waiting(
                edition=edition,
                step=step,
                total=amounts[edition.pk].total,
                before=None if before is None else amounts[before.pk].total,
                before_label=label,
            )
        )
    return found


def moved_figures(user: User) -> Iterator[Errand]:
    """Open editions this person writes whose bound figures are no longer what their sources count."""
    if not user.may("budget.enter"):
        return
    editions = Edition.objects.visible_to(user).open()
    for edition in editions.select_related("plan__union", "plan__fiscal_year").order_by("-id")[
        :_ASKED_EDITIONS
    ]:
        lines = list(
            CalcLine.objects.filter(item__edition=edition)
            .exclude(source_key="")
            .select_related("item__edition__plan__union", "item__edition__plan__fiscal_year")
            .order_by("item__ordinal", "ordinal")
        )
        states = line_states(edition.plan, lines)
        moved = [line for line in lines if states[line.pk].is_changed]
        if moved:
            first = moved[0]
            words = [
                f"{rule_line(line, edition.plan.year).label} {states[line.pk].change_words}"
                for line in moved[:3]
            ]
            yield Errand(
                area="预算",
                matter=f"{edition}：数据来源有变动",
                detail="；".join(words) + ("……" if len(moved) > len(words) else ""),
                step="去核对",
                url=f"{reverse('budget:edition_grid', args=[edition.pk])}#line-{first.pk}",
                count=str(len(moved)),
            )
