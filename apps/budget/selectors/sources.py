"""What the sources bound to calculation lines say now, against what was read last: nothing is written here."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.budget.models import CalcLine, Plan
from apps.budget.rules.edition_checks import CATALOGUE
from apps.budget.rules.findings import Finding
from apps.budget.rules.stages import Status
from apps.budget.selectors.effects import Trial
from apps.budget.selectors.sheet import ItemRow, LineRow, Sheet
from apps.core import quantities
from apps.core.errors import Refused
from apps.core.money import format_plain as plain
from apps.core.quantities import Difference, Part, QuantitySource, Reading

_CHANGED = "data.source_changed"
_MISSING = "data.source_missing"
_OVERRIDDEN = "data.source_overridden"


@dataclass(frozen=True)
class SourceState:
    """A bound line beside its source: the stored reading, the present one, and what lies between them."""

    line: CalcLine
    source: QuantitySource | None
    reading: Reading | None
    difference: Difference | None
    trouble: str = ""
    """Why there is no present reading, as a sentence; empty when there is one."""

    @property
    def is_missing(self) -> bool:
        return self.reading is None

    @property
    def is_changed(self) -> bool:
        """The figure, a part of it, or the rows behind them are no longer those of the last reading."""
        return any(found is not None and found.is_any for found in (self.difference, self.part))

    @property
    def part(self) -> Difference | None:
        """What lies between the part read last (含 6 人) and the present one; None for a source without parts."""
        return None if self.reading is None else part_difference(self.line, self.reading)

    @property
    def part_words(self) -> str:
        """破产或撤销企业劳模 6人 → 5人."""
        if self.part is None or self.reading is None or self.reading.part is None:
            return ""
        label, unit = self.reading.part.label, self.unit
        if not self.part.change:
            return f"{label} {plain(self.part.now)}{unit}"
        return f"{label} {plain(self.part.before)}{unit} → {plain(self.part.now)}{unit}"

    @property
    def hides_names_from(self) -> str:
        """The permission without which the names of the rows are not shown; empty when they are nobody's secret."""
        return self.source.permission if self.source is not None else ""

    @property
    def differs_from_line(self) -> bool:
        """The line calculates with another figure than the last reading."""
        return self.line.source_value is not None and self.line.people != self.line.source_value

    @property
    def label(self) -> str:
        return self.source.label if self.source is not None else self.line.source_key

    @property
    def unit(self) -> str:
        return self.source.unit if self.source is not None else self.line.unit

    @property
    def stored_words(self) -> str:
        """10个, as read last."""
        return "" if self.line.source_value is None else f"{plain(self.line.source_value)}{self.unit}"

    @property
    def now_words(self) -> str:
        return "" if self.reading is None else f"{plain(self.reading.value)}{self.unit}"

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The parameters a person chose, in words."""
        parameters = self.source.parameters if self.source is not None else ()
        chosen = self.line.source_parameters
        return [
            (
                parameter.label,
                dict(parameter.choices).get(chosen.get(parameter.name, ""), chosen.get(parameter.name, "")),
            )
            for parameter in parameters
            if not parameter.is_given
        ]

    @property
    def change_words(self) -> str:
        """+3 自上次读取; empty when nothing changed."""
        if self.difference is None or not self.is_changed:
            return ""
        change = self.difference.change
        if change:
            return f"{'+' if change > 0 else ''}{plain(change)} 自上次读取"
        return "其中的数量有变" if self.part is not None and self.part.change else "名单有变，数量未变"

    @property
    def names_words(self) -> str:
        """新增：霸州市总工会；减少：……, without a full stop."""
        return names_words(self.difference) if self.difference is not None else ""


def stored_part(reading: Reading) -> dict[str, Any]:
    """The part of a reading as a line keeps it."""
    part = reading.part
    if part is None:
        return {}
    return {"label": part.label, "value": int(part.value), "rows": {row.key: row.label for row in part.rows}}


def part_difference(line: CalcLine, reading: Reading) -> Difference:
    """Between the part a line keeps and that of a reading; no difference when neither has one."""
    before = Decimal(line.source_part.get("value", 0))
    return quantities.compare(
        before=before,
        rows_before=line.source_part.get("rows", {}),
        now=reading.part or Part(label="", value=Decimal(0)),
    )


def names_words(difference: Difference) -> str:
    parts = []
    if difference.came:
        parts.append(f"新增：{'、'.join(difference.came)}")
    if difference.went:
        parts.append(f"减少：{'、'.join(difference.went)}")
    return "；".join(parts)


@dataclass(frozen=True)
class _Answer:
    """What a source says to one set of parameters; `trouble` is the sentence when it says nothing."""

    source: QuantitySource | None
    reading: Reading | None
    trouble: str = ""


def _ask(key: str, asked: Sequence[Mapping[str, str]], plan: Plan, as_of: date) -> list[_Answer]:
    source = quantities.find(key)
    if source is None:
        return [_Answer(None, None, "数据来源已不存在，沿用上次读取的数。")] * len(asked)
    answers = quantities.read_each(
        source, union_path=plan.union.path, year=plan.year, as_of=as_of, asked=asked
    )
    return [
        _Answer(source, answer) if isinstance(answer, Reading) else _Answer(source, None, answer.message)
        for answer in answers
    ]


def line_state(line: CalcLine, *, as_of: date | None = None) -> SourceState:
    """The state of one bound line; the line must come with item → edition → plan → union."""
    return line_states(line.item.edition.plan, [line], as_of=as_of)[line.pk]


def line_states(
    plan: Plan, lines: Iterable[CalcLine], *, as_of: date | None = None
) -> dict[int, SourceState]:
    """States of all bound lines by id. Each source is asked once, and never twice the same."""
    day = as_of or timezone.localdate()
    bound: dict[str, dict[str, list[CalcLine]]] = {}
    for line in lines:
        if line.source_key:
            same = bound.setdefault(line.source_key, {})
            same.setdefault(json.dumps(line.source_parameters, sort_keys=True), []).append(line)
    states: dict[int, SourceState] = {}
    for key, groups in bound.items():
        asked = [group[0].source_parameters for group in groups.values()]
        for group, answer in zip(groups.values(), _ask(key, asked, plan, day), strict=True):
            states |= {line.pk: _state(line, answer) for line in group}
    return states


def _state(line: CalcLine, answer: _Answer) -> SourceState:
    difference = None
    if answer.reading is not None:
        before = line.source_value if line.source_value is not None else Decimal(0)
        difference = quantities.compare(before=before, rows_before=line.source_rows, now=answer.reading)
    return SourceState(line, answer.source, answer.reading, difference, answer.trouble)


def sheet_states(sheet: Sheet) -> dict[int, SourceState]:
    """States of the bound lines of an edition."""
    return line_states(sheet.edition.plan, (row.record for item in sheet.items for row in item.lines))


def given_parameters(source: QuantitySource, line: CalcLine) -> dict[str, str]:
    """The parameters that a source takes from the line itself, so that a later renaming does not lose them."""
    known = {"book": line.item.edition.plan.book, "lineage": str(line.item.lineage), "label": line.label}
    return {parameter.name: known[parameter.name] for parameter in source.parameters if parameter.is_given}


def checked_parameters(source: QuantitySource, line: CalcLine, chosen: Mapping[str, str]) -> dict[str, str]:
    """The parameters to read with. Raises Refused for a missing or unknown choice."""
    parameters = given_parameters(source, line)
    for parameter in source.parameters:
        if parameter.is_given:
            continue
        value = chosen.get(parameter.name, "").strip()
        if not value:
            raise Refused(f"请选择“{parameter.label}”。", field=parameter.name)
        if parameter.choices and value not in dict(parameter.choices):
            raise Refused(f"“{parameter.label}”没有“{value[:20]}”这一项。", field=parameter.name)
        parameters[parameter.name] = value
    return parameters


@dataclass(frozen=True)
class SourcePreview:
    """What a source would give a line, before it is bound."""

    reading: Reading | None
    trouble: str = ""
    unit: str = ""

    @property
    def words(self) -> str:
        return "" if self.reading is None else f"{plain(self.reading.value)}{self.unit}"


def preview(line: CalcLine, source: QuantitySource, chosen: Mapping[str, str]) -> SourcePreview | None:
    """The figure to be bound; None while a parameter is still to be chosen."""
    try:
        parameters = checked_parameters(source, line, chosen)
    except Refused:
        return None
    (answer,) = _ask(source.key, [parameters], line.item.edition.plan, timezone.localdate())
    return SourcePreview(answer.reading, answer.trouble, source.unit)


def tried_readings(
    plan: Plan,
    rows: Iterable[LineRow],
    *,
    day: date | None,
    typed: Mapping[int, tuple[int | None, Decimal | None]],
    as_of: date,
) -> dict[int, Trial]:
    """What other figures to try in the lines: the typed ones, and what bound sources say for another day.

    Raises Refused when a source gives no figure for that day.
    """
    trials = {}
    for row in rows:
        line = row.record
        people, rate = typed.get(line.pk, (None, None))
        trial = Trial(people=people, rate=rate)
        source = quantities.find(line.source_key) if line.source_key else None
        days = [one.name for one in source.parameters if one.kind == "date"] if source else []
        if source is not None and days and day is not None:
            parameters = line.source_parameters | dict.fromkeys(days, day.isoformat())
            (answer,) = _ask(line.source_key, [parameters], plan, as_of)
            if answer.reading is None:
                raise Refused(f"“{row.line.label}”：{answer.trouble}", field="snapshot_on")
            trial = trial_of(line, answer.reading, rate=rate)
        trials[line.pk] = trial
    return trials


def names_permissions(rows: Iterable[LineRow]) -> set[str]:
    """The permissions that the names behind these lines ask for."""
    sources = (quantities.find(row.record.source_key) for row in rows if row.record.source_key)
    return {source.permission for source in sources if source is not None and source.permission}


def trial_of(line: CalcLine, reading: Reading, *, rate: Decimal | None = None) -> Trial:
    """The line with the figures of a reading, and the names of who came and went since the stored one."""
    difference = quantities.compare(
        before=line.source_value or Decimal(0), rows_before=line.source_rows, now=reading
    )
    return Trial(
        people=int(reading.value),
        of_which_people=int(reading.part.value) if reading.part is not None else None,
        rate=rate,
        came=difference.came,
        went=difference.went,
    )


def source_findings(sheet: Sheet) -> Iterator[Finding]:
    """A figure that changed since it was read, and a source that gives no figure any more.

    What is approved is settled: its sources may go on changing, nobody has to answer for it.
    """
    if sheet.edition.status == Status.APPROVED:
        return
    states = sheet_states(sheet)
    for item in sheet.items:
        for row in item.lines:
            state = states.get(row.record.pk)
            if state is None:
                continue
            name = f"“{item.title}”{row.record.label}"
            if state.is_missing:
                last = plain(state.line.source_value or Decimal(0))
                yield Finding(
                    _MISSING,
                    CATALOGUE[_MISSING][0],
                    f"{name}的数据来源“{state.label}”读不到数，沿用 {_day(state.line)} 读取的 {last}{state.unit}。",
                    place=item.title,
                    excerpt=f"{item.title} {row.record.label}",
                    hint=state.trouble,
                )
            elif state.is_changed and state.difference is not None:
                now = plain(state.difference.now)
                yield Finding(
                    _CHANGED,
                    CATALOGUE[_CHANGED][0],
                    f"{name}的数据来源“{state.label}”现为 {now}{state.unit}，{state.change_words}（{_day(state.line)}）。",
                    place=item.title,
                    excerpt=f"{item.title} {row.record.label}",
                    hint="。".join(filter(None, (_hint(state), "请接受新数，或说明理由后保留原数。"))),
                )
            elif state.differs_from_line and not state.line.source_kept_reason:
                yield _overridden(state, item, name)


def _overridden(state: SourceState, item: ItemRow, name: str) -> Finding:
    """A figure typed over what the source says, without a word why."""
    line = state.line
    return Finding(
        _OVERRIDDEN,
        CATALOGUE[_OVERRIDDEN][0],
        f"{name}填的是 {line.people}{state.unit}，数据来源“{state.label}”读取的是 {state.stored_words}，没有写理由。",
        place=item.title,
        excerpt=f"{item.title} {line.label}",
        hint="请在数据来源里采用读取数，或写明理由后保留原数。",
        subject=item.identity,
    )


def _hint(state: SourceState) -> str:
    """Who came and went; people's names stay in the panel, which asks for the right to see them."""
    if not state.hides_names_from:
        return state.names_words
    found = state.difference
    if found is None or not (found.came or found.went):
        return ""
    return f"新增 {len(found.came)}、减少 {len(found.went)}，名单见数据来源"


def _day(line: CalcLine) -> str:
    read_at = line.source_read_at
    return f"{timezone.localtime(read_at):%Y-%m-%d}" if read_at is not None else "此前"
