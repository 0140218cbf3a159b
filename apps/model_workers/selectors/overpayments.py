"""What was paid for a time for which, as the register tells today, nothing or less was due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.model_workers.models import AllowanceLine, AllowanceRun
from apps.model_workers.rules.allowances import Due, RunStatus, Stop, due_now, standards_day
from apps.model_workers.selectors.bridges import facts_on, kept_rows
from apps.model_workers.selectors.counting import Counting
from apps.model_workers.selectors.runs import standards_on
from apps.model_workers.selectors.stops import stop_of, stopped
from apps.people.models import Person

_TWICE = "与另一行是同一人（已合并）"
_NO_HONOUR = "没有劳模荣誉"


@dataclass(frozen=True)
class Overpaid:
    """One line of an approved run that paid more than is due. Amounts in yuan."""

    line: AllowanceLine
    due: Decimal
    stopped_on: date
    reason: str

    @property
    def amount(self) -> Decimal:
        return self.line.amount - self.due


def overpaid_lines(run: AllowanceRun, *, today: date) -> list[Overpaid]:
    """Lines of an approved run that paid too much and are not listed for recovery yet.

    The year's own rule decides: counted by the snapshot, whoever died afterwards keeps the year; by month, the month
    of the event is the last.
    """
    if run.status != RunStatus.APPROVED:
        return []
    lines = list(run.lines.select_related("person").order_by("id"))
    listed = set(AllowanceLine.objects.filter(case=run, recovery__isnull=False).values_list("pk", flat=True))
    kept = kept_rows(line.person_id for line in lines)
    people = {kept.get(line.person_id, line.person_id) for line in lines}
    counting = Counting.of(run.rule)
    facts = facts_on(people, day=run.snapshot_on, counting=counting)
    stops = _stops(people, until=min(today, date(run.year, 12, 31)), counting=counting)
    standards = standards_on(standards_day(snapshot_on=run.snapshot_on, year=run.year))
    found, paid = [], set()
    for line in sorted(lines, key=lambda line: line.person_id in kept):  # first the row that stayed
        person = kept.get(line.person_id, line.person_id)
        if person in paid:
            due = Due(Decimal(0), line.period_from, _TWICE)
        elif person not in facts:
            due = Due(Decimal(0), line.period_from, _NO_HONOUR)
        else:
            due = due_now(
                year=run.year,
                death_rule=run.rule.death_rule,
                facts=facts[person],
                standards=standards,
                stop=stops.get(person),
            )
        paid.add(person)
        if due.amount < line.amount and line.pk not in listed:
            found.append(Overpaid(line, due.amount, due.stopped_on, due.why))
    return found


def _stops(people: Iterable[int], *, until: date, counting: Counting) -> dict[int, Stop]:
    told = stopped(Person.objects.filter(pk__in=people), until=until, counting=counting)
    return {person.pk: stop_of(person) for person in told.only("pk")}
