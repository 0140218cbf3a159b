"""荣誉津贴发放名册: its sheets, each with its own sum, the total in capitals, and who signs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.utils import timezone

from apps.cases.selectors import facts_as_decided, signed_by
from apps.core import money
from apps.core.folios import Folio, lay_out, lines_needed
from apps.model_workers.models import AllowanceLine, AllowanceRun
from apps.model_workers.rules.allowances import MONTHS_IN_YEAR, RunStatus
from apps.model_workers.rules.honours import AwardClass
from apps.model_workers.rules.run_sheet import RunSheet
from apps.people.rules.standing import UnitNature

# Hundredths of a millimetre: a line of 9.5 pt, the least height of a row, what is left for rows on a sheet, and on the
# last one, where total, sentence and signatures stand.
_LINE, _AROUND, _LEAST, ROOM, LAST_ROOM = 450, 140, 880, 14_600, 9_600
# Half-width characters side by side in the columns that may break (static/css/allowance_print.css sets the widths).
_NAME, _UNION, _UNIT, _BANK, _ACCOUNT, _REMARK = 11, 18, 25, 14, 13, 10
_SIGNERS = (("制表", "submit"), ("审核", "check"), ("审批", "approve"))


@dataclass(frozen=True)
class RollRow:
    """One line as paper and spreadsheet print it. `account` is a mask or the whole number."""

    number: int
    name: str
    id_last_four: str
    union: str
    unit: str
    award: str
    months: int
    amount: Decimal
    bank: str
    account: str
    remark: str


@dataclass(frozen=True)
class Seal:
    """A row, and over how many rows of its sheet the seal of its union reaches; 0 below the first of them."""

    row: RollRow
    span: int


@dataclass(frozen=True)
class Signature:
    label: str
    name: str
    on: date | None


@dataclass(frozen=True)
class Roll:
    """The roster of one run. `notice` says who took it out in full, and for what; empty on a masked one."""

    union: str
    year: int
    snapshot_on: date
    sheet: RunSheet
    folios: tuple[Folio[RollRow], ...]
    signatures: tuple[Signature, ...]
    is_draft: bool
    created: datetime
    notice: str = ""
    title: str = "荣誉津贴发放名册"

    @property
    def full_title(self) -> str:
        return f"{self.year}年度离退休市级劳模{self.title}"

    @property
    def rows(self) -> list[RollRow]:
        return [row for folio in self.folios for row in folio.rows]

    @property
    def sheets(self) -> list[tuple[Folio[RollRow], list[Seal], Decimal]]:
        """Each sheet with its rows and its sum."""
        return [(folio, _sealed(folio.rows), subtotal(folio.rows)) for folio in self.folios]

    @property
    def capital(self) -> str:
        return money.capital(self.sheet.amount)

    def in_less_room(self, percent: int) -> "Roll":
        """The same rows with fewer on a sheet."""
        return replace(self, folios=_folios(self.rows, percent=percent))


def allowance_roll(
    run: AllowanceRun,
    *,
    sheet: RunSheet,
    lines: Sequence[AllowanceLine],
    decisions: Sequence[Any],
    accounts: Mapping[int, str] | None = None,
    remarks: Mapping[int, str] | None = None,
    notice: str = "",
) -> Roll:
    """`accounts`: whole numbers by line; without them the last four digits are printed."""
    rows = [
        _row(number, line, accounts, (remarks or {}).get(line.pk, ""))
        for number, line in enumerate(lines, start=1)
    ]
    return Roll(
        union=(facts_as_decided(run) or {}).get("union", run.union.name),
        year=run.year,
        snapshot_on=run.snapshot_on,
        sheet=sheet,
        folios=_folios(rows),
        signatures=_signatures(run, decisions),
        is_draft=run.status != RunStatus.APPROVED,
        created=run.approved_at or run.counted_at or run.created_at,
        notice=notice,
    )


def _row(number: int, line: AllowanceLine, accounts: Mapping[int, str] | None, remark: str) -> RollRow:
    masked = f"****{line.account_last_four}" if line.account_last_four else ""
    told = []
    if line.unit_nature == UnitNature.BANKRUPT:
        told.append("破产或撤销企业")
    if line.months < MONTHS_IN_YEAR:
        told.append(f"发至{line.period_until.month}月")
    if not line.account_last_four:
        told.append("缺账号")
    told.append(remark)
    return RollRow(
        number=number,
        name=line.name,
        id_last_four=line.id_last_four,
        union=line.union_name,
        unit=line.unit_name,
        award=str(AwardClass(line.award_class).label),
        months=line.months,
        amount=line.amount,
        bank=line.bank_name,
        account=masked if accounts is None else accounts.get(line.pk, ""),
        remark="；".join(filter(None, told)),
    )


def _folios(rows: Sequence[RollRow], *, percent: int = 100) -> tuple[Folio[RollRow], ...]:
    """On the last sheet the total needs room: what does not fit beside it goes to one more."""
    room, last_room = ROOM * percent // 100, LAST_ROOM * percent // 100
    folios = lay_out(rows, height=_height, room=room)
    last = folios[-1]
    if sum(map(_height, last.rows)) <= last_room:
        return tuple(folios)
    at = len(last.rows) - 1
    return (
        *folios[:-1],
        replace(last, rows=last.rows[:at]),
        Folio(last.number + 1, last.before + at, last.rows[at:]),
    )


def _height(row: RollRow) -> int:
    lines = max(
        lines_needed(row.name, halves=_NAME),
        lines_needed(row.union, halves=_UNION),
        lines_needed(row.unit, halves=_UNIT),
        lines_needed(row.bank, halves=_BANK),
        lines_needed(row.account, halves=_ACCOUNT),
        lines_needed(row.remark, halves=_REMARK),
    )
    return max(_LEAST, lines * _LINE + _AROUND)


def _sealed(rows: Sequence[RollRow]) -> list[Seal]:
    """The seal of a union covers its rows on the sheet."""
    sealed = []
    for _, group in groupby(rows, key=lambda row: row.union):
        own = list(group)
        sealed += [Seal(row, len(own) if place == 0 else 0) for place, row in enumerate(own)]
    return sealed


def subtotal(rows: Sequence[RollRow]) -> Decimal:
    return sum((row.amount for row in rows), Decimal("0.00"))


def _signatures(run: AllowanceRun, decisions: Sequence[Any]) -> tuple[Signature, ...]:
    """Who took the steps of the last round; a step not taken leaves its place blank."""
    taken = {decision.verb: decision for decision in decisions if decision.round == run.round}
    if run.is_open:
        taken = {}
    return tuple(
        Signature(
            label,
            signed_by(taken[verb]) if verb in taken else "",
            timezone.localdate(taken[verb].at) if verb in taken else None,
        )
        for label, verb in _SIGNERS
    )
