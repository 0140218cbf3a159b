"""Allowance runs read: whom the register gives for a run, the classes, and what a new count would change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum

from apps.accounts.models import User
from apps.core.encryption import Secret
from apps.core.errors import Refused
from apps.model_workers.models import AllowanceLine, AllowanceRun, AllowanceStandard, CountingRule
from apps.model_workers.rules.allowances import (
    MONTHS_IN_YEAR,
    DeathRule,
    RunStatus,
    months_until,
    paid_period,
    standards_day,
    yearly_amount,
)
from apps.model_workers.rules.honours import AwardClass
from apps.model_workers.rules.run_sheet import ClassCount, RunSheet
from apps.model_workers.selectors.counting import Counting, entitled, model_workers
from apps.model_workers.selectors.stops import stopped
from apps.people.models import Person
from apps.people.rules.identity import mask_account
from apps.people.rules.names import spoken
from apps.people.rules.standing import UnitNature


@dataclass(frozen=True)
class Entry:
    """A line as it is to be: every fact of AllowanceLine but the run."""

    person_id: int
    name: str
    union_name: str
    unit_name: str
    unit_nature: str
    award_count: int
    award_class: int
    months: int
    amount: Decimal
    bank_name: str
    account_hash: bytes | None
    account_last_four: str
    id_last_four: str
    period_from: date
    period_until: date
    account: Secret | None = field(default=None, compare=False)
    """As the register seals it; two entries are held against each other by its hash."""

    def for_run(self, run: AllowanceRun) -> AllowanceLine:
        """The line, its account sealed for it. Raises BrokenSealError."""
        return AllowanceLine(case=run, account=self.account, **{name: getattr(self, name) for name in _FACTS})


_FACTS = tuple(one.name for one in fields(Entry) if one.compare)


@dataclass(frozen=True)
class Counted:
    """What the register gives for a run: the lines in their order, and who is left out because another run pays."""

    entries: tuple[Entry, ...]
    elsewhere: dict[int, str]
    """Primary key of the person → the other run."""


def standards_on(day: date) -> dict[AwardClass, Decimal]:
    """Yuan a year by class, as in force on that day."""
    rows = AllowanceStandard.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=day), valid_from__lte=day
    )
    return {AwardClass(row.award_class): row.amount for row in rows}


def counted(
    *, union_path: str, year: int, snapshot_on: date, rule: CountingRule, run: AllowanceRun | None = None
) -> Counted:
    """The people of the tree whom the rule gives the allowance of the year, with their amounts.

    Raises Refused when a class has no standard. Whoever stands in another run of the same time is left out.
    """
    standards = standards_on(standards_day(snapshot_on=snapshot_on, year=year))
    people = _entitled(union_path=union_path, year=year, snapshot_on=snapshot_on, rule=rule)
    _require_standards({AwardClass(one.award_class) for one, _ in people}, standards, snapshot_on, year)
    elsewhere = paid_elsewhere((one.pk for one, _ in people), year=year, run=run)
    people.sort(key=lambda found: _order(found[0]))
    entries = tuple(
        _entry(one, months=months, year=year, standards=standards)
        for one, months in people
        if one.pk not in elsewhere
    )
    return Counted(entries, elsewhere)


def _entitled(*, union_path: str, year: int, snapshot_on: date, rule: CountingRule) -> list[tuple[Any, int]]:
    """(person, months): those entitled on the snapshot, and by the monthly rule those who were until they stopped."""
    counting = Counting.of(rule)
    everybody = model_workers(union_path=union_path, as_of=snapshot_on, counting=counting)
    people = [(one, MONTHS_IN_YEAR) for one in entitled(everybody).select_related("union", "unit")]
    if rule.death_rule == DeathRule.MONTHLY:
        tree = Person.objects.living_rows().filter(union__path__startswith=union_path)
        ended = entitled(stopped(tree, until=snapshot_on, counting=counting)).filter(stopped_on__year=year)
        people += [
            (one, months_until(one.stopped_on, year=year)) for one in ended.select_related("union", "unit")
        ]
    return people


def _order(person: Any) -> tuple[str, str, int, tuple[str, str], int]:
    """By the tree, then by unit, so that a seal covers its own people; the highest class first."""
    unit = person.unit.name if person.unit else ""
    return person.union.path, unit, -person.award_class, spoken(person.search_text), person.pk


def _require_standards(
    classes: set[AwardClass], standards: dict[AwardClass, Decimal], snapshot_on: date, year: int
) -> None:
    missing = sorted(classes - standards.keys())
    if missing:
        day = standards_day(snapshot_on=snapshot_on, year=year)
        names = "、".join(str(one.label) for one in missing)
        raise Refused(
            f"{day:%Y-%m-%d} 没有生效的荣誉津贴标准：{names}，请劳模负责人先在“标准与参数”中登记。",
            code="no_standard",
        )


def paid_elsewhere(people: Iterable[int], *, year: int, run: AllowanceRun | None) -> dict[int, str]:
    """Of these people those in the lines of another run of that time, with its name."""
    others = AllowanceLine.objects.filter(
        person__in=list(people), period_from__lte=date(year, 12, 31), period_until__gte=date(year, 1, 1)
    ).select_related("case__union")
    if run is not None:
        others = others.exclude(case=run)
    return {line.person_id: f"{line.case.union}{line.case}" for line in others}


def _entry(person: Any, *, months: int, year: int, standards: dict[AwardClass, Decimal]) -> Entry:
    award = AwardClass(person.award_class)
    unit = person.unit
    nature = unit.nature if unit else ""
    if nature == UnitNature.BANKRUPT and not person.is_bankrupt:
        nature = ""  # it went bankrupt afterwards; what it was before is not kept
    begins, ends = paid_period(year=year, months=months)
    return Entry(
        person_id=person.pk,
        name=person.name,
        union_name=person.union.name,
        unit_name=unit.name if unit else "",
        unit_nature=nature,
        award_count=person.award_count,
        award_class=int(award),
        months=months,
        amount=yearly_amount(award, standards, months=months),
        bank_name=person.bank_name,
        account=person.account,
        account_hash=as_bytes(person.account_hash),
        account_last_four=person.account_last_four,
        id_last_four=person.id_last_four,
        period_from=begins,
        period_until=ends,
    )


# --- what a new count would change -------------------------------------------------------------------------


@dataclass(frozen=True)
class Altered:
    """Somebody on both counts: what differs, (label, before, now)."""

    name: str
    union: str
    facts: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class RunChange:
    """A fresh count beside the lines as they stand."""

    came: tuple[Entry, ...]
    went: tuple[Entry, ...]
    altered: tuple[Altered, ...]
    in_other_order: bool
    counted: Counted

    @property
    def is_none(self) -> bool:
        return not (self.came or self.went or self.altered or self.in_other_order)

    @property
    def amount(self) -> Decimal:
        return sum((entry.amount for entry in self.counted.entries), Decimal("0.00"))

    @property
    def sentence(self) -> str:
        """新增 2 人（示例甲、示例乙），减少 1 人（示例丙），1 人有变动（示例丁）."""
        parts = []
        for word, entries in (("新增", self.came), ("减少", self.went)):
            if entries:
                parts.append(f"{word} {len(entries)} 人（{_named(entries)}）")
        if self.altered:
            parts.append(f"{len(self.altered)} 人有变动（{_named(self.altered)}）")
        if self.in_other_order and not parts:
            parts.append("排列次序有变")
        return "，".join(parts)


def _named(people: Sequence[Entry | Altered]) -> str:
    names = "、".join(one.name for one in people[:5])
    return f"{names}{'等' if len(people) > 5 else ''}"


def run_change(run: AllowanceRun, *, rule: CountingRule | None = None) -> RunChange:
    """What counting the run anew would change. Raises Refused when it cannot be counted."""
    fresh = counted(
        union_path=run.union.path,
        year=run.year,
        snapshot_on=run.snapshot_on,
        rule=rule or run.rule,
        run=run,
    )
    standing = [_standing(line) for line in run.lines.order_by("id").defer("account")]
    before = {entry.person_id: entry for entry in standing}
    now = {entry.person_id: entry for entry in fresh.entries}
    return RunChange(
        came=tuple(entry for entry in fresh.entries if entry.person_id not in before),
        went=tuple(entry for entry in standing if entry.person_id not in now),
        altered=tuple(
            _altered(before[entry.person_id], entry)
            for entry in fresh.entries
            if entry.person_id in before and before[entry.person_id] != entry
        ),
        in_other_order=[entry.person_id for entry in standing if entry.person_id in now]
        != [entry.person_id for entry in fresh.entries if entry.person_id in before],
        counted=fresh,
    )


def _standing(line: AllowanceLine) -> Entry:
    facts = {name: getattr(line, name) for name in _FACTS}
    return Entry(**facts | {"account_hash": as_bytes(line.account_hash)})


def _altered(before: Entry, now: Entry) -> Altered:
    told = []
    for name in _FACTS:
        old, new = getattr(before, name), getattr(now, name)
        if name == "account_hash" and old != new:
            told.append(("银行账号", *told_accounts(before.account_last_four, now.account_last_four)))
        elif name not in ("account_hash", "account_last_four") and old != new:
            field = AllowanceLine._meta.get_field(name)
            choices = dict(getattr(field, "choices", None) or ())
            told.append((str(field.verbose_name), _shown(choices, old), _shown(choices, new)))  # type: ignore[union-attr]
    return Altered(now.name, now.union_name, tuple(told))


def as_bytes(value: bytes | memoryview | None) -> bytes | None:
    return bytes(value) if value is not None else None


def told_accounts(before: str, now: str) -> tuple[str, str]:
    """Two different accounts by their last four digits, for people: by these alone they may look the same."""
    masks = [mask_account(last_four) if last_four else "" for last_four in (before, now)]
    return masks[0], f"{masks[1]}（末四位相同的另一账号）" if masks[0] == masks[1] else masks[1]


def _shown(choices: dict[object, object], value: object) -> str:
    return str(choices.get(value, value))


# --- the run as it stands ----------------------------------------------------------------------------------


def class_counts(run: AllowanceRun) -> tuple[ClassCount, ...]:
    """The classes that have people, from the lines; the standard is what a whole year of the class is paid."""
    full, part = Q(months=MONTHS_IN_YEAR), Q(months__lt=MONTHS_IN_YEAR)
    bankrupt = Q(unit_nature=UnitNature.BANKRUPT)
    rows = (
        AllowanceLine.objects.filter(case=run)
        .order_by("award_class")
        .values("award_class")
        .annotate(
            people=Count("pk"),
            of_bankrupt=Count("pk", filter=bankrupt),
            standard=Max("amount", filter=full),
            total=Sum("amount"),
            partial=Count("pk", filter=part),
            partial_bankrupt=Count("pk", filter=part & bankrupt),
            partial_total=Sum("amount", filter=part),
        )
    )
    return tuple(
        ClassCount(
            award_class=AwardClass(row["award_class"]),
            people=row["people"],
            bankrupt=row["of_bankrupt"],
            standard=row["standard"],
            amount=row["total"],
            partial=row["partial"],
            partial_bankrupt=row["partial_bankrupt"],
            partial_amount=row["partial_total"] or Decimal(0),
        )
        for row in rows
    )


def run_sheet(run: AllowanceRun) -> RunSheet:
    return RunSheet(class_counts(run))


def previous_run(*, union_id: int, year: int) -> AllowanceRun | None:
    """The latest approved run of the union before that year."""
    return (
        AllowanceRun.objects.filter(union_id=union_id, year__lt=year, status=RunStatus.APPROVED)
        .order_by("-year")
        .first()
    )


def listed_runs(user: User) -> QuerySet[AllowanceRun]:
    """Runs in reach, the newest year first, with `people` and `amount`."""
    rows: QuerySet[AllowanceRun] = (
        AllowanceRun.objects.visible_to(user)
        .for_list()
        .select_related("union", "created_by", "rule", "previous")
        .annotate(people=Count("lines"), amount=Sum("lines__amount"))
    )
    return rows


def without_account(run: AllowanceRun) -> int:
    return run.lines.filter(account_last_four="").count()
